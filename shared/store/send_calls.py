"""Send calls carried out: person, throttle and survey request in one write. One call, one survey at most."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from shared.domain import send_calls
from shared.domain.errors import BusyError, InvalidError
from shared.domain.mails import Mail, MailState, invitation_id, refused
from shared.domain.people import Person, merge_properties, normalise_address
from shared.domain.project import Project
from shared.domain.requests import (
    RequestState,
    SurveyRequest,
    decide_send,
    stopped,
    throttle_given_back,
)
from shared.domain.send_calls import Change, Outcome, SendCall
from shared.outside.ids import new_id, new_request_id
from shared.store import people
from shared.store.idempotency import Kept
from shared.store.people import Claim
from shared.store.records import changed, created, load
from shared.store.table import ChangedError, Write, records

_ATTEMPTS = 10


def send(
    project: Project,
    call: SendCall,
    now: int,
    shape: Callable[[Outcome], dict[str, Any]],
    keep: Kept | None = None,
) -> dict[str, Any]:
    """Upserts the person by address and schedules, throttles or suppresses the survey; the outcome in its shape.

    Two calls at once meet in the person's record: the second one reads again, and is told of the first. With an
    idempotency key the answer is kept in the same write, so that a repeated call gets it again and does nothing.
    A call that changes nothing writes nothing. Raises InvalidError for what the person cannot become.
    """
    for _ in range(_ATTEMPTS):
        if keep and (told := keep.recall(now)) is not None:
            return told
        claim, known, person, moves = _who(project, call, now)
        person = send_calls.upserted(person, call, project)
        change = Change.CREATED if known is None else Change.UNCHANGED if person == known else Change.CHANGED
        decision = decide_send(person, project, now=now, scheduled_at=call.at) if call.send else None
        if call.dry_run:
            return shape(Outcome(replace(person, id=known.id if known else ""), None, decision, change))
        request = None
        if decision:
            shown = merge_properties(person.properties, call.properties)
            name = new_request_id(person.id)
            person, request = send_calls.requested(
                person, decision, project, request_id=name, properties=shown, now=now
            )
        answer = shape(Outcome(person, request, decision, change))
        try:
            _write(person, known, claim, request, [*moves, *(keep.writes(answer, now) if keep else [])])
        except ChangedError:
            continue
        return answer
    raise BusyError("too many calls for this person at once; try again")


def _who(project: Project, call: SendCall, now: int) -> tuple[Claim, Person | None, Person, list[Write]]:
    """The claim that leads to the person, the one known, the one the call is about, and what a new address takes.

    Where the old address is nobody's, the new one's person is meant: so a repeated call finds them again.
    Raises InvalidError when the new address is another person's.
    """
    claim, known = people.find(project.id, call.handle)
    address = (call.email_update or call.email).strip()
    if normalise_address(address) != normalise_address(call.email):
        target, holder = people.find(project.id, address)
        if known is not None and holder is not None:
            raise InvalidError({"email_update": ["is the address of another person"]})
        if known is not None:
            return claim, known, *people.readdressed(known, address, claim, target)
        claim, known = target, holder
    if known is None:
        new = claim.seed(Person(id=new_id(), project=project.id, created_at=now, email=address))
        return claim, None, new, []
    return claim, known, replace(known, email=address) if call.email_update else known, []


def cancel_pending(project: Project, address: str, now: int) -> None:
    """Cancels the survey that is not sent yet, if there is one, and gives the person's throttle back.

    Unknown people have none: that is no error.
    """
    for _ in range(_ATTEMPTS):
        _, person = people.find(project.id, address)
        if person is None or not person.pending_request:
            return
        item = people.asked(person.pending_request).get("request")
        request = people.read_request(item) if item else None
        if request is None or request.state is not RequestState.SCHEDULED:
            return
        mail = load(Mail, invitation_id(request.id))
        if mail is not None and mail.state is not MailState.QUEUED:
            return
        free = throttle_given_back(person, request, project)
        try:
            unsent = [changed(refused(mail, "cancelled", now))] if mail else []
            people.change(free, changed(stopped(request, RequestState.CANCELLED, "cancelled")), *unsent)
        except ChangedError:
            continue
        return
    raise BusyError("too many calls for this person at once; try again")


def _write(
    person: Person, known: Person | None, claim: Claim, request: SurveyRequest | None, more: list[Write]
) -> None:
    more = [created(request), *more] if request else more
    if known is None:
        people.add(person, claim, *more)
    elif person != known:
        people.change(person, *more)
    elif more:
        records().write(*more)
