"""People of whom only a telephone number is known: kept and found by it, never mailed."""

from typing import Any
from urllib.parse import quote

import pytest

from functions.deliver.work import Done, work
from functions.follow_up.act import act
from shared.domain.people import Person
from shared.domain.responses import Response
from shared.store import people, projects
from tests.fakes.calls import Api
from tests.fakes.world import START, World
from tests.unit.test_transfer import bring, results, text

NUMBER = "+49 30 901820"


@pytest.fixture
def api(world: World) -> Api:
    world.project(thank_promoters=True)
    world.context.get_remaining_time_in_millis = lambda: 60_000
    return Api.of(world)


def post(api: Api, **given: Any) -> dict[str, Any]:
    reply = api.call("POST", "people", json_body=given)
    assert reply.status == 201, reply.body
    body: dict[str, Any] = reply.body
    return body


def test_given_a_number_alone_then_the_person_is_kept_and_no_survey_goes_anywhere(world: World, api: Api) -> None:
    told = post(api, phone_number=NUMBER, name="Ada Example")
    assert (told["email"], told["phone_number"], told["survey_scheduled_at"]) == (None, NUMBER, None)
    assert (told["survey_request"]["status"], told["survey_request"]["reason"]) == ("suppressed", "no_address")
    assert world.mails() == []
    listed = api.call("GET", "people", query=f"phone_number={quote(NUMBER)}").body
    assert [(one["id"], one["email"]) for one in listed] == [(told["id"], None)]


def test_given_the_number_in_another_spelling_then_it_is_the_same_person(world: World, api: Api) -> None:
    first = post(api, phone_number=NUMBER, properties={"plan": "gold"}, send=False)
    second = post(api, phone_number="+49 (30) 90-1820", name="Ada Example", send=False)
    assert (second["id"], second["properties"]) == (first["id"], {"plan": "gold"})
    assert len(world.items("person")) == 1
    # A person with an address is known by that alone.
    assert post(api, email="ada@example.com", phone_number=NUMBER)["id"] != first["id"]


def test_given_an_address_for_them_then_they_are_asked_and_known_by_it(world: World, api: Api) -> None:
    first = post(api, phone_number=NUMBER, name="Ada Example")
    second = post(api, phone_number=NUMBER, email_update="ada@example.com")
    assert (second["id"], second["email"], second["survey_request"]["status"]) == (
        first["id"], "ada@example.com", "scheduled",
    )  # fmt: skip
    assert work({"request": second["survey_request"]["id"]})[0] is Done.SENT
    assert [one.recipient for one in world.ses.sent] == ["ada@example.com"]
    assert post(api, email="ada@example.com")["id"] == first["id"]


@pytest.mark.parametrize(("given", "field"), [
    ({}, "email"), ({"email": ""}, "email"), ({"email": "", "phone_number": ""}, "email"),
    ({"name": "Ada"}, "email"), ({"phone_number": "call me"}, "phone_number"), ({"phone_number": "12"}, "phone_number"),
    ({"phone_number": "+49 ٣٠ 901820"}, "phone_number"), ({"phone_number": "1" * 40}, "phone_number"),
])  # fmt: skip
def test_given_neither_an_address_nor_a_number_then_422(
    world: World, api: Api, given: dict[str, str], field: str
) -> None:
    reply = api.call("POST", "people", json_body=given)
    assert (reply.status, list(reply.body["errors"])) == (422, [field])
    assert world.items("person") == []


@pytest.mark.parametrize("score", [2, 10])
def test_given_their_answer_when_it_is_entered_then_the_owner_may_call_and_nobody_is_mailed_for_thanks(
    world: World, api: Api, score: int
) -> None:
    person = post(api, phone_number=NUMBER, properties={"owner_email": "cs@acme.example.com"})["id"]
    reply = api.call("POST", "survey_responses", json_body={"person": person, "score": score})
    assert reply.status == 201, reply.body
    response = world.stored(Response, reply.body["id"])
    mail = act(response, projects.load("acme"), lambda day: False, world.now).mail
    if score == 10:
        assert work({"mail": mail})[0] is Done.SUPPRESSED
        assert world.ses.sent == []
    else:
        assert work({"mail": mail})[0] is Done.SENT
        (sent,) = world.ses.sent
        assert 'href="tel:+4930901820"' in sent.part("html")
        assert f"Telephone: {NUMBER}" in sent.part("plain")


def test_given_an_erasure_by_number_then_nothing_tells_it_and_it_may_come_again(world: World, api: Api) -> None:
    first = post(api, phone_number=NUMBER, name="Ada Example")
    assert api.call("DELETE", f"people/phone_number:{quote(NUMBER)}").status == 202
    assert people.find("acme", "+4930901820")[1] is None
    assert "901820" not in str(world.dynamodb.snapshot("records"))
    assert post(api, phone_number=NUMBER)["id"] != first["id"]


def test_given_a_file_with_numbers_for_lack_of_addresses_then_each_row_is_a_person(world: World, api: Api) -> None:
    one = bring(world, api, text("email,phone_number", ",+49 30 1000", ",+49 30 2000", ",+49301000", ",", ",none"))
    assert [row["status"] for row in results(world, one)] == ["created", "created", "changed", "failed", "failed"]
    assert sorted(world.stored(Person, item["id"]).handle for item in world.items("person")) == [
        "+49301000", "+49302000",
    ]  # fmt: skip
    assert all(item["created_at"] == START for item in world.items("person"))
