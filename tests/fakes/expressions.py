"""The few expressions that the stores write, evaluated as DynamoDB does."""

import operator
import re
from collections.abc import Mapping
from typing import Any

Wire = dict[str, Any]

_EXISTS = re.compile(r"attribute_(not_)?exists\((\w+)\)")
_EQUALS = re.compile(r"(\w+) = (:\w+)")
_COMPARES = re.compile(r"(\w+) (<|<=|>=|>) (:\w+)")
_ORDERS = {"<": operator.lt, "<=": operator.le, ">=": operator.ge, ">": operator.gt}
_SIZE = re.compile(r"size\((\w+)\) < (:\w+)")
_ACTION = re.compile(r"(SET|ADD) (.*?)(?= SET | ADD |$)")
_CONTAINS = re.compile(r"contains\((\w+), (:\w+)\)")


def holds(condition: str, item: Wire | None, values: Mapping[str, Wire]) -> bool:
    """Whether a condition (ANDs joined by ORs, no brackets) holds for an item, None when there is none."""
    return any(
        all(_term(term.strip(), item or {}, values) for term in group.split(" AND "))
        for group in condition.split(" OR ")
    )


def _term(term: str, item: Wire, values: Mapping[str, Wire]) -> bool:
    if match := _EXISTS.fullmatch(term):
        return (match[2] in item) is not bool(match[1])
    if match := _EQUALS.fullmatch(term):
        return item.get(match[1]) == values[match[2]]
    if match := _COMPARES.fullmatch(term):
        return match[1] in item and _ORDERS[match[2]](int(item[match[1]]["N"]), int(values[match[3]]["N"]))
    if match := _SIZE.fullmatch(term):
        return match[1] in item and len(_only(item[match[1]])) < int(values[match[2]]["N"])
    if match := _CONTAINS.fullmatch(term):
        return match[1] in item and _only(values[match[2]]) in _only(item[match[1]])
    raise NotImplementedError(f"the fake does not know the condition {term!r}")


def updated(expression: str, item: Wire, names: Mapping[str, str], values: Mapping[str, Wire]) -> Wire:
    """The item after `SET a = :a` and `ADD a :a, b :b` of numbers and string sets."""
    after = dict(item)
    for action, rest in _ACTION.findall(expression):
        for part in rest.split(","):
            name, _, value = part.strip().replace(" = ", " ").partition(" ")
            name = names.get(name, name)
            after[name] = values[value] if action == "SET" else _added(after.get(name), values[value])
    return after


def _added(known: Wire | None, more: Wire) -> Wire:
    if "N" in more:
        return {"N": str(int((known or {"N": "0"})["N"]) + int(more["N"]))}
    return {"SS": sorted(set((known or {"SS": []})["SS"]) | set(more["SS"]))}


def _only(wire: Wire) -> Any:
    (value,) = wire.values()
    return value
