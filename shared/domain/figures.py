"""Figures: a month's report as data, the one source of the report's page, its mail and its files.

It is plain JSON, so that it can be kept beside the report and read back. Scores and intervals are in points from -100
to 100, days are ISO dates in the project's time zone, `built_at` is a Unix time.
"""

from typing import TypedDict

from shared.domain.nps import Shown


class Previous(TypedDict):
    """The month before, when it had answers."""

    month: str
    score: int
    responses: int


class ChangeFigures(TypedDict):
    """The change since the month before, and whether chance alone would rarely explain it."""

    points: int
    significant: bool


class TrendMonth(TypedDict):
    """One month of the trend."""

    month: str
    score: int | None
    interval: list[float] | None
    responses: int


class Funnel(TypedDict):
    """What became of the survey mails sent in the month; `commented` counts the month's responses with words."""

    sent: int
    delivered: int
    bounced: int
    answered: int
    commented: int
    throttled: int
    suppressed: int


class SegmentValue(TypedDict):
    """The responses that share one value of a property. When `shown` is `hidden`, nothing of it may be printed."""

    value: str
    histogram: list[int]
    responses: int
    score: int | None
    interval: list[float] | None
    shown: Shown


class Segment(TypedDict):
    """A property that the project counts by, with its values."""

    dimension: str
    values: list[SegmentValue]


class CaseFigures(TypedDict):
    """How the loop was closed. `open` and `overdue` are as of `built_at`, the others of the month."""

    opened: int
    contacted: int
    contacted_in_time: int
    resolved: int
    open: int
    overdue: int
    recovered: int
    median_hours_to_contact: float | None


class AccountAtRisk(TypedDict):
    """An account with a detractor that renews within 90 days."""

    account_id: str
    account_name: str
    renewal_date: str
    arr: str | None
    lowest_score: int
    owner_email: str


class Verbatim(TypedDict):
    """A comment chosen for the report, personal data redacted."""

    score: int
    category: str
    comment: str
    day: str
    segment: str


class QualityNote(TypedDict):
    """A fact about the data that a reader should know: a name, a figure and what it means."""

    name: str
    value: str
    note: str


class Figures(TypedDict):
    """A project's month. `preliminary` says that the month was not over when they were built."""

    project: str
    project_name: str
    month: str
    first_day: str
    last_day: str
    preliminary: bool
    built_at: int
    histogram: list[int]
    score: int | None
    interval: list[float] | None
    responses: int
    promoters: int
    passives: int
    detractors: int
    previous: Previous | None
    change: ChangeFigures | None
    trend: list[TrendMonth]
    funnel: Funnel
    segments: list[Segment]
    cases: CaseFigures
    accounts_at_risk: list[AccountAtRisk]
    verbatims: list[Verbatim]
    quality: list[QualityNote]
