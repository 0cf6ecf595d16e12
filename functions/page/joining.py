"""The pages on which anybody asks for surveys, and on which the owner of the address confirms it."""

import ipaddress
import re
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from shared.domain import opt_ins as rules
from shared.domain.errors import BadLinkError, InvalidError, NotFoundError
from shared.domain.links import Purpose
from shared.domain.locales import Preference
from shared.domain.mails import Mail
from shared.domain.people import address_problem
from shared.domain.project import Project
from shared.outside import log, queues
from shared.outside.link_keys import link_keys
from shared.outside.queues import QueueError
from shared.outside.settings import setting
from shared.render import join_pages, languages, pages, web
from shared.render.web import HttpAnswer
from shared.store import opt_ins, projects

_PROJECT = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_IPV6_NETWORK = 64


def respond(method: str, project_id: str, event: dict[str, Any], now: int) -> HttpAnswer:
    """GET shows the form; POST has a mail sent to the address, and says the same whatever is known of it.

    Raises NotFoundError for a project that does not take people in this way, as for one that does not exist.
    """
    project = _open_to_all(project_id)
    log.concern(project=project.id)
    preference = web.preference_of(event)
    if method == "POST":
        return _ask(project, preference, event, now)
    if "sent" in web.query_of(event):
        return web.page(join_pages.sent(project, preference))
    return web.page(join_pages.form(project, preference, stamp=_stamp(project, now)))


def confirm(method: str, token: str, event: dict[str, Any], now: int) -> HttpAnswer:
    """GET asks for the press of a button, as mail gateways look at every link; POST makes the owner a person.

    Raises BadLinkError for a link that is none, and NotFoundError for an opt-in that was forgotten.
    """
    opt_in = opt_ins.find(link_keys().read(Purpose.JOIN, token))
    log.concern(opt_in=opt_in.id, project=opt_in.project)
    project, preference = projects.load(opt_in.project), web.preference_of(event)
    if opt_in.confirmed_at:
        return web.page(join_pages.welcome(project, opt_in, preference))
    if now >= opt_in.expires_at:
        return web.page(pages.problem("expired", project, preference), 410)
    if not project.opt_in.enabled:
        return web.page(pages.problem("closed", project, preference), 410)
    if method == "GET":
        return web.page(join_pages.confirm(project, opt_in, preference))
    if web.is_foreign(event):
        return web.page(pages.problem("unknown", project, preference), 403)
    form = web.form_of(event)
    try:
        name = rules.clean_name(form.get("name", ""))
    except InvalidError as error:
        return web.page(join_pages.confirm(project, opt_in, preference, name=form["name"], errors=error.fields), 422)
    consent = form.get("consent", "")
    if consent not in project.opt_in.versions():
        return web.page(join_pages.confirm(project, opt_in, preference, name=name, text_changed=True), 409)
    person = opt_ins.confirm(opt_in, project, name=name, consent=consent, now=now)
    log.concern(person=person.id)
    log.count("OptIns")
    return web.see_other(pages.query(preference))


def _ask(project: Project, preference: Preference, event: dict[str, Any], now: int) -> HttpAnswer:
    if web.is_foreign(event):
        return web.page(pages.problem("unknown", project, preference), 403)
    form = web.form_of(event)
    done = web.see_other(pages.query(preference, sent=1))
    if form.get("website"):
        # No person sees this field.
        log.log("a robot asked to join", project=project.id)
        return done
    email, problems = form.get("email", "").strip(), dict[str, list[str]]()
    name = form.get("name", "")
    if problem := address_problem(email):
        problems["email"] = [problem]
    try:
        name = rules.clean_name(name)
    except InvalidError as error:
        problems |= error.fields
    in_time, stamp = _read_stamp(project, form.get("stamp", ""), now)
    if problems or not in_time:
        html = join_pages.form(project, preference, stamp=stamp, name=name, email=email, errors=problems)
        return web.page(html, 422)
    if not opt_ins.has_room(project, _source(event, now), now):
        wait = rules.HOUR - now % rules.HOUR
        return web.page(pages.problem("too_many", project, preference), 429, **{"retry-after": str(wait)})
    locale = languages.chosen(project.locale, "", preference)
    _hand_over(opt_ins.ask(project, email=email, name=name, locale=locale, now=now))
    return done


def _open_to_all(project_id: str) -> Project:
    if not _PROJECT.fullmatch(project_id):
        raise NotFoundError("no project is named like this")
    project = projects.load(project_id)
    if not project.opt_in.enabled:
        raise NotFoundError("this project asks whom it chooses")
    return project


def _stamp(project: Project, now: int) -> str:
    """What a form carries to show when it was given out, and that it was."""
    return link_keys().make(Purpose.FORM, f"{project.id}/{now}")


def _read_stamp(project: Project, stamp: str, now: int) -> tuple[bool, str]:
    """Whether a person may have read the form, and the stamp for the form shown next.

    Who was too quick keeps the stamp, so that their next press is slow enough.
    """
    try:
        given, _, shown_at = link_keys().read(Purpose.FORM, stamp).partition("/")
    except BadLinkError:
        return False, _stamp(project, now)
    if given != project.id or now - int(shown_at) > rules.SLOWEST_SECONDS:
        return False, _stamp(project, now)
    return rules.was_read(int(shown_at), now), stamp


def _source(event: dict[str, Any], now: int) -> str:
    """The caller's network under a name that holds for this hour and leads back to nothing."""
    text = str(event["requestContext"]["http"].get("sourceIp", ""))
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return link_keys().disguise(f"{now // rules.HOUR}/")
    if address.version == 6:
        text = str(ipaddress.ip_network((address, _IPV6_NETWORK), strict=False))
    return link_keys().disguise(f"{now // rules.HOUR}/{text}")


def _hand_over(mail: Mail) -> None:
    """The mail goes out at once; if the queue does not take its name, its timer brings it within a minute.

    A mail that went out before does not go again.
    """
    try:
        queues.send(setting("PROMPT_QUEUE"), [{"mail": mail.id}])
    except (QueueError, ClientError, BotoCoreError) as error:
        log.log("the queue did not take a mail; its timer will", "WARN", error=type(error).__name__, mail=mail.id)
