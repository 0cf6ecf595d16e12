"""The score function: the cap on values, the size of transactions, and records that can never be counted."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.score import handler
from shared.domain.counting import Change, CounterKey, LedgerEntry, transactions
from shared.domain.project import MAX_DIMENSION_VALUES
from shared.domain.responses import Response
from shared.outside import queues
from shared.store import counters
from shared.store.attributes import item_to_wire, to_wire
from shared.store.records import created, to_item
from shared.store.table import records
from tests.fakes.dynamodb import StreamRecord
from tests.fakes.world import START, World, batch

MONTH = "2026-03"
PARKED = "https://sqs.example.com/score-parked"


def respond(number: int, score: int = 9, project: str = "acme", **properties: str) -> None:
    one = Response(f"p{number}-1", project, f"p{number}", score, START, START, properties=properties)
    records().write(created(one))


def rows(*names: str) -> Counter[tuple[str, str]]:
    every = counters.all_months("acme", [MONTH])
    return Counter({(k.row, k.name): n for k, n in every.items() if k.row.startswith(names or "")})


def test_given_more_values_than_200_then_the_others_are_one_segment_and_every_answer_is_in_one(world: World) -> None:
    world.project(dimensions=["plan"])
    for number in range(260):
        respond(number, plan=f"value {number}")
    for start in range(0, 260, 100):
        handler.handle(batch(world.stream("response")[start : start + 100]), world.context)
    counters._known_values.clear()
    handler.handle(batch(world.stream("response")), world.context)

    told = rows("dim#")
    assert sum(told.values()) == 260
    assert told.pop(("dim#plan#other", "h9")) == 60
    assert (len(told), set(told.values())) == (MAX_DIMENSION_VALUES, {1})
    assert rows("all") == {("all", "h9"): 260}


def test_given_the_cap_is_reached_then_known_values_still_count_as_themselves(world: World) -> None:
    world.project(dimensions=["plan"])
    for number in range(201):
        respond(number, plan=f"value {number}")
    handler.handle(batch(world.stream("response")), world.context)
    counters._known_values.clear()
    own = next(row for row, _ in rows("dim#") if row != "dim#plan#other").removeprefix("dim#plan#")
    respond(500, plan=own)
    respond(501, plan="yet another")
    handler.handle(batch(world.stream("response")), world.context)
    assert rows("dim#")[f"dim#plan#{own}", "h9"] == 2
    assert rows("dim#")["dim#plan#other", "h9"] == 2


@settings(max_examples=200)
@given(
    st.lists(st.sets(st.integers(0, 400), min_size=0, max_size=40), max_size=120),
)
def test_given_any_changes_then_each_is_in_one_transaction_of_at_most_100_actions(touched: list[set[int]]) -> None:
    changes = [
        Change(f"response:{n}", LedgerEntry(1), {CounterKey(MONTH, f"row{row}", "h1"): 1 for row in some})
        for n, some in enumerate(touched)
    ]
    groups = transactions(changes)
    assert [one for group in groups for one in group] == changes
    assert all(len(group) + len({key.row for one in group for key in one.difference}) <= 100 for group in groups)


def test_given_a_full_batch_of_different_segments_then_no_transaction_is_too_large(world: World) -> None:
    names = [f"d{n}" for n in range(8)]
    world.project(dimensions=names)
    for number in range(100):
        respond(number, number % 11, **{name: f"{name} of {number}" for name in names})
    handler.handle(batch(world.stream("response")), world.context)
    assert 90 <= world.dynamodb.largest_transaction <= 100
    assert sum(n for (row, _), n in rows().items() if row == "all") == 100
    assert sum(n for (row, _), n in rows("dim#").items()) == 800


def poisoned(**changes: Any) -> StreamRecord:
    item = item_to_wire(to_item(Response("bad-1", "acme", "bad", 9, START, START, rev=1)))
    for name, value in changes.items():
        item[name] = to_wire(value)
    return StreamRecord("PERSON#bad", "ASK#bad-1#RESPONSE", None, item)


@pytest.mark.parametrize(
    "changes",
    [
        {"score": 11}, {"score": "nine"}, {"score": -1}, {"rev": 0}, {"rev": "first"}, {"created_at": "today"},
        {"created_at": 10**15}, {"kind": "novelty"}, {"properties": "gold"}, {"properties": {"plan": 5}},
        {"project": "nobody"}, {"project": 5}, {"tags": 5},
    ],
    ids=str,
)  # fmt: skip
def test_given_a_record_that_can_never_be_counted_then_it_is_parked_and_the_others_are_counted(
    world: World, changes: dict[str, Any]
) -> None:
    world.project(dimensions=["plan"])
    respond(1, 9, plan="gold")
    respond(2, 3, plan="gold")
    first, second = world.stream("response")

    handler.handle(batch([first, poisoned(**changes), second]), world.context)

    assert rows("all", "dim#") == {
        ("all", "h9"): 1, ("all", "h3"): 1, ("dim#plan#gold", "h9"): 1, ("dim#plan#gold", "h3"): 1,
    }  # fmt: skip
    (parked,) = world.sqs.take(PARKED)
    assert "bad-1" in str(parked)
    assert "nine" not in str(parked)


def test_given_the_parked_queue_is_away_then_the_batch_fails_and_its_repetition_counts_nothing_twice(
    world: World,
) -> None:
    world.project()
    respond(1)
    told = batch([*world.stream("response"), poisoned(score=11)])
    world.sqs.refuse = True
    with pytest.raises(queues.QueueError):
        handler.handle(told, world.context)
    handler.handle(told, world.context)
    assert rows("all") == {("all", "h9"): 1}
    assert len(world.sqs.take(PARKED)) == 1


def test_given_two_projects_in_a_batch_then_each_has_its_own_counters(world: World) -> None:
    world.project()
    world.project("other")
    respond(1, 9)
    respond(2, 2, project="other")
    handler.handle(batch(world.stream("response")), world.context)
    assert rows("all") == {("all", "h9"): 1}
    assert counters.all_months("other", [MONTH])[CounterKey(MONTH, "all", "h2")] == 1


def test_given_a_timer_claimed_by_wake_then_nothing_is_counted(world: World) -> None:
    world.project()
    world.invited()
    old = world.stream("request")[-1].new
    assert old is not None
    claimed = StreamRecord("PERSON#p1", "x", old, old | {"due_sk": {"S": "later"}})
    handler.handle(batch([claimed]), world.context)
    assert "LEDGER#" not in str(world.dynamodb.snapshot("metrics").keys())


def test_given_a_value_that_holds_the_separator_then_it_is_a_segment_of_its_own(world: World) -> None:
    world.project(dimensions=["a", "b"])
    respond(1, 9, a="b#c|d", b="c")
    handler.handle(batch(world.stream("response")), world.context)
    assert sum(rows("dim#").values()) == 2
    assert rows("dim#a#") == {("dim#a#b#c|d", "h9"): 1}
