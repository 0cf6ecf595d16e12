"""Autopilot's calls: who is a member, named by id or address, listed page by page, and what comes next for them."""

from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

import pytest

from functions.deliver.work import work
from shared.domain.autopilot import Membership
from shared.domain.errors import NotFoundError
from shared.domain.people import Person
from shared.store import memberships, suppression
from shared.store.api_keys import Scope
from shared.store.records import load
from tests.fakes.caches import forget
from tests.fakes.calls import Api
from tests.fakes.dynamodb import DIE_AFTER, DeathError
from tests.fakes.world import DAY, START, World

PATH = "autopilot/email/memberships"


@pytest.fixture
def api(world: World) -> Api:
    on(world)
    world.person("p1", name="Ada Example", properties={"plan": "gold"})
    return Api.of(world)


def on(world: World, *, active: bool = True) -> None:
    world.project(autopilot={"active": active, "frequency_days": 60})


def turn(person_id: str = "p1") -> int:
    found = load(Membership, person_id)
    assert found is not None
    return found.timer_at


def test_given_a_project_then_its_autopilot_is_told_in_seconds(world: World, api: Api) -> None:
    reply = api.call("GET", "autopilot/email")
    assert reply.body == {
        "platform_id": "email",
        "active": True,
        "frequency": 60 * DAY,
        "created_at": START - 365 * DAY,
        "updated_at": START - 365 * DAY,
    }
    assert api.call("GET", "autopilot/sms").status == 404


def test_given_settings_that_changed_then_the_autopilot_says_since_when(world: World, api: Api) -> None:
    world.now += 400 * DAY
    on(world)
    forget()
    told = api.call("GET", "autopilot/email").body
    assert (told["created_at"], told["updated_at"]) == (START - 365 * DAY, START + 35 * DAY)


def test_given_a_project_without_the_setting_then_autopilot_is_off(world: World) -> None:
    world.project(throttle_days=120)
    told = Api.of(world).call("GET", "autopilot/email").body
    assert (told["active"], told["frequency"]) == (False, 120 * DAY)


@pytest.mark.parametrize("who", [{"person_id": "p1"}, {"person_email": "P1@example.com"}])
def test_given_a_person_then_they_become_a_member_once(world: World, api: Api, who: dict[str, str]) -> None:
    reply = api.call("POST", PATH, json_body=who | {"properties": {"question_product_name": "Lab", "seats": 5}})
    assert reply.status == 201
    assert reply.body == {
        "created_at": START,
        "updated_at": START,
        "person": api.call("GET", "people", query="email=p1@example.com").body[0],
        "next_survey_request": {
            "id": None,
            "created_at": None,
            "survey_scheduled_at": turn(),
            "properties": {"plan": "gold", "question_product_name": "Lab", "seats": "5"},
        },
    }
    assert START < turn() <= START + 63 * DAY
    world.now += DAY
    again = api.call("POST", PATH, json_body=who | {"properties": {"seats": None}})
    assert (again.status, again.body["created_at"], again.body["updated_at"]) == (201, START, START + DAY)
    assert again.body["next_survey_request"]["survey_scheduled_at"] == turn()
    assert again.body["next_survey_request"]["properties"] == {"plan": "gold", "question_product_name": "Lab"}
    before = world.dynamodb.snapshot("records")
    world.now += DAY
    assert api.call("POST", PATH, json_body=who).body == again.body
    assert world.dynamodb.snapshot("records") == before


@pytest.mark.parametrize(("body", "field"), [
    ({}, "person_email"), ({"person_id": "p1", "person_email": "p1@example.com"}, "person_email"),
    ({"person_id": "p9"}, "person_id"), ({"person_email": "p9@example.com"}, "person_email"),
    ({"person_id": "q1"}, "person_id"), ({"person_id": 42}, "person_id"), ({"person_id": "p\u0000"}, "person_id"),
    ({"person_id": "\ud800"}, "person_id"), ({"person_id": "x" * 3000}, "person_id"),
    ({"person_id": ["p1"]}, "person_id"),
    ({"person_email": "nobody"}, "person_email"), ({"person_phone_number": "+49"}, "person_phone_number"),
    ({"person_id": "p1", "properties": ["x"]}, "properties"),
    ({"person_id": "p1", "properties": {f"p{n}": "x" for n in range(51)}}, "properties"),
], ids=lambda one: str(one)[:40])  # fmt: skip
def test_given_wrong_fields_then_422_names_them_and_nobody_is_enrolled(
    world: World, api: Api, body: dict[str, Any], field: str
) -> None:
    world.project("other")
    world.person("q1", "other")
    reply = api.call("POST", PATH, json_body=body)
    assert (reply.status, list(reply.body["errors"])) == (422, [field])
    assert world.items("membership") == []


@pytest.mark.parametrize("how", ["body", "query"])
@pytest.mark.parametrize("who", [{"person_id": "p1"}, {"person_email": "p1@example.com"}])
def test_given_a_member_when_ended_then_they_are_told_and_asked_no_more(
    world: World, api: Api, how: str, who: dict[str, str]
) -> None:
    api.call("POST", PATH, json_body=who)
    sent = {"json_body": who} if how == "body" else {"query": urlencode(who)}
    world.now = turn()
    reply = api.call("DELETE", PATH, **sent)  # type: ignore[arg-type]
    assert (reply.status, reply.body["person"]["id"]) == (202, "p1")
    work({"membership": "p1"})
    assert (world.items("membership"), world.items("request")) == ([], [])
    assert api.call("DELETE", PATH, **sent).status == 404  # type: ignore[arg-type]
    assert api.call("GET", PATH).body == []


@pytest.mark.parametrize(("who", "status"), [
    ({"person_id": "p9"}, 404), ({"person_id": "p1"}, 404), ({"person_email": "p9@example.com"}, 404), ({}, 422),
])  # fmt: skip
def test_given_nobody_of_that_name_when_ended_then_that_is_told(api: Api, who: dict[str, str], status: int) -> None:
    assert api.call("DELETE", PATH, json_body=who).status == status


def test_given_more_members_than_a_page_then_the_link_header_leads_through_all_of_them(world: World, api: Api) -> None:
    for number in range(7):
        world.now += 11 * DAY
        memberships.enrol(world.project(), world.person(f"q{number}"), world.now)
    pages, query = [], "per_page=3&auto_handle_rate_limits=True"
    while query:
        reply = api.call("GET", PATH, query=query)
        pages.append([one["person"]["email"] for one in reply.body])
        link = reply.headers.get("link", "")
        assert not link or link.startswith(f"<https://api.example.com/v1/{PATH}?")
        query = link.removeprefix(f"<https://api.example.com/v1/{PATH}?").partition(">")[0]
        assert "auto_handle" not in query
    assert [len(page) for page in pages] == [3, 3, 1]
    assert [email for page in pages for email in page] == [f"q{n}@example.com" for n in range(7)]
    assert [one["person"]["id"] for one in api.call("GET", PATH, query="person_id=q3").body] == ["q3"]
    assert [one["person"]["id"] for one in api.call("GET", PATH, query="person_email=Q4@example.com").body] == ["q4"]
    for nobody in ("person_id=p1", "person_email=x@example.com"):
        assert api.call("GET", PATH, query=nobody).body == []


def test_given_a_page_of_members_then_their_people_and_surveys_are_read_together(world: World, api: Api) -> None:
    for number in range(20):
        api.ask(email=f"q{number}@example.com", delay=DAY)
        api.call("POST", PATH, json_body={"person_email": f"q{number}@example.com"})
    first = len(world.dynamodb.calls)
    told = api.call("GET", PATH, query="per_page=20").body
    assert all(one["next_survey_request"]["survey_scheduled_at"] == START + DAY for one in told)
    asked = world.dynamodb.calls[first:]
    # The project, and nothing else one by one.
    assert (len(told), asked.count("batch_get_item"), asked.count("get_item")) == (20, 2, 1)


def test_given_a_survey_that_waits_then_it_is_the_next_one(world: World, api: Api) -> None:
    asked = api.ask(delay=DAY, properties={"role": "admin"}).body["survey_request"]
    told = api.call("POST", PATH, json_body={"person_id": "p1"}).body["next_survey_request"]
    assert told == {
        "id": asked["id"],
        "created_at": START,
        "survey_scheduled_at": START + DAY,
        "properties": {"plan": "gold", "role": "admin"},
    }
    world.now += DAY
    work({"request": asked["id"]})
    after = api.call("GET", PATH).body[0]["next_survey_request"]
    assert (after["id"], after["survey_scheduled_at"]) == (None, turn())


@pytest.mark.parametrize("why", ["unsubscribed", "off"])
def test_given_one_who_is_not_asked_then_no_survey_is_announced(world: World, api: Api, why: str) -> None:
    api.call("POST", PATH, json_body={"person_id": "p1"})
    if why == "off":
        on(world, active=False)
    else:
        suppression.unsubscribe("p1", START)
    assert api.call("GET", PATH).body[0]["next_survey_request"]["survey_scheduled_at"] is None


@pytest.mark.parametrize(("scopes", "method", "status"), [
    ((Scope.READ,), "POST", 403), ((Scope.READ,), "DELETE", 403), ((Scope.SEND,), "GET", 403),
    ((Scope.SEND,), "POST", 201), ((Scope.READ,), "GET", 200),
])  # fmt: skip
def test_given_a_key_then_its_scopes_hold(
    world: World, api: Api, scopes: tuple[Scope, ...], method: str, status: int
) -> None:
    narrow = Api.of(world, secret="narrow", scopes=scopes)
    body = None if method == "GET" else {"person_id": "p1"}
    assert narrow.call(method, PATH, json_body=body).status == status


def test_given_another_project_then_its_members_are_not_seen_nor_ended(world: World, api: Api) -> None:
    other = world.project("other")
    memberships.enrol(other, world.person("q1", "other"), world.now)
    assert api.call("GET", PATH).body == []
    assert api.call("GET", PATH, query="person_id=q1").body == []
    assert api.call("DELETE", PATH, json_body={"person_id": "q1"}).status == 404
    assert len(world.items("membership")) == 1


def test_given_a_member_who_is_erased_at_any_point_then_no_membership_is_left(world: World) -> None:
    for position in range(12):
        world.__init__()  # type: ignore[misc]
        on(world)
        project, person = world.project(), world.person("p1")
        memberships.enrol(project, person, world.now, {"note": "Ada Example"})
        api = Api.of(world)
        at = len(world.dynamodb.calls) + position
        world.dynamodb.fault = lambda operation, number, at=at: DIE_AFTER if number == at else None
        with suppress(DeathError):
            api.call("DELETE", "people/p1")
        world.dynamodb.fault = None
        if load(Person, "p1"):
            assert api.call("DELETE", "people/p1").status == 202
        assert world.items("membership") == [], position
        with pytest.raises(NotFoundError):
            memberships.enrol(project, person, world.now)
        assert "Ada Example" not in str(world.dynamodb.snapshot("records"))
