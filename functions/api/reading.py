"""From a request's text to the parameters as they were written."""

import base64
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from shared.domain.errors import InvalidError


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

    Delighted's Node client writes lists, such as `expand`, without brackets.
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


_LISTS = {"expand", "groups"}
