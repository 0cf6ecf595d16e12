"""How large DynamoDB says that an item is: names and values in UTF-8, and a little for each list and map."""

from collections.abc import Mapping
from typing import Any

MOST = 400 * 1024
"""What an item may have; a larger one is refused for ever."""


def size_of(item: Mapping[str, Mapping[str, Any]]) -> int:
    """The bytes of an item in wire form."""
    return sum(len(name.encode()) + _value(wire) for name, wire in item.items())


def _value(wire: Mapping[str, Any]) -> int:
    ((kind, value),) = wire.items()
    match kind:
        case "S":
            return len(value.encode())
        case "N":
            return len(value) // 2 + 2
        case "SS":
            return sum(len(one.encode()) for one in value)
        case "B":
            return len(value)
        case "L":
            return 3 + sum(1 + _value(one) for one in value)
        case "M":
            return 3 + len(value) + size_of(value)
    return 1
