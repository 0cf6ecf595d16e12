"""How people answer: in five languages, by keyboard, without scripts, with larger letters; and who does not count."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from shared.domain.people import Person
from shared.domain.responses import Response
from shared.render import mails
from tests.browser import axe
from tests.browser.conftest import OpenSite, Shoot, Show
from tests.browser.measures import overhang
from tests.browser.page_states import STATES, score, send, send_unchecked
from tests.browser.site import REQUEST, Site

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)
LANGUAGES = {"en": "ltr", "es": "ltr", "fr": "ltr", "de": "ltr", "ar": "rtl"}
BUDGET = 8_000


def answer_of(site: Site) -> Response:
    return site.world.stored(Response, REQUEST)


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_a_person_answers_in_their_language_and_in_the_one_they_switch_to(
    open_site: OpenSite, show: Show, language: str
) -> None:
    # given a browser that asks for a language, then the page has it
    site, shown = open_site("ltr"), show(logos=False, locale=language)
    page = shown.page
    page.goto(site.survey("?score=9"))
    root = page.locator("html")
    assert (root.get_attribute("lang"), root.get_attribute("dir")) == (language, LANGUAGES[language])

    # when another is picked, then the page has that one with the score, and keeps it to the end
    other = "en" if language == "ar" else "ar"
    page.locator(f"a[hreflang={other}]").click()
    expect(root).to_have_attribute("lang", other)
    expect(page.locator("input[name=score]:checked")).to_have_value("9")
    page.locator(f"a[hreflang={language}]").click()
    expect(root).to_have_attribute("lang", language)
    page.locator("#comment").fill("نعم, ¡sí!, oui, ja")
    send(page)
    page.locator(".given").wait_for()
    page.reload()
    expect(root).to_have_attribute("lang", language)
    found = answer_of(site)
    assert (found.score, found.comment, found.locale, found.rev) == (9, "نعم, ¡sí!, oui, ja", language, 1)
    assert page.locator(f"a[hreflang={language}]").get_attribute("aria-current") == "true"


def test_the_keyboard_is_enough(open_site: OpenSite, show: Show) -> None:
    site, page = open_site("ltr"), show(logos=False).page
    page.goto(site.survey())
    page.keyboard.press("Tab")
    focused = page.locator(":focus")
    expect(focused).to_have_accessible_name(re.compile("^0 of 10, not at all likely", re.IGNORECASE))
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(focused).to_have_accessible_name(re.compile("^3 of 10"))
    expect(focused).to_be_checked()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Tab")
    expect(focused).to_have_attribute("id", "comment")
    page.keyboard.type("Too slow")
    while page.evaluate("document.activeElement.type") != "submit":
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.locator(".given").wait_for()
    found = answer_of(site)
    assert (found.score, found.comment, found.partial) == (2, "Too slow", False)


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_screen_reader_is_told_what_each_score_means(open_site: OpenSite, show: Show, language: str) -> None:
    site, page = open_site("ltr"), show(logos=False, locale=language).page
    page.goto(site.survey())
    names = [one.get_attribute("aria-label") or "" for one in page.locator("input[name=score]").all()]
    assert len(set(names)) == 11
    low, high = (page.locator(f"#{end}").inner_text().split("=")[1].strip().lower() for end in ("low", "high"))
    assert low in names[0].lower()
    assert high in names[10].lower()
    assert all(str(number) in name and "10" in name for number, name in enumerate(names))
    group = page.get_by_role("radiogroup")
    expect(group).to_have_accessible_name(page.locator("h1").inner_text())
    expect(page.locator("#comment")).to_have_accessible_name(
        re.compile(re.escape(page.locator(".for.now").inner_text()))
    )


def test_without_scripts_the_form_is_all_there_is(open_site: OpenSite, show: Show, shot: Shoot) -> None:
    site, page = open_site("ltr"), show(logos=False, java_script_enabled=False).page
    page.goto(site.survey())

    # a form without a score comes back with what was typed, and says so to everybody
    page.locator("#comment").fill("Too slow")
    send_unchecked(page)
    page.locator("#score-error").wait_for()
    assert page.title().startswith("Error: ")
    expect(page.get_by_role("alert").first).to_contain_text("please choose a score")
    expect(page.get_by_role("alert").first).to_be_focused()
    expect(page.get_by_role("radiogroup")).to_have_accessible_description(
        re.compile("Please choose a score from 0 to 10")
    )
    expect(page.locator("#comment")).to_have_value("Too slow")
    shot(page, "pages/no-script-refused")

    # and with one it is kept
    score(page, 4)
    send(page)
    page.locator(".given").wait_for()
    assert [(one.method, "done=1" in one.path) for one in site.visits] == [
        ("GET", False), ("POST", False), ("POST", False), ("GET", True),
    ]  # fmt: skip
    assert (answer_of(site).score, answer_of(site).comment) == (4, "Too slow")


def test_nothing_but_the_page_is_loaded_and_it_is_small(open_site: OpenSite, show: Show) -> None:
    site, page = open_site("ltr"), show(logos=False).page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    answer = page.goto(site.survey("?score=9"))
    page.wait_for_timeout(500)
    assert answer is not None
    assert answer.headers["content-encoding"] == "gzip"
    assert 1_000 < answer.request.sizes()["responseBodySize"] <= BUDGET
    assert asked == [site.survey("?score=9")]
    assert len(site.visits) == 1


@pytest.mark.parametrize("state", ["survey-more-questions", "survey-refused", "thanks-promoter", "join", "case"])
def test_letters_may_be_twice_as_large(open_site: OpenSite, show: Show, shot: Shoot, state: str) -> None:
    site, page = open_site("ltr"), show(logos=False, width=640).page
    STATES[state](site, page)
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    shot(page, f"pages/twice-as-large-{state}")
    assert overhang(page) == 0
    assert axe.violations(page) == []


@pytest.mark.parametrize(("motion", "moves"), [("reduce", False), ("no-preference", True)])
def test_who_wants_no_motion_gets_none(open_site: OpenSite, show: Show, motion: str, moves: bool) -> None:
    site, page = open_site("ltr"), show(logos=False, reduced_motion=motion).page
    page.goto(site.survey())
    lasts = page.evaluate(
        "() => [...document.querySelectorAll('*')].some(one => /[1-9]/.test("
        "getComputedStyle(one).transitionDuration + getComputedStyle(one).animationDuration))"
    )
    assert lasts == moves


def links(site: Site) -> list[str]:
    """Every address in the survey mail, the hidden one too, and those of its headers."""
    message = mails.invitation(site.change(), site.request(), survey_url=site.survey(), unsubscribe_url=site.stop())
    found = re.findall(r"https?://127[^\"'\s<>]+", message.html + message.text)
    assert any("trap=1" in one for one in found)
    assert site.stop() in found
    assert sum("score=" in one for one in set(found)) >= 11
    return sorted({one.replace("&amp;", "&") for one in found})


def nothing_happened(site: Site) -> None:
    assert site.world.items("response") == []
    assert site.world.items("case") == []
    assert site.world.mails() == []
    assert not site.world.stored(Person, "p1").unsubscribed_at


def answers_once(site: Site, page: Page) -> None:
    page.goto(site.survey("?score=2"))
    send(page)
    page.locator(".given").wait_for()
    found = answer_of(site)
    assert (len(site.world.items("response")), found.score, found.partial, found.quarantine) == (1, 2, False, "")
    assert found.counts


def test_a_gateway_that_gets_every_link_does_nothing_and_the_person_counts_once(
    open_site: OpenSite, show: Show
) -> None:
    site, page = open_site("ltr"), show(logos=False).page
    for link in links(site):
        for _ in range(2):
            assert page.request.get(link, headers={"user-agent": CHROME}).status == 200
    nothing_happened(site)
    assert site.request().robot_at
    answers_once(site, page)


def test_a_gateway_that_runs_scripts_does_nothing_and_the_person_counts_once(open_site: OpenSite, show: Show) -> None:
    site, page = open_site("ltr"), show(logos=False, user_agent=CHROME).page
    page.clock.install()
    for link in links(site):
        page.goto(link)
        # it looks around and even presses, as scripts do
        page.evaluate("() => { scrollTo(0, 9999); document.querySelector('input[name=score]')?.click() }")
        page.clock.fast_forward(120_000)
    page.goto("about:blank")
    assert {urlsplit(one.path).path[:2] for one in site.visits} == {"/r", "/u"}
    assert {one.method for one in site.visits} == {"GET"}
    nothing_happened(site)
    answers_once(site, show(logos=False).page)
