"""When a survey goes out: delay, a time, a renewal, and the project's send window."""

from datetime import date

import pytest

from shared.domain.project_settings import parse_project
from shared.domain.scheduling import MAX_AHEAD, send_time, within_window
from tests.fakes.calls import Api
from tests.fakes.world import DAY, START, World, moment, settings

BERLIN = "Europe/Berlin"
WINDOW = {"days": [1, 2, 3, 4, 5], "start": "09:00", "end": "17:00"}


def test_given_no_window_then_a_delay_and_a_time_are_kept_to_the_second() -> None:
    project = parse_project(settings())
    assert send_time(project, now=START, delay=90) == START + 90
    assert send_time(project, now=START, send_at=START + 7) == START + 7
    assert send_time(project, now=START, send_at=START - 7) == START


@pytest.mark.parametrize(("wished", "sent"), [
    ("2026-03-27 08:59:59", "2026-03-27 09:00:00"),
    ("2026-03-27 09:00:00", "2026-03-27 09:00:00"),
    ("2026-03-27 16:59:59", "2026-03-27 16:59:59"),
    ("2026-03-27 17:00:00", "2026-03-30 09:00:00"),  # over the weekend in which the clocks change
    ("2026-03-28 12:00:00", "2026-03-30 09:00:00"),
])  # fmt: skip
def test_given_a_window_then_mail_waits_for_it_in_the_projects_zone(wished: str, sent: str) -> None:
    project = parse_project(settings(time_zone=BERLIN, send_window=WINDOW))
    assert within_window(project, moment(wished, BERLIN)) == moment(sent, BERLIN)


def test_given_a_window_of_one_day_then_a_moment_after_it_waits_a_week() -> None:
    project = parse_project(settings(send_window={"days": [1], "start": "09:00", "end": "10:00"}))
    assert within_window(project, moment("2026-03-30 10:00:00")) == moment("2026-04-06 09:00:00")


def test_given_a_renewal_then_the_survey_is_its_lead_time_before_it() -> None:
    project = parse_project(settings(time_zone=BERLIN, renewal_lead_days=60))
    expected = moment("2026-10-02 09:00:00", BERLIN)
    assert send_time(project, now=START, renewal_date=date(2026, 12, 1)) == expected
    assert send_time(project, now=START, renewal_date=date(2026, 3, 20)) == START


@pytest.mark.parametrize(("body", "field"), [
    ({"delay": 5, "send_at": START}, "send_at"),
    ({"send_at": START, "renewal_date": "2027-01-01"}, "renewal_date"),
    ({"send_at": START + MAX_AHEAD + 1}, "send_at"),
    ({"renewal_date": "2031-01-01"}, "renewal_date"),
    ({"renewal_date": "soon"}, "renewal_date"),
    ({"dry_run": "perhaps"}, "dry_run"),
])  # fmt: skip
def test_given_times_that_contradict_or_lie_too_far_then_422_names_the_field(
    world: World, body: dict[str, object], field: str
) -> None:
    world.project()
    reply = Api.of(world).ask(**body)
    assert (reply.status, list(reply.body["errors"])) == (422, [field])
    assert world.items("person") == []


def test_given_a_renewal_then_the_answer_tells_the_day_and_the_person_keeps_it(world: World) -> None:
    world.project(renewal_lead_days=10)
    reply = Api.of(world).ask(renewal_date="2026-06-30")
    assert reply.body["survey_request"]["scheduled_at"] == moment("2026-06-20 09:00:00")
    assert reply.body["properties"] == {"renewal_date": "2026-06-30"}


def test_given_a_dry_run_then_it_tells_what_would_happen_and_nothing_is_written(world: World) -> None:
    world.project()
    api = Api.of(world)
    before = world.dynamodb.snapshot("records")
    told = api.ask(dry_run=True, delay=60).body
    assert (told["id"], told["survey_request"]["id"]) == (None, None)
    assert (told["survey_request"]["status"], told["survey_scheduled_at"]) == ("scheduled", START + 60)
    assert world.dynamodb.snapshot("records") == before
    assert api.call("POST", "people", query="dry_run=true", form={"email": "p1@example.com"}).status == 201
    assert world.dynamodb.snapshot("records") == before
    api.ask()
    again = api.ask(dry_run=True).body["survey_request"]
    assert (again["status"], again["next_eligible_at"]) == ("throttled", START + 30 * DAY)
