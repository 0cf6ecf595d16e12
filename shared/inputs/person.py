"""A person as callers send one, in a call's body or in a row of a file."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from math import isfinite
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, field_validator

from shared.domain.errors import InvalidError
from shared.domain.people import (
    MAX_PROPERTIES,
    MAX_PROPERTY_NAME,
    MAX_PROPERTY_VALUE,
    address_problem,
    number_problem,
)
from shared.domain.project import Project
from shared.domain.scheduling import send_time
from shared.domain.send_calls import SendCall
from shared.inputs.checking import Input

MAX_DELAY = 365 * 86_400

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


def one_line(value: str | None) -> str | None:
    """Text of one line: a name with a line break could forge a mail header or a log line."""
    if value is not None and any(ord(c) < 32 or ord(c) == 127 or 0xD800 <= ord(c) < 0xE000 for c in value):
        raise ValueError("has a control character")
    return value


Time = Annotated[int, BeforeValidator(_time), Field(ge=0, le=99_999_999_999)]
Whole = Annotated[int, BeforeValidator(_number)]
Address = Annotated[str, Field(min_length=1), BeforeValidator(_address)]
Properties = dict[str, str | None]


def _plain(value: Any) -> Any:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ValueError("must be an object of names and values")  # noqa: TRY004  # pydantic reads ValueError
    return {str(name): _property(str(name), inner) for name, inner in value.items()}


def _bounded(value: Properties) -> Properties:
    if len(value) > MAX_PROPERTIES:
        raise ValueError(f"may have at most {MAX_PROPERTIES} entries")
    return value


CheckedProperties = Annotated[Properties, BeforeValidator(_plain), AfterValidator(_bounded)]


class PersonInput(Input):
    """A send call."""

    email: Address | None = None
    email_update: Address | None = None
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
    properties: CheckedProperties = Field(default_factory=dict)

    @field_validator("name", "phone_number")
    @classmethod
    def _one_line(cls, value: str | None) -> str | None:
        return one_line(value)

    def check_named(self) -> None:
        """Raises InvalidError unless there is an address, or else a telephone number, to know the person by."""
        if self.email:
            return
        if not self.phone_number:
            raise InvalidError({"email": ["can't be blank"]})
        if problem := number_problem(self.phone_number):
            raise InvalidError({"phone_number": [problem]})

    def call(self, project: Project, now: int) -> SendCall:
        """The send call that this is at a time.

        Raises InvalidError when there is no address or a time does not fit the project.
        """
        self.check_named()
        if self.last_sent_at is not None and self.last_sent_at > now:
            raise InvalidError({"last_sent_at": ["must not lie in the future"]})
        at = send_time(project, now=now, delay=self.delay, send_at=self.send_at, renewal_date=self.renewal_date)
        given: Properties = {}
        if self.renewal_date is not None:
            given["renewal_date"] = self.renewal_date.isoformat()
        return SendCall(
            email=self.email or "",
            email_update=self.email_update,
            at=at,
            name=self.name,
            phone_number=self.phone_number,
            locale=self.locale or self.properties.get("locale") or None,
            properties=given | self.properties,
            send=self.send,
            last_sent_at=self.last_sent_at,
            dry_run=self.dry_run,
        )


def _property(name: str, value: Any) -> str | None:
    one_line(name)
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
    one_line(text.replace("\n", " ").replace("\t", " "))
    if name == "owner_email" and text and (problem := address_problem(text)):
        raise ValueError(f"has an owner_email that {problem}")
    return text
