"""Mails of which nobody knows whether they were sent: listed, and settled by SES's event or by the operator's word."""

from dataclasses import replace

import pytest

from functions.deliver.work import work
from functions.feedback.events import Report
from functions.feedback.settle import settle as settle_by_event
from local import unsettled
from local.problems import CommandError
from shared.domain.mails import GRACE_SECONDS, LEASE_SECONDS, Mail, MailState
from shared.domain.people import Person
from shared.domain.requests import RequestState, SurveyRequest
from shared.store import mails as store
from shared.store.records import changed
from shared.store.table import records
from tests.fakes.scenes import MAIL, MESSAGE, timeout
from tests.fakes.world import DAY, START, World

BEFORE = START + 3 * DAY
"""What the person's throttle was before the request."""


def given_up(world: World, message: dict[str, str] = MESSAGE, mail: dict[str, str] = MAIL) -> None:
    """A call to SES without an answer and without an event, until nobody waits for one any more."""
    world.ses.answers = [timeout(taken=True)]
    work(message)
    for wait in (LEASE_SECONDS, GRACE_SECONDS):
        world.now += wait
        work(mail)


def asked(world: World, **more: int) -> None:
    world.project()
    person = world.person("p1", pending_request="p1-1", next_eligible_at=START + 30 * DAY, **more)
    world.request(person, eligible_before=BEFORE)


def listed() -> list[str]:
    return [mail.id for mail in store.unsettled("acme")]


def test_given_an_unsettled_mail_then_it_is_listed_with_its_address_and_no_other_is(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    asked(world)
    world.invited("q1")
    work({"request": "q1-1"})
    assert unsettled.show(None) == 0
    assert capsys.readouterr().out.strip().endswith("no mail is unsettled")
    given_up(world)
    queries = world.dynamodb.calls.count("query")
    assert unsettled.show("acme") == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown == ["2026-03-02 10:01:00  p1-1-0  invitation  project acme, request p1-1  p1@example.com"]
    assert world.dynamodb.calls.count("query") - queries == 1


def test_given_the_operators_word_that_it_was_sent_then_the_request_goes_on_with_its_reminder(world: World) -> None:
    asked(world)
    given_up(world)
    before = world.stored(SurveyRequest, "p1-1")
    unsettled.settle("p1-1-0", None, MailState.SENT)
    mail, request = world.stored(Mail, "p1-1-0"), world.stored(SurveyRequest, "p1-1")
    assert (mail.state, mail.reason, mail.timer_at) == (MailState.SENT, unsettled.REASON, 0)
    assert (request.state, request.timer_at) == (RequestState.ACTIVE, before.sent_at + 3 * DAY)
    assert world.stored(Person, "p1").next_eligible_at == START + 30 * DAY
    assert listed() == []


def test_given_the_operators_word_that_it_failed_then_the_person_may_be_asked_again(world: World) -> None:
    asked(world)
    given_up(world)
    unsettled.settle("p1-1-0", None, MailState.FAILED)
    mail, request, person = (
        world.stored(Mail, "p1-1-0"),
        world.stored(SurveyRequest, "p1-1"),
        world.stored(Person, "p1"),
    )
    assert (mail.state, mail.timer_at) == (MailState.FAILED, 0)
    assert (request.state, request.reason, request.sent_at, request.timer_at) == (
        RequestState.CANCELLED,
        "failed",
        0,
        0,
    )
    assert (person.next_eligible_at, person.last_sent_at, person.pending_request) == (BEFORE, 0, "")
    assert listed() == []


def test_given_a_person_who_was_asked_elsewhere_since_then_that_throttle_holds(world: World) -> None:
    asked(world)
    given_up(world)
    person = world.stored(Person, "p1")
    told = START + 2 * DAY
    records().write(changed(replace(person, last_sent_at=told)))
    unsettled.settle("p1-1-0", None, MailState.FAILED)
    person = world.stored(Person, "p1")
    assert (person.last_sent_at, person.next_eligible_at) == (told, told + 30 * DAY)


def test_given_a_reminder_that_failed_then_the_request_goes_on(world: World) -> None:
    asked(world)
    work(MESSAGE)
    world.now += 3 * DAY
    given_up(world, MESSAGE, {"mail": "p1-1-1"})
    assert listed() == ["p1-1-1"]
    unsettled.settle("p1-1-1", None, MailState.FAILED)
    request = world.stored(SurveyRequest, "p1-1")
    assert (request.state, request.timer_at) == (RequestState.ACTIVE, START + 7 * DAY)


def test_given_an_invitation_that_failed_and_a_reminder_that_went_out_then_the_request_stays(world: World) -> None:
    asked(world)
    given_up(world)
    world.now = world.stored(SurveyRequest, "p1-1").timer_at
    work(MESSAGE)
    unsettled.settle("p1-1-0", None, MailState.FAILED)
    request = world.stored(SurveyRequest, "p1-1")
    assert (request.state, request.reminders) == (RequestState.ACTIVE, 1)


@pytest.mark.parametrize("state", [MailState.SENT, MailState.DELIVERED, MailState.BOUNCED, MailState.FAILED])
def test_given_an_event_of_ses_at_last_then_the_mail_is_listed_no_more(world: World, state: MailState) -> None:
    asked(world)
    given_up(world)
    assert listed() == ["p1-1-0"]
    settle_by_event(Report(state, "", "p1-1-0", "0100", ()), world.now)
    assert listed() == []
    assert world.stored(Mail, "p1-1-0").state is state


def test_given_an_event_while_the_operator_speaks_then_the_event_holds(world: World) -> None:
    asked(world)
    given_up(world)

    def event(operation: str, number: int) -> None:
        if operation == "transact_write_items":
            world.dynamodb.meanwhile = None
            settle_by_event(Report(MailState.DELIVERED, "", "p1-1-0", "0100", ()), world.now)

    world.dynamodb.meanwhile = event
    unsettled.settle("p1-1-0", None, MailState.FAILED)
    assert world.stored(Mail, "p1-1-0").state is MailState.DELIVERED
    assert world.stored(SurveyRequest, "p1-1").state is RequestState.ACTIVE


def test_given_several_then_a_projects_are_settled_together(world: World) -> None:
    asked(world)
    world.invited("q1")
    given_up(world)
    given_up(world, {"request": "q1-1"}, {"mail": "q1-1-0"})
    assert listed() == ["p1-1-0", "q1-1-0"]
    assert unsettled.settle(None, "acme", MailState.SENT) == 0
    assert listed() == []


def test_given_what_cannot_be_settled_then_the_operator_is_told(world: World) -> None:
    asked(world)
    work(MESSAGE)
    for mail, project, told in (
        ("p1-1-0", None, "is sent, not unsettled"),
        ("nobody", None, "there is no mail nobody"),
        (None, "nowhere", "there is no project nowhere"),
        (None, None, "name one mail"),
        ("p1-1-0", "acme", "name one mail"),
    ):
        with pytest.raises(CommandError, match=told):
            unsettled.settle(mail, project, MailState.SENT)
