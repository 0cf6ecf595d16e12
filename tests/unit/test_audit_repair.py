"""Drift: found, told from what is on its way, and mended while counting goes on, whatever was damaged and when."""

from collections.abc import Sequence
from contextlib import suppress
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.score import handler as score
from functions.score import nightly
from local import audit, repair
from shared.domain.errors import BusyError
from shared.domain.project import Project
from shared.store import audits, counters, keys
from shared.store.audits import Audit
from shared.store.table import Add, Delete, metrics
from tests.fakes.chaos import EXPECTED
from tests.fakes.dynamodb import BEFORE, CONFLICT, DIE_AFTER, DIE_BEFORE, LOST
from tests.fakes.world import METRICS, START, World, moment
from tests.unit.test_score_exactly_once import MONTHS, STEPS, Step, count, fresh_world, play, recounted

UNTIL = moment("2026-06-01 00:00:00")


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repair, "PAUSE_SECONDS", 0)


def counted(world: World, steps: Sequence[Step]) -> Project:
    fresh_world(world)
    project = world.project(dimensions=["plan", "region"])
    for step in steps:
        play(step)
    count(world.stream("response", "request"))
    return project


def damage(world: World, dice: Random) -> None:
    """Counters that are too high, too low or gone, ledger rows that are gone; none, some or all."""
    for pk, sk in sorted(world.dynamodb.snapshot(METRICS)):
        if dice.random() > 0.4:
            continue
        if pk.startswith("COUNT#"):
            metrics().write(Delete(keys.Key(pk, sk)) if dice.random() < 0.3 else _off(pk, sk, dice))
        elif pk.startswith("LEDGER#"):
            metrics().write(Delete(keys.Key(pk, sk)))


def _off(pk: str, sk: str, dice: Random) -> Add:
    return Add(keys.Key(pk, sk), {f"h{dice.randint(0, 10)}": dice.choice([-3, -1, 1, 7]), "commented": 1})


MEND = st.sampled_from([repair.repair, repair.rebuild])


@settings(max_examples=150)
@given(steps=STEPS, later=STEPS, seed=st.integers(0, 2**32), mend=MEND)
def test_given_any_damage_when_repaired_while_score_runs_then_counters_equal_a_recount(
    world: World, steps: list[Step], later: list[Step], seed: int, mend: Any
) -> None:
    # given counters and a ledger that are damaged
    project, dice = counted(world, steps), Random(seed)
    damage(world, dice)

    # when they are mended while answers come in, are counted, and calls fail
    waiting = list(later)

    def meanwhile(operation: str, number: int) -> None:
        if waiting and dice.random() < 0.2:
            play(waiting.pop())
            if dice.random() < 0.7:
                count(world.stream("response", "request"))

    for _ in range(12):
        world.dynamodb.meanwhile = meanwhile
        faults = [BEFORE, LOST, CONFLICT, DIE_BEFORE, DIE_AFTER] if dice.random() < 0.5 else []
        world.dynamodb.fault = lambda operation, number, faults=faults: (
            dice.choice(faults) if faults and dice.random() < 0.03 else None
        )
        with suppress(*EXPECTED):
            mend(project, UNTIL)
            if not waiting:
                break
    world.dynamodb.meanwhile = world.dynamodb.fault = None
    for step in waiting:
        play(step)
    count(world.stream("response", "request"))
    if mend is repair.rebuild or dice.random() < 0.5:
        repair.repair(project, UNTIL)

    # then, all records counted, the counters are exact
    repair.repair(project, UNTIL)
    assert counters.all_months(project.id, MONTHS) == recounted(world, project)
    assert audit.audit(project, UNTIL).drift == {}


def test_given_repair_between_two_counts_then_what_was_counted_meanwhile_is_not_mended_away(world: World) -> None:
    # given a counter that is one too high
    project = counted(world, [("answer", 0, 9, 2, 0)])
    metrics().write(Add(keys.counters("acme", "2026-02", "all"), {"h9": 1}))

    # when an answer is counted right before the repair writes
    def at_the_write(operation: str, number: int) -> None:
        if operation == "transact_write_items" and not done:
            done.append(True)
            play(("answer", 1, 9, 2, 0))
            count(world.stream("response", "request"))

    done: list[bool] = []
    world.dynamodb.meanwhile = at_the_write
    assert repair.repair(project, UNTIL).mended == 1
    world.dynamodb.meanwhile = None

    # then both answers are counted, and the surplus is gone
    assert counters.all_months("acme", MONTHS) == recounted(world, project)


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("step", [("answer", 1, 9, 2, 0), ("edit", 0, 3, 2, 0), ("erase", 0, 0, 2, 0)])
def test_given_an_answer_counted_at_any_moment_of_a_repair_then_what_it_mends_is_exact(
    world: World, step: Step, times: int
) -> None:
    position, reached = 0, True
    while reached:
        # given a drifted counter
        project = counted(world, [("answer", 0, 9, 2, 0), ("answer", 2, 9, 2, 0)])
        metrics().write(Add(keys.counters("acme", "2026-02", "all"), {"h9": 4}))

        # when something is counted, once or twice, at this call of the repair
        start, reached = len(world.dynamodb.calls) + position, False

        def meanwhile(operation: str, number: int, start: int = start) -> None:
            nonlocal reached
            if number >= start and not reached:
                reached = True
                play(step)
                count(world.stream("response", "request"))
                if times == 2:
                    play(("edit", step[1], 5, 2, 0))
                    count(world.stream("response", "request"))

        world.dynamodb.meanwhile = meanwhile
        repair.repair(project, UNTIL)
        world.dynamodb.meanwhile = None

        # then the repair ended, and everything is exact
        assert counters.all_months("acme", MONTHS) == recounted(world, project), position
        position += 1
    assert position > 10


def test_given_two_repairs_at_once_then_what_lacks_is_added_once(world: World) -> None:
    project = counted(world, [("answer", 0, 9, 2, 0)])
    metrics().write(Add(keys.counters("acme", "2026-02", "all"), {"h9": 5}))
    done: list[bool] = []

    def other_first(operation: str, number: int) -> None:
        if operation == "transact_write_items" and not done:
            done.append(True)
            assert repair.repair(project, UNTIL).mended == 1

    world.dynamodb.meanwhile = other_first
    with pytest.raises(BusyError):
        repair.repair(project, UNTIL)
    world.dynamodb.meanwhile = None
    assert counters.all_months("acme", MONTHS) == recounted(world, project)


def test_given_the_ledger_is_wrong_as_its_counters_are_then_the_repair_believes_the_records(world: World) -> None:
    project = counted(world, [("answer", 0, 9, 2, 0)])
    key = keys.ledger("response:p0-1")
    item = metrics().get(key)
    assert item is not None
    wrong = {name.replace("h9", "h2"): amount for name, amount in item["amounts"].items()}
    world.dynamodb.put_item(
        TableName=METRICS,
        Item={
            **world.dynamodb.snapshot(METRICS)[key.pk, key.sk],
            "amounts": {"M": {name: {"N": str(amount)} for name, amount in wrong.items()}},
        },
    )
    repair.repair(project, UNTIL)
    assert counters.all_months("acme", MONTHS) == recounted(world, project)


def test_given_drift_when_told_then_each_key_is_named_and_repairing_ends_it(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    counted(world, [("answer", 0, 9, 2, 0)])
    metrics().write(Add(keys.counters("acme", "2026-02", "all"), {"h9": 4}))
    assert audit.run("acme") == 1
    assert "2026-02 all h9: counted 5, recounted 1" in capsys.readouterr().out
    assert audit.run("acme", mend=True) == 0
    assert "1 counters mended" in capsys.readouterr().out
    assert audit.run(None, rebuild=True) == 0


def test_given_a_difference_that_goes_away_then_it_is_no_drift() -> None:
    here, there = ("2026-02", "all", "h1"), ("2026-02", "all", "h2")
    first: Any = Audit(9, {here: (3, 4), there: (5, 1)})
    second: Any = Audit(9, {here: (4, 6), there: (7, 3)})
    assert audits.lasting(first, second).drift == {there: (7, 3)}


def nightly_drift(world: World) -> dict[str, int] | None:
    return score.handle({"audit": True}, world.context)


def test_given_a_night_then_two_months_of_responses_are_audited_and_the_drift_is_told(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    counted(world, [("answer", 0, 9, 2, 0), ("ask", 1, 0, 2, 0)])
    assert world.now == START
    assert nightly_drift(world) == {"drift": 0}
    metrics().write(
        Add(keys.counters("acme", "2026-02", "all"), {"h9": 1, "throttled": 5}),
        Add(keys.counters("acme", "2025-12", "all"), {"h9": 1}),
        Add(keys.counters("acme", "2026-03", "dim#plan#gold"), {"h0": 2}),
    )
    capsys.readouterr()
    assert nightly_drift(world) == {"drift": 2}
    assert '"CounterDrift":[2.0]' in capsys.readouterr().out.replace(" ", "")


def test_given_a_record_on_its_way_then_the_night_tells_no_drift(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    counted(world, [("answer", 0, 9, 2, 0)])
    play(("answer", 1, 3, 2, 0))
    monkeypatch.setattr(nightly.time, "sleep", lambda seconds: count(world.stream("response", "request")))
    assert nightly_drift(world) == {"drift": 0}


def test_given_rules_that_just_changed_then_the_night_leaves_the_project_alone(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    counted(world, [("answer", 0, 9, 2, 0)])
    world.project(dimensions=["region"])
    assert nightly_drift(world) == {"drift": 0}
    assert "AuditsUnfinished" in capsys.readouterr().out


def test_given_no_time_then_the_night_says_that_it_is_not_done(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    counted(world, [("answer", 0, 9, 2, 0)])
    world.context.get_remaining_time_in_millis = lambda: 0
    assert nightly_drift(world) == {"drift": 0}
    told = capsys.readouterr().out
    assert "AuditsUnfinished" in told
    assert "CounterDrift" not in told
