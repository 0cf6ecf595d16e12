"""Public holidays, from the `holidays` library; imported only where cases and reports are timed."""

from collections.abc import Callable
from datetime import date
from functools import cache

import holidays

from shared.domain.errors import InvalidError
from shared.domain.project import BusinessCalendar


def test_for(calendar: BusinessCalendar) -> Callable[[date], bool]:
    """Whether a day is a public holiday of a calendar's country; without a country, none is.

    Raises InvalidError naming `calendar.country` or `calendar.subdivision` when the library does not know it.
    """
    if not calendar.country:
        return lambda day: False  # noqa: ARG005
    known = holidays.list_supported_countries()
    if calendar.country not in known:
        raise InvalidError({"calendar.country": ["is not a country whose holidays are known"]})
    if calendar.subdivision and calendar.subdivision not in known[calendar.country]:
        raise InvalidError({"calendar.subdivision": [f"is not a part of {calendar.country}"]})
    return _table(calendar.country, calendar.subdivision).__contains__


@cache
def _table(country: str, subdivision: str) -> holidays.HolidayBase:
    return holidays.country_holidays(country, subdiv=subdivision or None)
