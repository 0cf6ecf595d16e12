"""The in-memory DynamoDB answers as moto does: the same operations, the same answers, the same refusals."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from shared.store import counters, keys
from shared.store.attributes import Item
from shared.store.keys import Key
from shared.store.table import Add, ChangedError, Check, Delete, Put, Table
from tests.fakes.dynamodb import CONFLICT, LOST, THROTTLED, DeathError, FakeDynamoDb

Script = Callable[[Table], Any]


def item(pk: str, sk: str = "S", rev: int = 1, **more: Any) -> Item:
    return {"pk": pk, "sk": sk, "rev": rev, **more}


def put_new_then_again(table: Table) -> Any:
    table.write(Put(item("A"), rev=0))
    table.write(Put(item("A"), rev=0))
    return outcome(lambda: table.write(Put(item("A", color="red"), rev=0))), table.get(Key("A", "S"))


def put_of_a_revision(table: Table) -> Any:
    table.write(Put(item("A"), rev=0))
    table.write(Put(item("A", rev=2), rev=1))
    return outcome(lambda: table.write(Put(item("A", rev=2, late=True), rev=1))), table.get(Key("A", "S"))


def transaction_refused_as_a_whole(table: Table) -> Any:
    table.write(Put(item("A"), rev=0))
    refused = outcome(lambda: table.write(Put(item("B"), rev=0), Put(item("A"), rev=0), Add(Key("C", "S"), {"n": 1})))
    return refused, table.get(Key("B", "S")), table.get(Key("C", "S"))


def transaction_of_every_kind(table: Table) -> Any:
    table.write(Put(item("A"), rev=0), Put(item("B"), rev=0))
    table.write(
        Add(Key("N", "S"), {"h0": 2, "sent": -1}),
        Delete(Key("A", "S"), rev=1),
        Check(Key("B", "S"), "attribute_exists(pk) AND attribute_not_exists(gone_at)", {}),
    )
    table.write(Add(Key("N", "S"), {"h0": 1}), Delete(Key("B", "S")))
    return [table.get(Key(name, "S")) for name in "ABN"]


def check_that_fails(table: Table) -> Any:
    table.write(Put(item("A", gone_at=5), rev=0))
    check = Check(Key("A", "S"), "attribute_exists(pk) AND attribute_not_exists(gone_at)", {})
    return outcome(lambda: table.write(Put(item("B"), rev=0), check)), table.get(Key("B", "S"))


def delete_of_another_revision(table: Table) -> Any:
    table.write(Put(item("A", rev=3), rev=0))
    return outcome(lambda: table.write(Delete(Key("A", "S"), rev=2))), table.get(Key("A", "S"))


def registry_with_a_cap(table: Table) -> Any:
    call = {"condition": "attribute_not_exists(known) OR size(known) < :cap OR contains(known, :value)"}
    told = []
    for value in ("a", "b", "c", "a"):
        values = {":one": {value}, ":cap": 2, ":value": value}
        told.append(outcome(lambda v=values: table.update(Key("R", "S"), "ADD known :one", **call, values=v)))
    return told, table.get(Key("R", "S"))


def claim_of_a_timer(table: Table) -> Any:
    table.write(Put(item("A", due_pk="D", due_sk="1"), rev=0))
    values = {":later": "5", ":read": "1"}
    call = {"condition": "due_sk = :read", "values": values}
    first = outcome(lambda: table.update(Key("A", "S"), "SET due_sk = :later", **call))
    return first, outcome(lambda: table.update(Key("A", "S"), "SET due_sk = :later", **call))


def queries(table: Table) -> Any:
    for n in range(7):
        table.write(Put(item("P", f"s{n}", due_pk="D", due_sk=f"{9 - n}"), rev=0))
    table.write(Put(item("Q", "s0", due_pk="E", due_sk="1"), rev=0))
    index: dict[str, Any] = {"index": keys.DUE, "attribute_names": ("due_pk", "due_sk")}
    return [
        list(table.query("P")),
        list(table.query("P", newest_first=True, limit=3)),
        list(table.query("P", low="s2", high="s4")),
        list(table.query("P", low="s5")),
        list(table.query("P", high="s1", page_size=1)),
        list(table.query("P", prefix="s3")),
        list(table.query("D", **index, high="6", page_size=2)),
        list(table.query("D", **index, newest_first=True, page_size=3)),
        list(table.query("nothing")),
    ]


def many_at_once(table: Table) -> Any:
    for n in range(120):
        table.write(Put(item(f"K{n}"), rev=0))
    wanted = [Key(f"K{n}", "S") for n in range(130)] + [Key("K1", "S")]
    return sorted(table.get_many(wanted))


def outcome(act: Callable[[], Any]) -> Any:
    try:
        return act()
    except ChangedError as error:
        return "changed", dict(error.items)
    except ClientError as error:
        return error.response["Error"]["Code"]


SCRIPTS: tuple[Script, ...] = (
    put_new_then_again, put_of_a_revision, transaction_refused_as_a_whole, transaction_of_every_kind, check_that_fails,
    delete_of_another_revision, registry_with_a_cap, claim_of_a_timer, queries, many_at_once,
)  # fmt: skip


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.__name__)
def test_given_the_same_operations_then_the_fake_and_moto_answer_alike(script: Script, aws: Any) -> None:
    by_moto = script(Table(aws.create_client("dynamodb"), "records"))
    by_fake = script(Table(FakeDynamoDb(), "records"))  # type: ignore[arg-type]
    assert by_fake == by_moto


def test_given_moto_when_the_stores_own_clients_are_used_then_they_reach_it(aws: Any) -> None:
    first = counters.registered("acme", [])
    value = counters.DimensionValue("plan", "gold")
    assert (first, counters.registered("acme", [value])) == ({}, {value: value})
    stored = aws.create_client("dynamodb").get_item(TableName="metrics", Key=keys.registry("acme", "plan").item())
    assert stored["Item"]["known"] == {"SS": ["gold"]}


def test_given_a_range_that_ends_before_it_begins_then_the_fake_refuses_it_as_dynamodb_does() -> None:
    with pytest.raises(ClientError, match="BETWEEN operator requires upper bound"):
        list(Table(FakeDynamoDb(), "records").query("P", low="b", high="a"))  # type: ignore[arg-type]


def test_given_a_lost_answer_then_the_write_has_happened() -> None:
    fake = FakeDynamoDb(fault=lambda operation, number: LOST)
    with pytest.raises(Exception, match="timeout"):
        Table(fake, "records").write(Put(item("A"), rev=0))  # type: ignore[arg-type]
    assert len(fake.snapshot("records")) == 1


@pytest.mark.parametrize("fault", ["before", "die", CONFLICT, THROTTLED])
def test_given_a_fault_before_the_write_then_nothing_has_happened(fault: str) -> None:
    fake = FakeDynamoDb(fault=lambda operation, number: fault)
    with pytest.raises((Exception, DeathError)):
        fake.put_item(TableName="records", Item={"pk": {"S": "A"}, "sk": {"S": "S"}})
    assert fake.snapshot("records") == {}


def test_given_changes_of_an_item_then_the_stream_tells_old_and_new_in_order() -> None:
    fake = FakeDynamoDb()
    table = Table(fake, "records")  # type: ignore[arg-type]
    table.write(Put(item("A"), rev=0))
    table.write(Put(item("A", rev=2), rev=1))
    table.write(Put(item("A", rev=2), rev=2))
    table.write(Delete(Key("A", "S")), Put(item("B"), rev=0))
    told = [(one.event()["eventName"], one.old and one.old["rev"]["N"], one.new and one.new["rev"]["N"])
            for one in fake.stream["records"]]  # fmt: skip
    assert told == [("INSERT", None, "1"), ("MODIFY", "1", "2"), ("REMOVE", "2", None), ("INSERT", None, "1")]
