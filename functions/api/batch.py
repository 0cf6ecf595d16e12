"""POST people/batch: each row a call of its own, some at a time."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from functions.api import outputs
from shared.domain.errors import BusyError, InvalidError
from shared.domain.project import Project
from shared.inputs.checking import check
from shared.inputs.person import PersonInput
from shared.outside.log import log, place_of
from shared.store import send_calls
from shared.store.idempotency import Keep, row_key

# As many as the client has connections; a function's share of a processor has no use for more.
AT_ONCE = 8


def send_all(project: Project, rows: Sequence[Any], now: int, key: str | None) -> list[dict[str, Any]]:
    """The result of every row, in order: `status` 201 with `person`, else 422, 500 or 503 with `errors`.

    A person who stands in two rows is surveyed once: the throttle holds between rows as between calls. With an
    idempotency key, a row of the same batch sent again has the same result and does nothing.
    """
    keys = [None if key is None else row_key(key, number) for number in range(len(rows))]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda row, own: _send_one(project, row, now, own), rows, keys))


def _send_one(project: Project, row: Any, now: int, key: str | None) -> dict[str, Any]:
    try:
        if not isinstance(row, Mapping):
            return _failed(422, {"row": ["must be an object with an email"]})
        given = check(PersonInput, row)
        keep = Keep.of(project.id, key, given.model_dump(mode="json"))
        return {"status": 201, "person": send_calls.send(project, given.call(project, now), now, outputs.sent, keep)}
    except InvalidError as error:
        return _failed(422, error.fields)
    except (BusyError, BotoCoreError, ClientError):
        return _failed(503, {"row": ["was not done: the service is busy; send it again"]})
    except Exception as error:  # noqa: BLE001  # one row's fault must not take the others' results away
        log("a row failed", "ERROR", error=type(error).__name__, where=place_of(error))
        return _failed(500, {"row": ["failed unexpectedly"]})


def _failed(status: int, errors: dict[str, list[str]]) -> dict[str, Any]:
    return {"status": status, "errors": errors}
