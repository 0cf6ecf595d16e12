"""AWS in memory, which counts: calls, capacity units and bytes. Its services are the tests' fakes."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bench import units
from tests.fakes.dynamodb import FakeDynamoDb
from tests.fakes.services import FakeS3, FakeSecrets, FakeSes, FakeSqs

RECORDS, METRICS = "records", "metrics"
TABLE_WITH_INDEXES = RECORDS

Wire = Mapping[str, Any]


@dataclass(slots=True)
class Usage:
    """What was used of AWS; `bytes_in` and `bytes_out` are the arguments and answers of the DynamoDB calls."""

    calls: Counter[str] = field(default_factory=Counter)
    reads: float = 0.0
    writes: float = 0.0
    bytes_in: int = 0
    bytes_out: int = 0

    def add(self, other: "Usage") -> None:
        """Adds another usage to this one."""
        self.calls.update(other.calls)
        self.reads += other.reads
        self.writes += other.writes
        self.bytes_in += other.bytes_in
        self.bytes_out += other.bytes_out


@dataclass(slots=True)
class Aws:
    """The services, by the names that `shared.outside.clients` gives them."""

    dynamodb: FakeDynamoDb = field(default_factory=FakeDynamoDb)
    # A rate at which nobody waits long for a slot.
    ses: FakeSes = field(default_factory=lambda: FakeSes(max_send_rate=200.0))
    sqs: FakeSqs = field(default_factory=FakeSqs)
    s3: FakeS3 = field(default_factory=FakeS3)
    secrets: FakeSecrets = field(default_factory=FakeSecrets)
    usage: Usage = field(default_factory=Usage)

    def call(self, service: str, operation: str, arguments: Mapping[str, Any]) -> Any:
        """One call, counted."""
        self.usage.calls[f"{service}:{operation}"] += 1
        if service != "dynamodb":
            return getattr(getattr(self, service), operation)(**arguments)
        return self._metered(operation, arguments)

    def client(self, service: str) -> Any:
        """A client for code that runs in this process."""
        return Client(self, service)

    def taken(self) -> Usage:
        """What was used since this was last asked."""
        usage, self.usage = self.usage, Usage()
        return usage

    def _metered(self, operation: str, call: Mapping[str, Any]) -> Any:
        written = [(one["TableName"], *_key(one), twice) for one, twice in _writes(operation, call)]
        before = [self._stored(*one[:3]) for one in written]
        done = False
        try:
            answer = getattr(self.dynamodb, operation)(**call)
            done = True
        finally:
            self.usage.bytes_in += len(json.dumps(call))
            for (table, pk, sk, twice), old in zip(written, before, strict=True):
                new = self._stored(table, pk, sk)
                self.usage.writes += units.write_units(old, new) * (units.TRANSACTION if twice else 1)
                if done and table == TABLE_WITH_INDEXES:
                    self.usage.writes += units.index_units(old, new)
        self.usage.reads += _reads(operation, call, answer)
        self.usage.bytes_out += len(json.dumps(answer))
        return answer

    def _stored(self, table: str, pk: str, sk: str) -> Wire | None:
        found = self.dynamodb.tables[table][pk].get(sk)
        return dict(found) if found else None


@dataclass(frozen=True, slots=True)
class Client:
    """One service, with the methods of its client."""

    aws: Aws
    service: str

    def __getattr__(self, operation: str) -> Any:
        return lambda **arguments: self.aws.call(self.service, operation, arguments)


def _writes(operation: str, call: Mapping[str, Any]) -> list[tuple[Mapping[str, Any], bool]]:
    """The writes of a call, and whether they count twice. A condition check counts as a write."""
    if operation == "transact_write_items":
        return [(one, True) for action in call["TransactItems"] for one in action.values()]
    return [(call, False)] if operation in {"put_item", "update_item"} else []


def _reads(operation: str, call: Mapping[str, Any], answer: Mapping[str, Any]) -> float:
    if operation == "get_item":
        return units.read_units(_size(answer.get("Item")), consistent=bool(call.get("ConsistentRead")))
    if operation == "query":
        size = sum(_size(item) for item in answer["Items"])
        return units.read_units(size, consistent=bool(call.get("ConsistentRead")))
    if operation == "batch_get_item":
        ((table, wanted),) = call["RequestItems"].items()
        found = answer["Responses"][table]
        sizes = [_size(item) for item in found] + [0] * (len(wanted["Keys"]) - len(found))
        return sum(units.read_units(size, consistent=bool(wanted.get("ConsistentRead"))) for size in sizes)
    return 0.0


def _size(item: Wire | None) -> int:
    return units.item_size(item or {})


def _key(call: Mapping[str, Any]) -> tuple[str, str]:
    key = call.get("Key") or call["Item"]
    return key["pk"]["S"], key["sk"]["S"]
