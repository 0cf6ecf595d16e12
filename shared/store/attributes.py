"""Python values in DynamoDB's wire form and back.

boto3 has a serializer for this; loading boto3 for it costs the answer page more than all its own modules.
"""

from collections.abc import Mapping
from dataclasses import MISSING, Field, asdict, fields
from decimal import Decimal
from enum import Enum
from typing import Any

Wire = Mapping[str, Any]
Item = dict[str, Any]


def to_wire(value: Any) -> Wire:
    """One value as DynamoDB takes it. Raises TypeError for a type that has no place in a table."""
    match value:
        case bool():
            return {"BOOL": value}
        case Enum():
            return {"S": value.value}
        case str():
            return {"S": value}
        case int() | Decimal():
            return {"N": str(value)}
        case None:
            return {"NULL": True}
        case bytes():
            return {"B": value}
        case Mapping():
            return {"M": {str(name): to_wire(inner) for name, inner in value.items()}}
        case set() | frozenset():
            return {"SS": sorted(value)}
        case list() | tuple():
            return {"L": [to_wire(inner) for inner in value]}
    raise TypeError(f"{type(value).__name__} cannot be kept in a table")


def from_wire(wire: Wire) -> Any:
    """The Python value of one wire value; whole numbers become int, others Decimal."""
    ((kind, value),) = wire.items()
    match kind:
        case "S" | "BOOL" | "B":
            return value
        case "N":
            return int(value) if value.lstrip("-").isdigit() else Decimal(value)
        case "NULL":
            return None
        case "M":
            return {name: from_wire(inner) for name, inner in value.items()}
        case "L":
            return [from_wire(inner) for inner in value]
        case "SS":
            return set(value)
    raise TypeError(f"no value of kind {kind} is kept in these tables")


def item_to_wire(item: Mapping[str, Any]) -> dict[str, Any]:
    """A whole item in wire form."""
    return {name: to_wire(value) for name, value in item.items()}


def item_from_wire(wire: Mapping[str, Any]) -> Item:
    """A whole item as Python values."""
    return {name: from_wire(value) for name, value in wire.items()}


def pack(record: Any) -> Item:
    """A dataclass as item attributes; what equals its default takes no room."""
    values = asdict(record)
    return {field.name: values[field.name] for field in fields(record) if values[field.name] != _default(field)}


def unpack[T](cls: type[T], item: Mapping[str, Any]) -> T:
    """The dataclass that `pack` made attributes of; attributes it does not know are left out."""
    known = {field.name for field in fields(cls)}  # type: ignore[arg-type]
    return cls(**{name: value for name, value in item.items() if name in known})


def _default(field: Field[Any]) -> Any:
    if field.default_factory is not MISSING:
        return field.default_factory()
    return field.default
