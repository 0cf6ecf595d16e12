"""Hosted pages work without their script, from any address, under a policy that loads nothing else."""

import base64
import gzip
import hashlib
import re
from dataclasses import replace

import pytest
from rendering_samples import DAY, NOW, a_response, an_opt_in

from shared.domain.cases import CaseState, contact, resolve
from shared.domain.locales import Preference
from shared.domain.project import Brand, FollowUpQuestions, OptInTerms, Texts
from shared.domain.questions import Option, Question, QuestionTexts, QuestionType
from shared.render import case_page, join_pages, pages
from shared.render.languages import translations
from shared.render.pages import Wish
from shared.render.words import Words

KINDS = ("unknown", "expired", "closed", "busy", "many", "enough", "too_many", "error")


def survey(project, request, **given):
    return pages.survey(project, request, **{"response": None, "chosen": None} | given)


def hosted(rendered_with, text="Mirandel"):
    return {name: html for name, html in rendered_with(text).items() if name.startswith("page ")}


def test_pages_hold_no_foreign_script_no_inline_style_and_no_address_on_this_host(rendered_with, see):
    for name, html in hosted(rendered_with).items():
        seen = see(html)
        assert seen.all("script") == ([{}] if name.startswith("page survey") else []), name
        for tag, attributes in seen.elements:
            assert "style" not in attributes, (name, tag)
            for attribute in ("href", "src", "action", "formaction"):
                target = attributes.get(attribute, "")
                assert target == "" or target.startswith(("?", "https://", "mailto:")), (name, target)


def test_a_page_s_policy_allows_its_own_style_sheet_and_script_and_nothing_else(rendered_with, see):
    for name, html in hosted(rendered_with).items():
        [css], scripts = see(html).styles, see(html).scripts
        script = f"script-src 'sha256-{digest(scripts[0])}'; connect-src 'self'; " if scripts else ""
        assert len(scripts) == name.startswith("page survey"), name
        assert pages.content_security_policy(html) == (
            f"default-src 'none'; style-src 'sha256-{digest(css)}'; {script}img-src https: data:; "
            "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
        ), name


def digest(text):
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def test_pages_are_light(project, survey_request, rendered_with):
    assert len(gzip.compress(survey(project, survey_request).encode(), 9)) < 5_000
    for name, html in hosted(rendered_with).items():
        assert len(gzip.compress(html.encode(), 9)) < 8_000, name


def test_the_question_is_a_group_of_eleven_choices(project, survey_request, see):
    seen = see(survey(project, survey_request, chosen=9))

    radios = [i for i in seen.all("input") if i.get("type") == "radio"]
    assert [(r["name"], r["value"]) for r in radios] == [("score", str(score)) for score in range(11)]
    assert [r["value"] for r in radios if "checked" in r] == ["9"]
    assert len(seen.all("fieldset")) == len(seen.all("legend")) == 1
    assert seen.all("form") == [{"method": "post", "action": "", "data-choice": "open"}]
    assert [t["name"] for t in seen.all("textarea")] == ["comment"]
    assert "recommend Mirandel to a friend" in seen.words


@pytest.mark.parametrize("chosen", [None, 0, 10])
def test_nothing_is_chosen_that_nobody_chose(project, survey_request, chosen, see):
    checked = [i["value"] for i in see(survey(project, survey_request, chosen=chosen)).all("input") if "checked" in i]

    assert checked == ([] if chosen is None else [str(chosen)])


def test_an_earlier_answer_comes_back_to_be_changed(project, survey_request, see):
    html = survey(project, survey_request, response=a_response(7))

    assert [i["value"] for i in see(html).all("input") if "checked" in i] == ["7"]
    assert "Four clicks where one was enough." in see(html).words
    assert "Good to see you again. You gave a score of 7 on 20 November 2026" in see(html).words


def test_another_score_than_the_earlier_one_is_only_a_proposal(project, survey_request, see):
    html = survey(project, survey_request, response=a_response(7), chosen=4)

    assert [i["value"] for i in see(html).all("input") if "checked" in i] == ["4"]
    assert "nothing changes until you save it" in see(html).words


def test_an_erased_answer_does_not_come_back(project, survey_request, see):
    html = survey(project, survey_request, response=a_response(7, "", erased=True))

    assert not [i for i in see(html).all("input") if "checked" in i]
    assert "Good to see you again" not in see(html).words


def test_what_is_missing_is_announced_where_it_is_missing(project, survey_request, see):
    seen = see(survey(project, survey_request, comment="typed", errors={"score": ["can't be blank"]}))

    assert [e for _, e in seen.elements if e.get("role") == "alert"]
    [group] = seen.all("fieldset")
    assert group["aria-invalid"] == "true"
    ids = {e["id"] for _, e in seen.elements if "id" in e}
    assert set(group["aria-describedby"].split()) <= ids
    assert "score-error" in group["aria-describedby"]
    assert "typed" in seen.words


def test_every_reference_on_a_page_leads_to_an_element_and_no_id_is_there_twice(rendered_with, see):
    for name, html in hosted(rendered_with).items():
        seen = see(html)
        ids = [e["id"] for _, e in seen.elements if "id" in e]
        assert len(ids) == len(set(ids)), name
        for tag, attributes in seen.elements:
            for attribute in ("aria-describedby", "aria-labelledby", "for", "list"):
                assert set(attributes.get(attribute, "").split()) <= set(ids), (name, tag)


def test_promoters_get_the_button_and_others_do_not(project, survey_request, see):
    def targets(score):
        return [a["href"] for a in see(pages.thank_you(project, survey_request, a_response(score))).all("a")]

    assert "https://example.com/review" in targets(9)
    assert "https://example.com/review" not in targets(8)
    assert "?" in targets(0)


def test_the_thanks_are_the_send_s_then_the_project_s_then_the_default(project, survey_request, see):
    own = replace(survey_request, properties={"thank_you_message": "Thanks, from the send."})
    project = replace(project, texts=Texts(thank_you_message="Thanks, from the project."))

    def words(project, request):
        return see(pages.thank_you(project, request, a_response(3))).words

    assert "Thanks, from the send." in words(project, own)
    assert "Thanks, from the project." in words(project, survey_request)
    assert "Frank words help most." in words(replace(project, texts=Texts()), survey_request)


def test_unsubscribing_and_its_opposite_take_a_press_of_a_button(project, see):
    pressed = {wish: see(pages.unsubscribe(project, wish)) for wish in Wish}

    for seen in pressed.values():
        assert seen.all("form") == [{"method": "post", "action": ""}]
    assert {wish: [button["name"] for button in seen.all("button")] for wish, seen in pressed.items()} == {
        Wish.UNKNOWN: ["unsubscribe"],
        Wish.NONE: ["subscribe"],
        Wish.AGAIN: ["unsubscribe"],
    }
    assert "Send me surveys again" in pressed[Wish.NONE].words
    # who has just decided is not urged to take it back
    quiet = {wish: [button.get("class", "") for button in seen.all("button")] for wish, seen in pressed.items()}
    assert quiet == {Wish.UNKNOWN: [""], Wish.NONE: ["quiet"], Wish.AGAIN: ["quiet"]}


@pytest.mark.parametrize("kind", KINDS)
def test_a_problem_is_told_with_and_without_a_project(project, kind, see):
    alone, known = see(pages.problem(kind)), see(pages.problem(kind, project))

    assert len(alone.all("h1")) == 1
    assert "care@example.com" not in alone.words
    assert "care@example.com" in known.words


@pytest.mark.parametrize(("color", "ok"), [("#ffff00", True), ("#FFFFFF", True), ("red;}body{", False), ("", False)])
def test_a_brand_colour_is_a_colour(project, color, ok):
    branded = replace(project, brand=Brand("Mirandel", color))
    if ok:
        pages.unsubscribe(branded, Wish.NONE)
    else:
        with pytest.raises(ValueError, match="#rrggbb"):
            pages.unsubscribe(branded, Wish.NONE)


def desk(project, case, person, response, **given):
    values = {"person": person, "errors": {}, "saved": ""} | given
    return case_page.case(project, case, [response], **values)


def actions(html):
    return re.findall(r'name="action" value="(\w+)"', html)


def test_a_case_offers_only_the_moves_its_state_allows(project, case, person, response):
    contacted = contact(case, how="call", note="", by="Lena", now=NOW + DAY)
    resolved = resolve(contacted, root_cause="Usability", note="Mended.", by="Lena", now=NOW + 2 * DAY)

    assert actions(desk(project, case, person, response)) == ["contacted", "resolve", "note"]
    assert actions(desk(project, contacted, person, response)) == ["resolve", "note"]
    assert actions(desk(project, resolved, person, response)) == ["note"]
    assert resolved.state is CaseState.RESOLVED


def test_a_case_s_forms_carry_the_revision_they_were_made_for(project, case, person, response, see):
    html = desk(project, replace(case, rev=7), person, response)

    assert [i["value"] for i in see(html).all("input") if i.get("name") == "rev"] == ["7", "7", "7"]


def test_the_clock_says_how_long_is_left_or_how_late_it_is(project, case, person, response, see):
    def clock(now, case=case):
        return see(desk(project, case, person, response, now=now)).words

    assert "Contact the customer by Wednesday 25 November, 15:00 (Europe/Berlin). 3 days left." in clock(NOW + 2 * DAY)
    assert "Overdue by 2 days" in clock(NOW + 7 * DAY)
    in_time = contact(case, how="mail", note="", by="", now=NOW + DAY)
    late = contact(case, how="mail", note="", by="", now=NOW + 8 * DAY)
    assert "Contacted in time, on 21 November 2026, 15:00." in clock(NOW + 9 * DAY, in_time)
    assert "Contacted 3 days late" in clock(NOW + 9 * DAY, late)


def test_a_case_s_history_is_told_in_words(project, case, person, response, see):
    told = contact(case, how="call", note="Talked: long.", by="Lena", now=NOW + DAY)
    told = resolve(told, root_cause="Usability", note="Mended.", by="Lena", now=NOW + 2 * DAY)

    words = see(desk(project, told, person, response)).words

    for line in ("Case opened: a score of 3", "Contacted by phone", "Talked: long.", "Resolved: Usability", "Mended."):
        assert line in words
    assert "21 November 2026, 15:00, Lena" in words


def test_a_refused_form_comes_back_as_it_was_sent(project, case, person, response, see):
    html = desk(
        project, case, person, response, errors={"note": ["can't be blank"]}, action="resolve",
        typed={"root_cause": "Price"},
    )  # fmt: skip

    assert [i["value"] for i in see(html).all("input") if i.get("name") == "root_cause"] == ["Price"]
    assert "Please write a note." in see(html).words
    assert len([e for _, e in see(html).elements if e.get("aria-invalid")]) == 1


def test_a_conflict_is_told_in_the_rule_s_own_words(project, case, person, response, see):
    words = see(desk(project, case, person, response, errors={"action": ["this case has changed"]})).words

    assert "Not saved: this case has changed." in words


def test_a_case_says_of_an_erased_answer_only_that_it_was_erased(project, case, person, response, see):
    erased = replace(response, erased=True, comment="", person="", properties={})

    assert "Erased at the person's request." in see(desk(project, case, None, erased)).words


def test_the_language_switch_names_each_language_in_itself_and_marks_the_one_spoken(project, survey_request, see):
    seen = see(survey(project, replace(survey_request, locale="es-MX"), chosen=9))

    links = [one for one in seen.all("a") if "hreflang" in one]
    assert {one["hreflang"] for one in links} >= {"ar", "de", "en", "es", "fr"}
    assert [one["hreflang"] for one in links if one.get("aria-current") == "true"] == ["es"]
    assert all(one["lang"] == one["hreflang"] and one["href"] == f"?score=9&lang={one['lang']}" for one in links)
    assert {one["hreflang"] for one in links if one["dir"] == "rtl"} == {"ar"}
    for name in ("العربية", "Deutsch", "English", "Español", "Français"):
        assert name in seen.words
    assert {"class": "languages", "aria-label": "Idioma"} in seen.all("nav")


def test_a_page_that_nobody_has_answered_is_rendered_once_for_all_who_are_asked_the_same(project, survey_request):
    first = survey(project, survey_request, chosen=9)

    assert survey(replace(project), replace(survey_request, id="p2-1", person="p2"), chosen=9) is first


@pytest.mark.parametrize(
    "other",
    [
        lambda project, request: {"project": replace(project, brand=replace(project.brand, name="Another"))},
        lambda project, request: {"project": replace(project, follow_up=FollowUpQuestions(promoter="Why, please?"))},
        lambda project, request: {"project": replace(project, texts_by_language={"en": Texts(intro="Hello there")})},
        lambda project, request: {"request": replace(request, properties={"question_product_name": "Other"})},
        lambda project, request: {"request": replace(request, locale="fr")},
        lambda project, request: {"chosen": 8},
        lambda project, request: {"response": a_response(9, "Thanks for all of it")},
        lambda project, request: {"comment": "typed just now"},
        lambda project, request: {"errors": {"score": ["can't be blank"]}},
    ],
)
def test_a_page_kept_for_others_is_never_shown_where_anything_differs(project, survey_request, other):
    given = {"project": project, "request": survey_request, "chosen": 9}
    kept, different = survey(**given), given | other(project, survey_request)

    shown = survey(**different)

    pages._untouched.cache_clear()
    assert shown == survey(**different)
    assert shown != kept
    assert kept == survey(**given)


def test_kinds_of_a_language_share_its_words(project):
    assert translations("es-MX") is translations("es-AR") is translations("es")
    assert translations("es") is not translations("fr")


@pytest.mark.parametrize("locale", ["en", "es", "fr", "de", "ar"])
def test_numbers_days_and_plurals_are_those_of_the_language(project, locale):
    words = Words(locale, project.zone)
    told = {
        "en": ("12,345.5", "31%", "1 May 2026", "Wednesday 25 November, 15:00", "November 2026", "a, b and c"),
        "es": ("12.345,5", "31\N{NO-BREAK SPACE}%", "1 de mayo de 2026", "miércoles 25 de noviembre, 15:00",
               "noviembre de 2026", "a, b y c"),
        "fr": ("12\N{NARROW NO-BREAK SPACE}345,5", "31\N{NARROW NO-BREAK SPACE}%", "1er mai 2026",
               "mercredi 25 novembre à 15:00", "novembre 2026", "a, b et c"),
        "de": ("12.345,5", "31\N{NO-BREAK SPACE}%", "1. Mai 2026", "Mittwoch, 25. November, 15:00 Uhr",
               "November 2026", "a, b und c"),
        "ar": ("12,345.5", "31%", "1 مايو 2026", "الأربعاء 25 نوفمبر، 15:00", "نوفمبر 2026", "a، b وc"),
    }  # fmt: skip
    assert (
        words.number(12345.5),
        words.share(31, 100),
        words.given_day("2026-05-01"),
        words.deadline(1_795_615_200),
        words.month("2026-11"),
        words.listing(["a", "b", "c"]),
    ) == told[locale]
    # A sign before its number, from right to left too.
    mark = "\N{LEFT-TO-RIGHT MARK}" if locale == "ar" else ""
    assert (words.points(7), words.points(0), words.points(-7)) == (f"{mark}+7", "0", f"{mark}\N{MINUS SIGN}7")


ASKED = Question(
    "pace", QuestionType.SELECT_ONE, "How fast is it?", (Option("slow", "Too slow"), Option("fine", "Fine")),
    demographic=True,
    texts_by_language=(QuestionTexts("de", "Wie schnell ist es?", (Option("slow", "Zu langsam"),)),),
)  # fmt: skip


@pytest.mark.parametrize(("locale", "foreign"), [
    ("en", []), ("en-GB", []), ("de-AT", ["Fine"]), ("fr", ["How fast is it?", "Too slow", "Fine"]),
])  # fmt: skip
def test_a_text_that_nobody_has_translated_says_its_language(project, survey_request, see, locale, foreign):
    project = replace(project, questions=(ASKED,))
    html = survey(project, survey_request, preference=Preference(switched=locale[:2]), response=None, errors={})
    told = re.findall(r'<span dir="auto" lang="([^"]+)">([^<]+)</span>', html)
    assert told == [("en", text) for text in foreign]
    everything = see(html).words
    assert all(text in everything for text in foreign)


@pytest.mark.parametrize(("locale", "lang"), [("en", None), ("es", None), ("de", "en")])
def test_a_consent_that_nobody_has_translated_says_its_language(project, see, locale, lang):
    terms = OptInTerms(enabled=True, consent="We ask you.", consent_by_language={"es": "Le preguntamos."})
    preference = Preference(switched=locale)
    for html in (
        join_pages.form(replace(project, opt_in=terms), preference, stamp="stamp"),
        join_pages.confirm(replace(project, opt_in=terms), an_opt_in("a@example.com"), preference),
    ):
        (found,) = [one for one in see(html).all("p") if one.get("class") == "lines"]
        assert found.get("lang") == lang
