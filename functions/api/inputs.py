"""What callers may send: the parameters of every call, as pydantic models."""

from typing import Annotated, Any

from pydantic import Field

from shared.domain.requests import RequestState
from shared.inputs.checking import MAX_ROWS, Input
from shared.inputs.person import Address, Time, Whole

MAX_PER_PAGE = 100


class BatchInput(Input):
    """POST people/batch: rows of POST people, each checked by itself."""

    people: Annotated[list[Any], Field(min_length=1, max_length=MAX_ROWS)]


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


class RequestsQuery(PageQuery):
    """GET survey_requests."""

    state: Annotated[str | None, Field(pattern=rf"^({'|'.join(RequestState)})$")] = None
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


class SeriesQuery(Input):
    """GET metrics/series."""

    interval: Annotated[str, Field(pattern=r"^(day|week|month)$")] = "month"
    since: Time | None = None
    until: Time | None = None
    property: Annotated[str | None, Field(min_length=1)] = None
    value: Annotated[str | None, Field(min_length=1)] = None


class SegmentsQuery(Input):
    """GET metrics/segments."""

    property: Annotated[str, Field(min_length=1)]
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


class NoQuery(Input):
    """A call without parameters."""
