"""`hearback mails`: the mails of which nobody knows whether SES sent them, and the operator's word on it."""

from datetime import UTC, datetime

from local.problems import CommandError
from local.progress import say
from local.projects import exists
from shared.domain import mails
from shared.domain.mails import Mail, MailState
from shared.domain.people import Person
from shared.outside import clock
from shared.store import mails as store
from shared.store import projects
from shared.store.records import load, load_many

REASON = "settled by an operator"


def show(project_id: str | None) -> int:
    """Lists them: since when, the mail, its kind, what it is about, and the address, which no log has."""
    found = _found(project_id)
    people = {one.id: one for one in load_many(Person, list(dict.fromkeys(mail.person for mail in found)))}
    for mail in found:
        about = ", ".join(f"{name} {record}" for name, record in mails.about(mail).items())
        address = people[mail.person].email if mail.person in people else mail.to or "(erased)"
        since = f"{datetime.fromtimestamp(mail.lease_until, UTC):%Y-%m-%d %H:%M:%S}"
        print(f"{since}  {mail.id}  {mail.kind.value}  project {mail.project}, {about}  {address}")
    if not found:
        say("no mail is unsettled")
    return 0


def settle(mail_id: str | None, project_id: str | None, outcome: MailState) -> int:
    """Settles one mail, or all of a project.

    A survey's invitation that was sent after all leaves its request as it is, with its reminders. One that failed
    cancels it and gives the throttle back, unless a reminder went out: the person may be asked again.
    Raises CommandError when the mail is not unsettled, or when not exactly one of the two is named.
    """
    if bool(mail_id) is bool(project_id):
        raise CommandError("name one mail, or with --project the project whose unsettled mails are all to be settled")
    chosen = [mail_id] if mail_id else [mail.id for mail in _found(project_id)]
    for name in chosen:
        _settle_one(name, outcome)
        say(f"{name}: {outcome.value}")
    if not chosen:
        say("no mail is unsettled")
    return 0


def _settle_one(mail_id: str, outcome: MailState) -> None:
    now = clock.now()
    mail = load(Mail, mail_id)
    if mail is None:
        raise CommandError(f"there is no mail {mail_id}; `hearback mails unsettled` lists those to be settled")
    if mail.state is not MailState.UNSETTLED:
        raise CommandError(f"mail {mail_id} is {mail.state.value}, not unsettled: there is nothing to settle")
    store.move(mail_id, lambda known: _told(known, outcome, now), now)


def _told(mail: Mail, outcome: MailState, now: int) -> Mail:
    """What the operator says, unless SES's own event was faster."""
    return mails.reported(mail, outcome, REASON, now) if mail.state is MailState.UNSETTLED else mail


def _found(project_id: str | None) -> list[Mail]:
    if project_id and not exists(project_id):
        raise CommandError(f"there is no project {project_id}")
    names = [project_id] if project_id else [project.id for project in projects.all_projects()]
    return [mail for name in names for mail in store.unsettled(name)]
