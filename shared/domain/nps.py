"""Net Promoter Score: categories, the histogram of answers 0 to 10, the score and its uncertainty."""

from dataclasses import dataclass
from enum import StrEnum
from math import sqrt
from typing import Literal

SCORES = range(11)
SCORE_FROM = 10
"""From so many answers on a segment's score is told. Below it one person moves the score by 10 points or more."""
COUNTS_FROM = 5
"""From so many answers on a segment's counts are told. Fewer would tell who said what."""

Shown = Literal["score", "counts", "hidden"]
"""How much of a segment may be told."""

_Z95 = 1.959963984540054


class Category(StrEnum):
    """What a score says of the person who gave it."""

    PROMOTER = "promoter"
    PASSIVE = "passive"
    DETRACTOR = "detractor"


def category(score: int) -> Category:
    """The category of a score: promoter 9-10, passive 7-8, detractor 0-6.

    Raises ValueError when the score is not one of the eleven.
    """
    if score not in SCORES:
        raise ValueError(f"a score is 0 to 10, not {score}")
    if score >= 9:
        return Category.PROMOTER
    return Category.PASSIVE if score >= 7 else Category.DETRACTOR


def round_half_away_from_zero(numerator: int, denominator: int) -> int:
    """The nearest integer to numerator / denominator, halves away from zero, in exact integer arithmetic."""
    sign = -1 if numerator < 0 else 1
    return sign * ((2 * abs(numerator) + denominator) // (2 * denominator))


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95% confidence interval of a score, in points from -100 to 100."""

    low: float
    high: float

    @property
    def margin(self) -> float:
        """Half the interval's width, in points."""
        return (self.high - self.low) / 2


@dataclass(frozen=True, slots=True)
class Change:
    """The difference between two periods' scores, in points, and whether chance explains it."""

    points: int
    z: float

    @property
    def significant(self) -> bool:
        """True when the two-sided test at the 5% level rejects "no change".

        Of two periods of one size that differ by chance alone, at most 6 in 100 are called different; of small ones,
        fewer: the adjustment that keeps their intervals honest makes the test careful.
        """
        return abs(self.z) > _Z95


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many people gave each score; everything else about a group's NPS derives from it."""

    counts: tuple[int, ...] = (0,) * 11

    def __post_init__(self) -> None:
        if len(self.counts) != len(SCORES):
            raise ValueError(f"a histogram has 11 counts, not {len(self.counts)}")

    def __add__(self, other: "Histogram") -> "Histogram":
        return Histogram(tuple(a + b for a, b in zip(self.counts, other.counts, strict=True)))

    @property
    def n(self) -> int:
        """The number of answers."""
        return sum(self.counts)

    @property
    def detractors(self) -> int:
        """Answers 0 to 6."""
        return sum(self.counts[0:7])

    @property
    def passives(self) -> int:
        """Answers 7 and 8."""
        return sum(self.counts[7:9])

    @property
    def promoters(self) -> int:
        """Answers 9 and 10."""
        return sum(self.counts[9:11])

    @property
    def shown(self) -> Shown:
        """How much of a segment with these answers may be told."""
        if self.n < COUNTS_FROM:
            return "hidden"
        return "score" if self.n >= SCORE_FROM else "counts"

    def score(self) -> int | None:
        """Percent promoters minus percent detractors, -100 to 100; None without answers.

        The difference is taken before the one rounding, halves away from zero, so that
        mirrored groups have mirrored scores.
        """
        if self.n == 0:
            return None
        return round_half_away_from_zero(100 * (self.promoters - self.detractors), self.n)

    def percent(self, group: Category) -> int:
        """The share of a category in percent, rounded half away from zero; 0 without answers."""
        if self.n == 0:
            return 0
        members = {
            Category.PROMOTER: self.promoters,
            Category.PASSIVE: self.passives,
            Category.DETRACTOR: self.detractors,
        }[group]
        return round_half_away_from_zero(100 * members, self.n)

    def interval(self) -> Interval | None:
        """The 95% adjusted Wald interval, clipped to [-100, 100]; None without answers.

        Three quarters of an answer are added to promoters and to detractors and three to the total: Rocks (2016),
        "Interval estimation for the Net Promoter Score", The American Statistician 70(4), after Agresti and Coull's
        idea for shares. Enumerated exactly, it holds the true score in 91.9 to 96.2 of 100 samples of 5 to 200 answers,
        where plain Wald's falls to two thirds.
        """
        if self.n == 0:
            return None
        theta, variance, n = _adjusted(self)
        half = _Z95 * sqrt(variance / n)
        return Interval(low=max(-100.0, 100 * (theta - half)), high=min(100.0, 100 * (theta + half)))

    def change_since(self, earlier: "Histogram") -> Change | None:
        """The change from an earlier period with its test statistic; None when either is empty.

        z = (θ₁ - θ₂) / sqrt(V₁/N₁ + V₂/N₂), with θ = p - d and V = p + d - θ², the variance of one answer that is 1, 0
        or -1, on the adjusted values of `interval`: an unpaired two-sample z test. Each period is divided by its own
        variance, so that two of different sizes or mixes may be compared.
        """
        now, before = self.score(), earlier.score()
        if now is None or before is None:
            return None
        theta1, variance1, n1 = _adjusted(self)
        theta2, variance2, n2 = _adjusted(earlier)
        return Change(points=now - before, z=(theta1 - theta2) / sqrt(variance1 / n1 + variance2 / n2))


def _adjusted(histogram: Histogram) -> tuple[float, float, float]:
    n = histogram.n + 3
    p, d = (histogram.promoters + 0.75) / n, (histogram.detractors + 0.75) / n
    theta = p - d
    return theta, p + d - theta * theta, n
