"""POST people: one call is one survey at most, and its answer says exactly what happened and why."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from functions.deliver.work import work
from shared.domain.people import Person
from shared.domain.requests import RequestState, SurveyRequest
from shared.store import projects, suppression
from shared.store.records import changed
from shared.store.table import records
from tests.fakes.calls import Api
from tests.fakes.dynamodb import CONFLICT, LOST
from tests.fakes.services import ses_refusal
from tests.fakes.world import DAY, START, World, settings

MONTH = 30 * DAY


@pytest.fixture
def api(world: World) -> Api:
    world.project()
    return Api.of(world)


def the_person(world: World) -> Person:
    (item,) = world.items("person")
    return world.stored(Person, item["id"])


def asked(world: World, state: RequestState = RequestState.SCHEDULED) -> int:
    return sum(item["state"] == state for item in world.items("request"))


def test_given_a_new_person_then_a_survey_is_scheduled_now_and_the_answer_says_until_when_they_rest(
    world: World, api: Api
) -> None:
    reply = api.ask(name="Ada Example", properties={"plan": "gold"})
    (item,) = world.items("request")
    assert reply.status == 201
    assert reply.body == {
        "id": the_person(world).id,
        "email": "p1@example.com",
        "name": "Ada Example",
        "phone_number": None,
        "survey_scheduled_at": START,
        "properties": {"plan": "gold"},
        "survey_request": {
            "id": item["id"], "status": "scheduled", "reason": None, "scheduled_at": START,
            "next_eligible_at": START + MONTH,
        },
    }  # fmt: skip
    assert item["due_sk"] == f"{START:010d}#request:{item['id']}"


@pytest.mark.parametrize(
    ("seconds", "status"), [(0, "throttled"), (MONTH - 1, "throttled"), (MONTH, "scheduled"), (MONTH + 1, "scheduled")]
)
def test_given_a_survey_when_asked_again_then_the_throttle_ends_on_the_second(
    world: World, api: Api, seconds: int, status: str
) -> None:
    api.ask()
    world.now += seconds
    told = api.ask().body["survey_request"]
    assert told["status"] == status
    assert told["next_eligible_at"] == (START + MONTH if status == "throttled" else world.now + MONTH)
    assert told["reason"] == ("surveyed_recently" if status == "throttled" else None)


@pytest.mark.parametrize(("days", "wait"), [(7, 7 * DAY - 1), (365, 365 * DAY - 1)])
def test_given_a_project_with_its_own_throttle_then_that_one_holds(
    world: World, api: Api, days: int, wait: int
) -> None:
    projects.save(settings(throttle_days=days), now=START)
    api.ask()
    world.now += wait
    assert api.ask().body["survey_request"]["status"] == "throttled"
    world.now += 1
    assert api.ask().body["survey_request"]["status"] == "scheduled"


def test_given_a_delay_then_the_throttle_compares_with_the_time_of_sending(world: World, api: Api) -> None:
    api.ask(last_sent_at=START - MONTH + 600, send=False)
    assert api.ask(delay=599).body["survey_request"]["status"] == "throttled"
    told = api.ask(delay=600).body
    assert (told["survey_scheduled_at"], told["survey_request"]["status"]) == (START + 600, "scheduled")


@pytest.mark.parametrize(("ago", "status"), [(MONTH - 1, "throttled"), (MONTH, "scheduled")])
def test_given_last_sent_at_then_it_seeds_the_throttle_of_the_same_call(api: Api, ago: int, status: str) -> None:
    assert api.ask(last_sent_at=START - ago).body["survey_request"]["status"] == status


def test_given_an_older_last_sent_at_then_it_never_shortens_the_throttle(world: World, api: Api) -> None:
    api.ask()
    api.ask(last_sent_at=START - 300 * DAY, send=False)
    assert the_person(world).next_eligible_at == START + MONTH


def test_given_send_false_then_the_person_is_kept_and_nobody_is_asked(world: World, api: Api) -> None:
    body = api.ask(send=False).body
    assert (body["survey_request"]["status"], body["survey_scheduled_at"]) == ("not_requested", None)
    assert (len(world.items("person")), world.items("request")) == (1, [])


@pytest.mark.parametrize("reason", ["unsubscribed", "bounced", "complained"])
def test_given_a_suppressed_person_then_the_answer_says_suppressed_and_why(world: World, api: Api, reason: str) -> None:
    api.ask(send=False)
    mark = {
        "unsubscribed": suppression.unsubscribe,
        "bounced": suppression.bounced,
        "complained": suppression.complained,
    }
    mark[reason](the_person(world).id, START)
    told = api.ask().body["survey_request"]
    assert (told["status"], told["reason"], told["next_eligible_at"]) == ("suppressed", reason, None)
    assert asked(world) == 0


def test_given_properties_then_they_merge_and_null_removes(world: World, api: Api) -> None:
    api.ask(send=False, properties={"plan": "gold", "region": "EU", "arr": 1200, "beta": True})
    reply = api.ask(send=False, properties={"plan": "silver", "region": None})
    assert reply.body["properties"] == {"plan": "silver", "arr": "1200", "beta": "true"}


def test_given_properties_of_one_send_then_the_request_has_them_and_the_person_does_not(world: World, api: Api) -> None:
    special = {"question_product_name": "Suite", "delighted_email_subject": "Hello", "thank_you_message": "Thanks"}
    reply = api.ask(properties={"plan": "gold", **special})
    assert reply.body["properties"] == {"plan": "gold"}
    assert the_person(world).properties == {"plan": "gold"}
    assert world.items("request")[0]["properties"] == {"plan": "gold", **special}


@pytest.mark.parametrize("spelling", ["P1@Example.COM", " p1@example.com ", "p1@EXAMPLE.com"])
def test_given_another_spelling_of_the_address_then_it_is_the_same_person(
    world: World, api: Api, spelling: str
) -> None:
    api.ask()
    assert api.ask(email=spelling).body["survey_request"]["status"] == "throttled"
    assert len(world.items("person")) == 1


def test_given_300_calls_for_one_person_then_one_survey_is_scheduled(world: World, api: Api) -> None:
    told = [api.ask().body["survey_request"]["status"] for _ in range(300)]
    assert (told.count("scheduled"), told.count("throttled"), asked(world)) == (1, 299, 1)


def test_given_calls_at_the_same_time_then_one_survey_is_scheduled(world: World, api: Api) -> None:
    with ThreadPoolExecutor(8) as workers:
        told = list(workers.map(lambda _: api.ask(), range(64)))
    statuses = [reply.body["survey_request"]["status"] for reply in told if reply.status == 201]
    assert (statuses.count("scheduled"), asked(world)) == (1, 1)
    assert {reply.status for reply in told} <= {201, 503}


@pytest.mark.parametrize("known", [False, True])
def test_given_two_calls_that_meet_at_any_point_then_one_survey_is_scheduled(
    world: World, api: Api, known: bool
) -> None:
    for position in range(8):
        email = f"q{position}@example.com"
        if known:
            api.ask(email=email, send=False)
        at, before = len(world.dynamodb.calls) + position, asked(world)

        def other_call(operation: str, number: int, at: int = at, email: str = email) -> None:
            if number == at:
                api.ask(email=email)

        world.dynamodb.meanwhile = other_call
        reply = api.ask(email=email)
        world.dynamodb.meanwhile = None
        assert reply.status == 201
        api.ask(email=email)
        assert asked(world) - before == 1


@pytest.mark.parametrize("fault", [LOST, CONFLICT])
def test_given_a_fault_at_any_call_when_the_caller_tries_again_then_one_survey_is_scheduled(
    world: World, api: Api, fault: str
) -> None:
    for position in range(6):
        email = f"q{position}@example.com"
        at, before = len(world.dynamodb.calls) + position, asked(world)
        world.dynamodb.fault = lambda op, number, at=at: fault if number == at else None
        reply = api.ask(email=email)
        world.dynamodb.fault = None
        assert reply.status in {201, 503}
        if reply.status == 503:
            assert int(reply.headers["retry-after"]) >= 1
        api.ask(email=email)
        assert asked(world) - before == 1


def cancel(api: Api, address: str = "p1@example.com") -> Any:
    return api.call("DELETE", f"people/{address}/survey_requests/pending")


def test_given_a_pending_survey_when_cancelled_then_it_is_not_sent_and_the_throttle_is_given_back(
    world: World, api: Api
) -> None:
    api.ask(last_sent_at=START - 40 * DAY, delay=DAY)
    assert (cancel(api).status, cancel(api).body) == (200, {"ok": True})
    assert asked(world, RequestState.CANCELLED) == 1
    assert "due_sk" not in world.items("request")[0]
    assert api.ask().body["survey_request"]["status"] == "scheduled"


def test_given_a_throttle_seeded_after_the_request_then_cancelling_keeps_it(world: World, api: Api) -> None:
    api.ask(delay=DAY)
    api.ask(send=False, last_sent_at=START)
    cancel(api)
    assert api.ask().body["survey_request"]["next_eligible_at"] == START + MONTH


@pytest.mark.parametrize("address", ["nobody@example.com", "p1%40example.com"])
def test_given_nothing_pending_then_cancelling_is_no_error(api: Api, address: str) -> None:
    assert cancel(api, address).body == {"ok": True}


def test_given_a_sent_survey_then_cancelling_changes_nothing(world: World, api: Api) -> None:
    api.ask()
    request = world.stored(SurveyRequest, world.items("request")[0]["id"])
    records().write(changed(replace(request, state=RequestState.ACTIVE, timer_at=START + MONTH)))
    cancel(api)
    assert asked(world, RequestState.ACTIVE) == 1


def test_given_a_survey_that_waits_for_the_quota_when_cancelled_then_it_is_never_mailed(world: World, api: Api) -> None:
    api.ask()
    name = world.items("request")[0]["id"]
    world.ses.answers = [ses_refusal("Throttling", "Daily message quota exceeded.")]
    work({"request": name})
    cancel(api)
    world.now += 3600
    work({"mail": f"{name}-0"})
    assert world.ses.sent == []
