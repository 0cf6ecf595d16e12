"""Mails say what they must, work in old mail programs, and their text part works alone."""

import re
from dataclasses import replace

import pytest
from rendering_samples import DAY, DESK_URL, NOW, STOP_URL, SURVEY_URL, a_response

from shared.domain.cases import join
from shared.domain.project import Texts
from shared.render import mails

NOT_IN_OUTLOOK = re.compile(
    r"\b(flex|grid|float|position|transform|calc|var|clamp|rgba?|hsla?|oklch|gap|object-fit|inset|"
    r"(margin|padding|border)-(inline|block)|inline-size|background-image|url)\b\s*[:(]|display:\s*(flex|grid)"
)


def invitation(project, request):
    return mails.invitation(project, request, survey_url=SURVEY_URL, unsubscribe_url=STOP_URL)


def test_an_invitation_has_a_link_for_each_score_once(project, survey_request, see):
    message = invitation(project, survey_request)

    targets = [a["href"] for a in see(message.html).all("a")]
    expected = [f"{SURVEY_URL}?score={score}" for score in range(11)]
    assert [t for t in targets if "?score=" in t] == expected
    assert sorted(targets) == sorted([*expected, f"{SURVEY_URL}?trap=1", STOP_URL, "https://example.com/privacy"])


def test_the_trap_is_seen_by_nobody(project, survey_request, see):
    message = invitation(project, survey_request)

    [trap] = [a for a in see(message.html).all("a") if a["href"].endswith("?trap=1")]
    assert "display:none" in trap["style"]
    assert "mso-hide:all" in trap["style"]
    assert trap["aria-hidden"] == "true"
    assert trap["tabindex"] == "-1"
    assert "trap" not in message.text


def test_an_invitation_works_as_text_alone(project, survey_request):
    text = invitation(project, survey_request).text

    assert "How likely are you to recommend Mirandel to a friend or colleague?" in text
    assert re.findall(r"^ ?(\d+)  (\S+)$", text, re.MULTILINE) == [
        (str(score), f"{SURVEY_URL}?score={score}") for score in range(10, -1, -1)
    ]
    assert STOP_URL in text
    assert "18 February 2027" in text


def test_a_send_has_its_own_words_before_the_project_s_and_those_before_the_defaults(project, survey_request, see):
    own = {
        "question_product_name": "Charts Mobile",
        "delighted_email_subject": "One question about Charts Mobile",
        "delighted_intro_message": "You have used it for a year.",
    }

    plain = invitation(replace(project, texts=Texts()), survey_request)
    sent = invitation(project, replace(survey_request, properties=own))

    assert plain.subject == "How likely are you to recommend Mirandel to a friend or colleague?"
    assert invitation(project, survey_request).subject == "Mirandel"
    assert sent.subject == "One question about Charts Mobile"
    assert "recommend Charts Mobile to" in see(sent.html).words
    assert "You have used it for a year." in sent.text


def test_an_invitation_says_who_why_and_where_from(project, survey_request, see):
    words = see(invitation(project, survey_request).html).words

    assert "Sent by Mirandel, because you use or know Mirandel." in words
    assert "Unsubscribe" in words
    assert "Privacy" in words


def test_our_sentences_run_in_the_reader_s_direction_and_the_words_of_others_in_their_own(
    project, case, survey_request, see
):
    told = mails.alert(
        project, replace(case, account_name="نورة"), a_response(2), person_name="", person_email="", case_url=DESK_URL
    )
    asked = invitation(replace(project, texts=Texts(intro="نقرأ كل إجابة.")), survey_request)

    assert [one.get("dir") for one in see(told.html).all("h1")] == [None]
    assert [one.get("dir") for one in see(told.html).all("p") if one.get("class") == "muted"] == [None]
    assert [one.get("dir") for one in see(asked.html).all("p") if one.get("class") == "ink"][1:] == ["auto"]


def test_thanks_are_signed_by_the_sender_and_the_company_once(project):
    sender = replace(project.sender, name="Mara Quill")

    assert "\n\nMara Quill\nMirandel\n\n--" in mails.thanks(replace(project, sender=sender), a_response(10)).text
    assert "\n\nMirandel\n\n--" in mails.thanks(project, a_response(10)).text


def test_mails_carry_language_direction_and_colour_schemes(project, survey_request, see):
    for locale, lang, direction in (
        ("en", "en", "ltr"),
        ("ar", "ar", "rtl"),
        ("de-AT", "de", "ltr"),
        ("he-IL", "en", "ltr"),  # no catalogue: English words run from left to right
        ('"><b>', "en", "ltr"),
    ):
        seen = see(invitation(project, replace(survey_request, locale=locale)).html)
        assert seen.all("html") == [{"lang": lang, "dir": direction}]
        assert {"name": "color-scheme", "content": "light dark"} in seen.all("meta")
        assert any("prefers-color-scheme:dark" in css for css in seen.styles)


def test_mails_are_small_tables_with_inline_styles(messages_with, see):
    for name, message in messages_with("Mirandel").items():
        assert len(message.html.encode()) < 30_000, name
        seen = see(message.html)
        assert not {tag for tag, _ in seen.elements} & {"script", "link", "form", "input", "svg", "button", "iframe"}
        assert all("bgcolor" in body for body in seen.all("body"))
        assert len([t for t in seen.all("table") if t.get("role") == "presentation"]) >= 3
        for tag, attributes in seen.elements:
            found = NOT_IN_OUTLOOK.search(attributes.get("style", ""))
            assert not found, (name, tag, found)
        assert all(image.get("alt") for image in seen.all("img"))
        assert 0 < len(message.text) < 6_000
        assert max(len(line) for line in message.html.splitlines()) < 2_000


def test_styles_survive_gmail(messages_with, see):
    # Gmail drops a whole style element that is long, nests rules further or loads something; so the colours of the
    # dark scheme and the sizes of telephones stand in elements of their own.
    for name, message in messages_with("Mirandel").items():
        styles = see(message.html).styles
        assert sum(map(len, styles)) < 8_192, name
        assert [css.count("@media") for css in styles[-2:]] == [1, 1], name
        for css in styles:
            assert not re.search(r"@import|@font-face|@supports|url\(|\[[a-z]+[~^$*|]?=", css), name


def test_outlook_gets_widths_heights_and_colours_as_attributes(messages_with, see):
    for name, message in messages_with("Mirandel").items():
        assert message.html.count("<!--[if mso]>") == message.html.count("<![endif]-->") >= 3, name
        assert '<table role="presentation" width="600"' in message.html, name
        for tag, attributes in see(message.html).elements:
            style = attributes.get("style", "")
            if tag in {"td", "body"} and (painted := re.search(r"background-color:(#\w+)", style)):
                assert attributes["bgcolor"] == painted[1], (name, style)
            if tag == "img":
                assert attributes["height"].isdigit(), name
            if tag == "a" and "padding" in style:
                assert "mso-padding-alt" in message.html, name


def test_the_hidden_beginning_of_a_mail_says_more_than_its_subject(messages_with, see):
    for name, message in messages_with("Mirandel would like to know").items():
        _, _, body = message.html.partition("<body")
        hidden = re.search(r"<div style=\"([^\"]+)\">(.*?)</div>", body)
        assert hidden, name
        assert body.index("<div") < body.index("<table"), name
        assert {"display:none", "mso-hide:all", "max-height:0"} <= set(hidden[1].split(";")), name
        words = hidden[2].partition("&#847;")[0]
        assert len(words) >= 10, name
        assert len(words) <= 141, name
        assert hidden[2].count("&#847;") == 30, name


def test_every_text_part_has_every_address_of_its_mail(messages_with, see):
    for name, message in messages_with("Mirandel").items():
        led_to = {a["href"] for a in see(message.html).all("a") if not a["href"].endswith("?trap=1")}
        assert {one for one in led_to if one.startswith("https:") and one not in message.text} == set(), name
        assert "<" not in message.text, name
        assert "&" not in message.text, name


def test_thanks_have_the_project_s_button(project, see):
    message = mails.thanks(project, a_response(10), unsubscribe_url=STOP_URL)

    assert message.subject == "Thank you from Mirandel"
    assert see(message.html).all("a")[0]["href"] == "https://example.com/review"
    assert "https://example.com/review" in message.text


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "//example.com", "https://a b", "ftp://a"])
def test_thanks_lead_to_web_addresses_only(project, url, see):
    bare = replace(project, texts=Texts())
    bad = a_response(10, properties={"thank_you_link_url": url, "thank_you_link_text": "Go"})

    message = mails.thanks(bare, bad)

    assert [a["href"] for a in see(message.html).all("a")] == ["https://example.com/privacy"]
    assert "Go" not in message.text


def test_the_request_s_thanks_come_before_the_response_s(project, survey_request):
    request = replace(survey_request, properties={"thank_you_message": "From the send."})
    response = a_response(10, properties={"thank_you_message": "From the person."})

    assert "From the send." in mails.thanks(project, response, request=request).text
    assert "From the person." in mails.thanks(project, response).text


def alert(project, case, response, **changes):
    given = {"person_name": "Dana Okafor", "person_email": "dana@example.org", "case_url": DESK_URL} | changes
    return mails.alert(project, case, response, **given)


def test_an_alert_has_all_that_is_needed_to_act(project, case, response, see):
    earlier = a_response(9, "Lovely.", id="res_0", created_at=NOW - 200 * DAY)

    message = alert(project, case, response, history=[earlier, response])

    assert message.subject == ("A detractor at Nordhollow Clinic: 3 of 10, contact by Wednesday 25 November, 15:00")
    for told in (see(message.html).words, message.text):
        assert "Contact Dana Okafor by Wednesday 25 November, 15:00 (Europe/Berlin)" in told
        assert "Four clicks where one was enough." in told
        assert "31 January 2027" in told
        assert "48,000" in told
        assert "dana@example.org" in told
        assert "Lovely." in told
        assert told.count("Four clicks") <= 2
    assert {a["href"] for a in see(message.html).all("a")} == {DESK_URL, "mailto:dana@example.org"}
    assert DESK_URL in message.text


def test_an_alert_for_one_who_joins_a_case_says_so(project, case, response):
    second = replace(response, id="res_2", score=1)
    joined = join(case, second, now=NOW + 60)

    assert alert(project, joined, second).subject.startswith("Another detractor at Nordhollow Clinic: 1 of 10")
    assert alert(project, joined, response).subject.startswith("A detractor at Nordhollow Clinic: 3 of 10")
    assert "One conversation for both answers" in alert(project, joined, second).text


def test_an_alert_without_words_name_or_account_still_tells_what_to_do(project, case, response):
    silent = replace(response, comment="", commented=False, properties={})
    bare = replace(case, account_name="")

    message = alert(project, bare, silent, person_name="", person_email="")

    assert message.subject.startswith("the customer is a detractor: 3 of 10")
    assert "They left no comment. Ask what happened." in message.text
    assert "What to do" in message.text


def test_a_bounce_notice_says_who_where_when_the_renewal_is_and_what_to_do(project, person, see):
    properties = {"account_name": "Nordhollow Clinic", "renewal_date": "2027-01-31"}
    bounced = replace(person, bounced_at=NOW, properties=properties)

    message = mails.bounce_notice(project, bounced, replace(project.owner, name="Carl"))

    assert message.subject == "Emails to Dana Okafor do not arrive: please correct the address"
    for told in (see(message.html).words, message.text):
        for essential in (
            "dana@example.org", "Nordhollow Clinic", "31 January 2027", "20 November 2026", "no more surveys there",
            "Ask for the right address", "sends this to Carl", "email_update=",
        ):  # fmt: skip
            assert essential in told, essential
    assert "mailto:" not in message.html


def test_a_bounce_notice_about_one_of_whom_only_the_address_is_known_names_it(project, person):
    message = mails.bounce_notice(project, replace(person, name="", bounced_at=NOW), project.owner)

    assert message.subject == "Emails to dana@example.org do not arrive: please correct the address"
    assert "Who it is" not in message.text


def test_the_monthly_mail_has_the_essentials(project, figures, see):
    figures["project_name"] = "Mirandel renewals"

    message = mails.report_summary(project, figures, report_url=DESK_URL, recipient_name="Mara")

    assert message.subject == "Mirandel renewals NPS, November 2026: +40, up 8"
    for told in (see(message.html).words, message.text):
        for essential in (
            "Hello Mara", "+40", "between +28 and +50", "chance alone may explain", "56%", "28%", "16%", "612",
            "598", "28% of those delivered", "2 cases are overdue", "+58", "renewal within 90 days",
        ):  # fmt: skip
            assert essential in told, essential
    assert DESK_URL in message.text


def test_the_monthly_mail_names_no_segment_that_is_too_small(project, figures, see):
    figures["segments"][0]["values"][0]["value"] = "Enterprise"
    figures["segments"][0]["values"][1]["value"] = "Starter"
    figures["segments"][0]["values"][2]["value"] = "Trial"

    message = mails.report_summary(project, figures, report_url=DESK_URL, recipient_name="")

    for told in (see(message.html).words, message.text):
        assert "Enterprise" in told
        assert "Starter" not in told
        assert "Trial" not in told


def test_an_empty_month_says_something_sensible(project, figures, see):
    figures |= {"score": None, "interval": None, "responses": 0, "promoters": 0, "passives": 0, "detractors": 0}
    figures |= {"histogram": [0] * 11, "change": None, "previous": None, "segments": [], "accounts_at_risk": []}

    sent = mails.report_summary(project, figures, report_url=DESK_URL, recipient_name="")
    figures["funnel"] = dict.fromkeys(figures["funnel"], 0)
    unsent = mails.report_summary(project, figures, report_url=DESK_URL, recipient_name="")

    assert sent.subject.endswith("no answers")
    assert "612 survey emails went out and nobody has answered." in see(sent.html).words
    assert "No survey emails went out" in unsent.text


def test_a_manager_s_mail_is_in_their_language_and_an_owner_s_in_theirs(project, case, response, figures, see):
    project = replace(project, owner=replace(project.owner, locale="fr"))
    ours = replace(case, owner_email=project.owner.email)
    told = {"person_name": "Dana Okafor", "person_email": "dana@example.org", "case_url": "https://s.example.com/c/x"}

    alert = mails.alert(project, ours, response, **told)
    elsewhere = mails.alert(project, replace(case, owner_email="someone@example.net"), response, **told)
    report = mails.report_summary(
        project, figures, report_url="https://s.example.com/m/x", recipient_name="", recipient_locale="es"
    )

    assert [see(one.html).all("html")[0]["lang"] for one in (alert, elsewhere, report)] == ["fr", "en", "es"]


def test_a_person_s_language_takes_its_own_texts_and_never_another_language_s(project, survey_request):
    texts = Texts(subject="One question", intro="We read every answer.")
    project = replace(project, texts=texts, texts_by_language={"es": Texts(intro="Leemos todas las respuestas.")})

    english, spanish, german = (
        invitation(project, replace(survey_request, locale=locale)) for locale in ("en-GB", "es-MX", "de")
    )

    assert (english.subject, "We read every answer." in english.text) == ("One question", True)
    assert "Leemos todas las respuestas." in spanish.text
    assert spanish.subject.startswith("¿Qué probabilidad hay de que recomiende")
    assert german.subject.startswith("Wie wahrscheinlich ist es")
    assert "answer" not in german.text
