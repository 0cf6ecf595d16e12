"""The API's manners: keys and scopes, statuses and the names of wrong fields, spellings of parameters, pages."""

import base64
import json
from typing import Any

import pytest

from functions.api import handler
from shared.domain.responses import Response
from shared.store import api_keys
from shared.store.api_keys import Scope
from shared.store.records import created
from shared.store.table import records
from tests.fakes.calls import SECRET, Api
from tests.fakes.world import DAY, START, World, http_event

MESSAGES = {401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 406: "Not Acceptable", 422: "Unprocessable Entity"}


@pytest.fixture
def api(world: World) -> Api:
    world.project()
    return Api.of(world)


def basic(text: str) -> str:
    return f"Basic {base64.b64encode(text.encode()).decode()}"


@pytest.mark.parametrize(
    "header", [basic(SECRET), basic(f"{SECRET}:"), basic(f"{SECRET}:x"), f"Bearer {SECRET}", f"bearer  {SECRET}"]
)
def test_given_a_good_key_in_any_spelling_then_the_call_is_answered(api: Api, header: str) -> None:
    assert api.call("GET", "metrics", headers={"Authorization": header}).status == 200


@pytest.mark.parametrize(
    "header",
    ["", "Basic", "Basic !!!", basic("another"), basic(""), "Bearer", "Digest x", SECRET, "Basic é", "Basic /w=="],
)
def test_given_no_good_key_then_401_with_a_body(api: Api, header: str) -> None:
    reply = api.call("GET", "metrics", headers={"Authorization": header})
    assert (reply.status, reply.body["message"], list(reply.body["errors"])) == (401, "Unauthorized", ["authorization"])
    assert reply.headers["www-authenticate"].startswith("Basic")


def test_given_a_revoked_key_then_401_once_the_cache_is_cold(world: World, api: Api) -> None:
    api_keys.revoke(api_keys.digest_of(SECRET), START)
    assert api.call("GET", "metrics").status == 401


@pytest.mark.parametrize(
    ("scopes", "method", "path", "status"),
    [
        ((Scope.READ,), "POST", "people", 403), ((Scope.SEND,), "GET", "people", 403),
        ((Scope.SEND, Scope.READ), "DELETE", "people/x", 403), ((Scope.READ,), "GET", "metrics", 200),
        ((Scope.ADMIN,), "GET", "metrics", 403), ((Scope.READ,), "POST", "reports", 403),
    ],
)  # fmt: skip
def test_given_a_key_without_the_scope_then_403_names_it(
    world: World, api: Api, scopes: tuple[Scope, ...], method: str, path: str, status: int
) -> None:
    reply = Api.of(world, secret="narrow", scopes=scopes).call(method, path, json_body={} if method == "POST" else None)
    assert reply.status == status
    if status == 403:
        assert "scope" in reply.body["errors"]["authorization"][0]


@pytest.mark.parametrize("path", ["nothing", "people/x/y", "survey_responses/nobody-1", "cases/none", ""])
def test_given_nothing_of_that_name_then_404(api: Api, path: str) -> None:
    reply = api.call("GET", path)
    assert (reply.status, reply.body["message"], list(reply.body["errors"])) == (404, "Not Found", ["path"])


@pytest.mark.parametrize("path", ["survey_responses/", "cases/"])
def test_given_a_name_longer_than_any_then_404(api: Api, path: str) -> None:
    assert api.call("GET", path + "x" * 3000).status == 404


def test_given_a_response_of_another_project_then_it_is_not_told_apart_from_none(world: World, api: Api) -> None:
    world.project("other")
    records().write(created(Response("q1-1", "other", "q1", 3, START, START)))
    assert api.call("GET", "survey_responses/q1-1").body == api.call("GET", "survey_responses/q9-1").body


@pytest.mark.parametrize(("accept", "status"), [
    ("text/html", 406), ("application/json", 200), ("*/*", 200), ("text/html, */*;q=0.1", 200), ("", 200),
])  # fmt: skip
def test_given_an_accept_header_then_json_must_be_among_it(api: Api, accept: str, status: int) -> None:
    reply = api.call("GET", "metrics", headers={"Accept": accept, "Authorization": f"Bearer {SECRET}"})
    assert (reply.status, reply.body.get("message", "")) == (status, MESSAGES.get(status, ""))


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"email"}), ({"email": ""}, {"email"}), ({"email": "nobody"}, {"email"}), ({"email": 5}, {"email"}),
        ({"email": "a b@example.com"}, {"email"}), ({"email": "a@example.com\nBcc: b@example.com"}, {"email"}),
        ({"email": "a@example.com", "delay": -1}, {"delay"}), ({"email": "a@example.com", "delay": True}, {"delay"}),
        ({"email": "a@example.com", "delay": 1.5}, {"delay"}), ({"email": "a@example.com", "send": "maybe"}, {"send"}),
        ({"email": "a@example.com", "name": "A\r\nB"}, {"name"}), ({"email": "a@example.com", "nmae": "A"}, {"nmae"}),
        ({"email": "a@example.com", "last_sent_at": "soon"}, {"last_sent_at"}),
        ({"email": "a@example.com", "properties": ["x"]}, {"properties"}),
        ({"email": "a@example.com", "properties": {"x": ["y"]}}, {"properties"}),
        ({"email": "a@example.com", "properties": {"x": "y" * 1001}}, {"properties"}),
        ({"email": "a@example.com", "properties": {"owner_email": "nobody"}}, {"properties"}),
        ({"email": "a@example.com", "properties": {f"p{n}": "x" for n in range(51)}}, {"properties"}),
        ({"email": "a@example.com", "properties": {"a\u0000b": "x"}}, {"properties"}),
        ({"email": "a@example.com", "properties": {"\ud800": "x"}}, {"properties"}),
        ({"email": "a@example.com", "locale": "deutsch!", "delay": "x"}, {"locale", "delay"}),
        ({"email": "x" * 65 + "@example.com"}, {"email"}),
    ],
    ids=lambda value: str(sorted(value)) if isinstance(value, set) else str(value),
)  # fmt: skip
def test_given_wrong_fields_then_422_names_each_and_nothing_is_kept(
    world: World, api: Api, body: dict[str, Any], fields: set[str]
) -> None:
    reply = api.call("POST", "people", json_body=body)
    assert (reply.status, reply.body["status"], reply.body["message"]) == (422, 422, "Unprocessable Entity")
    assert {name.partition(".")[0] for name in reply.body["errors"]} == fields
    assert all(isinstance(why, list) and why[0] for why in reply.body["errors"].values())
    assert world.items("person") == []


@pytest.mark.parametrize("body", [
    "[1]", "{", '"x"', "nope", '{"delay": ' + "1" * 5000 + "}", "[" * 100_000, b"\xff\xfe",
], ids=lambda body: str(body[:12]))  # fmt: skip
def test_given_a_body_that_is_none_then_422(api: Api, body: str | bytes) -> None:
    reply = api.call("POST", "people", body=body)
    assert (reply.status, reply.body["message"]) == (422, "Unprocessable Entity")


def test_given_a_blank_address_then_the_words_are_those_that_clients_know(api: Api) -> None:
    for body in ({}, {"email": ""}, {"email": " "}, {"email": None}):
        assert api.call("POST", "people", json_body=body).body["errors"] == {"email": ["can't be blank"]}


@pytest.mark.parametrize("path", ["people.json", "people", "people/"])
def test_given_a_path_with_json_at_its_end_then_it_is_the_same_call(api: Api, path: str) -> None:
    assert api.call("POST", path, json_body={"email": "p1@example.com"}).status == 201


def test_given_a_form_with_brackets_then_it_is_read_as_json_would_be(world: World, api: Api) -> None:
    form = {
        "email": "p1@example.com",
        "delay": "60",
        "send": "true",
        "properties[plan]": "gold",
        "properties[a b]": "c",
    }
    reply = api.call("POST", "people", form=form)
    assert (reply.status, reply.body["properties"]) == (201, {"plan": "gold", "a b": "c"})
    assert reply.body["survey_scheduled_at"] == START + 60


@pytest.mark.parametrize(
    "at", [str(START - DAY), "2026-03-01T10:00:00Z", "2026-03-01T11:00:00+01:00", "2026-03-01T10:00:00"]
)
def test_given_a_time_in_any_spelling_then_it_is_the_same_second(api: Api, at: str) -> None:
    told = api.ask(last_sent_at=at).body["survey_request"]
    assert (told["status"], told["next_eligible_at"]) == ("throttled", START + 29 * DAY)


def test_given_more_people_than_a_page_then_the_link_header_leads_through_all_of_them(world: World, api: Api) -> None:
    for number in range(7):
        api.ask(email=f"q{number}@example.com", send=False)
        world.now += 3 * DAY * (number % 3)
    pages, query = [], "per_page=3"
    while query:
        reply = api.call("GET", "people", query=query)
        pages.append([one["email"] for one in reply.body])
        link = reply.headers.get("link", "")
        assert not link or link.startswith("<https://api.example.com/v1/people?")
        query = link.removeprefix("<https://api.example.com/v1/people?").partition(">")[0]
    assert [len(page) for page in pages] == [3, 3, 1]
    assert sorted(email for page in pages for email in page) == [f"q{n}@example.com" for n in range(7)]


@pytest.mark.parametrize("cursor", ["x", "é", "Zm9v", "OTk5OTk5OTk5OSM"])
def test_given_a_cursor_that_is_none_then_422_or_an_empty_page(api: Api, cursor: str) -> None:
    api.ask()
    reply = api.call("GET", "people", query=f"cursor={cursor}")
    assert (reply.status, reply.body if reply.status == 200 else list(reply.body["errors"])) in [
        (200, []),
        (422, ["cursor"]),
    ]


@pytest.mark.parametrize("call", ["people", "survey_responses", "cases"])
@pytest.mark.parametrize("span", ["since={soon}", "since={now}&until={ago}", "until=1", "since=99999999999", "since=0"])
def test_given_a_range_that_holds_nothing_then_the_list_is_empty(world: World, api: Api, call: str, span: str) -> None:
    query = span.format(soon=world.now + 60, now=world.now, ago=world.now - 60)
    reply = api.call("GET", call, query=query)
    assert (reply.status, reply.body) == (200, [])


@pytest.mark.parametrize("span", ["updated_since={soon}", "updated_since={now}&updated_until={ago}"])
def test_given_a_range_of_updates_that_holds_nothing_then_the_list_is_empty(world: World, api: Api, span: str) -> None:
    reply = api.call("GET", "survey_responses", query=span.format(soon=world.now + 60, now=world.now, ago=START - 60))
    assert (reply.status, reply.body) == (200, [])


def test_given_responses_then_order_pages_and_expansion_work(world: World, api: Api) -> None:
    world.person("p1", name="Ada Example")
    for number in range(5):
        records().write(created(Response(f"p1-{number}", "acme", "p1", number, START + number, START + 100 - number)))
    world.now += 200
    listed = api.call("GET", "survey_responses", query="order=desc&per_page=2&page=2&expand[]=person").body
    assert [one["score"] for one in listed] == [2, 1]
    assert listed[0]["person"]["email"] == "p1@example.com"
    updated = api.call("GET", "survey_responses", query="order=asc:updated_at").body
    assert [one["score"] for one in updated] == [4, 3, 2, 1, 0]
    found = api.call("GET", "survey_responses", query="person_email=p1%40example.com&since=" + str(START + 3)).body
    assert [one["score"] for one in found] == [3, 4]


@pytest.mark.parametrize("month", ["0000-01", "9999-12", "2026-13", "2026-1", "x", "2099-01", "2026-04"])
def test_given_a_month_that_has_no_report_then_422(world: World, api: Api, month: str) -> None:
    reply = api.call("POST", "reports", json_body={"month": month})
    assert (reply.status, list(reply.body["errors"])) == (422, ["month"])
    assert world.functions.invoked == []


def test_given_a_wish_for_a_report_then_it_is_noted_and_started(world: World, api: Api) -> None:
    reply = api.call("POST", "reports", json_body={"month": "2026-02"})
    assert (reply.status, reply.body["state"]) == (202, "requested")
    assert json.loads(world.functions.invoked[0]["Payload"]) == {"project": "acme", "month": "2026-02"}


def test_given_an_unexpected_error_then_500_holds_its_id_and_nothing_personal(
    world: World, api: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("shared.store.send_calls.people.find", lambda *_: 1 / 0)
    reply = api.ask(email="secret@example.com", name="Ada Example")
    assert reply.status == 500
    assert "http-1" in reply.body["errors"]["request"][0]
    told = capsys.readouterr().out
    assert "secret" not in told
    assert "Ada" not in told


def test_given_any_call_then_its_answer_is_json(world: World, api: Api) -> None:
    answer = handler.handle(
        http_event("GET", "/v1/metrics", headers={"authorization": f"Bearer {SECRET}"}), world.context
    )
    assert "application/json" in str(answer["headers"]) + str(answer.get("multiValueHeaders"))


def test_given_lists_as_delighteds_node_client_writes_them_then_they_are_lists(world: World) -> None:
    world.project()
    world.answer(world.active(), 9)
    (one,) = Api.of(world).call("GET", "survey_responses", query="expand=person&expand=notes&per_page=5").body
    assert one["person"]["email"] == "p1@example.com"


def test_given_nulls_then_they_are_as_good_as_not_given(world: World) -> None:
    world.project()
    reply = Api.of(world).ask(delay=None, send=None, name=None, properties=None)
    assert reply.body["survey_request"]["status"] == "scheduled"
