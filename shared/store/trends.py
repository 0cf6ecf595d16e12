"""A project's trends: one record with all of them, whose revision is the version of the project's counting rules."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from shared.domain import trends as rules
from shared.domain.errors import BusyError, ConflictError
from shared.domain.trends import Filter, Trend
from shared.store import keys, recounts
from shared.store.attributes import Item
from shared.store.table import ChangedError, Put, Write, records

_ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class Trends:
    """A project's trends, and the version of its counting rules; 0 before anything changed them."""

    every: tuple[Trend, ...] = ()
    version: int = 0


def of(project: str) -> Trends:
    """A project's trends as they are now."""
    return read(records().get(keys.trends(project)))


def read(item: Item | None) -> Trends:
    """The trends that a record holds."""
    if item is None:
        return Trends()
    return Trends(tuple(_trend(one) for one in item["trends"]), item["rev"])


def uncounted(project: str, trends: Sequence[Trend]) -> set[str]:
    """The ids of those trends in which earlier responses are not counted yet."""
    if not trends:
        return set()
    recount = recounts.find(project)
    return {one.id for one in trends if recount and one.rules > recount.base}


def make(project: str, trend_id: str, name: str, filter_: Filter, now: int) -> Trend:
    """Makes a trend and has earlier responses counted.

    Raises InvalidError for one that cannot be, and ConflictError when there is one of this id.
    """

    def new(version: int, known: Sequence[Trend]) -> Trend:
        if any(one.id == trend_id for one in known):
            raise ConflictError("there is a trend of this id; try again")
        return Trend(trend_id, name, filter_, version)

    return _with(project, new, now)


def change(project: str, trend_id: str, name: str | None, filter_: Filter | None, now: int) -> Trend:
    """Changes what is given; another filter is counted anew.

    Raises NotFoundError when there is no such trend, and InvalidError for one that cannot be.
    """

    def changed(version: int, known: Sequence[Trend]) -> Trend:
        before = rules.found(known, trend_id)
        after = Trend(trend_id, name or before.name, before.filter if filter_ is None else filter_, before.rules)
        return after if after.filter == before.filter else Trend(after.id, after.name, after.filter, version)

    return _with(project, changed, now)


def remove(project: str, trend_id: str, now: int) -> None:
    """Removes a trend; its counters are taken back. Raises NotFoundError when there is no such trend."""
    _write(project, lambda _, known: rules.without_trend(known, trend_id), now)


def counted_anew(project: str, kinds: Sequence[str], now: int) -> list[Write]:
    """The writes that make a new version of the rules, because something else than a trend changed them."""
    known = of(project)
    return [_put(project, known.every, known.version), recounts.wanted(project, known.version + 1, kinds, now)]


def _with(project: str, decide: Callable[[int, Sequence[Trend]], Trend], now: int) -> Trend:
    def every(version: int, known: Sequence[Trend]) -> tuple[Trend, ...]:
        made.append(decide(version, known))
        return rules.with_trend(known, made[-1])

    made: list[Trend] = []
    _write(project, every, now)
    return made[-1]


def _write(project: str, decide: Callable[[int, Sequence[Trend]], tuple[Trend, ...]], now: int) -> None:
    for _ in range(_ATTEMPTS):
        known = of(project)
        version = known.version + 1
        after = decide(version, known.every)
        writes: list[Write] = [_put(project, after, known.version)]
        if _rules(after) != _rules(known.every):
            writes.append(recounts.wanted(project, version, [recounts.RESPONSES], now))
        try:
            records().write(*writes)
        except ChangedError:
            continue
        return
    raise BusyError("these trends change all the time; try again")


def _rules(trends: Sequence[Trend]) -> dict[str, int]:
    return {one.id: one.rules for one in trends}


def _put(project: str, trends: Sequence[Trend], rev: int) -> Put:
    key = keys.trends(project)
    kept = [asdict(one) for one in trends]
    return Put({"pk": key.pk, "sk": key.sk, "kind": "trends", "trends": kept, "rev": rev + 1}, rev=rev)


def _trend(item: Item) -> Trend:
    return Trend(**item | {"filter": {name: tuple(values) for name, values in item["filter"].items()}})
