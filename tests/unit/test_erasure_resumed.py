"""An erasure that is cut off anywhere ends all the same: by the next call for the same person, or by itself."""

from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from functions.deliver.work import work
from functions.follow_up.act import act
from functions.report.build import build
from functions.wake.release import release
from shared.domain.monthly import Month
from shared.domain.project import Project
from shared.outside.settings import setting
from shared.store import reports
from tests.fakes.calls import Api
from tests.fakes.dynamodb import DIE_AFTER, DIE_BEFORE, DeathError
from tests.fakes.world import DAY, RECORDS, START, World

PROMPT = "PROMPT_QUEUE"
WORDS = (
    "p1@example.com",
    "Ada Example",
    "too slow",
    "+4930555",
    "Account One",
    "first words",
    "called her",
    "late words",
)
MOST_CALLS = 80
BY_NAME = ("p1", "email:p1@example.com", "phone_number:%2B4930555")


def scene(world: World) -> Project:
    """A detractor with an earlier version, an enrolment and a case; and the report that quotes them."""
    world.begin_again()
    world.now = START
    world.sqs.queues.clear()
    project = world.project(autopilot={"active": True})
    properties = {"account_id": "a1", "account_name": "Account One"}
    request = world.active(name="Ada Example", phone_number="+4930555", properties=properties)
    world.answer(request, 2, "first words of hers")
    act(world.answer(request, 2, "too slow for words"), project, lambda day: False, world.now)
    world.now += 40 * DAY
    build(project, Month("2026-03", project.zone), world.now)
    assert "too slow" in str(world.s3.objects)
    return project


def enter_late(api: Api) -> None:
    """While they are erased, a comment of theirs is entered that was given in April."""
    given = {"person": "p1", "score": 3, "comment": "late words of hers", "person_properties": {"x": "Account One"}}
    api.call("POST", "survey_responses", json_body=given)


def end_by_the_minutes_run(world: World) -> None:
    world.now += 300
    release(world.now, "w")
    for message in world.sqs.take(setting(PROMPT)):
        if "erasure" in message:
            work(message)


def left(world: World) -> list[str]:
    """What names or quotes them; the name of a case's account is its own."""
    every = [item for item in world.dynamodb.snapshot(RECORDS).values() if item["kind"]["S"] != "case"]
    return [word for word in WORDS if word in str(every)]


def is_ended(world: World) -> bool:
    return not world.items("erasure") and not world.items("person") and left(world) == []


def cuts(world: World) -> Iterator[tuple[int, str]]:
    """Every call of an erasure and every way to die at it, until there is none left."""
    for position in range(MOST_CALLS):
        for death in (DIE_BEFORE, DIE_AFTER):
            yield position, death


def erase_until(world: World, api: Api, position: int, death: str, *, late: int = -1) -> bool:
    """A call that dies at a position; whether it was through before. `late` is where the comment is entered."""
    first = len(world.dynamodb.calls)
    own = iter(range(MOST_CALLS * 2))

    def meanwhile(operation: str, number: int) -> None:
        if next(own) == late:
            before = len(world.dynamodb.calls)
            fault, world.dynamodb.fault = world.dynamodb.fault, None
            enter_late(api)
            world.dynamodb.fault = fault
            skipped.append(len(world.dynamodb.calls) - before)

    skipped: list[int] = []
    # The entering's own calls are no part of the erasure's count.
    world.dynamodb.fault = lambda operation, number: death if number - first - sum(skipped) == position else None
    world.dynamodb.meanwhile = meanwhile
    died = True
    with suppress(DeathError):
        api.call("DELETE", "people/p1")
        died = False
    world.dynamodb.fault = world.dynamodb.meanwhile = None
    return not died


@pytest.mark.parametrize("name", BY_NAME)
def test_given_an_erasure_that_dies_at_any_call_when_the_call_is_repeated_then_all_of_it_ends(
    world: World, name: str
) -> None:
    for position, death in cuts(world):
        scene(world)
        api = Api.of(world)
        through = erase_until(world, api, position, death)
        status = api.call("DELETE", f"people/{name}").status
        # then the answer says what is so: there is nobody, only when everything had ended before
        assert status in ({202} if not through and world.items("erasure") else {202, 404})
        assert is_ended(world), (position, death, left(world))
        assert (reports.find("acme", "2026-03") or {})["state"] == "requested", (position, death)
        assert api.call("DELETE", f"people/{name}").status == 404
        if through:
            return
    pytest.fail("the erasure never ended")


def test_given_an_erasure_that_dies_at_any_call_then_it_is_begun_or_ends_by_itself(world: World) -> None:
    for position, death in cuts(world):
        scene(world)
        api = Api.of(world)
        through = erase_until(world, api, position, death)
        if not through and not world.items("erasure") and world.items("person"):
            # Nothing had gone yet, and nobody was told that it had.
            assert "too slow for words" in str(world.items("response")), (position, death)
            continue
        end_by_the_minutes_run(world)
        assert is_ended(world), (position, death, left(world))
        assert (reports.find("acme", "2026-03") or {})["state"] == "requested", (position, death)
        if through:
            return
    pytest.fail("the erasure never ended")


def by_the_call(world: World, api: Api) -> None:
    api.call("DELETE", "people/p1")


def by_itself(world: World, api: Api) -> None:
    if world.items("person") and not world.items("erasure"):
        api.call("DELETE", "people/p1")
    end_by_the_minutes_run(world)


@pytest.mark.parametrize("end", [by_the_call, by_itself])
def test_given_a_comment_entered_at_any_moment_of_an_erasure_that_dies_then_nothing_of_it_is_left(
    world: World, end: Callable[[World, Api], None]
) -> None:
    seen = set[bool]()
    for late in range(MOST_CALLS):
        ended = False
        for later in range(1, MOST_CALLS, 3):
            project = scene(world)
            build(project, Month("2026-04", project.zone), world.now)
            api = Api.of(world)
            ended = erase_until(world, api, late + later, DIE_AFTER, late=late)
            entered = len(world.items("response")) > 1
            seen.add(entered)
            end(world, api)
            assert is_ended(world), (late, later, left(world))
            if entered:
                assert (reports.find("acme", "2026-04") or {})["state"] == "requested", (late, later)
            if ended:
                break
        if late > 60:
            break
    # the comment met the erasure, and in the end found nobody
    assert seen == {True, False}
