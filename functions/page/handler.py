"""The hosted pages of respondents: HTTP in, a page out. GET and HEAD write no answer and no preference."""

import gc
from typing import Any

from functions.page import answering, unsubscribing
from shared.outside.settings import setting
from shared.render import boundary
from shared.render.web import HttpAnswer

for _name in ("RECORDS_TABLE", "LINKS_SECRET", "PROMPT_QUEUE"):
    setting(_name)


def _join(method: str, project: str, event: dict[str, Any], now: int) -> HttpAnswer:
    from functions.page import joining  # noqa: PLC0415  # few come to join; who answers need not wait for it

    return joining.respond(method, project, event, now)


def _confirm(method: str, token: str, event: dict[str, Any], now: int) -> HttpAnswer:
    from functions.page import joining  # noqa: PLC0415  # likewise

    return joining.confirm(method, token, event, now)


_PAGES = {"r": answering.respond, "u": unsubscribing.respond, "join": _join, "j": _confirm}

# What was imported lives as long as the function: the collector need not go through it again and again, the first
# time while the first client is made (a quarter of that client's CPU).
gc.freeze()


def handle(event: dict[str, Any], context: Any) -> HttpAnswer:
    """Answers one request."""
    return boundary.respond(_PAGES, event, context.aws_request_id)
