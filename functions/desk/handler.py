"""The pages of account owners and managers: HTTP in, a page out. The link is the capability; nobody logs in."""

from typing import Any

from functions.desk import case_desk, report_desk
from shared.outside.settings import setting
from shared.render import boundary
from shared.render.web import HttpAnswer

for _name in ("RECORDS_TABLE", "LINKS_SECRET", "REPORTS_BUCKET"):
    setting(_name)

_DESKS = {"c": case_desk.respond, "m": report_desk.respond}


def handle(event: dict[str, Any], context: Any) -> HttpAnswer:
    """Answers one request."""
    return boundary.respond(_DESKS, event, context.aws_request_id)
