"""When sending stops and resumes while many workers are at it, no line keeps its mails back once SES takes them again.

Each worker knows the lines as it last saw them. They meet between any two calls of AWS, and die at any.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from functions.deliver import turn
from shared.domain.pace import ACCOUNT_STOP_SECONDS, SECOND, Line, Quota
from shared.store import pace as store
from shared.store.attributes import item_from_wire
from tests.fakes.dynamodb import DIE_AFTER, DIE_BEFORE, DeathError
from tests.fakes.world import RECORDS, START, World

FAST = Quota(600.0, -1.0, 0.0)
LINES = 3


class Crew:
    """Workers of their own memory, of whom one acts at a time."""

    def __init__(self, world: World, count: int) -> None:
        self.world = world
        self.memories: list[dict[int, Line]] = [{} for _ in range(count)]

    def act[T](self, who: int, do: Callable[[], T]) -> T:
        outer = dict(store._known)
        store._known.clear()
        store._known.update(self.memories[who])
        try:
            return do()
        finally:
            self.memories[who] = dict(store._known)
            store._known.clear()
            store._known.update(outer)


def _resume_what_is_over(world: World) -> None:
    tried = (store.again(store.line(number)) for number in range(store.line(0).lines))
    if over := next((one for one in tried if one.stopped_for and world.now >= one.stopped_until), None):
        store.resume(over)


def _tick(world: World) -> None:
    world.now += 60
    world.exact += 60 * SECOND


STEPS: dict[str, Callable[[World], object]] = {
    "account": lambda world: store.stop("paused", world.now, everything=True),
    "quota": lambda world: store.stop("daily", world.now, everything=False),
    "resume": _resume_what_is_over,
    "learn": lambda world: store.learn(FAST),
    "slower": lambda world: store.slow_down(store.line(1), world.exact),
    "look": lambda world: [store.line(number) for number in range(store.line(0).lines)],
    "lease": lambda world: turn.lease(urgent=False, seconds_left=lambda: 21.0),
    "tick": _tick,
}
NAMES = tuple(STEPS)


@settings(max_examples=300)
@given(
    steps=st.lists(st.tuples(st.integers(0, 2), st.sampled_from(NAMES)), min_size=1, max_size=14),
    meetings=st.lists(st.tuples(st.integers(0, 25), st.integers(0, 2), st.sampled_from(NAMES[:-1])), max_size=4),
    deaths=st.lists(st.tuples(st.integers(0, 60), st.sampled_from((DIE_BEFORE, DIE_AFTER))), max_size=2),
)
@example(steps=[(1, "quota"), (2, "account")], meetings=[], deaths=[])
@example(steps=[(1, "look"), (2, "account")] + [(0, "tick")] * 11 + [(1, "resume")], meetings=[], deaths=[])
def test_given_stops_and_resumptions_in_any_order_then_every_worker_sends_soon_after_ses_does(
    world: World, steps: list[tuple[int, str]], meetings: list[tuple[int, int, str]], deaths: list[tuple[int, str]]
) -> None:
    # given workers who stop, resume and learn in any order, meet one another, and die
    world.begin_again()
    world.now, world.exact = START, START * SECOND
    crew = Crew(world, 3)
    crew.act(0, lambda: store.learn(FAST))
    first = len(world.dynamodb.calls)
    met, killed = {at: (who, name) for at, who, name in meetings}, dict(deaths)

    def meanwhile(operation: str, number: int) -> None:
        if number - first in met:
            who, name = met.pop(number - first)
            with suppress(DeathError):
                crew.act(who, lambda: STEPS[name](world))

    world.dynamodb.meanwhile = meanwhile
    world.dynamodb.fault = lambda operation, number: killed.pop(number - first, None)
    for who, name in steps:
        with suppress(DeathError):
            crew.act(who, lambda name=name: STEPS[name](world))  # type: ignore[misc]
    world.dynamodb.fault = world.dynamodb.meanwhile = None

    # when the stops are over, and each minute a mail is tried and taken
    def soon(who: int) -> bool:
        found: Any = crew.act(who, lambda: turn.lease(urgent=False, seconds_left=lambda: 21.0))
        if found is not None and found.line.stopped_for:
            crew.act(who, lambda: store.resume(found.line))
        return found is not None

    line = crew.act(0, lambda: store.again(store.line(0)))
    world.now = max(world.now, line.stopped_until if line.stopped_for else 0)
    world.exact = world.now * SECOND
    for _ in range(2):
        world.now += 60
        world.exact += 60 * SECOND
        crew.act(0, lambda: store.learn(FAST))
        [soon(who) for who in range(3)]
    # then no line holds anything back, whoever asks
    assert all(soon(who) for who in range(3) for _ in range(LINES))
    seen = [crew.act(0, lambda number=number: store.again(store.line(number))) for number in range(LINES)]  # type: ignore[misc]
    assert [one.stopped_for for one in seen] == [""] * LINES


def reasons(world: World) -> list[str]:
    """Why each line is stopped, as the table has it."""
    lines = [item_from_wire(item) for item in world.dynamodb.snapshot(RECORDS).values() if item["pk"]["S"] == "PACE"]
    return [one.get("stopped_for", "") for one in sorted(lines, key=lambda one: one["sk"])]


@pytest.fixture
def crew(world: World) -> Crew:
    """Two workers who both know three open lines."""
    one = Crew(world, 2)
    one.act(0, lambda: store.learn(FAST))
    one.act(1, lambda: STEPS["look"](world))
    return one


def test_given_workers_who_know_the_lines_from_before_then_their_stop_and_their_resumption_reach_every_line(
    world: World, crew: Crew
) -> None:
    crew.act(0, lambda: store.slow_down(store.line(1), world.exact))
    crew.act(1, lambda: STEPS["account"](world))
    assert reasons(world) == ["paused"] * LINES
    world.now += ACCOUNT_STOP_SECONDS
    crew.act(0, lambda: store.resume(store.again(store.line(0))))
    assert reasons(world) == [""] * LINES


@pytest.mark.parametrize("name", ["account", "resume"])
def test_given_a_line_that_changes_meanwhile_then_the_stop_and_the_resumption_reach_it_all_the_same(
    world: World, crew: Crew, name: str
) -> None:
    if name == "resume":
        crew.act(1, lambda: STEPS["account"](world))
        world.now += ACCOUNT_STOP_SECONDS
    others = iter(range(2, 9))

    def slower(operation: str, number: int) -> None:
        if operation == "update_item" and (seconds := next(others, 0)):
            crew.act(0, lambda: [store.slow_down(store.line(n), world.exact + seconds * 2 * SECOND) for n in (0, 1, 2)])

    world.dynamodb.meanwhile = slower
    crew.act(1, lambda: STEPS[name](world))
    world.dynamodb.meanwhile = None
    assert reasons(world) == ["paused" if name == "account" else ""] * LINES


@pytest.mark.parametrize("name", ["account", "resume"])
def test_given_a_worker_who_dies_between_two_lines_then_the_next_minute_has_all_say_what_the_first_says(
    world: World, crew: Crew, name: str
) -> None:
    if name == "resume":
        crew.act(1, lambda: STEPS["account"](world))
        world.now += ACCOUNT_STOP_SECONDS
    written = iter((None, DIE_BEFORE))
    world.dynamodb.fault = lambda operation, number: next(written, None) if operation == "update_item" else None
    with pytest.raises(DeathError):
        crew.act(1, lambda: STEPS[name](world))
    world.dynamodb.fault = None
    assert len(set(reasons(world))) == 2
    crew.act(0, lambda: store.learn(FAST))
    assert reasons(world) == ["paused" if name == "account" else ""] * LINES


def test_given_a_later_stop_then_a_mail_that_was_tried_before_it_does_not_lift_it(world: World, crew: Crew) -> None:
    crew.act(0, lambda: STEPS["account"](world))
    world.now += ACCOUNT_STOP_SECONDS
    tried = crew.act(0, lambda: store.again(store.line(0)))
    crew.act(1, lambda: STEPS["account"](world))
    crew.act(0, lambda: store.resume(tried))
    assert reasons(world) == ["paused"] * LINES
