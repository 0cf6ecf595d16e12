"""Who answers a survey, with which score and what words: an invented but plausible run over sample people."""

import csv
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from math import sqrt
from pathlib import Path
from statistics import NormalDist

from shared.domain.nps import Category, category

COMMENTS = Path(__file__).parent / "comments.csv"

ANSWERING = 0.45

# Percent of all answers by score, 0 to 10: 15% detractors, 30% passives, 55% promoters.
_SCORES = (1.0, 1.0, 1.5, 2.0, 2.0, 3.5, 4.0, 12.0, 18.0, 25.0, 30.0)

# The part of a person's opinion that colleagues at the account share.
_SHARED = 0.4

# Percent of answers with a clear comment and with an unclear one; the others have none.
_SAYING = {Category.PROMOTER: (60, 8), Category.PASSIVE: (62, 12), Category.DETRACTOR: (74, 12)}

_UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Comment:
    """A line of `comments.csv`; `topic` is "unclear" when the words tell nothing."""

    category: Category
    locale: str
    topic: str
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What one person answers; `comment` may be empty."""

    email: str
    score: int
    comment: str


def answers(people: Iterable[Mapping[str, str]], seed: int) -> list[Answer]:
    """The answers of 45% of the people, in the order in which they arrive; the same input gives the same list.

    People are rows with `email`, `locale` and `account_id`. Scores at one account are alike. Comments are in the
    person's language where the corpus has it, else in English, and repeat only when the corpus is used up.
    Addresses of Amazon SES's mailbox simulator never answer.
    """
    readers = [person for person in people if not person["email"].endswith("@simulator.amazonses.com")]
    rng = random.Random(seed)
    corpus = _Corpus(rng)
    found = []
    for person in rng.sample(readers, round(ANSWERING * len(readers))):
        score = _score(_opinion(rng, person["account_id"], seed))
        found.append(Answer(person["email"], score, corpus.draw(category(score), person["locale"])))
    return found


@cache
def comments() -> tuple[Comment, ...]:
    """The corpus of comments."""
    with COMMENTS.open(encoding="utf-8", newline="") as file:
        return tuple(
            Comment(Category(row["category"]), row["locale"], row["topic"], row["comment"])
            for row in csv.DictReader(file)
        )


def _opinion(rng: random.Random, account_id: str, seed: int) -> float:
    """How content a person is, standard normal; the account's mood depends on the seed and its id alone."""
    mood = random.Random(f"{seed} {account_id}").gauss()
    return sqrt(_SHARED) * mood + sqrt(1 - _SHARED) * rng.gauss()


def _score(opinion: float) -> int:
    percentile = 100 * NormalDist().cdf(opinion)
    return sum(percentile > bound for bound in list(accumulate(_SCORES))[:-1])


class _Corpus:
    """Deals comments like cards, so that none comes twice before all of its kind have come once."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._decks: dict[tuple[Category, str, bool], list[str]] = {}

    def draw(self, group: Category, locale: str) -> str:
        """A comment for an answer of this category, or an empty one."""
        clear, unclear = _SAYING[group]
        dice = 100 * self._rng.random()
        if dice >= clear + unclear:
            return ""
        key = (group, _language(locale), dice >= clear)
        deck = self._decks.setdefault(key, [])
        if not deck:
            deck += self._shuffled(*key)
        return deck.pop()

    def _shuffled(self, group: Category, language: str, unclear: bool) -> Sequence[str]:
        fitting = [c for c in comments() if (c.category, c.locale, c.topic == _UNCLEAR) == (group, language, unclear)]
        return self._rng.sample([c.text for c in fitting], len(fitting))


def _language(locale: str) -> str:
    language = locale.partition("-")[0].lower()
    return language if any(comment.locale == language for comment in comments()) else "en"
