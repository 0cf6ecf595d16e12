"""Counters mended under the ledger, while `score` goes on counting.

`score` moves a record's ledger row and its counters in one transaction. So the difference between a counter and the sum
of the ledger stays the same whatever `score` does, and may be added back at any time once it is known exactly: nothing
is ever overwritten. It is known when the ledger was the same before and after the counters were read.
"""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import batched

from functions.score import fold
from shared.domain.counting import CounterKey, LedgerEntry
from shared.domain.errors import BusyError
from shared.domain.project import Project
from shared.domain.requests import SurveyRequest
from shared.domain.responses import Response
from shared.store import audits, counters
from shared.store.audits import Drift
from shared.store.records import load_many
from shared.store.stream import Countable
from shared.store.table import ChangedError

PAUSE_SECONDS = 5.0
"""How long the list of records may lag behind the records."""

_ATTEMPTS = 5
_GROUP = 100

Ledger = dict[str, LedgerEntry]


@dataclass(frozen=True, slots=True)
class Done:
    """How many records were counted again, and how many counters mended."""

    moved: int
    mended: int


def repair(project: Project, until: int) -> Done:
    """Counts every record as the rules say, whatever was counted of it, and adds to each counter what it lacks.

    It may be repeated, and may be cut off at any moment. Raises BusyError when too much is counted meanwhile, or
    another repair runs.
    """
    moved = 0
    for group in batched(audits.everything(project, until), _GROUP, strict=False):
        moved += fold.count(project.id, _stored(group), anew=True)
    return Done(moved, _align(project, until))


def _stored(listed: Sequence[Countable]) -> list[Countable]:
    """The records themselves: their list may lag behind."""
    responses = load_many(Response, [one.id for one in listed if isinstance(one, Response)])
    requests = load_many(SurveyRequest, [one.id for one in listed if isinstance(one, SurveyRequest)])
    return [*responses, *requests]


def rebuild(project: Project, until: int) -> Done:
    """Forgets the counters and the ledger, and counts everything again; until it is done the figures are too low."""
    names = [counters.name_of(one) for one in audits.everything(project, until)]
    counters.forget(project.id, audits.months(project, until), names)
    return repair(project, until)


def _align(project: Project, until: int) -> int:
    for _ in range(_ATTEMPTS):
        guard = counters.repairs(project.id)
        before = _ledger(project, until)
        counted = counters.all_months(project.id, audits.months(project, until))
        time.sleep(PAUSE_SECONDS)
        after = _ledger(project, until)
        unsure = _touched(before, after)
        if unsure is None:
            continue
        found = audits.drift(counted, _sum(after), audits.months(project, until))
        known = {key: values for key, values in found.items() if key not in unsure}
        try:
            _add(project, known, guard)
        except ChangedError as error:
            raise BusyError("another repair of this project runs; try again") from error
        if len(known) == len(found):
            return len(known)
    raise BusyError("too much is counted in this project just now; repeat the repair later")


def _add(project: Project, drift: Drift, guard: int) -> None:
    missing = {key: wanted - counted for key, (counted, wanted) in drift.items()}
    rows: dict[tuple[str, str], dict[CounterKey, int]] = {}
    for key, amount in missing.items():
        rows.setdefault((key.month, key.row), {})[key] = amount
    for number, some in enumerate(batched(rows.values(), _GROUP - 1, strict=False)):
        counters.mend(project.id, {key: value for row in some for key, value in row.items()}, guard + number)


def _ledger(project: Project, until: int) -> Ledger:
    found: Ledger = {}
    for group in batched(audits.everything(project, until), _GROUP, strict=False):
        names = [counters.name_of(one) for one in group]
        known = counters.ledger(names)
        found |= {name: known.get(name, LedgerEntry(0)) for name in names}
    return found


def _sum(ledger: Ledger) -> Counter[CounterKey]:
    total: Counter[CounterKey] = Counter()
    for entry in ledger.values():
        total.update(entry.amounts)
    return total


def _touched(before: Ledger, after: Ledger) -> set[CounterKey] | None:
    """The counters that were moved between two readings of the ledger; None when nobody can tell."""
    nothing = LedgerEntry(0)
    keys: set[CounterKey] = set()
    for name in before.keys() | after.keys():
        one, other = before.get(name, nothing), after.get(name, nothing)
        if other.written - one.written not in {0, 1}:
            return None
        if other.written != one.written or name not in before:
            keys |= one.amounts.keys() | other.amounts.keys()
    return keys
