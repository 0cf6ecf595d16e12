"""A report of SES moves its mail, the mail's request and its person."""

from collections.abc import Iterator

from functions.feedback.events import Report
from shared.domain import mails
from shared.domain.mails import Mail, MailKind, MailState
from shared.domain.opt_ins import OptIn, confirmation_id
from shared.domain.people import Person
from shared.outside import log
from shared.store import mails as store
from shared.store import opt_ins, people, projects, suppression
from shared.store.records import created, load
from shared.store.table import Write


def settle(report: Report, now: int) -> bool:
    """Writes what SES reported; False when the mail is not one of ours.

    A repeated or late report changes nothing wrongly.
    """
    mail_id, person = _whose(report)
    log.concern(mail=mail_id, person=person.id if person else "")
    if mail_id:
        mail = store.move(mail_id, lambda known: _told(known, report, now), now)
        if mail is None:
            return False
        log.concern(project=mail.project, kind=mail.kind.value, **mails.about(mail))
        if mail.person:
            _block(mail.person, report, mail, now)
        if mail.kind is MailKind.CONFIRMATION:
            _block_address(mail, report, now)
        return True
    if person:
        _block(person.id, report, None, now)
    return person is not None


def _told(mail: Mail, report: Report, now: int) -> Mail:
    if report.delayed:
        return mails.delayed(mail, now)
    return mails.reported(mail, report.state, report.reason, now)


def _block(person_id: str, report: Report, mail: Mail | None, now: int) -> None:
    known: Person | None = None
    complained = report.state is MailState.COMPLAINED
    if report.address_dead:
        known = suppression.bounced(
            person_id, now, addresses=report.recipients, also=lambda person: _notice(person, mail, now)
        )
    if complained:
        known = suppression.complained(person_id, now)
    if known is None and mail is not None and mail.kind.is_survey and (report.address_dead or complained):
        # The person was erased meanwhile: what SES says of the address outlives them.
        for address in report.recipients:
            suppression.bar_address(mail.project, address, now, complained=complained)


def _block_address(mail: Mail, report: Report, now: int) -> None:
    """A confirmation mail goes to an address that need not be a person's: then the address itself is marked.

    An opt-in that was forgotten meanwhile leaves no address to mark.
    """
    one = load(OptIn, mail.subject_id)
    complained = report.state is MailState.COMPLAINED
    if one is None or not (report.address_dead or complained):
        return
    person = suppression.bar_address(one.project, one.email, now, complained=complained)
    if person:
        _block(person.id, report, None, now)


def _notice(person: Person, bounced: Mail | None, now: int) -> list[Write]:
    """The mail to the person's owner, if it is not written yet; its timer has it sent."""
    notice = mails.bounce_notice(person, projects.load(person.project), bounced, now)
    return [created(notice)] if notice and load(Mail, notice.id) is None else []


def _whose(report: Report) -> tuple[str, Person | None]:
    """Our mail's name: from the tags, else by way of the recipient and the message id that SES gave the mail."""
    if report.mail:
        return report.mail, None
    found: Person | None = None
    for project in projects.all_projects():
        for address in report.recipients:
            _, person = people.find(project.id, address)
            found = person or found
            for name in _last_mails(project.id, address, person):
                mail = load(Mail, name)
                if mail and _is_of(report, mail):
                    return name, person
    return "", found


def _last_mails(project: str, address: str, person: Person | None) -> Iterator[str]:
    """The names of the mails that an address may just have got: its survey, and what confirms its opt-in."""
    if person and person.pending_request:
        yield mails.invitation_id(person.pending_request)
    if opt_in := opt_ins.of(project, address):
        yield confirmation_id(opt_in)


def _is_of(report: Report, mail: Mail) -> bool:
    """Whether a report without tags speaks of a mail.

    Message ids are compared without the domain that some of SES's interfaces add. A mail still without one is just
    being sent: the report was faster than our own write.
    """
    if not mail.message_id:
        return mail.state is MailState.SENDING
    return mail.message_id.partition("@")[0] == report.message_id.partition("@")[0]
