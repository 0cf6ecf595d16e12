"""From a request's text to checked parameters, and from pydantic's errors to the API's words."""

import base64
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from pydantic import ValidationError

from functions.api import inputs
from functions.api.inputs import Input
from shared.domain.errors import InvalidError


def check[M: Input](model: type[M], given: Mapping[str, Any]) -> M:
    """The parameters as the model has them; one that is null is as good as not given.

    Raises InvalidError naming every field that is wrong.
    """
    try:
        return model.model_validate({name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        problems: dict[str, list[str]] = {}
        for one in error.errors(include_url=False):
            name = ".".join(str(part) for part in one["loc"]) or "body"
            problems.setdefault(name, []).append(_words(one["type"], one["msg"], one.get("ctx", {})))
        raise InvalidError(problems) from error


def body_of(event: Mapping[str, Any]) -> dict[str, Any]:
    """A call's body, JSON or form-encoded, as nested names; the event's header names are in small letters.

    Raises InvalidError when it is neither.
    """
    raw = event.get("body") or ""
    try:
        text = base64.b64decode(raw).decode() if event.get("isBase64Encoded") else raw
    except ValueError as error:
        raise InvalidError({"body": ["must be UTF-8 text"]}) from error
    if not text.strip():
        return {}
    if event["headers"].get("content-type", "").lower().startswith("application/x-www-form-urlencoded"):
        return nested(parse_qsl(text, keep_blank_values=True))
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidError({"body": ["must be JSON or form-encoded"]}) from error
    if not isinstance(data, dict):
        raise InvalidError({"body": ["must be a JSON object"]})
    return data


def query_of(event: Mapping[str, Any]) -> dict[str, Any]:
    """A call's query as nested names: `expand[]=person` is a list, `properties[x]=y` an object."""
    return nested(parse_qsl(event.get("rawQueryString") or "", keep_blank_values=True))


def nested(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Names in brackets unfolded; of a name given twice the last value counts.

    Delighted's Node client writes the list `expand` without brackets.
    """
    result: dict[str, Any] = {}
    for name, value in pairs:
        match = re.fullmatch(r"([^\[\]]+)\[([^\[\]]*)\]", f"{name}[]" if name in _LISTS else name)
        if match is None:
            result[name] = value
            continue
        outer, inner = match.groups()
        if inner:
            held = result.setdefault(outer, {})
            if isinstance(held, dict):
                held[inner] = value
        else:
            held = result.setdefault(outer, [])
            if isinstance(held, list):
                held.append(value)
    return result


def _words(kind: str, message: str, context: Mapping[str, Any]) -> str:
    if kind == "value_error":
        return message.removeprefix("Value error, ")
    words = _WORDS.get(kind)
    return words.format(**context) if words else message[:1].lower() + message[1:]


_LISTS = {"expand"}
_NO_ROWS = f"must have 1 to {inputs.MAX_BATCH} rows"
_NO_DAY = "must be a day such as 2027-01-31"
_NOT_WHOLE = "must be a whole number"
_WORDS = {
    "missing": "can't be blank",
    "string_too_short": "can't be blank",
    "extra_forbidden": "is not a parameter of this call",
    "string_too_long": "is too long (at most {max_length} characters)",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "int_parsing": _NOT_WHOLE,
    "int_parsing_size": _NOT_WHOLE,
    "int_type": _NOT_WHOLE,
    "int_from_float": _NOT_WHOLE,
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "too_long": _NO_ROWS,
    "too_short": _NO_ROWS,
    "date_parsing": _NO_DAY,
    "date_type": _NO_DAY,
    "date_from_datetime_parsing": _NO_DAY,
    "date_from_datetime_inexact": _NO_DAY,
    "string_pattern_mismatch": "must match {pattern}",
}
"""pydantic's kinds of error in words that follow a field's name."""
