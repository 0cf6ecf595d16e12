"""Trends: made, changed and removed, and every answer counted once in each that it matches, early or late.

The recount of the property tests is that of `test_score_exactly_once`, with trends counted by hand.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.api import figures
from functions.score import handler as score
from functions.score import recount
from shared.domain.counting import CounterKey
from shared.domain.errors import ConflictError, NotFoundError
from shared.domain.project import Project
from shared.domain.requests import RequestState, SurveyRequest
from shared.domain.responses import Response
from shared.store import counters, projects, recounts, trends
from shared.store.attributes import item_from_wire
from shared.store.records import changed, created
from shared.store.table import records
from tests.fakes.calls import Api
from tests.fakes.chaos import EXPECTED, Chaos
from tests.fakes.dynamodb import StreamRecord
from tests.fakes.world import DAY, RECORDS, START, World, batch
from tests.fakes.world import settings as project_settings
from tests.unit.test_score_exactly_once import MONTHS, STEPS, Step, count, fresh_world, play, recounted

FILTERS: Sequence[dict[str, Any]] = (
    {"plan": ("gold",)},
    {"plan": ("gold", "silver"), "region": ("r0", "r1")},
    {"region": ("r2",)},
    {"colour": ("red",)},
)


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    # No answer of these tests is older; walking through the years before costs the fake a second each time.
    monkeypatch.setattr(recount, "EARLIEST", START - 100 * DAY)


def answer(number: int, given_score: int = 9, at: int = START, **properties: str) -> None:
    one = Response(f"p{number}-1", "acme", f"p{number}", given_score, at, at, properties=properties)
    records().write(created(one))


def run(world: World) -> list[recount.Progress]:
    return list(recount.run(world.now, lambda: False))


def recount_all(world: World) -> None:
    world.now += recounts.FENCE_SECONDS
    assert all(one.done for one in run(world))


def in_trend(trend_id: str) -> dict[str, int]:
    """How often each score was given in a trend."""
    found: Counter[str] = Counter()
    for key, value in counters.all_months("acme", MONTHS).items():
        if key.row.startswith(f"trend#{trend_id}#"):
            found[key.name] += value
    return dict(found)


# The calls


def test_given_a_trend_then_it_is_made_read_changed_and_removed(world: World) -> None:
    world.project()
    api = Api.of(world)
    made = api.call("POST", "trends", json_body={"name": "Gold", "filter": {"plan": "Gold", "region": ["EU", " US "]}})
    assert made.status == 201
    kept = {"id": made.body["id"], "name": "Gold", "filter": {"plan": ["Gold"], "region": ["EU", "US"]}}
    assert made.body == kept | {"counted": False}
    assert api.call("GET", "trends").body == [kept | {"counted": False}]
    recount_all(world)
    path = f"trends/{made.body['id']}"
    assert api.call("GET", path).body == kept | {"counted": True}
    assert api.call("PUT", path, json_body={"name": "Best"}).body == kept | {"name": "Best", "counted": True}
    assert api.call("PUT", path, json_body={"filter": {"plan": 7}}).body["filter"] == {"plan": ["7"]}
    assert api.call("GET", path).body["counted"] is False
    assert api.call("DELETE", path).body == {"ok": True}
    assert [api.call(method, path, json_body=body).status for method, body in
            (("GET", None), ("PUT", {"name": "x"}), ("DELETE", None))] == [404, 404, 404]  # fmt: skip
    assert api.call("GET", "trends").body == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "x"}, "filter"), ({"filter": {"plan": "a"}}, "name"), ({"name": "", "filter": {"plan": "a"}}, "name"),
        ({"name": "x\ny", "filter": {"plan": "a"}}, "name"), ({"name": "Known", "filter": {"plan": "a"}}, "name"),
        ({"name": "x", "filter": {}}, "filter"), ({"name": "x", "filter": {"plan": []}}, "filter"),
        ({"name": "x", "filter": {"plan": ""}}, "filter"), ({"name": "x", "filter": {"": "a"}}, "filter"),
        ({"name": "x", "filter": {"plan": {"a": 1}}}, "filter"), ({"name": "x", "filter": {"plan": [None]}}, "filter"),
        ({"name": "x", "filter": "plan"}, "filter"), ({"name": "x", "filter": {"account_id": "a"}}, "filter"),
        ({"name": "x", "filter": {"plan": "a" * 2000}}, "filter"), ({"name": "x" * 101, "filter": {"p": "a"}}, "name"),
        ({"name": "x", "filter": {f"p{n}": "a" for n in range(9)}}, "filter"),
    ],
    ids=str,
)  # fmt: skip
def test_given_a_trend_that_cannot_be_then_the_field_is_named(world: World, body: Any, field: str) -> None:
    world.project()
    api = Api.of(world)
    api.call("POST", "trends", json_body={"name": "Known", "filter": {"plan": "a"}})
    reply = api.call("POST", "trends", json_body=body)
    assert (reply.status, list(reply.body["errors"])) == (422, [field])
    assert len(api.call("GET", "trends").body) == 1


def test_given_twenty_trends_then_one_more_is_refused(world: World) -> None:
    world.project()
    api = Api.of(world)
    codes = [
        api.call("POST", "trends", json_body={"name": f"t{n}", "filter": {"plan": f"{n}"}}).status for n in range(21)
    ]
    assert codes == [201] * 20 + [422]


def test_given_a_trend_with_earlier_answers_then_its_figures_hold_before_and_after_they_are_counted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.project()
    api = Api.of(world)
    for number in range(12):
        answer(number, 9 if number < 9 else 2, plan="gold" if number % 3 else "iron")
    score.handle(batch(world.stream("response")), world.context)
    trend = api.call("POST", "trends", json_body={"name": "Gold", "filter": {"plan": "gold"}}).body["id"]

    with monkeypatch.context() as patched:
        patched.setattr(figures, "MOST_RECOUNTED", 11)
        for path, query in (("metrics", f"trend={trend}"), ("metrics/series", f"trend={trend}")):
            assert api.call("GET", path, query=query).status == 409
    query = f"trend={trend}&interval=day&since={START}&until={START}"
    early = api.call("GET", "metrics", query=f"trend={trend}").body, api.call("GET", "metrics/series", query=query).body
    assert api.call("GET", f"trends/{trend}").body["counted"] is False
    assert run(world) == []
    recount_all(world)
    assert api.call("GET", f"trends/{trend}").body["counted"] is True

    body = api.call("GET", "metrics", query=f"trend={trend}").body
    assert (body["response_count"], body["nps"], body["shown"]) == (8, None, "counts")
    assert (body["promoter_count"], body["detractor_count"]) == (6, 2)
    days = api.call("GET", "metrics/series", query=query).body
    (day,) = days["points"]
    assert (day["response_count"], day["nps"]) == (8, None)
    assert early == (body, days)
    # The edge of a range is counted from the answers themselves, by the same filter.
    part = api.call("GET", "metrics", query=f"trend={trend}&since={START}&until={START}").body
    assert part["response_count"] == 8
    listed = api.call("GET", "survey_responses", query=f"trend={trend}&per_page=100").body
    assert {one["person_properties"]["plan"] for one in listed} == {"gold"}
    assert len(listed) == 8


@pytest.mark.parametrize("path", ["metrics", "metrics/series", "survey_responses"])
def test_given_a_trend_that_is_not_there_then_the_parameter_is_named(world: World, path: str) -> None:
    world.project()
    reply = Api.of(world).call("GET", path, query="trend=none")
    assert (reply.status, list(reply.body["errors"])) == (422, ["trend"])


def test_given_a_trend_and_a_property_then_one_is_too_many(world: World) -> None:
    world.project(dimensions=["plan"])
    trend = trends.make("acme", "t1", "Gold", {"plan": ("gold",)}, world.now)
    reply = Api.of(world).call("GET", "metrics/series", query=f"trend={trend.id}&property=plan&value=gold")
    assert (reply.status, list(reply.body["errors"])) == (422, ["trend"])


def test_given_another_projects_trend_then_it_is_none_of_this_one(world: World) -> None:
    world.project()
    world.project("other")
    trends.make("other", "t1", "Gold", {"plan": ("gold",)}, world.now)
    assert Api.of(world).call("GET", "trends/t1").status == 404


def test_given_an_erased_person_then_their_answer_stays_in_the_trend_and_nothing_else_of_them(world: World) -> None:
    world.project(dimensions=["region"])
    api = Api.of(world)
    world.person("p1")
    trends.make("acme", "t1", "Gold", {"plan": ("gold",)}, world.now)
    answer(1, 9, plan="gold", region="EU", colour="red", size="gold")
    answer(2, 9, plan="iron")
    score.handle(batch(world.stream("response")), world.context)
    assert api.call("DELETE", "people/p1").status == 202
    score.handle(batch(world.stream("response")), world.context)
    recount_all(world)
    assert in_trend("t1") == {"h9": 1}
    assert world.stored(Response, "p1-1").properties == {"plan": "gold", "region": "EU"}


# Counting again


def test_given_changed_and_removed_trends_then_their_counters_follow_and_go(world: World) -> None:
    world.project()
    trends.make("acme", "t1", "One", {"plan": ("gold",)}, world.now)
    answer(1, 9, plan="gold")
    answer(2, 3, plan="iron")
    score.handle(batch(world.stream("response")), world.context)
    assert in_trend("t1") == {"h9": 1}
    trends.change("acme", "t1", None, {"plan": ("iron",)}, world.now)
    recount_all(world)
    assert in_trend("t1") == {"h3": 1}
    trends.remove("acme", "t1", world.now)
    recount_all(world)
    assert in_trend("t1") == {}


def test_given_other_dimensions_or_days_then_everything_is_counted_again(world: World) -> None:
    world.project(dimensions=["plan"], time_zone="UTC")
    at = START - (START % DAY) - 1
    answer(1, 9, at, plan="gold", region="EU")
    request = SurveyRequest("p2-1", "acme", "p2", at, RequestState.THROTTLED, scheduled_at=at, expires_at=at + 9)
    records().write(created(request))
    score.handle(batch(world.stream("response", "request")), world.context)
    project = projects.save(project_settings(dimensions=["region"], time_zone="Asia/Kolkata"), now=world.now)
    recount_all(world)
    assert counters.all_months("acme", MONTHS) == expected(world, project)
    rows = {key.row for key in counters.all_months("acme", MONTHS)}
    assert rows == {"all", "day#2026-03-02", "dim#region#EU"}
    projects.save(project_settings(dimensions=["region"], time_zone="Asia/Kolkata", throttle_days=60), now=world.now)
    world.now += recounts.FENCE_SECONDS
    assert run(world) == []


def test_given_more_records_than_a_page_then_a_recount_ends_and_goes_on_where_it_was(world: World) -> None:
    world.project()
    for number in range(250):
        answer(number, number % 11, START + number // 60, plan="gold" if number % 2 else "iron")
    for start in range(0, 250, 100):
        score.handle(batch(world.stream("response")[start : start + 100]), world.context)
    trends.make("acme", "t1", "Gold", {"plan": ("gold",)}, world.now)
    world.now += recounts.FENCE_SECONDS
    pages = iter([False, True])
    (first,) = recount.run(world.now, lambda: next(pages))
    assert (first.read, first.moved, first.done) == (100, 50, False)
    (second,) = run(world)
    assert (second.read, second.moved, second.done) == (150, 75, True)
    assert sum(in_trend("t1").values()) == 125
    assert run(world) == []


def test_given_a_tick_then_score_goes_on_with_what_is_due(world: World) -> None:
    world.project()
    answer(1, 9, plan="gold")
    score.handle(batch(world.stream("response")), world.context)
    trends.make("acme", "t1", "Gold", {"plan": ("gold",)}, world.now)
    for wait, told in ((recounts.FENCE_SECONDS - 1, {}), (1, {"h9": 1})):
        world.now += wait
        score.handle({}, world.context)
        assert in_trend("t1") == told


def test_given_a_list_that_lags_then_the_recount_counts_the_record_itself(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.project()
    answer(1, 9, plan="gold")
    old = world.stored(Response, "p1-1")
    records().write(changed(replace(old, score=2)))
    score.handle(batch(world.stream("response")), world.context)
    trends.make("acme", "t1", "Gold", {"plan": ("gold",)}, world.now)
    monkeypatch.setattr(recount.lists, "by_time", lambda *_, after="", **__: iter([] if after else [old]))
    recount_all(world)
    assert in_trend("t1") == {"h2": 1}


def test_given_a_worker_with_old_rules_then_it_undoes_nothing_that_newer_ones_counted(world: World) -> None:
    world.project()
    answer(1, 9, plan="gold")
    old = world.stream("response")
    records().write(changed(replace(world.stored(Response, "p1-1"), score=3)))
    new = world.stream("response")[1:]

    reads: list[int] = []

    def meanwhile(operation: str, number: int) -> None:
        # A worker has read the rules and comes to the ledger; now the trend is made and another counts by it.
        reads.extend([number] * (operation == "batch_get_item"))
        if len(reads) == 2 and not trends.of("acme").every:
            trends.make("acme", "t1", "Gold", {"plan": ("gold",)}, world.now)
            count(old)

    world.dynamodb.meanwhile = meanwhile
    count(new)
    assert in_trend("t1") == {"h3": 1}
    count([*old, *new])
    assert in_trend("t1") == {"h3": 1}


TREND_STEPS = st.lists(
    st.tuples(st.sampled_from(("make", "make", "change", "remove")), st.integers(0, 2), st.integers(0, 3)), max_size=5
)
TrendStep = tuple[str, int, int]


def decide(step: TrendStep, now: int) -> None:
    """Something done to one of three trends."""
    what, which, filter_ = step
    name, known = f"t{which}", {one.id for one in trends.of("acme").every}
    match what:
        case "make" if name not in known:
            with suppress(ConflictError):
                trends.make("acme", name, name, FILTERS[filter_], now)
        case "change" if name in known:
            with suppress(NotFoundError):
                trends.change("acme", name, None, FILTERS[filter_], now)
        case "remove" if name in known:
            with suppress(NotFoundError):
                trends.remove("acme", name, now)


def expected(world: World, project: Project) -> Mapping[CounterKey, int]:
    """What the counters must hold, trends by hand."""
    total = recounted(world, project)
    every = [(one.id, one.filter) for one in trends.of(project.id).every]
    for item in (item_from_wire(wire) for wire in world.dynamodb.snapshot(RECORDS).values()):
        chosen_only = item.get("partial") and not item.get("matured_at")
        if item["kind"] != "response" or item.get("quarantine") or chosen_only:
            continue
        day = datetime.fromtimestamp(item["created_at"], project.zone).strftime("%Y-%m-%d")
        for name, filter_ in every:
            if all(item.get("properties", {}).get(one, "").strip() in values for one, values in filter_.items()):
                total[CounterKey(day[:7], f"trend#{name}#{day}", f"h{item['score']}")] += 1
    return total


class Interleaved:
    """Workers that count, between whose calls trends are made, changed and removed, and recounts run and die."""

    def __init__(self, world: World, dice: Random, decisions: list[TrendStep]) -> None:
        self.world, self.dice, self.decisions = world, dice, decisions

    def count(self, rows: Sequence[StreamRecord]) -> None:
        if self.decisions and self.dice.random() < 0.4:
            step = self.decisions.pop(0)
            decide(step, self.world.now)
        if self.dice.random() < 0.5:
            stop = [False] * self.dice.randint(0, 2)
            list(recount.run(self.world.now, lambda: stop.pop() if stop else True))
        count(rows)


@settings(max_examples=300)
@given(
    phases=st.lists(st.tuples(STEPS, TREND_STEPS), min_size=1, max_size=3),
    seed=st.integers(0, 2**32),
    page=st.integers(1, 5),
)
def test_given_any_order_of_answers_trends_recounts_and_crashes_then_counters_equal_a_recount(
    world: World, phases: list[tuple[list[Step], list[TrendStep]]], seed: int, page: int
) -> None:
    fresh_world(world)
    world.now = START
    dice, patch = Random(seed), pytest.MonkeyPatch()
    patch.setattr(recount, "PAGE", page)
    project = world.project(time_zone="America/New_York", dimensions=["plan"])
    told = 0
    for steps, decisions in phases:
        for step in steps:
            play(step)
        stream = world.stream("response", "request")
        workers = Interleaved(world, dice, list(decisions))
        chaos = Chaos(world.dynamodb, dice, on_death=counters._known_values.clear)
        chaos.deliver(stream[told:], workers.count)
        # No worker outlives the fence: what is counted from here on is counted by rules read from here on.
        told, world.now = len(stream), world.now + recounts.FENCE_SECONDS

    for _ in range(3):
        world.now += recounts.FENCE_SECONDS
        faults = Chaos(world.dynamodb, dice, faults=4)
        world.dynamodb.fault = faults._fault
        with suppress(*EXPECTED):
            run(world)
        world.dynamodb.fault = None
    assert all(one.done for one in run(world))
    assert counters.all_months(project.id, MONTHS) == expected(world, project)
    assert trends.uncounted("acme", trends.of("acme").every) == set()
    patch.undo()
