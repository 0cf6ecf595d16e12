"""Days in rows: the whole days, weeks and months of a range, for figures over time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from shared.domain.errors import InvalidError
from shared.domain.monthly import Month, month_of

MOST_MONTHS = 24


class Interval(StrEnum):
    """What one point of a series stands for. Weeks begin on Monday, as in ISO 8601."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


MOST_POINTS: Mapping[Interval, int] = {Interval.DAY: 366, Interval.WEEK: 106, Interval.MONTH: 60}
"""How many points a series may have: a year of days, two years of weeks, five years of months."""

DEFAULT_POINTS: Mapping[Interval, int] = {Interval.DAY: 30, Interval.WEEK: 13, Interval.MONTH: 12}


@dataclass(frozen=True, slots=True)
class Days:
    """Some days in a row, the first and the last included."""

    first: date
    last: date

    def since(self, zone: ZoneInfo) -> int:
        """The Unix time at which they begin in a time zone."""
        return _midnight(self.first, zone)

    def until(self, zone: ZoneInfo) -> int:
        """The Unix time of their last second."""
        return _midnight(self.last + timedelta(days=1), zone) - 1


def series(interval: Interval, since: int | None, until: int | None, *, now: int, zone: ZoneInfo) -> list[Days]:
    """The whole intervals that hold a range of Unix times, oldest first; a range reaches up to now at most.

    Without `since`: the last 30 days, 13 weeks or 12 months. Raises InvalidError naming `since` when the range is empty
    or has more points than a series may have.
    """
    last = _around(interval, _day(now if until is None else min(until, now), zone))
    if since is None:
        first = last
        for _ in range(DEFAULT_POINTS[interval] - 1):
            first = _around(interval, first.first - timedelta(days=1))
    else:
        first = _around(interval, _day(since, zone))
    if first.first > last.first:
        raise InvalidError({"since": ["must lie before until, and in the past"]})
    most = MOST_POINTS[interval]
    found: list[Days] = []
    while first.first <= last.first:
        if len(found) == most:
            raise InvalidError(
                {"since": [f"gives more than {most} points: ask for a longer interval or a later since"]}
            )
        found.append(first)
        first = _around(interval, first.last + timedelta(days=1))
    return found


def months(since: int | None, until: int | None, *, now: int, zone: ZoneInfo) -> list[Month]:
    """The whole months that hold a range of Unix times, oldest first; without `since`, three months.

    Raises InvalidError naming `since` when the range is empty or longer than two years.
    """
    last = month_of(now if until is None else min(until, now), zone)
    first = last.trailing(3)[0] if since is None else month_of(since, zone)
    length = _months_between(first, last) + 1
    if length < 1:
        raise InvalidError({"since": ["must lie before until, and in the past"]})
    if length > MOST_MONTHS:
        raise InvalidError({"since": [f"must lie in the {MOST_MONTHS} months up to until"]})
    return last.trailing(length)


def before(these: list[Month]) -> list[Month]:
    """As many months, right before these."""
    return these[0].previous().trailing(len(these))


def _months_between(first: Month, last: Month) -> int:
    one, other = first.first_day, last.first_day
    return 12 * (other.year - one.year) + other.month - one.month


def _around(interval: Interval, day: date) -> Days:
    """The whole interval in which a day lies."""
    if interval is Interval.DAY:
        return Days(day, day)
    if interval is Interval.WEEK:
        monday = day - timedelta(days=day.weekday())
        return Days(monday, monday + timedelta(days=6))
    first = day.replace(day=1)
    return Days(first, (first + timedelta(days=32)).replace(day=1) - timedelta(days=1))


def _day(at: int, zone: ZoneInfo) -> date:
    return datetime.fromtimestamp(at, zone).date()


def _midnight(day: date, zone: ZoneInfo) -> int:
    return int(datetime.combine(day, time(0), zone).timestamp())
