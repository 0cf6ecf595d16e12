"""What callers may send: the parameters of every call, as pydantic models."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from math import isfinite
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from shared.domain.people import (
    MAX_PROPERTIES,
    MAX_PROPERTY_NAME,
    MAX_PROPERTY_VALUE,
    address_problem,
)

MAX_DELAY = 365 * 86_400
MAX_PER_PAGE = 100
MAX_BATCH = 1_000

_LIMITS = {
    "question_product_name": 150,
    "delighted_email_subject": 150,
    "delighted_intro_message": 300,
    "account_id": 200,
}

_NO_TIME = "must be a time: Unix seconds or ISO 8601"


def _time(value: Any) -> Any:
    """Unix seconds from a number, its text, or ISO 8601 (without an offset: UTC)."""
    if isinstance(value, bool):
        raise ValueError(_NO_TIME)  # noqa: TRY004  # pydantic reads ValueError
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return int(value)
    if isinstance(value, str):
        if re.fullmatch(r"\d{1,11}", value):
            return int(value)
        try:
            moment = datetime.fromisoformat(value)
        except ValueError as error:
            raise ValueError(_NO_TIME) from error
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    raise ValueError(_NO_TIME)


def _number(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("must be a whole number")  # noqa: TRY004  # pydantic reads ValueError
    return value


def _address(value: Any) -> Any:
    if isinstance(value, str):
        value = value.strip()
        if value and (problem := address_problem(value)):
            raise ValueError(problem)
    return value


def _line(value: str | None) -> str | None:
    """Text of one line: a name with a line break could forge a mail header or a log line."""
    if value is not None and any(ord(c) < 32 or ord(c) == 127 or 0xD800 <= ord(c) < 0xE000 for c in value):
        raise ValueError("has a control character")
    return value


Time = Annotated[int, BeforeValidator(_time), Field(ge=0, le=99_999_999_999)]
Whole = Annotated[int, BeforeValidator(_number)]
Address = Annotated[str, BeforeValidator(_address), Field(min_length=1)]
Properties = dict[str, str | None]


class Input(BaseModel):
    """A call's parameters; one that the call does not have is an error, not a silent loss."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class PersonInput(Input):
    """POST people."""

    email: Address | None = None
    name: Annotated[str | None, Field(max_length=200)] = None
    phone_number: Annotated[str | None, Field(max_length=40)] = None
    delay: Annotated[Whole, Field(ge=0, le=MAX_DELAY)] = 0
    send: bool = True
    send_at: Time | None = None
    renewal_date: date | None = None
    dry_run: bool = False
    last_sent_at: Time | None = None
    locale: Annotated[str | None, Field(pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$")] = None
    channel: Annotated[str, Field(pattern=r"^email$")] = "email"
    properties: Properties = Field(default_factory=dict)

    @field_validator("name", "phone_number")
    @classmethod
    def _one_line(cls, value: str | None) -> str | None:
        return _line(value)

    @field_validator("properties", mode="before")
    @classmethod
    def _plain(cls, value: Any) -> Any:
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            raise ValueError("must be an object of names and values")  # noqa: TRY004  # pydantic reads ValueError
        return {str(name): _property(str(name), inner) for name, inner in value.items()}

    @field_validator("properties")
    @classmethod
    def _bounded(cls, value: Properties) -> Properties:
        if len(value) > MAX_PROPERTIES:
            raise ValueError(f"may have at most {MAX_PROPERTIES} entries")
        return value


def _property(name: str, value: Any) -> str | None:
    _line(name)
    if not name.strip() or len(name) > MAX_PROPERTY_NAME:
        raise ValueError(f"has a name that is empty or longer than {MAX_PROPERTY_NAME} characters")
    if value is None:
        return None
    if isinstance(value, float) and not isfinite(value):
        raise ValueError(f"has a value for {name} that is no number")
    if isinstance(value, bool):
        text = "true" if value else "false"
    elif isinstance(value, str | int | float):
        text = str(value).strip()
    else:
        raise ValueError(f"has a value for {name} that is not text or a number")  # noqa: TRY004
    limit = _LIMITS.get(name, MAX_PROPERTY_VALUE)
    if len(text) > limit:
        raise ValueError(f"has a value for {name} that is too long (at most {limit} characters)")
    _line(text.replace("\n", " ").replace("\t", " "))
    if name == "owner_email" and text and (problem := address_problem(text)):
        raise ValueError(f"has an owner_email that {problem}")
    return text


class BatchInput(Input):
    """POST people/batch: rows of POST people, each checked by itself."""

    people: Annotated[list[Any], Field(min_length=1, max_length=MAX_BATCH)]


class UnsubscribeInput(Input):
    """POST unsubscribes."""

    person_email: Address


class ReportInput(Input):
    """POST reports."""

    month: Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]


class PageQuery(Input):
    """What every list takes."""

    per_page: Annotated[Whole, Field(ge=1, le=MAX_PER_PAGE)] = 20
    since: Time | None = None
    until: Time | None = None


class PeopleQuery(PageQuery):
    """GET people."""

    email: Address | None = None
    phone_number: Annotated[str | None, Field(min_length=1)] = None
    cursor: str | None = None


class ResponsesQuery(PageQuery):
    """GET survey_responses."""

    page: Annotated[Whole, Field(ge=1, le=10_000)] = 1
    updated_since: Time | None = None
    updated_until: Time | None = None
    person_id: str | None = None
    person_email: Address | None = None
    order: Annotated[str, Field(pattern=r"^(asc|desc)(:(created_at|updated_at))?$")] = "asc"
    expand: list[Annotated[str, Field(pattern=r"^(person|notes)$")]] = Field(default_factory=list)


class ResponseQuery(Input):
    """GET survey_responses/{id}."""

    expand: list[Annotated[str, Field(pattern=r"^(person|notes)$")]] = Field(default_factory=list)


class MetricsQuery(Input):
    """GET metrics."""

    since: Time | None = None
    until: Time | None = None


class NumberedPageQuery(PageQuery):
    """GET unsubscribes and GET bounces."""

    page: Annotated[Whole, Field(ge=1, le=10_000)] = 1


class CasesQuery(NumberedPageQuery):
    """GET cases."""

    state: Annotated[str | None, Field(pattern=r"^(open|contacted|resolved)$")] = None


class NoQuery(Input):
    """A call without parameters."""
