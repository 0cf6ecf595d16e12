"""One message of a send queue: a mail, or a request whose invitation is due, taken, sent and settled.

Everything may happen twice or stop half way. A mail is taken by a conditional write before SES is
called, and its outcome written after; between the two a lease says that somebody is at it.
"""

from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from typing import Any

from functions.deliver import compose, turn
from functions.deliver.compose import Letter
from functions.deliver.turn import SecondsLeft, Turn
from shared.domain import mails, pace, requests
from shared.domain.errors import NotFoundError
from shared.domain.mails import Mail, MailKind, MailState, Step
from shared.domain.opt_ins import OptIn
from shared.domain.people import Person
from shared.domain.project import Project
from shared.domain.requests import RequestState, SurveyRequest
from shared.domain.scheduling import within_window
from shared.outside import clock, log, mailer
from shared.outside.mailer import Outcome, Result
from shared.store import mails as store
from shared.store import memberships, opt_ins, projects, responses
from shared.store import pace as pace_store
from shared.store.keys import person as person_key
from shared.store.mails import Matter
from shared.store.records import changed, created, load
from shared.store.table import ChangedError, Check, records

_TO_BE_ASKED = {RequestState.SCHEDULED, RequestState.ACTIVE}


class Done(StrEnum):
    """What became of a message."""

    SENT = "sent"
    LATER = "later"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    SUPPRESSED = "suppressed"
    EXPIRED = "expired"
    FORGOTTEN = "forgotten"
    GIVEN_UP = "given up"
    SKIPPED = "skipped"
    WAITING = "waiting"
    COUNTED = "counted"
    NOTHING = "nothing"


_DONE = {
    Outcome.ACCEPTED: Done.SENT,
    Outcome.LATER: Done.LATER,
    Outcome.REFUSED: Done.REFUSED,
    Outcome.UNKNOWN: Done.UNKNOWN,
}


def work(message: dict[str, Any], seconds_left: SecondsLeft = lambda: 60.0) -> tuple[Done, Result | None]:
    """Does what a message names: a `request`, `mail`, `response`, `membership` or `opt_in`, as in `{"request": id}`.

    A repeated message does nothing. What finds no slot while there are seconds left keeps waiting in the table, and
    its message is done with.
    """
    if "membership" in message:
        return _work_membership(message["membership"], seconds_left)
    if "opt_in" in message:
        return _forget_opt_in(message["opt_in"]), None
    if "response" in message:
        return _work_response(message["response"]), None
    if "request" in message:
        return _work_request(message["request"], seconds_left)
    return _work_mail(message["mail"], seconds_left)


def _work_membership(person_id: str, seconds_left: SecondsLeft) -> tuple[Done, Result | None]:
    """Takes a member's turn; when it brings a survey, that goes out at once, in the place that wake has given."""
    log.concern(person=person_id)
    turn = memberships.take_turn(person_id, clock.now())
    if turn is None:
        return Done.NOTHING, None
    if turn.request is None:
        log.concern(project=turn.membership.project, skipped=turn.skipped)
        return Done.SKIPPED, None
    return _work_request(turn.request.id, seconds_left)


def _work_request(request_id: str, seconds_left: SecondsLeft) -> tuple[Done, Result | None]:
    request, now = load(SurveyRequest, request_id), clock.now()
    log.concern(request=request_id)
    if request is None or not 0 < request.timer_at <= now:
        return Done.NOTHING, None
    match request.state:
        case RequestState.ACTIVE if now >= request.expires_at:
            records().write(changed(requests.stopped(request, RequestState.EXPIRED, "expired")))
            return Done.EXPIRED, None
        case RequestState.SCHEDULED:
            return _ask(request, MailKind.INVITATION, replace(request, timer_at=0), now, seconds_left)
        case RequestState.ACTIVE:
            return _ask(request, MailKind.REMINDER, requests.reminded(request), now, seconds_left)
    return Done.NOTHING, None


def _work_response(response_id: str) -> Done:
    """Lets a score that was picked and not sent count once its time has come."""
    log.concern(request=response_id)
    return Done.COUNTED if responses.mature(response_id, clock.now()) else Done.NOTHING


def _ask(
    request: SurveyRequest, kind: MailKind, handed_over: SurveyRequest, now: int, seconds_left: SecondsLeft
) -> tuple[Done, Result | None]:
    """Sends the invitation, or the next reminder, of a request that is due."""
    project, person = projects.load(request.project), load(Person, request.person)
    if person is None or person.suppression is not None:
        records().write(changed(requests.stopped(request, RequestState.SUPPRESSED, _why_barred(person))))
        return Done.SUPPRESSED, None
    if not project.open:
        return _close(project, request, person)
    if (opens := within_window(project, now)) > now:
        records().write(changed(replace(request, timer_at=opens)))
        return Done.LATER, None
    mail = mails.take(
        Mail(
            id=mails.reminder_id(request.id, handed_over.reminders),
            project=request.project,
            kind=kind,
            subject_id=request.id,
            person=request.person,
            created_at=now,
        ),
        now,
    )
    log.concern(mail=mail.id, project=mail.project, kind=mail.kind.value)
    letter = compose.survey(project, request, person, mail)
    if (mine := turn.lease(urgent=False, seconds_left=seconds_left)) is None:
        return Done.WAITING, None
    try:
        records().write(created(mail), changed(handed_over), _may_be_mailed(person))
    except ChangedError:
        return Done.NOTHING, None
    return _send(Matter(replace(mail, rev=1), replace(handed_over, rev=request.rev + 1), person), letter, mine)


def _close(project: Project, request: SurveyRequest, person: Person) -> tuple[Done, Result | None]:
    """A closed project asks nobody; who was not asked may be as soon as it opens again."""
    free = requests.throttle_given_back(person, request, project)
    unasked = not request.sent_at and person.pending_request == request.id
    writes = [changed(requests.stopped(request, RequestState.SUPPRESSED, requests.PROJECT_CLOSED))]
    records().write(*writes, *([changed(free)] if unasked else []))
    return Done.SUPPRESSED, None


def _why_barred(person: Person | None) -> str:
    """Why nothing is sent to a person who is suppressed, or no longer there."""
    return person.suppression.value if person and person.suppression else requests.ERASED


def _may_be_mailed(person: Person) -> Check:
    """The last moment at which an unsubscribe, a bounce or a complaint still stops the mail."""
    return Check(
        person_key(person.id),
        "attribute_exists(pk) AND attribute_not_exists(unsubscribed_at)"
        " AND attribute_not_exists(bounced_at) AND attribute_not_exists(complained_at)",
        {},
    )


def _forget_opt_in(opt_in_id: str) -> Done:
    """Nobody confirmed within a week, or somebody did: either way nothing of the opt-in is needed any more."""
    one = load(OptIn, opt_in_id)
    log.concern(opt_in=opt_in_id)
    if one is None or clock.now() < one.timer_at:
        return Done.NOTHING
    log.concern(project=one.project)
    opt_ins.forget(one)
    return Done.FORGOTTEN


def _work_mail(mail_id: str, seconds_left: SecondsLeft) -> tuple[Done, Result | None]:
    mail, now = load(Mail, mail_id), clock.now()
    log.concern(mail=mail_id)
    if mail is None:
        return Done.NOTHING, None
    log.concern(project=mail.project, kind=mail.kind.value, **mails.about(mail))
    match mails.next_step(mail, now):
        case Step.NOTHING:
            return Done.NOTHING, None
        case Step.WAIT:
            return _wait(mail, now)
        case Step.GIVE_UP:
            return _give_up(mail, now)
        case Step.SEND:
            return _take_and_send(mail, now, seconds_left)


def _wait(mail: Mail, now: int) -> tuple[Done, Result | None]:
    """Comes back when the lease, and after it the grace, is over."""
    later = mail.lease_until if now < mail.lease_until else mail.lease_until + mails.GRACE_SECONDS
    if mail.timer_at != later:
        records().write(changed(replace(mail, timer_at=later)))
    return Done.NOTHING, None


def _give_up(mail: Mail, now: int) -> tuple[Done, Result | None]:
    store.move(mail.id, lambda known: mails.given_up(known) if known.rev == mail.rev else known, now)
    return Done.GIVEN_UP, None


def _take_and_send(mail: Mail, now: int, seconds_left: SecondsLeft) -> tuple[Done, Result | None]:
    project = projects.load(mail.project)
    if mail.kind is MailKind.CONFIRMATION:
        return _confirmation(project, mail, now, seconds_left)
    person = load(Person, mail.person) if mail.person else None
    if mail.person and (person is None or person.suppression is not None):
        return _refuse(mail, _why_barred(person), now, Done.SUPPRESSED)
    if mail.kind.is_survey and (opens := within_window(project, now)) > now:
        later = mails.put_off(mail, opens, "send window")
        store.move(mail.id, lambda known: later if known.rev == mail.rev else known, now)
        return Done.LATER, None
    request = load(SurveyRequest, mail.subject_id) if mail.kind.is_survey else None
    taken = mails.take(mail, now)
    try:
        letter = _letter(project, taken, request, person)
    except NotFoundError as error:
        return _refuse(mail, str(error), now, Done.REFUSED)
    if (mine := turn.lease(urgent=mail.kind.is_prompt, seconds_left=seconds_left)) is None:
        return Done.WAITING, None
    checks = [_may_be_mailed(person)] if person else []
    try:
        records().write(changed(taken), *checks)
    except ChangedError:
        return Done.NOTHING, None
    return _send(Matter(replace(taken, rev=mail.rev + 1), request, person), letter, mine)


def _confirmation(project: Project, mail: Mail, now: int, seconds_left: SecondsLeft) -> tuple[Done, Result | None]:
    """Asks the owner of an address whether they opted in, unless the address bounced or they complained.

    Who unsubscribed is asked: the one word of theirs may take back the other.
    """
    taken = mails.take(mail, now)
    try:
        to = opt_ins.addressee(mail.subject_id)
    except NotFoundError as error:
        return _refuse(mail, str(error), now, Done.REFUSED)
    if to.barred:
        return _refuse(mail, to.barred.value, now, Done.SUPPRESSED)
    letter = compose.confirmation(project, to.opt_in, taken)
    if (mine := turn.lease(urgent=mail.kind.is_prompt, seconds_left=seconds_left)) is None:
        return Done.WAITING, None
    try:
        records().write(changed(taken), to.still_takes_mail)
    except ChangedError:
        return Done.NOTHING, None
    return _send(Matter(replace(taken, rev=mail.rev + 1)), letter, mine)


def _refuse(mail: Mail, reason: str, now: int, done: Done) -> tuple[Done, Result | None]:
    """Ends a mail that is not to be sent, unless somebody else moved it meanwhile."""
    store.move(mail.id, lambda known: mails.refused(known, reason, now) if known.rev == mail.rev else known, now)
    return done, None


def _letter(project: Project, mail: Mail, request: SurveyRequest | None, person: Person | None) -> Letter:
    if not mail.kind.is_survey:
        return compose.other(project, mail)
    if request is None or person is None or request.state not in _TO_BE_ASKED:
        raise NotFoundError("the request is no longer to be sent")
    return compose.survey(project, request, person, mail)


def _send(matter: Matter, letter: Letter, mine: Turn) -> tuple[Done, Result | None]:
    mail = matter.mail
    tags = {"mail": mail.id, "attempt": str(mail.attempt)}
    if mine.has_come():
        result = mailer.send(sender=letter.sender, recipient=letter.recipient, raw=letter.raw, tags=tags)
    else:
        result = Result(Outcome.LATER, reason="no slot")
    now = clock.now()
    match result.outcome:
        case Outcome.ACCEPTED:
            store.move(mail.id, lambda known: _accepted(known, result.message_id, now), now, matter)
        case Outcome.LATER:
            later = now + _pause(result, mail.attempt)
            store.move(mail.id, _if_held(mail, lambda known: mails.put_off(known, later, result.reason)), now, matter)
        case Outcome.REFUSED:
            store.move(mail.id, _if_held(mail, lambda known: mails.refused(known, result.reason, now)), now, matter)
    _keep_pace(result, mine, now)
    return _DONE[result.outcome], result


def _pause(result: Result, attempt: int) -> int:
    """Seconds until a mail that SES surely did not take is looked at again."""
    if result.account_wide:
        return pace.ACCOUNT_STOP_SECONDS
    return pace.QUOTA_STOP_SECONDS if result.daily else mails.backoff(attempt)


def _keep_pace(result: Result, mine: Turn, now: int) -> None:
    """What SES's answer means for the mails behind this one."""
    if result.account_wide or result.daily:
        pace_store.stop(result.reason, now, everything=result.account_wide)
    elif result.throttled:
        pace_store.slow_down(mine.line, clock.exact())
    elif result.outcome is Outcome.ACCEPTED and mine.line.stopped_for and (mine.line.stopped_all or not mine.urgent):
        pace_store.resume()


def _if_held(taken: Mail, step: Callable[[Mail], Mail]) -> Callable[[Mail], Mail]:
    """A step that is left out when an event of SES or another attempt moved the mail meanwhile."""
    return lambda known: step(known) if mails.is_held(known, taken) else known


def _accepted(mail: Mail, message_id: str, now: int) -> Mail:
    """SES took the mail; when its event was faster, only the message's name is news."""
    if mail.state is MailState.SENDING:
        return mails.accepted(mail, message_id, now)
    return replace(mail, message_id=mail.message_id or message_id)
