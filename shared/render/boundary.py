"""Where the web meets a function of pages: every request gets a page, whatever goes wrong behind it."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from shared.domain.errors import BadLinkError, BusyError, NotFoundError, TooManyError
from shared.domain.project import Project
from shared.outside import clock, log
from shared.outside.log import place_of
from shared.render import pages, web
from shared.render.web import HttpAnswer, UnreadableFormError

Responder = Callable[[str, str, dict[str, Any], int], HttpAnswer]
"""Answers a method (GET or POST) on a link's token, given the event and the time."""

TROUBLE = (TooManyError, BusyError, ClientError, BotoCoreError)
"""What passes by itself: the same request may succeed later."""


def respond(responders: Mapping[str, Responder], event: dict[str, Any], request_id: str) -> HttpAnswer:
    """The page at `/<kind>/<token>`, by kind, as small as the browser takes it."""
    log.begin(correlation_id=event["requestContext"].get("requestId", ""), function_request_id=request_id)
    kind, _, token = event["rawPath"].strip("/").partition("/")
    method = web.method_of(event)
    answer = _answer(responders.get(kind), token, method, event)
    log.log("answered", page=kind if kind in responders else "", method=method, status=answer["statusCode"])
    return web.compressed(answer, event)


def trouble(error: Exception, event: Mapping[str, Any], project: Project | None = None) -> HttpAnswer:
    """The page for what passes by itself. It holds what was typed, and a button that sends it again."""
    preference = web.preference_of(event)
    typed: list[tuple[str, str]] = []
    if web.method_of(event) == "POST":
        with suppress(UnreadableFormError):
            typed = web.pairs_of(event)
    if isinstance(error, TooManyError):
        if not error.seconds:
            return web.page(pages.problem("enough", project, preference), 429)
        html = pages.problem("many", project, preference, typed=typed)
        return web.page(html, 429, **{"retry-after": str(error.seconds)})
    log.log("AWS did not do it", "WARN", error=type(error).__name__)
    return web.page(pages.problem("busy", project, preference, typed=typed), 503, **{"retry-after": "5"})


def _answer(responder: Responder | None, token: str, method: str, event: dict[str, Any]) -> HttpAnswer:
    preference = web.preference_of(event)
    if responder is None:
        return web.page(pages.problem("unknown", None, preference), 404)
    if method not in {"GET", "POST"}:
        return web.page(pages.problem("unknown", None, preference), 405, allow="GET, HEAD, POST")
    try:
        return responder(method, token, event, clock.now())
    except (BadLinkError, NotFoundError):
        return web.page(pages.problem("unknown", None, preference), 404)
    except UnreadableFormError:
        return web.page(pages.problem("unknown", None, preference), 400)
    except TROUBLE as error:
        return trouble(error, event)
    except Exception as error:  # noqa: BLE001  # the boundary: the person gets a page whatever happened
        log.log("unexpected error", "ERROR", error=type(error).__name__, where=place_of(error))
        log.count("UnexpectedErrors")
        return web.page(pages.problem("error", None, preference), 500)
