"""Imports of people: every row done once, whatever dies where, and told of truly."""

import csv
import gc
import sys
from collections.abc import Callable
from contextlib import suppress
from io import StringIO
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from functions.transfer import handler, work
from shared.domain.errors import BusyError
from shared.store import import_files, send_calls
from shared.store.api_keys import Scope
from tests.fakes.calls import Api
from tests.fakes.dynamodb import DIE_AFTER, DIE_BEFORE, LOST, THROTTLED, DeathError
from tests.fakes.services import FakeS3
from tests.fakes.world import World, sqs_batch

QUEUE = "https://sqs.example.com/transfer"
PASSES = (DeathError, BotoCoreError, ClientError, BusyError)


@pytest.fixture
def api(world: World) -> Api:
    world.project(dimensions=["plan"])
    world.context.get_remaining_time_in_millis = lambda: 60_000
    return Api.of(world)


def text(*rows: str) -> bytes:
    return "\r\n".join(rows).encode()


def upload(world: World, api: Api, body: bytes, **asked: Any) -> str:
    """Asks for an import and uploads its file; its id."""
    reply = api.call("POST", "imports", json_body={"kind": "people", **asked})
    assert reply.status == 201, reply.body
    _, _, key = urlsplit(reply.body["upload_url"]).path.lstrip("/").partition("/")
    world.s3.objects[key] = body
    return str(reply.body["id"])


@pytest.mark.parametrize("scopes", [(Scope.READ,), (Scope.READ, Scope.SEND), (Scope.READ, Scope.ADMIN)])
def test_given_a_key_then_where_to_upload_is_told_to_who_may_import_and_the_results_to_who_may_read(
    world: World, api: Api, scopes: tuple[Scope, ...]
) -> None:
    caller = Api.of(world, secret="another key", scopes=scopes)
    one = api.call("POST", "imports", json_body={"kind": "people"}).body
    waiting = caller.call("GET", f"imports/{one['id']}").body
    assert (waiting["upload_url"] is not None, waiting["result_url"]) == (Scope.ADMIN in scopes, None)
    done = upload(world, api, text("email", "a@example.com"))
    run(world, notice(world, done))
    ended = caller.call("GET", f"imports/{done}").body
    assert (ended["upload_url"], ended["result_url"] is not None) == (None, True)


def notice(world: World, import_id: str) -> dict[str, Any]:
    """What S3 tells of the upload."""
    key = next(key for key in world.s3.objects if key.startswith("uploads/") and import_id in key)
    return {"Records": [{"eventName": "ObjectCreated:Put", "s3": {"object": {"key": key}}}]}


def run(world: World, *messages: Any, tries: int = 200) -> None:
    """Delivers messages until none is left, again when the worker fails, as SQS does."""
    waiting = list(messages)
    while waiting:
        tries -= 1
        assert tries, "it does not end"
        try:
            handler.handle(sqs_batch(waiting[0]), world.context)
        except PASSES:
            continue
        waiting = waiting[1:] + world.sqs.take(QUEUE)


def bring(world: World, api: Api, body: bytes, **asked: Any) -> dict[str, Any]:
    import_id = upload(world, api, body, **asked)
    run(world, notice(world, import_id))
    return state(api, import_id)


def state(api: Api, import_id: str) -> dict[str, Any]:
    body: dict[str, Any] = api.call("GET", f"imports/{import_id}").body
    return body


def results(world: World, one: dict[str, Any]) -> list[dict[str, str]]:
    _, _, key = urlsplit(one["result_url"]).path.lstrip("/").partition("/")
    return list(csv.DictReader(StringIO(world.s3.objects[key].decode())))


def test_given_a_file_then_each_row_is_a_person_with_a_result(world: World, api: Api) -> None:
    one = bring(
        world,
        api,
        text(
            "Email;Name;plan", "a@example.com;Ada;pro", "b@example.com;;", "not an address;Eve;pro", "a@example.com;;"
        ),
    )
    assert (one["state"], one["counts"]) == ("done", {"created": 2, "failed": 1, "unchanged": 1})
    assert (one["rows_done"], one["bytes_done"]) == (4, one["bytes"])
    assert [(row["row"], row["email"], row["status"]) for row in results(world, one)] == [
        ("1", "a@example.com", "created"),
        ("2", "b@example.com", "created"),
        ("3", "not an address", "failed"),
        ("4", "a@example.com", "unchanged"),
    ]
    assert results(world, one)[2]["reason"] == "email is not a mail address"
    assert [(p["email"], p.get("name"), p["properties"]) for p in world.items("person") if p.get("name")] == [
        ("a@example.com", "Ada", {"plan": "pro"})
    ]
    assert world.items("request") == []


def test_given_the_same_file_again_then_nothing_is_added_or_written(world: World, api: Api) -> None:
    body = text("email,name", *[f"p{n}@example.com,Person {n}" for n in range(30)])
    bring(world, api, body)
    before = {item["id"]: item["rev"] for item in world.items("person")}
    again = bring(world, api, body)
    assert again["counts"] == {"unchanged": 30}
    assert {item["id"]: item["rev"] for item in world.items("person")} == before
    assert len(world.items("import_row")) == 30


def test_given_it_has_ended_then_the_file_is_gone_and_the_results_are_there(world: World, api: Api) -> None:
    bring(world, api, text("email", "a@example.com"))
    assert [key.partition("/")[0] for key in world.s3.objects] == ["results"]


def test_given_send_then_each_row_is_a_send_call(world: World, api: Api) -> None:
    world.person("p9", email="gone@example.com", unsubscribed_at=1)
    one = bring(world, api, text("email", "a@example.com", "a@example.com", "gone@example.com"), send=True)
    assert one["counts"] == {
        "created": 1, "unchanged": 2, "scheduled": 1, "throttled": 1, "suppressed": 1,
    }  # fmt: skip
    assert [row["survey"] for row in results(world, one)] == ["scheduled", "throttled", "suppressed"]
    assert results(world, one)[2]["reason"] == "unsubscribed"


def test_given_a_dry_run_then_all_is_checked_and_nothing_written(world: World, api: Api) -> None:
    import_id = upload(world, api, text("email", "a@example.com", "nobody"), dry_run=True, send=True)
    run(world, notice(world, import_id))
    one = state(api, import_id)
    assert one["counts"] == {"created": 1, "scheduled": 1, "failed": 1}
    assert not world.items("person")
    assert not world.items("request")
    assert not world.items("import_row")


def test_given_columns_then_they_say_what_is_what(world: World, api: Api) -> None:
    columns = {"Mail": "email", "Tier": "properties.plan", "Secret": ""}
    bring(world, api, text("Mail,Tier,Secret", "a@example.com,pro,hush"), columns=columns)
    [person] = world.items("person")
    assert (person["email"], person["properties"]) == ("a@example.com", {"plan": "pro"})


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "file is empty"),
        (b"name,plan\r\nAda,pro\r\n", "header has no column for email"),
        (b"email,Email\r\n", "header has several columns for email"),
        (b"\xff\xfee\x00m\x00", "file has a header that is not UTF-8, or not closed"),
        (b'email\r\na@example.com\r\n"' + b"x\r\n" * 400_000, "file has a row of more than"),
    ],
)
def test_given_a_file_that_cannot_be_read_then_it_fails_and_says_why(
    world: World, api: Api, body: bytes, problem: str
) -> None:
    one = bring(world, api, body)
    assert (one["state"], one["problem"][: len(problem)]) == ("failed", problem)
    assert one["result_url"]


def test_given_an_unreadable_end_then_the_rows_before_it_are_done(world: World, api: Api) -> None:
    one = bring(world, api, b'email\r\na@example.com\r\n"' + b"x\r\n" * 400_000)
    assert (one["counts"], len(results(world, one))) == ({"created": 1}, 1)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b"a@example.com,\xff", "row is not UTF-8"),
        (b"a@example.com,Ada,more", "row has more cells than the header"),
        (b'a@example.com,"Ada', "row has a quote that is not closed"),
        (b",Ada", "email can't be blank"),
    ],
)
def test_given_a_bad_row_then_it_fails_alone(world: World, api: Api, row: bytes, reason: str) -> None:
    one = bring(world, api, b"email,name\nb@example.com,Bo\n" + row)
    assert one["counts"] == {"created": 1, "failed": 1}
    assert results(world, one)[1]["reason"] == reason


def test_given_a_formula_as_an_address_then_the_results_hold_it_as_text(world: World, api: Api) -> None:
    one = bring(world, api, text("email", '"=HYPERLINK(1)"'))
    assert results(world, one)[0]["email"] == "'=HYPERLINK(1)"


def test_given_another_file_while_it_is_worked_through_then_it_fails(world: World, api: Api) -> None:
    import_id = upload(world, api, people(1200))
    message = notice(world, import_id)
    key = message["Records"][0]["s3"]["object"]["key"]
    world.context.get_remaining_time_in_millis = lambda: 0
    handler.handle(sqs_batch(message), world.context)
    world.s3.objects[key] = people(1300)
    run(world, *world.sqs.take(QUEUE))
    assert state(api, import_id)["problem"] == "file was replaced while it was worked through"


def test_given_little_time_then_it_goes_on_by_messages_of_its_own(world: World, api: Api) -> None:
    world.context.get_remaining_time_in_millis = lambda: 0
    import_id = upload(world, api, people(1200))
    message = notice(world, import_id)
    for expected in (250, 500, 750, 1000, 1200):
        handler.handle(sqs_batch(message), world.context)
        assert state(api, import_id)["rows_done"] == expected
        [message] = world.sqs.take(QUEUE)
    run(world, message)
    assert state(api, import_id)["counts"] == {"created": 1200}


def test_given_a_second_message_while_a_worker_is_at_it_then_it_is_left_alone(world: World, api: Api) -> None:
    import_id = upload(world, api, people(3))
    message = notice(world, import_id)
    world.dynamodb.fault = lambda operation, number: DIE_BEFORE if operation == "transact_write_items" else None
    with suppress(DeathError):
        handler.handle(sqs_batch(message), world.context)
    world.dynamodb.fault = None
    other = sqs_batch(message)
    other["Records"][0]["messageId"] = "another"
    handler.handle(other, world.context)
    assert state(api, import_id)["rows_done"] == 0
    world.now += work.LEASE_SECONDS
    handler.handle(other, world.context)
    assert state(api, import_id)["counts"] == {"created": 3}


def test_given_s3s_test_of_the_queue_then_nothing_happens(world: World) -> None:
    handler.handle(sqs_batch({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"}), world.context)
    assert world.dynamodb.calls == []


MIXED = text(
    "email,name",
    "a@example.com,Ada",
    "known@example.com,New name",
    "same@example.com,Sam",
    "wrong",
    "a@example.com,Ann",
    "a@example.com,Ann",
    "b@example.com,Bo",
    "same@example.com,Sue",
)
TOLD = ["created", "changed", "unchanged", "failed", "changed", "unchanged", "created", "changed"]


class Once:
    """One fault at one call, be it to DynamoDB or to S3."""

    def __init__(self, fault: str, at: int) -> None:
        self.fault, self.left, self.struck = fault, at, False

    def __call__(self, *_: Any) -> str | None:
        self.left -= 1
        if self.left == -1:
            self.struck = True
            return self.fault
        return None


@pytest.mark.parametrize("in_parts", [False, True])
@pytest.mark.parametrize("send", [False, True])
@pytest.mark.parametrize("fault", [DIE_BEFORE, DIE_AFTER, LOST, THROTTLED])
def test_given_a_fault_at_any_call_then_the_end_is_the_same(
    fresh: None,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
    send: bool,
    in_parts: bool,
    make_world: Callable[[], World],
) -> None:
    if in_parts:
        monkeypatch.setattr(work, "GROUP_ROWS", 2)
        monkeypatch.setattr(import_files, "LEAST_PART", 100)
    struck = 0
    for at in range(200):
        world = make_world()
        world.project()
        world.s3.least_part = 1
        world.context.get_remaining_time_in_millis = lambda: 60_000
        api = Api.of(world)
        world.person("k1", email="known@example.com", name="Old name")
        world.person("s1", email="same@example.com", name="Sam")
        import_id = upload(world, api, MIXED, send=send)
        message = notice(world, import_id)
        once = Once(fault, at)
        world.dynamodb.fault = world.s3.fault = once
        run(world, message)
        world.dynamodb.fault = world.s3.fault = None
        one = state(api, import_id)
        assert [row["status"] for row in results(world, one)] == TOLD, (fault, at)
        assert one["counts"]["created"] == 2
        assert sorted(p["name"] for p in world.items("person")) == ["Ann", "Bo", "New name", "Sue"]
        if send:
            assert len([r for r in world.items("request") if r["state"] == "scheduled"]) == 4
            assert one["counts"]["throttled"] == 3
        struck += once.struck
        if not once.struck:
            break
    assert struck > 20


def people(count: int) -> bytes:
    return text("email,name", *[f"p{n}@example.com,Person {n}" for n in range(count)])


def test_given_many_results_then_they_go_to_s3_in_parts(
    world: World, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_files, "LEAST_PART", 5_000)
    world.s3.least_part = 5_000
    one = bring(world, api, people(1700))
    assert len(results(world, one)) == 1700
    assert world.s3.uploads == {}
    assert [key.partition("/")[0] for key in world.s3.objects] == ["results"]


def test_given_100_000_rows_then_the_memory_stays_flat(world: World, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    # The people go to a store that forgets them: what is measured is the import alone.
    monkeypatch.setattr(send_calls, "send", lambda *_: {"status": "created"})
    monkeypatch.setattr(import_files, "LEAST_PART", 1 << 20)
    world.s3.least_part = 1 << 20
    import_id = upload(world, api, people(100_000))
    objects: list[int] = []
    bodies: list[int] = []

    def look(_operation: str, number: int) -> None:
        if number % 40 == 0:
            world.dynamodb.stream.clear()
            gc.collect()
            objects.append(sys.getallocatedblocks())

    world.dynamodb.meanwhile = look
    put = world.s3.put_object
    monkeypatch.setattr(FakeS3, "put_object", lambda _, **call: bodies.append(len(call["Body"])) or put(**call))
    handler.handle(sqs_batch(notice(world, import_id)), world.context)
    one = state(api, import_id)
    assert (one["rows_done"], one["counts"]) == (100_000, {"created": 100_000})
    [result] = world.s3.objects.values()
    assert result.count(b"\n") == 100_001
    assert max(bodies) < (1 << 20) + 100 * work.GROUP_ROWS
    # One object kept of each row would be tens of thousands.
    assert len(objects) > 5
    assert max(objects[2:]) < objects[1] + 5_000, objects
