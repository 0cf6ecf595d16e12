"""The hosted pages of respondents: HTTP in, a page out. GET and HEAD write no answer and no preference."""

import gc
from typing import Any

from functions.page import answering, unsubscribing
from shared.outside.settings import setting
from shared.render import boundary
from shared.render.web import HttpAnswer

for _name in ("RECORDS_TABLE", "LINKS_SECRET"):
    setting(_name)

_PAGES = {"r": answering.respond, "u": unsubscribing.respond}

# What was imported lives as long as the function: the collector need not go through it again and again, the first
# time while the first client is made (a quarter of that client's CPU).
gc.freeze()


def handle(event: dict[str, Any], context: Any) -> HttpAnswer:
    """Answers one request."""
    return boundary.respond(_PAGES, event, context.aws_request_id)
