"""Erasure leaves the score and nothing of the person; a range of metrics is exact to the second."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.api import figures
from functions.deliver.work import work
from functions.follow_up.act import act
from functions.score import handler as score
from shared.domain.errors import ConflictError
from shared.domain.nps import Histogram
from shared.domain.people import Person
from shared.domain.project import Project
from shared.domain.requests import RequestState, SurveyRequest
from shared.domain.responses import Response
from shared.store import responses, suppression
from shared.store.attributes import item_from_wire
from shared.store.records import created
from shared.store.table import records
from tests.fakes.caches import forget
from tests.fakes.calls import Api
from tests.fakes.dynamodb import DIE_AFTER, DeathError
from tests.fakes.world import DAY, START, World, batch, moment

WORDS = ("p1@example.com", "Ada Example", "too slow", "+49 30 555", "Account One", "first words", "called her")


@pytest.fixture
def api(world: World) -> Api:
    world.project(dimensions=["plan"])
    return Api.of(world)


def answered(world: World, score_: int, *, edited: bool = True) -> Response:
    properties = {"plan": "gold", "account_id": "a1", "account_name": "Account One"}
    request = world.active(name="Ada Example", phone_number="+49 30 555", properties=properties)
    if edited:
        world.answer(request, score_, "first words")
    response = world.answer(request, score_, "too slow")
    project = world.project(dimensions=["plan"])
    act(response if not edited else world.stored(Response, "p1-1"), project, lambda day: False, world.now)
    return response


@pytest.mark.parametrize("score_", [2, 7, 10], ids=["detractor", "passive", "promoter"])
def test_given_an_answer_when_its_person_is_erased_then_the_score_stays_counted_and_no_word_is_left(
    world: World, api: Api, score_: int
) -> None:
    answered(world, score_)
    score.handle(batch(world.stream("response", "request")), world.context)
    before = api.call("GET", "metrics").body

    reply = api.call("DELETE", "people/p1")

    assert (reply.status, reply.body) == (202, {"ok": True})
    score.handle(batch(world.stream("response", "request")), world.context)
    assert api.call("GET", "metrics").body == before
    left = str([item for item in world.dynamodb.snapshot("records").values() if item["kind"]["S"] != "case"])
    assert [word for word in WORDS if word in left] == []
    tombstone = world.stored(Response, "p1-1")
    assert (tombstone.score, tombstone.comment, tombstone.erased, tombstone.commented) == (score_, "", True, True)
    assert tombstone.properties == {"plan": "gold"}
    assert world.items("edit") == []
    assert world.items("person") == []


@pytest.mark.parametrize("name", ["p1", "email:p1@example.com", "email:P1%40example.com", "phone_number:%2B4930555"])
def test_given_a_person_named_in_any_way_then_they_are_erased_and_unknown_afterwards(
    world: World, api: Api, name: str
) -> None:
    world.active(phone_number="+4930555")
    assert api.call("DELETE", f"people/{name}").status == 202
    assert api.call("DELETE", f"people/{name}").status == 404
    assert api.call("GET", "people", query="email=p1%40example.com").body == []


def test_given_a_person_of_another_project_then_404_and_nothing_is_erased(world: World, api: Api) -> None:
    world.project("other")
    world.person("q1", project="other")
    assert api.call("DELETE", "people/q1").status == 404
    assert len(world.items("person")) == 1


def test_given_an_unsubscribed_person_when_erased_and_added_again_then_they_are_still_suppressed(
    world: World, api: Api
) -> None:
    world.active()
    suppression.unsubscribe("p1", START)
    api.call("DELETE", "people/p1")
    assert "p1@example.com" not in str(world.dynamodb.snapshot("records"))
    told = api.ask().body
    assert told["id"] != "p1"
    assert (told["survey_request"]["status"], told["survey_request"]["reason"]) == ("suppressed", "unsubscribed")


def test_given_a_pending_survey_when_its_person_is_erased_then_it_is_never_sent(world: World, api: Api) -> None:
    world.invited()
    api.call("DELETE", "people/p1")
    work({"request": "p1-1"})
    assert world.ses.sent == []
    assert world.stored(SurveyRequest, "p1-1").state is RequestState.CANCELLED


@pytest.mark.parametrize("was_answered", [False, True])
def test_given_an_answer_that_meets_the_erasure_then_no_word_of_it_is_kept(
    world: World, api: Api, was_answered: bool
) -> None:
    request = world.active()
    if was_answered:
        world.answer(request, 3)
    current = responses.find("p1-1")
    api.call("DELETE", "people/p1")
    with pytest.raises(ConflictError):
        responses.give(current, score=5, comment="too late", now=world.now)
    assert "too late" not in str(world.dynamodb.snapshot("records"))


def test_given_a_survey_asked_for_while_its_person_is_erased_then_nothing_of_them_is_left(
    world: World, api: Api
) -> None:
    first = world.person("p1", name="Ada Example")
    for position in range(1, 10):
        at = len(world.dynamodb.calls) + position

        def ask(operation: str, number: int, at: int = at) -> None:
            if number == at:
                api.ask(name="Ada Example", properties={"account_name": "Account One"})

        world.dynamodb.meanwhile = ask
        reply = api.call("DELETE", f"people/{first.id}")
        world.dynamodb.meanwhile = None
        assert reply.status == 202
        for item in (item_from_wire(wire) for wire in world.dynamodb.snapshot("records").values()):
            assert not (item["pk"] == f"PERSON#{first.id}" and "Account One" in str(item)), position
        for person in world.items("person"):
            api.call("DELETE", f"people/{person['id']}")
        again: dict[str, Any] = api.ask(send=False, name="Ada Example").body
        first = world.stored(Person, again["id"])


def test_given_an_erasure_cut_off_at_any_point_then_asking_again_finishes_it(world: World) -> None:
    for position in range(40):
        world.dynamodb.__init__()  # type: ignore[misc]
        world.project(dimensions=["plan"])
        api = Api.of(world)
        answered(world, 2)
        at = len(world.dynamodb.calls) + position
        world.dynamodb.fault = lambda operation, number, at=at: DIE_AFTER if number == at else None
        with suppress(DeathError):
            api.call("DELETE", "people/p1")
        done = len(world.dynamodb.calls) <= at
        world.dynamodb.fault = None
        api.call("DELETE", "people/p1")
        left = str([item for item in world.dynamodb.snapshot("records").values() if item["kind"]["S"] != "case"])
        assert [word for word in WORDS if word in left] == [], position
        if done:
            return
    pytest.fail("the erasure never ended")


ZONE = "Europe/Berlin"
NOW = moment("2026-04-10 12:00:00", ZONE)
EDGES = tuple(
    moment(text, zone) + shift
    for text in ("2026-03-28 00:00:00", "2026-03-29 00:00:00", "2026-03-30 00:00:00", "2026-03-31 00:00:00",
                 "2026-04-01 00:00:00", "2026-03-29 03:00:00", "2026-02-28 00:00:00")
    for zone in (ZONE,) for shift in (-1, 0, 1)
)  # fmt: skip


def filled(world: World, zone: str, times: list[int]) -> Project:
    forget()
    world.dynamodb.__init__()  # type: ignore[misc]
    world.now = NOW
    project = world.project(time_zone=zone)
    for number, at in enumerate(times):
        records().write(created(Response(f"p{number}-1", "acme", f"p{number}", number % 11, at, at)))
    score.handle(batch(world.stream("response")), world.context)
    return project


@settings(max_examples=100)
@given(
    times=st.lists(st.one_of(st.sampled_from(EDGES), st.integers(EDGES[0] - 3 * DAY, NOW)), max_size=12),
    span=st.tuples(st.one_of(st.none(), st.sampled_from(EDGES)), st.one_of(st.none(), st.sampled_from(EDGES))),
    zone=st.sampled_from((ZONE, "America/Santiago", "Asia/Kolkata", "Pacific/Apia")),
)
def test_given_any_range_then_the_metrics_are_those_of_its_answers_to_the_second(
    world: World, times: list[int], span: tuple[int | None, int | None], zone: str
) -> None:
    project = filled(world, zone, times)
    since, until = span
    if since is None and until is None:
        low, high = max(times, default=0) - 30 * DAY, max(times, default=0)
    else:
        low, high = since or 0, NOW if until is None else until
    expected = [0] * 11
    for number, at in enumerate(times):
        expected[number % 11] += low <= at <= high
    assert figures.range_histogram(project, since, until, NOW) == Histogram(tuple(expected))


@pytest.mark.parametrize(("since", "until", "count"), [
    ("2026-03-29 00:00:00", "2026-03-29 23:59:59", 3),
    ("2026-03-29 00:00:01", "2026-03-29 23:59:58", 1),
    ("2026-03-28 23:59:59", "2026-03-30 00:00:00", 5),
    ("2026-03-29 23:59:59", "2026-03-29 23:59:59", 1),
    ("2026-03-30 00:00:00", "2026-03-29 00:00:00", 0),
])  # fmt: skip
def test_given_the_day_of_23_hours_then_its_edges_are_exact(world: World, since: str, until: str, count: int) -> None:
    at = [
        "2026-03-28 23:59:59",
        "2026-03-29 00:00:00",
        "2026-03-29 03:30:00",
        "2026-03-29 23:59:59",
        "2026-03-30 00:00:00",
    ]
    project = filled(world, ZONE, [moment(text, ZONE) for text in at])
    found = figures.range_histogram(project, moment(since, ZONE), moment(until, ZONE), NOW)
    assert found.n == count


def test_given_answers_then_the_metrics_are_whole_numbers_and_an_interval(world: World, api: Api) -> None:
    for number, value in enumerate([10] * 7 + [9] * 3 + [8] * 4 + [3] * 6):
        records().write(created(Response(f"p{number}-1", "acme", f"p{number}", value, START, START)))
    score.handle(batch(world.stream("response")), world.context)
    assert api.call("GET", "metrics").body == {
        "nps": 20, "promoter_count": 10, "promoter_percent": 50, "passive_count": 4, "passive_percent": 20,
        "detractor_count": 6, "detractor_percent": 30, "response_count": 20,
        "margin_of_error": 34.9, "interval": [-17.5, 52.3],
    }  # fmt: skip


@pytest.mark.parametrize(
    "query",
    ["groups[]=core", "groups%5B%5D=email", "groups[]=core&groups[]=email", "groups=core", "groups=core&groups=email"],
)
def test_given_the_groups_of_delighted_then_the_metrics_are_those_of_all_surveys(
    world: World, api: Api, query: str
) -> None:
    for number, value in enumerate([10, 10, 3]):
        records().write(created(Response(f"p{number}-1", "acme", f"p{number}", value, START, START)))
    score.handle(batch(world.stream("response")), world.context)
    told = api.call("GET", "metrics", query=query)
    assert (told.status, told.body["response_count"], told.body["nps"]) == (200, 3, 33)
    assert told.body == api.call("GET", "metrics").body


@pytest.mark.parametrize(("query", "field"), [
    ("groups[]=web", "groups.0"),
    ("groups[]=", "groups.0"),
    ("groups=sms", "groups.0"),
    ("groups[]=core&groups[]=sms", "groups.1"),
    ("groups[core]=1", "groups"),
])  # fmt: skip
def test_given_a_group_that_is_none_then_the_call_says_so(api: Api, query: str, field: str) -> None:
    told = api.call("GET", "metrics", query=query)
    assert (told.status, list(told.body["errors"])) == (422, [field])


def test_given_an_empty_or_a_shared_number_then_nobody_is_erased(world: World) -> None:
    world.project()
    api = Api.of(world)
    for number, phone in ((1, ""), (2, "+1555"), (3, "+1555"), (4, "+1777")):
        world.person(f"p{number}", phone_number=phone)
    codes = [api.call("DELETE", f"people/phone_number:{phone}").status for phone in ("", "%2B1555", "%2B1777")]
    assert codes == [404, 409, 202]
    assert [item["id"] for item in world.items("person")] == ["p1", "p2", "p3"]
    assert api.call("GET", "people", query="email=").status == 422
    assert api.call("GET", "people", query="phone_number=").status == 422
