"""Counters and the ledger of what is counted: the metrics table."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import batched

from shared.domain.counting import (
    ACCOUNT,
    MAX_ACTIONS,
    OTHER,
    TREND,
    Amounts,
    Change,
    CounterKey,
    DimensionValue,
    LedgerEntry,
    Rules,
    day_row,
    dimension_values,
    request_amounts,
    response_amounts,
    total,
    trend_row,
)
from shared.domain.nps import SCORES, Histogram
from shared.domain.project import MAX_DIMENSION_VALUES, Project
from shared.domain.responses import Response
from shared.domain.themes import THEME
from shared.outside.theming import themes_of
from shared.store import keys
from shared.store.attributes import Item
from shared.store.stream import Countable
from shared.store.table import Add, ChangedError, Delete, Put, Write, metrics

_known_values: set[tuple[str, DimensionValue]] = set()


Registrar = Callable[[str, Iterable[DimensionValue]], Mapping[DimensionValue, DimensionValue]]
"""Tells for a project's dimension values as what each is counted."""


def name_of(record: Countable) -> str:
    """The ledger's name of a record."""
    return f"{'response' if isinstance(record, Response) else 'request'}:{record.id}"


def contributions(rules: Rules, records: Sequence[Countable], registrar: Registrar) -> dict[str, Amounts]:
    """What each record contributes by the project's rules, by its name."""
    project = rules.project
    segments = {name_of(one): dimension_values(one, project) for one in records if isinstance(one, Response)}
    counted_as = registrar(project.id, [value for values in segments.values() for value in values])
    return {
        name_of(one): response_amounts(
            one, [*(counted_as[value] for value in segments[name_of(one)]), *_themes(one, project)], rules
        )
        if isinstance(one, Response)
        else request_amounts(one, project.zone)
        for one in records
    }


def _themes(response: Response, project: Project) -> list[DimensionValue]:
    """The themes of a comment, which need no registry: a taxonomy has few."""
    return [DimensionValue(THEME, name) for name in themes_of(response, project)] if response.counts else []


def ledger(record_names: Iterable[str]) -> dict[str, LedgerEntry]:
    """What is counted of these records (`response:<id>`, `request:<id>`)."""
    names = {keys.ledger(name): name for name in record_names}
    return {names[key]: _read_entry(item) for key, item in metrics().get_many(list(names)).items()}


def apply(project: str, changes: Sequence[Change]) -> None:
    """Moves the ledger and the counters on, all or nothing; at most what `transactions` puts into one group.

    Raises ChangedError when one of the records was counted by another worker since the ledger was read.
    """
    writes: list[Write] = [_ledger_put(change) for change in changes]
    rows: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for counter, amount in total(changes).items():
        rows[counter.month, counter.row][counter.name] = amount
    writes += [Add(keys.counters(project, *row), amounts) for row, amounts in rows.items()]
    if len(writes) > MAX_ACTIONS:
        raise ValueError(f"{len(writes)} actions do not fit one transaction")
    metrics().write(*writes)


def registered(project: str, values: Iterable[DimensionValue]) -> dict[DimensionValue, DimensionValue]:
    """Each value as it is counted: itself, or `other` once its dimension has 200 values.

    The registry's own condition decides, so that two workers agree on the two hundredth. A value never leaves it.
    """
    return {value: value if _is_registered(project, value) else value._replace(value=OTHER) for value in set(values)}


def known(project: str, values: Iterable[DimensionValue]) -> dict[DimensionValue, DimensionValue]:
    """Like `registered`, for those who only look: a value that has no counters of its own counts as `other`."""
    wanted = set(values)
    held = {
        dimension: (metrics().get(keys.registry(project, dimension)) or {}).get("known", set())
        for dimension in {value.dimension for value in wanted}
    }
    return {value: value if value.value in held[value.dimension] else value._replace(value=OTHER) for value in wanted}


def month_rows(project: str, month: str) -> dict[str, Item]:
    """All counter rows of a month, by row name: one query."""
    partition = keys.counters(project, month, "").pk
    return {item["sk"]: item for item in metrics().query(partition)}


def day_rows(project: str, month: str, first_day: str, last_day: str, trend: str = "") -> list[Item]:
    """The counter rows of a month's days from one to another (YYYY-MM-DD, both included), perhaps of a trend."""
    low, high = (
        keys.counters(project, month, trend_row(trend, day) if trend else day_row(day)) for day in (first_day, last_day)
    )
    return list(metrics().query(low.pk, low=low.sk, high=high.sk))


def rows(project: str, month: str, family: str) -> dict[str, Item]:
    """A month's rows whose names begin so, by the rest of their names: one query."""
    key = keys.counters(project, month, family)
    return {item["sk"].removeprefix(family): item for item in metrics().query(key.pk, prefix=family)}


def month_totals(project: str, months: Sequence[str]) -> dict[str, Item]:
    """The `all` rows of several months."""
    wanted = {keys.counters(project, month, "all"): month for month in months}
    return {wanted[key]: item for key, item in metrics().get_many(list(wanted)).items()}


def histogram(row: Mapping[str, int] | None) -> Histogram:
    """The histogram in a counter row."""
    return Histogram(tuple(int((row or {}).get(f"h{score}", 0)) for score in SCORES))


def all_months(project: str, months: Sequence[str]) -> dict[CounterKey, int]:
    """Every counter of these months, without zeros; for recounting."""
    return {
        CounterKey(month, row, name): value
        for month in months
        for row, item in _every_row(project, month)
        for name, value in item.items()
        if name not in {"pk", "sk"} and value
    }


def forget(project: str, months: Iterable[str], record_names: Iterable[str]) -> None:
    """Deletes the counters of these months and the ledger of these records; the dimensions keep their values.

    Cut off at any moment, it may be repeated; until everything is counted again the figures are too low.
    """
    for month in months:
        gone = [row for row, _ in _every_row(project, month)]
        for some in batched(gone, MAX_ACTIONS, strict=False):
            metrics().write(*(Delete(keys.counters(project, month, row)) for row in some))
    for names in batched(record_names, MAX_ACTIONS, strict=False):
        metrics().write(*(Delete(keys.ledger(name)) for name in names))


def repairs(project: str) -> int:
    """How many repairs of the project's counters there were."""
    item = metrics().get(keys.repair(project))
    return item["rev"] if item else 0


def mend(project: str, amounts: Amounts, repairs_before: int) -> None:
    """Adds to counters what they lack; rows for one transaction. Raises ChangedError when another repair came first."""
    key = keys.repair(project)
    rows: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for counter, amount in amounts.items():
        rows[counter.month, counter.row][counter.name] = amount
    metrics().write(
        Put({"pk": key.pk, "sk": key.sk, "rev": repairs_before + 1}, rev=repairs_before),
        *(Add(keys.counters(project, *row), amount) for row, amount in rows.items()),
    )


def _every_row(project: str, month: str) -> Iterator[tuple[str, Item]]:
    for family in ("", ACCOUNT, TREND):
        for item in metrics().query(keys.counters(project, month, family).pk):
            yield item["sk"], item


def _is_registered(project: str, value: DimensionValue) -> bool:
    if (project, value) in _known_values:
        return True
    key = keys.registry(project, value.dimension)
    try:
        metrics().update(
            key,
            "ADD known :one",
            condition="attribute_not_exists(known) OR size(known) < :cap OR contains(known, :value)",
            values={":one": {value.value}, ":cap": MAX_DIMENSION_VALUES, ":value": value.value},
        )
    except ChangedError:
        return False
    _known_values.add((project, value))
    return True


def _ledger_put(change: Change) -> Put:
    key = keys.ledger(change.record)
    amounts = {"|".join(counter): amount for counter, amount in change.entry.amounts.items()}
    item = {"pk": key.pk, "sk": key.sk, "counted": change.entry.rev, "amounts": amounts, "rules": change.entry.rules}
    return Put(item | {"rev": change.entry.written}, rev=change.entry.written - 1)


def _read_entry(item: Item) -> LedgerEntry:
    amounts = {_counter(name): amount for name, amount in item["amounts"].items()}
    return LedgerEntry(item["counted"], amounts, item["rules"], item["rev"])


def _counter(text: str) -> CounterKey:
    month, rest = text.split("|", 1)
    row, name = rest.rsplit("|", 1)
    return CounterKey(month, row, name)
