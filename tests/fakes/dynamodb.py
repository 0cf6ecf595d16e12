"""DynamoDB in memory: exactly the operations that the stores use, with their conditions, refusals and stream.

It is checked against moto in `tests/store/test_fake.py`, and is stricter where moto is lenient: sizes of keys and
items, ranges that end before they begin, and transactions that name an item twice are refused as DynamoDB does it.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import RLock
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError

from tests.fakes.expressions import Wire, holds, updated
from tests.fakes.sizes import MOST, size_of

INDEXES = {
    "due": ("due_pk", "due_sk", False),
    "by_project": ("list_pk", "list_sk", True),
    "by_updated": ("updated_pk", "updated_sk", False),
    "by_account": ("account_pk", "account_sk", False),
}
"""Index to its partition key, its sort key, and whether it holds whole items."""

BEFORE, LOST, CONFLICT, THROTTLED, DIE_BEFORE, DIE_AFTER = "before", "lost", "conflict", "throttled", "die", "die after"

_RANGE = re.compile(
    r"#pk = :pk(?: AND (?:begins_with\(#sk, (?P<prefix>:\w+)\)|#sk BETWEEN (?P<low>:\w+) AND (?P<high>:\w+)"
    r"|#sk (?P<side>>=|<=) (?P<bound>:\w+)))?"
)
_NO_REASON = {"Code": "None"}
_CONFLICT_REASON = {"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"}

Fault = Callable[[str, int], str | None]
"""Asked before every call with the operation's name and the call's number; answers one of the faults, or None."""


class DeathError(BaseException):
    """The worker's process ends here: no handler of the code under test may catch it."""


@dataclass(frozen=True, slots=True)
class StreamRecord:
    """One change of one item, as the table's stream tells it."""

    pk: str
    sk: str
    old: Wire | None
    new: Wire | None

    def event(self) -> dict[str, Any]:
        """The record as Lambda delivers it."""
        change: dict[str, Any] = {"Keys": {"pk": {"S": self.pk}, "sk": {"S": self.sk}}}
        change |= {"OldImage": self.old} if self.old else {}
        change |= {"NewImage": self.new} if self.new else {}
        name = "REMOVE" if self.new is None else "MODIFY" if self.old else "INSERT"
        return {"eventName": name, "eventSource": "aws:dynamodb", "dynamodb": change}


@dataclass(slots=True, repr=False)
class FakeDynamoDb:
    """A client. `fault` injects faults; `meanwhile` runs between two calls, as another worker would."""

    tables: dict[str, dict[str, dict[str, Wire]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(dict))
    )
    stream: dict[str, list[StreamRecord]] = field(default_factory=lambda: defaultdict(list))
    fault: Fault | None = None
    meanwhile: Callable[[str, int], None] | None = None
    calls: list[str] = field(default_factory=list)
    writes: int = 0
    largest_transaction: int = 0
    lock: Any = field(default_factory=RLock)

    def get_item(self, **call: Any) -> dict[str, Any]:
        """GetItem."""
        return self._run("get_item", lambda: self._get(call))

    def batch_get_item(self, **call: Any) -> dict[str, Any]:
        """BatchGetItem."""
        return self._run("batch_get_item", lambda: self._batch_get(call))

    def put_item(self, **call: Any) -> dict[str, Any]:
        """PutItem."""
        return self._run("put_item", lambda: self._single("Put", call))

    def update_item(self, **call: Any) -> dict[str, Any]:
        """UpdateItem, which answers with the new item."""
        return self._run("update_item", lambda: self._single("Update", call))

    def transact_write_items(self, **call: Any) -> dict[str, Any]:
        """TransactWriteItems."""
        return self._run("transact_write_items", lambda: self._transact(call["TransactItems"]), call)

    def query(self, **call: Any) -> dict[str, Any]:
        """Query on a table or an index."""
        return self._run("query", lambda: self._query(call))

    def snapshot(self, table: str) -> dict[tuple[str, str], Wire]:
        """Every item of a table, to compare with a later one."""
        return {(pk, sk): dict(item) for pk, rows in self.tables[table].items() for sk, item in rows.items()}

    def _run(self, operation: str, work: Callable[[], dict[str, Any]], call: Mapping[str, Any] | None = None) -> Any:
        number = len(self.calls)
        self.calls.append(operation)
        if self.meanwhile:
            hook, self.meanwhile = self.meanwhile, None
            try:
                hook(operation, number)
            finally:
                self.meanwhile = hook
        fault = self.fault(operation, number) if self.fault else None
        if fault:
            fail_before(fault, operation, call)
        with self.lock:
            answer = work()
        fail_after(fault or "", "https://dynamodb.example.com")
        return answer

    def _find(self, table: str, key: Mapping[str, Wire]) -> Wire | None:
        pk, sk = key["pk"]["S"], key["sk"]["S"]
        if not 0 < len(pk.encode()) <= 2048 or not 0 < len(sk.encode()) <= 1024:
            raise refusal("ValidationException", "One or more parameter values were invalid: key size", "GetItem")
        return self.tables[table][pk].get(sk)

    def _get(self, call: Mapping[str, Any]) -> dict[str, Any]:
        item = self._find(call["TableName"], call["Key"])
        return {"Item": dict(item)} if item else {}

    def _batch_get(self, call: Mapping[str, Any]) -> dict[str, Any]:
        ((table, wanted),) = call["RequestItems"].items()
        names = [(key["pk"]["S"], key["sk"]["S"]) for key in wanted["Keys"]]
        if not 0 < len(names) <= 100 or len(set(names)) < len(names):
            raise refusal("ValidationException", "1 to 100 different keys", "BatchGetItem")
        found = [dict(item) for key in wanted["Keys"] if (item := self._find(table, key))]
        return {"Responses": {table: found}, "UnprocessedKeys": {}}

    def _single(self, kind: str, call: Mapping[str, Any]) -> dict[str, Any]:
        reason, item = self._examine(kind, call)
        if reason:
            shown = {"Item": reason["Item"]} if "Item" in reason else {}
            raise refusal("ConditionalCheckFailedException", "The conditional request failed", kind, **shown)
        self._store(call["TableName"], kind, call, item)
        return {"Attributes": item} if kind == "Update" else {}

    def _transact(self, actions: list[dict[str, Any]]) -> dict[str, Any]:
        self.largest_transaction = max(self.largest_transaction, len(actions))
        parts = [next(iter(action.items())) for action in actions]
        keys = [(call["TableName"], *_key(call)) for _, call in parts]
        if not 0 < len(actions) <= 100 or len(set(keys)) < len(keys):
            raise refusal("ValidationException", "1 to 100 actions on different items", "TransactWriteItems")
        examined = [self._examine(kind, call) for kind, call in parts]
        if any(reason for reason, _ in examined):
            raise cancelled([reason or _NO_REASON for reason, _ in examined])
        for (kind, call), (_, item) in zip(parts, examined, strict=True):
            if kind != "ConditionCheck":
                self._store(call["TableName"], kind, call, item)
        return {}

    def _examine(self, kind: str, call: Mapping[str, Any]) -> tuple[dict[str, Any] | None, Wire | None]:
        """Why a write is refused, if it is, and the item as it would be."""
        pk, sk = _key(call)
        known = self._find(call["TableName"], {"pk": {"S": pk}, "sk": {"S": sk}})
        values = call.get("ExpressionAttributeValues", {})
        if (condition := call.get("ConditionExpression")) and not holds(condition, known, values):
            shown = {"Item": dict(known)} if known and "ReturnValuesOnConditionCheckFailure" in call else {}
            return {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed", **shown}, None
        if kind == "Put":
            return None, _sound(call["Item"])
        if kind == "Update":
            base = known or {"pk": {"S": pk}, "sk": {"S": sk}}
            names = call.get("ExpressionAttributeNames", {})
            return None, updated(call["UpdateExpression"], base, names, values)
        return None, None

    def _store(self, table: str, kind: str, call: Mapping[str, Any], item: Wire | None) -> None:
        pk, sk = _key(call)
        rows = self.tables[table][pk]
        old = rows.get(sk)
        if kind == "Delete":
            rows.pop(sk, None)
        else:
            assert item is not None
            rows[sk] = dict(item)
        self.writes += 1
        if old != item:
            self.stream[table].append(StreamRecord(pk, sk, old, dict(item) if item else None))

    def _query(self, call: Mapping[str, Any]) -> dict[str, Any]:
        index = call.get("IndexName")
        pk_name, sk_name, whole = INDEXES[index] if index else ("pk", "sk", True)
        names, values = call["ExpressionAttributeNames"], call["ExpressionAttributeValues"]
        assert names["#pk"] == pk_name
        assert names.get("#sk", sk_name) == sk_name
        wanted = values[":pk"]["S"]
        table = self.tables[call["TableName"]]
        stored = (item for rows in table.values() for item in rows.values()) if index else table[wanted].values()
        inside = _range(call["KeyConditionExpression"], values)
        found = [
            item
            for item in stored
            if pk_name in item and sk_name in item and item[pk_name]["S"] == wanted and inside(item[sk_name]["S"])
        ]
        found.sort(key=lambda item: _order(item, sk_name), reverse=not call.get("ScanIndexForward", True))
        if start := call.get("ExclusiveStartKey"):
            position, forward = _order(start, sk_name), call.get("ScanIndexForward", True)
            found = [i for i in found if (_order(i, sk_name) > position if forward else _order(i, sk_name) < position)]
        page = found[: call.get("Limit", len(found))]
        kept = {"pk", "sk", pk_name, sk_name}
        shown = [dict(i) if whole else {name: wire for name, wire in i.items() if name in kept} for i in page]
        answer: dict[str, Any] = {"Items": shown}
        if "Limit" in call and page and len(page) == call["Limit"]:
            answer["LastEvaluatedKey"] = {name: page[-1][name] for name in kept}
        return answer


def _rows() -> dict[str, dict[str, Wire]]:
    return defaultdict(dict)


def refusal(code: str, message: str, operation: str, **more: Any) -> ClientError:
    """What the client raises for a refused call."""
    metadata = {"HTTPStatusCode": 400}
    return ClientError({"Error": {"Code": code, "Message": message}, "ResponseMetadata": metadata, **more}, operation)  # type: ignore[arg-type]


def cancelled(reasons: list[dict[str, Any]]) -> ClientError:
    """What the client raises for a transaction that was not carried out."""
    codes = ", ".join(reason["Code"] for reason in reasons)
    message = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]"
    return refusal("TransactionCanceledException", message, "TransactWriteItems", CancellationReasons=reasons)


def fail_before(fault: str, operation: str, call: Mapping[str, Any] | None) -> None:
    """Ends a call before anything has happened, when the fault is of that kind."""
    if fault == BEFORE:
        raise ReadTimeoutError(endpoint_url="https://dynamodb.example.com")
    if fault == DIE_BEFORE:
        raise DeathError
    if fault == THROTTLED:
        raise refusal("ProvisionedThroughputExceededException", "The level of throughput was exceeded", operation)
    if fault == CONFLICT and operation == "transact_write_items" and call:
        raise cancelled([_CONFLICT_REASON, *[_NO_REASON] * (len(call["TransactItems"]) - 1)])
    if fault == CONFLICT and operation in {"put_item", "update_item"}:
        raise refusal("TransactionConflictException", "Transaction is ongoing for the item", operation)


def fail_after(fault: str, endpoint: str) -> None:
    """Ends a call that has happened without its answer, when the fault is of that kind."""
    if fault == LOST:
        raise ReadTimeoutError(endpoint_url=endpoint)
    if fault == DIE_AFTER:
        raise DeathError


def _key(call: Mapping[str, Any]) -> tuple[str, str]:
    key = call.get("Key") or call["Item"]
    return key["pk"]["S"], key["sk"]["S"]


def _sound(item: Wire) -> Wire:
    if any(wire == {"SS": []} for wire in item.values()):
        raise refusal("ValidationException", "An string set may not be empty", "PutItem")
    if size_of(item) > MOST:
        raise refusal("ValidationException", "Item size has exceeded the maximum allowed size", "PutItem")
    return item


def _order(item: Mapping[str, Wire], sk_name: str) -> tuple[str, str, str]:
    return item[sk_name]["S"], item["pk"]["S"], item["sk"]["S"]


def _range(condition: str, values: Mapping[str, Wire]) -> Callable[[str], bool]:
    match = _RANGE.fullmatch(condition)
    assert match, f"the fake does not know the key condition {condition!r}"
    if prefix := match["prefix"]:
        return lambda sk: sk.startswith(values[prefix]["S"])
    if match["low"]:
        low, high = values[match["low"]]["S"], values[match["high"]]["S"]
        if low > high:
            message = "The BETWEEN operator requires upper bound to be greater than or equal to lower bound"
            raise refusal("ValidationException", f"Invalid KeyConditionExpression: {message}", "Query")
        return lambda sk: low <= sk <= high
    if match["side"]:
        bound, above = values[match["bound"]]["S"], match["side"] == ">="
        return lambda sk: sk >= bound if above else sk <= bound
    return lambda sk: True
