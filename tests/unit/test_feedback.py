"""What SES reports settles mails, requests and people: in both of its shapes, raw or wrapped, late and in any order.

The events in `tests/events` have the shapes that AWS documents; addresses and ids are invented.
"""

from itertools import permutations

import pytest

from functions.deliver.work import work
from functions.feedback import handler
from shared.domain.mails import GRACE_SECONDS, LEASE_SECONDS, Mail, MailState
from shared.domain.people import Person
from shared.domain.requests import RequestState, SurveyRequest
from tests.fakes.scenes import MAIL, MESSAGE, ready, timeout
from tests.fakes.ses_events import LATER, event, report, sent, wrapped
from tests.fakes.world import START, World, sqs_batch


def states(world: World) -> tuple[MailState, RequestState, str | None]:
    person = world.stored(Person, "p1")
    mail, request = world.stored(Mail, "p1-1-0"), world.stored(SurveyRequest, "p1-1")
    return mail.state, request.state, person.suppression and person.suppression.value


@pytest.mark.parametrize("wrap", [False, True], ids=["raw", "wrapped"])
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("send", (MailState.SENT, RequestState.ACTIVE, None)),
        ("delivery", (MailState.DELIVERED, RequestState.ACTIVE, None)),
        ("delivery_delay", (MailState.SENT, RequestState.ACTIVE, None)),
        ("bounce_permanent", (MailState.BOUNCED, RequestState.SUPPRESSED, "bounced")),
        ("bounce_transient", (MailState.BOUNCED, RequestState.ACTIVE, None)),
        ("complaint", (MailState.COMPLAINED, RequestState.SUPPRESSED, "complained")),
        ("reject", (MailState.FAILED, RequestState.ACTIVE, None)),
        ("identity_delivery", (MailState.DELIVERED, RequestState.ACTIVE, None)),
        ("identity_bounce", (MailState.BOUNCED, RequestState.SUPPRESSED, "bounced")),
        ("identity_complaint", (MailState.COMPLAINED, RequestState.SUPPRESSED, "complained")),
        ("identity_subscribed", (MailState.SENT, RequestState.ACTIVE, None)),
    ],
)
def test_given_a_sent_mail_when_ses_reports_then_mail_request_and_person_say_so(
    world: World, name: str, expected: tuple[MailState, RequestState, str | None], wrap: bool
) -> None:
    sent(world)
    report(world, name, wrap=wrap)
    assert states(world) == expected
    before = world.dynamodb.snapshot("records")
    world.now += 60
    report(world, name, name, wrap=wrap)
    assert world.dynamodb.snapshot("records") == before


def test_given_a_report_that_is_no_news_then_nothing_but_the_mail_is_read(world: World) -> None:
    sent(world)
    told = {}
    for name in ("send", "delivery", "delivery"):
        first = len(world.dynamodb.calls)
        report(world, name)
        told.setdefault(name, world.dynamodb.calls[first:])
        told[f"{name} again"] = world.dynamodb.calls[first:]
    assert told["send"] == told["delivery again"] == ["get_item"]
    assert told["delivery"] == ["get_item", "batch_get_item", "transact_write_items"]


@pytest.mark.parametrize(
    "order", list(permutations(["send", "delivery", "bounce_permanent", "complaint"])), ids="-".join
)
def test_given_reports_in_any_order_then_the_gravest_stands(world: World, order: tuple[str, ...]) -> None:
    sent(world)
    for name in order:
        report(world, name)
    assert [one["id"] for one in world.mails()] == ["bounce_notice-p1-1-0", "p1-1-0"]
    assert states(world) == (MailState.COMPLAINED, RequestState.SUPPRESSED, "complained")
    person = world.stored(Person, "p1")
    assert (person.bounced_at, person.complained_at) == (LATER, LATER)


@pytest.mark.parametrize("order", list(permutations(["send", "delivery"])), ids="-".join)
def test_given_send_and_delivery_in_either_order_then_delivered_with_its_time(
    world: World, order: tuple[str, ...]
) -> None:
    sent(world)
    report(world, *order)
    assert states(world)[0] is MailState.DELIVERED
    assert world.stored(SurveyRequest, "p1-1").delivered_at == LATER
    assert world.stored(SurveyRequest, "p1-1").sent_at == START


@pytest.mark.parametrize(("name", "state"), [("send", MailState.SENT), ("delivery", MailState.DELIVERED)])
def test_given_an_unknown_outcome_when_an_event_comes_within_the_grace_then_it_settles_the_mail(
    world: World, name: str, state: MailState
) -> None:
    ready(world)
    world.ses.answers = [timeout(taken=True)]
    work(MESSAGE)
    report(world, name)
    assert states(world) == (state, RequestState.ACTIVE, None)
    world.now += LEASE_SECONDS + GRACE_SECONDS
    work(MAIL)
    assert (states(world)[0], len(world.ses.sent)) == (state, 1)
    assert world.stored(SurveyRequest, "p1-1").sent_at == START


def test_given_an_unsettled_mail_when_its_event_comes_at_last_then_it_is_settled(world: World) -> None:
    ready(world)
    world.ses.answers = [timeout(taken=True)]
    for _ in range(3):
        work(MESSAGE)
        work(MAIL)
        world.now += LEASE_SECONDS + GRACE_SECONDS
    assert states(world)[0] is MailState.UNSETTLED
    report(world, "delivery")
    assert states(world)[0] is MailState.DELIVERED


@pytest.mark.parametrize("name", ["send", "delivery", "bounce_permanent", "complaint"])
def test_given_an_event_faster_than_our_own_write_then_both_are_kept(world: World, name: str) -> None:
    ready(world)

    def early(operation: str, number: int) -> None:
        if world.ses.sent and not told:
            told.append(name)
            report(world, name)

    told: list[str] = []
    world.dynamodb.meanwhile = early
    work(MESSAGE)
    world.dynamodb.meanwhile = None
    mail = world.stored(Mail, "p1-1-0")
    assert (mail.message_id, told) == ("0100-0001", [name])
    assert mail.state.value == {"bounce_permanent": "bounced", "complaint": "complained", "delivery": "delivered"}.get(
        name, "sent"
    )
    assert world.stored(Person, "p1").last_sent_at == START
    assert world.stored(SurveyRequest, "p1-1").sent_at == START


def test_given_a_bounce_after_an_answer_then_the_answer_stands(world: World) -> None:
    sent(world)
    world.answer(world.stored(SurveyRequest, "p1-1"), 9)
    report(world, "bounce_permanent")
    assert states(world) == (MailState.BOUNCED, RequestState.RESPONDED, "bounced")


def test_given_a_complaint_when_the_person_is_surveyed_again_then_nothing_is_mailed(world: World) -> None:
    sent(world)
    report(world, "complaint")
    world.request(world.stored(Person, "p1"), "p1-2")
    work({"request": "p1-2"})
    assert len(world.ses.sent) == 1
    assert world.stored(SurveyRequest, "p1-2").reason == "complained"


def test_given_an_identity_report_of_another_mail_then_the_person_is_blocked_and_the_mail_is_not_touched(
    world: World,
) -> None:
    sent(world)
    told = event("identity_bounce")
    told["mail"]["messageId"] = "0100-9999"
    handler.handle(sqs_batch(told), world.context)
    assert states(world)[0] is MailState.SENT
    assert world.stored(Person, "p1").suppression == "bounced"


def test_given_a_message_id_with_a_domain_then_it_is_the_same_mail(world: World) -> None:
    sent(world)
    told = event("identity_delivery")
    told["mail"]["messageId"] = "0100-0001@email.amazonses.com"
    handler.handle(sqs_batch(told), world.context)
    assert states(world)[0] is MailState.DELIVERED


def test_given_a_mail_that_is_none_of_ours_then_nothing_is_written(world: World) -> None:
    world.project()
    before = world.dynamodb.snapshot("records")
    report(world, "delivery", "identity_bounce", "complaint")
    assert world.dynamodb.snapshot("records") == before


def test_given_ses_own_word_that_the_topic_works_then_it_is_no_fault(world: World) -> None:
    words = "Successfully validated SNS topic for Amazon SES event publishing."
    assert handler.handle(sqs_batch(words, wrapped(words)), world.context) == {"batchItemFailures": []}


def test_given_a_message_that_cannot_be_read_then_only_it_comes_again(world: World) -> None:
    sent(world)
    answer = handler.handle(sqs_batch("{broken", event("delivery"), "[5]"), world.context)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}, {"itemIdentifier": "m2"}]}
    assert states(world)[0] is MailState.DELIVERED
