"""A mail's content, made of the records it speaks of at the moment of sending."""

import json
import os
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from typing import NamedTuple
from urllib.parse import urlsplit

from shared.domain.cases import Case
from shared.domain.errors import NotFoundError
from shared.domain.links import Purpose, Stop
from shared.domain.mails import Mail, MailKind, invitation_id
from shared.domain.opt_ins import OptIn
from shared.domain.people import Person, address_hash
from shared.domain.project import Project
from shared.domain.requests import SurveyRequest
from shared.domain.responses import Response
from shared.outside import clients
from shared.outside.link_keys import link_keys
from shared.outside.settings import setting
from shared.render import mail_headers
from shared.render import mails as render
from shared.render.mails import Message
from shared.store.keys import person_id_of
from shared.store.records import load, load_many

# Plain ASCII passes every relay unchanged.
_POLICY = policy.SMTP.clone(cte_type="7bit")


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail as SES takes it: the envelope's two ends and the whole message."""

    sender: str
    recipient: str
    raw: bytes


class _To(NamedTuple):
    email: str
    name: str


def survey(project: Project, request: SurveyRequest, person: Person, mail: Mail) -> Letter:
    """A survey's invitation or reminder, with one-click unsubscribe (RFC 8058); reminders stay in the thread."""
    link = _link(Purpose.SURVEY, "r", request.id)
    stop = _stop_link(request.id, person)
    is_reminder = mail.kind is MailKind.REMINDER
    message = render.invitation(
        project, request, survey_url=link, unsubscribe_url=stop, asked_at=request.sent_at if is_reminder else 0
    )
    headers = {"List-Unsubscribe": f"<{stop}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    if is_reminder and (first := load(Mail, invitation_id(request.id))) and first.message_id:
        headers |= dict.fromkeys(("In-Reply-To", "References"), f"<{_full_message_id(first.message_id)}>")
    return _letter(project, mail, _To(person.email, person.name), message, headers)


def confirmation(project: Project, opt_in: OptIn, mail: Mail) -> Letter:
    """The mail that asks whether an address is really its owner's. It says no name: anybody may have entered one."""
    message = render.confirmation(project, opt_in, confirm_url=_link(Purpose.JOIN, "j", opt_in.id))
    return _letter(project, mail, _To(opt_in.email, ""), message, {})


def thanks(project: Project, request: SurveyRequest | None, person: Person, mail: Mail) -> Letter:
    """The thanks for an answer, in the words of its request. Raises NotFoundError when it is gone or another's."""
    response = _loaded(Response, mail.subject_id)
    if not response.person == person.id == person_id_of(response.id):
        # Its link to stop would stop the mails of the person whom it was of before.
        raise NotFoundError("the response is another person's now")
    stop = _stop_link(response.id, person)
    headers = {"List-Unsubscribe": f"<{stop}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    message = render.thanks(project, response, request=request if response.request else None, unsubscribe_url=stop)
    return _letter(project, mail, _To(person.email, person.name), message, headers)


def other(project: Project, mail: Mail) -> Letter:
    """Any mail that goes to no respondent. Raises NotFoundError when what it speaks of is gone."""
    match mail.kind:
        case MailKind.ALERT:
            return _alert(project, mail)
        case MailKind.REPORT:
            return _report(project, mail)
        case MailKind.BOUNCE_NOTICE:
            return _bounce_notice(project, mail)
        case MailKind.INVITATION | MailKind.REMINDER | MailKind.THANKS | MailKind.CONFIRMATION:
            raise NotFoundError(f"a mail of the kind {mail.kind.value} is made of more than itself")


def _alert(project: Project, mail: Mail) -> Letter:
    case = _loaded(Case, mail.subject_id)
    responses = load_many(Response, list(case.responses))
    newest = next((one for one in responses if one.id == mail.reference), None)
    if newest is None:
        raise NotFoundError("the response is gone")
    person = load(Person, newest.person)
    message = render.alert(
        project,
        case,
        newest,
        person_name=person.name if person else "",
        person_email=person.email if person else "",
        person_phone=person.phone_number if person else "",
        case_url=_link(Purpose.CASE, "c", case.id),
        history=[one for one in responses if one.id != newest.id],
    )
    return _letter(project, mail, _To(mail.to, case.owner_name), message, {})


def _bounce_notice(project: Project, mail: Mail) -> Letter:
    person = _loaded(Person, mail.subject_id)
    if not person.bounced_at:
        raise NotFoundError("the address is one that takes mail")
    owner = project.owner_of(person.properties)
    if owner.email != mail.to:
        owner = project.owner
    message = render.bounce_notice(project, person, owner)
    return _letter(project, mail, _To(mail.to, owner.name), message, {})


def _report(project: Project, mail: Mail) -> Letter:
    month = mail.subject_id
    stored = clients.s3().get_object(Bucket=setting("REPORTS_BUCKET"), Key=f"reports/{project.id}/{month}/report.json")
    figures = json.loads(stored["Body"].read())
    manager = next((one for one in project.managers if one.email == mail.to), None)
    message = render.report_summary(
        project,
        figures,
        report_url=_link(Purpose.REPORT, "m", f"{project.id}/{month}"),
        recipient_name=manager.name if manager else "",
        recipient_locale=manager.locale if manager else "",
    )
    return _letter(project, mail, _To(mail.to, manager.name if manager else ""), message, {})


def _letter(project: Project, mail: Mail, to: _To, message: Message, headers: dict[str, str]) -> Letter:
    email = EmailMessage(policy=_POLICY)
    email["From"] = mail_headers.mailbox("From", project.sender.email, project.sender.name)
    email["To"] = mail_headers.mailbox("To", to.email, to.name)
    if project.sender.reply_to:
        email["Reply-To"] = mail_headers.mailbox("Reply-To", project.sender.reply_to)
    email["Subject"] = mail_headers.text("Subject", message.subject)
    own = {
        "Message-ID": f"<{mail.id}.{mail.attempt}@{urlsplit(setting('SURVEYS_URL')).hostname}>",
        "X-Hearback-Mail": mail.id,
        "Auto-Submitted": "auto-generated",
    }
    for name, value in (own | headers).items():
        email[name] = mail_headers.whole(name, value)
    email.set_content(message.text, cte="quoted-printable")
    email.add_alternative(message.html, subtype="html", cte="quoted-printable")
    return Letter(project.sender.email, to.email, email.as_bytes())


def _full_message_id(message_id: str) -> str:
    """The id in a mail's own header: SES adds its domain, which its answer leaves out."""
    if "@" in message_id:
        return message_id
    region = os.environ.get("AWS_REGION", "us-east-1")
    return f"{message_id}@{'email' if region == 'us-east-1' else region}.amazonses.com"


def _stop_link(about: str, person: Person) -> str:
    return _link(Purpose.UNSUBSCRIBE, "u", str(Stop(about, address_hash(person.project, person.email))))


def _link(purpose: Purpose, path: str, record_id: str) -> str:
    return f"{setting('SURVEYS_URL')}/{path}/{link_keys().make(purpose, record_id)}"


def _loaded[R: Case | Response | Person](cls: type[R], record_id: str) -> R:
    found = load(cls, record_id)
    if found is None:
        raise NotFoundError(f"the {cls.__name__.lower()} is gone")
    return found
