"""A DynamoDB table as the stores use it: whole items, conditional on the revision that was read.

Every record is read, changed by a pure function and written back whole under the condition that its
`rev` is still the one read. A writer that lost the race reads again and decides again.
"""

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from shared.domain.errors import BusyError, ConflictError
from shared.outside import clients
from shared.outside.settings import setting
from shared.store.attributes import Item, from_wire, item_from_wire, item_to_wire, to_wire
from shared.store.keys import Key

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

MAX_TRANSACTION = 100

_ATTEMPTS = 8
_FIRST_PAUSE = 0.02
_BATCH_GET = 100


class ChangedError(ConflictError):
    """A record was written by someone else since it was read; `items` are the current ones, where known."""

    def __init__(self, items: Mapping[int, Item]) -> None:
        super().__init__("somebody else changed this meanwhile")
        self.items = items


@dataclass(frozen=True, slots=True)
class Put:
    """A whole item written when its stored revision is `rev`; 0 means that there must be none."""

    item: Item
    rev: int


@dataclass(frozen=True, slots=True)
class Replace:
    """A whole item written whatever stood there; another write of the transaction guards it."""

    item: Item


@dataclass(frozen=True, slots=True)
class Check:
    """A condition on an item that is not written."""

    key: Key
    condition: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Add:
    """Numbers added to an item's attributes, which begin at 0."""

    key: Key
    amounts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Change:
    """An update expression where a condition holds."""

    key: Key
    expression: str
    condition: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Delete:
    """An item deleted; when `rev` is given, only in that revision."""

    key: Key
    rev: int | None = None


Write = Put | Replace | Check | Add | Change | Delete


@dataclass(frozen=True, slots=True)
class Table:
    """One table, by name."""

    client: "DynamoDBClient"
    name: str

    def get(self, key: Key) -> Item | None:
        """An item as it is now (a consistent read), or None."""
        answer = self.client.get_item(TableName=self.name, Key=key.item(), ConsistentRead=True)
        return item_from_wire(answer["Item"]) if "Item" in answer else None

    def get_many(self, keys: Sequence[Key]) -> dict[Key, Item]:
        """The items that there are of these keys (consistent reads, a hundred a call)."""
        found: dict[Key, Item] = {}
        waiting: list[Any] = [key.item() for key in dict.fromkeys(keys)]
        pauses = _pauses()
        while waiting:
            request: Any = {self.name: {"Keys": waiting[:_BATCH_GET], "ConsistentRead": True}}
            answer = self.client.batch_get_item(RequestItems=request)
            for wire in answer["Responses"].get(self.name, []):
                item = item_from_wire(wire)
                found[Key(item["pk"], item["sk"])] = item
            unprocessed: Any = answer.get("UnprocessedKeys", {})
            left = list(unprocessed.get(self.name, {}).get("Keys", []))
            waiting = left + waiting[_BATCH_GET:]
            if left and (pause := next(pauses, None)) is None:
                raise BusyError(_BUSY)
            if left and pause:
                pause()
        return found

    def write(self, *writes: Write) -> None:
        """All of the writes or none.

        Raises ChangedError when a condition does not hold and BusyError when other transactions stay in the way.
        """
        if len(writes) == 1 and isinstance(writes[0], Put):
            self._put(writes[0])
        else:
            self._transact(writes)

    def query(
        self,
        partition: str,
        *,
        index: str | None = None,
        low: str = "",
        high: str = "",
        prefix: str = "",
        newest_first: bool = False,
        limit: int = 0,
        attribute_names: tuple[str, str] = ("pk", "sk"),
        page_size: int = 0,
    ) -> Iterator[Item]:
        """The items of a partition in the order of their sort keys, from `low` to `high` or with a prefix."""
        condition, values = "#pk = :pk", {":pk": to_wire(partition)}
        if prefix:
            condition += " AND begins_with(#sk, :low)"
            values[":low"] = to_wire(prefix)
        elif low and high:
            condition += " AND #sk BETWEEN :low AND :high"
            values |= {":low": to_wire(low), ":high": to_wire(high)}
        elif low or high:
            condition += " AND #sk >= :low" if low else " AND #sk <= :low"
            values[":low"] = to_wire(low or high)
        names = {"#pk": attribute_names[0]} | ({"#sk": attribute_names[1]} if "#sk" in condition else {})
        call: dict[str, Any] = {
            "TableName": self.name,
            "KeyConditionExpression": condition,
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
            "ScanIndexForward": not newest_first,
        }
        if index:
            call["IndexName"] = index
        else:
            call["ConsistentRead"] = True
        if size := page_size or limit:
            call["Limit"] = size
        given = 0
        while True:
            answer = self.client.query(**call)
            for wire in answer["Items"]:
                yield item_from_wire(wire)
                given += 1
                if limit and given >= limit:
                    return
            if "LastEvaluatedKey" not in answer:
                return
            call["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def update(
        self,
        key: Key,
        expression: str,
        *,
        condition: str = "",
        values: Mapping[str, Any],
        names: Mapping[str, str] | None = None,
    ) -> Item:
        """One update expression; the item as it is afterwards. Raises ChangedError when the condition does not hold."""
        call: dict[str, Any] = {
            "TableName": self.name,
            "Key": key.item(),
            "UpdateExpression": expression,
            "ExpressionAttributeValues": item_to_wire(values),
            "ReturnValues": "ALL_NEW",
        }
        if condition:
            call |= {"ConditionExpression": condition, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        if names:
            call["ExpressionAttributeNames"] = dict(names)
        for pause in _pauses():
            try:
                return item_from_wire(self.client.update_item(**call)["Attributes"])
            except ClientError as error:
                if _code(error) == "ConditionalCheckFailedException":
                    current: Any = error.response.get("Item", {})
                    raise ChangedError({0: item_from_wire(current)}) from error
                if _code(error) != _CONFLICT:
                    raise
                pause()
        raise BusyError(_BUSY)

    def _put(self, write: Put) -> None:
        wire = item_to_wire(write.item)
        for pause in _pauses():
            try:
                self.client.put_item(
                    TableName=self.name,
                    Item=wire,
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                    **_revision_condition(write),
                )
            except ClientError as error:
                if _code(error) == _CONFLICT:
                    pause()
                    continue
                if _code(error) != "ConditionalCheckFailedException":
                    raise
                current: Any = error.response.get("Item", {})
                # A repeated call after a lost answer meets its own write: that is success.
                if current != wire:
                    raise ChangedError({0: item_from_wire(current)}) from error
            return
        raise BusyError(_BUSY)

    def _transact(self, writes: Sequence[Write]) -> None:
        actions: Any = [self._action(write) for write in writes]
        for pause in _pauses():
            try:
                self.client.transact_write_items(TransactItems=actions)
            except ClientError as error:
                reasons: Any = error.response.get("CancellationReasons", [])
                codes = {reason.get("Code", "None") for reason in reasons}
                if "ConditionalCheckFailed" in codes:
                    raise ChangedError(_current(reasons)) from error
                if _code(error) == "TransactionCanceledException" and codes <= _TRANSIENT:
                    pause()
                    continue
                raise
            return
        raise BusyError(_BUSY)

    def _action(self, write: Write) -> dict[str, Any]:
        match write:
            case Put():
                put = {"TableName": self.name, "Item": item_to_wire(write.item), **_revision_condition(write)}
                return {"Put": put | {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}}
            case Replace():
                return {"Put": {"TableName": self.name, "Item": item_to_wire(write.item)}}
            case Check():
                check = {"TableName": self.name, "Key": write.key.item(), "ConditionExpression": write.condition}
                if write.values:
                    check["ExpressionAttributeValues"] = item_to_wire(write.values)
                return {"ConditionCheck": check}
            case Add():
                names = {f"#{n}": name for n, name in enumerate(write.amounts)}
                values = {f":{n}": to_wire(amount) for n, amount in enumerate(write.amounts.values())}
                return {
                    "Update": {
                        "TableName": self.name,
                        "Key": write.key.item(),
                        "UpdateExpression": "ADD " + ", ".join(f"#{n} :{n}" for n in range(len(names))),
                        "ExpressionAttributeNames": names,
                        "ExpressionAttributeValues": values,
                    }
                }
            case Change():
                return {
                    "Update": {
                        "TableName": self.name,
                        "Key": write.key.item(),
                        "UpdateExpression": write.expression,
                        "ConditionExpression": write.condition,
                        "ExpressionAttributeValues": item_to_wire(write.values),
                    }
                }
            case Delete():
                delete: dict[str, Any] = {"TableName": self.name, "Key": write.key.item()}
                if write.rev is not None:
                    delete |= {
                        "ConditionExpression": "rev = :rev",
                        "ExpressionAttributeValues": {":rev": to_wire(write.rev)},
                    }
                return {"Delete": delete}


_BUSY = "the table is busy; try again"
_CONFLICT = "TransactionConflictException"
_TRANSIENT = {"None", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}


@cache
def records() -> Table:
    """The table of records."""
    return Table(clients.dynamodb(), setting("RECORDS_TABLE"))


@cache
def metrics() -> Table:
    """The table of counters and their ledger."""
    return Table(clients.dynamodb(), setting("METRICS_TABLE"))


def _revision_condition(write: Put) -> dict[str, Any]:
    if write.rev == 0:
        return {"ConditionExpression": "attribute_not_exists(pk)"}
    return {
        "ConditionExpression": "rev = :rev",
        "ExpressionAttributeValues": {":rev": to_wire(write.rev)},
    }


def _current(reasons: Sequence[Mapping[str, Any]]) -> dict[int, Item]:
    return {
        position: {name: from_wire(wire) for name, wire in reason["Item"].items()}
        for position, reason in enumerate(reasons)
        if reason.get("Item")
    }


def _code(error: ClientError) -> str:
    return error.response["Error"]["Code"]


def _pauses() -> Iterator[Callable[[], None]]:
    """One pause for each repetition, doubling, with full jitter."""
    for attempt in range(_ATTEMPTS):
        longest = _FIRST_PAUSE * 2**attempt
        yield lambda longest=longest: time.sleep(random.uniform(0, longest))  # type: ignore[misc]  # noqa: S311
