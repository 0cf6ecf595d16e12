"""Answers counted over ranges: whole days and months from the counters, edges from the responses themselves."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from shared.domain.counting import ACCOUNT, dimension_row
from shared.domain.errors import ConflictError
from shared.domain.intervals import Days
from shared.domain.monthly import Month
from shared.domain.nps import Histogram
from shared.domain.project import DAY, Project
from shared.domain.responses import Response
from shared.domain.trends import Trend
from shared.store import counters, lists, trends

DEFAULT_DAYS = 30
MOST_RECOUNTED = 2_000
"""How many answers of a range are looked at themselves while a new trend's counters are not whole."""


def range_histogram(
    project: Project, since: int | None, until: int | None, now: int, trend: Trend | None = None
) -> Histogram:
    """The answers given from `since` to `until`, exact to the second; those of a trend when one is given.

    Without a range: the 30 days up to the newest response. A day after whose end in the range nothing was answered
    yet is a whole one. Raises ConflictError as `day_histograms` does.
    """
    if since is None and until is None:
        newest = _newest(project, now)
        if newest is None:
            return Histogram()
        since = newest - DEFAULT_DAYS * DAY
    start = max(project.since if since is None else since, project.since)
    end = now if until is None else until
    if end >= now:
        today = datetime.fromtimestamp(now, project.zone).date()
        end = Days(today, today).until(project.zone)
    if start > end:
        return Histogram()
    first, last = _whole_days(start, end, project.zone)
    if first > last:
        return _recounted(project, start, end, trend)
    found = total(day_histograms(project, first, last, trend).values())
    whole_days = Days(first, last)
    opening, closing = whole_days.since(project.zone), whole_days.until(project.zone)
    if start < opening:
        found += _recounted(project, start, opening - 1, trend)
    if closing < end:
        found += _recounted(project, closing + 1, end, trend)
    return found


def day_histograms(project: Project, first: date, last: date, trend: Trend | None = None) -> dict[date, Histogram]:
    """The answers of each day from one to another that has any; one query a month.

    As long as a trend's counters are not whole, from the answers themselves; ConflictError when these are too many.
    """
    if trend and trends.uncounted(project.id, [trend]):
        return _days_recounted(project, first, last, trend)
    found: dict[date, Histogram] = {}
    month = Month(f"{first:%Y-%m}", project.zone)
    while month.first_day <= last:
        low, high = max(first, month.first_day), min(last, month.last_day)
        for row in counters.day_rows(
            project.id, month.name, low.isoformat(), high.isoformat(), trend.id if trend else ""
        ):
            found[date.fromisoformat(row["sk"].rpartition("#")[2])] = counters.histogram(row)
        month = month.next()
    return found


def value_histograms(project: Project, months: Iterable[Month], name: str) -> dict[str, Histogram]:
    """The answers of some months by the value of a property that the project counts by; one query a month."""
    return _by_row(project, months, dimension_row(name, ""))


def account_histograms(project: Project, months: Iterable[Month]) -> list[Histogram]:
    """The answers of each account in some months; one query a month."""
    return list(_by_row(project, months, ACCOUNT).values())


def whole(project: Project, months: Sequence[Month]) -> Histogram:
    """All answers of some months in a row."""
    days = all_days(months)
    return total(day_histograms(project, days.first, days.last).values())


def total(histograms: Iterable[Histogram]) -> Histogram:
    """The sum of histograms."""
    return sum(histograms, start=Histogram())


def all_days(months: Sequence[Month]) -> Days:
    """The days of some months in a row."""
    return Days(months[0].first_day, months[-1].last_day)


def range_of(project: Project, days: Days) -> dict[str, int]:
    """What an answer covers, in Unix seconds: the range asked for, widened to whole intervals."""
    return {"since": days.since(project.zone), "until": days.until(project.zone)}


def _by_row(project: Project, months: Iterable[Month], family: str) -> dict[str, Histogram]:
    """The rows of a family, each over all of the months."""
    found: dict[str, Histogram] = {}
    for month in months:
        for name, row in counters.rows(project.id, month.name, family).items():
            found[name] = found.get(name, Histogram()) + counters.histogram(row)
    return found


def _newest(project: Project, now: int) -> int | None:
    found = lists.by_time(
        Response, "response", project.id, since=project.since, until=now, newest_first=True, page_size=1
    )
    newest = next(found, None)
    return newest.created_at if newest else None


def _whole_days(start: int, end: int, zone: ZoneInfo) -> tuple[date, date]:
    """The first and last day that lie in the range entirely; the first is after the last when there is none."""
    first = datetime.fromtimestamp(start, zone).date()
    if Days(first, first).since(zone) < start:
        first += timedelta(days=1)
    last = datetime.fromtimestamp(end + 1, zone).date() - timedelta(days=1)
    return first, last


def _recounted(project: Project, start: int, end: int, trend: Trend | None) -> Histogram:
    scores = [0] * 11
    for response in lists.by_time(Response, "response", project.id, since=start, until=end):
        scores[response.score] += trend is None or trend.matches(response.properties)
    return Histogram(tuple(scores))


def _days_recounted(project: Project, first: date, last: date, trend: Trend) -> dict[date, Histogram]:
    days = Days(first, last)
    since, until = max(days.since(project.zone), project.since), days.until(project.zone)
    scores: dict[date, list[int]] = defaultdict(lambda: [0] * 11)
    listed = lists.by_time(Response, "response", project.id, since=since, until=until)
    for number, response in enumerate(listed, start=1):
        if number > MOST_RECOUNTED:
            raise ConflictError("earlier responses are still being counted in this trend; try again in some minutes")
        if trend.matches(response.properties):
            scores[datetime.fromtimestamp(response.created_at, project.zone).date()][response.score] += 1
    return {day: Histogram(tuple(found)) for day, found in scores.items()}
