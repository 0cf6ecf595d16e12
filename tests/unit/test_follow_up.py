"""Closing the loop: each answer calls for what it calls for once, however often and brokenly it is told of."""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.follow_up import handler
from functions.follow_up.act import Done, act
from shared.domain import cases
from shared.domain.cases import Case, CaseState, Duty
from shared.domain.responses import Response
from shared.store import projects
from shared.store import stream as stream_store
from shared.store.records import changed, created, load
from shared.store.table import records
from tests.fakes.caches import forget
from tests.fakes.chaos import EXPECTED, Chaos
from tests.fakes.dynamodb import StreamRecord
from tests.fakes.world import DAY, START, World, batch, moment

PROMPT, PARKED = "https://sqs.example.com/prompt", "https://sqs.example.com/follow-up-parked"


def respond(world: World, who: int, score: int, account: str = "", **more: Any) -> Response:
    properties = {"account_id": account, "account_name": f"Account {account}"} if account else {}
    values: dict[str, Any] = {"account_id": account, "properties": properties, **more}
    one = Response(f"p{who}-1", "acme", f"p{who}", score, world.now, world.now, **values)
    records().write(created(one))
    return world.stored(Response, one.id)


def edit(world: World, response_id: str, score: int) -> Response:
    response = world.stored(Response, response_id)
    records().write(changed(replace(response, score=score, updated_at=world.now)))
    return world.stored(Response, response_id)


def follow(world: World, response: Response) -> Done:
    return act(response, projects.load("acme"), lambda day: False, world.now)


def handle_as_worker(world: World) -> Any:
    def handle(told: Sequence[StreamRecord]) -> None:
        for one in stream_store.read([record.event() for record in told]).records:
            if isinstance(one, Response):
                follow(world, one)

    return handle


ANSWERS = st.lists(
    st.tuples(
        st.integers(0, 5), st.integers(0, 10), st.sampled_from(("", "a1", "a1", "a2")),
        st.sampled_from(("given", "given", "given", "history", "erased")), st.lists(st.integers(0, 10), max_size=3),
    ),
    min_size=1, max_size=8, unique_by=lambda one: one[0],
)  # fmt: skip


@settings(max_examples=600)
@given(answers=ANSWERS, seed=st.integers(0, 2**32))
def test_given_any_delivery_then_each_detractor_has_one_alert_and_each_account_one_open_case(
    world: World, answers: list[Any], seed: int
) -> None:
    forget()
    world.dynamodb.__init__()  # type: ignore[misc]
    world.project()
    for who, score, account, fate, edits in answers:
        history, erased = fate == "history", fate == "erased"
        respond(world, who, score, account, history=history, erased=erased)
        for edited in edits:
            world.now += 3600
            edit(world, f"p{who}-1", edited)

    Chaos(world.dynamodb, Random(seed), ordered=True).deliver(world.stream("response"), handle_as_worker(world))

    given_ = [one for one in answers if one[3] == "given"]
    ever_detractor = {f"p{who}-1": account or f"p{who}" for who, score, account, _, edits in given_
                      if min([score, *edits]) <= 6}  # fmt: skip
    mails = world.mails()
    assert Counter(m["reference"] for m in mails if m.get("reference")) == Counter(list(ever_detractor))
    held = Counter(c.get("account_id") or c["person"] for c in world.items("case"))
    assert held == Counter(set(ever_detractor.values()))
    joined = [response for c in world.items("case") for response in c["responses"]]
    assert sorted(joined) == sorted(ever_detractor)
    thanked = Counter(m["subject_id"] for m in mails if m["id"].startswith("thanks-"))
    assert max(thanked.values(), default=0) <= 1
    assert {one for one in thanked if one not in ever_detractor} == {
        f"p{who}-1" for who, score, _, _, edits in given_ if max([score, *edits]) >= 9 and min([score, *edits]) > 6
    }


@pytest.mark.parametrize("fault", ["before", "lost", "conflict", "throttled", "die", "die after"])
@pytest.mark.parametrize("position", range(6))
def test_given_a_fault_at_each_single_call_then_the_repetition_alerts_once(
    world: World, fault: str, position: int
) -> None:
    world.project()
    response, first = respond(world, 1, 2, "a1"), len(world.dynamodb.calls)
    world.dynamodb.fault = lambda operation, number: fault if number == first + position else None
    with suppress(*EXPECTED):
        follow(world, response)
    world.dynamodb.fault = None
    follow(world, response)
    assert [m["id"] for m in world.mails()] == ["alert-p1-1-1"]
    assert [c["responses"] for c in world.items("case")] == [["p1-1"]]


def test_given_a_second_detractor_of_an_account_then_it_joins_and_the_earlier_due_time_holds(world: World) -> None:
    world.project()
    follow(world, respond(world, 1, 2, "a1"))
    world.now += 2 * DAY
    done = follow(world, respond(world, 2, 6, "a1"))
    (case,) = world.items("case")
    assert case["responses"] == ["p1-1", "p2-1"]
    assert case["due_at"] == moment("2026-03-05 10:00:00")
    assert (done.duty, done.mail) == (Duty.CASE, "alert-p2-1-1")
    assert [event["what"] for event in case["history"]] == ["opened", "joined"]


def test_given_two_people_without_an_account_then_each_has_a_case(world: World) -> None:
    world.project()
    follow(world, respond(world, 1, 2))
    follow(world, respond(world, 2, 2))
    assert [c["person"] for c in world.items("case")] == ["p1", "p2"]


def test_given_a_resolved_case_when_the_account_is_unhappy_again_then_a_new_one_opens(world: World) -> None:
    world.project()
    follow(world, respond(world, 1, 2, "a1"))
    case = load(Case, "p1-1-1")
    assert case is not None
    records().write(changed(cases.resolve(case, root_cause="slow", note="fixed", by="Olga", now=world.now)))
    follow(world, respond(world, 2, 3, "a1"))
    assert [(c["id"], c.get("state", "open")) for c in world.items("case")] == [
        ("p1-1-1", CaseState.RESOLVED), ("p2-1-1", CaseState.OPEN),
    ]  # fmt: skip


@pytest.mark.parametrize(("score", "more"), [(2, {"history": True}), (10, {"history": True}), (2, {"erased": True})])
def test_given_history_or_an_erased_answer_then_nobody_is_told(world: World, score: int, more: dict[str, bool]) -> None:
    world.project()
    assert follow(world, respond(world, 1, score, "a1", **more)).duty is Duty.NOTHING
    assert (world.mails(), world.items("case")) == ([], [])


def test_given_a_promoter_when_told_twice_and_edited_within_promoters_then_thanked_once(world: World) -> None:
    world.project()
    first = respond(world, 1, 9)
    assert [follow(world, first).duty, follow(world, first).duty] == [Duty.THANKS, Duty.NOTHING]
    assert follow(world, edit(world, first.id, 10)).duty is Duty.NOTHING
    assert [m["id"] for m in world.mails()] == ["thanks-p1-1-1"]


def test_given_a_project_that_does_not_thank_then_a_promoter_gets_no_mail(world: World) -> None:
    world.project(thank_promoters=False)
    assert follow(world, respond(world, 1, 10)).duty is Duty.NOTHING
    assert world.mails() == []


def test_given_a_promoter_when_they_become_a_detractor_then_a_case_opens_with_the_time_of_the_edit(
    world: World,
) -> None:
    world.project()
    follow(world, respond(world, 1, 9))
    world.now += DAY
    follow(world, edit(world, "p1-1", 3))
    (case,) = world.items("case")
    assert case["due_at"] == moment("2026-03-06 10:00:00")
    assert sorted(m["id"] for m in world.mails()) == ["alert-p1-1-2", "thanks-p1-1-1"]


def test_given_a_detractor_when_they_become_happier_twice_then_the_case_says_recovered_once(world: World) -> None:
    world.project()
    follow(world, respond(world, 1, 3))
    for score in (9, 10):
        world.now += DAY
        follow(world, edit(world, "p1-1", score))
    (case,) = world.items("case")
    assert [event["what"] for event in case["history"]] == ["opened", "recovered"]
    assert case["recovered_at"] == START + DAY


def test_given_a_recovered_detractor_when_they_fall_again_then_the_case_is_no_longer_recovered(world: World) -> None:
    world.project()
    follow(world, respond(world, 1, 3))
    for score in (9, 2):
        follow(world, edit(world, "p1-1", score))
    (case,) = world.items("case")
    assert case.get("recovered_at", 0) == 0
    assert [event["what"] for event in case["history"]] == ["opened", "recovered", "relapsed"]
    assert [mail["id"] for mail in world.mails()] == ["alert-p1-1-1"]


def test_given_an_open_case_when_the_person_answers_a_later_survey_well_then_the_case_says_recovered(
    world: World,
) -> None:
    world.project()
    follow(world, respond(world, 1, 3, "a1"))
    world.now += 40 * DAY
    later = Response("p1-2", "acme", "p1", 9, world.now, world.now, account_id="a1")
    records().write(created(later))
    follow(world, world.stored(Response, "p1-2"))
    assert world.items("case")[0].get("recovered_at") == world.now


def test_given_an_older_answer_told_again_after_a_case_opened_then_the_case_is_not_recovered(world: World) -> None:
    world.project()
    older = respond(world, 1, 8, "a1")
    follow(world, older)
    world.now += 40 * DAY
    records().write(created(Response("p1-2", "acme", "p1", 2, world.now, world.now, account_id="a1")))
    follow(world, world.stored(Response, "p1-2"))
    world.now += 60
    follow(world, older)
    (case,) = world.items("case")
    assert [event["what"] for event in case["history"]] == ["opened"]


def test_given_an_old_revision_after_a_newer_one_then_nothing_more_happens(world: World) -> None:
    world.project()
    first = respond(world, 1, 2)
    second = edit(world, first.id, 9)
    for one in (first, second):
        follow(world, one)
    before = world.dynamodb.snapshot("records")
    assert [follow(world, one).duty for one in (first, second, first)] == [Duty.NOTHING] * 3
    assert world.dynamodb.snapshot("records") == before


def test_given_a_detractor_then_the_handler_hands_the_alert_to_the_prompt_queue_at_once(world: World) -> None:
    world.project()
    world.person("p1")
    respond(world, 1, 4)
    handler.handle(batch(world.stream("response")), world.context)
    assert world.sqs.take(PROMPT) == [{"mail": "alert-p1-1-1"}]
    (alert,) = world.mails()
    assert (alert["to"], alert["due_sk"]) == ("owner@acme.example.com", f"{world.now:010d}#mail:alert-p1-1-1")
    assert world.items("person")[0]["last_responded_at"] == world.now


def test_given_an_owner_among_the_properties_then_the_alert_goes_to_them(world: World) -> None:
    world.project()
    follow(world, respond(world, 1, 0, properties={"owner_email": "cs@acme.example.com", "owner_name": "Carl"}))
    assert world.mails()[0]["to"] == "cs@acme.example.com"
    assert world.items("case")[0]["owner_name"] == "Carl"


def test_given_a_response_of_no_project_then_it_is_parked_and_the_next_is_followed_up(world: World) -> None:
    world.project()
    records().write(created(Response("x-1", "nobody", "x", 1, world.now, world.now)))
    respond(world, 1, 1)
    handler.handle(batch(world.stream("response")), world.context)
    (parked,) = world.sqs.take(PARKED)
    assert (parked["record"], parked["rev"]) == ("response:x-1", 1)
    assert len(world.items("case")) == 1


@pytest.mark.parametrize("calendar", [{"country": "ZZ"}, {"country": "US", "subdivision": "QQ"}])
def test_given_a_country_without_a_table_of_holidays_then_other_projects_are_still_followed_up(
    world: World, calendar: dict[str, str]
) -> None:
    world.project()
    world.project("odd", calendar=calendar)
    records().write(created(Response("x-1", "odd", "x", 1, world.now, world.now)))
    respond(world, 1, 1)
    handler.handle(batch(world.stream("response")), world.context)
    assert "alert-p1-1-1" in [m["id"] for m in world.mails()]
