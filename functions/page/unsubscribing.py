"""The page on which a person stops survey mail; mail programs post to it by themselves (RFC 8058)."""

from typing import Any

from shared.domain.links import Purpose
from shared.outside import log
from shared.outside.link_keys import link_keys
from shared.render import pages, web
from shared.render.web import HttpAnswer
from shared.store import projects, responses, suppression
from shared.store.keys import person_id_of


def respond(method: str, token: str, event: dict[str, Any], now: int) -> HttpAnswer:
    """GET shows a button; POST acts, with or without cookies, from wherever it comes.

    Raises BadLinkError for a link that is none. The answer is the same for people who were erased.
    """
    asked = link_keys().read(Purpose.UNSUBSCRIBE, token)
    request, _ = responses.read(asked)
    log.concern(request=request.id, project=request.project)
    project = projects.load(request.project)
    person = person_id_of(asked)
    if method == "POST":
        suppression.unsubscribe(person, now)
        log.count("Unsubscribed")
    # What the POST showed comes again in another language by GET; only then is the person read.
    done = method == "POST" or ("done" in web.query_of(event) and suppression.is_unsubscribed(person))
    html = pages.unsubscribe(project, done=done, own=request.locale, preference=web.preference_of(event))
    return web.page(html)
