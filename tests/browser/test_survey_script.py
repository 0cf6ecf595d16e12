"""What the question's script does: it keeps a choice that a person really made, and sends without losing anything."""

import re
import time

import pytest
from playwright.sync_api import Page, expect

from shared.domain.responses import Response
from tests.browser.conftest import OpenSite, Show
from tests.browser.page_states import score, send
from tests.browser.site import REQUEST, Site
from tests.fakes.dynamodb import THROTTLED

SECOND = 1_000
HIDE = """() => {
  let hidden = false;
  Object.defineProperty(document, 'hidden', {get: () => hidden});
  window.hide = now => { hidden = now; document.dispatchEvent(new Event('visibilitychange')) };
}"""


def posts(site: Site) -> int:
    return sum(one.method == "POST" for one in site.visits)


def partials(site: Site) -> list[tuple[int, bool]]:
    return [(one["score"], bool(one.get("partial"))) for one in site.world.items("response")]


def until_posted(site: Site, page: Page, number: int) -> None:
    end = time.monotonic() + 10
    while posts(site) < number:
        assert time.monotonic() < end, f"{posts(site)} posts, not {number}"
        page.wait_for_timeout(20)


@pytest.fixture
def site(open_site: OpenSite) -> Site:
    return open_site("ltr")


@pytest.fixture
def page(show: Show) -> Page:
    """A page whose clock stands until a test moves it."""
    one = show(logos=False).page
    one.clock.install(time=0)
    one.clock.pause_at(1)
    one.add_init_script(f"({HIDE})()")
    return one


def test_a_preselected_score_alone_keeps_nothing(site: Site, page: Page) -> None:
    page.goto(site.survey("?score=9"))
    page.clock.run_for(300 * SECOND)
    page.evaluate("hide(true)")
    page.goto("about:blank")
    page.wait_for_timeout(200)
    assert posts(site) == 0


def test_what_a_script_presses_keeps_nothing(site: Site, page: Page) -> None:
    page.goto(site.survey())
    page.clock.run_for(5 * SECOND)
    page.evaluate("""() => {
      const one = document.querySelector('input[name=score]');
      one.click();
      for (const kind of ['pointerdown', 'keydown', 'input', 'change']) {
        one.dispatchEvent(new Event(kind, {bubbles: true}));
      }
    }""")
    page.clock.run_for(300 * SECOND)
    page.evaluate("hide(true)")
    page.wait_for_timeout(200)
    assert posts(site) == 0
    assert partials(site) == []


def test_a_choice_is_kept_once_the_page_was_seen_for_three_seconds(site: Site, page: Page) -> None:
    page.goto(site.survey())
    score(page, 3)
    page.clock.run_for(2900)
    page.wait_for_timeout(200)
    assert posts(site) == 0
    page.clock.run_for(200)
    until_posted(site, page, 1)
    page.clock.run_for(50 * SECOND)
    page.wait_for_timeout(200)
    assert partials(site) == [(3, True)]
    assert posts(site) == 1
    # and who then presses Send has answered
    send(page)
    page.locator(".given").wait_for()
    assert partials(site) == [(3, False)]


def test_time_that_nobody_saw_the_page_does_not_count(site: Site, page: Page) -> None:
    page.goto(site.survey())
    page.evaluate("hide(true)")
    score(page, 3)
    page.clock.run_for(60 * SECOND)
    page.wait_for_timeout(200)
    assert posts(site) == 0
    page.evaluate("hide(false)")
    page.clock.run_for(3100)
    until_posted(site, page, 1)
    assert partials(site) == [(3, True)]


def test_a_person_who_leaves_has_chosen(site: Site, page: Page) -> None:
    page.goto(site.survey())
    page.clock.run_for(4 * SECOND)
    score(page, 8)
    assert posts(site) == 0
    page.goto("about:blank")
    until_posted(site, page, 1)
    assert partials(site) == [(8, True)]


def test_send_shows_the_thanks_without_a_reload_and_tells_who_cannot_see_them(site: Site, page: Page) -> None:
    page.goto(site.survey())
    page.evaluate("window.same = true")
    score(page, 9)
    page.locator("#comment").fill("Works well")
    send(page)
    page.locator(".given").wait_for()
    assert page.evaluate("window.same") is True
    expect(page.locator("h1")).to_be_focused()
    expect(page).to_have_title("Thank you")
    assert page.url == site.survey("?done=1")
    assert page.locator("a[hreflang=es]").get_attribute("href") == "?done=1&lang=es"
    found = site.world.stored(Response, REQUEST)
    assert (found.score, found.comment, found.rev, posts(site)) == (9, "Works well", 1, 1)
    page.reload()
    expect(page.locator(".given")).to_be_visible()


def test_a_refusal_is_announced_where_the_focus_is(site: Site, page: Page) -> None:
    page.goto(site.survey())
    page.locator("#comment").fill("Works well")
    page.evaluate("document.forms[0].noValidate = true")
    send(page)
    alert = page.get_by_role("alert").first
    expect(alert).to_be_focused()
    expect(alert).to_contain_text("please choose a score")
    expect(page).to_have_title(re.compile("^Error: "))
    expect(page.locator("#comment")).to_have_value("Works well")
    # and the form that came goes the same way
    score(page, 9)
    send(page)
    page.locator(".given").wait_for()
    assert site.world.stored(Response, REQUEST).comment == "Works well"


@pytest.mark.parametrize("trouble", ["no network", "no service"])
def test_trouble_on_the_way_loses_nothing_that_was_typed(site: Site, page: Page, trouble: str) -> None:
    page.goto(site.survey())
    score(page, 3)
    page.locator("#comment").fill("Too slow\nat night")
    if trouble == "no network":
        page.context.set_offline(True)
    else:
        site.world.dynamodb.fault = lambda operation, number: THROTTLED
    send(page)
    told = page.locator(".trouble")
    expect(told).to_contain_text("What you wrote is still here")
    expect(told).to_have_role("alert")
    expect(page.locator("#comment")).to_have_value("Too slow\nat night")
    expect(page.locator("input[name=score]:checked")).to_have_value("3")
    assert page.locator("[aria-busy]").count() == 0
    assert site.world.items("response") == []
    page.context.set_offline(False)
    site.world.dynamodb.fault = None
    send(page)
    page.locator(".given").wait_for()
    found = site.world.stored(Response, REQUEST)
    assert (found.score, found.comment, found.rev) == (3, "Too slow\nat night", 1)


def test_what_is_asked_follows_the_score(site: Site, page: Page) -> None:
    page.goto(site.survey())
    asked = {}
    for number in (2, 8, 10):
        score(page, number)
        asked[number] = (
            page.locator("label[for=comment] .for:visible").inner_text(),
            page.locator(".more:visible").count(),
        )
    assert len({words for words, _ in asked.values()}) == 3
    assert [count for _, count in asked.values()] == [3, 2, 2]
