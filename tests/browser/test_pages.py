"""Every state of the hosted pages, in both directions of writing: what axe finds, what a thumb hits, what is wide.

The pictures of them are in `artefacts/pages`, to be looked at.
"""

import pytest

from shared.render.color import contrast
from tests.browser import axe
from tests.browser.conftest import OpenSite, Shoot, Show
from tests.browser.mail_samples import LOGO
from tests.browser.measures import color, focus_marks, overhang, tab_stops, targets, texts
from tests.browser.page_states import STATES
from tests.browser.site import DIRECTIONS

LOCALES = {"ltr": "en-US", "rtl": "ar-SA"}
THUMB = 44
TEXT_CONTRAST = 4.5
LOOKS = {"ltr": ((320, False), (1280, True)), "rtl": ((320, True), (768, False))}
"""Widths, and whether it is night: a cross-section, as each picture takes its time."""


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("state", list(STATES))
def test_a_page_is_for_everybody_in_each_state(
    open_site: OpenSite, show: Show, shot: Shoot, state: str, direction: str
) -> None:
    site, shown = open_site(direction), show(width=320, locale=LOCALES[direction], logos=False)
    page = shown.page
    STATES[state](site, page)

    # then it says so in its own direction, to machines as well
    assert page.locator("html").get_attribute("dir") == direction
    assert axe.violations(page) == []

    # then it fits each window, is legible by day and by night, and is drawn for people to look at
    for width, dark in LOOKS[direction]:
        page.set_viewport_size({"width": width, "height": 720})
        page.emulate_media(color_scheme="dark" if dark else "light")
        shot(page, f"pages/{state}-{direction}-{width}-{'dark' if dark else 'light'}")
        assert overhang(page) == 0, width
        assert [one for one in texts(page) if contrast(one.ink, one.behind) < TEXT_CONTRAST] == []
        assert [one for one in targets(page) if one.height < THUMB or one.width < THUMB] == []

    # then the keyboard reaches everything, and one sees where it is
    marks = focus_marks(page)
    assert [one for one in marks if not one.seen] == []
    assert len(marks) == tab_stops(page)
    assert shown.asked == []


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_logo_stands_at_the_beginning_of_a_line_and_is_named(
    open_site: OpenSite, show: Show, shot: Shoot, direction: str
) -> None:
    site, shown = open_site(direction), show(width=768, dark=True, locale=LOCALES[direction])
    site.change(brand={"logo_url": LOGO})
    STATES["survey-preselected"](site, shown.page)
    shot(shown.page, f"pages/logo-{direction}")
    assert shown.asked == [LOGO]
    assert axe.violations(shown.page) == []
    assert shown.page.get_by_alt_text(site.change().brand.name).count() == 1
    assert overhang(shown.page) == 0
    # a logo is drawn for paper: by night it keeps a piece of it
    assert color(shown.page, ".logo", "backgroundColor") == "#ffffff"
