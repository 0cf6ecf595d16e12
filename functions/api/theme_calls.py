"""The call for what comments are about: themes side by side, and the phrases that set groups apart."""

from collections.abc import Mapping
from itertools import islice

from functions.api import figures, inputs, outputs
from functions.api.calls import Answer, Call, Route
from shared.domain import intervals, themes
from shared.domain.monthly import Month
from shared.domain.nps import Category
from shared.domain.project import Project
from shared.domain.responses import Response
from shared.domain.segments import Groups, compare
from shared.domain.themes import THEME
from shared.outside.theming import phrases_of
from shared.store import lists
from shared.store.api_keys import Scope

MOST_COMMENTS = 2_000
"""Of each period, the newest so many comments are read for their phrases."""
MOST_CHARACTERS = 1_000_000
"""And no more than about so many characters: half a second's work."""
MOST_RESPONSES = 10_000
"""And no further back than so many responses: most may have no comment."""

_Said = list[tuple[Response, Mapping[str, str]]]


def get_themes(call: Call[inputs.ThemesQuery]) -> Answer:
    """The themes of whole months beside as many months before, and the phrases that tell groups and periods apart."""
    query, project = call.given, call.project
    months = intervals.months(query.since, query.until, now=call.now, zone=project.zone)
    earlier = intervals.before(months)
    (now, whole), (before, whole_before) = (_said(project, these, call.now) for these in (months, earlier))
    comparison = compare(_groups(project, months), _groups(project, earlier), add_up=False)
    return Answer(
        {
            **figures.range_of(project, figures.all_days(months)),
            "previous": figures.range_of(project, figures.all_days(earlier)),
            "themes": [outputs.theme(one) for one in comparison.segments],
            "phrases": {
                "promoters": _apart(now, Category.PROMOTER),
                "detractors": _apart(now, Category.DETRACTOR),
                "rising": outputs.phrases(themes.distinguishing(_voices(now), _voices(before))),
            },
            "comments_read": len(now),
            "comments_read_before": len(before),
            "every_comment_read": whole and whole_before,
        }
    )


def _groups(project: Project, months: list[Month]) -> Groups:
    found: Groups = {name: one for name, one in figures.value_histograms(project, months, THEME).items() if one.n}
    return found


def _said(project: Project, months: list[Month], now: int) -> tuple[_Said, bool]:
    """The comments of some months with their phrases, the newest first; and whether they are all that there are."""
    listed = lists.by_time(
        Response,
        "response",
        project.id,
        since=months[0].start,
        until=min(months[-1].end - 1, now),
        newest_first=True,
    )
    said: _Said = []
    characters = 0
    for one in islice(listed, MOST_RESPONSES):
        if len(said) == MOST_COMMENTS or characters >= MOST_CHARACTERS:
            return said, False
        if one.comment:
            characters += len(one.comment)
            said.append((one, phrases_of(one, project)))
    return said, next(listed, None) is None


def _apart(said: _Said, category: Category) -> list[outputs.Shape]:
    """What people of a category say more than everybody else."""
    theirs = _voices([(one, phrases) for one, phrases in said if one.category is category])
    others = _voices([(one, phrases) for one, phrases in said if one.category is not category])
    return outputs.phrases(themes.distinguishing(theirs, others))


def _voices(said: _Said) -> list[Mapping[str, str]]:
    """The phrases of each person: one who answers often is one voice."""
    found: dict[str, dict[str, str]] = {}
    for one, phrases in said:
        found.setdefault(one.person or one.id, {}).update(phrases)
    return list(found.values())


ROUTES = (Route("GET", "metrics/themes", Scope.READ, inputs.ThemesQuery, get_themes),)
