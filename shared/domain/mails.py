"""Mails: messages of any kind, each sent under one of two guarantees."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from shared.domain.people import Person, normalise_address
from shared.domain.project import Project

LEASE_SECONDS = 60
GRACE_SECONDS = 900
RATE_BACKOFF_SECONDS = 5
MAX_BACKOFF_SECONDS = 3600

PERMANENT = "Permanent"
"""SES's type of the bounces that will not pass; the others are Transient and Undetermined."""


class MailKind(StrEnum):
    """What a mail is for."""

    INVITATION = "invitation"
    REMINDER = "reminder"
    THANKS = "thanks"
    ALERT = "alert"
    REPORT = "report"
    BOUNCE_NOTICE = "bounce_notice"
    CONFIRMATION = "confirmation"

    @property
    def is_survey(self) -> bool:
        """True for mails that ask: only people who are not suppressed get them."""
        return self in {MailKind.INVITATION, MailKind.REMINDER}

    @property
    def at_least_once(self) -> bool:
        """True for mails whose rare double is better than silence: those to colleagues."""
        return self in {MailKind.ALERT, MailKind.REPORT, MailKind.BOUNCE_NOTICE}

    @property
    def is_prompt(self) -> bool:
        """True for mails that must not wait behind surveys: somebody has to act, or sits before a page."""
        return self.at_least_once or self is MailKind.CONFIRMATION


class MailState(StrEnum):
    """Where a mail stands."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    FAILED = "failed"
    UNSETTLED = "unsettled"


MOVES: Mapping[MailState, frozenset[MailState]] = {
    MailState.QUEUED: frozenset({MailState.SENDING, MailState.FAILED}),
    MailState.SENDING: frozenset(MailState),
    MailState.SENT: frozenset({MailState.DELIVERED, MailState.BOUNCED, MailState.COMPLAINED, MailState.FAILED}),
    MailState.UNSETTLED: frozenset(
        {MailState.SENT, MailState.DELIVERED, MailState.BOUNCED, MailState.COMPLAINED, MailState.FAILED}
    ),
    MailState.DELIVERED: frozenset({MailState.BOUNCED, MailState.COMPLAINED}),
    MailState.BOUNCED: frozenset({MailState.COMPLAINED}),
    MailState.COMPLAINED: frozenset(),
    MailState.FAILED: frozenset(),
}
"""The allowed moves. SES events come late, twice and in any order: one that is no move changes nothing."""


@dataclass(frozen=True, slots=True)
class Mail:
    """One message.

    `subject_id` is what it is about: a request, a response, a case, a report's month, an opt-in, or the person whose
    address bounced; `reference` is the response that an alert speaks of, or the request whose mail bounced.
    `delayed_at` is when SES first said that it is still trying. A bounced mail's `reason` is SES's type and subtype.
    `attempt` counts the calls made to SES; a mail in `sending` is held by one worker until `lease_until`.
    `timer_at` is when somebody must look at the mail again; 0 means never.
    """

    id: str
    project: str
    kind: MailKind
    subject_id: str
    created_at: int
    state: MailState = MailState.QUEUED
    to: str = ""
    person: str = ""
    reference: str = ""
    attempt: int = 0
    lease_until: int = 0
    message_id: str = ""
    sent_at: int = 0
    delayed_at: int = 0
    settled_at: int = 0
    reason: str = ""
    timer_at: int = 0
    rev: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", MailKind(self.kind))
        object.__setattr__(self, "state", MailState(self.state))


def invitation_id(request_id: str) -> str:
    """The name of a request's invitation: one request, one invitation."""
    return reminder_id(request_id, 0)


def reminder_id(request_id: str, number: int) -> str:
    """The name of a request's reminder, counted from 1."""
    return f"{request_id}-{number}"


def bounce_notice_id(bounced: str) -> str:
    """The name of the mail that tells of a bounce: one bounce, one notice."""
    return f"{MailKind.BOUNCE_NOTICE.value}-{bounced}"


def about(mail: Mail) -> dict[str, str]:
    """The ids of what a mail belongs to: the survey `request`, which its response shares, and the `case`."""
    match mail.kind:
        case MailKind.ALERT:
            return {"request": mail.reference, "case": mail.subject_id}
        case MailKind.BOUNCE_NOTICE:
            return {"request": mail.reference} if mail.reference else {}
        case MailKind.REPORT:
            return {"month": mail.subject_id}
        case MailKind.CONFIRMATION:
            return {"opt_in": mail.subject_id}
        case MailKind.INVITATION | MailKind.REMINDER | MailKind.THANKS:
            return {"request": mail.subject_id}


class Step(StrEnum):
    """What a worker that picks up a mail does with it."""

    SEND = "send"
    WAIT = "wait"
    GIVE_UP = "give up"
    NOTHING = "nothing"


def next_step(mail: Mail, now: int) -> Step:
    """What to do with a mail that is due.

    A `sending` mail whose lease has passed has an unknown outcome. Mails to colleagues go out again
    at once; the others wait for the Send event of SES until the grace is over, and are then given
    up as unsettled, so that nobody gets two.
    """
    if mail.state is MailState.QUEUED:
        return Step.SEND if mail.timer_at <= now else Step.NOTHING
    if mail.state is not MailState.SENDING:
        return Step.NOTHING
    if now < mail.lease_until:
        return Step.WAIT
    if mail.kind.at_least_once:
        return Step.SEND
    return Step.WAIT if now < mail.lease_until + GRACE_SECONDS else Step.GIVE_UP


def take(mail: Mail, now: int) -> Mail:
    """The mail in the hands of one worker, for one call to SES."""
    lease_until = now + LEASE_SECONDS
    return replace(
        mail, state=MailState.SENDING, attempt=mail.attempt + 1, lease_until=lease_until, timer_at=lease_until
    )


def accepted(mail: Mail, message_id: str, now: int) -> Mail:
    """The mail once SES has taken it."""
    return replace(mail, state=MailState.SENT, message_id=message_id, sent_at=now, settled_at=now, timer_at=0)


def is_held(mail: Mail, by: Mail) -> bool:
    """Whether a mail is still as the worker that took it left it; no event and no other worker moved it."""
    return mail.state is MailState.SENDING and mail.attempt == by.attempt


def put_off(mail: Mail, until: int, reason: str) -> Mail:
    """The mail back in the queue after SES surely did not take it."""
    return replace(mail, state=MailState.QUEUED, reason=reason, timer_at=until)


def refused(mail: Mail, reason: str, now: int) -> Mail:
    """The mail that SES will never take."""
    return replace(mail, state=MailState.FAILED, reason=reason, settled_at=now, timer_at=0)


def given_up(mail: Mail) -> Mail:
    """The mail of which nobody knows whether it was sent; it is not sent again."""
    return replace(mail, state=MailState.UNSETTLED, reason="outcome unknown", timer_at=0)


def reported(mail: Mail, state: MailState, reason: str, now: int) -> Mail:
    """The mail after an event of SES, unchanged when the event is no news."""
    if state not in MOVES[mail.state]:
        return mail
    return replace(
        mail, state=state, reason=reason, sent_at=mail.sent_at or now, settled_at=mail.settled_at or now, timer_at=0
    )


def delayed(mail: Mail, now: int) -> Mail:
    """The mail that SES has and could not deliver yet, unchanged once its end is known."""
    if mail.state not in {MailState.SENDING, MailState.SENT, MailState.UNSETTLED} or mail.delayed_at:
        return mail
    known = mail if mail.state is MailState.SENT else reported(mail, MailState.SENT, "", now)
    return replace(known, delayed_at=now)


def bounced_for_good(mail: Mail) -> bool:
    """Whether a bounced mail's address takes no mail at all; otherwise SES tried for hours and gave up."""
    return is_permanent(mail.reason)


def is_permanent(reason: str) -> bool:
    """Whether a bounce's reason, SES's type and subtype, is of the type that will not pass."""
    return reason.partition("/")[0] == PERMANENT


def bounce_notice(person: Person, project: Project, bounced: Mail | None, now: int) -> Mail | None:
    """The mail that tells a person's owner that their address takes none; None when all who could be told have it.

    Its id follows from the mail that bounced, where that is known.
    """
    owners = (project.owner_of(person.properties), project.owner)
    dead = normalise_address(person.email)
    owner = next((one for one in owners if normalise_address(one.email) != dead), None)
    if owner is None:
        return None
    return Mail(
        id=bounce_notice_id(bounced.id if bounced else f"{person.id}-{now}"),
        project=person.project,
        kind=MailKind.BOUNCE_NOTICE,
        subject_id=person.id,
        reference=bounced.subject_id if bounced else "",
        to=owner.email,
        created_at=now,
        timer_at=now,
    )


def backoff(attempt: int) -> int:
    """Seconds to wait after the attempt of this number (from 1) was refused for the sending rate."""
    return int(min(MAX_BACKOFF_SECONDS, RATE_BACKOFF_SECONDS * 2 ** max(0, attempt - 1)))
