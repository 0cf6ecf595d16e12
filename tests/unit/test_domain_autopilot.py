"""Turns are spread evenly over working days, stay where they are, and come to a survey, a later moment or the next."""

from collections import Counter
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.autopilot import Membership, enrolled, next_turn, take_turn
from shared.domain.errors import InvalidError
from shared.domain.people import Person
from shared.domain.project import Autopilot, BusinessCalendar, Project, SendWindow
from shared.domain.project_settings import parse_project
from shared.domain.requests import RequestState
from tests.fakes.world import DAY, START, moment, settings

PEOPLE = [f"{number:020x}" for number in range(10_000)]


def project(days: int = 90, *, active: bool = True, **more: object) -> Project:
    plain = parse_project(settings())
    return replace(plain, autopilot=Autopilot(active=active, frequency_days=days), **more)  # type: ignore[arg-type]


def member(one: Project, **more: object) -> Membership:
    return replace(enrolled(None, one, "p1", {}, now=START), **more)  # type: ignore[arg-type]


def local(one: Project, at: int) -> datetime:
    return datetime.fromtimestamp(at, one.zone)


GULF = BusinessCalendar(days=(1, 2, 3, 4, 7))
MORNINGS = SendWindow(days=(1, 2, 3), start=time(8, 30), end=time(11))


@pytest.mark.parametrize(
    "one",
    [
        project(7),
        project(30),
        project(90),
        project(90, time_zone="Asia/Riyadh", calendar=GULF),
        project(60, time_zone="America/Chicago", send_window=MORNINGS),
    ],
    ids=lambda one: f"{one.autopilot.frequency_days} days, {one.time_zone}",
)
def test_given_ten_thousand_members_then_every_working_day_has_its_share_in_every_period(one: Project) -> None:
    days = one.autopilot.frequency_days
    working = set(one.send_window.days if one.send_window else one.calendar.days)
    turns = [next_turn(one, person, START) for person in PEOPLE]
    for _ in range(3):
        count = Counter(local(one, turn).date() for turn in turns)
        first, last = min(count), max(count)
        assert last - first <= timedelta(days + 3)
        between = [first + timedelta(ahead) for ahead in range(1, (last - first).days)]
        expected = len(PEOPLE) / (days * len(working) / 7)
        for day in between:
            if day.isoweekday() not in working:
                assert count[day] == 0, day
            elif len(between) > 10:
                # Six standard deviations, and what cycles differ by in their number of working days.
                assert abs(count[day] - expected) < 6 * expected**0.5 + 0.08 * expected, (day, count[day], expected)
        turns = [next_turn(one, person, turn) for person, turn in zip(PEOPLE, turns, strict=True)]


def test_given_a_working_week_then_a_weekly_autopilot_uses_all_of_it() -> None:
    one = project(7, throttle_days=7)
    count = Counter(local(one, next_turn(one, person, START)).isoweekday() for person in PEOPLE)
    assert set(count) == {1, 2, 3, 4, 5}
    assert all(1_800 < share < 2_200 for share in count.values())


def test_given_a_day_then_its_turns_are_spread_over_the_working_hours() -> None:
    one = project(90, time_zone="Europe/Berlin")
    hours = Counter(local(one, next_turn(one, person, START)).hour for person in PEOPLE)
    assert set(hours) == set(range(9, 17))
    assert all(1_100 < share < 1_400 for share in hours.values())


@given(
    person=st.text(st.sampled_from("0123456789abcdef"), min_size=20, max_size=20),
    days=st.integers(7, 365),
    start=st.integers(START, START + 2_000 * DAY),
    zone=st.sampled_from(("UTC", "America/Santiago", "Asia/Kolkata", "Pacific/Apia", "Africa/Casablanca")),
    window=st.sampled_from((None, SendWindow(), MORNINGS, SendWindow(days=(6, 7)), SendWindow(days=(5, 6, 7)))),
)
def test_given_any_member_then_turns_are_in_working_time_a_period_apart_and_do_not_drift(
    person: str, days: int, start: int, zone: str, window: SendWindow | None
) -> None:
    one = project(days, time_zone=zone, send_window=window)
    working = (set(window.days) & {1, 2, 3, 4, 5} or set(window.days)) if window else {1, 2, 3, 4, 5}
    hours = window or one.calendar
    turns = [start]
    for _ in range(13):
        turns.append(next_turn(one, person, turns[-1]))
    # A week holds all the working days there are: no turn strays further from its place.
    assert turns[1] - start <= (days + 7) * DAY
    for number, turn in enumerate(turns[1:]):
        assert abs(turn - turns[1] - number * days * DAY) <= 7 * DAY
        at = local(one, turn)
        assert at.isoweekday() in working
        assert hours.start <= at.time() < hours.end
    assert all(earlier < later for earlier, later in pairwise(turns))
    # Whoever looks late finds the turn that is next, not those that were missed.
    assert next_turn(one, person, turns[6] - 1) == turns[6]


def test_given_a_change_of_clocks_then_the_turn_stays_at_its_hour_on_the_wall() -> None:
    zone = "America/Chicago"
    one = project(7, throttle_days=7, time_zone=zone, calendar=BusinessCalendar(days=(7,)))
    first = next_turn(one, "p1", moment("2026-02-28 12:00", zone))
    second = next_turn(one, "p1", first)
    assert [local(one, turn).date() for turn in (first, second)] == [date(2026, 3, 1), date(2026, 3, 8)]
    assert local(one, first).time() == local(one, second).time()
    assert second - first == 7 * DAY - 3_600


def test_given_a_turn_then_a_request_with_the_members_properties_and_the_next_turn_a_period_later() -> None:
    one = project()
    mine = enrolled(None, one, "p1", {"question_product_name": "Lab", "plan": None}, now=START)
    person = Person("p1", "acme", START, email="p1@example.com", locale="de", properties={"plan": "gold"})
    turn = take_turn(mine, person, one, request_id="p1-1", now=mine.timer_at)
    assert turn.request is not None
    assert (turn.request.state, turn.request.scheduled_at) == (RequestState.SCHEDULED, mine.timer_at)
    assert (turn.request.timer_at, turn.request.locale) == (mine.timer_at, "de")
    assert turn.request.properties == {"plan": "gold", "question_product_name": "Lab"}
    assert (turn.person.pending_request, turn.person.next_eligible_at) == ("p1-1", mine.timer_at + 30 * DAY)
    assert 86 * DAY < turn.membership.timer_at - mine.timer_at < 94 * DAY
    assert turn.membership == replace(mine, timer_at=turn.membership.timer_at)


@pytest.mark.parametrize(
    ("active", "known", "why"),
    [
        (False, {}, "inactive"),
        (True, {"unsubscribed_at": 1}, "unsubscribed"),
        (True, {"bounced_at": 1}, "bounced"),
        (True, {"complained_at": 1}, "complained"),
    ],
)
def test_given_nobody_to_ask_then_the_turn_moves_on_by_a_period(active: bool, known: dict[str, int], why: str) -> None:
    one = project(active=active)
    person, mine = Person("p1", "acme", START, email="p1@example.com", **known), member(project())
    turn = take_turn(mine, person, one, request_id="p1-1", now=mine.timer_at)
    assert (turn.request, turn.skipped, turn.person) == (None, why, person)
    assert turn.membership.timer_at == next_turn(one, "p1", mine.timer_at)


def test_given_a_throttle_then_the_turn_moves_to_its_end_in_working_hours() -> None:
    one, friday = project(), moment("2026-03-06 12:00")
    ends = moment("2026-03-14 03:00")
    person = Person("p1", "acme", START, email="p1@example.com", next_eligible_at=ends)
    turn = take_turn(member(one, timer_at=friday), person, one, request_id="p1-1", now=friday)
    assert (turn.request, turn.skipped) == (None, "surveyed_recently")
    monday = moment("2026-03-16 09:00")
    assert turn.membership.timer_at == monday
    asked = take_turn(turn.membership, person, one, request_id="p1-1", now=monday)
    assert asked.request is not None
    assert asked.request.scheduled_at == monday
    assert asked.membership.timer_at - monday >= 45 * DAY


def test_given_a_throttle_that_outlasts_the_next_turn_then_it_is_looked_at_again_at_that_turn() -> None:
    one, mine = project(), member(project())
    person = Person("p1", "acme", START, email="p1@example.com", next_eligible_at=START + 400 * DAY)
    turn = take_turn(mine, person, one, request_id="p1-1", now=mine.timer_at)
    assert turn.membership.timer_at == next_turn(one, "p1", mine.timer_at)


def test_given_an_outage_over_the_weekend_then_the_survey_waits_for_monday() -> None:
    one, saturday = project(), moment("2026-03-07 12:00")
    turn = take_turn(
        member(one), Person("p1", "acme", START, email="p1@example.com"), one, request_id="p1-1", now=saturday
    )
    assert turn.request is not None
    assert turn.request.scheduled_at == turn.request.timer_at == moment("2026-03-09 09:00")


def test_given_a_turn_taken_long_after_its_time_then_the_next_is_half_a_period_away_at_least() -> None:
    one = project(throttle_days=7)
    for late in range(0, 200, 5):
        mine = member(one)
        now = mine.timer_at + late * DAY
        turn = take_turn(mine, Person("p1", "acme", START, email="p1@example.com"), one, request_id="p1-1", now=now)
        assert turn.request is not None
        assert 45 * DAY <= turn.membership.timer_at - turn.request.scheduled_at <= (45 + 94) * DAY


def test_given_another_frequency_then_it_holds_from_the_next_turn_on() -> None:
    mine = member(project(90))
    turn = take_turn(
        mine, Person("p1", "acme", START, email="p1@example.com"), project(180), request_id="p1-1", now=mine.timer_at
    )
    assert turn.membership.timer_at == next_turn(project(180), "p1", mine.timer_at + 90 * DAY)
    assert turn.membership.timer_at - mine.timer_at >= 90 * DAY


def test_given_a_member_who_is_enrolled_again_then_the_turn_stays_and_properties_merge() -> None:
    one = project()
    first = enrolled(None, one, "p1", {"a": "1", "b": "2"}, now=START)
    assert enrolled(first, one, "p1", {"a": "1"}, now=START + 9) is first
    again = enrolled(first, one, "p1", {"a": None, "c": "3"}, now=START + 9)
    assert again == replace(first, properties={"b": "2", "c": "3"}, updated_at=START + 9)


def test_given_more_properties_than_a_person_may_have_then_they_are_refused() -> None:
    first = enrolled(None, project(), "p1", {f"p{n}": "x" for n in range(50)}, now=START)
    with pytest.raises(InvalidError) as caught:
        enrolled(first, project(), "p1", {"one more": "x"}, now=START)
    assert set(caught.value.fields) == {"properties"}
