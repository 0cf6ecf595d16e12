"""Pages as HTTP answers, and what a browser sends back."""

import base64
import re
import zlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from shared.domain.locales import Preference
from shared.render.frame import content_security_policy

HttpAnswer = dict[str, Any]

_MAX_FIELDS = 400
_GZIP, _FAST = 31, 3
_LEAST_COMPRESSED = 500
_SAFE = {
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex, nofollow",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "strict-transport-security": "max-age=63072000",
}


class UnreadableFormError(ValueError):
    """A form that no page of ours sends."""


def page(html: str, status: int = 200, **headers: str) -> HttpAnswer:
    """A page under a policy that lets it load nothing but its own style and the brand's logo."""
    policy = {"content-type": "text/html; charset=utf-8", "content-security-policy": content_security_policy(html)}
    return {"statusCode": status, "headers": {**_SAFE, **policy, **headers}, "body": html}


def see_other(location: str) -> HttpAnswer:
    """The answer to a form that was taken: look there."""
    return {"statusCode": 303, "headers": {**_SAFE, "location": location}, "body": ""}


def nothing(status: int = 204) -> HttpAnswer:
    """The answer to a script that needs none."""
    return {"statusCode": status, "headers": dict(_SAFE), "body": ""}


def compressed(answer: HttpAnswer, event: Mapping[str, Any]) -> HttpAnswer:
    """The answer in gzip, where the browser takes it: HTTP APIs do not compress."""
    if len(answer["body"]) < _LEAST_COMPRESSED:
        return answer
    headers = {**answer["headers"], "vary": "accept-encoding"}
    if not _takes_gzip(_header(event, "accept-encoding")):
        return {**answer, "headers": headers}
    packer = zlib.compressobj(_FAST, wbits=_GZIP)
    body = packer.compress(answer["body"].encode()) + packer.flush()
    headers["content-encoding"] = "gzip"
    return {**answer, "headers": headers, "body": base64.b64encode(body).decode(), "isBase64Encoded": True}


def method_of(event: Mapping[str, Any]) -> str:
    """The request's method; HEAD counts as GET, whose body the gateway drops."""
    method: str = event["requestContext"]["http"]["method"]
    return "GET" if method == "HEAD" else method


def query_of(event: Mapping[str, Any]) -> dict[str, str]:
    """The query; of a name given twice the last value counts."""
    try:
        return dict(parse_qsl(event.get("rawQueryString") or "", keep_blank_values=True, max_num_fields=_MAX_FIELDS))
    except ValueError:
        return {}


def preference_of(event: Mapping[str, Any]) -> Preference:
    """The language that the page's switch or the browser asks for."""
    return Preference(query_of(event).get("lang", ""), _header(event, "accept-language"))


def pairs_of(event: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The fields of a posted form in its order; bytes that are no text become replacement characters.

    So no answer is lost. Raises UnreadableFormError for what is no form.
    """
    body = event.get("body") or ""
    try:
        text = base64.b64decode(body).decode(errors="replace") if event.get("isBase64Encoded") else body
        return parse_qsl(text, keep_blank_values=True, max_num_fields=_MAX_FIELDS, errors="replace")
    except ValueError as error:
        raise UnreadableFormError("not a form") from error


def fields_of(event: Mapping[str, Any]) -> dict[str, list[str]]:
    """All values of each field of a posted form. Raises UnreadableFormError for what is no form."""
    fields: dict[str, list[str]] = {}
    for name, value in pairs_of(event):
        fields.setdefault(name, []).append(value)
    return fields


def form_of(event: Mapping[str, Any]) -> dict[str, str]:
    """The fields of a posted form, of each its last value. Raises UnreadableFormError for what is no form."""
    return dict(pairs_of(event))


def is_foreign(event: Mapping[str, Any]) -> bool:
    """Whether a browser says that another site sent this request."""
    return _header(event, "sec-fetch-site") == "cross-site"


def _header(event: Mapping[str, Any], wanted: str) -> str:
    headers: Mapping[str, str] = event.get("headers") or {}
    return next((value for name, value in headers.items() if name.lower() == wanted), "")


def _takes_gzip(accepted: str) -> bool:
    for part in accepted.lower().split(","):
        name, _, rest = part.partition(";")
        if name.strip() in {"gzip", "*"} and not re.fullmatch(r"\s*q\s*=\s*0(\.0*)?\s*", rest):
            return True
    return False
