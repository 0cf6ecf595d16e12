"""HTTP in, one call, HTTP out. Every error becomes a status here and nowhere else."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, unquote

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError as NoRouteError
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import BotoCoreError, ClientError

from functions.api import auth, reading
from functions.api.auth import ForbiddenError, UnauthorizedError
from functions.api.calls import Call, Route, Shown
from functions.api.routes import ROUTES
from shared.domain.errors import BusyError, ConflictError, InvalidError, NotFoundError
from shared.inputs.checking import check
from shared.outside import clock, log
from shared.outside.log import place_of
from shared.outside.settings import optional_setting
from shared.store import projects
from shared.store.api_keys import Scope

logger = Logger()
app = APIGatewayHttpResolver(strip_prefixes=["/v1"])

_JSON = "application/json; charset=utf-8"
_RETRY_SECONDS = "1"
_BUSY_CODES = frozenset(
    {
        "ThrottlingException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "TooManyRequestsException",
        "InternalServerError",
        "ServiceUnavailable",
    }
)


def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """One call. It may end in `.json`, as Delighted's may."""
    event["rawPath"] = _plain_path(event["rawPath"])
    event["headers"] = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    log.begin(
        correlation_id=event["requestContext"]["requestId"], function_request_id=getattr(context, "aws_request_id", "")
    )
    answer: dict[str, Any] = app.resolve(event, context)
    method = event["requestContext"]["http"]["method"]
    logger.info("answered", method=method, status=answer["statusCode"], **log.concerns())
    return answer


def _plain_path(path: str) -> str:
    """The path without `.json`, and with a person's name in one piece: an address may hold a slash.

    Gateways hand paths on decoded; a name that still has no @ may be one that was not.
    """
    path = path.removesuffix(".json").rstrip("/") or "/"
    match = re.fullmatch(r"(/v1/people/)(.+?)((?:/survey_requests/pending)?)", path)
    if match is None:
        return path
    name = match[2] if "@" in match[2] else unquote(match[2])
    return match[1] + quote(name, safe="") + match[3]


def _runner(route: Route) -> Callable[..., Response[str]]:
    def run(**path: str) -> Response[str]:
        return _run(route, path)

    return run


def _run(route: Route, path: Mapping[str, str]) -> Response[str]:
    event = app.current_event.raw_event
    if not _takes(route.media, event["headers"].get("accept", "")):
        return _problem(406, {"accept": [f"must allow {route.media}"]})
    key = auth.authenticate(event["headers"])
    log.concern(route=route.path, project=key.project)
    auth.authorize(key, route.scope)
    given = reading.query_of(event)
    if route.method != "GET":
        given |= reading.body_of(event)
    call = Call(
        # Sends are many; who looks must see what an import has just added before the project's beginning.
        project=projects.load(key.project, anew=route.scope is not Scope.SEND),
        given=check(route.input, given),
        idempotency_key=event["headers"].get("idempotency-key"),
        now=clock.now(),
        base_url=_base_url(event),
        scopes=key.scopes,
    )
    answer = route.run(call, **path)
    if isinstance(answer, Shown):
        return Response(200, answer.content_type, answer.body, dict(answer.headers))
    return Response(answer.status, _JSON, json.dumps(answer.body, ensure_ascii=False), dict(answer.headers))


for _route in ROUTES:
    app.route(f"/{_route.path}", method=_route.method)(_runner(_route))


def _invalid(error: InvalidError) -> Response[str]:
    return _problem(422, error.fields)


def _unauthorized(error: UnauthorizedError) -> Response[str]:  # noqa: ARG001
    answer = _problem(401, {"authorization": ["must hold an API key: Basic (the key as user name) or Bearer"]})
    answer.headers["WWW-Authenticate"] = 'Basic realm="Hearback"'
    return answer


def _forbidden(error: ForbiddenError) -> Response[str]:
    return _problem(403, {"authorization": [f"needs a key with the scope {error}"]})


def _not_found(error: NotFoundError) -> Response[str]:
    return _problem(404, {"path": [str(error)]})


def _no_route(error: NoRouteError) -> Response[str]:  # noqa: ARG001
    return _problem(404, {"path": ["there is no such call"]})


def _busy(error: BusyError) -> Response[str]:
    return _problem(503, {"request": [str(error)]})


def _conflict(error: ConflictError) -> Response[str]:
    return _problem(409, {"request": [str(error)]})


def _refused(error: ClientError) -> Response[str]:
    if error.response["Error"]["Code"] in _BUSY_CODES:
        logger.warning("AWS is busy", error=error.response["Error"]["Code"], **log.concerns())
        return _problem(503, {"request": ["the service is busy; try again"]})
    return _unexpected(error)


def _unreachable(error: BotoCoreError) -> Response[str]:
    logger.warning("AWS did not answer", error=type(error).__name__, **log.concerns())
    return _problem(503, {"request": ["the service did not answer; try again"]})


def _unexpected(error: Exception) -> Response[str]:
    request_id = app.current_event.raw_event["requestContext"]["requestId"]
    logger.error("unexpected error", error=type(error).__name__, where=place_of(error), **log.concerns())
    log.count("UnexpectedErrors")
    return _problem(500, {"request": [f"failed unexpectedly; its id is {request_id}"]})


_MESSAGES = {
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    406: "Not Acceptable",
    409: "Conflict",
    422: "Unprocessable Entity",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


def _problem(status: int, errors: dict[str, list[str]]) -> Response[str]:
    body = {"status": status, "message": _MESSAGES[status], "errors": errors}
    headers: dict[str, Any] = {"Retry-After": _RETRY_SECONDS} if status == 503 else {}
    return Response(status, _JSON, json.dumps(body, ensure_ascii=False), headers)


def _takes(media: str, accept: str) -> bool:
    kinds = [part.split(";")[0].strip().lower() for part in accept.split(",") if part.strip()]
    return not kinds or any(kind in {"*/*", f"{media.partition('/')[0]}/*", media} for kind in kinds)


def _base_url(event: dict[str, Any]) -> str:
    """The API's own address, for the links to next pages."""
    host = optional_setting("API_URL") or f"https://{event['requestContext']['domainName']}"
    return f"{host}/v1/"


_ANSWERS: dict[type[Exception], Callable[[Any], Response[str]]] = {
    InvalidError: _invalid,
    UnauthorizedError: _unauthorized,
    ForbiddenError: _forbidden,
    NotFoundError: _not_found,
    NoRouteError: _no_route,
    BusyError: _busy,
    ConflictError: _conflict,
    ClientError: _refused,
    BotoCoreError: _unreachable,
    Exception: _unexpected,
}

for _error, _respond in _ANSWERS.items():
    app.exception_handler(_error)(_respond)
