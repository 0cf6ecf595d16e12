"""Every acknowledged answer is counted exactly once, whatever the stream and its workers do.

The recount here is written from the records alone and shares no code with what it checks.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.score import fold
from shared.domain.counting import CounterKey
from shared.domain.project import Project
from shared.domain.requests import RequestState, SurveyRequest
from shared.domain.responses import Response
from shared.store import counters, keys
from shared.store import stream as stream_store
from shared.store.attributes import item_from_wire
from shared.store.records import changed, created, load
from shared.store.table import metrics, records
from tests.fakes.caches import forget
from tests.fakes.chaos import EXPECTED, Chaos
from tests.fakes.dynamodb import StreamRecord
from tests.fakes.world import RECORDS, World, moment

ZONES = ("UTC", "America/New_York", "Asia/Kolkata", "Pacific/Auckland", "America/Santiago")
TIMES = tuple(
    moment(text)
    for text in (
        "2026-01-31 23:59:59", "2026-02-01 00:00:00", "2026-02-28 18:29:59", "2026-02-28 18:30:00",
        "2026-03-08 06:59:59", "2026-03-08 07:00:00", "2026-03-31 11:00:00", "2026-04-05 03:30:00",
    )
)  # fmt: skip
MONTHS = [f"{year}-{month:02d}" for year in (2025, 2026) for month in range(1, 13)]
VALUES = ("gold", "silver", " gold ", "", "a#b|c", "x" * 150)

Step = tuple[str, int, int, int, int]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ("answer", "answer", "edit", "edit", "erase", "ask", "move", "move", "choose", "choose", "mature", "send")
        ),
        st.integers(0, 5),
        st.integers(0, 10),
        st.integers(0, len(TIMES) - 1),
        st.integers(0, len(VALUES) - 1),
    ),
    min_size=1,
    max_size=30,
)


def play(step: Step) -> None:
    """One thing that happens to one of six people's records."""
    what, who, score, when, value = step
    response, request = load(Response, f"p{who}-1"), load(SurveyRequest, f"p{who}-1")
    at = TIMES[when]
    match what:
        case "answer" | "edit" if response is None:
            properties = {"plan": VALUES[value], "region": f"r{score % 3}", "name": "not counted"}
            values: dict[str, Any] = {"score": score, "commented": score % 2 == 0, "properties": properties}
            values["account_id"] = ("", "north", "south")[value % 3]
            one = Response(id=f"p{who}-1", project="acme", person=f"p{who}", created_at=at, updated_at=at, **values)
            records().write(created(one))
        case "edit" if response and not response.erased:
            records().write(changed(replace(response, score=score, commented=value % 2 == 0, updated_at=at)))
        case "choose" if response is None:
            one = Response(id=f"p{who}-1", project="acme", person=f"p{who}", score=score, created_at=at, updated_at=at)
            doubt = ("", "several scores within a minute")[value % 2]
            records().write(created(replace(one, partial=True, quarantine=doubt, properties={"plan": VALUES[value]})))
        case "choose" if response.partial and not response.counts and not response.erased:
            records().write(changed(replace(response, score=score)))
        case "mature" if response and response.partial and not response.counts and not response.erased:
            records().write(changed(replace(response, quarantine="", matured_at=at, created_at=at)))
        case "send" if response and response.partial and not response.erased:
            began = response.created_at if response.counts else at
            sent = replace(response, score=score, partial=False, quarantine="", created_at=began, commented=True)
            records().write(changed(sent))
        case "erase" if response and not response.erased:
            kept = {name: response.properties[name] for name in ("plan", "region") if name in response.properties}
            records().write(changed(replace(response, erased=True, comment="", properties=kept, account_id="")))
        case "ask" if request is None:
            state = (RequestState.SCHEDULED, RequestState.THROTTLED, RequestState.SUPPRESSED)[score % 3]
            new = SurveyRequest(f"p{who}-1", "acme", f"p{who}", at, state, scheduled_at=at, expires_at=at + 9_000_000)
            records().write(created(new))
        case "move" if request is not None:
            records().write(changed(moved(request, score, at)))


def moved(request: SurveyRequest, which: int, at: int) -> SurveyRequest:
    return (
        replace(request, state=RequestState.ACTIVE, sent_at=request.sent_at or at),
        replace(request, sent_at=request.sent_at or at, delivered_at=at),
        replace(request, sent_at=request.sent_at or at, bounced_at=at, state=RequestState.SUPPRESSED),
        replace(request, state=RequestState.RESPONDED, responded_at=at),
        replace(request, state=RequestState.CANCELLED),
        replace(request, robot_at=at),
    )[which % 6]


def recounted(world: World, project: Project) -> Counter[CounterKey]:
    """What the counters must hold, from the final records."""
    zone, total = ZoneInfo(project.time_zone), Counter[CounterKey]()
    known = {
        name: (metrics().get(keys.registry(project.id, name)) or {"known": set()})["known"]
        for name in project.dimensions
    }
    for item in (item_from_wire(wire) for wire in world.dynamodb.snapshot(RECORDS).values()):
        if item["kind"] == "response":
            day = datetime.fromtimestamp(item["created_at"], zone).strftime("%Y-%m-%d")
            if item.get("quarantine") or (item.get("partial") and not item.get("matured_at")):
                name = "quarantined" if item.get("quarantine") else "partial"
                total.update(CounterKey(day[:7], row, name) for row in ("all", f"day#{day}"))
                continue
            names = [f"h{item['score']}"] + (["commented"] if item.get("commented") else [])
            total.update(CounterKey(day[:7], row, name) for row in ("all", f"day#{day}") for name in names)
            if account := item.get("account_id"):
                name = f"account#{hashlib.sha256(account.encode()).hexdigest()[:20]}"
                total[CounterKey(day[:7], name, f"h{item['score']}")] += 1
            for dimension in project.dimensions:
                if value := item["properties"].get(dimension, "").strip()[:100]:
                    told = value if value in known[dimension] else "other"
                    total[CounterKey(day[:7], f"dim#{dimension}#{told}", f"h{item['score']}")] += 1
        elif item["kind"] == "request":
            refused = item["state"] in ("throttled", "suppressed") and not item.get("sent_at")
            at = item["created_at"] if refused else item.get("sent_at")
            if not at:
                continue
            day = datetime.fromtimestamp(at, zone).strftime("%Y-%m-%d")
            bounced = bool(item.get("bounced_at"))
            names = [item["state"]] if refused else ["sent"]
            if not refused:
                names += ["bounced"] * bounced + ["answered"] * bool(item.get("responded_at"))
                names += ["delivered"] * (bool(item.get("delivered_at")) and not bounced)
            total.update(CounterKey(day[:7], row, name) for row in ("all", f"day#{day}") for name in names)
    return total


def count(batch: Sequence[StreamRecord]) -> None:
    """What the handler does with a batch, without its log."""
    images = stream_store.read([one.event() for one in batch])
    assert images.poison == []
    for project_id, group in fold.newest(images.records).items():
        fold.count(project_id, group)


def fresh_world(world: World) -> World:
    """Every example begins with an empty installation."""
    forget()
    world.dynamodb.__init__()  # type: ignore[misc]
    return world


@settings(max_examples=1000)
@given(steps=STEPS, zone=st.sampled_from(ZONES), seed=st.integers(0, 2**32))
def test_given_any_delivery_when_all_records_came_through_then_counters_equal_a_recount(
    world: World, steps: list[Step], zone: str, seed: int
) -> None:
    fresh_world(world)
    project = world.project(time_zone=zone, dimensions=["plan", "region"])
    for step in steps:
        play(step)
    chaos = Chaos(world.dynamodb, Random(seed), on_death=counters._known_values.clear)

    chaos.deliver(world.stream("response", "request"), count)

    assert counters.all_months(project.id, MONTHS) == recounted(world, project)
    assert world.dynamodb.largest_transaction <= 100


@settings(max_examples=200)
@given(before=STEPS, after=STEPS, seed=st.integers(0, 2**32))
def test_given_a_counted_history_when_records_change_again_then_counters_follow(
    world: World, before: list[Step], after: list[Step], seed: int
) -> None:
    fresh_world(world)
    project = world.project(time_zone="Europe/Berlin", dimensions=["region"])
    for part in (before, after):
        for step in part:
            play(step)
        Chaos(world.dynamodb, Random(seed)).deliver(world.stream("response", "request"), count)
        assert counters.all_months(project.id, MONTHS) == recounted(world, project)


@pytest.mark.parametrize("fault", ["before", "lost", "conflict", "throttled", "die", "die after"])
def test_given_a_fault_at_each_single_call_then_the_repeated_batch_counts_once(world: World, fault: str) -> None:
    steps = [("answer", who, who + 4, 2, who) for who in range(5)] + [("ask", 1, 0, 0, 0), ("move", 1, 3, 1, 0)]
    for position in range(12):
        fresh_world(world)
        project = world.project(dimensions=["plan"])
        for step in steps:
            play(step)
        batch, first = world.stream("response", "request"), len(world.dynamodb.calls)
        world.dynamodb.fault = lambda operation, number, at=first + position: fault if number == at else None
        with suppress(*EXPECTED):
            count(batch)
        counters._known_values.clear()
        world.dynamodb.fault = None
        count(batch)
        assert counters.all_months(project.id, MONTHS) == recounted(world, project)


def test_given_an_edit_then_its_old_score_leaves_and_its_new_one_enters_every_row(world: World) -> None:
    project = world.project(dimensions=["plan"])
    for step in (("answer", 1, 3, 0, 0), ("edit", 1, 9, 5, 0)):
        play(step)
        count(world.stream("response"))
    rows = {(key.row, key.name): value for key, value in counters.all_months(project.id, MONTHS).items()}
    assert rows == {
        ("all", "h9"): 1, ("day#2026-01-31", "h9"): 1, ("dim#plan#gold", "h9"): 1,
        ("all", "commented"): 1, ("day#2026-01-31", "commented"): 1,
    }  # fmt: skip
