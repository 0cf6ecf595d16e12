"""POST people: keeps the person and, when the rules allow, asks for a survey. One call, one survey at most."""

from dataclasses import replace
from typing import Any

from functions.api import outputs
from functions.api.inputs import PersonInput
from shared.domain.errors import BusyError, InvalidError
from shared.domain.mails import Mail, MailState, invitation_id, refused
from shared.domain.people import MAX_PROPERTIES, Person, merge_properties
from shared.domain.project import DAY, Project
from shared.domain.requests import (
    SEND_PROPERTIES,
    Decision,
    RequestState,
    SurveyRequest,
    decide_send,
    stopped,
    throttle_given_back,
    throttled_until,
)
from shared.domain.scheduling import send_time
from shared.outside.ids import new_id, new_request_id
from shared.store import people
from shared.store.idempotency import Keep
from shared.store.people import Claim
from shared.store.records import changed, created, load
from shared.store.table import ChangedError, Write, records

_ATTEMPTS = 10


def send(project: Project, call: PersonInput, now: int, keep: Keep | None = None) -> dict[str, Any]:
    """Upserts the person by address and schedules, throttles or suppresses the survey; the answer of the call.

    Two calls at once meet in the person's record: the second one reads again, and is told of the first. With an
    idempotency key the answer is kept in the same write, so that a repeated call gets it again and does nothing.
    """
    if not call.email:
        raise InvalidError({"email": ["can't be blank"]})
    if call.last_sent_at is not None and call.last_sent_at > now:
        raise InvalidError({"last_sent_at": ["must not lie in the future"]})
    at = send_time(project, now=now, delay=call.delay, send_at=call.send_at, renewal_date=call.renewal_date)
    for _ in range(_ATTEMPTS):
        if keep and (told := keep.recall(now)) is not None:
            return told
        claim, known = people.find(project.id, call.email)
        person = _upserted(project, call, known, claim, now)
        decision = decide_send(person, project, now=now, scheduled_at=at) if call.send else None
        if call.dry_run:
            return outputs.sent(replace(person, id=known.id if known else ""), None, decision)
        request = _request(project, call, person, decision, now) if decision else None
        if request and request.state is RequestState.SCHEDULED:
            person = _booked(person, request, project)
        answer = outputs.sent(person, request, decision)
        try:
            _write(person, known, claim, request, keep.writes(answer, now) if keep else [])
        except ChangedError:
            continue
        return answer
    raise BusyError("too many calls for this person at once; try again")


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


def _upserted(project: Project, call: PersonInput, known: Person | None, claim: Claim, now: int) -> Person:
    person = known or claim.seed(
        Person(id=new_id(), project=project.id, created_at=now, email=(call.email or "").strip())
    )
    lasting = {name: value for name, value in _given(call).items() if name not in SEND_PROPERTIES}
    properties = merge_properties(person.properties, lasting)
    if len(properties) > MAX_PROPERTIES:
        raise InvalidError({"properties": [f"may have at most {MAX_PROPERTIES} entries, those kept before among them"]})
    person = replace(
        person,
        name=person.name if call.name is None else call.name,
        phone_number=person.phone_number if call.phone_number is None else call.phone_number,
        locale=call.locale or call.properties.get("locale") or person.locale,
        properties=properties,
    )
    if call.last_sent_at is not None:
        person = replace(
            person,
            last_sent_at=max(person.last_sent_at, call.last_sent_at),
            next_eligible_at=max(person.next_eligible_at, throttled_until(project, call.last_sent_at)),
        )
    return person


def _given(call: PersonInput) -> dict[str, str | None]:
    """The call's properties; a renewal date that times the survey is one of the person's as well."""
    if call.renewal_date is None:
        return call.properties
    return {"renewal_date": call.renewal_date.isoformat()} | call.properties


def _request(project: Project, call: PersonInput, person: Person, decision: Decision, now: int) -> SurveyRequest:
    at = decision.scheduled_at or now
    return SurveyRequest(
        id=new_request_id(person.id),
        project=project.id,
        person=person.id,
        created_at=now,
        state=decision.state,
        reason=decision.reason,
        scheduled_at=decision.scheduled_at,
        expires_at=at + project.link_days * DAY,
        locale=person.locale,
        properties=merge_properties(person.properties, call.properties),
        eligible_before=person.next_eligible_at,
        timer_at=decision.scheduled_at if decision.state is RequestState.SCHEDULED else 0,
    )


def _booked(person: Person, request: SurveyRequest, project: Project) -> Person:
    return replace(
        person,
        next_eligible_at=throttled_until(project, request.scheduled_at),
        next_survey_scheduled_at=request.scheduled_at,
        pending_request=request.id,
    )


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
