"""Every allowed and every forbidden move of requests, mails and cases: each table against the product's words."""

from dataclasses import replace
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from shared.domain import cases, mails, requests
from shared.domain.cases import Case, CaseState, Duty, FollowUp, decide_follow_up
from shared.domain.counting import request_amounts
from shared.domain.errors import ConflictError, InvalidError
from shared.domain.mails import GRACE_SECONDS, LEASE_SECONDS, Mail, MailKind, MailState, Step, next_step
from shared.domain.people import Person
from shared.domain.project_settings import parse_project
from shared.domain.requests import RequestState, SurveyRequest, decide_send
from shared.domain.responses import Response
from tests.fakes.world import DAY, START, settings

REQUEST_MOVES = {
    "scheduled": "active responded suppressed cancelled",
    "active": "responded suppressed expired cancelled",
    "suppressed": "responded",
    "expired": "responded",
    "responded": "", "throttled": "", "cancelled": "",
}  # fmt: skip
MAIL_MOVES = {
    "queued": "sending failed",
    "sending": "queued sending sent delivered bounced complained failed unsettled",
    "sent": "delivered bounced complained failed",
    "unsettled": "sent delivered bounced complained failed",
    "delivered": "bounced complained",
    "bounced": "complained",
    "complained": "", "failed": "",
}  # fmt: skip
CASE_MOVES = {"open": "contacted resolved", "contacted": "resolved", "resolved": ""}


@pytest.mark.parametrize(("table", "written"), [
    (requests.MOVES, REQUEST_MOVES), (mails.MOVES, MAIL_MOVES), (cases.MOVES, CASE_MOVES),
])  # fmt: skip
def test_given_a_table_of_moves_then_it_is_the_one_written_here(table: Any, written: dict[str, str]) -> None:
    assert {state.value: {new.value for new in allowed} for state, allowed in table.items()} == {
        state: set(allowed.split()) for state, allowed in written.items()
    }


def request(state: RequestState) -> SurveyRequest:
    return SurveyRequest("p-1", "acme", "p", START, state, START, START + 90 * DAY, timer_at=START)


def test_given_a_scheduled_request_then_it_counts_nothing_and_never_did() -> None:
    # What the stream's filter keeps from `score` must neither count now nor take back what was counted.
    assert request_amounts(request(RequestState.SCHEDULED), ZoneInfo("UTC")) == {}
    assert not any(RequestState.SCHEDULED in allowed for allowed in requests.MOVES.values())
    asked = requests.sent(request(RequestState.SCHEDULED), parse_project(settings()), now=START)
    assert asked.state is not RequestState.SCHEDULED


@pytest.mark.parametrize(("state", "new"), list(product(RequestState, RequestState)))
def test_given_a_request_in_any_state_then_only_its_moves_are_made(state: RequestState, new: RequestState) -> None:
    one = request(state)
    if new.value in REQUEST_MOVES[state].split():
        moved = requests.stopped(one, new, "why")
        assert (moved.state, moved.timer_at) == (new, 0)
    else:
        with pytest.raises(ConflictError):
            requests.stopped(one, new, "why")


@pytest.mark.parametrize("state", list(RequestState))
def test_given_a_request_when_its_mail_is_sent_then_it_is_active_and_due_for_a_reminder(state: RequestState) -> None:
    project = parse_project(settings())
    after = requests.sent(request(state), project, now=START + 5)
    assert after.sent_at == START + 5
    moved = state in {RequestState.SCHEDULED, RequestState.ACTIVE}
    assert (after.state, after.timer_at) == ((RequestState.ACTIVE, START + 5 + 3 * DAY) if moved else (state, START))
    assert requests.sent(after, project, now=START + 9).sent_at == START + 5


def test_given_reminders_when_each_is_sent_then_the_next_is_due_and_at_last_the_expiry() -> None:
    project = parse_project(settings(reminder_days=[3, 7]))
    one = requests.sent(request(RequestState.SCHEDULED), project, now=START)
    due = [one.timer_at]
    for _ in range(2):
        one = requests.sent(requests.reminded(one), project, now=one.timer_at)
        due.append(one.timer_at)
    assert due == [START + 3 * DAY, START + 7 * DAY, START + 90 * DAY]


@pytest.mark.parametrize(("state", "new"), list(product(MailState, MailState)))
def test_given_a_mail_in_any_state_when_ses_reports_then_only_its_moves_are_made(
    state: MailState, new: MailState
) -> None:
    one = Mail("m", "acme", MailKind.INVITATION, "p-1", START, state=state, timer_at=START)
    after = mails.reported(one, new, "why", START + 5)
    if new.value in MAIL_MOVES[state].split():
        assert (after.state, after.timer_at, after.settled_at) == (new, 0, START + 5)
    else:
        assert after == one


@pytest.mark.parametrize(("kind", "state", "after", "step"), [
    (MailKind.INVITATION, MailState.QUEUED, 0, Step.SEND), (MailKind.ALERT, MailState.QUEUED, 0, Step.SEND),
    *[(kind, MailState.SENDING, LEASE_SECONDS - 1, Step.WAIT) for kind in MailKind],
    *[(kind, MailState.SENDING, LEASE_SECONDS, Step.SEND)
      for kind in (MailKind.ALERT, MailKind.REPORT, MailKind.BOUNCE_NOTICE)],
    *[(kind, MailState.SENDING, LEASE_SECONDS + GRACE_SECONDS - 1, Step.WAIT)
      for kind in (MailKind.INVITATION, MailKind.REMINDER, MailKind.THANKS)],
    *[(kind, MailState.SENDING, LEASE_SECONDS + GRACE_SECONDS, Step.GIVE_UP)
      for kind in (MailKind.INVITATION, MailKind.REMINDER, MailKind.THANKS)],
    *[(MailKind.ALERT, state, 10**6, Step.NOTHING) for state in list(MailState)[2:]],
])  # fmt: skip
def test_given_a_mail_that_is_due_then_its_kind_says_what_to_do(
    kind: MailKind, state: MailState, after: int, step: Step
) -> None:
    lease = START + LEASE_SECONDS if state is MailState.SENDING else 0
    one = Mail("m", "acme", kind, "s", START, state=state, lease_until=lease)
    assert next_step(one, START + after) is step


def case(state: CaseState) -> Case:
    return Case("c", "acme", "p", START, START + DAY, "o@example.com", state=state)


@pytest.mark.parametrize("state", list(CaseState))
def test_given_a_case_in_any_state_then_only_its_moves_are_made(state: CaseState) -> None:
    moves = {
        "contacted": lambda: cases.contact(case(state), how="call", note="", by="Olga", now=START + 9),
        "resolved": lambda: cases.resolve(case(state), root_cause="slow", note="done", by="Olga", now=START + 9),
    }
    for new, move in moves.items():
        if new in CASE_MOVES[state].split():
            after = move()
            assert (after.state.value, after.history[-1].what, after.history[-1].by) == (new, new, "Olga")
        else:
            with pytest.raises(ConflictError):
                move()


@pytest.mark.parametrize(("act", "fields"), [
    (lambda: cases.contact(case(CaseState.OPEN), how="fax", note="", by="", now=0), {"how"}),
    (lambda: cases.contact(case(CaseState.OPEN), how="", note="", by="", now=0), {"how"}),
    (lambda: cases.resolve(case(CaseState.OPEN), root_cause=" ", note="", by="", now=0), {"root_cause", "note"}),
    (lambda: cases.resolve(case(CaseState.OPEN), root_cause="x" * 201, note="n", by="", now=0), {"root_cause"}),
    (lambda: cases.resolve(case(CaseState.OPEN), root_cause="x", note="n" * 2001, by="", now=0), {"note"}),
    (lambda: cases.add_note(case(CaseState.OPEN), note=" \n", by="", now=0), {"note"}),
])  # fmt: skip
def test_given_what_a_move_needs_is_missing_then_it_is_named(act: Any, fields: set[str]) -> None:
    with pytest.raises(InvalidError) as caught:
        act()
    assert set(caught.value.fields) == fields


def test_given_a_full_case_then_no_more_notes_are_taken_and_it_can_still_be_resolved() -> None:
    full = case(CaseState.OPEN)
    for number in range(cases.MAX_HISTORY):
        full = cases.add_note(full, note=f"note {number}", by="", now=START)
    with pytest.raises(ConflictError):
        cases.add_note(full, note="one more", by="", now=START)
    assert cases.resolve(full, root_cause="slow", note="done", by="", now=START).state is CaseState.RESOLVED


DONE = FollowUp("p-1", 1)


@pytest.mark.parametrize(("score", "rev", "done", "duty"), [
    (0, 1, None, Duty.CASE), (6, 1, None, Duty.CASE), (7, 1, None, Duty.NOTHING), (8, 1, None, Duty.NOTHING),
    (9, 1, None, Duty.THANKS), (10, 1, None, Duty.THANKS), (3, 1, DONE, Duty.NOTHING), (3, 2, DONE, Duty.CASE),
    (3, 2, replace(DONE, case="c"), Duty.RELAPSED), (9, 2, replace(DONE, case="c"), Duty.RECOVERED),
    (7, 2, replace(DONE, case="c"), Duty.RECOVERED), (9, 2, replace(DONE, thanked=True), Duty.NOTHING),
    (3, 2, replace(DONE, thanked=True), Duty.CASE),
])  # fmt: skip
def test_given_a_score_and_what_was_done_then_the_duty_follows(
    score: int, rev: int, done: FollowUp | None, duty: Duty
) -> None:
    response = Response("p-1", "acme", "p", score, START, START, rev=rev)
    assert decide_follow_up(response, done, parse_project(settings())) is duty


@pytest.mark.parametrize(
    ("person", "delay", "state", "reason"),
    [
        (None, 0, "scheduled", ""),
        (None, DAY, "scheduled", ""),
        ({"next_eligible_at": START}, 0, "scheduled", ""),
        ({"next_eligible_at": START + 1}, 0, "throttled", "surveyed_recently"),
        ({"next_eligible_at": START + 60}, 60, "scheduled", ""),
        ({"next_eligible_at": START + 61}, 60, "throttled", "surveyed_recently"),
        ({"bounced_at": 1}, 0, "suppressed", "bounced"),
        ({"complained_at": 1, "bounced_at": 1}, 0, "suppressed", "complained"),
        ({"unsubscribed_at": 1, "complained_at": 1, "bounced_at": 1}, 0, "suppressed", "unsubscribed"),
        ({"unsubscribed_at": 1, "next_eligible_at": START + DAY}, 0, "suppressed", "unsubscribed"),
        ({"email": "", "phone_number": "+49 30 901820"}, 0, "suppressed", "no_address"),
        ({"email": "", "unsubscribed_at": 1}, 0, "suppressed", "unsubscribed"),
    ],
)
def test_given_a_person_then_suppression_goes_before_the_throttle(
    person: dict[str, Any] | None, delay: int, state: str, reason: str
) -> None:
    known = None if person is None else Person("p", "acme", START, **({"email": "p@example.com"} | person))
    told = decide_send(known, parse_project(settings()), now=START, scheduled_at=START + delay)
    assert (told.state, told.reason) == (state, reason)


def test_given_a_closed_project_then_nobody_is_asked() -> None:
    project = parse_project(settings(open=False))
    decision = decide_send(None, project, now=START, scheduled_at=START)
    assert (decision.state, decision.reason) == (RequestState.SUPPRESSED, "project_closed")
