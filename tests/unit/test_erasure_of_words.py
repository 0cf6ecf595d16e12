"""What people wrote goes with them: out of reports, earlier versions, and answers that were given to somebody else."""

from contextlib import suppress
from itertools import count
from typing import Any

import pytest

from functions.page import handler as page
from functions.report.build import build
from shared.domain.links import Purpose
from shared.domain.monthly import Month
from shared.domain.responses import Response
from shared.render import report as render
from shared.store import lists, reports
from shared.store.records import load
from tests.fakes.calls import Api
from tests.fakes.dynamodb import DIE_AFTER, DeathError
from tests.fakes.world import DAY, RECORDS, World, http_event


def everything(world: World) -> str:
    return str(list(world.dynamodb.snapshot(RECORDS).values()))


def test_given_a_report_that_quotes_an_earlier_version_when_the_person_is_erased_then_it_is_built_again(
    world: World,
) -> None:
    project, api = world.project(), Api.of(world)
    request = world.active(name="Ada")
    world.answer(request, 2, "very secret words here indeed")
    world.now += 32 * DAY
    build(project, Month("2026-03", project.zone), world.now)
    assert b"very secret" in world.s3.objects["reports/acme/2026-03/report.html"]
    world.answer(request, 2, "")
    assert api.call("DELETE", "people/p1").status == 202
    assert (reports.find("acme", "2026-03") or {})["state"] == "requested"


def test_given_an_erasure_cut_off_anywhere_and_repeated_then_the_report_is_built_again(
    world: World,
) -> None:
    project, api = world.project(), Api.of(world)
    for cut in count(1):
        person = f"p{cut}"
        world.answer(world.active(person, name="Ada"), 2, "very secret words here indeed")
        world.now += 40 * DAY
        build(project, Month("2026-03", project.zone), world.now)
        last = len(world.dynamodb.calls) + cut
        world.dynamodb.fault = lambda op, n, last=last: DIE_AFTER if n == last else None
        with suppress(DeathError):
            api.call("DELETE", f"people/{person}")
        finished = len(world.dynamodb.calls) < last
        world.dynamodb.fault = None
        world.now -= 40 * DAY
        api.call("DELETE", f"people/{person}")
        assert (reports.find("acme", "2026-03") or {})["state"] == "requested", cut
        assert "very secret" not in everything(world), cut
        if finished:
            break


def test_given_a_response_of_somebody_else_when_its_link_is_opened_then_it_is_closed(world: World) -> None:
    world.project()
    api = Api.of(world)
    world.answer(world.active("p1", name="Ada"), 2, "first words of ada")
    world.person("p2")
    assert api.call("PUT", "survey_responses/p1-1", json_body={"person": "p2"}).status == 200
    link = f"/r/{world.link(Purpose.SURVEY, 'p1-1')}"
    for event in (http_event("GET", link), http_event("POST", link, form={"score": "9", "comment": "later words"})):
        assert page.handle(event, world.context)["statusCode"] == 410
    api.call("DELETE", "people/p2")
    again = http_event("POST", link, form={"score": "9", "comment": "later words"})
    assert page.handle(again, world.context)["statusCode"] == 410
    api.call("DELETE", "people/p1")
    assert "words" not in everything(world)


def test_given_a_response_that_went_on_twice_when_the_one_between_is_erased_then_their_words_go(world: World) -> None:
    world.project()
    api = Api.of(world)
    world.answer(world.active("p1", name="Ada"), 2, "words of ada")
    world.person("p2")
    world.person("p3")
    for person, comment in (("p2", "words of bob"), ("p3", "words of cy")):
        api.call("PUT", "survey_responses/p1-1", json_body={"person": person, "comment": comment})
    assert api.call("DELETE", "people/p2").status == 202
    assert "words of bob" not in everything(world)
    left = load(Response, "p1-1")
    assert left is not None
    assert (left.person, left.comment) == ("p3", "words of cy")


@pytest.mark.parametrize("asked_for", [True, False], ids=["asked for", "the month's first"])
def test_given_an_erasure_while_the_report_is_built_then_it_is_built_again(
    world: World, monkeypatch: pytest.MonkeyPatch, asked_for: bool
) -> None:
    project, api = world.project(), Api.of(world)
    world.answer(world.active(name="Ada"), 2, "very secret words here indeed")
    world.now += 32 * DAY
    if asked_for:
        reports.request("acme", "2026-03", world.now)
    real, erased = render.html, list[int]()

    def erase_first(*given: Any) -> str:
        erased.append(api.call("DELETE", "people/p1").status)
        return real(*given)

    monkeypatch.setattr(render, "html", erase_first)
    build(project, Month("2026-03", project.zone), world.now)
    assert erased == [202]
    assert (reports.find("acme", "2026-03") or {})["state"] == "requested"


def test_given_a_list_that_lags_behind_an_erasure_then_the_report_does_not_quote_them(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, api = world.project(), Api.of(world)
    world.answer(world.active("p1", name="Ada"), 2, "very secret words here indeed")
    world.answer(world.active("p2", name="Bob"), 3, "words that may be told")
    world.now += 32 * DAY
    listed = list(lists.by_time(Response, "response", "acme", since=0, until=world.now))
    assert api.call("DELETE", "people/p1").status == 202
    monkeypatch.setattr(lists, "by_time", lambda cls, *given, **more: iter(listed if cls is Response else []))
    build(project, Month("2026-03", project.zone), world.now)
    told = world.s3.objects["reports/acme/2026-03/report.html"]
    assert (b"very secret" in told, b"may be told" in told) == (False, True)


def test_given_an_erasure_then_what_is_kept_of_the_person_is_read_twice_and_reports_once(world: World) -> None:
    world.project()
    api = Api.of(world)
    world.answer(world.active(name="Ada"), 2, "very secret words here indeed")
    before = len(world.dynamodb.calls)
    api.call("DELETE", "people/p1")
    assert world.dynamodb.calls[before:].count("query") == 3
