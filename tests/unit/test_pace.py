"""The pace: SES's rate used and never exceeded, slower when SES says so, and no mail lost when SES takes none."""

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.pacing import Simulation
from functions.deliver import turn
from functions.deliver.work import Done, work
from functions.wake.release import release
from shared.domain import pace
from shared.domain.mails import Mail, MailKind
from shared.domain.pace import AHEAD, LEAD, MOST_A_LINE, SECOND, Line, Quota, Standing
from shared.domain.requests import RequestState, SurveyRequest
from shared.outside.settings import setting
from shared.store import pace as store
from shared.store.records import created
from shared.store.table import records
from tests.fakes.scenes import MAIL, MESSAGE, alert, ready
from tests.fakes.services import ses_refusal
from tests.fakes.world import START, World

NOW = START * SECOND
DAILY = ses_refusal("Throttling", "Daily message quota exceeded.")
RATE = ses_refusal("Throttling", "Maximum sending rate exceeded.")
PAUSED = ses_refusal("AccountSendingPausedException")


def quota(rate: float = 14.0, a_day: float = 50_000.0, sent: float = 0.0) -> Quota:
    return Quota(rate, a_day, sent)


def taken(world: World, lane: str = "BULK") -> list[dict[str, str]]:
    return world.sqs.take(setting(f"{lane}_QUEUE"))


# The rules


@pytest.mark.parametrize(("rate", "mails"), [(1, 120), (14, 3_000), (200, 8_000), (1_000, 30_000)])
@pytest.mark.parametrize("throttle_every", [0, 60])
def test_given_many_workers_and_slow_answers_then_nine_tenths_of_the_rate_are_used_and_never_more_than_the_rate(
    rate: int, mails: int, throttle_every: int
) -> None:
    for seed in (1, 2):
        found = Simulation(rate, mails, Random(seed), throttle_every=throttle_every).run()
        assert found.mails == mails
        assert found.worst <= rate
        assert found.utilisation >= 0.9
        assert bool(found.throttled) is bool(throttle_every and mails / rate > 60)


def test_given_another_sender_in_the_account_then_throttling_leads_to_what_is_left_and_back() -> None:
    # given a line of 14 a second, throttled whenever more than 7 a second are used
    line, now, used = Line(0, rate=14_000, share=1000), NOW, []
    for _ in range(600):
        now += SECOND // 5
        if pace.share(line, now) > 500:
            line = pace.slowed(line, now)
        used.append(pace.share(line, now) / 500)
    # then two minutes later 80% of what is left or more are in use
    assert 0.8 <= min(used[300:]) <= max(used[300:]) <= 1.0
    # and once the other has gone, all of it within half a minute
    assert pace.share(line, now + 30 * SECOND) == 1000


def test_given_throttles_within_a_second_then_they_count_once_and_the_least_share_stays() -> None:
    line = pace.slowed(Line(0), NOW)
    assert line.share == 800
    assert pace.slowed(line, NOW + SECOND - 1) == line
    for n in range(1, 40):
        line = pace.slowed(line, NOW + n * SECOND)
    assert pace.share(line, line.slowed_at) >= 50


@given(rates=st.lists(st.integers(1, 1000), min_size=1, max_size=8))
def test_given_any_change_of_rate_then_the_open_lines_have_it_among_them(rates: list[int]) -> None:
    lines: list[Line] = []
    for rate in rates:
        lines = pace.learned(lines, rate)
        opened = [one for one in lines if pace.standing(one, NOW, today=START, urgent=False) is not Standing.CLOSED]
        assert sum(SECOND / pace.spacing(one, NOW) for one in opened) <= 0.95 * rate
        assert sum(SECOND / pace.spacing(one, NOW) for one in opened) >= 0.94 * rate
        assert all(rate / len(opened) <= MOST_A_LINE for _ in opened)


def test_given_a_full_line_then_bulk_waits_and_an_alert_does_not() -> None:
    line = Line(0, next_at=NOW + AHEAD + 1)
    assert pace.standing(line, NOW, today=START, urgent=False) is Standing.FULL
    assert pace.standing(line, NOW, today=START, urgent=True) is Standing.OPEN


@pytest.mark.parametrize(
    ("line", "asked", "waiting", "budget"),
    [
        (Line(0), quota(), 0, (840, 997)),
        (Line(0), quota(), 400, (840, 597)),
        (Line(0), quota(), 5000, (840, 0)),
        (Line(0), quota(a_day=200, sent=190), 0, (840, 6)),
        (Line(0), quota(a_day=200, sent=190), 4, (840, 2)),
        (Line(0), quota(a_day=200, sent=200), 0, (840, 0)),
        (Line(0), quota(a_day=-1, sent=10**7), 0, (840, 997)),
        (pace.stopped(Line(0), "x", START - 599, everything=True), quota(), 0, (0, 0)),
        (pace.stopped(Line(0), "x", START - 600, everything=True), quota(), 0, (1, 1)),
        (pace.stopped(Line(0), "x", START - 3599, everything=False), quota(), 0, (840, 0)),
        (pace.stopped(Line(0), "x", START - 3600, everything=False), quota(), 0, (840, 1)),
    ],
)
def test_given_quota_queue_and_stops_then_a_tick_hands_on_this_much(
    line: Line, asked: Quota, waiting: int, budget: tuple[int, int]
) -> None:
    found = pace.budget(line, asked, waiting=waiting, today=START)
    assert (found.prompt, found.bulk) == budget


# The lines in the table


def test_given_leases_one_after_the_other_then_slots_are_spaced_and_none_is_given_twice(world: World) -> None:
    store.learn(quota(14))
    slots, known = [], store.line(0)
    for _ in range(20):
        slot, known = store.lease(known, NOW, AHEAD)
        slots.append(slot)
    steps = {b - a for a, b in pairwise(slots)}
    assert slots[0] == NOW
    assert steps == {75_188}


def test_given_a_line_that_changed_since_it_was_read_then_the_lease_is_refused_and_tells_what_is_so(
    world: World,
) -> None:
    store.learn(quota(14))
    old = store.line(0)
    store.lease(old, NOW, AHEAD)
    slot, current = store.lease(old, NOW, AHEAD)
    assert (slot, current.next_at) == (0, NOW + 75_188)
    store.learn(quota(28))
    slot, current = store.lease(current, NOW, AHEAD)
    assert (slot, current.rate) == (0, 28_000)
    assert store.lease(current, NOW, AHEAD)[0] == NOW + 75_188


def test_given_a_rate_that_grows_and_shrinks_then_lines_open_and_close_and_no_free_slot_moves_back(
    world: World,
) -> None:
    store.learn(quota(14))
    store.lease(store.line(0), NOW + 7, AHEAD)
    store.learn(quota(600))
    assert [store.line(n).lines for n in range(3)] == [3, 3, 3]
    assert store.line(0).next_at > NOW
    store.learn(quota(100))
    store._known.clear()
    assert [pace.standing(store.line(n), NOW, today=START, urgent=False).value for n in range(3)] == [
        "open",
        "closed",
        "closed",
    ]
    mine = turn.Turn(False, lambda: 60.0, store.line(2))
    assert mine.get(lead=LEAD)
    assert mine.line.number == 0


def test_given_the_same_quota_each_minute_then_nothing_is_written(world: World) -> None:
    store.learn(quota(600))
    writes = world.dynamodb.writes
    store.learn(quota(600))
    assert world.dynamodb.writes == writes


# Sending


def test_given_a_slot_missed_while_the_mail_was_taken_then_the_mail_goes_out_in_another(world: World) -> None:
    ready(world)
    store.learn(quota(1))
    moments: list[int] = []

    def slow(operation: str, number: int) -> None:
        if operation == "transact_write_items" and not moments:
            moments.append(world.exact)
            world.exact += SECOND

    world.ses.before = lambda: moments.append(world.exact)
    world.dynamodb.meanwhile = slow
    assert work(MESSAGE)[0] is Done.SENT
    before, sent = moments
    assert sent - before > SECOND
    assert world.dynamodb.calls.count("update_item") == 2


def test_given_a_line_full_for_longer_than_the_worker_has_then_the_mail_stays_as_it_is(world: World) -> None:
    ready(world)
    store.learn(quota(1))
    store.lease(store.line(0), NOW + 100 * SECOND, AHEAD)
    began = world.exact
    before = world.stored(SurveyRequest, "p1-1")
    done, _ = work(MESSAGE, lambda: 60 - (world.exact - began) / SECOND)
    assert (done, world.ses.calls, world.stored(SurveyRequest, "p1-1")) == (Done.WAITING, 0, before)
    assert 40 <= (world.exact - began) / SECOND <= 42


def test_given_bulk_mail_leased_as_far_ahead_as_it_may_then_an_alert_goes_out_right_after(world: World) -> None:
    name = alert(world)
    store.learn(quota(1))
    known = store.line(0)
    while pace.standing(known, NOW, today=START, urgent=False) is Standing.OPEN:
        _, known = store.lease(known, NOW, AHEAD)
    assert work({"mail": name})[0] is Done.SENT
    assert world.exact - NOW <= AHEAD + 2 * SECOND


def test_given_a_throttle_then_the_line_is_slower_and_the_mail_comes_again(world: World) -> None:
    ready(world)
    world.ses.answers = [RATE]
    assert work(MESSAGE)[0] is Done.LATER
    assert store.line(0).share == 800
    world.now += 5
    assert work(MAIL)[0] is Done.SENT


@pytest.mark.parametrize(
    "answer",
    [
        PAUSED,
        ses_refusal("ConfigurationSetSendingPausedException"),
        ses_refusal("AccountSuspendedException"),
        ses_refusal("SendingPausedException"),
        ses_refusal("MessageRejected", "Sending paused for this account. For more information, see your inbox."),
        ses_refusal("MessageRejected", "Sending suspended for this account."),
    ],
)
def test_given_an_account_that_is_stopped_then_nothing_is_lost_and_sending_resumes_by_itself(
    world: World, answer: Exception
) -> None:
    # given ten surveys, an alert, and an account that SES has stopped
    alert(world)
    for n in range(10):
        world.invited(f"q{n}")
    world.ses.before = lambda: raising(answer)
    calls = minutes(world, 60)
    # then in an hour SES is asked about every ten minutes, and all mails still wait
    assert 5 <= sum(calls) <= 8
    assert all(world.stored(SurveyRequest, f"q{n}-1").state is RequestState.SCHEDULED for n in range(10))
    assert not [mail for mail in world.mails() if mail.get("state", "queued") != "queued"]
    # when SES takes mail again, all are sent within a quarter of an hour, each once
    world.ses.before = None
    minutes(world, 15)
    recipients = [one.recipient for one in world.ses.sent]
    assert sorted(recipients) == ["cs@acme.example.com", *(f"q{n}@example.com" for n in range(10))]
    assert store.line(0).stopped_for == ""


def test_given_a_days_quota_used_up_then_bulk_waits_for_hours_alerts_are_tried_and_no_attempt_is_lost(
    world: World,
) -> None:
    world.project()
    for n in range(30):
        world.invited(f"q{n:02d}")
    world.ses.before = lambda: raising(DAILY)
    calls = minutes(world, 5 * 60)
    assert sum(calls) <= 6
    world.ses.before = None
    minutes(world, 90)
    assert sorted(one.recipient for one in world.ses.sent) == [f"q{n:02d}@example.com" for n in range(30)]


def test_given_a_quota_nearly_used_up_then_bulk_leaves_a_reserve_to_alerts(world: World) -> None:
    world.project()
    for n in range(10):
        world.invited(f"q{n}")
    world.ses.a_day, world.ses.sent_today = 200.0, 193.0
    assert release(START + 60, "w").handed_on == 3
    records().write(created(Mail("alert-x", "acme", MailKind.ALERT, "s", START, timer_at=START)))
    world.ses.sent_today = 199.0
    release(START + 120, "w")
    assert taken(world, "PROMPT") == [{"mail": "alert-x"}]


def test_given_a_workers_stop_then_another_leaves_the_mail_without_a_call(world: World) -> None:
    ready(world)
    world.invited("q1")
    world.ses.answers = [PAUSED]
    work(MESSAGE)
    store._known.clear()
    writes = world.dynamodb.writes
    assert work({"request": "q1-1"})[0] is Done.WAITING
    assert (world.ses.calls, world.dynamodb.writes) == (1, writes)


def test_given_100000_surveys_of_one_project_then_anothers_single_mail_is_in_the_first_second_of_the_minute(
    world: World,
) -> None:
    # the large project's backlog is longer than three ticks; its size does not matter beyond that
    world.project("acme")
    world.project("beta")
    for n in range(400):
        world.request(world.person(f"a{n:03d}", "acme"))
    world.ses.max_send_rate = 2.0
    release(START + 60, "w")
    left = taken(world)[120:]
    world.sqs.queues[setting("BULK_QUEUE")] = left
    world.request(world.person("b1", "beta"), timer_at=START + 61)
    release(START + 120, "w")
    queued = taken(world)
    ahead = queued.index({"request": "b1-1"})
    # then what is ahead of it is what the queue still held, a quarter of a minute's, and one more
    assert ahead <= len(left) + 1
    assert ahead / (0.95 * 2.0) <= 15


def test_given_more_than_a_transaction_holds_then_all_are_claimed_and_what_moved_meanwhile_is_not(world: World) -> None:
    world.project()
    for n in range(250):
        world.request(world.person(f"a{n:03d}"))
    world.ses.max_send_rate = 100.0
    moved = world.stored(SurveyRequest, "a120-1")

    def answered(operation: str, number: int) -> None:
        if operation == "transact_write_items":
            world.dynamodb.meanwhile = None
            world.answer(moved, 9)

    world.dynamodb.meanwhile = answered
    assert release(START + 60, "w").handed_on == 249
    assert len({next(iter(one.values())) for one in taken(world)} - {"a120-1"}) == 249
    assert world.dynamodb.largest_transaction == 100


def test_given_no_time_left_then_no_further_group_is_begun_and_the_rest_comes_next(world: World) -> None:
    world.project()
    for n in range(250):
        world.request(world.person(f"a{n:03d}"))
    world.ses.max_send_rate = 100.0
    left = iter([60.0, 9.0, 9.0])
    first = release(START + 60, "w", lambda: next(left))
    assert (first.handed_on, first.more) == (100, True)
    assert release(START + 61, "w").handed_on == 150


def raising(error: Exception) -> None:
    raise error


def minutes(world: World, count: int) -> list[int]:
    """Wake and deliver, minute after minute; the calls of SES in each."""
    calls = []
    for _ in range(count):
        world.now += 60
        world.exact += 60 * SECOND
        before = world.ses.calls
        release(world.now, "w")
        for lane in ("PROMPT", "BULK"):
            for message in taken(world, lane):
                work(message)
        calls.append(world.ses.calls - before)
    return calls
