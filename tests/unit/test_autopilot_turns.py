"""Turns that come due: one survey each whoever dies or repeats, never against the throttle, and none is lost."""

from contextlib import suppress
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from functions.deliver.work import Done, work
from functions.wake.release import CLAIM_SECONDS, release
from shared.domain.autopilot import Membership
from shared.domain.people import Person
from shared.domain.project import DAY, Project
from shared.domain.requests import SurveyRequest
from shared.domain.send_calls import SendCall
from shared.store import memberships, send_calls, suppression
from shared.store.records import load
from tests.fakes.caches import forget
from tests.fakes.chaos import EXPECTED
from tests.fakes.dynamodb import DIE_AFTER, DIE_BEFORE, LOST
from tests.fakes.world import START, World

BULK = "https://sqs.example.com/bulk"
MESSAGE = {"membership": "p1"}
THROTTLE, FREQUENCY = 10, 30


def on(*, active: bool = True, throttle: int = THROTTLE, days: int = FREQUENCY) -> dict[str, Any]:
    return {
        "throttle_days": throttle,
        "reminder_days": [],
        "autopilot": {"active": active, "frequency_days": days},
    }


def enrolled(world: World, **properties: str) -> tuple[Project, Membership]:
    project = world.project(**on())
    person = world.person("p1", name="Ada Example", properties={"plan": "gold"})
    return project, memberships.enrol(project, person, world.now, properties)


def member() -> Membership:
    found = load(Membership, "p1")
    assert found is not None
    return found


def test_given_a_turn_that_has_come_then_wake_hands_it_on_and_one_survey_is_mailed(world: World) -> None:
    _, mine = enrolled(world, question_product_name="Acme Lab")
    assert release(mine.timer_at - 1, "w").handed_on == 0
    world.now = mine.timer_at
    assert release(world.now, "w").names == ("membership:p1",)
    (message,) = world.sqs.take(BULK)
    assert message == MESSAGE
    assert work(message)[0] is Done.SENT
    (mail,) = world.ses.sent
    assert mail.recipient == "p1@example.com"
    assert "Acme Lab" in mail.message["Subject"]
    (request,) = world.items("request")
    assert request["properties"] == {"plan": "gold", "question_product_name": "Acme Lab"}
    assert world.stored(Person, "p1").properties == {"plan": "gold"}
    assert member().timer_at > mine.timer_at + 20 * DAY


def test_given_the_same_message_again_and_again_then_nothing_more_happens(world: World) -> None:
    _, mine = enrolled(world)
    world.now = mine.timer_at
    work(MESSAGE)
    before = world.dynamodb.snapshot("records")
    assert [work(MESSAGE)[0] for _ in range(3)] == [Done.NOTHING] * 3
    assert (len(world.ses.sent), world.dynamodb.snapshot("records")) == (1, before)


@pytest.mark.parametrize("early", [1, DAY])
def test_given_a_message_before_the_turn_then_nothing_happens(world: World, early: int) -> None:
    _, mine = enrolled(world)
    world.now = mine.timer_at - early
    assert work(MESSAGE)[0] is Done.NOTHING
    assert world.items("request") == []


def test_given_an_unknown_member_then_nothing_happens(world: World) -> None:
    assert work(MESSAGE)[0] is Done.NOTHING


@pytest.mark.parametrize("why", ["unsubscribed", "bounced", "complained", "inactive"])
def test_given_one_who_is_not_asked_then_no_request_is_made_and_the_membership_stays(world: World, why: str) -> None:
    _, mine = enrolled(world)
    if why == "inactive":
        world.project(**on(active=False))
    else:
        {"unsubscribed": suppression.unsubscribe, "bounced": suppression.bounced, "complained": suppression.complained}[
            why
        ]("p1", START)
    world.now = mine.timer_at
    assert work(MESSAGE)[0] is Done.SKIPPED
    assert (world.items("request"), world.ses.sent) == ([], [])
    assert member().timer_at > world.now
    assert (member().created_at, member().updated_at) == (START, START)


def test_given_a_survey_from_a_call_then_the_turn_waits_for_the_end_of_the_throttle(world: World) -> None:
    project, mine = enrolled(world)
    world.now = mine.timer_at - DAY
    send_calls.send(project, SendCall("p1@example.com", at=world.now), world.now, lambda outcome: {})
    world.now = mine.timer_at
    assert work(MESSAGE)[0] is Done.SKIPPED
    later = member().timer_at
    assert mine.timer_at + 9 * DAY <= later < mine.timer_at + 13 * DAY
    world.now = later
    assert work(MESSAGE)[0] is Done.SENT


@pytest.mark.parametrize("fault", [DIE_BEFORE, DIE_AFTER, LOST, "throttled"])
def test_given_a_worker_that_ends_at_any_point_then_one_survey_goes_out_in_the_end(world: World, fault: str) -> None:
    for position in range(12):
        world.dynamodb.__init__()  # type: ignore[misc]
        world.ses.sent.clear()
        world.now = START
        forget()
        _, mine = enrolled(world)
        world.now = mine.timer_at
        at = len(world.dynamodb.calls) + position
        world.dynamodb.fault = lambda operation, number, at=at: fault if number == at else None
        with suppress(*EXPECTED):
            work(MESSAGE)
        world.dynamodb.fault = None
        for _ in range(12):
            world.now += CLAIM_SECONDS + 1
            release(world.now, "w")
            for message in world.sqs.take(BULK):
                work(message)
        assert len(world.items("request")) == 1, position
        # Who dies with a mail in hand leaves it unsettled: whether it went out nobody knows.
        assert len(world.mails("sent") + world.mails("unsettled")) == 1, position
        assert len(world.ses.sent) == 1 or (not world.ses.sent and world.mails("unsettled")), position


def test_given_two_workers_at_any_point_then_one_request_is_made(world: World) -> None:
    for position in range(12):
        world.dynamodb.__init__()  # type: ignore[misc]
        world.ses.sent.clear()
        world.now = START
        forget()
        _, mine = enrolled(world)
        world.now = mine.timer_at
        at = len(world.dynamodb.calls) + position

        def other(operation: str, number: int, at: int = at) -> None:
            if number == at:
                work(MESSAGE)

        world.dynamodb.meanwhile = other
        work(MESSAGE)
        world.dynamodb.meanwhile = None
        assert (len(world.items("request")), len(world.ses.sent)) == (1, 1), position


def test_given_a_send_call_at_any_point_of_the_turn_then_one_survey_is_asked_for(world: World) -> None:
    for position in range(8):
        world.dynamodb.__init__()  # type: ignore[misc]
        world.now = START
        forget()
        project, mine = enrolled(world)
        world.now = mine.timer_at
        at = len(world.dynamodb.calls) + position

        def call(operation: str, number: int, at: int = at, project: Project = project) -> None:
            if number == at:
                send_calls.send(project, SendCall("p1@example.com", at=world.now), world.now, lambda outcome: {})

        world.dynamodb.meanwhile = call
        work(MESSAGE)
        world.dynamodb.meanwhile = None
        states = [item.get("state") for item in world.items("request")]
        assert sum(state in {"scheduled", "active"} for state in states) == 1, position


def test_given_an_unsubscribe_at_any_point_of_the_turn_then_no_mail_follows_it(world: World) -> None:
    for position in range(12):
        world.dynamodb.__init__()  # type: ignore[misc]
        world.ses.sent.clear()
        world.now = START
        forget()
        _, mine = enrolled(world)
        world.now = mine.timer_at
        at, told = len(world.dynamodb.calls) + position, []

        def stop(operation: str, number: int, at: int = at, told: list[int] = told) -> None:
            if number == at:
                told.append(len(world.ses.sent))
                suppression.unsubscribe("p1", world.now)
                told.append(len(world.dynamodb.calls))

        world.dynamodb.meanwhile = stop
        work(MESSAGE)
        world.dynamodb.meanwhile = None
        for _ in range(4):
            world.now += CLAIM_SECONDS + 1
            release(world.now, "w")
            for message in world.sqs.take(BULK):
                work(message)
        # Once the mail is taken, a word that comes later does not call it back.
        taken = position >= 7
        assert len(world.ses.sent) <= (1 if taken else 0), position


def test_given_two_enrolments_at_any_point_then_there_is_one_membership_with_both_ones_properties(
    world: World,
) -> None:
    for position in range(3):
        world.dynamodb.__init__()  # type: ignore[misc]
        forget()
        project = world.project(**on())
        person = world.person("p1")
        at = len(world.dynamodb.calls) + position

        def other(operation: str, number: int, at: int = at, project: Project = project, who: Person = person) -> None:
            if number == at:
                memberships.enrol(project, who, world.now, {"a": "1"})

        world.dynamodb.meanwhile = other
        memberships.enrol(project, person, world.now, {"b": "2"})
        world.dynamodb.meanwhile = None
        memberships.enrol(project, person, world.now, {"a": "1"})
        assert member().properties == {"a": "1", "b": "2"}


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.integers(1, 40 * 24)),
        st.tuples(st.just("tick"), st.integers(1, 3)),
        st.tuples(st.just("lose"), st.just(0)),
        st.tuples(st.just("die"), st.integers(0, 9)),
        st.tuples(st.just("call"), st.integers(0, 50)),
        st.tuples(st.just("switch"), st.just(0)),
        st.tuples(st.just("faster"), st.sampled_from((10, 14, 30, 90))),
    ),
    max_size=25,
)


@hypothesis_settings(max_examples=150)
@given(steps=STEPS)
def test_given_any_history_then_the_throttle_holds_turns_are_apart_and_the_next_turn_still_comes(
    world: World, steps: list[tuple[str, int]]
) -> None:
    world.__init__()  # type: ignore[misc]
    forget()
    enrolled(world)
    active, days, called, rests = True, FREQUENCY, set[str](), [FREQUENCY]
    for what, number in steps:
        match what:
            case "wait":
                world.now += number * 3_600
            case "tick":
                tick(world, number)
            case "lose":
                release(world.now, "w")
                world.sqs.take(BULK)
            case "die":
                at = len(world.dynamodb.calls) + number
                world.dynamodb.fault = lambda operation, count, at=at: DIE_AFTER if count == at else None
                with suppress(*EXPECTED):
                    tick(world, 1)
                world.dynamodb.fault = None
                world.sqs.take(BULK)
            case "call":
                before = requests(world)
                call = SendCall("p1@example.com", at=world.now + number * DAY)
                send_calls.send(world.project(**on(active=active, days=days)), call, world.now, lambda outcome: {})
                called |= set(requests(world)) - set(before)
            case "switch":
                active = not active
                world.project(**on(active=active, days=days))
            case "faster":
                days = number
                rests.append(days)
                world.project(**on(active=active, days=days))

    made = requests(world)
    times = sorted(one.scheduled_at for one in made.values())
    assert all(later - earlier >= THROTTLE * DAY for earlier, later in pairwise(times))
    turns = sorted(one.scheduled_at for name, one in made.items() if name not in called)
    assert all(later - earlier >= min(rests) * DAY // 2 for earlier, later in pairwise(turns))
    assert len({mail.recipient for mail in world.ses.sent}) <= 1

    # and whatever was lost or blocked, the next turns come and are asked once each
    world.project(**on())
    start, seen = world.now, len(world.ses.sent)
    horizon = max([start, *times]) + (THROTTLE + 2 * 90 + 7) * DAY
    while len(world.ses.sent) == seen or len(requests(world)) == len(made):
        world.now = max(world.now + CLAIM_SECONDS + 1, member().timer_at)
        assert world.now <= horizon
        tick(world, 1)


def tick(world: World, copies: int) -> None:
    """A minute of the installation, and its messages, each so many times."""
    release(world.now, "w")
    for message in world.sqs.take(BULK):
        for _ in range(copies):
            work(message)


def requests(world: World) -> dict[str, SurveyRequest]:
    """The requests that were not turned down, by name."""
    every = [world.stored(SurveyRequest, item["id"]) for item in world.items("request")]
    return {one.id: one for one in every if one.state.value not in {"throttled", "cancelled"}}
