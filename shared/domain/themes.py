"""Themes: what comments are about, by a taxonomy of phrases, and the phrases that set one group's comments apart.

Words are compared by their stems. The stemmer comes in as an argument: the domain knows no library.
"""

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

THEME = "theme"
"""The dimension under which themes are counted."""

MAX_THEMES = 40
MAX_PHRASES = 100
MAX_PHRASE_WORDS = 4
MOST_PER_COMMENT = 10
LEAST_COMMENTS = 3
"""A phrase that fewer people used is not shown: it may name somebody."""

Stem = Callable[[str], str]
"""The stem of a word in small letters, in one language."""

# Letters, with the vowel signs that scripts of India write after them.
_LETTERS = r"(?:[^\W\d_]|[\u0300-\u036f\u0900-\u0dff])+"
_WORD = re.compile(rf"{_LETTERS}(?:['-]{_LETTERS})*")
# Arabic vowel signs and the stroke that stretches a word: written or not, the word is the same.
_UNWRITTEN = re.compile("[\u0640\u064b-\u0652\u0670]")
_PRIOR_WEIGHT = 20.0


@dataclass(frozen=True, slots=True)
class Theme:
    """A named topic. `phrases` are of up to four words each, by language.

    A word with a star before or after it (`*support`, `onboard*`) stands for all words that end or begin so; any other
    word stands for all words of its stem.
    """

    name: str
    phrases: Mapping[str, Sequence[str]]

    def __hash__(self) -> int:
        return hash(self.name)


class Matcher:
    """Finds the themes of comments in one language."""

    def __init__(self, taxonomy: Iterable[Theme], language: str, stem: Stem) -> None:
        """A matcher of the taxonomy's phrases in this language."""
        self._stem = stem
        self._open: dict[str, list[tuple[tuple[str, ...], str]]] = defaultdict(list)
        self._starred: list[tuple[tuple[re.Pattern[str] | str, ...], str]] = []
        for theme in taxonomy:
            for phrase in theme.phrases.get(language, ()):
                self._learn(phrase, theme.name)

    def themes(self, comment: str) -> tuple[str, ...]:
        """The names of the comment's themes in alphabetical order, at most ten: those met first."""
        words = words_of(comment)
        stems = [self._stem(word) for word in words]
        found: dict[str, None] = {}
        for at, stem in enumerate(stems):
            for phrase, name in self._open.get(stem, ()):
                if tuple(stems[at : at + len(phrase)]) == phrase:
                    found[name] = None
            for pattern, name in self._starred:
                if name not in found and _fits(pattern, words, stems, at):
                    found[name] = None
        return tuple(sorted(list(found)[:MOST_PER_COMMENT]))

    def _learn(self, phrase: str, name: str) -> None:
        parts = phrase.split()
        if not any("*" in part for part in parts):
            # A hyphen or an apostrophe may fall away in a comment; the phrase is cut as comments are.
            stems = tuple(self._stem(word) for word in words_of(phrase))
            if stems:
                self._open[stems[0]].append((stems, name))
            return
        self._starred.append((tuple(self._part(part) for part in parts), name))

    def _part(self, part: str) -> re.Pattern[str] | str:
        if "*" not in part:
            return self._stem(fold(part))
        return re.compile(
            "".join(".*" if piece == "*" else re.escape(fold(piece)) for piece in re.split(r"(\*)", part))
        )


def _fits(pattern: Sequence[re.Pattern[str] | str], words: Sequence[str], stems: Sequence[str], at: int) -> bool:
    if at + len(pattern) > len(words):
        return False
    return all(
        stems[at + n] == part if isinstance(part, str) else part.fullmatch(words[at + n])
        for n, part in enumerate(pattern)
    )


def fold(text: str) -> str:
    """Text in the form in which words are compared: composed, in small letters, one kind of apostrophe."""
    return _UNWRITTEN.sub("", unicodedata.normalize("NFKC", text)).casefold().replace("’", "'")


def words_of(text: str) -> list[str]:
    """The words of a text, folded."""
    return _WORD.findall(fold(text))


def taxonomy_of(defaults: Sequence[Theme], own: Sequence[Theme]) -> tuple[Theme, ...]:
    """The defaults with a project's own themes: one of the same name replaces, and without a phrase it removes."""
    merged = {theme.name: theme for theme in (*defaults, *own)}
    return tuple(theme for theme in merged.values() if any(theme.phrases.values()))


@dataclass(frozen=True, slots=True)
class Phrase:
    """One or two words as people mostly wrote them, in how many comments of each group, and how surely they differ.

    `z` is the standard score of the difference in log-odds: above 1.96 the phrase is more frequent in the first group.
    """

    text: str
    z: float
    count: int
    other_count: int


def phrases_of(comment: str, stem: Stem, stop_words: frozenset[str]) -> dict[str, str]:
    """The comment's phrases of one and two words, as stems with the words themselves; each once."""
    found: dict[str, str] = {}
    words = words_of(comment)
    for word in words:
        if word not in stop_words and len(word) > 2:
            found.setdefault(stem(word), word)
    for first, second in pairwise(words):
        if stop_words.isdisjoint((first, second)):
            found.setdefault(f"{stem(first)} {stem(second)}", f"{first} {second}")
    return found


_CANDIDATES = 10
"""Of how many times as many phrases as are told the parts are looked for: each is compared with each."""


def distinguishing(
    group: Iterable[Mapping[str, str]], other: Iterable[Mapping[str, str]], *, most: int = 10, sure: float = 1.96
) -> list[Phrase]:
    """The phrases that are more frequent in a group's comments than in the other's, the surest first.

    Each comment counts a phrase once, so that one who writes at length is one voice. With the earlier period as the
    other group these are the rising ones. Log-odds ratio with an informative Dirichlet prior, here the frequencies of
    both groups together: Monroe, Colaresi, Quinn, "Fightin' Words" (2008), equations 15, 16 and 22.

    Args:
        group: each comment's phrases, as `phrases_of` gives them.
        other: the same of the comments to compare with.
        most: how many phrases at most.
        sure: the least standard score.
    """
    written: dict[str, Counter[str]] = defaultdict(Counter)
    counts = [_count(comments, written) for comments in (group, other)]
    both = counts[0] + counts[1]
    total = sum(both.values())
    sums = [sum(count.values()) for count in counts]
    found = []
    for name in counts[0]:
        if counts[0][name] < LEAST_COMMENTS:
            continue
        prior = _PRIOR_WEIGHT * both[name] / total
        mine, theirs = counts[0][name] + prior, counts[1][name] + prior
        rest = [n + _PRIOR_WEIGHT for n in sums]
        delta = math.log(mine / max(rest[0] - mine, prior)) - math.log(theirs / max(rest[1] - theirs, prior))
        z = delta / math.sqrt(1 / mine + 1 / theirs)
        if z >= sure:
            text = max(written[name].items(), key=lambda pair: (pair[1], pair[0]))[0]
            found.append(Phrase(text, z, counts[0][name], counts[1][name]))
    found.sort(key=lambda phrase: (-phrase.z, phrase.text))
    return _without_parts(found[: most * _CANDIDATES])[:most]


def _count(comments: Iterable[Mapping[str, str]], written: dict[str, Counter[str]]) -> Counter[str]:
    count: Counter[str] = Counter()
    for comment in comments:
        for name, text in comment.items():
            count[name] += 1
            written[name][text] += 1
    return count


def _without_parts(phrases: Sequence[Phrase]) -> list[Phrase]:
    """Without the single words that are nearly always said within a pair of words shown as well."""
    kept: list[Phrase] = []
    for phrase in phrases:
        within = (pair for pair in phrases if phrase is not pair and phrase.text in pair.text.split())
        if not any(pair.count * 5 >= phrase.count * 4 for pair in within):
            kept.append(phrase)
    return kept
