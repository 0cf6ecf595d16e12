"""Mails that come late or back: told apart, remembered, and told to the person's owner once."""

from dataclasses import replace
from itertools import permutations

import pytest

from functions.deliver.work import Done, work
from functions.feedback import handler
from functions.wake import handler as wake
from shared.domain.mails import Mail, MailKind, MailState
from shared.domain.people import Person
from shared.domain.requests import RequestState, SurveyRequest
from shared.store import people
from shared.store.keys import person as person_key
from shared.store.keys import suppression as suppression_key
from shared.store.records import changed, created, load
from shared.store.table import Delete, records
from tests.conftest import SETTINGS
from tests.fakes.dynamodb import DIE_AFTER, DIE_BEFORE, DeathError
from tests.fakes.scenes import MESSAGE, alert
from tests.fakes.ses_events import LATER, event, report, sent
from tests.fakes.world import DAY, START, World, sqs_batch

NOTICE = "bounce_notice-p1-1-0"


def request_of(world: World) -> SurveyRequest:
    return world.stored(SurveyRequest, "p1-1")


def report_of(world: World, name: str, mail: str, to: str = "p1@example.com") -> None:
    told = event(name)
    told["mail"]["tags"]["mail"] = [mail]
    told["mail"]["destination"] = [to]
    assert handler.handle(sqs_batch(told), world.context) == {"batchItemFailures": []}


def erase(world: World) -> None:
    person = world.stored(Person, "p1")
    records().write(people.release(person), Delete(person_key("p1"), rev=person.rev))


def test_given_a_transient_bounce_then_the_request_says_so_and_is_reminded_all_the_same(world: World) -> None:
    sent(world)
    report(world, "bounce_transient")
    request = request_of(world)
    assert (request.state, request.reason, request.bounced_at) == (RequestState.ACTIVE, "transient_bounce", LATER)
    assert world.stored(Mail, "p1-1-0").reason == "Transient/MailboxFull"
    assert world.stored(Person, "p1").suppression is None
    assert load(Mail, NOTICE) is None

    world.now = request.timer_at
    assert (work(MESSAGE)[0], world.now) == (Done.SENT, START + 3 * DAY)
    report_of(world, "delivery", "p1-1-1")
    request = request_of(world)
    assert (request.state, request.reason, request.bounced_at) == (RequestState.ACTIVE, "", 0)
    assert request.delivered_at == world.now


def test_given_a_permanent_bounce_after_a_transient_one_then_it_ends_the_request(world: World) -> None:
    sent(world)
    report(world, "bounce_transient")
    world.now = request_of(world).timer_at
    work(MESSAGE)
    report_of(world, "bounce_permanent", "p1-1-1")
    assert (request_of(world).state, request_of(world).reason) == (RequestState.SUPPRESSED, "bounced")
    assert load(Mail, "bounce_notice-p1-1-1") is not None


@pytest.mark.parametrize("order", list(permutations(["send", "delivery_delay", "delivery"])), ids="-".join)
def test_given_a_delay_then_its_first_time_is_kept_unless_the_end_was_known_before(
    world: World, order: tuple[str, ...]
) -> None:
    sent(world)
    for name in order:
        report(world, name)
        world.now += 60
        report(world, name)
    delay, end = order.index("delivery_delay"), order.index("delivery")
    request = request_of(world)
    assert request.delivered_at == LATER + 60 * end
    assert request.delayed_at == (LATER + 60 * delay if delay < end else 0)
    assert world.stored(Mail, "p1-1-0").state is MailState.DELIVERED


def test_given_an_unknown_outcome_when_ses_tells_of_a_delay_then_the_mail_was_sent(world: World) -> None:
    sent(world)
    unknown = replace(world.stored(Mail, "p1-1-0"), state=MailState.SENDING, timer_at=LATER + 30)
    records().write(changed(unknown))
    report(world, "delivery_delay")
    mail = world.stored(Mail, "p1-1-0")
    assert (mail.state, mail.delayed_at, mail.timer_at) == (MailState.SENT, LATER, 0)


def test_given_a_permanent_bounce_then_the_person_s_owner_is_told_once_by_mail(world: World) -> None:
    sent(world)
    report(world, "bounce_permanent", "bounce_permanent")
    report(world, "bounce_permanent")
    notice = world.stored(Mail, NOTICE)
    assert (notice.kind, notice.to, notice.timer_at) == (MailKind.BOUNCE_NOTICE, "cs@acme.example.com", LATER)

    # when nothing but the timer brings it
    wake.handle({}, world.context)
    (message,) = world.sqs.take(SETTINGS["PROMPT_QUEUE"])
    assert message == {"mail": NOTICE}
    assert work(message)[0] is Done.SENT
    told = world.ses.sent[-1]
    assert (told.recipient, told.sender) == ("cs@acme.example.com", "survey@acme.example.com")
    assert told.message["Subject"] == "Emails to Ada Example do not arrive: please correct the address"
    assert "p1@example.com" in told.part("plain")
    assert (len(world.ses.sent), len(world.mails())) == (2, 2)


def test_given_a_person_without_an_owner_then_the_project_s_is_told(world: World) -> None:
    world.project()
    world.invited()
    work(MESSAGE)
    report(world, "bounce_permanent")
    assert world.stored(Mail, NOTICE).to == "owner@acme.example.com"


@pytest.mark.parametrize(("project_owner", "told"), [("other@example.com", True), ("P1@example.com", False)])
def test_given_the_owner_s_own_address_bounces_then_the_project_s_is_told_unless_it_is_that_too(
    world: World, project_owner: str, told: bool
) -> None:
    world.project(owner={"email": project_owner})
    world.invited(properties={"owner_email": "p1@Example.com"})
    work(MESSAGE)
    report(world, "bounce_permanent")
    assert world.stored(Person, "p1").suppression == "bounced"
    notice = load(Mail, NOTICE)
    assert (notice.to if notice else None) == (project_owner if told else None)


def test_given_the_bounce_of_an_alert_or_of_a_notice_then_no_notice_is_made(world: World) -> None:
    mail = alert(world)
    work({"mail": mail})
    notice = Mail("bounce_notice-x", "acme", MailKind.BOUNCE_NOTICE, "p1", START, state=MailState.SENT, to="cs@x.org")
    records().write(created(notice))
    for one in (mail, notice.id):
        report_of(world, "bounce_permanent", one, to="cs@acme.example.com")
        assert world.stored(Mail, one).state is MailState.BOUNCED
    assert [one["id"] for one in world.mails()] == [mail, notice.id]


def test_given_a_person_who_was_erased_then_a_waiting_notice_is_not_sent(world: World) -> None:
    sent(world)
    report(world, "bounce_permanent")
    erase(world)
    assert work({"mail": NOTICE})[0] is Done.REFUSED
    assert len(world.ses.sent) == 1


def test_given_a_bounce_after_an_erasure_then_there_is_no_notice(world: World) -> None:
    sent(world)
    erase(world)
    report(world, "bounce_permanent")
    assert load(Mail, NOTICE) is None


def test_given_a_late_bounce_of_an_address_that_was_corrected_then_the_new_one_is_not_blocked(world: World) -> None:
    sent(world)
    records().write(changed(replace(world.stored(Person, "p1"), email="new@example.com")))
    report(world, "bounce_permanent")
    assert world.stored(Person, "p1").suppression is None
    assert load(Mail, NOTICE) is None
    assert world.stored(Mail, "p1-1-0").state is MailState.BOUNCED


def test_given_an_address_that_was_corrected_meanwhile_then_a_waiting_notice_is_not_sent(world: World) -> None:
    sent(world)
    report(world, "bounce_permanent")
    records().write(changed(replace(world.stored(Person, "p1"), email="new@example.com", bounced_at=0)))
    assert work({"mail": NOTICE})[0] is Done.REFUSED


@pytest.mark.parametrize("fault", [DIE_BEFORE, DIE_AFTER])
def test_given_a_worker_that_dies_anywhere_when_the_report_comes_again_then_there_is_one_notice(
    world: World, fault: str
) -> None:
    sent(world)
    first = len(world.dynamodb.calls)
    report(world, "bounce_permanent")
    points = len(world.dynamodb.calls) - first
    assert points > 5
    for position in range(points):
        world.dynamodb.__init__()  # type: ignore[misc]
        sent(world)
        at = len(world.dynamodb.calls) + position
        world.dynamodb.fault = lambda operation, number, at=at: fault if number == at else None
        with pytest.raises(DeathError):
            handler.handle(sqs_batch(event("bounce_permanent")), world.context)
        report(world, "bounce_permanent")
        assert world.stored(Person, "p1").suppression == "bounced"
        assert (request_of(world).state, request_of(world).reason) == (RequestState.SUPPRESSED, "bounced")
        assert [one["id"] for one in world.mails()] == [NOTICE, "p1-1-0"]


def test_given_a_mark_that_was_lifted_when_the_report_comes_again_then_it_holds_again_and_nobody_is_told_twice(
    world: World,
) -> None:
    sent(world)
    report(world, "bounce_permanent")
    lifted = changed(replace(world.stored(Person, "p1"), bounced_at=0))
    records().write(lifted, Delete(suppression_key("p1", "bounced")))
    report(world, "bounce_permanent")
    assert world.stored(Person, "p1").suppression == "bounced"
    assert [one["id"] for one in world.mails()] == [NOTICE, "p1-1-0"]
