"""A mail whose time has come: sent, put off, refused, or given up."""

from collections.abc import Sequence
from dataclasses import replace

from functions.deliver import compose, turn
from functions.deliver.compose import Letter
from functions.deliver.done import Done
from functions.deliver.permission import may_be_mailed, why_barred
from functions.deliver.sending import send
from functions.deliver.turn import SecondsLeft
from shared.domain import mails
from shared.domain.errors import NotFoundError
from shared.domain.mails import Mail, MailKind, Step
from shared.domain.people import Person
from shared.domain.project import Project
from shared.domain.requests import PROJECT_CLOSED, RequestState, SurveyRequest
from shared.domain.scheduling import within_window
from shared.outside import clock, log
from shared.outside.mailer import Result
from shared.store import mails as store
from shared.store import opt_ins, projects
from shared.store.mails import Matter
from shared.store.records import changed, load, load_both
from shared.store.table import ChangedError, Check, records

_TO_BE_ASKED = {RequestState.SCHEDULED, RequestState.ACTIVE}


def send_when_due(mail_id: str, seconds_left: SecondsLeft) -> tuple[Done, Result | None]:
    """Takes the next step of a mail whose time has come; else it does nothing."""
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
    return _moved(mail, mails.given_up(mail), now, Done.GIVEN_UP)


def _take_and_send(mail: Mail, now: int, seconds_left: SecondsLeft) -> tuple[Done, Result | None]:
    project = projects.load(mail.project)
    if mail.kind is MailKind.CONFIRMATION:
        return _confirmation(project, mail, now, seconds_left)
    if mail.kind.is_survey and not project.open:
        return _refuse(mail, PROJECT_CLOSED, now, Done.REFUSED)
    request, person = load_both(SurveyRequest, mail.subject_id, Person, mail.person) if mail.person else (None, None)
    if mail.person and (barred := why_barred(person)):
        return _refuse(mail, barred, now, Done.SUPPRESSED)
    if mail.kind.is_survey and (opens := within_window(project, now)) > now:
        return _moved(mail, mails.put_off(mail, opens, "send window"), now, Done.LATER)
    if mail.kind.is_survey and request is not None and now >= request.expires_at:
        return _refuse(mail, "the link would be dead", now, Done.REFUSED)
    taken = mails.take(mail, now)
    try:
        letter = _letter(project, taken, request, person)
    except NotFoundError as error:
        return _refuse(mail, str(error), now, Done.REFUSED)
    checks = [may_be_mailed(person)] if person else []
    return _send(Matter(taken, request if mail.kind.is_survey else None, person), letter, checks, seconds_left)


def _confirmation(project: Project, mail: Mail, now: int, seconds_left: SecondsLeft) -> tuple[Done, Result | None]:
    """Asks the owner of an address whether they opted in, unless the address bounced or they complained.

    Who unsubscribed is asked: the one word of theirs may take back the other.
    """
    if not project.opt_in.enabled:
        return _refuse(mail, "opting in is over", now, Done.REFUSED)
    taken = mails.take(mail, now)
    try:
        to = opt_ins.addressee(mail.subject_id)
    except NotFoundError as error:
        return _refuse(mail, str(error), now, Done.REFUSED)
    if to.barred:
        return _refuse(mail, to.barred.value, now, Done.SUPPRESSED)
    letter = compose.confirmation(project, to.opt_in, taken)
    return _send(Matter(taken), letter, [to.still_takes_mail], seconds_left)


def _send(
    matter: Matter, letter: Letter, checks: Sequence[Check], seconds_left: SecondsLeft
) -> tuple[Done, Result | None]:
    """Sends a mail that was just taken, once that is written and SES's pace permits."""
    taken = matter.mail
    if (mine := turn.lease(urgent=taken.kind.is_prompt, seconds_left=seconds_left)) is None:
        return Done.WAITING, None
    try:
        records().write(changed(taken), *checks)
    except ChangedError:
        return Done.NOTHING, None
    return send(replace(matter, mail=replace(taken, rev=taken.rev + 1)), letter, mine)


def _refuse(mail: Mail, reason: str, now: int, done: Done) -> tuple[Done, Result | None]:
    return _moved(mail, mails.refused(mail, reason, now), now, done)


def _moved(mail: Mail, new: Mail, now: int, done: Done) -> tuple[Done, Result | None]:
    """Moves a mail that is not to be sent now, unless somebody else moved it meanwhile."""
    store.move(mail.id, lambda known: new if known.rev == mail.rev else known, now)
    return done, None


def _letter(project: Project, mail: Mail, request: SurveyRequest | None, person: Person | None) -> Letter:
    if mail.kind is MailKind.THANKS and person:
        return compose.thanks(project, request, person, mail)
    if not mail.kind.is_survey:
        return compose.other(project, mail)
    if request is None or person is None or request.state not in _TO_BE_ASKED:
        raise NotFoundError("the request is no longer to be sent")
    return compose.survey(project, request, person, mail)
