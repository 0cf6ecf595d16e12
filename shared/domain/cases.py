"""Cases: the follow-up owed to a detractor, from the answer to the root cause."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from shared.domain.errors import ConflictError, InvalidError
from shared.domain.nps import Category
from shared.domain.project import Project
from shared.domain.responses import Response

MAX_NOTE = 2_000
MAX_HISTORY = 200
MAX_WORDS_BYTES = 200_000
"""Of a history's words, in UTF-8. An item of DynamoDB takes 400 kB, and what closes a case must always fit."""
MAX_FACTS = 100
"""Of a history's entries that answers make, the first and the newest are kept."""
MAX_RESPONSES = 100
"""Of a case's responses, the first and the newest are named: as many as one call reads."""

FACTS = frozenset({"opened", "joined", "recovered", "relapsed"})
"""The entries of a history that answers make; the others hold somebody's words."""


class CaseState(StrEnum):
    """Where a case stands."""

    OPEN = "open"
    CONTACTED = "contacted"
    RESOLVED = "resolved"


MOVES: Mapping[CaseState, frozenset[CaseState]] = {
    CaseState.OPEN: frozenset({CaseState.CONTACTED, CaseState.RESOLVED}),
    CaseState.CONTACTED: frozenset({CaseState.RESOLVED}),
    CaseState.RESOLVED: frozenset(),
}
"""The allowed moves. Only a person makes them: no case closes by itself."""

CONTACT_WAYS = ("call", "mail", "meeting", "other")
"""How a customer was contacted."""


@dataclass(frozen=True, slots=True)
class Event:
    """A line of a case's history: what happened (`opened`, `joined`, `contacted`, …) and its words."""

    at: int
    what: str
    text: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """One follow-up; `account_id` or, for people without one, `person` says whom it is owed to.

    Times are Unix seconds. `due_at` is when the customer must have been contacted; it is set by the
    first response and holds when others join. `left_out` counts those of which nothing is told here any more.
    """

    id: str
    project: str
    person: str
    opened_at: int
    due_at: int
    owner_email: str
    state: CaseState = CaseState.OPEN
    owner_name: str = ""
    account_id: str = ""
    account_name: str = ""
    responses: tuple[str, ...] = ()
    left_out: int = 0
    contacted_at: int = 0
    contacted_how: str = ""
    resolved_at: int = 0
    root_cause: str = ""
    recovered_at: int = 0
    history: tuple[Event, ...] = field(default=())
    rev: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "state", CaseState(self.state))
        object.__setattr__(self, "responses", tuple(self.responses))
        object.__setattr__(self, "history", tuple(e if isinstance(e, Event) else Event(**e) for e in self.history))

    @property
    def answers(self) -> int:
        """How many answers the case is about."""
        return len(self.responses) + self.left_out


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What has been done about a response so far, so that a repeated stream record does nothing twice.

    `mail` is the last alert or thanks that was queued for it.
    """

    response: str
    rev: int
    case: str = ""
    thanked: bool = False
    mail: str = ""


class Duty(StrEnum):
    """What a response calls for."""

    NOTHING = "nothing"
    CASE = "case"
    THANKS = "thanks"
    RECOVERED = "recovered"
    RELAPSED = "relapsed"


def decide_follow_up(response: Response, done: FollowUp | None, project: Project) -> Duty:
    """What a response calls for, given what was done about its earlier versions.

    Nobody is alerted or thanked twice for one response; a detractor who changes the score stays one case. History
    imports and erased responses call for nothing.
    """
    if response.history or response.erased or (done is not None and done.rev >= response.rev):
        return Duty.NOTHING
    match response.category:
        case Category.DETRACTOR:
            return Duty.RELAPSED if done is not None and done.case else Duty.CASE
        case Category.PROMOTER | Category.PASSIVE if done is not None and done.case:
            return Duty.RECOVERED
        case Category.PROMOTER if project.thank_promoters and (done is None or not done.thanked):
            return Duty.THANKS
    return Duty.NOTHING


def open_case(case_id: str, response: Response, project: Project, *, now: int, due_at: int) -> Case:
    """A new case for a response."""
    owner = project.owner_of(response.properties)
    return Case(
        id=case_id,
        project=response.project,
        person=response.person,
        account_id=response.account_id,
        account_name=response.properties.get("account_name", ""),
        opened_at=now,
        due_at=due_at,
        owner_email=owner.email,
        owner_name=owner.name,
        responses=(response.id,),
        history=(Event(at=now, what="opened", text=str(response.score)),),
    )


def join(case: Case, response: Response, *, now: int) -> Case:
    """The case with one more response; its due time holds. Beyond `MAX_RESPONSES` the oldest but the first goes."""
    first, *others = case.responses
    kept = (*others, response.id)[1 - MAX_RESPONSES :]
    return _with_event(
        replace(case, responses=(first, *kept), left_out=case.answers - len(kept)),
        Event(at=now, what="joined", text=str(response.score)),
    )


def recover(case: Case, response: Response, *, now: int) -> Case:
    """The case with the word that its customer has answered better since; unchanged when it has it already."""
    if case.recovered_at:
        return case
    return _with_event(
        replace(case, recovered_at=now),
        Event(at=now, what="recovered", text=str(response.score)),
    )


def relapse(case: Case, response: Response, *, now: int) -> Case:
    """The case once its customer's better answer is worse again; unchanged when there was no better one."""
    if not case.recovered_at:
        return case
    return _with_event(replace(case, recovered_at=0), Event(at=now, what="relapsed", text=str(response.score)))


def is_about(case: Case, person: str) -> bool:
    """Whether one of the case's responses is a person's; a response's id begins with theirs."""
    return any(response.partition("-")[0] == person for response in case.responses)


def contact(case: Case, *, how: str, note: str, by: str, now: int) -> Case:
    """The case once its customer was contacted.

    Raises InvalidError without a way, ConflictError when it is past that.
    """
    if how not in CONTACT_WAYS:
        raise InvalidError({"how": [f"must be one of {', '.join(CONTACT_WAYS)}"]})
    _check_move(case, CaseState.CONTACTED)
    text = f"{how}: {checked_note(note)}" if note.strip() else how
    return _with_event(
        replace(case, state=CaseState.CONTACTED, contacted_at=now, contacted_how=how),
        Event(at=now, what="contacted", text=text, by=by),
    )


def resolve(case: Case, *, root_cause: str, note: str, by: str, now: int) -> Case:
    """The closed case. Raises InvalidError without a root cause and a note, ConflictError when it is closed already."""
    problems = {
        name: ["can't be blank"] for name, text in (("root_cause", root_cause), ("note", note)) if not text.strip()
    }
    if problems:
        raise InvalidError(problems)
    if len(root_cause) > 200:
        raise InvalidError({"root_cause": ["is too long (at most 200 characters)"]})
    _check_move(case, CaseState.RESOLVED)
    return _with_event(
        replace(case, state=CaseState.RESOLVED, resolved_at=now, root_cause=root_cause.strip()),
        Event(at=now, what="resolved", text=f"{root_cause.strip()}: {checked_note(note)}", by=by),
    )


def add_note(case: Case, *, note: str, by: str, now: int) -> Case:
    """The case with a note. Raises InvalidError when it is blank or too long, ConflictError when the case is full."""
    event = Event(at=now, what="noted", text=checked_note(note), by=by)
    if len(case.history) >= MAX_HISTORY:
        raise ConflictError(f"this case has {MAX_HISTORY} entries; resolve it")
    words = "".join(f"{one.text}{one.by}" for one in (*case.history, event))
    if len(words.encode(errors="replace")) > MAX_WORDS_BYTES:
        raise ConflictError("this case is full of words; resolve it")
    return _with_event(case, event)


def checked_note(note: str) -> str:
    """A note fit to keep. Raises InvalidError when it is blank or too long."""
    text = note.strip()
    if not text:
        raise InvalidError({"note": ["can't be blank"]})
    if len(text) > MAX_NOTE:
        raise InvalidError({"note": [f"is too long (at most {MAX_NOTE} characters)"]})
    return text


def _check_move(case: Case, new: CaseState) -> None:
    if new not in MOVES[case.state]:
        raise ConflictError(f"a case that is {case.state} cannot become {new}")


def _with_event(case: Case, event: Event) -> Case:
    """The case with one more entry; of what answers made, the oldest but the first goes when there are too many."""
    facts = [one for one in case.history if one.what in FACTS]
    too_many = event.what in FACTS and len(facts) >= MAX_FACTS
    history = [one for one in case.history if not (too_many and one is facts[1])]
    return replace(case, history=(*history, event))
