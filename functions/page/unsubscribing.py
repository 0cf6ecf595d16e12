"""The page on which a person stops survey mail or takes that back; mail programs post to it themselves (RFC 8058)."""

from collections.abc import Mapping
from typing import Any

from shared.domain.errors import NotFoundError
from shared.domain.links import Purpose, Stop
from shared.domain.people import Person
from shared.domain.requests import SurveyRequest
from shared.domain.responses import Response
from shared.outside import log
from shared.outside.link_keys import link_keys
from shared.render import pages, web
from shared.render.pages import Wish
from shared.render.web import HttpAnswer, UnreadableFormError
from shared.store import keys, projects, suppression
from shared.store.keys import person_id_of
from shared.store.records import load


def respond(method: str, token: str, event: dict[str, Any], now: int) -> HttpAnswer:
    """GET says how things stand and has a button; a POST stops the mails, with or without cookies, wherever from.

    Only one that names the button `subscribe` starts them again, and none that another site sent. Raises BadLinkError
    for a link that is none. The answer is the same for people who were erased.
    """
    stop = Stop.read(link_keys().read(Purpose.UNSUBSCRIBE, token))
    about = _about(stop.about)
    log.concern(request=about.id, project=about.project)
    project, person = projects.load(about.project), person_id_of(stop.about)
    # With it the link of somebody who was erased still ends mail.
    address = keys.hashed_address(project.id, stop.address) if stop.address else None
    preference = web.preference_of(event)
    if method == "GET":
        known = load(Person, person) or (suppression.wishes_of(address) if address else None)
        wish = _wish(known, web.query_of(event))
    elif not _wants_surveys(event):
        if suppression.unsubscribe(person, now) is None and address:
            suppression.unsubscribe_address(address, now)
        log.count("Unsubscribed")
        wish = Wish.NONE
    elif web.is_foreign(event):
        return web.page(pages.problem("unknown", project, preference), 403)
    else:
        if suppression.subscribe(person) is None and address:
            suppression.subscribe_address(address)
        log.log("subscribed again")
        wish = Wish.AGAIN
    return web.page(pages.unsubscribe(project, wish, own=about.locale, preference=preference))


def _about(asked: str) -> SurveyRequest | Response:
    """What the mail was about: a request, or a response that nobody was asked for here."""
    about = load(SurveyRequest, asked) or load(Response, asked)
    if about is None:
        raise NotFoundError("there is neither a request nor a response of this name")
    return about


def _wish(person: Person | None, query: Mapping[str, str]) -> Wish:
    """How things stand. What a POST showed comes again in another language by GET, to one who is gone as well."""
    if person.unsubscribed_at if person else "done" in query:
        return Wish.NONE
    return Wish.AGAIN if "again" in query else Wish.UNKNOWN


def _wants_surveys(event: dict[str, Any]) -> bool:
    try:
        form = web.form_of(event)
    except UnreadableFormError:
        return False
    return "subscribe" in form and "List-Unsubscribe" not in form
