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
    return _table(calendar.country, calendar.subdivision).__contains__


@cache
def _table(country: str, subdivision: str) -> holidays.HolidayBase:
    try:
        return holidays.country_holidays(country, subdiv=subdivision or None)
    except NotImplementedError as error:
        field = "calendar.subdivision" if subdivision and _is_known(country) else "calendar.country"
        raise InvalidError({field: ["is not one whose public holidays are known"]}) from error


def _is_known(country: str) -> bool:
    return country in holidays.list_supported_countries()
