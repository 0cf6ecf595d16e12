"""Lists of records by the time they were made, page after page: the next one is in the Link header."""

from itertools import islice

from functions.api import cursors, inputs
from functions.api.calls import Call
from shared.domain.autopilot import Membership
from shared.domain.people import Person
from shared.store import lists


def page_of[Q: inputs.CursorQuery, R: (Person, Membership)](
    call: Call[Q], path: str, cls: type[R], kind: str
) -> tuple[list[R], dict[str, str]]:
    """A page of records by the time they were made, and the Link header that leads to the next one."""
    query, project = call.given, call.project
    listed = lists.by_time(
        cls,
        kind,
        project.id,
        since=max(query.since or 0, project.created_at),
        until=min(query.until or call.now, call.now),
        after=cursors.read(query.cursor),
        page_size=query.per_page + 1,
    )
    page = list(islice(listed, query.per_page + 1))
    if len(page) <= query.per_page:
        return page, {}
    page = page[: query.per_page]
    return page, cursors.next_page(f"{call.base_url}{path}", query, page[-1])
