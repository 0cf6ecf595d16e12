"""Figures over time, by segment and by account: right to the day, and nothing told of a few."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.score import handler as score
from shared.domain import intervals
from shared.domain.accounts import account_histogram
from shared.domain.errors import InvalidError
from shared.domain.intervals import MOST_POINTS, Interval
from shared.domain.monthly import Month
from shared.domain.nps import COUNTS_FROM, Histogram
from shared.domain.responses import Response
from shared.domain.segments import Groups, compare, hidden_in, with_rest
from shared.store import counters
from shared.store.records import created
from shared.store.table import records
from tests.fakes.calls import Api
from tests.fakes.world import DAY, World, batch, moment

ZONE = "Europe/Berlin"
NOW = moment("2026-04-10 12:00:00", ZONE)


def alike(score: int, n: int) -> Histogram:
    return Histogram(tuple(n if one == score else 0 for one in range(11)))


def answered(world: World, answers: Sequence[tuple[str, int, dict[str, str]]]) -> None:
    """Answers of a project in Berlin, counted."""
    for number, (at, given_score, properties) in enumerate(answers):
        when = moment(at, ZONE)
        account = properties.get("account_id", "")
        one = Response(f"p{number}-1", "acme", f"p{number}", given_score, when, when, properties=properties)
        records().write(created(replace(one, account_id=account)))
    stream = world.stream("response")
    for start in range(0, len(stream), 100):
        score.handle(batch(stream[start : start + 100]), world.context)


def installation(world: World) -> Api:
    world.now = NOW
    world.project(time_zone=ZONE, dimensions=["plan"])
    return Api.of(world)


# Series


def test_given_answers_around_midnight_then_each_is_in_the_day_of_the_project(world: World) -> None:
    api = installation(world)
    answered(world, [
        ("2026-03-28 23:59:59", 10, {}), ("2026-03-29 00:00:00", 9, {}), ("2026-03-29 23:59:59", 3, {}),
        ("2026-03-31 00:00:00", 7, {}),
    ])  # fmt: skip
    query = f"interval=day&since={moment('2026-03-28 20:00:00', ZONE)}&until={moment('2026-03-31 00:00:00', ZONE)}"
    body = api.call("GET", "metrics/series", query=query).body
    assert (body["since"], body["until"]) == (
        moment("2026-03-28 00:00:00", ZONE), moment("2026-03-31 23:59:59", ZONE),
    )  # fmt: skip
    told = [(point["start"], point["nps"], point["response_count"]) for point in body["points"]]
    assert told == [("2026-03-28", 100, 1), ("2026-03-29", 0, 2), ("2026-03-30", None, 0), ("2026-03-31", 0, 1)]
    assert body["points"][1]["histogram"] == [0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0]
    assert body["points"][1]["interval"] is not None
    assert body["points"][2]["interval"] is None


def test_given_weeks_then_they_begin_on_monday_and_hold_the_range(world: World) -> None:
    api = installation(world)
    answered(world, [("2026-03-29 12:00:00", 10, {}), ("2026-03-30 12:00:00", 2, {}), ("2026-04-05 12:00:00", 2, {})])
    body = api.call("GET", "metrics/series", query="interval=week&since=2026-03-29T12:00:00").body
    told = [
        (point["start"], point["end"], point["promoter_count"], point["detractor_count"]) for point in body["points"]
    ]
    assert told == [
        ("2026-03-23", "2026-03-29", 1, 0), ("2026-03-30", "2026-04-05", 0, 2), ("2026-04-06", "2026-04-12", 0, 0),
    ]  # fmt: skip


def test_given_no_range_then_there_are_twelve_months_up_to_this_one(world: World) -> None:
    api = installation(world)
    answered(world, [("2025-05-01 00:00:00", 10, {}), ("2025-04-30 23:59:59", 10, {}), ("2026-04-01 00:00:00", 1, {})])
    points = api.call("GET", "metrics/series").body["points"]
    assert [points[0]["start"], points[-1]["end"], len(points)] == ["2025-05-01", "2026-04-30", 12]
    assert [point["nps"] for point in points] == [100, *[None] * 10, -100]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("interval=day&since=2025-04-01", "since"),
        ("interval=day&since=0", "since"),
        ("interval=month&since=99999999999", "since"),
        ("interval=week&since=2026-04-01&until=2026-03-01", "since"),
        ("interval=hour", "interval"),
        ("interval=day&property=plan&value=gold", "interval"),
        ("property=plan", "value"),
        ("value=gold", "property"),
        ("property=role&value=x", "property"),
        ("trend_id=1", "trend_id"),
    ],
)
def test_given_a_series_that_cannot_be_told_then_the_field_is_named(world: World, query: str, field: str) -> None:
    answer = installation(world).call("GET", "metrics/series", query=query)
    assert (answer.status, list(answer.body["errors"])) == (422, [field])


@settings(max_examples=200)
@given(
    interval=st.sampled_from(Interval),
    since=st.integers(NOW - 500 * DAY, NOW),
    length=st.integers(0, 500 * DAY),
    zone=st.sampled_from((ZONE, "America/Santiago", "Asia/Kolkata", "Pacific/Apia")),
)
def test_given_any_range_then_its_intervals_hold_it_without_gap_or_overlap(
    interval: Interval, since: int, length: int, zone: str
) -> None:
    until, place = min(since + length, NOW), ZoneInfo(zone)
    try:
        found = intervals.series(interval, since, until, now=NOW, zone=place)
    except InvalidError:
        assert until - since > (MOST_POINTS[interval] - 1) * DAY
        return
    assert found[0].since(place) <= since <= found[0].until(place)
    assert found[-1].since(place) <= until <= found[-1].until(place)
    assert all(after.first == before.last + timedelta(days=1) for before, after in pairwise(found))
    assert all(after.since(place) == before.until(place) + 1 for before, after in pairwise(found))


def test_given_the_longest_series_then_one_point_more_is_too_many() -> None:
    place = ZoneInfo("UTC")
    for interval, most in MOST_POINTS.items():
        found = intervals.series(interval, _back(interval, most - 1), NOW, now=NOW, zone=place)
        assert len(found) == most
        with pytest.raises(InvalidError):
            intervals.series(interval, _back(interval, most), NOW, now=NOW, zone=place)


def _back(interval: Interval, count: int) -> int:
    if interval is Interval.MONTH:
        return Month("2026-04", ZoneInfo("UTC")).trailing(count + 1)[0].start
    return NOW - count * DAY * (7 if interval is Interval.WEEK else 1)


# Segments


GROUPS = st.dictionaries(
    st.one_of(st.none(), st.sampled_from("abcdefgh")),
    st.tuples(st.integers(0, 10), st.integers(1, 14)).map(lambda one: alike(*one)),
    max_size=9,
)


@settings(max_examples=500)
@given(now=GROUPS, previous=GROUPS)
def test_given_any_segments_then_no_small_one_can_be_had_by_subtraction(now: Groups, previous: Groups) -> None:
    comparison = compare(now, previous)
    told = {one.value for one in comparison.segments if one.shown != "hidden"}
    left = [one.n for value, one in now.items() if value not in told]
    # What the whole minus the shown leaves is nothing, or several segments with enough answers, or everything there is.
    assert not left or not told or (len(left) > 1 and sum(left) >= COUNTS_FROM)
    assert all(now[value].n >= COUNTS_FROM for value in told)
    assert {one.value for one in comparison.segments} == set(now)
    assert all(one.histogram == Histogram() for one in comparison.segments if one.shown == "hidden")
    assert comparison.hidden_count in (None, sum(left))
    for one in comparison.segments:
        if one.change:
            assert one.value not in hidden_in(previous)
            assert min(now[one.value].n, previous[one.value].n) >= 10
            assert one.change.points == (now[one.value].score() or 0) - (previous[one.value].score() or 0)


@pytest.mark.parametrize(
    ("sizes", "hidden", "count"),
    [
        ({"a": 30, "b": 20}, set(), None),
        ({"a": 30, "b": 20, "c": 4}, {"b", "c"}, 24),
        ({"a": 30, "b": 20, "c": 3, "d": 2}, {"c", "d"}, 5),
        ({"a": 30, "b": 20, "c": 2, "d": 2}, {"b", "c", "d"}, 24),
        ({"a": 4}, {"a"}, None),
        ({"a": 1, "b": 1}, {"a", "b"}, None),
    ],
)
def test_given_a_small_segment_then_it_is_not_hidden_alone(sizes: Any, hidden: set[str], count: int | None) -> None:
    comparison = compare({value: alike(9, n) for value, n in sizes.items()}, {})
    assert {one.value for one in comparison.segments if one.shown == "hidden"} == hidden
    assert comparison.hidden_count == count


def test_given_answers_without_a_value_then_they_are_a_segment_and_all_add_up() -> None:
    groups = with_rest({"a": alike(9, 7), "b": alike(2, 5)}, alike(9, 10) + alike(2, 6))
    assert groups == {"a": alike(9, 7), "b": alike(2, 5), None: alike(9, 3) + alike(2, 1)}


def test_given_two_quarters_then_segments_tell_their_change_and_whether_it_is_chance(world: World) -> None:
    api = installation(world)
    before = [("2025-12-05 12:00:00", 10, {"plan": "gold"})] * 30 + [("2025-12-05 12:00:00", 9, {"plan": "iron"})] * 11
    now = [("2026-03-05 12:00:00", 2, {"plan": "gold"})] * 30 + [("2026-04-09 12:00:00", 9, {"plan": "iron"})] * 6
    answered(world, [*before, *now, ("2026-04-09 12:00:00", 9, {"plan": "tin"}), ("2026-04-09 12:00:00", 9, {})])
    body = api.call("GET", "metrics/segments", query="property=plan").body
    assert (body["since"], body["until"]) == (
        moment("2026-02-01 00:00:00", ZONE), moment("2026-04-30 23:59:59", ZONE),
    )  # fmt: skip
    assert body["previous"]["since"] == moment("2025-11-01 00:00:00", ZONE)
    told = [(one["value"], one["shown"], one["nps"], one["response_count"], one["change"]) for one in body["segments"]]
    assert told == [
        ("gold", "score", -100, 30, {"points": -200, "significant": True}),
        (None, "hidden", None, None, None),
        ("iron", "hidden", None, None, None),
        ("tin", "hidden", None, None, None),
    ]
    assert body["hidden_count"] == 8


def test_given_one_segment_over_time_then_months_with_few_answers_tell_less(world: World) -> None:
    api = installation(world)
    months = [("2026-02-05 12:00:00", 12), ("2026-03-05 12:00:00", 6), ("2026-04-05 12:00:00", 3)]
    gold = [(at, 9, {"plan": "gold"}) for at, n in months for _ in range(n)]
    iron = [(at, 3, {"plan": "iron"}) for at, n in months for _ in range(20)]
    answered(world, [*gold, *iron])
    for value, expected in (
        ("gold", [("score", 100, 12), ("counts", None, 6), ("hidden", None, None)]),
        ("iron", [("score", -100, 20), ("score", -100, 20), ("hidden", None, None)]),
        ("tin", [("hidden", None, None)] * 3),
    ):
        points = api.call("GET", "metrics/series", query=f"property=plan&value={value}&since=2026-02-03").body["points"]
        assert [(point["shown"], point["nps"], point["response_count"]) for point in points] == expected


@pytest.mark.parametrize(
    ("query", "field"),
    [("", "property"), ("property=role", "property"), ("property=plan&since=2024-04-30", "since"),
     ("property=plan&since=2026-03-01&until=2026-02-01", "since")],
)  # fmt: skip
def test_given_segments_that_cannot_be_told_then_the_field_is_named(world: World, query: str, field: str) -> None:
    answer = installation(world).call("GET", "metrics/segments", query=query)
    assert (answer.status, list(answer.body["errors"])) == (422, [field])


# Accounts


@pytest.mark.parametrize(
    ("scores", "category"),
    [([9], 9), ([10, 8], 9), ([10, 10, 6], 8), ([9, 8], 8), ([7, 7], 7), ([7, 6], 6), ([10, 0], 5), ([0], 0)],
)
def test_given_an_account_then_the_mean_of_its_answers_rounded_down_classifies_it(
    scores: list[int], category: int
) -> None:
    one = sum((alike(score, 1) for score in scores), start=Histogram())
    assert account_histogram([one]) == alike(category, 1)


def test_given_accounts_then_each_counts_once_over_all_months_of_the_range(world: World) -> None:
    api = installation(world)
    big = [("2026-02-05 12:00:00", 10, {"account_id": "a1"})] * 30 + [("2026-04-05 12:00:00", 9, {"account_id": "a1"})]
    small = [("2026-03-05 12:00:00", score, {"account_id": "a2"}) for score in (10, 3)]
    old = [("2026-01-31 23:59:59", 0, {"account_id": "a3"})]
    answered(world, [*big, *small, *old, ("2026-03-05 12:00:00", 5, {})])
    body = api.call("GET", "metrics/accounts").body
    assert (body["nps"], body["account_count"], body["promoter_count"], body["detractor_count"]) == (0, 2, 1, 1)
    assert (body["response_count"], body["without_account_count"]) == (33, 1)
    assert "mean" in body["rule"]
    wider = api.call("GET", "metrics/accounts", query="since=2026-01-15").body
    assert (wider["nps"], wider["account_count"], wider["detractor_count"]) == (-33, 3, 2)
    assert not [row for row in counters.month_rows("acme", "2026-04") if row.startswith("account")]
    assert "a1" not in str([key for key in world.dynamodb.snapshot("metrics") if "account" in key[0]])


def test_given_no_answers_then_every_figure_says_so(world: World) -> None:
    api = installation(world)
    assert api.call("GET", "metrics/accounts").body["nps"] is None
    assert api.call("GET", "metrics/segments", query="property=plan").body["segments"] == []
    assert date.fromisoformat(api.call("GET", "metrics/series").body["points"][-1]["end"]) == date(2026, 4, 30)
