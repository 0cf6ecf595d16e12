"""Send calls: what a caller wants of a person, and what the person and their survey request become by it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from shared.domain.errors import InvalidError
from shared.domain.people import MAX_PROPERTIES, Person, handle, merge_properties
from shared.domain.project import DAY, Project
from shared.domain.requests import (
    SEND_PROPERTIES,
    Decision,
    RequestState,
    SurveyRequest,
    throttled_until,
)


@dataclass(frozen=True, slots=True)
class SendCall:
    """What a caller says of a person. None leaves what is known; a property of None removes it. Times are Unix seconds.

    Without an `email` the person is known by the telephone number. `at` is when the survey is to be sent; nothing is
    asked for unless `send`, nothing is done when it is a `dry_run`. `last_sent_at` tells of a survey that was sent from
    elsewhere. `email_update` is the person's address from now on.
    """

    email: str
    at: int
    email_update: str | None = None
    name: str | None = None
    phone_number: str | None = None
    locale: str | None = None
    properties: Mapping[str, str | None] = field(default_factory=dict)
    send: bool = True
    last_sent_at: int | None = None
    dry_run: bool = False

    @property
    def handle(self) -> str:
        """By what the person is found."""
        return handle(self.email, self.phone_number or "")


class Change(StrEnum):
    """What a send call does to what is known of a person."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a send call came to. Without a decision no survey was wanted; without a request nothing was written."""

    person: Person
    request: SurveyRequest | None = None
    decision: Decision | None = None
    change: Change | None = None


def upserted(person: Person, call: SendCall, project: Project) -> Person:
    """The person with what the call says of them. Raises InvalidError when they would have too many properties."""
    lasting = {name: value for name, value in call.properties.items() if name not in SEND_PROPERTIES}
    properties = merge_properties(person.properties, lasting)
    if len(properties) > MAX_PROPERTIES:
        raise InvalidError({"properties": [f"may have at most {MAX_PROPERTIES} entries, those kept before among them"]})
    person = replace(
        person,
        name=person.name if call.name is None else call.name,
        phone_number=person.phone_number if call.phone_number is None else call.phone_number,
        locale=call.locale or person.locale,
        properties=properties,
    )
    if call.last_sent_at is not None:
        person = replace(
            person,
            last_sent_at=max(person.last_sent_at, call.last_sent_at),
            next_eligible_at=max(person.next_eligible_at, throttled_until(project, call.last_sent_at)),
        )
    return person


def requested(
    person: Person, decision: Decision, project: Project, *, request_id: str, properties: Mapping[str, str], now: int
) -> tuple[Person, SurveyRequest]:
    """The survey request that follows from a decision, and the person, whose throttle a scheduled one books."""
    scheduled = decision.state is RequestState.SCHEDULED
    request = SurveyRequest(
        id=request_id,
        project=project.id,
        person=person.id,
        created_at=now,
        state=decision.state,
        reason=decision.reason,
        scheduled_at=decision.scheduled_at,
        expires_at=(decision.scheduled_at or now) + project.link_days * DAY,
        locale=person.locale,
        properties=properties,
        eligible_before=person.next_eligible_at,
        timer_at=decision.scheduled_at if scheduled else 0,
    )
    if not scheduled:
        return person, request
    booked = replace(
        person,
        next_eligible_at=throttled_until(project, request.scheduled_at),
        next_survey_scheduled_at=request.scheduled_at,
        pending_request=request.id,
    )
    return booked, request
