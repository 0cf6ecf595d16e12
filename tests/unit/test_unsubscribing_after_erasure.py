"""Who was erased and unsubscribes by an old mail is not asked again, and nothing that is kept leads to them."""

from typing import Any

import pytest

from functions.deliver.work import work
from functions.page import handler as page
from shared.domain.people import address_hash
from shared.store import suppression
from tests.fakes.calls import Api
from tests.fakes.world import RECORDS, START, World, http_event

ADDRESS = "p1@example.com"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
NO_MORE, WELCOME = "You will get no more surveys", "You will get surveys again"


@pytest.fixture
def stop(world: World) -> str:
    """The path of the link in the mail of somebody who was asked."""
    world.project()
    world.invited()
    work({"request": "p1-1"})
    (mail,) = world.ses.sent
    return mail.message["List-Unsubscribe"].strip("<>").removeprefix("https://surveys.example.com")


def press(world: World, stop: str, form: dict[str, str]) -> str:
    answer = page.handle(http_event("POST", stop, form=form), world.context)
    assert answer["statusCode"] == 200
    return str(answer["body"])


def look(world: World, stop: str) -> str:
    return str(page.handle(http_event("GET", stop, query="lang=en"), world.context)["body"])


def told(api: Api) -> tuple[str, str | None]:
    request: dict[str, Any] = api.ask().body["survey_request"]
    return request["status"], request["reason"]


def test_given_an_erased_person_when_they_unsubscribe_then_they_are_not_asked_when_added_again(
    world: World, stop: str
) -> None:
    api = Api.of(world)
    assert api.call("DELETE", f"people/email:{ADDRESS}").status == 202
    assert NO_MORE not in look(world, stop)
    assert NO_MORE in press(world, stop, ONE_CLICK)
    assert NO_MORE in look(world, stop)
    # then only the address, under a hash, says so
    kept = [item for item in world.dynamodb.snapshot(RECORDS).values() if "unsubscribed_at" in item]
    assert [item["pk"]["S"] for item in kept] == [f"ADDRESS#acme#{address_hash('acme', ADDRESS)}"]
    assert ADDRESS not in str(world.dynamodb.snapshot(RECORDS))
    # and repeating it changes nothing
    before = world.dynamodb.snapshot(RECORDS)
    world.now += 60
    press(world, stop, ONE_CLICK)
    assert world.dynamodb.snapshot(RECORDS) == before
    assert told(api) == ("suppressed", "unsubscribed")


def test_given_that_word_when_it_is_taken_back_then_they_are_asked_when_added_again(world: World, stop: str) -> None:
    api = Api.of(world)
    api.call("DELETE", "people/p1")
    press(world, stop, ONE_CLICK)
    assert WELCOME in press(world, stop, {"subscribe": "yes"})
    assert told(api) == ("scheduled", None)


def test_given_an_address_that_was_added_again_then_the_old_link_speaks_for_it(world: World, stop: str) -> None:
    api = Api.of(world)
    api.call("DELETE", "people/p1")
    assert told(api) == ("scheduled", None)
    press(world, stop, ONE_CLICK)
    (person,) = world.items("person")
    assert (person["unsubscribed_at"], len(world.items("unsubscribe"))) == (START, 1)
    assert {item["state"] for item in world.items("request")} == {"suppressed"}
    press(world, stop, {"subscribe": "yes"})
    assert "unsubscribed_at" not in world.items("person")[0]
    assert world.items("unsubscribe") == []


def test_given_a_bounce_that_outlived_them_then_their_word_leaves_it(world: World, stop: str) -> None:
    api = Api.of(world)
    suppression.bounced("p1", START)
    api.call("DELETE", "people/p1")
    press(world, stop, ONE_CLICK)
    press(world, stop, {"subscribe": "yes"})
    assert told(api) == ("suppressed", "bounced")


@pytest.mark.parametrize("meeting", range(6))
def test_given_an_erasure_at_any_moment_of_the_unsubscribe_then_their_word_is_kept(
    world: World, stop: str, meeting: int
) -> None:
    api, first = Api.of(world), len(world.dynamodb.calls)

    def erase(operation: str, number: int) -> None:
        if number == first + meeting:
            world.dynamodb.meanwhile = None
            assert api.call("DELETE", "people/p1").status == 202

    world.dynamodb.meanwhile = erase
    assert NO_MORE in press(world, stop, ONE_CLICK)
    world.dynamodb.meanwhile = None
    api.call("DELETE", "people/p1")
    assert told(api) == ("suppressed", "unsubscribed")


@pytest.mark.parametrize("meeting", range(40))
def test_given_an_unsubscribe_at_any_moment_of_the_erasure_then_their_word_is_kept(
    world: World, stop: str, meeting: int
) -> None:
    api, first = Api.of(world), len(world.dynamodb.calls)

    def leave(operation: str, number: int) -> None:
        if number == first + meeting:
            press(world, stop, ONE_CLICK)

    world.dynamodb.meanwhile = leave
    assert api.call("DELETE", "people/p1").status == 202
    world.dynamodb.meanwhile = None
    if len(world.dynamodb.calls) > first + meeting:
        assert told(api) == ("suppressed", "unsubscribed")
    assert "p1" not in {person["id"] for person in world.items("person")}
