"""Each night: do the counters of this month and the last say what the responses say?

What it costs is bounded: two months, responses only, and no longer than a run. Older months change by erasures and
corrections alone; `hearback audit` looks at everything.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from shared.domain.monthly import month_of
from shared.domain.project import DAY, Project
from shared.store import audits, projects, recounts
from shared.store.audits import Audit
from shared.store.stream import Countable

PAUSE_SECONDS = 10
"""How long a record may be on its way to the counters when something seems to have drifted."""

_AHEAD = 366 * DAY


class TimeUpError(Exception):
    """There was no time to read everything."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What one project's night came to; an audit that was not done tells nothing of drift."""

    project: str
    audit: Audit | None


def run(now: int, enough: Callable[[], bool]) -> Iterator[Checked]:
    """Audits every project, until `enough` says that the time is up.

    One that is being counted again by new rules is left for the next night: its counters are of two kinds.
    """
    counted_again = {one.project for one in recounts.pending()}
    for project in projects.all_projects():
        if project.id in counted_again:
            yield Checked(project.id, None)
            continue
        try:
            yield Checked(project.id, _checked(project, now, enough))
        except TimeUpError:
            yield Checked(project.id, None)


def _checked(project: Project, now: int, enough: Callable[[], bool]) -> Audit:
    first = _audit(project, now, enough)
    if not first.drift:
        return first
    time.sleep(PAUSE_SECONDS)
    return audits.lasting(first, _audit(project, now, enough))


def _audit(project: Project, now: int, enough: Callable[[], bool]) -> Audit:
    current = month_of(now, project.zone)
    before = month_of(current.start - 1, project.zone)
    found = audits.responses(project, before.start, now + _AHEAD)
    return audits.audit(project, [before.name, current.name], _until(found, enough), only_responses=True)


def _until(found: Iterable[Countable], enough: Callable[[], bool]) -> Iterator[Countable]:
    for one in found:
        if enough():
            raise TimeUpError
        yield one
