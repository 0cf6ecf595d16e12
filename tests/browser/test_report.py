"""The report as a browser draws it: on a telephone, on a desk and on paper, in both directions of writing."""

from dataclasses import replace

import pytest

from shared.domain.figures import Figures
from shared.render import report
from shared.render.color import contrast
from tests.browser import axe
from tests.browser.conftest import Shoot, Show
from tests.browser.mail_samples import DIRECTIONS, project
from tests.browser.measures import overhang, texts
from tests.unit.render.rendering_samples import some_figures

LONG = "Universitätsklinikum Donaudampfschifffahrtselektrizitätenhauptbetriebswerk Nord"
A4 = 680
"""What is left of a page's width between its margins, in CSS pixels."""
TEXT_CONTRAST = 4.5

# What is cut off at the side: on paper nobody scrolls.
_CUT = "all => all.filter(one => one.scrollWidth > one.clientWidth).map(one => one.innerText)"


def a_month() -> Figures:
    figures = some_figures(LONG)
    figures["accounts_at_risk"][0] |= {"renewal_date": "2027-01-31", "arr": "48000", "owner_email": "mara@example.com"}
    figures["quality"] = [{"name": "Recount", "value": "matches", "note": "The counters against the responses."}]
    return figures


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize(("width", "dark"), [(320, True), (320, False), (900, False)])
def test_a_report_with_long_names_fits_and_is_for_everybody(
    show: Show, shot: Shoot, direction: str, width: int, dark: bool
) -> None:
    page = show(report.html(project(direction), a_month()), width=width, dark=dark).page
    shot(page, f"report/{direction}-{width}-{'dark' if dark else 'light'}")
    assert overhang(page) == 0
    assert [one for one in texts(page) if contrast(one.ink, one.behind) < TEXT_CONTRAST] == []
    assert axe.violations(page) == []
    assert page.locator(".segments").evaluate_all(_CUT) == []


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_paper_cuts_nothing_off(show: Show, shot: Shoot, direction: str) -> None:
    page = show(report.html(project(direction), a_month()), width=A4).page
    page.emulate_media(media="print")
    shot(page, f"report/{direction}-print")
    assert overhang(page) == 0
    assert page.locator(".wide").evaluate_all(_CUT) == []


def test_a_month_without_answers_is_a_whole_report(show: Show, shot: Shoot) -> None:
    figures = replace_counts(a_month())
    page = show(report.html(replace(project("ltr"), name=LONG), figures), width=320).page
    shot(page, "report/empty")
    assert overhang(page) == 0
    assert axe.violations(page) == []
    assert page.get_by_text("No answers").is_visible()


def replace_counts(figures: Figures) -> Figures:
    """The month as if nobody had been asked."""
    figures |= {"histogram": [0] * 11, "score": None, "interval": None, "responses": 0, "promoters": 0, "passives": 0}
    figures |= {"detractors": 0, "previous": None, "change": None, "trend": [], "segments": [], "verbatims": []}
    figures["accounts_at_risk"] = []
    for name in figures["funnel"]:
        figures["funnel"][name] = 0  # type: ignore[literal-required]
    return figures
