"""Responses that callers enter and correct: kept with their history, counted exactly, erased with their words."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import pytest

from functions.follow_up import handler as follow_up
from functions.page import handler as page
from functions.score import handler as score
from local.audit import audit
from shared.domain.links import Purpose
from shared.domain.people import Person
from shared.domain.responses import Response
from shared.store import api_keys, projects
from shared.store.api_keys import Scope
from shared.store.attributes import item_from_wire
from shared.store.records import load
from tests.fakes.calls import Api
from tests.fakes.world import DAY, RECORDS, START, World, batch, http_event

GOOD = {"person": "p1", "score": 9}


@pytest.fixture
def api(world: World) -> Api:
    world.project(dimensions=["plan"], thank_promoters=True)
    world.person(name="Ada Example", properties={"plan": "gold", "account_id": "a1"})
    return Api.of(world)


def enter(api: Api, **more: Any) -> dict[str, Any]:
    reply = api.call("POST", "survey_responses", json_body=GOOD | more)
    assert reply.status == 201, reply.body
    body: dict[str, Any] = reply.body
    return body


def correct(api: Api, response: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    reply = api.call("PUT", f"survey_responses/{response['id']}", json_body=more)
    assert reply.status == 200, reply.body
    body: dict[str, Any] = reply.body
    return body


def count(world: World) -> None:
    score.handle(batch(world.stream("response", "request")), world.context)
    found = audit(projects.load("acme"), world.now + DAY)
    assert found.drift == {}


def follow(world: World) -> None:
    follow_up.handle(batch(world.stream("response")), world.context)


def texts(world: World) -> str:
    return str([item_from_wire(item) for item in world.dynamodb.snapshot(RECORDS).values()])


@pytest.mark.parametrize("person", ["p1", "p1@example.com", " P1@Example.com "])
def test_given_a_person_when_a_response_is_entered_then_it_is_theirs_and_has_their_properties(
    world: World, api: Api, person: str
) -> None:
    told = enter(api, person=person, score=3, comment=" slow\r\n", person_properties={"plan": "silver", "seats": 5})
    assert told["id"].startswith("p1-")
    assert (told["person"], told["score"], told["comment"], told["created_at"]) == ("p1", 3, "slow", START)
    assert told["person_properties"] == {"plan": "silver", "account_id": "a1", "seats": "5"}
    assert api.call("GET", f"survey_responses/{told['id']}").body == told
    assert world.mails() == []
    count(world)


@pytest.mark.parametrize(("age", "mails"), [(0, 1), (DAY, 1), (DAY + 1, 0), (400 * DAY, 0)])
def test_given_an_age_when_a_detractor_is_entered_then_only_a_fresh_one_is_followed_up(
    world: World, api: Api, age: int, mails: int
) -> None:
    told = enter(api, score=2, created_at=START - age)
    follow(world)
    assert [mail["kind"] for mail in world.mails()] == ["alert"] * mails
    assert world.stored(Response, told["id"]).history is (age > DAY)
    # and a later correction of history calls for nothing either
    correct(api, told, score=1)
    follow(world)
    assert len(world.mails()) == mails
    # and it is counted and listed, also when it is older than its project
    count(world)
    assert [one["id"] for one in api.call("GET", "survey_responses").body] == [told["id"]]
    figures = api.call("GET", "metrics", query=f"since={START - 500 * DAY}").body
    assert figures["detractor_count"] == 1


@pytest.mark.parametrize(
    ("wrong", "fields"),
    [
        ({"person": "nobody"}, {"person"}), ({"person": "nobody@example.com"}, {"person"}),
        ({"person": ""}, {"person"}),
        ({"person": "a b@example.com"}, {"person"}), ({"person": "p1 x"}, {"person"}), ({"person": True}, {"person"}),
        ({"score": 11}, {"score"}), ({"score": 7.0}, {"score"}), ({"score": True}, {"score"}),
        ({"score": None}, {"score"}),
        ({"score": "ten", "comment": 5}, {"score", "comment"}), ({"comment": "x" * 10_001}, {"comment"}),
        ({"created_at": START + 1}, {"created_at"}), ({"created_at": 1}, {"created_at"}),
        ({"created_at": "soon", "person_properties": [1]}, {"created_at", "person_properties"}),
        ({"person_properties": {f"p{n}": "x" for n in range(49)}}, {"person_properties"}), ({"notes": "x"}, {"notes"}),
    ],
    ids=lambda value: str(sorted(value)) if isinstance(value, set) else "",
)  # fmt: skip
def test_given_wrong_fields_when_entered_then_422_names_each_and_nothing_is_kept(
    world: World, api: Api, wrong: dict[str, Any], fields: set[str]
) -> None:
    reply = api.call("POST", "survey_responses", json_body=GOOD | wrong)
    assert (reply.status, set(reply.body["errors"])) == (422, fields)
    assert world.items("response") == []


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"score": 11}, "score"), ({"person": "nobody"}, "person"), ({"tags": "late"}, "tags"),
        ({"tags": ["x"] * 2 + [""]}, "tags"), ({"tags": [f"t{n}" for n in range(21)]}, "tags"),
        ({"tags": ["a\nb"]}, "tags"), ({"created_at": START - 1}, "created_at"), ({"id": "another"}, "id"),
        ({"person_properties": {f"p{n}": "x" for n in range(49)}}, "person_properties"), ({"state": 1}, "state"),
    ],
)  # fmt: skip
def test_given_what_a_response_cannot_become_then_422_names_it_and_it_stays(
    world: World, api: Api, wrong: dict[str, Any], field: str
) -> None:
    told = enter(api)
    reply = api.call("PUT", f"survey_responses/{told['id']}", json_body=wrong)
    assert (reply.status, list(reply.body["errors"])) == (422, [field])
    assert world.stored(Response, told["id"]).rev == 1


def test_given_corrections_then_each_is_a_version_counted_once_and_the_same_again_is_none(
    world: World, api: Api
) -> None:
    # given a counted response
    told = enter(api, score=9, comment="fine")
    count(world)
    world.now += 60

    # when score, words, properties and tags change, and the whole is sent back as it was told
    correct(api, told, score=2)
    correct(api, told, comment="", tags=["billing", "billing", "late"])
    last = correct(api, told, person_properties={"plan": None, "region": "EU"})
    again = correct(api, last, **last)

    # then every version is there, the counters are those of the last, and the same again wrote nothing
    assert last == again
    assert (last["score"], last["comment"], last["tags"]) == (2, None, ["billing", "late"])
    assert last["person_properties"] == {"account_id": "a1", "region": "EU"}
    assert (last["created_at"], last["updated_at"]) == (START, START + 60)
    assert [item["score"] for item in world.items("edit")] == [9, 2, 2]
    assert world.stored(Response, told["id"]).rev == 4
    count(world)
    assert api.call("GET", "metrics").body["detractor_count"] == 1
    segments = api.call("GET", "metrics/segments", query="property=plan").body
    assert [one["value"] for one in segments["segments"]] == [None]


def test_given_an_answer_of_the_page_when_corrected_then_tags_survive_the_persons_own_edit(
    world: World, api: Api
) -> None:
    request = world.active("p2")
    answer = world.answer(request, 4, "hm")
    correct(api, {"id": answer.id}, tags=["onboarding"])
    world.answer(request, 8, "better now")
    told = api.call("GET", f"survey_responses/{answer.id}").body
    assert (told["score"], told["comment"], told["tags"]) == (8, "better now", ["onboarding"])
    count(world)


def test_given_no_such_response_or_one_of_another_project_then_404(world: World, api: Api) -> None:
    world.project("other")
    world.person("q1", "other")
    told = enter(api)
    assert api.call("PUT", "survey_responses/p1-none", json_body={"score": 1}).status == 404
    api_keys.create(api_keys.digest_of("another"), "other", tuple(Scope), "test", world.now)
    foreign = Api(world, "another")
    assert foreign.call("PUT", f"survey_responses/{told['id']}", json_body={"score": 1}).status == 404
    assert api.call("POST", "survey_responses", json_body={"person": "q1", "score": 1}).status == 422


def test_given_a_key_when_a_call_is_repeated_then_one_response_and_the_same_answer(world: World, api: Api) -> None:
    keyed = {"Idempotency-Key": "k1"}
    given = GOOD | {"comment": "keyed words"}
    first = api.call("POST", "survey_responses", json_body=given, headers=keyed)
    second = api.call("POST", "survey_responses", json_body=given, headers=keyed)
    other = api.call("POST", "survey_responses", json_body=given | {"score": 1}, headers=keyed)
    assert (first.status, first.body) == (second.status, second.body)
    assert (other.status, list(other.body["errors"])) == (422, ["idempotency_key"])
    assert len(world.items("response")) == 1
    api.call("DELETE", "people/p1")
    assert "keyed words" not in texts(world)


def test_given_somebody_among_others_then_their_responses_are_found_in_order_with_one_query(
    world: World, api: Api
) -> None:
    # given three answers of p1 among those of p2 over many months, the first of them corrected last
    world.person("p2")
    entered = []
    for number in range(12):
        world.now = START + number * 40 * DAY
        entered.append(enter(api, person="p1" if number % 4 == 1 else "p2", score=number % 11))
    mine = [one["id"] for one in entered if one["person"] == "p1"]
    correct(api, entered[1], score=3)

    def asked(**query: str | int) -> list[str]:
        first = len(world.dynamodb.calls)
        reply = api.call("GET", "survey_responses", query=urlencode(query))
        assert world.dynamodb.calls[first:].count("query") == 1
        return [one["id"] for one in reply.body]

    # then each list of theirs is one query, in the order and of the range that was asked for
    assert asked(person_id="p1") == mine
    assert asked(person_email="P1@example.com", order="desc") == mine[::-1]
    assert asked(person_id="p1", order="asc:updated_at") == [mine[1], mine[2], mine[0]]
    assert asked(person_id="p1", updated_since=entered[5]["created_at"] + 1) == [mine[2], mine[0]]
    assert asked(person_id="p1", since=entered[2]["created_at"], until=entered[5]["created_at"]) == [mine[1]]
    assert asked(person_id="p1", page=2, per_page=2) == [mine[2]]
    assert asked(person_id="p3") == []
    assert api.call("GET", "survey_responses", query="person_email=p3@example.com").body == []
    assert api.call("GET", "survey_responses", query="person_id=p%00").status == 422
    assert api.call("GET", "survey_responses", query="until=0").body == []


@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize("erased", ["p1", "p2"])
def test_given_a_response_that_changed_its_person_when_one_is_erased_then_their_words_go_and_no_others(
    world: World, api: Api, erased: str, back: bool
) -> None:
    # given a response of p1 that is p2's, or that was and is p1's again
    world.person("p2")
    told = enter(api, comment="first words")
    moved = correct(api, told, person="p2@example.com", comment="second words", tags=["private tag"])
    assert (moved["id"], moved["person"]) == (told["id"], "p2")
    owner = "p1" if back else "p2"
    if back:
        correct(api, told, person={"id": "p1", "name": "as the client was told"})
    assert [one["id"] for one in api.call("GET", "survey_responses", query=f"person_id={owner}").body] == [told["id"]]
    count(world)

    # when one of them is erased
    assert api.call("DELETE", f"people/{erased}").status == 202

    # then the words go with their owner, and the score stays counted
    one = world.stored(Response, told["id"])
    assert one.erased is (erased == owner)
    if erased == owner:
        assert not any(word in texts(world) for word in ("first words", "second words", "private tag"))
        assert api.call("PUT", f"survey_responses/{told['id']}", json_body={"score": 1}).status == 409
    else:
        assert one.comment == "second words"
        assert one.tags == ("private tag",)
    if erased == "p1":
        assert "first words" not in texts(world)
    count(world)
    assert api.call("GET", "metrics").body["response_count"] == 1


def test_given_an_erasure_just_before_the_write_then_no_response_is_left_behind(world: World, api: Api) -> None:
    told = enter(api)
    world.person("p2")

    def erase_p2(operation: str, number: int) -> None:
        if operation == "transact_write_items":
            world.dynamodb.meanwhile = None
            api.call("DELETE", "people/p2")

    world.dynamodb.meanwhile = erase_p2
    reply = api.call("PUT", f"survey_responses/{told['id']}", json_body={"person": "p2"})
    assert (reply.status, list(reply.body["errors"])) == (422, ["person"])
    assert world.stored(Response, told["id"]).person == "p1"


def test_given_a_promoter_that_was_entered_then_the_thanks_link_stops_mails(world: World, api: Api) -> None:
    told = enter(api, score=10)
    follow(world)
    assert [mail["kind"] for mail in world.mails()] == ["thanks"]
    token = world.link(Purpose.UNSUBSCRIBE, told["id"])
    shown = page.handle(http_event("GET", f"/u/{token}"), world.context)
    assert shown["statusCode"] == 200
    page.handle(http_event("POST", f"/u/{token}", form={"List-Unsubscribe": "One-Click"}), world.context)
    person = load(Person, "p1")
    assert person is not None
    assert person.unsubscribed_at == START
