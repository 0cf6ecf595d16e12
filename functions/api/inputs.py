"""What callers may send: the parameters of every call, as pydantic models."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from shared.domain.errors import InvalidError
from shared.domain.people import address_problem
from shared.domain.requests import RequestState
from shared.domain.responses import clean_comment, read_score
from shared.domain.trends import MAX_NAME
from shared.inputs.checking import MAX_ROWS, Input
from shared.inputs.person import Address, CheckedProperties, Time, Whole, one_line

MAX_PER_PAGE = 100
MAX_TAGS, MAX_TAG = 20, 50

_PERSON_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")

PersonId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,100}$", coerce_numbers_to_str=True)]


def _values(given: Any) -> Any:
    """A filter as it is kept: each property with a list of values, as text, none twice."""
    if not isinstance(given, Mapping):
        raise ValueError("must be an object of properties and values")  # noqa: TRY004  # pydantic reads ValueError
    found = {}
    for name, value in given.items():
        every = value if isinstance(value, list) else [value]
        if not all(isinstance(one, str | int) for one in every):
            raise ValueError(f"has a value for {name} that is not text or a number")
        texts = (str(one).lower() if isinstance(one, bool) else str(one).strip() for one in every)
        found[str(name)] = tuple(dict.fromkeys(texts))
    return found


Values = Annotated[dict[str, tuple[str, ...]], BeforeValidator(_values)]


class BatchInput(Input):
    """POST people/batch: rows of POST people, each checked by itself."""

    people: Annotated[list[Any], Field(min_length=1, max_length=MAX_ROWS)]


class UnsubscribeInput(Input):
    """POST unsubscribes."""

    person_email: Address


class ReportInput(Input):
    """POST reports."""

    month: Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]


class ImportInput(Input):
    """POST imports."""

    kind: Annotated[str, Field(pattern=r"^(people|responses)$")]
    columns: dict[str, str] = Field(default_factory=dict)
    send: bool = False
    dry_run: bool = False


class PageQuery(Input):
    """What every list takes."""

    per_page: Annotated[Whole, Field(ge=1, le=MAX_PER_PAGE)] = 20
    since: Time | None = None
    until: Time | None = None


class CursorQuery(PageQuery):
    """What a list takes whose next page is in the Link header.

    Delighted's Python client, used as its README says, sends its own option along; it means nothing here.
    """

    cursor: str | None = None
    auto_handle_rate_limits: str | None = None


class PeopleQuery(CursorQuery):
    """GET people."""

    email: Address | None = None
    phone_number: Annotated[str | None, Field(min_length=1)] = None


class MemberQuery(Input):
    """DELETE autopilot/email/memberships: a person by one of their names."""

    person_id: PersonId | None = None
    person_email: Address | None = None

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        if (self.person_id is None) == (self.person_email is None):
            raise InvalidError({"person_email": ["or person_id must be given, one of them"]})
        return self


class MemberInput(MemberQuery):
    """POST autopilot/email/memberships."""

    properties: CheckedProperties = Field(default_factory=dict)


class MembershipsQuery(CursorQuery):
    """GET autopilot/email/memberships."""

    person_id: PersonId | None = None
    person_email: Address | None = None


class RequestsQuery(CursorQuery):
    """GET survey_requests."""

    state: Annotated[str | None, Field(pattern=rf"^({'|'.join(RequestState)})$")] = None


def _score(value: Any) -> int:
    try:
        return read_score(value)
    except InvalidError as error:
        raise ValueError(error.fields["score"][0]) from error


def _comment(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be text")  # noqa: TRY004  # pydantic reads ValueError
    try:
        return clean_comment(value)
    except InvalidError as error:
        raise ValueError(error.fields["comment"][0]) from error


def _person(value: Any) -> Any:
    """A person's id or address; the whole person when a client sends back what it was told."""
    if isinstance(value, Mapping):
        value = value.get("id")
    name = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    problem = address_problem(name) if "@" in name else None
    if problem or not (problem is None and ("@" in name or _PERSON_ID.fullmatch(name))):
        raise ValueError(problem or "must be a person's id or mail address")
    return name


def _tags(value: Any) -> Any:
    if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
        raise ValueError("must be a list of words")
    tags = tuple(dict.fromkeys(one_line(one.strip()) or "" for one in value))
    if len(tags) > MAX_TAGS or not all(0 < len(one) <= MAX_TAG for one in tags):
        raise ValueError(f"may have at most {MAX_TAGS} entries of 1 to {MAX_TAG} characters")
    return tags


Score = Annotated[int, BeforeValidator(_score)]
Comment = Annotated[str, BeforeValidator(_comment)]
PersonName = Annotated[str, BeforeValidator(_person)]
Tags = Annotated[tuple[str, ...], BeforeValidator(_tags)]


class ResponseInput(Input):
    """POST survey_responses."""

    person: PersonName
    score: Score
    comment: Comment = ""
    person_properties: CheckedProperties = Field(default_factory=dict)
    created_at: Time | None = None


class ResponseChange(Input):
    """PUT survey_responses/{id}: what is not given stays.

    A client that sends back all that it was told may do so: what cannot be changed must be as it is, or means nothing.
    """

    score: Score | None = None
    comment: Comment | None = None
    person: PersonName | None = None
    person_properties: CheckedProperties | None = None
    tags: Tags | None = None
    id: str | None = None
    created_at: Time | None = None
    updated_at: Any = None
    survey_type: Any = None
    permalink: Any = None
    notes: Any = None
    additional_answers: Any = None


class ResponsesQuery(PageQuery):
    """GET survey_responses."""

    page: Annotated[Whole, Field(ge=1, le=10_000)] = 1
    updated_since: Time | None = None
    updated_until: Time | None = None
    person_id: PersonId | None = None
    person_email: Address | None = None
    trend: str | None = None
    order: Annotated[str, Field(pattern=r"^(asc|desc)(:(created_at|updated_at))?$")] = "asc"
    expand: list[Annotated[str, Field(pattern=r"^(person|notes)$")]] = Field(default_factory=list)


class ResponseQuery(Input):
    """GET survey_responses/{id}."""

    expand: list[Annotated[str, Field(pattern=r"^(person|notes)$")]] = Field(default_factory=list)


class MetricsQuery(Input):
    """GET metrics. Every survey goes by mail, and so both `groups` are all there is."""

    since: Time | None = None
    until: Time | None = None
    trend: str | None = None
    groups: list[Annotated[str, Field(pattern=r"^(core|email)$")]] = Field(default_factory=list)


class SeriesQuery(Input):
    """GET metrics/series."""

    interval: Annotated[str, Field(pattern=r"^(day|week|month)$")] = "month"
    since: Time | None = None
    until: Time | None = None
    trend: str | None = None
    property: Annotated[str | None, Field(min_length=1)] = None
    value: Annotated[str | None, Field(min_length=1)] = None


class SegmentsQuery(Input):
    """GET metrics/segments."""

    property: Annotated[str, Field(min_length=1)]
    since: Time | None = None
    until: Time | None = None


class ThemesQuery(Input):
    """GET metrics/themes."""

    since: Time | None = None
    until: Time | None = None


class AccountsQuery(Input):
    """GET metrics/accounts."""

    since: Time | None = None
    until: Time | None = None


class NumberedPageQuery(PageQuery):
    """GET unsubscribes and GET bounces."""

    page: Annotated[Whole, Field(ge=1, le=10_000)] = 1


class CasesQuery(NumberedPageQuery):
    """GET cases."""

    state: Annotated[str | None, Field(pattern=r"^(open|contacted|resolved)$")] = None


class PreviewQuery(Input):
    """GET project/preview."""

    what: Annotated[str, Field(pattern=r"^(page|thank_you|unsubscribe|problem|join|case|mail|text|report)$")] = "page"
    state: str | None = None
    score: Annotated[Whole, Field(ge=0, le=10)] = 9
    locale: Annotated[str | None, Field(pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$")] = None
    name: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")] = "Robin Example"
    comment: Annotated[str, Field(max_length=10_000)] = "It does what we need. Exports could be faster."
    properties: CheckedProperties = Field(default_factory=dict)


class TrendInput(Input):
    """POST trends."""

    name: Annotated[str, Field(min_length=1, max_length=MAX_NAME)]
    filter: Values

    _one_line = field_validator("name")(one_line)


class TrendChange(Input):
    """PUT trends/{id}: what is not given stays."""

    name: Annotated[str | None, Field(min_length=1, max_length=MAX_NAME)] = None
    filter: Values | None = None

    _one_line = field_validator("name")(one_line)


class NoQuery(Input):
    """A call without parameters."""
