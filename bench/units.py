"""DynamoDB's capacity units, computed from the items as DynamoDB bills them.

The rules are those of the developer guide, "DynamoDB item sizes and formats" and "capacity unit consumption": a write
unit per KB, a read unit per 4 KB (half of one when the read is eventually consistent), both rounded up by item, twice
as much inside a transaction, and for every index that an item stands in a write of its projection.
"""

from collections.abc import Iterable, Mapping
from math import ceil
from typing import Any

Wire = Mapping[str, Any]

WRITE_BYTES = 1024
READ_BYTES = 4096
TRANSACTION = 2

INDEXES: Mapping[str, tuple[str, str, bool]] = {
    "due": ("due_pk", "due_sk", False),
    "by_project": ("list_pk", "list_sk", True),
    "by_updated": ("updated_pk", "updated_sk", False),
    "by_account": ("account_pk", "account_sk", False),
}
"""The indexes of `records`: their keys, and whether they hold whole items."""


def item_size(item: Wire) -> int:
    """The bytes of an item: its attributes' names and values."""
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def read_units(size: int, *, consistent: bool) -> float:
    """What reading so many bytes costs; reading nothing costs as much as reading a little."""
    units = max(1, ceil(size / READ_BYTES))
    return float(units) if consistent else units / 2


def write_units(old: Wire | None, new: Wire | None) -> int:
    """What a write costs in the table itself: by the larger of the item before and after it."""
    return _units(max(item_size(old or {}), item_size(new or {})))


def index_units(old: Wire | None, new: Wire | None) -> int:
    """What a write costs in all indexes: one that moves an entry deletes it and writes it."""
    return sum(_index_units(*index, old, new) for index in INDEXES.values())


def _index_units(pk: str, sk: str, whole: bool, old: Wire | None, new: Wire | None) -> int:
    before, after = _entry(pk, sk, whole, old), _entry(pk, sk, whole, new)
    if before == after:
        return 0
    if before and after and (before[pk], before[sk]) == (after[pk], after[sk]):
        return _units(max(item_size(before), item_size(after)))
    return sum(_units(item_size(entry)) for entry in (before, after) if entry)


def _entry(pk: str, sk: str, whole: bool, item: Wire | None) -> Wire | None:
    """What an index holds of an item."""
    if item is None or pk not in item or sk not in item:
        return None
    return item if whole else _only(item, ("pk", "sk", pk, sk))


def _only(item: Wire, names: Iterable[str]) -> Wire:
    return {name: item[name] for name in names}


def _units(size: int) -> int:
    return max(1, ceil(size / WRITE_BYTES))


def _value_size(value: Mapping[str, Any]) -> int:
    ((kind, inner),) = value.items()
    match kind:
        case "S":
            return len(inner.encode())
        case "N":
            return (len(inner.strip("-0.")) + 1) // 2 + 1
        case "BOOL" | "NULL":
            return 1
        case "M":
            return 3 + sum(1 + len(name.encode()) + _value_size(one) for name, one in inner.items())
        case "L":
            return 3 + sum(1 + _value_size(one) for one in inner)
        case "SS":
            return sum(len(one.encode()) for one in inner)
    raise TypeError(f"no size is known for a value of kind {kind}")
