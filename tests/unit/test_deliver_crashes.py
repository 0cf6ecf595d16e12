"""Sending when workers die, meet and are overtaken: a survey at most once, an alert at least once, no one against
their word."""

from collections.abc import Callable

import pytest

from functions.deliver.work import Done, work
from functions.feedback.events import Report
from functions.feedback.settle import settle
from functions.follow_up.act import act
from shared.domain.mails import GRACE_SECONDS, LEASE_SECONDS, Mail, MailState
from shared.domain.people import Person
from shared.domain.requests import RequestState, SurveyRequest
from shared.domain.responses import Response
from shared.store import suppression
from shared.store.records import created
from shared.store.table import ChangedError, records
from tests.fakes.dynamodb import DIE_AFTER, DIE_BEFORE, DeathError
from tests.fakes.scenes import MAIL, MESSAGE, alert, ready, timeout
from tests.fakes.services import ses_refusal
from tests.fakes.world import World


def test_given_two_workers_at_any_two_points_then_one_mail_goes_out(world: World) -> None:
    for position in range(8):
        world.begin_again()
        ready(world)
        first = len(world.dynamodb.calls)

        def other_worker(operation: str, number: int, at: int = first + position) -> None:
            if number == at:
                work(MESSAGE)

        world.dynamodb.meanwhile = other_worker
        work(MESSAGE)
        world.dynamodb.meanwhile = None
        assert len(world.ses.sent) == 1
        assert world.stored(Mail, "p1-1-0").state is MailState.SENT


def crash_points(world: World, message: dict[str, str]) -> int:
    first = len(world.dynamodb.calls)
    work(message)
    return len(world.dynamodb.calls) - first


def until_settled(world: World, messages: list[dict[str, str]]) -> None:
    """What wake does: brings the record back at its timers, until none is left."""
    for _ in range(12):
        for message in messages:
            work(message)
        world.now += LEASE_SECONDS + GRACE_SECONDS + 1


@pytest.mark.parametrize("fault", [DIE_BEFORE, DIE_AFTER])
def test_given_a_worker_that_dies_at_any_point_then_a_survey_goes_out_at_most_once_and_is_settled(
    world: World, fault: str
) -> None:
    ready(world)
    for position in range(crash_points(world, MESSAGE)):
        world.begin_again()
        ready(world)
        at = len(world.dynamodb.calls) + position
        world.dynamodb.fault = lambda operation, number, at=at: fault if number == at else None
        with pytest.raises(DeathError):
            work(MESSAGE)
        sent_before = len(world.ses.sent)
        world.dynamodb.fault = None
        until_settled(world, [MESSAGE, MAIL])
        assert len(world.ses.sent) <= 1
        taken = sent_before == 1
        assert world.stored(Mail, "p1-1-0").state in (
            {MailState.SENT, MailState.UNSETTLED} if taken else set(MailState)
        )
        assert world.stored(SurveyRequest, "p1-1").state is RequestState.ACTIVE


@pytest.mark.parametrize("fault", [DIE_BEFORE, DIE_AFTER])
def test_given_a_worker_that_dies_at_any_point_then_an_alert_goes_out_at_least_once(world: World, fault: str) -> None:
    message = {"mail": alert(world)}
    for position in range(crash_points(world, message)):
        world.begin_again()
        message = {"mail": alert(world)}
        at = len(world.dynamodb.calls) + position
        world.dynamodb.fault = lambda operation, number, at=at: fault if number == at else None
        with pytest.raises(DeathError):
            work(message)
        world.dynamodb.fault = None
        until_settled(world, [message])
        assert 1 <= len(world.ses.sent) <= 2
        assert world.stored(Mail, message["mail"]).state is MailState.SENT


def test_given_a_death_after_ses_took_an_alert_then_it_is_sent_again_once_the_lease_is_over(world: World) -> None:
    message = {"mail": alert(world)}
    world.ses.answers = [timeout(taken=True)]
    assert work(message)[0] is Done.UNKNOWN
    world.now += LEASE_SECONDS - 1
    assert work(message)[0] is Done.NOTHING
    world.now += 1
    assert work(message)[0] is Done.SENT
    assert [one.tags["attempt"] for one in world.ses.sent] == ["1", "2"]


SUPPRESSIONS: dict[str, Callable[[str, int], Person | None]] = {
    "unsubscribed": suppression.unsubscribe,
    "bounced": suppression.bounced,
    "complained": suppression.complained,
}


@pytest.mark.parametrize("reason", SUPPRESSIONS)
def test_given_a_suppression_at_any_point_before_the_mail_is_taken_then_nothing_is_mailed(
    world: World, reason: str
) -> None:
    for position in range(4):
        world.begin_again()
        ready(world)
        at = len(world.dynamodb.calls) + position

        def stop(operation: str, number: int, at: int = at) -> None:
            if number == at:
                SUPPRESSIONS[reason]("p1", world.now)

        world.dynamodb.meanwhile = stop
        try:
            work(MESSAGE)
        except ChangedError:
            work(MESSAGE)
        world.dynamodb.meanwhile = None
        if not world.stored(Person, "p1").suppression:
            continue
        work(MESSAGE)
        assert world.ses.sent == [], f"call {position}"
        request = world.stored(SurveyRequest, "p1-1")
        assert (request.state, request.reason) == (RequestState.SUPPRESSED, reason)


@pytest.mark.parametrize("reason", SUPPRESSIONS)
@pytest.mark.parametrize("waiting", [False, True], ids=["first attempt", "second attempt"])
def test_given_a_suppression_that_does_not_know_of_this_request_then_it_still_stops_the_mail(
    world: World, reason: str, waiting: bool
) -> None:
    for position in range(6):
        world.begin_again()
        world.project()
        world.request(world.person("p1"))
        message = MESSAGE
        if waiting:
            world.ses.answers = [ses_refusal("Throttling", "Maximum sending rate exceeded.")]
            work(MESSAGE)
            world.now += 60
            message = MAIL
        at = len(world.dynamodb.calls) + position

        stopped: list[Person | None] = []

        def stop(operation: str, number: int, at: int = at, stopped: list[Person | None] = stopped) -> None:
            if number == at and not world.ses.sent:
                stopped.append(SUPPRESSIONS[reason]("p1", world.now))

        world.dynamodb.meanwhile = stop
        work(message)
        world.dynamodb.meanwhile = None
        work(message)
        assert len(world.ses.sent) == (not stopped), f"call {position}"


@pytest.mark.parametrize("reason", SUPPRESSIONS)
def test_given_a_suppression_while_a_mail_waits_for_the_rate_then_it_is_not_sent(world: World, reason: str) -> None:
    ready(world)
    world.ses.answers = [ses_refusal("Throttling", "Maximum sending rate exceeded.")]
    work(MESSAGE)
    SUPPRESSIONS[reason]("p1", world.now)
    world.now += 60
    assert work(MAIL)[0] is Done.SUPPRESSED
    mail = world.stored(Mail, "p1-1-0")
    assert (world.ses.sent, mail.state, mail.reason) == ([], MailState.FAILED, reason)


def test_given_a_promoter_who_unsubscribed_then_no_thanks_are_mailed(world: World) -> None:
    project = world.project()
    world.person("p1")
    records().write(created(Response("p1-1", "acme", "p1", 10, world.now, world.now)))
    thanks = act(world.stored(Response, "p1-1"), project, lambda day: False, world.now).mail
    suppression.unsubscribe("p1", world.now)
    assert work({"mail": thanks})[0] is Done.SUPPRESSED
    assert world.ses.sent == []


def test_given_an_event_of_an_earlier_attempt_while_ses_refuses_the_next_then_the_mail_stays_delivered(
    world: World,
) -> None:
    name = alert(world)
    world.ses.answers = [timeout(taken=True)]
    work({"mail": name})
    world.now += LEASE_SECONDS
    delivered = Report(MailState.DELIVERED, "", name, "0100-0001", ())
    world.ses.before = lambda: settle(delivered, world.now) and None
    world.ses.answers = [ses_refusal("Throttling", "Maximum sending rate exceeded.")]
    work({"mail": name})
    assert world.stored(Mail, name).state is MailState.DELIVERED
