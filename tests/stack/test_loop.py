"""The main job on a real deployment: send, answer, score, alert, report."""

import time

import pytest
import requests

from tests.stack.conftest import Stack, first_link, hearback, survey_link

pytestmark = pytest.mark.stack


def test_a_detractors_answer_reaches_the_owner_within_a_minute_and_the_counters_once(stack: Stack) -> None:
    # given a person of an account who was sent a survey
    address, owner = stack.address(), "owner-of-loop@example.com"
    before = stack.call("GET", "metrics", params={"since": 0}).json()
    sent = stack.send(address, account_id="loop", account_name="Loop Clinic", owner_email=owner, plan="Gold")
    assert sent["survey_request"]["status"] == "scheduled"
    mail = stack.mail_to(address)

    # then the mail carries one-click unsubscribe, a text that works alone, and eleven scores
    assert mail.headers["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    assert mail.headers["list-unsubscribe"].startswith("<http")
    link = survey_link(mail)
    assert [f"{link}?score={score}" in mail.html for score in range(11)] == [True] * 11

    # when they look, nothing is written; when they send, it is
    page = requests.get(f"{link}?score=3", timeout=30)
    assert page.status_code == 200
    assert stack.call("GET", "survey_responses", params={"person_email": address}).json() == []
    answered_at = time.monotonic()
    done = requests.post(link, data={"score": "3", "comment": "The new release lost our templates"}, timeout=30)
    assert done.status_code == 200
    assert "Thank you" in done.text

    # then the owner knows within a minute, and the case has the words and a due time
    alert = stack.until(lambda: stack.inbox.to(owner), seconds=60)[0]
    assert time.monotonic() - answered_at < 60
    assert "The new release lost our templates" in alert.text
    assert "Loop Clinic" in alert.subject
    case_page = requests.get(first_link(alert, "c"), timeout=30)
    assert case_page.status_code == 200
    assert "The new release lost our templates" in case_page.text
    case = next(c for c in stack.call("GET", "cases").json() if c["account_id"] == "loop")
    assert case["state"] == "open"
    assert case["due_at"] > case["opened_at"]

    # and the answer is counted once
    def counted() -> bool:
        after = stack.call("GET", "metrics", params={"since": 0}).json()
        return bool(after["detractor_count"] == before["detractor_count"] + 1)

    stack.until(counted)
    audited = hearback("audit", "--state", stack.state)
    assert audited.returncode == 0, audited.stdout


def test_an_owner_contacts_and_resolves_on_the_page(stack: Stack) -> None:
    # given an open case
    address, owner = stack.address(), "owner-of-desk@example.com"
    stack.send(address, account_id="desk", account_name="Desk Lab", owner_email=owner)
    requests.post(survey_link(stack.mail_to(address)), data={"score": "0"}, timeout=30)
    link = first_link(stack.until(lambda: stack.inbox.to(owner))[0], "c")

    # when the owner forgets the note, the page says so and nothing moves
    refused = requests.post(link, data={"action": "resolve", "root_cause": "Bug"}, timeout=30)
    assert refused.status_code == 422

    # when they do it right, the case moves and keeps its history
    assert requests.post(link, data={"action": "contacted", "how": "call"}, timeout=30).status_code == 200
    resolved = {"action": "resolve", "root_cause": "Bug", "note": "Fixed in the next release"}
    assert requests.post(link, data=resolved, timeout=30).status_code == 200
    case = next(c for c in stack.call("GET", "cases").json() if c["account_id"] == "desk")
    assert [event["what"] for event in case["history"]] == ["opened", "contacted", "resolved"]
    assert (case["state"], case["contacted_how"], case["root_cause"]) == ("resolved", "call", "Bug")
    assert requests.post(link, data=resolved, timeout=30).status_code == 409


def test_a_second_detractor_of_an_account_joins_the_case_and_alerts_again(stack: Stack) -> None:
    owner = "owner-of-two@example.com"
    for score in ("2", "5"):
        address = stack.address()
        stack.send(address, account_id="two", account_name="Two Wards", owner_email=owner)
        requests.post(survey_link(stack.mail_to(address)), data={"score": score}, timeout=30)
        stack.until(lambda score=score: [m for m in stack.inbox.to(owner) if f"{score} of 10" in m.subject])
    cases = [c for c in stack.call("GET", "cases").json() if c["account_id"] == "two"]
    assert len(cases) == 1
    assert len(cases[0]["responses"]) == 2
    assert len(stack.inbox.to(owner)) == 2


def test_a_person_is_asked_answers_and_is_thanked_in_their_language_or_the_one_they_pick(stack: Stack) -> None:
    # given a person whose language is Arabic
    address = stack.address()
    sent = stack.call("POST", "people", json={"email": address, "locale": "ar"})
    assert sent.status_code == 201, sent.text
    mail = stack.mail_to(address)
    assert mail.subject.startswith("ما مدى احتمال توصيتكم")
    assert '<html lang="ar" dir="rtl">' in mail.html

    # then the page is in Arabic whatever the browser says, until they pick French
    link = survey_link(mail)
    page = requests.get(f"{link}?score=9", headers={"Accept-Language": "de"}, timeout=30)
    assert '<html lang="ar" dir="rtl">' in page.text
    assert 'href="?score=9&amp;lang=fr"' in page.text
    done = requests.post(f"{link}?score=9&lang=fr", data={"score": "9"}, timeout=30)
    assert done.url.endswith("?done=1&lang=fr")
    assert '<html lang="fr" dir="ltr">' in done.text

    # and the mail that thanks them is in French, as they answered
    assert stack.mail_to(address, containing="Merci")
    # a link that is none has nobody's language but the browser's
    nowhere = requests.get(link.rpartition("/")[0] + "/v1.none", headers={"Accept-Language": "de-AT"}, timeout=30)
    assert (nowhere.status_code, '<html lang="de" dir="ltr">' in nowhere.text) == (404, True)


def test_a_promoter_is_thanked_once_and_an_edit_changes_the_same_answer(stack: Stack) -> None:
    address = stack.address()
    stack.send(address)
    link = survey_link(stack.mail_to(address))
    requests.post(link, data={"score": "10", "comment": "Great"}, timeout=30)
    stack.mail_to(address, containing="Thank you")
    requests.post(link, data={"score": "9", "comment": "Great, mostly"}, timeout=30)
    answers = stack.call("GET", "survey_responses", params={"person_email": address, "expand[]": "person"}).json()
    assert [(a["score"], a["comment"], a["person"]["email"]) for a in answers] == [(9, "Great, mostly", address)]
    time.sleep(4)
    stack.invoke("wake")
    time.sleep(2)
    assert len([m for m in stack.inbox.to(address) if "Thank you" in m.subject]) == 1


def test_the_months_report_is_built_mailed_once_and_matches_the_api(stack: Stack) -> None:
    month = time.strftime("%Y-%m", time.gmtime())
    manager = "ottoline.quarrender@haldora.example.com"
    for _ in range(2):
        assert stack.call("POST", "reports", json={"month": month}).status_code == 202
        stack.until(
            lambda: [r for r in stack.call("GET", "reports").json() if r["month"] == month and r["state"] == "built"]
        )
    mail = stack.mail_to(manager)
    time.sleep(3)
    assert len(stack.inbox.to(manager)) == 1
    page = requests.get(first_link(mail, "m"), timeout=30)
    assert page.status_code == 200
    assert "<html" in page.text
    figures = requests.get(first_link(mail, "m") + "?file=json", timeout=30).json()
    assert figures["preliminary"] is True
    assert sum(figures["histogram"]) == figures["responses"]
    assert figures["funnel"]["sent"] >= figures["funnel"]["answered"]
