import base64

import pytest

from local import respondent
from local.inbox import ReceivedMail
from local.keys import read_scopes
from local.problems import CommandError
from local.verdict import Outcome, differences
from samples.answers import Answer
from shared.domain.nps import Histogram
from shared.store.api_keys import Scope

TOKEN = f"v1.k1.{base64.urlsafe_b64encode(b'case-7').rstrip(b'=').decode()}.AAAA"
SURVEYS = "http://127.0.0.1:4566/surveys"


def make_mail(*, html="", text="", to=("ada@example.org",)):
    return ReceivedMail(id="m", subject="s", to=to, html=html, text=text, headers={})


def make_invitation(to="ada@example.org"):
    return make_mail(html=f'<a href="{SURVEYS}/r/{TOKEN}?score=0">0</a>', to=(to,))


def test_the_survey_link_is_read_from_the_eleven_buttons():
    assert respondent.survey_link(make_invitation()) == f"{SURVEYS}/r/{TOKEN}"
    assert respondent.survey_link(make_mail(html=f'<a href="{SURVEYS}/r/{TOKEN}">back</a>')) == ""


def test_a_link_tells_what_it_is_about():
    mail = make_mail(text=f"Open the case: {SURVEYS}/c/{TOKEN}\n")
    assert respondent.subject_of(respondent.link_to("case", mail)) == "case-7"
    assert respondent.link_to("report", mail) == ""


def test_a_form_is_sent_with_what_it_hides():
    form = respondent.read_form('<form method="post" action=""><input type="hidden" name="a" value="1"></form>')
    assert form.action == ""
    assert form.hidden == {"a": "1"}


def test_a_page_without_a_form_is_an_error():
    with pytest.raises(ValueError, match="no form"):
        respondent.read_form("<p>closed</p>")


def make_good_outcome():
    counts = [0] * 11
    counts[3] = 1
    request = {"status": "scheduled", "reason": None, "next_eligible_at": 1}
    response = {"id": "r1", "score": 3, "person_properties": {"account_name": "Alder"}}
    return Outcome(
        people=[{"email": "ada@example.org"}],
        sent=[{"email": "ada@example.org", "survey_request": request}],
        sent_again=[{"survey_request": {"status": "throttled", "next_eligible_at": 9}}],
        sent_after_unsubscribing={"survey_request": {"status": "suppressed", "reason": "unsubscribed"}},
        answers=[Answer("ada@example.org", 3, "")],
        mails=[
            make_invitation(),
            make_mail(text=f"{SURVEYS}/c/{TOKEN}", to=("owner@example.com",)),
            make_mail(text=f"{SURVEYS}/m/{TOKEN}", to=("manager@example.com",)),
        ],
        metrics={"response_count": 1, "nps": -100},
        counters={"sent": 1, "delivered": 1, "bounced": 0, "answered": 1},
        counted=Histogram(tuple(counts)),
        responses=[response],
        cases=[{"id": "case-7", "account_id": "alder", "responses": ["r1"]}],
        report={"month": "2026-11", "state": "built"},
    )


def test_a_run_in_which_all_is_well_has_no_differences():
    assert differences(make_good_outcome()) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda o: o.mails.append(make_invitation()), "two survey mails"),
        (lambda o: o.mails.pop(0), "got no survey mail"),
        (lambda o: o.sent_again[0]["survey_request"].update(status="scheduled"), "not throttled"),
        (lambda o: o.sent_after_unsubscribing["survey_request"].update(status="scheduled"), "after unsubscribing"),
        (lambda o: setattr(o, "counted", Histogram()), "the counters say"),
        (lambda o: o.metrics.update(nps=0), "GET metrics says"),
        (lambda o: o.responses.clear(), "answers were given"),
        (lambda o: o.counters.update(delivered=0), "known as delivered"),
        (lambda o: o.counters.update(answered=0), "counted as answered"),
        (lambda o: o.cases.clear(), "no case for the detractor at Alder"),
        (lambda o: o.mails.pop(1), "0 alerts for 1 detractors"),
        (lambda o: o.report.update(state="requested"), "the report is requested"),
        (lambda o: o.mails.pop(2), "no manager got the report"),
    ],
)
def test_each_thing_that_goes_wrong_is_told(change, told):
    outcome = make_good_outcome()
    change(outcome)
    assert any(told in line for line in differences(outcome))


def test_scopes_are_read_from_a_list_with_commas():
    assert read_scopes("send, read") == [Scope.SEND, Scope.READ]
    with pytest.raises(CommandError, match="send, read, admin"):
        read_scopes("write")
