"""Where owners act: a case's page takes what a move needs, tells of a clash, and a report's link stays fresh."""

from typing import Any

import pytest

from functions.desk import handler
from shared.domain.cases import Case, CaseState
from shared.domain.links import Purpose
from shared.store import reports
from shared.store.records import load
from tests.fakes.scenes import alert
from tests.fakes.world import World, http_event

CASE = "p1-1-1"


def visit(world: World, method: str = "GET", path: str = "", **more: Any) -> dict[str, Any]:
    path = path or f"/c/{world.link(Purpose.CASE, CASE)}"
    return handler.handle(http_event(method, path, **more), world.context)


def stored() -> Case:
    case = load(Case, CASE)
    assert case is not None
    return case


@pytest.fixture
def desk(world: World) -> World:
    alert(world)
    return world


def test_given_a_case_then_its_page_shows_the_words_and_reading_it_writes_nothing(desk: World) -> None:
    before = desk.dynamodb.snapshot("records")
    for method in ("GET", "HEAD"):
        answer = visit(desk, method)
        assert answer["statusCode"] == 200
        assert "too slow" in answer["body"]
    assert desk.dynamodb.snapshot("records") == before


def test_given_contact_and_resolution_then_the_case_moves_and_remembers_who(desk: World) -> None:
    contacted = visit(desk, "POST", form={"action": "contacted", "how": "call", "note": "spoke to Ada", "rev": "1"})
    assert (contacted["statusCode"], contacted["headers"]["location"]) == (303, "?saved=contacted")
    resolved = visit(desk, "POST", form={"action": "resolve", "root_cause": "slow", "note": "faster now", "rev": "2"})
    assert resolved["statusCode"] == 303
    case = stored()
    assert (case.state, case.contacted_how, case.root_cause) == (CaseState.RESOLVED, "call", "slow")
    assert [(event.what, event.by) for event in case.history] == [
        ("opened", ""), ("contacted", "Carl"), ("resolved", "Carl"),
    ]  # fmt: skip


@pytest.mark.parametrize(("form", "status"), [
    ({"action": "contacted", "how": "fax"}, 422), ({"action": "contacted"}, 422),
    ({"action": "resolve", "note": "x"}, 422), ({"action": "resolve", "root_cause": "x"}, 422),
    ({"action": "note", "note": " "}, 422), ({"action": "burn"}, 422),
    ({}, 422), ({"action": "note", "note": "x", "rev": "7"}, 409),
])  # fmt: skip
def test_given_what_a_move_needs_is_missing_then_nothing_is_written(
    desk: World, form: dict[str, str], status: int
) -> None:
    before = desk.dynamodb.snapshot("records")
    assert visit(desk, "POST", form=form)["statusCode"] == status
    assert desk.dynamodb.snapshot("records") == before


def test_given_two_owners_at_once_then_the_second_is_told(desk: World) -> None:
    mine, theirs = ({"action": "contacted", "how": how, "rev": "1"} for how in ("call", "meeting"))

    def other(operation: str, number: int) -> None:
        if operation == "put_item":
            desk.dynamodb.meanwhile = None
            assert visit(desk, "POST", form=theirs)["statusCode"] == 303

    desk.dynamodb.meanwhile = other
    assert visit(desk, "POST", form=mine)["statusCode"] == 409
    assert [(event.what, event.text) for event in stored().history] == [("opened", "2"), ("contacted", "meeting")]


def test_given_another_sites_form_then_it_is_refused(desk: World) -> None:
    headers = {"sec-fetch-site": "cross-site"}
    assert visit(desk, "POST", form={"action": "note", "note": "x"}, headers=headers)["statusCode"] == 403
    assert stored().rev == 1


@pytest.mark.parametrize("purpose", [Purpose.SURVEY, Purpose.REPORT, Purpose.UNSUBSCRIBE])
def test_given_a_link_for_another_purpose_then_it_is_none(desk: World, purpose: Purpose) -> None:
    assert visit(desk, path=f"/c/{desk.link(purpose, CASE)}")["statusCode"] == 404
    assert visit(desk, path=f"/c/{desk.link(Purpose.CASE, 'none')}")["statusCode"] == 404


def test_given_a_report_link_then_it_leads_to_a_fresh_address_once_built(world: World) -> None:
    path = f"/m/{world.link(Purpose.REPORT, 'acme/2026-02')}"
    assert visit(world, path=path)["statusCode"] == 404
    wish = reports.request("acme", "2026-02", world.now)
    assert visit(world, path=path)["statusCode"] == 404
    reports.built("acme", "2026-02", {"html": "reports/acme/2026-02/report.html"}, world.now, begun=wish["rev"])
    answer = visit(world, path=path)
    assert answer["statusCode"] == 303
    assert answer["headers"]["location"].startswith(
        "https://s3.example.com/hearback-reports/reports/acme/2026-02/report.html"
    )
    assert visit(world, path=path, query="file=../../secret")["statusCode"] == 404
    assert visit(world, "POST", path)["statusCode"] == 405
