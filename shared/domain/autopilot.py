"""Autopilot: whose turn it is to be asked, how turns are spread over working days, and what comes of one."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from shared.domain.errors import InvalidError
from shared.domain.people import MAX_PROPERTIES, Person, merge_properties
from shared.domain.project import DAY, Project, SendWindow
from shared.domain.requests import RequestState, SurveyRequest, decide_send
from shared.domain.scheduling import within_window
from shared.domain.send_calls import requested


@dataclass(frozen=True, slots=True)
class Membership:
    """That a person is asked again and again. Times are Unix seconds; its id is the person's.

    `properties` go with each of its surveys. `timer_at` is the next turn: the moment at which it is decided whether
    the person is asked.
    """

    id: str
    project: str
    created_at: int
    updated_at: int
    timer_at: int
    properties: Mapping[str, str] = field(default_factory=dict)
    rev: int = 0


@dataclass(frozen=True, slots=True)
class Turn:
    """What came of a turn: the membership with its next one, and either a survey request or why there is none."""

    membership: Membership
    person: Person
    request: SurveyRequest | None = None
    skipped: str = ""


def enrolled(
    known: Membership | None, project: Project, person_id: str, properties: Mapping[str, str | None], *, now: int
) -> Membership:
    """A person's membership with these properties laid over its own; a new member's first turn comes within a period.

    Raises InvalidError when it would have too many properties.
    """
    merged = merge_properties(known.properties if known else {}, properties)
    if len(merged) > MAX_PROPERTIES:
        raise InvalidError({"properties": [f"may have at most {MAX_PROPERTIES} entries, those kept before among them"]})
    if known is None:
        turn = next_turn(project, person_id, now)
        return Membership(person_id, project.id, created_at=now, updated_at=now, timer_at=turn, properties=merged)
    return known if merged == known.properties else replace(known, properties=merged, updated_at=now)


def next_turn(project: Project, person_id: str, after: int) -> int:
    """The person's first turn later than a time.

    Days are counted in cycles of the project's frequency. Each person has a place of their own in every cycle, by a
    hash of their id: so turns lie a period apart (a few days more or less, where a cycle has more weekends), do not
    drift, do not pile up when some were missed, and every working day has its share of people. Public holidays count
    as working days.
    """
    length = project.autopilot.frequency_days
    cycle = datetime.fromtimestamp(after, project.zone).date().toordinal() // length
    place = _place(person_id)
    while (turn := _in_cycle(project, cycle * length, place)) <= after:
        cycle += 1
    return turn


def take_turn(membership: Membership, person: Person, project: Project, *, request_id: str, now: int) -> Turn:
    """What becomes of a turn that has come.

    Somebody who was surveyed too recently is asked when their throttle ends, or decided upon at their next turn when
    that is sooner; somebody who gets no survey mail, and everybody while Autopilot is off, at their next turn. Between
    two surveys lies half a period at least, wherever a throttle or an outage has moved the first.
    """
    following = next_turn(project, person.id, now)
    if not project.autopilot.active:
        return Turn(replace(membership, timer_at=following), person, skipped="inactive")
    decision = decide_send(person, project, now=now, scheduled_at=_working_moment(project, now))
    match decision.state:
        case RequestState.SUPPRESSED:
            return Turn(replace(membership, timer_at=following), person, skipped=decision.reason)
        case RequestState.THROTTLED:
            later = min(following, _working_moment(project, decision.next_eligible_at))
            return Turn(replace(membership, timer_at=later), person, skipped=decision.reason)
    properties = merge_properties(person.properties, membership.properties)
    asked, request = requested(person, decision, project, request_id=request_id, properties=properties, now=now)
    rest = project.autopilot.frequency_days * DAY // 2
    following = next_turn(project, person.id, request.scheduled_at + rest)
    return Turn(replace(membership, timer_at=following), asked, request)


def _place(person_id: str) -> float:
    """Where in a cycle a person's turn lies: from 0 to less than 1, evenly over all people."""
    return int.from_bytes(hashlib.sha256(person_id.encode()).digest()[:4]) / 2**32


def _in_cycle(project: Project, first: int, place: float) -> int:
    """The turn in the cycle that begins with an ordinal day; what is left of the place is the time of day."""
    hours = _hours(project)
    every = map(date.fromordinal, range(first, first + project.autopilot.frequency_days))
    days = [day for day in every if day.isoweekday() in hours.days]
    index = int(place * len(days))
    opens, closes = (datetime.combine(days[index], hour, project.zone) for hour in (hours.start, hours.end))
    # The difference of two times of one zone is that of the clocks on the wall.
    into = int((closes - opens).total_seconds() * (place * len(days) - index))
    return int((opens + timedelta(seconds=into)).timestamp())


def _hours(project: Project) -> SendWindow:
    """When turns are: in the send window on working days; without a window in working hours.

    A window that has no working day is taken as it is.
    """
    calendar, window = project.calendar, project.send_window
    if window is None:
        return SendWindow(calendar.days, calendar.start, calendar.end)
    return replace(window, days=tuple(set(window.days) & set(calendar.days)) or window.days)


def _working_moment(project: Project, at: int) -> int:
    return within_window(replace(project, send_window=_hours(project)), at)
