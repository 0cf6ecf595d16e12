"""The score over accounts: each account counts once, however many of its people answered."""

from collections.abc import Iterable

from shared.domain.nps import SCORES, Histogram

RULE = (
    "Each account counts once, by the mean of all answers of its people in the range: "
    "a promoter from 9, a passive from 7, else a detractor."
)


def account_histogram(accounts: Iterable[Histogram]) -> Histogram:
    """One entry for each account with answers, at the mean of its answers rounded down.

    Of several rules in use (the mean, the lowest answer, the account's own score) the mean is the one that one unhappy
    person among many does not decide alone, and that no happy one hides. Rounding down changes no category: a mean of
    8.9 is a passive's.
    """
    counts = [0] * len(SCORES)
    for one in accounts:
        if one.n:
            counts[sum(score * count for score, count in enumerate(one.counts)) // one.n] += 1
    return Histogram(tuple(counts))
