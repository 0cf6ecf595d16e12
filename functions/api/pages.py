"""Lists of records by the time they were made, page after page: the next one is in the Link header."""

from collections.abc import Sequence
from itertools import islice

from functions.api import cursors, inputs
from functions.api.calls import Call
from shared.domain.autopilot import Membership
from shared.domain.people import Person
from shared.domain.requests import SurveyRequest
from shared.domain.responses import Response
from shared.store import lists
from shared.store.records import load_many


def asked_range[Q: inputs.PageQuery](call: Call[Q]) -> tuple[int, int]:
    """The `since` and `until` that a list was asked for, within the project's life up to now."""
    query = call.given
    return within(query.since, query.until, call.project.created_at, call.now)


def within(since: int | None, until: int | None, first: int, last: int) -> tuple[int, int]:
    """A range of Unix times that may be open, cut to another one."""
    return max(since or 0, first), last if until is None else min(until, last)


def page_of[Q: inputs.CursorQuery, R: (Person, Membership)](
    call: Call[Q], path: str, cls: type[R], kind: str
) -> tuple[list[R], dict[str, str]]:
    """A page of records by the time they were made, and the Link header that leads to the next one."""
    query, project = call.given, call.project
    since, until = asked_range(call)
    listed = lists.by_time(
        cls,
        kind,
        project.id,
        since=since,
        until=until,
        after=cursors.read(query.cursor),
        page_size=query.per_page + 1,
    )
    page = list(islice(listed, query.per_page + 1))
    if len(page) <= query.per_page:
        return page, {}
    page = page[: query.per_page]
    return page, cursors.next_page(f"{call.base_url}{path}", query, page[-1])


def expanded(found: Sequence[Response | SurveyRequest]) -> dict[str, Person]:
    """The people whom these are of, by id: one call for a page."""
    return {one.id: one for one in load_many(Person, sorted({each.person for each in found}))}
