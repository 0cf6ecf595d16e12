"""POST people with `email_update`: the person stays, the address changes, and a bounce stays with the address."""

import pytest

from functions.deliver.work import work
from shared.domain.people import Person
from shared.store import people, suppression
from tests.fakes.calls import Api
from tests.fakes.world import START, World

OLD, NEW = "p1@example.com", "new@example.com"


@pytest.fixture
def api(world: World) -> Api:
    world.project()
    return Api.of(world)


def holder(address: str) -> str:
    _, person = people.find("acme", address)
    return person.id if person else ""


def test_given_a_new_address_then_the_person_stays_and_what_is_scheduled_goes_there(world: World, api: Api) -> None:
    first = api.ask(delay=600, name="Ada Example", properties={"plan": "Gold"})
    told = api.ask(email_update=NEW, send=False)
    assert (told.status, told.body["id"], told.body["email"]) == (201, first.body["id"], NEW)
    assert (told.body["name"], told.body["properties"]) == ("Ada Example", {"plan": "Gold"})
    assert (holder(OLD), holder("New@Example.com")) == ("", first.body["id"])

    world.now += 600
    work({"request": first.body["survey_request"]["id"]})
    assert [one.recipient for one in world.ses.sent] == [NEW]
    # the throttle is the person's, and the old address is free for somebody else
    assert api.ask(email=NEW).body["survey_request"]["status"] == "throttled"
    other = api.ask()
    assert (other.body["id"] != first.body["id"], other.body["survey_request"]["status"]) == (True, "scheduled")


def test_given_the_same_call_again_then_nothing_changes_whatever_it_is_repeated_by(world: World, api: Api) -> None:
    api.ask(send=False)
    first = api.ask(email_update=NEW, send=False)
    before = world.dynamodb.snapshot("records")
    assert api.ask(email_update=NEW, send=False).body == first.body
    assert world.dynamodb.snapshot("records") == before

    key = {"Idempotency-Key": "k"}
    kept = [api.call("POST", "people", json_body={"email": NEW, "email_update": OLD}, headers=key) for _ in range(3)]
    assert [one.body for one in kept] == [kept[0].body] * 3
    assert (kept[0].body["email"], kept[0].body["survey_request"]["status"]) == (OLD, "scheduled")
    assert len(world.items("request")) == 1


def test_given_an_address_that_is_somebody_else_s_then_422_says_so_and_nothing_changes(world: World, api: Api) -> None:
    api.ask()
    api.ask(email=NEW)
    before = world.dynamodb.snapshot("records")
    for more in ({}, {"dry_run": True}):
        reply = api.ask(email_update="NEW@example.com", name="Eve", **more)
        assert (reply.status, reply.body["errors"]) == (422, {"email_update": ["is the address of another person"]})
    assert world.dynamodb.snapshot("records") == before


def test_given_a_bounce_then_it_stays_with_the_old_address_and_the_list_forgets_the_person(
    world: World, api: Api
) -> None:
    person = api.ask(send=False).body["id"]
    suppression.bounced(person, START)
    assert len(world.items("bounce")) == 1
    told = api.ask(email_update=NEW).body
    assert told["survey_request"]["status"] == "scheduled"
    assert (world.stored(Person, person).bounced_at, world.items("bounce")) == (0, [])

    # and whoever gets the old address is not mailed there
    assert api.ask().body["survey_request"]["reason"] == "bounced"


def test_given_an_address_known_to_bounce_when_somebody_gets_it_then_it_still_does(world: World, api: Api) -> None:
    person = api.ask(send=False).body["id"]
    suppression.bounced(person, START)
    api.ask(email_update=NEW, send=False)
    told = api.ask(email=NEW, email_update=OLD)
    assert (told.body["id"], told.body["survey_request"]["reason"]) == (person, "bounced")


@pytest.mark.parametrize("mark", [suppression.unsubscribe, suppression.complained])
def test_given_the_person_s_own_word_then_it_goes_with_them_and_the_old_address_is_free(
    world: World, api: Api, mark: object
) -> None:
    person = api.ask(send=False).body["id"]
    mark(person, START)  # type: ignore[operator]
    told = api.ask(email_update=NEW)
    assert (told.body["id"], told.body["survey_request"]["status"]) == (person, "suppressed")
    assert api.ask().body["survey_request"]["status"] == "scheduled"


def test_given_another_spelling_then_only_the_spelling_changes(world: World, api: Api) -> None:
    person = api.ask(send=False).body["id"]
    assert api.ask(email_update="P1@Example.com", send=False).body["email"] == "P1@Example.com"
    assert (holder(OLD), len(world.items("address"))) == (person, 1)


def test_given_nobody_at_the_old_address_then_the_new_one_s_person_is_meant(world: World, api: Api) -> None:
    created = api.ask(email="gone@example.com", email_update=NEW, send=False)
    assert (created.body["email"], holder(NEW), holder("gone@example.com")) == (NEW, created.body["id"], "")


def test_given_a_dry_run_then_it_tells_and_does_nothing(world: World, api: Api) -> None:
    api.ask(send=False)
    before = world.dynamodb.snapshot("records")
    assert api.ask(email_update=NEW, dry_run=True).body["email"] == NEW
    assert world.dynamodb.snapshot("records") == before


def test_given_somebody_who_takes_the_address_meanwhile_then_422(world: World, api: Api) -> None:
    api.ask(send=False)
    others = [lambda: api.ask(email=NEW, send=False)]
    world.dynamodb.meanwhile = lambda operation, number: (
        others.pop()() if operation == "transact_write_items" and others else None
    )
    assert api.ask(email_update=NEW).status == 422
    world.dynamodb.meanwhile = None
    assert holder(OLD) != holder(NEW) != ""


def test_given_what_is_no_address_then_422(api: Api) -> None:
    assert list(api.ask(email_update="nobody").body["errors"]) == ["email_update"]
