"""The calls of the API, each with the scope that its key needs."""

from collections.abc import Iterable, Sequence
from itertools import islice
from urllib.parse import unquote

from functions.api import (
    autopilot,
    batch,
    cursors,
    entering,
    imports,
    inputs,
    metrics,
    outputs,
    reports,
    theme_calls,
    trend_calls,
)
from functions.api.calls import Answer, Call, Route, Shown, record_id
from functions.api.pages import asked_range, page_of, within
from shared.domain.cases import Case
from shared.domain.errors import ConflictError, InvalidError, NotFoundError
from shared.domain.monthly import month_of
from shared.domain.people import Person, Suppression
from shared.domain.project import Project
from shared.domain.requests import SurveyRequest
from shared.domain.responses import Response
from shared.inputs.person import PersonInput
from shared.outside import log
from shared.store import entered, erasures, lists, opt_ins, people, send_calls, suppression
from shared.store.api_keys import Scope
from shared.store.idempotency import Keep
from shared.store.records import load, load_many

_MOST_LOOKED_AT = 2_000
"""Of how many requests one page looks at the state."""


def post_person(call: Call[PersonInput]) -> Answer:
    """Keeps a person and asks for a survey, when `send` is not false and the rules allow."""
    keep = Keep.of(call.project.id, call.idempotency_key, call.given.model_dump(mode="json"))
    answer = send_calls.send(call.project, call.given.call(call.project, call.now), call.now, outputs.sent, keep)
    log.concern(person=answer["id"] or "", request=answer["survey_request"]["id"] or "")
    return Answer(answer, status=201)


def post_batch(call: Call[inputs.BatchInput]) -> Answer:
    """Up to 1,000 rows of POST people; a result for each, in order. One bad row harms no other."""
    return Answer(
        {"results": batch.send_all(call.project, call.given.people, call.now, call.idempotency_key)}, status=207
    )


def list_people(call: Call[inputs.PeopleQuery]) -> Answer:
    """People by the time they were added; the next page is in the Link header."""
    query, project = call.given, call.project
    if query.email:
        _, found = people.find(project.id, query.email)
        return Answer([outputs.person(found)] if found else [])
    if query.phone_number:
        return Answer([outputs.person(one) for one in _with_number(project, query.phone_number, call.now)])
    page, headers = page_of(call, "people", Person, "person")
    return Answer([outputs.person(one) for one in page], headers=headers)


def delete_person(call: Call[inputs.NoQuery], person: str) -> Answer:
    """Erases a person named by id, `email:…` or `phone_number:…`, and whoever did not confirm an opt-in yet."""
    name = unquote(person)
    kind, _, value = name.partition(":")
    withdrawn = kind == "email" and opt_ins.withdraw(call.project.id, value)
    try:
        found = _person_named(call.project, name, call.now)
    except NotFoundError:
        begun = erasures.under_way(call.project.id, name)
        if begun:
            log.concern(person=begun.id)
            erasures.finish(begun.id, call.now)
        elif not withdrawn:
            raise
        return Answer({"ok": True}, status=202)
    log.concern(person=found.id)
    erasures.erase(found, call.now)
    return Answer({"ok": True}, status=202)


def delete_pending(call: Call[inputs.NoQuery], email: str) -> Answer:
    """Cancels the survey that is not sent yet."""
    send_calls.cancel_pending(call.project, unquote(email), call.now)
    return Answer({"ok": True})


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
    who = _expanded(page)
    return Answer([outputs.request(one, who.get(one.person)) for one in page], headers=headers)


def list_responses(call: Call[inputs.ResponsesQuery]) -> Answer:
    """Responses, oldest first unless asked otherwise."""
    query = call.given
    skip = (query.page - 1) * query.per_page
    found = _responses(call, skip + query.per_page)[skip : skip + query.per_page]
    who = _expanded(found) if "person" in query.expand else {}
    return Answer([outputs.response(one, call.base_url, who.get(one.person)) for one in found])


def get_response(call: Call[inputs.ResponseQuery], response_id: str) -> Answer:
    """One response."""
    found = load(Response, record_id(response_id))
    if found is None or found.project != call.project.id or not found.counts:
        raise NotFoundError("there is no such response")
    log.concern(person=found.person, request=found.id)
    who = load(Person, found.person) if "person" in call.given.expand else None
    return Answer(outputs.response(found, call.base_url, who))


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
    Route("GET", "project/preview", Scope.READ, inputs.PreviewQuery, get_preview, media="text/html"),
    Route("POST", "people/batch", Scope.SEND, inputs.BatchInput, post_batch),
    Route("POST", "people", Scope.SEND, PersonInput, post_person),
    Route("GET", "people", Scope.READ, inputs.PeopleQuery, list_people),
    Route("DELETE", "people/<person>", Scope.ADMIN, inputs.NoQuery, delete_person),
    Route("DELETE", "people/<email>/survey_requests/pending", Scope.SEND, inputs.NoQuery, delete_pending),
    Route("GET", "survey_requests", Scope.READ, inputs.RequestsQuery, list_requests),
    Route("GET", "survey_responses", Scope.READ, inputs.ResponsesQuery, list_responses),
    Route("GET", "survey_responses/<response_id>", Scope.READ, inputs.ResponseQuery, get_response),
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


def _expanded(found: Sequence[Response | SurveyRequest]) -> dict[str, Person]:
    return {one.id: one for one in load_many(Person, sorted({each.person for each in found}))}


def _person_named(project: Project, name: str, now: int) -> Person:
    kind, colon, value = name.partition(":")
    person: Person | None
    if not colon:
        person = load(Person, record_id(name))
    elif kind == "email":
        _, person = people.find(project.id, value)
    elif kind == "phone_number":
        person = _only(_with_number(project, value, now) if value else [])
    else:
        raise NotFoundError("name a person by id, email:… or phone_number:…")
    if person is None or person.project != project.id:
        raise NotFoundError("there is no such person")
    return person


def _with_number(project: Project, number: str, now: int) -> list[Person]:
    every = lists.by_time(Person, "person", project.id, since=project.created_at, until=now)
    return [one for one in every if one.phone_number == number]


def _only(people: list[Person]) -> Person | None:
    """The one person, or None. Raises ConflictError for several: nobody is to be erased by a shared number."""
    if len(people) > 1:
        raise ConflictError("several people have this telephone number; name one by id or email")
    return people[0] if people else None
