"""POST people/batch: each row a call of its own, some at a time."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from functions.api import reading, send
from functions.api.inputs import PersonInput
from shared.domain.errors import BusyError, InvalidError
from shared.domain.project import Project

# As many as the client has connections; a function's share of a processor has no use for more.
AT_ONCE = 8


def send_all(project: Project, rows: Sequence[Mapping[str, Any]], now: int) -> list[dict[str, Any]]:
    """The result of every row, in order: `status` 201 with `person`, 422 with `errors`, or 503 to repeat the row.

    A person who stands in two rows is surveyed once: the throttle holds between rows as between calls.
    """
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda row: _send_one(project, row, now), rows))


def _send_one(project: Project, row: Mapping[str, Any], now: int) -> dict[str, Any]:
    try:
        return {"status": 201, "person": send.send(project, reading.check(PersonInput, row), now)}
    except InvalidError as error:
        return {"status": 422, "errors": error.fields}
    except (BusyError, BotoCoreError, ClientError):
        return {"status": 503, "errors": {"row": ["was not done: the service is busy; send it again"]}}
