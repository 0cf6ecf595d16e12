"""The records table's stream: new images as records, and what cannot be read set aside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.domain.requests import SurveyRequest
from shared.domain.responses import Response
from shared.store.attributes import item_from_wire, unpack

Countable = Response | SurveyRequest

_LAST_TIME = 10**11

_CLASSES: Mapping[str, type[Countable]] = {"response": Response, "request": SurveyRequest}


@dataclass(slots=True)
class Images:
    """A batch's new images. `poison` names the records that no retry would make readable."""

    records: list[Countable] = field(default_factory=list)
    poison: list[dict[str, Any]] = field(default_factory=list)


def read(stream: Sequence[Mapping[str, Any]]) -> Images:
    """The records of a batch that are new in it.

    A timer claimed by `wake` changes an item and not its revision: nothing has happened to the record.
    """
    images = Images()
    for one in stream:
        new = one["dynamodb"].get("NewImage")
        old = one["dynamodb"].get("OldImage")
        if new is None or (old is not None and old.get("rev") == new.get("rev")):
            continue
        try:
            images.records.append(_record(new))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            keys = {name: wire.get("S", "") for name, wire in one["dynamodb"].get("Keys", {}).items()}
            images.poison.append({**keys, "rev": new.get("rev", {}).get("N"), "why": type(error).__name__})
    return images


def _record(image: Mapping[str, Any]) -> Countable:
    item = item_from_wire(image)
    record = unpack(_CLASSES[item["kind"]], item)
    _check_countable(record)
    return record


def _check_countable(record: Countable) -> None:
    """Raises for a record that could never be counted, so that it does not hold up those behind it."""
    times = [record.created_at]
    if isinstance(record, Response):
        _ = record.category
        texts = [record.id, record.project, *record.properties.keys(), *record.properties.values()]
    else:
        times += [record.sent_at]
        texts = [record.id, record.project]
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("not text")
    if not all(isinstance(at, int) and 0 <= at < _LAST_TIME for at in times) or record.rev < 1:
        raise ValueError("no revision or time")
