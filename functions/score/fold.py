"""A batch of stream images becomes counters: each record's newest revision, counted once."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from shared.domain.counting import StaleError, change, transactions
from shared.domain.errors import BusyError
from shared.store import counters, counting_rules
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


def count(project: str, records: Sequence[Countable], *, anew: bool = False) -> int:
    """Counts what these records contribute and is not counted yet; returns how many records moved.

    With `anew` also what the ledger says is counted already, if it says something else than the rules.

    Raises NotFoundError when there is no such project, and BusyError when other workers stay in the way; nothing is
    lost, the batch comes again.
    """
    moved = 0
    for _ in range(_ATTEMPTS):
        rules = counting_rules.load(project)
        amounts = counters.contributions(rules, records, counters.registered)
        counted = counters.ledger(amounts)
        try:
            steps = (
                change(name, record.rev, amounts[name], counted.get(name), rules.version, anew=anew)
                for record, name in ((record, counters.name_of(record)) for record in records)
            )
            for group in transactions([step for step in steps if step]):
                counters.apply(project, group)
                moved += len(group)
        except (ChangedError, StaleError):
            continue
        return moved
    raise BusyError("other workers count the same records; the batch comes again")
