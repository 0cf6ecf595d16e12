"""A batch of stream images becomes counters: each record's newest revision, counted once."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from shared.domain.counting import (
    change,
    transactions,
)
from shared.domain.errors import BusyError
from shared.domain.project import Project
from shared.store import counters
from shared.store.stream import Countable
from shared.store.table import ChangedError

_ATTEMPTS = 10


def newest(records: Sequence[Countable]) -> Mapping[str, Sequence[Countable]]:
    """Folds a batch to the last revision of each record, by project; the order of the batch does not matter."""
    last: dict[str, Countable] = {}
    for record in records:
        known = last.get(counters.name_of(record))
        if known is None or known.rev < record.rev:
            last[counters.name_of(record)] = record
    by_project: dict[str, list[Countable]] = defaultdict(list)
    for record in last.values():
        by_project[record.project].append(record)
    return by_project


def count(project: Project, records: Sequence[Countable]) -> int:
    """Counts what these records contribute and is not counted yet; returns how many records moved.

    Raises BusyError when other workers stay in the way; nothing is lost, the batch comes again.
    """
    amounts = counters.contributions(project, records, counters.registered)
    moved = 0
    for _ in range(_ATTEMPTS):
        counted = counters.ledger(amounts)
        steps = (
            change(name, record.rev, amounts[name], counted.get(name))
            for record, name in ((record, counters.name_of(record)) for record in records)
        )
        changes = [step for step in steps if step]
        try:
            for group in transactions(changes):
                counters.apply(project.id, group)
                moved += len(group)
        except ChangedError:
            continue
        return moved
    raise BusyError("other workers count the same records; the batch comes again")
