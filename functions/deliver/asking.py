"""A survey request whose time has come: its invitation, its next reminder, or its end."""

from dataclasses import replace

from functions.deliver import compose, turn
from functions.deliver.done import Done
from functions.deliver.permission import may_be_mailed, why_barred
from functions.deliver.sending import send
from functions.deliver.turn import SecondsLeft
from shared.domain import mails, requests
from shared.domain.mails import Mail, MailKind
from shared.domain.people import Person
from shared.domain.project import DAY, Project
from shared.domain.requests import RequestState, SurveyRequest
from shared.domain.scheduling import within_window
from shared.outside import clock, log
from shared.outside.mailer import Result
from shared.store import memberships, projects
from shared.store.keys import person_id_of
from shared.store.mails import Matter
from shared.store.records import changed, created, load_both
from shared.store.table import ChangedError, records


def take_turn(person_id: str, seconds_left: SecondsLeft) -> tuple[Done, Result | None]:
    """Takes a member's turn; when it brings a survey, that goes out at once, in the place that wake has given."""
    log.concern(person=person_id)
    taken = memberships.take_turn(person_id, clock.now())
    if taken is None:
        return Done.NOTHING, None
    if taken.request is None:
        log.concern(project=taken.membership.project, skipped=taken.skipped)
        return Done.SKIPPED, None
    return ask_when_due(taken.request.id, seconds_left)


def ask_when_due(request_id: str, seconds_left: SecondsLeft) -> tuple[Done, Result | None]:
    """Sends the survey or the reminder of a request whose time has come, or ends it; else it does nothing."""
    request, person = load_both(SurveyRequest, request_id, Person, person_id_of(request_id))
    now = clock.now()
    log.concern(request=request_id)
    if request is None or not 0 < request.timer_at <= now:
        return Done.NOTHING, None
    match request.state:
        case RequestState.ACTIVE if now >= request.expires_at:
            records().write(changed(requests.stopped(request, RequestState.EXPIRED, "expired")))
            return Done.EXPIRED, None
        case RequestState.SCHEDULED:
            handed_over = replace(request, timer_at=0)
            return _ask(request, person, now, seconds_left, kind=MailKind.INVITATION, handed_over=handed_over)
        case RequestState.ACTIVE:
            handed_over = requests.reminded(request)
            return _ask(request, person, now, seconds_left, kind=MailKind.REMINDER, handed_over=handed_over)
    return Done.NOTHING, None


def _ask(
    request: SurveyRequest,
    person: Person | None,
    now: int,
    seconds_left: SecondsLeft,
    *,
    kind: MailKind,
    handed_over: SurveyRequest,
) -> tuple[Done, Result | None]:
    """Sends the invitation, or the next reminder, of a request that is due."""
    project = projects.load(request.project)
    barred = why_barred(person)
    if person is None or barred:
        records().write(changed(requests.stopped(request, RequestState.SUPPRESSED, barred)))
        return Done.SUPPRESSED, None
    if not project.open:
        return _close(project, request, person)
    if (opens := within_window(project, now)) > now:
        records().write(changed(replace(request, timer_at=opens)))
        return Done.LATER, None
    if kind is MailKind.INVITATION:
        # However late the survey goes out, its link is good for as long as the project says.
        handed_over = replace(handed_over, expires_at=max(request.expires_at, now + project.link_days * DAY))
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
        records().write(created(mail), changed(handed_over), may_be_mailed(person))
    except ChangedError:
        return Done.NOTHING, None
    return send(Matter(replace(mail, rev=1), replace(handed_over, rev=request.rev + 1), person), letter, mine)


def _close(project: Project, request: SurveyRequest, person: Person) -> tuple[Done, Result | None]:
    """A closed project asks nobody; who was not asked may be as soon as it opens again."""
    free = requests.throttle_given_back(person, request, project)
    unasked = not request.sent_at and person.pending_request == request.id
    writes = [changed(requests.stopped(request, RequestState.SUPPRESSED, requests.PROJECT_CLOSED))]
    records().write(*writes, *([changed(free)] if unasked else []))
    return Done.SUPPRESSED, None
