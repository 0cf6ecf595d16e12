"""Sending: a survey at most once, an alert at least once, whatever SES answers and wherever a worker dies."""

from email import message_from_bytes
from email.header import decode_header, make_header

import pytest
from botocore.exceptions import EndpointConnectionError

from functions.deliver import handler
from functions.deliver.work import Done, work
from functions.follow_up.act import act
from shared.domain.links import LinkKeys, Purpose, Stop
from shared.domain.mails import GRACE_SECONDS, LEASE_SECONDS, Mail, MailState
from shared.domain.people import Person, address_hash
from shared.domain.requests import RequestState, SurveyRequest
from shared.domain.responses import Response
from shared.render.words import one_line
from shared.store.records import created
from shared.store.table import records
from tests.fakes.caches import forget
from tests.fakes.dynamodb import refusal
from tests.fakes.scenes import MAIL, MESSAGE, alert, ready, timeout
from tests.fakes.services import LINK_SECRETS, ses_refusal
from tests.fakes.world import DAY, START, World, sqs_batch


def test_given_a_due_request_then_one_mail_goes_out_and_mail_request_and_person_say_so(world: World) -> None:
    ready(world)
    world.now += 30
    assert work(MESSAGE)[0] is Done.SENT
    (sent,) = world.ses.sent
    assert (sent.sender, sent.recipient) == ("survey@acme.example.com", "p1@example.com")
    assert sent.tags == {"mail": "p1-1-0", "attempt": "1"}
    mail, request = world.stored(Mail, "p1-1-0"), world.stored(SurveyRequest, "p1-1")
    assert (mail.state, mail.message_id, mail.sent_at, mail.timer_at) == (MailState.SENT, "0100-0001", START + 30, 0)
    assert (request.state, request.sent_at, request.timer_at) == (RequestState.ACTIVE, START + 30, START + 30 + 3 * DAY)
    assert world.stored(Person, "p1").last_sent_at == START + 30


def test_given_a_warm_worker_then_a_survey_is_one_read_a_slot_and_two_writes(world: World) -> None:
    ready(world)
    work(MESSAGE)
    world.invited("p2")
    first = len(world.dynamodb.calls)
    assert work({"request": "p2-1"})[0] is Done.SENT
    assert world.dynamodb.calls[first:] == [
        "batch_get_item", "update_item", "transact_write_items", "transact_write_items",
    ]  # fmt: skip


def test_given_an_invitation_then_its_links_and_headers_let_the_person_answer_and_stop(world: World) -> None:
    ready(world)
    work(MESSAGE)
    (sent,) = world.ses.sent
    stop = sent.message["List-Unsubscribe"].strip("<>")
    assert sent.message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert stop.startswith("https://surveys.example.com/u/")
    link_keys = LinkKeys("k2", {name: text.encode() for name, text in LINK_SECRETS.items()})
    named = Stop.read(link_keys.read(Purpose.UNSUBSCRIBE, stop.rpartition("/")[2]))
    assert named == Stop("p1-1", address_hash("acme", "p1@example.com"))
    token = world.link(Purpose.SURVEY, "p1-1")
    assert all(f"/r/{token}?score={score}" in sent.part("html") for score in range(11))
    assert f"/r/{token}" in sent.part("plain")
    assert stop in sent.part("plain")


def test_given_the_same_message_again_and_again_then_nothing_more_happens(world: World) -> None:
    ready(world)
    work(MESSAGE)
    before = world.dynamodb.snapshot("records")
    assert [work(MESSAGE)[0], work(MAIL)[0], work(MESSAGE)[0]] == [Done.NOTHING] * 3
    assert (len(world.ses.sent), world.dynamodb.snapshot("records")) == (1, before)


@pytest.mark.parametrize(
    ("answer", "done", "pause"),
    [
        (ses_refusal("Throttling", "Maximum sending rate exceeded."), Done.LATER, 5),
        (ses_refusal("TooManyRequestsException", "slow down"), Done.LATER, 5),
        (EndpointConnectionError(endpoint_url="https://email.example.com"), Done.LATER, 5),
        (ses_refusal("Throttling", "Daily message quota exceeded."), Done.LATER, 3600),
        (ses_refusal("AccountSendingPausedException"), Done.LATER, 600),
    ],
    ids=["rate", "too many", "unreachable", "daily quota", "paused"],
)
def test_given_ses_takes_nothing_now_then_the_mail_waits_and_is_sent_later_once(
    world: World, answer: BaseException, done: Done, pause: int
) -> None:
    ready(world)
    world.ses.answers = [answer]
    assert work(MESSAGE)[0] is done
    mail = world.stored(Mail, "p1-1-0")
    assert (mail.state, mail.timer_at) == (MailState.QUEUED, world.now + pause)
    assert world.stored(SurveyRequest, "p1-1").state is RequestState.SCHEDULED
    world.now += pause
    assert work(MAIL)[0] is Done.SENT
    assert len(world.ses.sent) == 1
    assert world.ses.sent[0].tags["attempt"] == "2"


def test_given_a_mail_put_off_for_hours_when_its_message_comes_twice_then_ses_is_left_alone(world: World) -> None:
    ready(world)
    world.ses.answers = [ses_refusal("Throttling", "Daily message quota exceeded.")]
    work(MESSAGE)
    world.now += 60
    assert work(MAIL)[0] is Done.NOTHING
    assert world.ses.calls == 1


def test_given_repeated_throttling_then_the_pause_doubles_up_to_an_hour(world: World) -> None:
    ready(world)
    world.ses.answers = [ses_refusal("Throttling", "Maximum sending rate exceeded.") for _ in range(13)]
    pauses, message = [], MESSAGE
    for _ in range(13):
        work(message)
        message, mail = MAIL, world.stored(Mail, "p1-1-0")
        pauses.append(mail.timer_at - world.now)
        world.now = mail.timer_at
    assert pauses == [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600, 3600]


def test_given_ses_rejects_the_mail_then_it_failed_and_the_throttle_is_given_back(world: World) -> None:
    world.project()
    person = world.person("p1", pending_request="p1-1", next_eligible_at=START + 30 * DAY)
    world.request(person, eligible_before=START - 5)
    world.ses.answers = [
        ses_refusal("MessageRejected", "Email address is not verified. The following identities failed: p1@example.org")
    ]
    assert work(MESSAGE)[0] is Done.REFUSED
    mail, request = world.stored(Mail, "p1-1-0"), world.stored(SurveyRequest, "p1-1")
    assert (mail.state, mail.reason, mail.timer_at) == (MailState.FAILED, "MessageRejected", 0)
    assert (request.state, request.reason) == (RequestState.CANCELLED, "failed")
    assert world.stored(Person, "p1").next_eligible_at <= START


@pytest.mark.parametrize("taken", [True, False])
@pytest.mark.parametrize("error", ["timeout", "fault"])
def test_given_an_unknown_outcome_then_the_survey_is_not_sent_again_and_becomes_unsettled(
    world: World, taken: bool, error: str
) -> None:
    ready(world)
    failure = timeout(taken=taken) if error == "timeout" else ses_refusal("InternalFailure", status=500)
    world.ses.answers = [failure]
    assert work(MESSAGE)[0] is Done.UNKNOWN
    calls = world.ses.calls
    for wait, done in ((1, Done.NOTHING), (LEASE_SECONDS, Done.NOTHING), (GRACE_SECONDS, Done.GIVEN_UP)):
        world.now += wait
        assert work(MAIL)[0] is done
    mail = world.stored(Mail, "p1-1-0")
    assert (mail.state, mail.timer_at) == (MailState.UNSETTLED, 0)
    assert world.stored(SurveyRequest, "p1-1").state is RequestState.ACTIVE
    assert (work(MAIL)[0], work(MESSAGE)[0], world.ses.calls) == (Done.NOTHING, Done.NOTHING, calls)


def test_given_an_unknown_outcome_then_its_timers_are_the_lease_and_then_the_grace(world: World) -> None:
    ready(world)
    world.ses.answers = [timeout(taken=True)]
    work(MESSAGE)
    timers = [world.stored(Mail, "p1-1-0").timer_at - START]
    world.now += LEASE_SECONDS
    work(MAIL)
    timers.append(world.stored(Mail, "p1-1-0").timer_at - START)
    assert timers == [LEASE_SECONDS, LEASE_SECONDS + GRACE_SECONDS]


def test_given_an_alert_then_its_owner_reads_score_words_and_a_link_to_act(world: World) -> None:
    work({"mail": alert(world)})
    (sent,) = world.ses.sent
    assert sent.recipient == "cs@acme.example.com"
    assert f"https://surveys.example.com/c/{world.link(Purpose.CASE, 'p1-1-1')}" in sent.part("plain")
    for words in ("too slow", "Ada Example", "p1@example.com", "2"):
        assert words in sent.part("plain")
    assert sent.message["List-Unsubscribe"] is None


@pytest.mark.parametrize("service", ["secrets"])
def test_given_a_service_that_fails_while_the_mail_is_written_then_it_is_sent_when_the_message_comes_again(
    world: World, service: str
) -> None:
    ready(world)
    getattr(world, service).fail = [refusal("InternalServiceError", "try again", "GetSecretValue")]
    with pytest.raises(Exception, match="InternalServiceError"):
        work(MESSAGE)
    world.now += 300
    work(MESSAGE)
    assert len(world.ses.sent) == 1


def test_given_an_expired_request_then_its_timer_ends_it(world: World) -> None:
    world.project()
    world.active()
    world.now += 90 * DAY
    assert work(MESSAGE)[0] is Done.EXPIRED
    assert world.stored(SurveyRequest, "p1-1").state is RequestState.EXPIRED


def test_given_a_batch_with_one_failing_message_then_only_that_one_comes_again(world: World) -> None:
    ready(world)
    records().write(created(Mail("alert-x", "nobody", "alert", "c", START, to="x@example.com")))  # type: ignore[arg-type]
    answer = handler.handle(sqs_batch({"mail": "alert-x"}, MESSAGE, {"mail": "gone"}), world.context)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert len(world.ses.sent) == 1


@pytest.mark.parametrize("name", ["owner_name", "account_name"])
def test_given_a_line_break_in_a_property_then_the_alert_is_still_sent(world: World, name: str) -> None:
    project = world.project()
    world.person("p1")
    response = Response("p1-1", "acme", "p1", 2, world.now, world.now, properties={
        "owner_email": "cs@acme.example.com", name: "Carl\r\nBcc: all@example.com"})  # fmt: skip
    records().write(created(response))
    mail = act(world.stored(Response, "p1-1"), project, lambda day: False, world.now).mail
    work({"mail": mail})
    (sent,) = world.ses.sent
    assert sent.message["Bcc"] is None


@pytest.mark.parametrize("kind", ["invitation", "alert"])
@pytest.mark.parametrize(
    "name", ['Müller, Zoë "die Ältere" ' * 6, "🏥" * 150, "مستشفى الأمل للأطفال والنساء " * 5, "=?utf-8?q?=0ABcc?="]
)
def test_given_hard_names_everywhere_then_the_header_s_lines_are_short_and_its_links_whole(
    world: World, kind: str, name: str
) -> None:
    project = world.project(
        sender={"email": "survey@acme.example.com", "name": name, "reply_to": "cs@acme.example.com"}
    )
    properties = {"owner_email": "cs@acme.example.com", "owner_name": name, "account_name": name}
    if kind == "invitation":
        world.invited(name=name, properties={"delighted_email_subject": name[:150]})
        work(MESSAGE)
    else:
        world.person("p1", name=name)
        records().write(created(Response("p1-1", "acme", "p1", 2, world.now, world.now, properties=properties)))
        work({"mail": act(world.stored(Response, "p1-1"), project, lambda day: False, world.now).mail})
    (sent,) = world.ses.sent
    lines = sent.raw.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert max(len(line) for line in lines if not line.startswith(b"List-Unsubscribe:")) <= 78
    assert all(len(word) <= 75 for line in lines for word in line.split() if word.startswith(b"=?"))
    (link,) = [line for line in lines if line.startswith(b"List-Unsubscribe:")] or [b"List-Unsubscribe: <https://x>"]
    assert (link.count(b" "), link.endswith(b">")) == (1, True)
    assert sent.message["Bcc"] is None
    assert [sent.message[field].addresses[0].addr_spec for field in ("From", "To", "Reply-To")] == [
        "survey@acme.example.com", sent.recipient, "cs@acme.example.com",
    ]  # fmt: skip
    (subject,) = [value for field, value in message_from_bytes(sent.raw).items() if field == "Subject"]
    assert one_line(name, 60)[:40] in str(make_header(decode_header(subject)))


def test_given_a_project_that_closed_meanwhile_then_nobody_is_asked_and_the_throttle_is_given_back(
    world: World,
) -> None:
    world.project(open=False)
    person = world.person("p1", pending_request="p1-1", next_eligible_at=world.now + 30 * DAY)
    world.request(person)
    assert work(MESSAGE)[0] is Done.SUPPRESSED
    request = world.stored(SurveyRequest, "p1-1")
    assert (request.state, request.reason) == (RequestState.SUPPRESSED, "project_closed")
    assert (world.stored(Person, "p1").next_eligible_at, world.ses.sent) == (0, [])
    assert work(MESSAGE)[0] is Done.NOTHING


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("MessageRejected", "Email address is not verified. The following identities failed: survey@acme.example.com"),
        ("MailFromDomainNotVerifiedException", "The MAIL FROM domain is not verified"),
        ("ExpiredToken", "The security token included in the request is expired"),
        ("InvalidClientTokenId", "The security token included in the request is invalid."),
    ],
)
def test_given_a_fault_of_the_sender_or_our_credentials_then_no_survey_is_cancelled(
    world: World, code: str, message: str
) -> None:
    project = world.project()
    world.request(world.person("p1", pending_request="p1-1"))
    world.ses.answers = [ses_refusal(code, message.replace("survey@acme.example.com", project.sender.email))]
    assert work(MESSAGE)[0] is Done.LATER
    assert world.stored(Mail, "p1-1-0").state is MailState.QUEUED
    assert world.stored(SurveyRequest, "p1-1").state is RequestState.SCHEDULED


def test_given_a_survey_sent_late_then_its_link_is_good_for_as_long_as_any(world: World) -> None:
    project = world.project()
    request = world.request(world.person("p1", pending_request="p1-1"))
    world.now = request.expires_at + DAY
    assert work(MESSAGE)[0] is Done.SENT
    assert world.stored(SurveyRequest, "p1-1").expires_at == world.now + project.link_days * DAY


def test_given_a_mail_put_off_when_the_project_closes_then_it_is_not_sent(world: World) -> None:
    world.project()
    world.request(world.person("p1", pending_request="p1-1"))
    world.ses.answers = [ses_refusal("Throttling", "Maximum sending rate exceeded.")]
    assert work(MESSAGE)[0] is Done.LATER
    world.project(open=False)
    world.now = world.stored(Mail, "p1-1-0").timer_at
    forget()
    assert work(MAIL)[0] is Done.REFUSED
    assert world.stored(SurveyRequest, "p1-1").state is RequestState.CANCELLED
