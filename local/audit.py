"""The counters against a recount of everything that they count."""

import time
from collections import Counter
from dataclasses import dataclass

from local.progress import say
from shared.domain.counting import CounterKey
from shared.domain.monthly import month_of
from shared.domain.project import Project
from shared.domain.requests import SurveyRequest
from shared.domain.responses import Response
from shared.store import counters, counting_rules, lists, projects
from shared.store.stream import Countable

# The local stage's clock can be set forward.
_AHEAD = 366 * 86_400


@dataclass(frozen=True, slots=True)
class Audit:
    """A recount: how many records were read, and every counter whose value is not what they add up to."""

    records: int
    drift: dict[CounterKey, tuple[int, int]]


def run(project_id: str | None) -> int:
    """Audits one project, or all of them, and tells; returns 1 when a counter drifted."""
    chosen = [projects.load(project_id)] if project_id else projects.all_projects()
    found = {project.id: audit(project, int(time.time()) + _AHEAD) for project in chosen}
    for name, one in found.items():
        say(f"{name}: {one.records} records recounted, {len(one.drift)} counters drifted")
        for key, (counted, recounted) in sorted(one.drift.items()):
            say(f"  {key.month} {key.row} {key.name}: counted {counted}, recounted {recounted}")
    return 1 if any(one.drift for one in found.values()) else 0


def audit(project: Project, until: int) -> Audit:
    """Recounts a project from its responses and survey requests up to a time."""
    records: list[Countable] = [
        *lists.by_time(Response, "response", project.id, since=project.since, until=until),
        *lists.by_time(Response, "held", project.id, since=project.created_at, until=until),
        *lists.by_time(SurveyRequest, "request", project.id, since=project.created_at, until=until),
    ]
    recount: Counter[CounterKey] = Counter()
    for amounts in counters.contributions(counting_rules.load(project.id), records, counters.known).values():
        recount.update(amounts)
    counted = counters.all_months(project.id, _months(project, until))
    drift = {
        key: (counted.get(key, 0), recount[key])
        for key in counted.keys() | recount.keys()
        if counted.get(key, 0) != recount[key]
    }
    return Audit(len(records), drift)


def _months(project: Project, until: int) -> list[str]:
    last = month_of(until, project.zone)
    month, names = month_of(project.since, project.zone), []
    while month.start <= last.start:
        names.append(month.name)
        month = month.next()
    return names
