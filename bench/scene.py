"""The people, the project and the calls that are measured: those of the samples, with addresses of their own."""

import base64
import csv
import json
import tomllib
from functools import cache
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

from bench.surroundings import ROOT
from shared.domain.links import Purpose
from shared.domain.project import Project
from shared.outside.link_keys import link_keys
from shared.store import api_keys, projects

SECRET = "a key that opens nothing"  # noqa: S105  # only the server in memory knows it
COMMENT = "Every ticket I open is answered by someone who has clearly worked on a ward. That is rare."
BROWSER = {"accept": "text/html", "accept-encoding": "gzip, deflate, br"}
YEAR = 365 * 86_400

CONTEXT: Any = SimpleNamespace(
    function_name="bench",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:us-east-1:123456789012:function:bench",
    aws_request_id="3f1c9e0a-0000-4000-8000-5c0a00000000",
    get_remaining_time_in_millis=lambda: 55_000,
)


def seed(now: int) -> Project:
    """Saves the sample project and a key with all scopes."""
    settings = tomllib.loads((ROOT / "samples" / "projects" / "haldora.toml").read_text(encoding="utf-8"))
    project = projects.save(json.loads(json.dumps(settings, default=str)), now=now - YEAR)
    api_keys.create(api_keys.digest_of(SECRET), project.id, api_keys.Scope, "bench", now)
    return project


def post_person(name: str) -> dict[str, Any]:
    """POST people for somebody new; `name` is their address before the @."""
    row = dict(_people()[sum(name.encode()) % len(_people())]) | {"email": f"{name}@example.com"}
    person = {field: row.pop(field) for field in ("email", "name", "locale")}
    authorization = f"Basic {base64.b64encode(f'{SECRET}:'.encode()).decode()}"
    headers = {"authorization": authorization, "content-type": "application/json", "accept": "*/*"}
    return _event("POST", "/v1/people.json", headers, json.dumps(person | {"properties": row}))


def page(request: str, *, query: str = "", score: int | None = None) -> dict[str, Any]:
    """A visit to the page of a request; with a score, an answer."""
    path = f"/r/{link_keys().make(Purpose.SURVEY, request)}"
    if score is None:
        return _event("GET", path, {**BROWSER, "sec-fetch-site": "none"}, "", query)
    headers = {**BROWSER, "content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}
    return _event("POST", path, headers, urlencode({"score": score, "comment": COMMENT}), query)


def sqs(bodies: list[Any]) -> dict[str, Any]:
    """SQS messages as Lambda delivers them."""
    common = {"receiptHandle": "r", "attributes": {}, "messageAttributes": {}, "eventSource": "aws:sqs"}
    arn = {"eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:queue", "awsRegion": "us-east-1"}
    return {
        "Records": [{"messageId": f"m{n}", "body": json.dumps(body), **common, **arn} for n, body in enumerate(bodies)]
    }


def ses_event(kind: str, mail: str) -> dict[str, Any]:
    """What SES reports of a mail to its configuration set's topic."""
    about = {"messageId": "0100", "destination": ["somebody@example.com"], "tags": {"mail": [mail], "attempt": ["1"]}}
    return {"eventType": kind, "mail": about, kind.lower(): {}}


@cache
def _people() -> list[dict[str, str]]:
    with (ROOT / "samples" / "people.csv").open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if not row["email"].endswith("@simulator.amazonses.com")]


def _event(method: str, path: str, headers: dict[str, str], body: str, query: str = "") -> dict[str, Any]:
    http = {"method": method, "path": path, "sourceIp": "192.0.2.1", "userAgent": "bench"}
    about = {"requestId": "http-1", "domainName": "api.example.com", "stage": "$default", "http": http}
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers,
        "requestContext": about,
        "body": body,
        "isBase64Encoded": False,
    }
