"""Idempotency-Key: the same call again has the same answer and does nothing."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from tests.fakes.calls import Api
from tests.fakes.dynamodb import LOST, DeathError
from tests.fakes.world import DAY, START, World

KEY = {"Idempotency-Key": "renewal-4711"}


@pytest.fixture
def api(world: World) -> Api:
    world.project()
    return Api.of(world)


def post(api: Api, **body: object) -> tuple[int, object]:
    reply = api.call("POST", "people", json_body={"email": "p1@example.com", **body}, headers=KEY)
    return reply.status, reply.body


def test_given_the_same_key_and_body_then_the_same_answer_and_one_survey(world: World, api: Api) -> None:
    first = post(api, name="Ada")
    world.now += 3600
    assert [post(api, name="Ada") for _ in range(3)] == [first] * 3
    assert first[1]["survey_request"]["status"] == "scheduled"  # type: ignore[index]
    assert len(world.items("request")) == 1


def test_given_the_same_key_and_another_body_then_422(api: Api) -> None:
    post(api, name="Ada")
    status, body = post(api, name="Eve")
    assert status == 422
    assert body["errors"] == {"idempotency_key": ["was used with another body"]}  # type: ignore[index]


def test_given_a_day_later_then_the_key_is_free_again(world: World, api: Api) -> None:
    post(api)
    world.now = START + DAY
    status, body = post(api, name="Eve")
    assert (status, body["survey_request"]["status"]) == (201, "throttled")  # type: ignore[index]


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_given_a_key_that_is_none_then_422(api: Api, key: str) -> None:
    reply = api.call("POST", "people", json_body={"email": "p1@example.com"}, headers={"Idempotency-Key": key})
    assert list(reply.body["errors"]) == ["idempotency_key"]


def test_given_a_write_whose_answer_was_lost_then_the_repeated_call_is_told_what_happened(
    world: World, api: Api
) -> None:
    world.dynamodb.fault = lambda operation, number: LOST if operation == "transact_write_items" else None
    with suppress(DeathError):
        assert post(api)[0] == 503
    world.dynamodb.fault = None
    status, body = post(api)
    assert (status, body["survey_request"]["status"]) == (201, "scheduled")  # type: ignore[index]
    assert len(world.items("request")) == 1


def test_given_many_at_once_then_all_have_one_answer(world: World, api: Api) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: post(api), range(40)))
    good = [answer for answer in answers if answer[0] == 201]
    assert good
    assert all(answer == good[0] for answer in good)
    assert {answer[0] for answer in answers} <= {201, 503}
    assert len(world.items("request")) == 1


def test_given_an_erased_person_then_nothing_of_the_answer_is_left(world: World, api: Api) -> None:
    post(api, name="Ada Example")
    assert api.call("DELETE", "people/email:p1@example.com").status == 202
    left = str(world.dynamodb.snapshot("records"))
    assert "Ada Example" not in left
    assert "p1@example.com" not in left
    status, body = post(api, name="Ada Example")
    assert (status, body["survey_request"]["status"]) == (201, "scheduled")  # type: ignore[index]
