"""Responses: a score, perhaps a comment, and the person's properties at that time."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.domain.errors import InvalidError
from shared.domain.nps import SCORES, Category, category
from shared.domain.questions import Answer, clean_words

MAX_COMMENT = 10_000
HISTORY_AGE = 86_400


@dataclass(frozen=True, slots=True)
class Response:
    """One answer, versioned: `rev` counts its writes. Times are Unix seconds.

    A response to a survey request has the request's id, so that a request can have one only.
    `history` marks answers brought in from elsewhere: counted, but nobody is alerted or thanked.
    `commented` outlives the comment: an `erased` response is an anonymous tombstone that keeps its
    score, its day and what was counted of it.
    A `partial` one was chosen and not sent: it counts from `matured_at` on, for which `timer_at` waits, and never while
    `quarantine` says why it is doubted. `created_at` is when a response was chosen, and once it counts, since when.
    `changes` counts how often its link has replaced it, and `recent` are the times of the versions that it replaced
    within the hour: what bounds a link's writes is known without reading a single earlier version.
    """

    id: str
    project: str
    person: str
    score: int
    created_at: int
    updated_at: int
    comment: str = ""
    commented: bool = False
    locale: str = ""
    account_id: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    answers: tuple[Answer, ...] = ()
    request: str = ""
    history: bool = False
    erased: bool = False
    partial: bool = False
    matured_at: int = 0
    quarantine: str = ""
    timer_at: int = 0
    changes: int = 0
    recent: tuple[int, ...] = ()
    rev: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "tags", tuple(self.tags))
        object.__setattr__(self, "recent", tuple(self.recent))
        object.__setattr__(
            self, "answers", tuple(one if isinstance(one, Answer) else Answer(**one) for one in self.answers)
        )

    @property
    def counts(self) -> bool:
        """Whether it is an answer; what does not count is no part of any list, figure or follow-up."""
        return not self.quarantine and (not self.partial or bool(self.matured_at))

    @property
    def category(self) -> Category:
        """Promoter, passive or detractor."""
        return category(self.score)


def read_score(value: str | int | None) -> int:
    """A score from a form field or a JSON number.

    Raises InvalidError naming `score`. Only the eleven plain spellings are taken: not "7.0", "٧", " 7" or true.
    """
    if isinstance(value, int) and not isinstance(value, bool) and value in SCORES:
        return value
    if isinstance(value, str) and value in _SPELLINGS:
        return int(value)
    problem = "can't be blank" if value in (None, "") else "must be a whole number from 0 to 10"
    raise InvalidError({"score": [problem]})


def clean_comment(text: str) -> str:
    """A comment as it is kept: line ends unified, control characters dropped, outer blanks trimmed.

    Raises InvalidError naming `comment` when more than 10,000 characters remain.
    """
    comment = clean_words(text)
    if len(comment) > MAX_COMMENT:
        raise InvalidError({"comment": [f"is too long (at most {MAX_COMMENT} characters)"]})
    return comment


_SPELLINGS = frozenset(str(score) for score in SCORES)
