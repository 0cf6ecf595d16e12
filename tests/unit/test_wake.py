"""Each minute what is due is handed on: in turn, no more than SES takes, and never lost when a worker dies."""

from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from functions.deliver.work import Done, work
from functions.wake.release import CLAIM_SECONDS, LEASE_SECONDS, SILENT_A_MINUTE, release
from shared.domain.mails import Mail, MailKind
from shared.domain.opt_ins import OptIn
from shared.domain.people import Person
from shared.domain.requests import RequestState, SurveyRequest
from shared.domain.responses import Response
from shared.store import pace as pace_store
from shared.store import projects, responses
from shared.store.records import created
from shared.store.table import records
from tests.fakes.chaos import EXPECTED
from tests.fakes.dynamodb import CONFLICT, DIE_AFTER, DIE_BEFORE, refusal
from tests.fakes.world import DAY, START, World

PROMPT, BULK = "https://sqs.example.com/prompt", "https://sqs.example.com/bulk"


def due(world: World, project: str, count: int, *, at: int = START, prefix: str = "") -> None:
    for number in range(count):
        person = Person(f"{prefix}{project}{number:03d}", project, START)
        world.request(person, timer_at=at + number % 7)


def taken(world: World, queue: str = BULK) -> list[str]:
    return [next(iter(message.values())) for message in world.sqs.take(queue)]


def test_given_due_and_later_timers_then_only_the_due_are_handed_on(world: World) -> None:
    world.project()
    due(world, "acme", 3, at=START)
    due(world, "acme", 2, at=START + 61, prefix="later")
    assert release(START + 60, "w").handed_on == 3
    assert sorted(taken(world)) == ["acme000-1", "acme001-1", "acme002-1"]


def test_given_a_timer_at_this_very_second_then_it_is_due(world: World) -> None:
    world.project()
    due(world, "acme", 1, at=START + 60)
    assert [release(START + 59, "w").handed_on, release(START + 60, "w").handed_on] == [0, 1]


def test_given_more_than_a_minutes_mail_then_the_rate_limits_it_and_the_rest_comes_next(world: World) -> None:
    world.project()
    due(world, "acme", 100)
    world.ses.max_send_rate = 1.0
    first, names = release(START + 60, "w"), taken(world)
    second = release(START + 120, "w")
    assert (first.handed_on, first.more, second.handed_on, second.more) == (71, True, 29, False)
    assert len(set(names + taken(world))) == 100


def test_given_a_large_project_then_a_small_one_has_its_turn(world: World) -> None:
    for name in ("acme", "beta", "gamma"):
        world.project(name)
    due(world, "acme", 90)
    due(world, "beta", 5, at=START + 20)
    due(world, "gamma", 1, at=START + 30)
    world.ses.max_send_rate = 1.0
    release(START + 60, "w")
    names = taken(world)
    assert len(names) == 71
    assert sum(name.startswith("beta") for name in names) == 5
    assert sum(name.startswith("gamma") for name in names) == 1


def test_given_mails_that_somebody_waits_for_then_they_go_by_the_prompt_queue(world: World) -> None:
    world.project()
    for kind in MailKind:
        records().write(created(Mail(f"{kind.value}-x", "acme", kind, "s", START, timer_at=START)))
    due(world, "acme", 1)
    release(START + 60, "w")
    assert sorted(taken(world, PROMPT)) == ["alert-x", "bounce_notice-x", "confirmation-x", "report-x"]
    assert sorted(taken(world)) == ["acme000-1", "invitation-x", "reminder-x", "thanks-x"]


def test_given_a_claimed_record_then_it_is_not_handed_on_again_until_the_claim_is_over(world: World) -> None:
    world.project()
    due(world, "acme", 1)
    again = 10 + CLAIM_SECONDS
    handed = [release(START + seconds, "w").handed_on for seconds in (10, 20, again - 1, again, again + 1)]
    assert handed == [1, 0, 0, 1, 0]
    assert world.stored(SurveyRequest, "acme000-1").timer_at == START
    assert world.stored(SurveyRequest, "acme000-1").rev == 1


def test_given_a_worker_that_died_with_the_lease_then_the_next_waits_until_it_is_over(world: World) -> None:
    world.project()
    due(world, "acme", 1)
    world.dynamodb.fault = lambda operation, number: (
        DIE_BEFORE if operation == "update_item" and "update_item" in world.dynamodb.calls[:number] else None
    )
    with suppress(*EXPECTED):
        release(START + 10, "first")
    world.dynamodb.fault = None
    told = [release(START + 10 + seconds, "second").handed_on for seconds in (1, LEASE_SECONDS - 1, LEASE_SECONDS)]
    assert told == [0, 0, 1]


def test_given_two_workers_at_any_point_then_each_record_is_handed_on_once(world: World) -> None:
    for position in range(14):
        world.dynamodb.__init__()  # type: ignore[misc]
        world.project()
        world.project("beta")
        due(world, "acme", 3)
        due(world, "beta", 2)
        at = len(world.dynamodb.calls) + position

        def other(operation: str, number: int, at: int = at) -> None:
            if number == at:
                release(START + 60, "other")

        world.dynamodb.meanwhile = other
        release(START + 60, "one")
        world.dynamodb.meanwhile = None
        release(START + 120, "next")
        names = taken(world)
        assert (len(names), len(set(names))) == (5, 5), position


@pytest.mark.parametrize("fault", [DIE_BEFORE, DIE_AFTER, "lost", "throttled"])
def test_given_a_worker_that_ends_at_any_point_then_every_record_is_handed_on_in_the_end(
    world: World, fault: str
) -> None:
    for position in range(14):
        world.dynamodb.__init__()  # type: ignore[misc]
        world.project()
        due(world, "acme", 4)
        at = len(world.dynamodb.calls) + position
        world.dynamodb.fault = lambda operation, number, at=at: fault if number == at else None
        with suppress(*EXPECTED):
            release(START + 60, "one")
        world.dynamodb.fault = None
        release(START + 60 + CLAIM_SECONDS, "two")
        release(START + 120 + CLAIM_SECONDS, "three")
        assert set(taken(world)) == {f"acme{n:03d}-1" for n in range(4)}, position


@pytest.mark.parametrize("how", ["refuse", "fail"])
def test_given_a_queue_that_takes_nothing_after_the_claim_then_the_records_come_again(world: World, how: str) -> None:
    world.project()
    due(world, "acme", 4)
    setattr(world.sqs, how, True if how == "refuse" else refusal("ServiceUnavailable", "", "SendMessageBatch"))
    with pytest.raises(Exception, match=r"not taken|ServiceUnavailable"):
        release(START + 10, "one")
    assert release(START + 10 + CLAIM_SECONDS, "two").handed_on == 4


def test_given_a_conflict_with_a_transaction_then_the_release_goes_on(world: World) -> None:
    world.project()
    due(world, "acme", 3)
    conflicts: list[Any] = []

    def once(operation: str, number: int) -> str | None:
        if operation == "update_item" and not conflicts:
            conflicts.append(number)
            return CONFLICT
        return None

    world.dynamodb.fault = once
    assert release(START + 60, "one").handed_on == 3
    assert conflicts


def test_given_a_timer_that_moved_meanwhile_then_the_record_is_not_handed_on(world: World) -> None:
    world.project()
    due(world, "acme", 1)

    def answered(operation: str, number: int) -> None:
        if operation == "update_item":
            world.dynamodb.meanwhile = None
            world.answer(world.stored(SurveyRequest, "acme000-1"), 9)

    world.dynamodb.meanwhile = answered
    assert release(START + 60, "one").handed_on == 0


def test_given_a_backlog_of_surveys_then_an_alert_that_is_due_is_not_behind_it(world: World) -> None:
    world.project()
    due(world, "acme", 200)
    alert = Mail("alert-x", "acme", MailKind.ALERT, "s", START, timer_at=START + 30)
    records().write(created(alert))
    world.ses.max_send_rate = 1.0
    release(START + 60, "one")
    assert taken(world, PROMPT) == ["alert-x"]


def partial(world: World, person_id: str = "p1") -> Response:
    """A score that was picked and not sent, and that counts in an hour."""
    request = world.active(person_id)
    world.now += 3_600
    return responses.choose(responses.find(request.id), projects.load("acme"), score=3, now=world.now)


def test_given_ses_that_takes_nothing_when_a_partial_is_due_then_it_counts_and_the_mails_wait(world: World) -> None:
    world.project(partial_hours=1)
    chosen = partial(world)
    due(world, "acme", 2)
    world.now = chosen.timer_at
    pace_store.stop("paused", world.now, everything=True)
    released = release(world.now, "w")
    assert (released.names, released.more, released.stopped_for) == ((f"response:{chosen.id}",), True, "paused")
    (message,) = world.sqs.take(PROMPT)
    assert work(message) == (Done.COUNTED, None)
    assert world.stored(Response, chosen.id).counts
    assert taken(world) == []


def test_given_ses_that_does_not_answer_then_what_sends_no_mail_is_handed_on_all_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.project(partial_hours=1)
    chosen = partial(world)
    monkeypatch.setattr("functions.wake.release.mailer.quota", never_answered)
    # Where no mail is due, SES is not even asked.
    assert release(chosen.timer_at, "w").names == (f"response:{chosen.id}",)
    later = partial(world, "p2")
    due(world, "acme", 1)
    with pytest.raises(ReadTimeoutError):
        release(later.timer_at, "w")
    assert set(taken(world, PROMPT)) == {chosen.id, later.id}


def test_given_a_minute_then_only_what_is_due_is_asked_for(world: World) -> None:
    world.project(partial_hours=1)
    chosen = partial(world)

    def asked(now: int) -> list[str]:
        first = len(world.dynamodb.calls)
        release(now, "w")
        return world.dynamodb.calls[first:]

    # The projects and three lanes; then the lease, the lane, the claim, and the lease given back.
    assert asked(chosen.timer_at - 1) == ["query"] * 4
    assert asked(chosen.timer_at) == [*["query"] * 4, "update_item", "query", "update_item", "update_item"]


def never_answered() -> None:
    raise ReadTimeoutError(endpoint_url="https://email.example.com")


def test_given_what_sends_no_mail_then_it_goes_by_the_prompt_queue_and_the_budget_of_mails_is_the_mails(
    world: World,
) -> None:
    world.project()
    due(world, "acme", 100)
    for n in range(50):
        opt_in = OptIn(
            f"o{n}", "acme", START, email=f"o{n}@example.com", asked_at=START, expires_at=START, timer_at=START
        )
        records().write(created(opt_in))
    world.ses.max_send_rate = 1.0
    assert release(START + 60, "w").handed_on == 50 + 71
    assert sorted(taken(world, PROMPT)) == sorted(f"o{n}" for n in range(50))
    assert len(taken(world)) == 71


def test_given_more_than_a_minutes_worth_that_sends_no_mail_then_an_alert_is_not_behind_it_all(world: World) -> None:
    world.project()
    for n in range(SILENT_A_MINUTE + 1):
        world.request(Person(f"p{n:03d}", "acme", START), state=RequestState.ACTIVE, expires_at=START, timer_at=START)
    records().write(created(Mail("alert-x", "acme", MailKind.ALERT, "s", START, timer_at=START)))
    released = release(START + 60, "w")
    assert (released.handed_on, released.more) == (SILENT_A_MINUTE + 1, True)
    assert taken(world, PROMPT).index("alert-x") == SILENT_A_MINUTE
    assert release(START + 120, "w").handed_on == 1


@pytest.mark.parametrize(
    ("state", "days", "queue"),
    [
        (RequestState.SCHEDULED, 0, BULK),
        (RequestState.ACTIVE, 3, BULK),
        (RequestState.ACTIVE, 90, PROMPT),
    ],
)
def test_given_a_request_then_only_its_end_is_no_mail(world: World, state: RequestState, days: int, queue: str) -> None:
    world.project()
    at = START + days * DAY
    world.request(Person("p1", "acme", START), state=state, expires_at=START + 90 * DAY, timer_at=at)
    release(at, "w")
    assert (taken(world, queue), taken(world, PROMPT) + taken(world)) == (["p1-1"], [])
