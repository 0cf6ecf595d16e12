"""How far the interval and the test of a change may be trusted: enumerated over every sample that can be drawn.

Coverage and false alarms are sums of exact multinomial probabilities; nothing is drawn at random but the largest pairs.
"""

from functools import cache
from math import exp, lgamma, log
from random import Random

import pytest

from shared.domain.nps import Histogram

MIXES = [(90, 10, 0), (70, 20, 10), (50, 35, 15), (33, 34, 33), (20, 20, 60), (5, 15, 80)]
"""Promoters, passives and detractors in percent."""

Mix = tuple[int, int, int]


def sample(promoters: int, passives: int, detractors: int) -> Histogram:
    return Histogram((detractors, 0, 0, 0, 0, 0, 0, passives, 0, 0, promoters))


@cache
def samples(n: int) -> list[Histogram]:
    """Every outcome of asking so many people."""
    return [sample(p, n - p - d, d) for p in range(n + 1) for d in range(n + 1 - p)]


def probability(drawn: Histogram, mix: Mix) -> float:
    """The multinomial probability of a sample from people of this mix."""
    total = lgamma(drawn.n + 1)
    for count, percent in zip((drawn.promoters, drawn.passives, drawn.detractors), mix, strict=True):
        if count and not percent:
            return 0.0
        total += count * log(percent / 100) - lgamma(count + 1) if count else 0.0
    return exp(total)


def coverage(n: int, mix: Mix) -> float:
    """How often the interval of a sample of n holds the true score."""
    truth = mix[0] - mix[2]
    held = (one for one in samples(n) if (i := one.interval()) and i.low <= truth <= i.high)
    return sum(probability(one, mix) for one in held)


@cache
def called_different(n: int) -> list[list[int]]:
    """For each sample of n, the places of those from which it is called different."""
    every = samples(n)
    return [
        [place for place, before in enumerate(every) if (step := now.change_since(before)) and step.significant]
        for now in every
    ]


def false_alarms(n: int, mix: Mix) -> float:
    """How often two samples of n of the same people are called different."""
    likely = [probability(one, mix) for one in samples(n)]
    return sum(likely[here] * sum(likely[there] for there in row) for here, row in enumerate(called_different(n)))


@pytest.mark.parametrize("mix", MIXES)
@pytest.mark.parametrize("n", [5, 10, 20, 50, 100, 200])
def test_given_any_mix_then_the_interval_holds_the_truth_about_95_times_of_100(n: int, mix: Mix) -> None:
    assert sum(probability(one, mix) for one in samples(n)) == pytest.approx(1)
    held = coverage(n, mix)
    assert held >= 0.91
    if n >= 20:
        assert 0.93 <= held <= 0.97


def test_given_the_worst_and_the_best_case_then_coverage_is_as_the_docstring_says() -> None:
    every = [coverage(n, mix) for n in (5, 10, 20, 50, 100, 200) for mix in MIXES]
    assert (round(100 * min(every), 1), round(100 * max(every), 1)) == (91.9, 96.2)


@pytest.mark.parametrize("mix", MIXES)
@pytest.mark.parametrize("n", [5, 10, 20])
def test_given_no_change_then_at_most_6_of_100_pairs_are_called_one(n: int, mix: Mix) -> None:
    assert false_alarms(n, mix) <= 0.06


@pytest.mark.parametrize("mix", MIXES)
@pytest.mark.parametrize("sizes", [(50, 50), (200, 200), (200, 20)])
def test_given_larger_samples_without_a_change_then_at_most_6_of_100_pairs_drawn_are_called_one(
    sizes: tuple[int, int], mix: Mix
) -> None:
    dice, pairs = Random(str((sizes, mix))), 8000
    alarms = 0
    for _ in range(pairs):
        now, before = (drawn(n, mix, dice) for n in sizes)
        step = now.change_since(before)
        assert step is not None
        alarms += step.significant
    assert 0.005 <= alarms / pairs <= 0.06


def drawn(n: int, mix: Mix, dice: Random) -> Histogram:
    promoters = dice.binomialvariate(n, mix[0] / 100)
    passives = dice.binomialvariate(n - promoters, mix[1] / (100 - mix[0]))
    return sample(promoters, passives, n - promoters - passives)


@pytest.mark.parametrize("n", [100, 400])
def test_given_a_change_that_large_then_it_is_found(n: int) -> None:
    # 50/35/15 to 40/35/25 is a fall of 20 points: a coin's throw with 100 answers, hardly ever missed with 400.
    dice, found = Random(n), 0
    for _ in range(500):
        step = drawn(n, (40, 35, 25), dice).change_since(drawn(n, (50, 35, 15), dice))
        found += bool(step and step.significant)
    assert found / 500 >= {100: 0.35, 400: 0.95}[n]


@pytest.mark.parametrize(("n", "shown"), [(0, "hidden"), (4, "hidden"), (5, "counts"), (9, "counts"), (10, "score")])
def test_given_few_answers_then_a_segment_tells_counts_alone_or_nothing(n: int, shown: str) -> None:
    assert sample(n, 0, 0).shown == shown
