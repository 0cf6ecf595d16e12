"""Working time: what "in three business days" means on a project's calendar."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from shared.domain.project import BusinessCalendar

HolidayTest = Callable[[date], bool]

_LONGEST_BREAK = 60


@dataclass(frozen=True, slots=True)
class BusinessTime:
    """A calendar in its time zone, with the public holidays of its country."""

    calendar: BusinessCalendar
    zone: ZoneInfo
    is_holiday: HolidayTest

    def is_business_day(self, day: date) -> bool:
        """True on the calendar's weekdays that are no public holiday."""
        return day.isoweekday() in self.calendar.days and not self.is_holiday(day)

    def after(self, start: int, days: int) -> int:
        """The Unix time that is this many business days after another.

        The clock starts at once within working hours, else when work next begins; the time of day
        is kept: Friday 15:00 and three days is Wednesday 15:00; Saturday and three days is
        Thursday, when work begins (Monday's start and three days).
        """
        moment = self._next_working_moment(datetime.fromtimestamp(start, self.zone))
        day = moment.date()
        for _ in range(days):
            day = self._next_business_day(day)
        return int(datetime.combine(day, moment.timetz()).timestamp())

    def first_business_day(self, year: int, month: int) -> date:
        """The month's first business day."""
        first = date(year, month, 1)
        return first if self.is_business_day(first) else self._next_business_day(first)

    def _next_working_moment(self, moment: datetime) -> datetime:
        local = moment.time()
        day = moment.date()
        if self.is_business_day(day):
            if local < self.calendar.start:
                return datetime.combine(day, self.calendar.start, self.zone)
            if local < self.calendar.end:
                return moment
        return datetime.combine(self._next_business_day(day), self.calendar.start, self.zone)

    def _next_business_day(self, day: date) -> date:
        for ahead in range(1, _LONGEST_BREAK):
            candidate = day + timedelta(days=ahead)
            if self.is_business_day(candidate):
                return candidate
        raise ValueError(f"no business day within {_LONGEST_BREAK} days of {day}")
