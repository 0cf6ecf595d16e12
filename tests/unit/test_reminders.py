"""Reminders: after some days, only to those who have not answered and may be mailed, in the same thread."""

import pytest

from functions.deliver.work import Done, work
from functions.wake.release import release
from shared.domain.mails import GRACE_SECONDS, LEASE_SECONDS, Mail, MailState
from shared.domain.requests import RequestState, SurveyRequest
from shared.store import suppression
from tests.fakes.scenes import timeout
from tests.fakes.services import ses_refusal
from tests.fakes.world import DAY, START, World

MESSAGE = {"request": "p1-1"}


@pytest.fixture
def asked(world: World) -> World:
    """An invitation went out at START; reminders are due after 3 and 7 days."""
    world.project(reminder_days=[3, 7])
    world.invited(name="Ada")
    assert work(MESSAGE)[0] is Done.SENT
    return world


def later(world: World, days: float) -> Done:
    world.now = START + int(days * DAY)
    return work(MESSAGE)[0]


def test_given_nobody_answers_then_two_reminders_and_no_more(asked: World) -> None:
    outcomes = [later(asked, days) for days in (1, 3, 3.1, 7, 8, 30, 90)]
    assert outcomes == [Done.NOTHING, Done.SENT, Done.NOTHING, Done.SENT, Done.NOTHING, Done.NOTHING, Done.EXPIRED]
    assert [mail["id"] for mail in asked.mails("sent")] == ["p1-1-0", "p1-1-1", "p1-1-2"]
    assert asked.stored(SurveyRequest, "p1-1").state is RequestState.EXPIRED


def test_given_a_reminder_then_it_is_in_the_thread_and_says_what_it_is(asked: World) -> None:
    later(asked, 3)
    first, reminder = (mail.message for mail in asked.ses.sent)
    assert reminder["Subject"] == first["Subject"]
    assert reminder["In-Reply-To"] == reminder["References"]
    assert reminder["In-Reply-To"].startswith("<0100-0001")
    assert "This is a reminder" in asked.ses.sent[1].part("plain")
    assert "This is a reminder" not in asked.ses.sent[0].part("plain")
    assert reminder["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_given_an_answer_or_a_suppression_then_no_reminder(asked: World) -> None:
    asked.answer(asked.stored(SurveyRequest, "p1-1"), 8)
    assert later(asked, 3) is Done.NOTHING
    assert release(asked.now, "w").handed_on == 0


@pytest.mark.parametrize("suppress", [suppression.unsubscribe, suppression.bounced, suppression.complained])
def test_given_a_suppressed_person_then_no_reminder(asked: World, suppress: object) -> None:
    suppress("p1", START + DAY)  # type: ignore[operator]
    assert later(asked, 3) is Done.NOTHING
    assert asked.stored(SurveyRequest, "p1-1").state is RequestState.SUPPRESSED
    assert len(asked.ses.sent) == 1


def test_given_wake_when_a_reminder_is_due_then_it_hands_the_request_on(asked: World) -> None:
    assert release(START + 3 * DAY - 1, "w").handed_on == 0
    assert release(START + 3 * DAY, "w").handed_on == 1


def test_given_a_reminder_of_unknown_outcome_then_it_is_not_repeated_and_the_next_one_comes(asked: World) -> None:
    asked.ses.answers = [timeout(taken=True)]
    assert later(asked, 3) is Done.UNKNOWN
    asked.now += LEASE_SECONDS + GRACE_SECONDS
    assert work({"mail": "p1-1-1"})[0] is Done.GIVEN_UP
    assert asked.stored(Mail, "p1-1-1").state is MailState.UNSETTLED
    assert later(asked, 7) is Done.SENT


def test_given_a_reminder_put_off_by_ses_then_the_mail_comes_again_once(asked: World) -> None:
    asked.ses.answers = [ses_refusal("Throttling", "Maximum sending rate exceeded.")]
    assert later(asked, 3) is Done.LATER
    asked.now += 60
    assert [work({"mail": "p1-1-1"})[0], work({"mail": "p1-1-1"})[0], work(MESSAGE)[0]] == [
        Done.SENT,
        Done.NOTHING,
        Done.NOTHING,
    ]


def test_given_a_send_window_then_a_survey_that_comes_late_waits_for_it(world: World) -> None:
    world.project(send_window={"days": [1], "start": "09:00", "end": "10:00"}, reminder_days=[])
    world.invited()
    opens = START + 6 * DAY
    world.now = START + DAY
    assert work(MESSAGE)[0] is Done.LATER
    due = world.stored(SurveyRequest, "p1-1").timer_at
    assert START + DAY < due < opens + 2 * DAY
    assert work(MESSAGE)[0] is Done.NOTHING
    world.now = due
    assert work(MESSAGE)[0] is Done.SENT


def test_given_a_send_window_then_a_mail_that_ses_put_off_waits_for_it_too(world: World) -> None:
    world.project(send_window={"days": [1, 2, 3, 4, 5, 6, 7], "start": "00:00", "end": "23:00"}, reminder_days=[])
    world.invited()
    world.ses.answers = [ses_refusal("Throttling", "Daily message quota exceeded.")]
    assert work(MESSAGE)[0] is Done.LATER
    midnight = START - START % DAY
    world.now = midnight + 23 * 3600 + 60
    assert work({"mail": "p1-1-0"})[0] is Done.LATER
    assert world.stored(Mail, "p1-1-0").timer_at == midnight + DAY
    world.now = midnight + DAY
    assert work({"mail": "p1-1-0"})[0] is Done.SENT
