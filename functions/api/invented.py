"""The invented people, answers and figures that previews are made of; what the call gives takes their place."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from functions.api.inputs import PreviewQuery
from shared.domain import cases, monthly
from shared.domain.cases import Case
from shared.domain.figures import Figures
from shared.domain.nps import Category, Histogram, category
from shared.domain.opt_ins import CONFIRM_DAYS, OptIn
from shared.domain.people import Person
from shared.domain.project import DAY, Project
from shared.domain.redaction import redact
from shared.domain.requests import RequestState, SurveyRequest
from shared.domain.responses import Response

_ADDRESS = "robin@example.com"
_ACCOUNT = "Nordhollow Clinic"
_UNHAPPY = 3
_MONTH = Histogram((2, 1, 2, 4, 3, 6, 9, 18, 31, 44, 52))
_MONTH_BEFORE = Histogram((3, 2, 2, 5, 4, 7, 9, 19, 28, 40, 41))
_SEGMENTS = {
    "First": Histogram((1, 0, 0, 0, 1, 2, 3, 9, 20, 30, 37)),
    "Second": Histogram((0, 0, 0, 1, 1, 0, 0, 2, 2, 1, 0)),
    "Third": Histogram((0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0)),
}
_COUNTS = {"sent": 612, "delivered": 598, "bounced": 14, "answered": 166, "commented": 98}
_TREND_MONTHS = 12


def person(project: Project, given: PreviewQuery, now: int) -> Person:
    """Who is asked."""
    return Person(
        "preview", project.id, now - 90 * DAY, email=_ADDRESS, name=given.name, properties=_properties(given, now)
    )


def request(project: Project, given: PreviewQuery, now: int) -> SurveyRequest:
    """A survey that was sent three days ago."""
    sent_at = now - 3 * DAY
    return SurveyRequest(
        "preview-1",
        project.id,
        "preview",
        created_at=sent_at,
        state=RequestState.ACTIVE,
        scheduled_at=sent_at,
        expires_at=sent_at + project.link_days * DAY,
        locale=given.locale or "",
        properties=_properties(given, now),
        sent_at=sent_at,
    )


def response(project: Project, given: PreviewQuery, now: int) -> Response:
    """The answer to it, with the score and the comment of the call."""
    return Response(
        "preview-1",
        project.id,
        "preview",
        given.score,
        now,
        now,
        comment=given.comment,
        commented=bool(given.comment),
        locale=given.locale or "",
        properties=_properties(given, now),
    )


def case(project: Project, given: PreviewQuery, now: int) -> tuple[Case, Response]:
    """A case and the answer that opened it, whose score is low if the call's is not."""
    unhappy = response(project, given, now)
    if category(given.score) is not Category.DETRACTOR:
        unhappy = replace(unhappy, score=_UNHAPPY)
    due_at = now + project.case_days * DAY
    return cases.open_case("preview", unhappy, project, now=now, due_at=due_at), unhappy


def opt_in(project: Project, given: PreviewQuery, now: int) -> OptIn:
    """What somebody asked for on the opt-in page."""
    return OptIn(
        "preview",
        project.id,
        now,
        email=_ADDRESS,
        name=given.name,
        locale=given.locale or "",
        asked_at=now,
        expires_at=now + CONFIRM_DAYS * DAY,
    )


def figures(project: Project, now: int) -> Figures:
    """Last month's report."""
    month = monthly.month_of(now, project.zone).previous()
    segments = {(name, value): one for name in project.dimensions for value, one in _SEGMENTS.items()}
    return Figures(
        project=project.id,
        project_name=project.name,
        month=month.name,
        first_day=month.first_day.isoformat(),
        last_day=month.last_day.isoformat(),
        preliminary=False,
        built_at=month.end,
        histogram=list(_MONTH.counts),
        score=_MONTH.score(),
        interval=monthly.rounded_interval(_MONTH),
        responses=_MONTH.n,
        promoters=_MONTH.promoters,
        passives=_MONTH.passives,
        detractors=_MONTH.detractors,
        previous=monthly.previous_month(month.previous().name, _MONTH_BEFORE),
        change=monthly.change(_MONTH, _MONTH_BEFORE),
        trend=[
            monthly.trend_month(one.name, _MONTH if one == month else _MONTH_BEFORE)
            for one in month.trailing(_TREND_MONTHS)
        ],
        funnel=monthly.funnel(_COUNTS),
        segments=monthly.segments(segments, project.dimensions, _MONTH),
        cases={
            "opened": 24,
            "contacted": 21,
            "contacted_in_time": 18,
            "resolved": 15,
            "open": 9,
            "overdue": 2,
            "recovered": 3,
            "median_hours_to_contact": 19.5,
        },
        accounts_at_risk=[
            {
                "account_id": "preview",
                "account_name": _ACCOUNT,
                "renewal_date": (month.last_day + timedelta(days=30)).isoformat(),
                "arr": "48000",
                "lowest_score": _UNHAPPY,
                "owner_email": project.owner.email,
            }
        ],
        verbatims=[
            {
                "score": score,
                "category": category(score).value,
                "comment": redact(comment),
                "day": month.first_day.isoformat(),
                "segment": "First",
            }
            for score, comment in (
                (2, "Four clicks where one was enough, and the export lost our filters."),
                (9, "Support answered within the hour and knew our setup."),
            )
        ],
        quality=monthly.quality(_MONTH, _MONTH, _COUNTS["sent"], _COUNTS["answered"]),
    )


def _properties(given: PreviewQuery, now: int) -> Mapping[str, str]:
    renewal = datetime.fromtimestamp(now + 60 * DAY, UTC).date().isoformat()
    known = {"account_id": "preview", "account_name": _ACCOUNT, "renewal_date": renewal, "arr": "48000"}
    return known | {name: value for name, value in given.properties.items() if value is not None}
