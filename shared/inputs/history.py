"""A response given elsewhere, as a row of a file holds it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from shared.domain.errors import InvalidError
from shared.domain.responses import clean_comment, read_score
from shared.inputs.checking import Input, check
from shared.inputs.person import PersonInput, Time

EARLIEST = 946_684_800
"""1 January 2000: before, nobody asked this question."""


class AnswerInput(Input):
    """The part of the row that is the answer; `id` is its name where it comes from."""

    id: Annotated[str, Field(max_length=200)] = ""
    score: str = ""
    comment: str = ""
    created_at: Time


@dataclass(frozen=True, slots=True)
class Answer:
    """A checked row: who answered, what, and when."""

    person: PersonInput
    score: int
    comment: str
    created_at: int
    source: str

    @property
    def name(self) -> str:
        """The same for the same answer: by its id at its source, else by all that it says."""
        said = self.source or f"{self.created_at}\n{self.score}\n{self.comment}"
        return hashlib.sha256(said.encode(errors="surrogatepass")).hexdigest()[:16]


def read_answer(fields: Mapping[str, str], properties: Mapping[str, str], now: int) -> Answer:
    """The answer in a row. Raises InvalidError naming every field that is wrong."""
    own = {name: value for name, value in fields.items() if name in AnswerInput.model_fields}
    of_person = {name: value for name, value in fields.items() if name not in own}
    person = check(PersonInput, {**of_person, "properties": dict(properties)})
    person.check_named()
    answer = check(AnswerInput, own)
    if not EARLIEST <= answer.created_at <= now:
        raise InvalidError({"created_at": ["must lie in the past, and not before the year 2000"]})
    score, comment = read_score(answer.score), clean_comment(answer.comment)
    return Answer(person, score, comment, answer.created_at, answer.id)
