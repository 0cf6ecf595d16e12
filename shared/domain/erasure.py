"""Erasing a person: what stays of what they left, without anybody's name or words, and how far it has come."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from shared.domain.cases import FACTS, Case
from shared.domain.counting import Rules
from shared.domain.people import Person, address_hash
from shared.domain.requests import ERASED, RequestState, SurveyRequest
from shared.domain.responses import Response

FINISH_SECONDS = 120
"""How long a call has to end the erasure that it began; after that the minute's run does."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """An erasure under way, named by the person's id; nothing of it is kept once it has ended.

    `names` are those by which a repeated call may mean the person once they are gone, address and number under a hash.
    `months` are those whose reports may quote them.
    """

    id: str
    project: str
    created_at: int
    names: tuple[str, ...] = ()
    months: tuple[str, ...] = ()
    timer_at: int = 0
    rev: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(self.names))
        object.__setattr__(self, "months", tuple(self.months))


def begun(person: Person, now: int) -> Erasure:
    """The erasure of a person, not written yet."""
    known = {"email": person.email, "phone_number": person.phone_number}
    given = [name_of(person.project, f"{kind}:{value}") for kind, value in known.items() if value]
    return Erasure(person.id, person.project, now, names=(person.id, *given), timer_at=now + FINISH_SECONDS)


def name_of(project: str, name: str) -> str:
    """The name by which a call means a person (`<id>`, `email:…`, `phone_number:…`) as an erasure keeps it."""
    kind, colon, value = name.partition(":")
    return f"{kind}:{address_hash(project, value)}" if colon else name


def quoted_in(erasure: Erasure, months: Iterable[str]) -> Erasure:
    """The erasure with more months whose reports may quote the person."""
    return replace(erasure, months=tuple(sorted({*erasure.months, *months})))


def anonymous_response(response: Response, rules: Rules) -> Response:
    """What stays of a response: its score, its day, and by what it is counted."""
    return replace(
        response,
        comment="",
        answers=(),
        tags=(),
        properties=rules.kept_properties(response),
        account_id="",
        locale="",
        timer_at=0,
        recent=(),
        erased=True,
    )


def anonymous_request(request: SurveyRequest) -> SurveyRequest:
    """What stays of a request; one that waits for something ends."""
    state = {
        RequestState.SCHEDULED: RequestState.CANCELLED,
        RequestState.ACTIVE: RequestState.SUPPRESSED,
    }.get(request.state, request.state)
    return replace(request, state=state, reason=ERASED, timer_at=0, properties={}, locale="")


def silent_case(case: Case) -> Case:
    """A case with its facts, and without the words of its owner."""
    history = tuple(event if event.what in FACTS else replace(event, text="") for event in case.history)
    return replace(case, history=history, root_cause=ERASED if case.root_cause else "")
