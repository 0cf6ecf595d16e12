"""Mails as a browser draws them, on a telephone and on a desk, by day and by night, in both directions of writing.

Not verified in Gmail, Outlook or Apple Mail themselves: these pictures are Chromium's, and that mails keep to what
those programs draw is checked by the static rules of `tests/unit/render/test_render_mails.py`.
"""

import pytest

from shared.render.color import contrast
from tests.browser.conftest import Shoot, Show
from tests.browser.mail_samples import DIRECTIONS, LOGO, messages
from tests.browser.measures import boxes, color, overhang, texts

THUMB = 44
TEXT_CONTRAST, CONTROL_CONTRAST = 4.5, 3.0
KINDS = tuple(messages("ltr"))


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 680])
@pytest.mark.parametrize("kind", KINDS)
def test_a_mail_is_legible_fits_its_window_and_has_buttons_for_thumbs(
    show: Show, shot: Shoot, kind: str, width: int, scheme: str, direction: str
) -> None:
    shown = show(messages(direction)[kind].html, width=width, dark=scheme == "dark")
    shot(shown.page, f"mails/{kind}-{width}-{scheme}-{direction}")

    assert overhang(shown.page) == 0
    seen = texts(shown.page)
    assert len(seen) > 5
    assert [one for one in seen if contrast(one.ink, one.behind) < TEXT_CONTRAST] == []
    buttons = boxes(shown.page, ".score, .button")
    assert len(buttons) == {"invitation": 11, "reminder": 11, "bounce_notice": 0}.get(kind, 1)
    assert [one for one in buttons if one.height < THUMB or one.width < THUMB] == []
    pressed = boxes(shown.page, ".score a, .button a")
    assert [one for one in pressed if one.height < THUMB] == []
    assert set(shown.asked) == ({LOGO} if direction == "ltr" else set())
    framed = boxes(shown.page, ".frame")
    assert len(framed) == (kind in {"alert", "bounce_notice"})
    if framed:  # what has to be done first stands out by night too
        frame = color(shown.page, ".frame", "borderTopColor")
        assert contrast(frame, color(shown.page, ".card", "backgroundColor")) >= CONTROL_CONTRAST


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_mail_reads_from_its_own_side(show: Show, direction: str) -> None:
    page = show(messages(direction)["invitation"].html, width=700).page
    title, card = page.locator("h1"), page.locator(".card")
    left = page.evaluate(
        "title => {const range = document.createRange(); range.selectNodeContents(title);"
        " return range.getBoundingClientRect().left - title.getBoundingClientRect().left}",
        title.element_handle(),
    )
    assert page.locator("html").get_attribute("dir") == direction
    assert (left < 1) == (direction == "ltr")
    assert card.count() == 1


def test_the_scores_stand_in_one_row_on_a_desk_and_in_two_on_a_telephone(show: Show) -> None:
    rows = {}
    for width in (320, 360, 700):
        page = show(messages("ltr")["invitation"].html, width=width).page
        tops = page.eval_on_selector_all(".score", "all => all.map(one => Math.round(one.getBoundingClientRect().top))")
        rows[width] = len(set(tops))
        assert overhang(page) == 0
    assert rows == {320: 2, 360: 2, 700: 1}


def test_on_a_telephone_the_scores_stand_in_columns(show: Show) -> None:
    for direction, edge in (("ltr", "left"), ("rtl", "right")):
        page = show(messages(direction)["invitation"].html, width=320).page
        edges = page.eval_on_selector_all(
            ".score", "(all, edge) => all.map(one => Math.round(one.getBoundingClientRect()[edge]))", edge
        )
        assert edges[6:] == edges[:5], direction


def test_what_people_must_not_see_cannot_be_seen_or_pressed(show: Show) -> None:
    page = show(messages("ltr")["invitation"].html).page
    trap = page.locator("a[href$='?trap=1']")
    assert trap.count() == 1
    assert not trap.is_visible()
    page.locator("body").press("Tab")
    reached = []
    for _ in range(20):
        reached.append(page.evaluate("document.activeElement.getAttribute('href') || ''"))
        page.keyboard.press("Tab")
    assert not any("trap" in address for address in reached)
    assert any("score=0" in address for address in reached)
