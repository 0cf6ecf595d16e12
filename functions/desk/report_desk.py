"""A report's stable link: it leads to the file by a fresh presigned address, each time it is opened."""

from typing import Any

from shared.domain.errors import NotFoundError
from shared.domain.links import Purpose
from shared.outside import clients, log
from shared.outside.link_keys import link_keys
from shared.outside.settings import setting
from shared.render import pages, web
from shared.render.web import HttpAnswer
from shared.store import reports

_SECONDS = 300


def respond(method: str, token: str, event: dict[str, Any], now: int) -> HttpAnswer:  # noqa: ARG001
    """Leads to a month's report. Raises BadLinkError for a link that is none, NotFoundError before it is built.

    An address presigned by a function dies with the function's credentials, so none is ever mailed.
    """
    if method != "GET":
        return web.page(pages.problem("unknown"), 405, allow="GET, HEAD")
    project, _, month = link_keys().read(Purpose.REPORT, token).partition("/")
    log.concern(project=project, month=month)
    item = reports.find(project, month)
    files = (item or {}).get("files", {})
    name = web.query_of(event).get("file", "html")
    if name not in files:
        raise NotFoundError("this report is not built yet")
    address = clients.s3().generate_presigned_url(
        "get_object", Params={"Bucket": setting("REPORTS_BUCKET"), "Key": files[name]}, ExpiresIn=_SECONDS
    )
    return web.see_other(address)
