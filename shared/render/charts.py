"""The geometry of a report's charts: across in percent, so that they fit any width, and down in pixels."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from shared.domain.figures import TrendMonth
from shared.domain.nps import category

BAR_HEIGHT = 150
TREND_HEIGHT = 180

_TICKS_EVERY = 25


@dataclass(frozen=True, slots=True)
class Bar:
    """One score's bar: `x`, `middle` and `width` in percent, `y` and `height` in pixels."""

    score: int
    count: int
    category: str
    x: float
    middle: float
    width: float
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Tick:
    """A horizontal line of the trend."""

    value: int
    y: float


@dataclass(frozen=True, slots=True)
class Point:
    """A month of the trend: its middle and left edge in percent, its score and interval in pixels from the top."""

    month: str
    score: int
    x: float
    y: float
    top: float
    bottom: float
    last: bool


@dataclass(frozen=True, slots=True)
class Column:
    """A month's place on the axis."""

    month: str
    x: float


@dataclass(frozen=True, slots=True)
class Trend:
    """The trend as ticks, columns and points; neighbouring months with answers are joined by `steps`."""

    ticks: list[Tick]
    columns: list[Column]
    points: list[Point]
    steps: list[tuple[Point, Point]]


def distribution(histogram: Sequence[int]) -> list[Bar]:
    """The bars of the answers 0 to 10; the tallest is `BAR_HEIGHT` high."""
    tallest, slot = max(*histogram, 1), 100 / len(histogram)
    bars = []
    for score, count in enumerate(histogram):
        height = _px(BAR_HEIGHT * count / tallest)
        bars.append(
            Bar(
                score=score,
                count=count,
                category=category(score).value,
                x=_px(score * slot + slot * 0.12),
                middle=_px(score * slot + slot / 2),
                width=_px(slot * 0.76),
                y=_px(BAR_HEIGHT - height),
                height=height,
            )
        )
    return bars


def trend(months: Sequence[TrendMonth]) -> Trend:
    """The scores of the months, with their intervals, on the part of -100 to 100 that they need."""
    low, high = _range(months)
    slot = 100 / max(1, len(months))

    def down(value: float) -> float:
        return _px(TREND_HEIGHT * (high - value) / (high - low))

    points: dict[int, Point] = {}
    for place, month in enumerate(months):
        if month["score"] is None:
            continue
        bounds = month["interval"] or [month["score"], month["score"]]
        points[place] = Point(
            month=month["month"],
            score=month["score"],
            x=_px(slot * (place + 0.5)),
            y=down(month["score"]),
            top=down(bounds[1]),
            bottom=down(bounds[0]),
            last=place == len(months) - 1,
        )
    return Trend(
        ticks=[Tick(value, down(value)) for value in range(high, low - 1, -_TICKS_EVERY)],
        columns=[Column(month["month"], _px(slot * (place + 0.5))) for place, month in enumerate(months)],
        points=list(points.values()),
        steps=[(points[a], points[b]) for a, b in pairwise(points) if b == a + 1],
    )


def _range(months: Sequence[TrendMonth]) -> tuple[int, int]:
    values = list(_bounds(months))
    low, high = min(values, default=0.0), max(values, default=50.0)
    lower = max(-100, int(low // _TICKS_EVERY) * _TICKS_EVERY)
    upper = min(100, -int(-high // _TICKS_EVERY) * _TICKS_EVERY)
    return lower, max(upper, lower + 2 * _TICKS_EVERY)


def _bounds(months: Sequence[TrendMonth]) -> Iterator[float]:
    for month in months:
        if month["score"] is not None:
            yield month["score"]
            yield from month["interval"] or []


def _px(value: float) -> float:
    return round(value, 2)
