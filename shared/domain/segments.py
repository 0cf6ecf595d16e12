"""Segments side by side: what may be told of each, and how each changed.

A segment with fewer than five answers is hidden, because its figures would tell who said what. Hiding it alone is not
enough: whoever knows the whole, and the other segments, has the hidden one by subtraction. So where what is hidden
comes to fewer than five answers, the smallest segment that is shown is hidden too, and so on; what is hidden is then
several segments. What has no value of the property is a segment like any other: segments add up to the whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.domain.nps import COUNTS_FROM, Change, Histogram, Shown

Groups = Mapping[str | None, Histogram]
"""The answers of each value of a property; None: of those who have none."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One segment of a period. `histogram` may be told unless `shown` is hidden, its score when it is `score`.

    `previous` and `change` are of the period before, where both may tell their score.
    """

    value: str | None
    shown: Shown
    histogram: Histogram
    previous: Histogram | None = None
    change: Change | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """All segments of a period, the largest first and the hidden ones last, by name.

    `hidden_count` is how many answers the hidden ones have together; None when nothing is hidden, or too few are.
    """

    segments: list[Compared]
    hidden_count: int | None


def with_rest(values: Mapping[str, Histogram], whole: Histogram) -> Groups:
    """The segments, and as None all answers of the whole that are in none of them."""
    counted = Histogram()
    for one in values.values():
        counted += one
    rest = Histogram(tuple(max(0, a - b) for a, b in zip(whole.counts, counted.counts, strict=True)))
    found: dict[str | None, Histogram] = {value: one for value, one in values.items() if one.n}
    return found | {None: rest} if rest.n else found


def compare(now: Groups, previous: Groups, *, add_up: bool = True) -> Comparison:
    """A period's segments, each with its change since the period before.

    Groups that overlap, as themes do, do not `add_up` to the whole: none is had from the others by subtraction.
    """
    hidden, hidden_before = (hidden_in(groups) if add_up else _small(groups) for groups in (now, previous))
    pool = sum(now[value].n for value in hidden)
    told = sorted(now.keys() - hidden, key=lambda value: (-now[value].n, value or ""))
    shown = [_compared(value, now[value], None if value in hidden_before else previous.get(value)) for value in told]
    silent = [Compared(value, "hidden", Histogram()) for value in sorted(hidden, key=lambda value: value or "")]
    return Comparison(shown + silent, pool if pool >= COUNTS_FROM else None)


def shown_in(groups: Groups, value: str) -> Shown:
    """How much may be told of one of the segments."""
    return "hidden" if value not in groups or value in hidden_in(groups) else groups[value].shown


def hidden_in(groups: Groups) -> set[str | None]:
    """The segments of which nothing may be told: the small ones, and those that would give them away."""
    hidden = _small(groups)
    others = sorted(groups.keys() - hidden, key=lambda value: (groups[value].n, value or ""))
    while hidden and others and sum(groups[value].n for value in hidden) < COUNTS_FROM:
        hidden.add(others.pop(0))
    return hidden


def _small(groups: Groups) -> set[str | None]:
    return {value for value, one in groups.items() if one.shown == "hidden"}


def _compared(value: str | None, now: Histogram, before: Histogram | None) -> Compared:
    if before is None or now.shown != "score" or before.shown != "score":
        return Compared(value, now.shown, now)
    return Compared(value, now.shown, now, previous=before, change=now.change_since(before))
