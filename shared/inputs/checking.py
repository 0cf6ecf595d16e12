"""What comes from outside, checked against a model, and pydantic's errors in the words of the API."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from shared.domain.errors import InvalidError

MAX_ROWS = 1_000


class Input(BaseModel):
    """A call's parameters; one that the call does not have is an error, not a silent loss."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


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


def _words(kind: str, message: str, context: Mapping[str, Any]) -> str:
    if kind == "value_error":
        return message.removeprefix("Value error, ")
    words = _WORDS.get(kind)
    return words.format(**context) if words else message[:1].lower() + message[1:]


_NO_ROWS = f"must have 1 to {MAX_ROWS} rows"
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
