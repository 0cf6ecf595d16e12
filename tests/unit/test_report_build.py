"""The monthly report: built when it is due, mailed once, whole after any death, and one project's fault is its own."""

import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from functions.report import handler
from functions.report.build import build
from functions.report.due import due_months
from functions.score import handler as score
from shared.domain.monthly import Month, month_of
from shared.domain.people import Person
from shared.domain.project import Project
from shared.domain.responses import Response
from shared.store import reports
from shared.store.erasures import erase
from shared.store.records import created
from shared.store.table import records
from tests.fakes.chaos import EXPECTED
from tests.fakes.dynamodb import DIE_AFTER, DIE_BEFORE, refusal
from tests.fakes.world import DAY, World, batch, moment

PROMPT = "https://sqs.example.com/prompt"
MANAGERS = [{"email": "m1@acme.example.com", "name": "Mia"}, {"email": "m2@acme.example.com"}]
RELEASE = moment("2026-03-02 08:00:00")
FILES = {"reports/acme/2026-02/report.html", "reports/acme/2026-02/report.json"}


def ready(world: World, **more: Any) -> Project:
    world.now = RELEASE
    project = world.project(managers=MANAGERS, dimensions=["plan"], **more)
    for number, value in enumerate([10] * 6 + [8] * 3 + [2] * 3):
        at = moment("2026-02-10 12:00:00") + number
        words = "Ada Example at ada@example.com was slow to answer" if value == 2 else ""
        one = Response(f"p{number}-1", "acme", f"p{number}", value, at, at, comment=words, commented=bool(words),
                       properties={"plan": "gold"})  # fmt: skip
        records().write(created(one))
    score.handle(batch(world.stream("response")), world.context)
    return project


def february(project: Project) -> Month:
    return Month("2026-02", project.zone)


def test_given_a_month_of_answers_then_page_and_data_are_written_and_match_a_recount(world: World) -> None:
    project = ready(world)
    build(project, february(project), world.now)
    assert set(world.s3.objects) == FILES
    figures = json.loads(world.s3.objects["reports/acme/2026-02/report.json"])
    assert figures["histogram"] == [0, 0, 3, 0, 0, 0, 0, 0, 3, 0, 6]
    assert (figures["score"], figures["responses"], figures["funnel"]["commented"]) == (25, 12, 3)
    assert figures["quality"][0]["value"] == "matches"
    assert "ada@example.com" not in world.s3.objects["reports/acme/2026-02/report.html"].decode()
    assert (
        b"+25" in world.s3.objects["reports/acme/2026-02/report.html"]
        or b"25" in world.s3.objects["reports/acme/2026-02/report.html"]
    )


def test_given_a_built_report_when_built_again_then_each_manager_has_one_mail(world: World) -> None:
    project = ready(world)
    for _ in range(2):
        build(project, february(project), world.now)
        world.now += 3600
    assert sorted(mail["to"] for mail in world.mails()) == ["m1@acme.example.com", "m2@acme.example.com"]


def test_given_an_empty_month_then_a_report_is_still_sent(world: World) -> None:
    world.now = RELEASE
    project = world.project(managers=MANAGERS)
    build(project, february(project), world.now)
    assert json.loads(world.s3.objects["reports/acme/2026-02/report.json"])["score"] is None
    assert len(world.mails()) == 2


@pytest.mark.parametrize("fault", [DIE_BEFORE, DIE_AFTER])
def test_given_a_worker_that_dies_at_any_point_then_the_next_hour_makes_it_whole(world: World, fault: str) -> None:
    for position in range(40):
        world.dynamodb.__init__()  # type: ignore[misc]
        world.s3.objects.clear()
        ready(world)
        at = len(world.dynamodb.calls) + position
        world.dynamodb.fault = lambda operation, number, at=at: fault if number == at else None
        with suppress(*EXPECTED):
            handler.handle({}, world.context)
        done = len(world.dynamodb.calls) <= at
        world.dynamodb.fault = None
        world.now += 3600
        handler.handle({}, world.context)
        assert set(world.s3.objects) == FILES, position
        assert len(world.mails()) == 2, position
        if done:
            return
    pytest.fail("the run never ended")


def test_given_s3_that_fails_once_then_the_next_hour_builds(world: World) -> None:
    ready(world)
    world.s3.fail = [refusal("SlowDown", "", "PutObject")]
    with suppress(Exception):
        handler.handle({}, world.context)
    world.now += 3600
    handler.handle({}, world.context)
    assert set(world.s3.objects) == FILES
    assert len(world.mails()) == 2


@pytest.mark.parametrize("trouble", ["month 0000-01", "month 9999-12", "country"])
def test_given_a_project_that_cannot_be_built_then_the_others_are(world: World, trouble: str) -> None:
    ready(world)
    if trouble == "country":
        world.project("aaa", calendar={"country": "ZZ"})
    else:
        world.project("aaa")
        reports.request("aaa", trouble.removeprefix("month "), world.now)
    with suppress(Exception):
        handler.handle({}, world.context)
    assert set(world.s3.objects) >= FILES


def test_given_a_failing_project_then_the_run_is_told_to_have_failed(world: World) -> None:
    ready(world)
    world.s3.fail = [refusal("SlowDown", "", "PutObject")]
    with pytest.raises(Exception, match=r".+"):
        handler.handle({}, world.context)


def test_given_a_wish_for_one_month_then_that_one_is_built(world: World) -> None:
    ready(world)
    reports.request("acme", "2026-01", world.now)
    handler.handle({"project": "acme", "month": "2026-01"}, world.context)
    assert set(world.s3.objects) == {"reports/acme/2026-01/report.html", "reports/acme/2026-01/report.json"}


def test_given_the_running_month_then_its_report_is_preliminary_and_comes_again_when_it_is_over(world: World) -> None:
    project = ready(world)
    world.now = moment("2026-02-20 10:00:00")
    build(project, february(project), world.now)
    figures = json.loads(world.s3.objects["reports/acme/2026-02/report.json"])
    assert (figures["preliminary"], figures["last_day"], len(world.mails())) == (True, "2026-02-20", 2)
    world.now = RELEASE
    handler.handle({}, world.context)
    assert json.loads(world.s3.objects["reports/acme/2026-02/report.json"])["preliminary"] is False
    assert len(world.mails()) == 4


def due(project: Project, text: str, zone: str = "UTC") -> list[str]:
    return [month.name for month in due_months(project, moment(text, zone))]


@pytest.mark.parametrize(
    ("zone", "calendar", "before", "at", "month"),
    [
        ("UTC", {}, "2026-03-02 07:59:59", "2026-03-02 08:00:00", "2026-02"),
        ("Europe/Berlin", {}, "2026-04-01 07:59:59", "2026-04-01 08:00:00", "2026-03"),
        ("Asia/Tokyo", {}, "2026-02-02 07:59:59", "2026-02-02 08:00:00", "2026-01"),
        ("America/Los_Angeles", {}, "2026-06-01 07:59:59", "2026-06-01 08:00:00", "2026-05"),
        ("Europe/Berlin", {"country": "DE"}, "2026-01-02 07:59:59", "2026-01-02 08:00:00", "2025-12"),
        ("Europe/Berlin", {"country": "DE"}, "2026-05-04 07:59:59", "2026-05-04 08:00:00", "2026-04"),
        ("Asia/Dubai", {"days": [7, 1, 2, 3, 4]}, "2026-03-01 07:59:59", "2026-03-01 08:00:00", "2026-02"),
    ],
)  # fmt: skip
def test_given_a_calendar_then_last_months_report_is_due_from_its_first_business_day_at_eight(
    world: World, zone: str, calendar: dict[str, Any], before: str, at: str, month: str
) -> None:
    world.now = moment("2025-06-01 00:00:00")
    project = world.project(time_zone=zone, calendar=calendar)
    assert due(project, before, zone) == []
    assert due(project, at, zone) == [month]


def test_given_a_built_month_then_it_is_not_due_again_unless_wished_for(world: World) -> None:
    project = ready(world)
    build(project, february(project), world.now)
    assert due(project, "2026-03-02 09:00:00") == []
    reports.request("acme", "2026-02", world.now)
    assert due(project, "2026-03-02 09:00:00") == ["2026-02"]


def test_given_a_project_made_this_month_then_last_month_is_not_due(world: World) -> None:
    project = replace(world.project(), created_at=moment("2026-03-01 00:00:00"))
    assert due(project, "2026-03-31 12:00:00") == []
    assert due(replace(project, created_at=project.created_at - 1), "2026-03-31 12:00:00") == ["2026-02"]


def test_given_a_report_then_its_mail_is_handed_to_the_prompt_queue_and_names_its_month(world: World) -> None:
    project = ready(world)
    build(project, february(project), world.now)
    assert len(world.sqs.take(PROMPT)) == 2
    assert {(mail["subject_id"], mail["due_sk"][:10]) for mail in world.mails()} == {("2026-02", f"{world.now:010d}")}


def test_given_a_year_end_then_months_follow_one_another(world: World) -> None:
    month = month_of(moment("2026-01-15 00:00:00"), world.project().zone)
    assert [month.previous().name, month.next().name] == ["2025-12", "2026-02"]
    assert [one.name for one in month.trailing(3)] == ["2025-11", "2025-12", "2026-01"]
    assert (month.end - month.start) == 31 * DAY


def test_given_a_person_erased_after_the_report_then_it_is_built_again_without_their_words_and_without_a_mail(
    world: World,
) -> None:
    project = world.project(managers=[{"email": "m@acme.example.com"}])
    world.answer(world.active(), 9, "The nurse Ada Example helped us a lot")
    month = month_of(world.now, project.zone)
    build(project, month, world.now)
    assert "helped us a lot" in str(world.s3.objects)
    mailed = [mail["id"] for mail in world.mails() if month.name in mail["id"]]
    world.now += 2 * DAY
    erase(world.stored(Person, "p1"), world.now)
    for wanted in due_months(project, world.now):
        build(project, wanted, world.now)
    assert "helped us a lot" not in str(world.s3.objects)
    assert [mail["id"] for mail in world.mails() if month.name in mail["id"]] == mailed
