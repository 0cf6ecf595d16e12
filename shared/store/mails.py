"""Mails and what follows from them: a mail moves together with its request and its person."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from shared.domain import mails, requests
from shared.domain.errors import BusyError
from shared.domain.mails import Mail, MailKind, MailState
from shared.domain.people import Person
from shared.domain.requests import RequestState, SurveyRequest
from shared.store import keys, projects
from shared.store.attributes import unpack
from shared.store.records import changed, load, load_both
from shared.store.table import ChangedError, Write, records

_ATTEMPTS = 8


@dataclass(frozen=True, slots=True)
class Matter:
    """A mail with the request it invites to and the person it goes to, where it has them."""

    mail: Mail
    request: SurveyRequest | None = None
    person: Person | None = None


def move(mail_id: str, step: Callable[[Mail], Mail], now: int, known: Matter | None = None) -> Mail | None:
    """Moves a mail, and its request and person with it, in one write.

    Returns the mail as it is afterwards, None without such a mail.
    `step` is asked again on the newest state when somebody else was faster; a step that changes nothing writes nothing,
    and reads nothing else. `known` spares the first reading.
    """
    for _ in range(_ATTEMPTS):
        mail = known.mail if known else load(Mail, mail_id)
        if mail is None:
            return None
        moved = step(mail)
        if moved == mail:
            return mail
        matter, known = known or _matter(mail), None
        after = _following(replace(matter, mail=moved), now, was=mail.state)
        try:
            records().write(*_writes(matter, after))
        except ChangedError:
            continue
        return moved
    raise BusyError("this mail changes all the time; it comes again")


def unsettled(project_id: str) -> Iterator[Mail]:
    """A project's mails of which nobody knows whether they were sent, the oldest first."""
    found = records().query(
        keys.unsettled_partition(project_id), index=keys.BY_PROJECT, attribute_names=("list_pk", "list_sk")
    )
    return (unpack(Mail, item) for item in found)


def _matter(mail: Mail) -> Matter:
    if not mail.kind.is_survey:
        return Matter(mail)
    return Matter(mail, *load_both(SurveyRequest, mail.subject_id, Person, mail.person))


def _following(matter: Matter, now: int, *, was: MailState) -> Matter:
    """What a survey mail's new state means for its request and its person."""
    request, person = matter.request, matter.person
    if request is None:
        return matter
    project = projects.load(request.project)
    match matter.mail.state:
        case MailState.SENT | MailState.UNSETTLED:
            request = requests.sent(request, project, now=now)
            if matter.mail.delayed_at:
                request = requests.delayed(request, at=matter.mail.delayed_at)
        case MailState.DELIVERED | MailState.COMPLAINED:
            request = requests.delivered(request, project, now=now)
        case MailState.BOUNCED:
            for_good = mails.bounced_for_good(matter.mail)
            request = requests.bounced(request, project, for_good=for_good, now=now)
        case MailState.FAILED:
            request, person = _failed(matter, request, now, was)
    if person and request.sent_at and request.sent_at > person.last_sent_at:
        person = replace(person, last_sent_at=request.sent_at, next_survey_scheduled_at=0)
    return Matter(matter.mail, request, person)


def _failed(matter: Matter, request: SurveyRequest, now: int, was: MailState) -> tuple[SurveyRequest, Person | None]:
    """A request goes on to its reminders, unless the mail that failed was all that it ever sent."""
    project, person = projects.load(request.project), matter.person
    only = was is MailState.UNSETTLED and matter.mail.kind is MailKind.INVITATION and not request.reminders
    if request.state is RequestState.ACTIVE and not only:
        return requests.sent(request, project, now=now), person
    if request.state not in {RequestState.ACTIVE, RequestState.SCHEDULED}:
        return request, person
    if person and person.pending_request == request.id:
        unasked = 0 if person.last_sent_at == request.sent_at else person.last_sent_at
        person = requests.throttle_given_back(replace(person, last_sent_at=unasked), request, project)
    return requests.never_sent(request), person


def _writes(before: Matter, after: Matter) -> list[Write]:
    writes: list[Write] = [changed(after.mail)]
    if after.request and after.request != before.request:
        writes.append(changed(after.request))
    if after.person and after.person != before.person:
        writes.append(changed(after.person))
    return writes
