"""The calls for figures: of a range, over time, by segment, by account."""

from functions.api import figures, inputs, outputs, trend_calls
from functions.api.calls import Answer, Call, Route
from shared.domain import accounts, intervals
from shared.domain.errors import InvalidError
from shared.domain.intervals import Days, Interval
from shared.domain.monthly import Month
from shared.domain.nps import Histogram
from shared.domain.project import Project
from shared.domain.segments import Groups, compare, shown_in, with_rest
from shared.domain.trends import Trend
from shared.store.api_keys import Scope


def get_metrics(call: Call[inputs.MetricsQuery]) -> Answer:
    """The score of a range of time, of everybody or of a trend."""
    query = call.given
    trend = trend_calls.named(call.project, query.trend)
    histogram = figures.range_histogram(call.project, query.since, query.until, call.now, trend)
    return Answer(outputs.segment(histogram, histogram.shown) if trend else outputs.metrics(histogram))


def get_series(call: Call[inputs.SeriesQuery]) -> Answer:
    """The score over time, of everybody or of a segment: a point for each day, week or month, empty ones too."""
    query, project = call.given, call.project
    points = intervals.series(Interval(query.interval), query.since, query.until, now=call.now, zone=project.zone)
    if query.property is None and query.value is None:
        told = _of_days(project, points, trend_calls.named(project, query.trend))
    elif query.trend is None:
        told = _of_segment(project, points, query)
    else:
        raise InvalidError({"trend": ["cannot be given together with a property"]})
    return Answer(
        {
            **figures.range_of(project, Days(points[0].first, points[-1].last)),
            "interval": query.interval,
            "points": told,
        }
    )


def get_segments(call: Call[inputs.SegmentsQuery]) -> Answer:
    """The values of a property side by side, in whole months, each beside as many months before."""
    query, project = call.given, call.project
    _check_counted(project, query.property)
    months = intervals.months(query.since, query.until, now=call.now, zone=project.zone)
    earlier = intervals.before(months)
    comparison = compare(*(_groups(project, these, query.property) for these in (months, earlier)))
    return Answer(
        {
            "property": query.property,
            **figures.range_of(project, figures.all_days(months)),
            "previous": figures.range_of(project, figures.all_days(earlier)),
            "segments": [outputs.compared(one) for one in comparison.segments],
            "hidden_count": comparison.hidden_count,
        }
    )


def get_accounts(call: Call[inputs.AccountsQuery]) -> Answer:
    """The score over accounts in whole months, each account classified once."""
    query, project = call.given, call.project
    months = intervals.months(query.since, query.until, now=call.now, zone=project.zone)
    every = figures.account_histograms(project, months)
    histogram = accounts.account_histogram(every)
    told = outputs.metrics(histogram) | {"nps": histogram.score()}
    return Answer(
        {
            **figures.range_of(project, figures.all_days(months)),
            "rule": accounts.RULE,
            **told,
            "account_count": histogram.n,
            "response_count": figures.total(every).n,
            "without_account_count": max(0, figures.whole(project, months).n - figures.total(every).n),
        }
    )


def _of_days(project: Project, points: list[Days], trend: Trend | None) -> list[outputs.Shape]:
    by_day = figures.day_histograms(project, points[0].first, points[-1].last, trend)
    told = []
    for days in points:
        one = figures.total(histogram for day, histogram in by_day.items() if days.first <= day <= days.last)
        told.append(outputs.point(days, one) | (outputs.segment(one, one.shown) if trend else {}))
    return told


def _of_segment(project: Project, points: list[Days], query: inputs.SeriesQuery) -> list[outputs.Shape]:
    if query.property is None or query.value is None:
        raise InvalidError({"value" if query.property else "property": ["can't be blank: name a property and a value"]})
    _check_counted(project, query.property)
    if query.interval != Interval.MONTH:
        raise InvalidError({"interval": ["must be month with a property; a trend is counted by day"]})
    told = []
    for days in points:
        groups = _groups(project, [Month(f"{days.first:%Y-%m}", project.zone)], query.property)
        one = groups.get(query.value, Histogram())
        told.append(outputs.point(days, one) | outputs.segment(one, shown_in(groups, query.value)))
    return told


def _groups(project: Project, months: list[Month], name: str) -> Groups:
    return with_rest(figures.value_histograms(project, months, name), figures.whole(project, months))


def _check_counted(project: Project, name: str) -> None:
    if name not in project.dimensions:
        known = ", ".join(project.dimensions) or "none"
        raise InvalidError({"property": [f"is not one that this project counts by (it counts by: {known})"]})


ROUTES = (
    Route("GET", "metrics", Scope.READ, inputs.MetricsQuery, get_metrics),
    Route("GET", "metrics/series", Scope.READ, inputs.SeriesQuery, get_series),
    Route("GET", "metrics/segments", Scope.READ, inputs.SegmentsQuery, get_segments),
    Route("GET", "metrics/accounts", Scope.READ, inputs.AccountsQuery, get_accounts),
)
