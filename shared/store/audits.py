"""The counters against a recount of everything that they count."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import batched

from shared.domain.counting import Amounts, CounterKey
from shared.domain.monthly import month_of
from shared.domain.project import Project
from shared.domain.requests import SurveyRequest
from shared.domain.responses import Response
from shared.store import counters, counting_rules, lists
from shared.store.stream import Countable

OF_REQUESTS = frozenset({"sent", "delivered", "bounced", "answered", "throttled", "suppressed"})
"""The counters of the funnel's requests, which count in another month than that in which they were made."""

_GROUP = 500

Drift = dict[CounterKey, tuple[int, int]]
"""Every counter whose value is not what it should be: what it holds, and what it should."""


@dataclass(frozen=True, slots=True)
class Audit:
    """A recount: how many records were read, and what drifted."""

    records: int
    drift: Drift


def audit(project: Project, months: Sequence[str], records: Iterable[Countable], *, only_responses: bool) -> Audit:
    """Recounts these records against the counters of these months."""
    rules = counting_rules.load(project.id)
    recount: Counter[CounterKey] = Counter()
    number = 0
    for group in batched(records, _GROUP, strict=False):
        number += len(group)
        for amounts in counters.contributions(rules, group, counters.known).values():
            recount.update(amounts)
    return Audit(number, drift(counters.all_months(project.id, months), recount, months, only_responses=only_responses))


def drift(
    counted: Mapping[CounterKey, int], wanted: Amounts, months: Sequence[str], *, only_responses: bool = False
) -> Drift:
    """Where counters of these months are not what they should be."""
    chosen = {
        key
        for key in counted.keys() | wanted.keys()
        if key.month in months and not (only_responses and key.name in OF_REQUESTS)
    }
    return {
        key: (counted.get(key, 0), wanted.get(key, 0)) for key in chosen if counted.get(key, 0) != wanted.get(key, 0)
    }


def months(project: Project, until: int) -> list[str]:
    """The months, in the project's time zone, in which something may be counted up to a time."""
    last = month_of(until, project.zone)
    month, names = month_of(project.since, project.zone), []
    while month.start <= last.start:
        names.append(month.name)
        month = month.next()
    return names


def lasting(first: Audit, second: Audit) -> Audit:
    """What two audits agree on.

    A record that was written while they read is in one and not in the other; a counter that really drifted differs by
    the same in both, whatever is counted meanwhile.
    """

    def agrees(key: CounterKey) -> bool:
        one, other = first.drift.get(key, (0, 0)), second.drift[key]
        return one[0] - one[1] == other[0] - other[1]

    return Audit(second.records, {key: values for key, values in second.drift.items() if agrees(key)})


def everything(project: Project, until: int) -> Iterator[Countable]:
    """All that a project counts, up to a time."""
    yield from responses(project, project.since, until)
    yield from lists.by_time(SurveyRequest, "request", project.id, since=project.created_at, until=until)


def responses(project: Project, since: int, until: int) -> Iterator[Response]:
    """A project's responses, with those that do not count."""
    yield from lists.by_time(Response, "response", project.id, since=max(since, project.since), until=until)
    yield from lists.by_time(Response, "held", project.id, since=max(since, project.created_at), until=until)
