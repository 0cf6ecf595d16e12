"""Responses: chosen, given, edited with their history kept, matured, released, read."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from shared.domain import answering, requests
from shared.domain.errors import BusyError, ConflictError, NotFoundError
from shared.domain.project import Project
from shared.domain.questions import Answer
from shared.domain.requests import ERASED, MOVES, RequestState, SurveyRequest
from shared.domain.responses import Response
from shared.store import keys, lists
from shared.store.attributes import pack, unpack
from shared.store.records import changed, created, load
from shared.store.table import ChangedError, Check, Put, Write, records

_ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, and its response if there is one."""

    request: SurveyRequest
    response: Response | None = None


def find(request_id: str) -> Asked:
    """A request with its response, in one query of two items. Raises NotFoundError without such a request.

    How often the response was changed does not matter: its earlier versions stand before both and are not read.
    """
    first, last = keys.request(request_id), keys.response(request_id)
    found = {item["kind"]: item for item in records().query(first.pk, low=first.sk, high=last.sk)}
    if "request" not in found:
        raise NotFoundError("there is no such request")
    response = unpack(Response, found["response"]) if "response" in found else None
    return Asked(unpack(SurveyRequest, found["request"]), response)


def give(
    asked: Asked, *, score: int, comment: str, answers: Sequence[Answer] = (), locale: str = "", now: int
) -> Response:
    """Keeps an answer, or an edit of it, together with the request's move to `responded`.

    `locale` is that of the page; without it the request's is kept. The same answer again writes nothing. Raises
    ConflictError when the request is no longer open and TooManyError when the link has been written to too often.
    """

    def after(asked: Asked) -> Response:
        before = asked.response
        if before is not None and not before.partial and _same(before, score, comment, answers):
            return before
        answering.check_pace(before, most=answering.MOST_VERSIONS_AN_HOUR, now=now)
        return answering.sent(
            asked.request, before, score=score, comment=comment, answers=answers, locale=locale, now=now
        )

    return _keep(asked, after, now)


def choose(asked: Asked, project: Project, *, score: int, now: int) -> Response:
    """Keeps a score that was picked and not sent. What counts already stays as it is.

    Raises ConflictError when the request is no longer open and TooManyError when the link has been written to too
    often.
    """

    def after(asked: Asked) -> Response:
        one = answering.chosen(asked.request, asked.response, project, score=score, now=now)
        if one != asked.response:
            answering.check_pace(
                asked.response, most=answering.MOST_CHOICES_AN_HOUR, now=now, in_all=answering.MOST_CHOICES
            )
        return one

    return _keep(asked, after, now)


def mature(response_id: str, now: int) -> bool:
    """Lets a choice count whose time has come; whether it does so from now on."""
    before, after = _settle(response_id, lambda one, request: answering.matured(one, request, now=now), now)
    return after is not None and after.counts and after != before


def release(response_id: str, now: int) -> Response:
    """Lets a quarantined choice count, at an operator's word.

    Raises NotFoundError without such a response and ConflictError when it is not quarantined.
    """
    _, after = _settle(response_id, lambda one, _: answering.released(one, now=now), now)
    if after is None:
        raise NotFoundError("there is no such response")
    return after


def quarantined(project: Project, *, until: int) -> Iterator[Response]:
    """A project's quarantined choices, oldest first."""
    held = lists.by_time(Response, "held", project.id, since=project.created_at, until=until)
    return (one for one in held if one.quarantine and not one.erased)


def _keep(asked: Asked, decide: Callable[[Asked], Response], now: int) -> Response:
    for _ in range(_ATTEMPTS):
        request, before = asked.request, asked.response
        if not requests.is_open(request, now):
            raise ConflictError("this survey is no longer open")
        after = decide(asked)
        if after == before:
            return after
        try:
            records().write(*_written(request, before, after, now))
        except ChangedError:
            asked = find(request.id)
            continue
        return after
    raise BusyError("this answer changes all the time; try again")


def _settle(
    response_id: str, decide: Callable[[Response, SurveyRequest | None], Response], now: int
) -> tuple[Response | None, Response | None]:
    """The response before and after, twice None without one."""
    for _ in range(_ATTEMPTS):
        response = load(Response, response_id)
        if response is None:
            return None, None
        request = load(SurveyRequest, response.request) if response.request else None
        after = decide(response, request)
        if after == response:
            return response, response
        try:
            records().write(*_written(request, response, after, now))
        except ChangedError:
            continue
        return response, after
    raise BusyError("this response changes all the time; it comes again")


def _written(request: SurveyRequest | None, before: Response | None, after: Response, now: int) -> list[Write]:
    """The response, the version that it replaces, and the request's move to `responded` once its answer counts.

    A first choice, which moves no request, is kept only if the request has not changed: it may have been erased.
    """
    writes: list[Write] = [version(before), changed(after)] if before else [created(after)]
    if request and after.counts and RequestState.RESPONDED in MOVES[request.state] and request.reason != ERASED:
        writes.append(changed(requests.responded(request, now=now)))
    elif request and before is None:
        writes.append(Check(keys.request(request.id), "rev = :rev", {":rev": request.rev}))
    return writes


def _same(response: Response, score: int, comment: str, answers: Sequence[Answer]) -> bool:
    return (response.score, response.comment, response.answers) == (score, comment, tuple(answers))


def version(response: Response) -> Put:
    """The version that an edit replaces."""
    key = keys.response_edit(response.id, response.rev)
    return Put({"pk": key.pk, "sk": key.sk, "kind": "edit", **pack(response)}, rev=0)
