"""When a survey is sent: what the caller asked for, moved into the project's send window."""

from datetime import date, datetime, time, timedelta

from shared.domain.errors import InvalidError
from shared.domain.project import Project, SendWindow

MAX_AHEAD = 400 * 86_400
FIRST_YEAR = 2000

_WEEK = 7


def send_time(
    project: Project, *, now: int, delay: int = 0, send_at: int | None = None, renewal_date: date | None = None
) -> int:
    """The Unix time at which a survey asked for now is sent.

    Args:
        project: whose time zone, send window and renewal lead time hold.
        now: the Unix time of the call.
        delay: seconds from now.
        send_at: a Unix time; one that is past means now.
        renewal_date: the day of a renewal; the survey goes out `renewal_lead_days` before it, now when that is past.

    Raises:
        InvalidError: more than one of the three is given, the time lies more than 400 days ahead, or the renewal
            in another century.
    """
    given = [
        name
        for name, value in (("delay", delay or None), ("send_at", send_at), ("renewal_date", renewal_date))
        if value is not None
    ]
    if len(given) > 1:
        raise InvalidError({given[1]: [f"must not be given together with {given[0]}"]})
    if renewal_date is not None and renewal_date.year < FIRST_YEAR:
        raise InvalidError({"renewal_date": ["must be a day such as 2027-01-31"]})
    wished = now + delay
    if send_at is not None:
        wished = max(now, send_at)
    elif renewal_date is not None:
        wished = max(now, _before_renewal(project, renewal_date))
    if wished > now + MAX_AHEAD:
        raise InvalidError({given[0]: ["must not lie more than 400 days ahead"]})
    return within_window(project, wished)


def within_window(project: Project, wished: int) -> int:
    """The first moment from a time on at which the project's survey mail may go out."""
    window = project.send_window
    if window is None:
        return wished
    moment = datetime.fromtimestamp(wished, project.zone)
    for ahead in range(_WEEK + 1):
        day = moment.date() + timedelta(days=ahead)
        opens, closes = (_at(project, day, hour) for hour in (window.start, window.end))
        if day.isoweekday() in window.days and wished < closes:
            return max(wished, opens)
    raise ValueError("a send window without a day")


def _before_renewal(project: Project, renewal_date: date) -> int:
    """The window's opening, or 09:00, on the day that is the lead time before a renewal."""
    opens = (project.send_window or SendWindow()).start
    return _at(project, renewal_date - timedelta(days=project.renewal_lead_days), opens)


def _at(project: Project, day: date, hour: time) -> int:
    return int(datetime.combine(day, hour, project.zone).timestamp())
