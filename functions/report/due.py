"""Which reports are to be built now."""

from collections.abc import Iterator
from datetime import datetime, time

from shared.domain.business_time import BusinessTime
from shared.domain.monthly import Month, month_of
from shared.domain.project import Project
from shared.outside import holidays
from shared.store import reports

SEND_AT = time(8)


def due_months(project: Project, now: int) -> Iterator[Month]:
    """Last month's report from the first business day at 08:00 on, in the project's zone, and what was asked for."""
    last = month_of(now, project.zone).previous()
    known = {item["sk"]: item for item in reports.all_of(project.id)}
    for name, item in known.items():
        if item["state"] == reports.REQUESTED:
            yield Month(name, project.zone)
    if project.created_at >= last.end or now < _release(project, last):
        return
    item = known.get(last.name, {})
    if item.get("state") != reports.REQUESTED and item.get("built_at", 0) < last.end:
        yield last


def _release(project: Project, month: Month) -> int:
    business = BusinessTime(project.calendar, project.zone, holidays.test_for(project.calendar))
    following = month.next().first_day
    day = business.first_business_day(following.year, following.month)
    return int(datetime.combine(day, SEND_AT, project.zone).timestamp())
