"""POST people/batch, GET unsubscribes, GET bounces."""

import pytest

from shared.store import suppression
from tests.fakes.calls import Api
from tests.fakes.world import START, World


@pytest.fixture
def api(world: World) -> Api:
    world.project()
    return Api.of(world)


def test_given_rows_of_which_some_are_bad_then_each_has_its_result_in_order(world: World, api: Api) -> None:
    rows = [{"email": f"p{n}@example.com"} if n % 10 else {"email": f"p{n}", "delay": -1} for n in range(200)]
    reply = api.call("POST", "people/batch", json_body={"people": rows})
    assert reply.status == 207
    results = reply.body["results"]
    assert [one["status"] for one in results] == [201 if n % 10 else 422 for n in range(200)]
    assert [one["person"]["email"] for one in results if one["status"] == 201] == [
        r["email"] for r in rows if "delay" not in r
    ]
    assert set(results[0]["errors"]) == {"email", "delay"}
    assert len(world.items("request")) == 180


def test_given_a_person_in_two_rows_then_one_survey(world: World, api: Api) -> None:
    rows = [{"email": "p1@example.com"}, {"email": "P1@example.com"}]
    results = api.call("POST", "people/batch", json_body={"people": rows}).body["results"]
    assert sorted(one["person"]["survey_request"]["status"] for one in results) == ["scheduled", "throttled"]


@pytest.mark.parametrize("people", [[], [{"email": "a@example.com"}] * 1001, "all", [1]])
def test_given_no_rows_too_many_or_none_then_422(world: World, api: Api, people: object) -> None:
    assert api.call("POST", "people/batch", json_body={"people": people}).status == 422
    assert world.items("person") == []


def test_given_unsubscribes_and_bounces_then_each_list_has_its_own_in_order(world: World, api: Api) -> None:
    for number in range(1, 6):
        world.person(f"p{number}", name=f"Person {number}")
        world.now = START + number
        suppress = suppression.bounced if number % 2 else suppression.unsubscribe
        suppress(f"p{number}", world.now)
        suppress(f"p{number}", world.now + 9)
    unsubscribes = api.call("GET", "unsubscribes").body
    assert unsubscribes == [
        {"person_id": f"p{n}", "email": f"p{n}@example.com", "name": f"Person {n}", "unsubscribed_at": START + n}
        for n in (2, 4)
    ]
    assert [one["bounced_at"] for one in api.call("GET", "bounces").body] == [START + 1, START + 3, START + 5]
    paged = api.call("GET", "bounces", query="per_page=2&page=2").body
    assert [one["person_id"] for one in paged] == ["p5"]
    assert api.call("GET", "bounces", query=f"since={START + 4}").body == paged


def test_given_an_erased_person_then_no_list_knows_them(world: World, api: Api) -> None:
    world.person("p1")
    suppression.unsubscribe("p1", START)
    assert api.call("DELETE", "people/p1").status == 202
    assert api.call("GET", "unsubscribes").body == []
    assert api.ask().body["survey_request"]["reason"] == "unsubscribed"
