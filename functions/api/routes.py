"""The calls of the API, each with the scope that its key needs."""

from itertools import islice

from functions.api import (
    autopilot,
    cursors,
    entering,
    imports,
    inputs,
    metrics,
    outputs,
    people_calls,
    reports,
    response_calls,
    theme_calls,
    trend_calls,
)
from functions.api.calls import Answer, Call, Route, Shown, record_id
from functions.api.pages import asked_range, expanded
from shared.domain.cases import Case
from shared.domain.errors import InvalidError, NotFoundError
from shared.domain.monthly import month_of
from shared.domain.people import Suppression
from shared.domain.requests import SurveyRequest
from shared.outside import log
from shared.store import lists, people, suppression
from shared.store.api_keys import Scope
from shared.store.records import load

_MOST_LOOKED_AT = 2_000
"""Of how many requests one page looks at the state."""


def list_requests(call: Call[inputs.RequestsQuery]) -> Answer:
    """Survey requests, those that were made first before the others; with `state=active`, who has not answered yet.

    The next page is in the Link header; a page of a seldom state may be short, or empty, and still have one.
    """
    query, project = call.given, call.project
    since, until = asked_range(call)
    listed = lists.by_time(
        SurveyRequest,
        "request",
        project.id,
        since=since,
        until=until,
        after=cursors.read(query.cursor),
    )
    page: list[SurveyRequest] = []
    headers: dict[str, str] = {}
    for number, one in enumerate(listed, start=1):
        if query.state in {None, one.state.value}:
            if len(page) == query.per_page:
                headers = cursors.next_page(f"{call.base_url}survey_requests", query, page[-1])
                break
            page.append(one)
        if number == _MOST_LOOKED_AT:
            headers = cursors.next_page(f"{call.base_url}survey_requests", query, one)
            break
    who = expanded(page)
    return Answer([outputs.request(one, who.get(one.person)) for one in page], headers=headers)


def post_unsubscribe(call: Call[inputs.UnsubscribeInput]) -> Answer:
    """Stops all later survey mail to a person."""
    _, person = people.find(call.project.id, call.given.person_email)
    if person is None:
        raise InvalidError({"person_email": ["is not a person of this project"]})
    log.concern(person=person.id, request=person.pending_request)
    suppression.unsubscribe(person.id, call.now)
    return Answer({"ok": True})


def list_unsubscribes(call: Call[inputs.NumberedPageQuery]) -> Answer:
    """Who asked for no more mail, oldest first."""
    return _suppressed(call, Suppression.UNSUBSCRIBED, "unsubscribed_at")


def list_bounces(call: Call[inputs.NumberedPageQuery]) -> Answer:
    """Whose address takes no mail, oldest first."""
    return _suppressed(call, Suppression.BOUNCED, "bounced_at")


def list_cases(call: Call[inputs.CasesQuery]) -> Answer:
    """Cases, newest first."""
    query = call.given
    since, until = asked_range(call)
    listed = lists.by_time(
        Case,
        "case",
        call.project.id,
        since=since,
        until=until,
        newest_first=True,
    )
    wanted = (one for one in listed if query.state in (None, one.state.value))
    skip = (query.page - 1) * query.per_page
    return Answer([outputs.case(one) for one in islice(wanted, skip, skip + query.per_page)])


def get_case(call: Call[inputs.NoQuery], case_id: str) -> Answer:
    """One case."""
    found = load(Case, record_id(case_id))
    if found is None or found.project != call.project.id:
        raise NotFoundError("there is no such case")
    log.concern(case=found.id)
    return Answer(outputs.case(found))


def list_reports(call: Call[inputs.NoQuery]) -> Answer:
    """The project's monthly reports, newest first."""
    return Answer([outputs.report(item) for item in reports.all_of(call.project)])


def post_report(call: Call[inputs.ReportInput]) -> Answer:
    """Has a month's report built (again) now; the managers get it by mail once."""
    month, project = call.given.month, call.project
    if not month_of(project.since, project.zone).name <= month <= month_of(call.now, project.zone).name:
        raise InvalidError({"month": ["must lie between the project's first month and this one"]})
    log.concern(month=month)
    return Answer(outputs.report(reports.request(project, month, call.now)), status=202)


def get_preview(call: Call[inputs.PreviewQuery]) -> Shown:
    """A page or mail of the project as people would see it, made of invented data."""
    from functions.api import preview  # noqa: PLC0415  # rendering would double the cold start of all other calls

    return Shown(*preview.show(call.project, call.given, call.now))


def post_import(call: Call[inputs.ImportInput]) -> Answer:
    """An import, with the address to upload its file to."""
    one = imports.ask(call.project, call.given, call.now)
    log.concern(**{"import": one.id})
    return Answer(imports.shape(one, may_upload=True), status=201)


def get_import(call: Call[inputs.NoQuery], import_id: str) -> Answer:
    """How far an import is, and once it has ended, its results; where to upload only for who may make one."""
    one = imports.find(call.project, record_id(import_id))
    log.concern(**{"import": one.id})
    return Answer(imports.shape(one, may_upload=Scope.ADMIN.value in call.scopes))


ROUTES = (
    *people_calls.ROUTES,
    *response_calls.ROUTES,
    Route("GET", "project/preview", Scope.READ, inputs.PreviewQuery, get_preview, media="text/html"),
    Route("GET", "survey_requests", Scope.READ, inputs.RequestsQuery, list_requests),
    *entering.ROUTES,
    *metrics.ROUTES,
    *theme_calls.ROUTES,
    *trend_calls.ROUTES,
    Route("POST", "unsubscribes", Scope.SEND, inputs.UnsubscribeInput, post_unsubscribe),
    Route("GET", "unsubscribes", Scope.READ, inputs.NumberedPageQuery, list_unsubscribes),
    Route("GET", "bounces", Scope.READ, inputs.NumberedPageQuery, list_bounces),
    *autopilot.ROUTES,
    Route("GET", "cases", Scope.READ, inputs.CasesQuery, list_cases),
    Route("GET", "cases/<case_id>", Scope.READ, inputs.NoQuery, get_case),
    Route("GET", "reports", Scope.READ, inputs.NoQuery, list_reports),
    Route("POST", "reports", Scope.ADMIN, inputs.ReportInput, post_report),
    Route("POST", "imports", Scope.ADMIN, inputs.ImportInput, post_import),
    Route("GET", "imports/<import_id>", Scope.READ, inputs.NoQuery, get_import),
)


def _suppressed(call: Call[inputs.NumberedPageQuery], reason: Suppression, name: str) -> Answer:
    query = call.given
    since, until = asked_range(call)
    skip = (query.page - 1) * query.per_page
    found = islice(suppression.suppressed(call.project, reason, since=since, until=until), skip, skip + query.per_page)
    return Answer([outputs.suppressed(one.person, one.at, name) for one in found])
