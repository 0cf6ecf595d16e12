"""Survey requests: one invitation to one person, and the decision whether to make it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from shared.domain.errors import ConflictError
from shared.domain.people import Person
from shared.domain.project import DAY, Project
from shared.domain.scheduling import within_window


class RequestState(StrEnum):
    """Where a survey request stands."""

    SCHEDULED = "scheduled"
    ACTIVE = "active"
    RESPONDED = "responded"
    THROTTLED = "throttled"
    SUPPRESSED = "suppressed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


MOVES: Mapping[RequestState, frozenset[RequestState]] = {
    RequestState.SCHEDULED: frozenset(
        {
            RequestState.ACTIVE,
            RequestState.RESPONDED,
            RequestState.SUPPRESSED,
            RequestState.CANCELLED,
        }
    ),
    RequestState.ACTIVE: frozenset(
        {RequestState.RESPONDED, RequestState.SUPPRESSED, RequestState.EXPIRED, RequestState.CANCELLED}
    ),
    RequestState.SUPPRESSED: frozenset({RequestState.RESPONDED}),
    RequestState.RESPONDED: frozenset(),
    RequestState.THROTTLED: frozenset(),
    RequestState.CANCELLED: frozenset(),
    RequestState.EXPIRED: frozenset({RequestState.RESPONDED}),
}
"""The allowed moves. Someone who unsubscribes may still answer through the link they hold, and a choice made before the
link expired may count after it."""

ANSWERABLE = frozenset({RequestState.SCHEDULED, RequestState.ACTIVE, RequestState.RESPONDED, RequestState.SUPPRESSED})
"""States in which the link leads to the question. `scheduled` is one: a mail can be read before
the write that says it was sent."""

ERASED = "erased"
"""The reason of requests whose person was erased."""

BOUNCED = "bounced"
"""The reason of requests that ended because the address takes no mail."""

BOUNCED_FOR_NOW = "transient_bounce"
"""What an active request says while its last mail is one on which SES gave up; its reminders still go out."""

PROJECT_CLOSED = "project_closed"
"""The reason of requests that a closed project does not send."""

NO_ADDRESS = "no_address"
"""The reason of requests for somebody of whom only a telephone number is known."""

SEND_PROPERTIES = frozenset(
    {
        "question_product_name",
        "delighted_email_subject",
        "delighted_intro_message",
        "thank_you_message",
        "thank_you_link_text",
        "thank_you_link_url",
    }
)
"""Properties that shape one send and are not kept on the person."""


@dataclass(frozen=True, slots=True)
class SurveyRequest:
    """One invitation to one person. Times are Unix seconds; `rev` counts the writes of the record.

    `properties` are the person's at the time of the request, and the ones given for this send alone.
    `timer_at` is the earliest moment at which something is to be done about the request; 0 means never.
    `reminders` counts the reminders that were handed over.
    `eligible_before` is the person's throttle as it was, given back when the request is cancelled.
    """

    id: str
    project: str
    person: str
    created_at: int
    state: RequestState
    scheduled_at: int
    expires_at: int
    reason: str = ""
    locale: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)
    eligible_before: int = 0
    sent_at: int = 0
    delayed_at: int = 0
    delivered_at: int = 0
    bounced_at: int = 0
    responded_at: int = 0
    robot_at: int = 0
    reminders: int = 0
    timer_at: int = 0
    rev: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "state", RequestState(self.state))

    @property
    def account_id(self) -> str:
        """The account the person belonged to, or an empty string."""
        return self.properties.get("account_id", "")


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a send call, and why."""

    state: RequestState
    reason: str = ""
    scheduled_at: int = 0
    next_eligible_at: int = 0


def decide_send(person: Person | None, project: Project, *, now: int, scheduled_at: int) -> Decision:
    """Whether a survey may be requested for a person (None: not known yet) at a time.

    A closed project asks nobody. Suppression goes before the throttle; the throttle compares with the time at which the
    survey would be sent.
    """
    if not project.open:
        return Decision(RequestState.SUPPRESSED, reason=PROJECT_CLOSED)
    if person is not None and person.suppression is not None:
        return Decision(RequestState.SUPPRESSED, reason=person.suppression.value)
    if person is not None and not person.email:
        return Decision(RequestState.SUPPRESSED, reason=NO_ADDRESS)
    due = max(now, scheduled_at)
    if person is not None and person.next_eligible_at > due:
        return Decision(
            RequestState.THROTTLED,
            reason="surveyed_recently",
            next_eligible_at=person.next_eligible_at,
        )
    return Decision(
        RequestState.SCHEDULED,
        scheduled_at=due,
        next_eligible_at=throttled_until(project, due),
    )


def throttled_until(project: Project, sent_at: int) -> int:
    """When a person surveyed at a time may be surveyed again."""
    return sent_at + project.throttle_days * DAY


def throttle_given_back(person: Person, request: SurveyRequest, project: Project) -> Person:
    """The person once a request of theirs is known never to be sent: what blocked them before blocks them still."""
    seeded = throttled_until(project, person.last_sent_at) if person.last_sent_at else 0
    return replace(
        person,
        next_eligible_at=max(request.eligible_before, seeded),
        next_survey_scheduled_at=0,
        pending_request="",
    )


def sent(request: SurveyRequest, project: Project, *, now: int) -> SurveyRequest:
    """The request once its invitation or a reminder is on its way; what is due next is a reminder or its expiry."""
    request = replace(request, sent_at=request.sent_at or now)
    if request.state is RequestState.SCHEDULED:
        request = replace(request, state=RequestState.ACTIVE)
    if request.state is RequestState.ACTIVE:
        request = replace(request, timer_at=_next_timer(request, project))
    return request


def delayed(request: SurveyRequest, *, at: int) -> SurveyRequest:
    """The request once SES said that it could not deliver a mail yet; the first time of it is kept."""
    return replace(request, delayed_at=request.delayed_at or at)


def delivered(request: SurveyRequest, project: Project, *, now: int) -> SurveyRequest:
    """The request once a mail of it has arrived: one before it that did not, no longer matters."""
    request = sent(request, project, now=now)
    if request.reason == BOUNCED_FOR_NOW:
        request = replace(request, reason="", bounced_at=0)
    return replace(request, delivered_at=request.delivered_at or now)


def bounced(request: SurveyRequest, project: Project, *, for_good: bool, now: int) -> SurveyRequest:
    """The request once a mail of it came back: for good, which ends it, or because SES gave up trying."""
    request = replace(sent(request, project, now=now), bounced_at=now)
    if request.state is not RequestState.ACTIVE:
        return request
    return stopped(request, RequestState.SUPPRESSED, BOUNCED) if for_good else replace(request, reason=BOUNCED_FOR_NOW)


def never_sent(request: SurveyRequest) -> SurveyRequest:
    """The request that counted as asked, once its only mail is known not to have gone out."""
    return replace(stopped(request, RequestState.CANCELLED, "failed"), sent_at=0)


def reminded(request: SurveyRequest) -> SurveyRequest:
    """The request once its next reminder is in a worker's hands."""
    return replace(request, reminders=request.reminders + 1, timer_at=0)


def next_reminder_at(request: SurveyRequest) -> int:
    """When an active request's next reminder is due, 0 when there is to be none before it expires."""
    is_next = request.state is RequestState.ACTIVE and request.timer_at < request.expires_at
    return request.timer_at if is_next else 0


def only_expires(request: SurveyRequest) -> bool:
    """Whether nothing is left to be sent: the request's timer is its end."""
    return request.state is RequestState.ACTIVE and request.timer_at >= request.expires_at


def _next_timer(request: SurveyRequest, project: Project) -> int:
    if request.reminders < len(project.reminder_days):
        due = within_window(project, request.sent_at + project.reminder_days[request.reminders] * DAY)
        return min(due, request.expires_at)
    return request.expires_at


def responded(request: SurveyRequest, *, now: int) -> SurveyRequest:
    """The request once it is answered; nothing more is due."""
    if request.state is RequestState.RESPONDED:
        return request
    check_move(request.state, RequestState.RESPONDED)
    return replace(request, state=RequestState.RESPONDED, responded_at=now, timer_at=0)


def stopped(request: SurveyRequest, state: RequestState, reason: str) -> SurveyRequest:
    """The request once it is cancelled, suppressed or expired. Raises ConflictError when it is past that."""
    check_move(request.state, state)
    return replace(request, state=state, reason=reason, timer_at=0)


def is_open(request: SurveyRequest, now: int) -> bool:
    """Whether the request's link leads to the question."""
    return request.state in ANSWERABLE and request.reason != ERASED and now < request.expires_at


def check_move(current: RequestState, new: RequestState) -> None:
    """Raises ConflictError when a request in one state may not move to another."""
    if new not in MOVES[current]:
        raise ConflictError(f"a request that is {current} cannot become {new}")
