"""Responses: given, edited with their history kept, read."""

from dataclasses import replace

from shared.domain import requests
from shared.domain.errors import BusyError, ConflictError, NotFoundError
from shared.domain.requests import SEND_PROPERTIES, SurveyRequest
from shared.domain.responses import Response
from shared.store import keys, people
from shared.store.attributes import pack, unpack
from shared.store.records import changed, created
from shared.store.table import ChangedError, Put, Write, records

_ATTEMPTS = 10


def read(request_id: str) -> tuple[SurveyRequest, Response | None]:
    """A request with its response, in one query. Raises NotFoundError without such a request."""
    items = people.asked(request_id)
    if "request" not in items:
        raise NotFoundError("there is no such request")
    response = unpack(Response, items["response"]) if "response" in items else None
    return unpack(SurveyRequest, items["request"]), response


def give(
    request: SurveyRequest, response: Response | None, *, score: int, comment: str, now: int, locale: str = ""
) -> Response:
    """Keeps an answer, or an edit of it, together with the request's move to `responded`.

    `locale` is that of the page; without it the request's is kept. The same answer again writes nothing. Raises
    ConflictError when the request is no longer open.
    """
    for _ in range(_ATTEMPTS):
        if not requests.is_open(request, now):
            raise ConflictError("this survey is no longer open")
        if response is not None and (response.score, response.comment) == (score, comment):
            return response
        spoken = locale or request.locale
        after = (
            _edited(response, score, comment, spoken, now) if response else _new(request, score, comment, spoken, now)
        )
        writes: list[Write] = [_version(response), changed(after)] if response else [created(after)]
        answered = requests.responded(request, now=now)
        if answered != request:
            writes.append(changed(answered))
        try:
            records().write(*writes)
        except ChangedError:
            request, response = read(request.id)
            continue
        return after
    raise BusyError("this answer changes all the time; try again")


def _new(request: SurveyRequest, score: int, comment: str, locale: str, now: int) -> Response:
    return Response(
        id=request.id,
        project=request.project,
        person=request.person,
        score=score,
        comment=comment,
        commented=bool(comment),
        created_at=now,
        updated_at=now,
        locale=locale,
        account_id=request.account_id,
        properties={name: value for name, value in request.properties.items() if name not in SEND_PROPERTIES},
        request=request.id,
    )


def _edited(response: Response, score: int, comment: str, locale: str, now: int) -> Response:
    return replace(response, score=score, comment=comment, commented=bool(comment), locale=locale, updated_at=now)


def _version(response: Response) -> Put:
    """The version that an edit replaces."""
    key = keys.response_edit(response.id, response.rev)
    return Put({"pk": key.pk, "sk": key.sk, "kind": "edit", **pack(response)}, rev=0)
