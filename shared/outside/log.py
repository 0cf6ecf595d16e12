"""What log lines have in common: the ids of what they speak of, from the API call to the report. Never a person's data.

The survey request's id is the thread: its response has the same id, and its mails and its case know it.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any

_FOLDERS = ("functions", "shared")
_ids: dict[str, str] = {}


class FailedError(RuntimeError):
    """An unexpected error by its type and place alone: its own message may hold what a person wrote."""


def begin(**ids: str) -> None:
    """Starts on an event: forgets what the one before was about."""
    _ids.clear()
    concern(**ids)


def concern(**ids: str) -> None:
    """Names what the event at hand is about: `request`, `mail`, `case`, `person`, `project`, …; empty ones are left."""
    _ids.update({name: value for name, value in ids.items() if value})


def concerns() -> dict[str, Any]:
    """What the event at hand is about, for a line written by a logging library."""
    return dict(_ids)


def log(message: str, level: str = "INFO", **fields: object) -> None:
    """Writes one JSON line, for the functions whose cold start has no room for a logging library.

    Lambda filters by `level` and `timestamp`; a line without them counts as INFO.
    """
    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    _write({"level": level, "message": message, "timestamp": at, "service": _service(), **_ids, **fields})


def count(metric: str) -> None:
    """Adds one to a metric of CloudWatch, by its embedded metric format."""
    directive = {
        "Namespace": os.environ.get("POWERTOOLS_METRICS_NAMESPACE", "Hearback"),
        "Dimensions": [["service"]],
        "Metrics": [{"Name": metric, "Unit": "Count"}],
    }
    head = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}
    _write({"_aws": head, "service": _service(), metric: 1})


def place_of(error: BaseException) -> str:
    """The last places that an error's traceback passed, in our code and in all, without its message.

    A message may hold what a person wrote.
    """
    trace, ours, last = error.__traceback__, "", ""
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        last = f"{file.rpartition('/')[2]}:{trace.tb_lineno}"
        if file != __file__ and any(f"/{folder}/" in file for folder in _FOLDERS):
            ours = last
        trace = trace.tb_next
    return last if ours in {"", last} else f"{ours}, {last}"


def without_words[**P, R](work: Callable[P, R]) -> Callable[P, R]:
    """Lets work fail without the message of an error that is not our own, nor those of the errors that led to it.

    Lambda logs whatever a function raises. AWS's errors keep their type and code; others become a FailedError.
    """
    # Loaded with the functions that use this; page and desk need it for their tables anyhow.
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    @wraps(work)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return work(*args, **kwargs)
        except ClientError as error:
            silent = ClientError(
                {"Error": {"Code": error.response["Error"]["Code"], "Message": place_of(error)}}, error.operation_name
            )
            log("failed", "ERROR", error=silent.response["Error"]["Code"], where=place_of(error))
            raise silent from None
        except Exception as error:
            where = place_of(error)
            log("failed", "ERROR", error=type(error).__name__, where=where)
            if isinstance(error, BotoCoreError) or type(error).__module__.partition(".")[0] in _FOLDERS:
                raise error from None
            raise FailedError(f"{type(error).__name__} at {where}") from None

    return guarded


def _service() -> str:
    return os.environ.get("POWERTOOLS_SERVICE_NAME", "")


def _write(line: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(line, default=str) + "\n")
