"""GET metrics: whole days from the counters, the edges of the range from the responses themselves."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from shared.domain.nps import Histogram
from shared.domain.project import DAY, Project
from shared.domain.responses import Response
from shared.store import counters, lists

DEFAULT_DAYS = 30


def range_histogram(project: Project, since: int | None, until: int | None, now: int) -> Histogram:
    """The answers given from `since` to `until`, exact to the second.

    Without a range: the 30 days up to the newest response. A day after whose end in the range nothing was answered
    yet is a whole one.
    """
    if since is None and until is None:
        newest = _newest(project, now)
        if newest is None:
            return Histogram()
        since = newest - DEFAULT_DAYS * DAY
    start = max(project.created_at if since is None else since, project.created_at)
    end = now if until is None else until
    if end >= now:
        end = _midnight(datetime.fromtimestamp(now, project.zone).date() + timedelta(days=1), project.zone) - 1
    if start > end:
        return Histogram()
    first, last = _whole_days(start, end, project.zone)
    if first > last:
        return _recounted(project, start, end)
    total = _counted(project, first, last)
    opening, closing = _midnight(first, project.zone), _midnight(last + timedelta(days=1), project.zone)
    if start < opening:
        total += _recounted(project, start, opening - 1)
    if closing <= end:
        total += _recounted(project, closing, end)
    return total


def _newest(project: Project, now: int) -> int | None:
    found = lists.by_time(
        Response, "response", project.id, since=project.created_at, until=now, newest_first=True, page_size=1
    )
    newest = next(found, None)
    return newest.created_at if newest else None


def _whole_days(start: int, end: int, zone: ZoneInfo) -> tuple[date, date]:
    """The first and last day that lie in the range entirely; the first is after the last when there is none."""
    first = datetime.fromtimestamp(start, zone).date()
    if _midnight(first, zone) < start:
        first += timedelta(days=1)
    last = datetime.fromtimestamp(end + 1, zone).date() - timedelta(days=1)
    return first, last


def _midnight(day: date, zone: ZoneInfo) -> int:
    return int(datetime.combine(day, time(0), zone).timestamp())


def _counted(project: Project, first: date, last: date) -> Histogram:
    total = Histogram()
    day = first
    while day <= last:
        month = f"{day:%Y-%m}"
        after = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
        end = min(last, after - timedelta(days=1))
        for row in counters.day_rows(project.id, month, day.isoformat(), end.isoformat()):
            total += counters.histogram(row)
        day = after
    return total


def _recounted(project: Project, start: int, end: int) -> Histogram:
    scores = [0] * 11
    for response in lists.by_time(Response, "response", project.id, since=start, until=end):
        scores[response.score] += 1
    return Histogram(tuple(scores))
