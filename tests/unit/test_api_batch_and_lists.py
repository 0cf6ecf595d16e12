"""POST people/batch, GET unsubscribes, GET bounces."""

from urllib.parse import quote

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


@pytest.mark.parametrize("people", [[], [{"email": "a@example.com"}] * 1001, "all", {"a": 1}])
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


def test_given_rows_that_are_no_objects_or_from_another_century_then_they_harm_no_other(world: World, api: Api) -> None:
    rows = [{"email": "p1@example.com"}, 5, None, {"email": "p2@example.com", "renewal_date": "0001-01-01"}]
    results = api.call("POST", "people/batch", json_body={"people": rows}).body["results"]
    assert [one["status"] for one in results] == [201, 422, 422, 422]
    assert list(results[3]["errors"]) == ["renewal_date"]


def test_given_a_batch_again_with_its_key_then_the_same_results_and_one_survey_each(world: World, api: Api) -> None:
    rows = [{"email": f"p{n}@example.com"} for n in range(3)]
    headers = {"Idempotency-Key": "batch 7"}
    first, second = (
        api.call("POST", "people/batch", json_body={"people": rows}, headers=headers).body for _ in range(2)
    )
    assert first == second
    assert {one["person"]["survey_request"]["status"] for one in first["results"]} == {"scheduled"}
    assert len(world.items("request")) == 3


def test_given_more_properties_than_a_person_may_have_then_422_and_what_is_kept_stays(world: World, api: Api) -> None:
    assert api.ask(properties={f"a{n}": "x" for n in range(50)}).status == 201
    reply = api.ask(properties={"b": "y"})
    assert (reply.status, list(reply.body["errors"])) == (422, ["properties"])
    assert api.ask(properties={"a0": None, "b": "y"}).status == 201


@pytest.mark.parametrize("local", ["a/b", "a#b", "a?b", "a%b", "a+b"])
def test_given_an_address_of_odd_letters_then_it_can_be_cancelled_and_erased(
    world: World, api: Api, local: str
) -> None:
    address = f"{local}@example.com"
    assert api.ask(email=address, delay=60).status == 201
    quoted = quote(address, safe="")
    for path in (f"people/{quoted}/survey_requests/pending", f"people/{address}/survey_requests/pending"):
        assert api.call("DELETE", path).status == 200
    assert world.items("request")[0]["state"] == "cancelled"
    assert api.call("DELETE", f"people/email:{quoted}").status == 202
    assert world.items("person") == []
