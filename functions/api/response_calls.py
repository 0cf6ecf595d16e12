"""The calls that list responses."""

from collections.abc import Iterable
from itertools import islice

from functions.api import inputs, outputs, trend_calls
from functions.api.calls import Answer, Call, Route, record_id
from functions.api.pages import expanded, within
from shared.domain.errors import NotFoundError
from shared.domain.people import Person
from shared.domain.project import Project
from shared.domain.responses import Response
from shared.outside import log
from shared.store import entered, lists, people
from shared.store.api_keys import Scope
from shared.store.records import load


def list_responses(call: Call[inputs.ResponsesQuery]) -> Answer:
    """Responses, oldest first unless asked otherwise."""
    query = call.given
    skip = (query.page - 1) * query.per_page
    found = _responses(call, skip + query.per_page)[skip : skip + query.per_page]
    who = expanded(found) if "person" in query.expand else {}
    return Answer([outputs.response(one, call.base_url, who.get(one.person)) for one in found])


def get_response(call: Call[inputs.ResponseQuery], response_id: str) -> Answer:
    """One response."""
    found = load(Response, record_id(response_id))
    if found is None or found.project != call.project.id or not found.counts:
        raise NotFoundError("there is no such response")
    log.concern(person=found.person, request=found.id)
    who = load(Person, found.person) if "person" in call.given.expand else None
    return Answer(outputs.response(found, call.base_url, who))


ROUTES = (
    Route("GET", "survey_responses", Scope.READ, inputs.ResponsesQuery, list_responses),
    Route("GET", "survey_responses/<response_id>", Scope.READ, inputs.ResponseQuery, get_response),
)


def _responses(call: Call[inputs.ResponsesQuery], enough: int) -> list[Response]:
    query, project = call.given, call.project
    direction, _, field_name = query.order.partition(":")
    newest_first = direction == "desc"
    by_update = field_name == "updated_at" or query.updated_since is not None or query.updated_until is not None
    since, until = within(query.since, query.until, project.since, call.now)
    updated_since, updated_until = within(query.updated_since, query.updated_until, project.created_at, call.now)
    found: Iterable[Response]
    if query.person_id is not None or query.person_email is not None:
        found = sorted(
            entered.responses_of(project.id, _person_asked(query, project)),
            key=lambda one: (one.updated_at if by_update else one.created_at, one.id),
            reverse=newest_first,
        )
    elif by_update:
        found = lists.by_update(
            Response, "response", project.id, since=updated_since, until=updated_until, newest_first=newest_first
        )
    else:
        found = lists.by_time(Response, "response", project.id, since=since, until=until, newest_first=newest_first)
    trend = trend_calls.named(project, query.trend)

    def wanted(one: Response) -> bool:
        if by_update and not updated_since <= one.updated_at <= updated_until:
            return False
        return since <= one.created_at <= until and (trend is None or trend.matches(one.properties))

    return list(islice(filter(wanted, found), enough))


def _person_asked(query: inputs.ResponsesQuery, project: Project) -> str:
    if query.person_id is not None:
        return query.person_id
    _, person = people.find(project.id, query.person_email or "")
    return person.id if person else ""
