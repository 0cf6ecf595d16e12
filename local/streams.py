"""Whether what is written reaches the stream's consumers: shown at the start, waited for before the end."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from local import access
from local.problems import CommandError
from shared.domain.requests import RequestState, SurveyRequest
from shared.store import keys, records
from shared.store.table import Put, Table
from shared.store.table import metrics as metrics_table
from shared.store.table import records as records_table

PROBE = "stack-probe"

_PAUSE = 0.2
_QUIET_SECONDS = 2.5


def probe(project: str, now: int) -> int:
    """Writes a survey request that counts for nothing; returns the revision to be seen by `score`.

    It is cancelled, was never sent, and stands in no list.
    """
    known = records.load(SurveyRequest, PROBE)
    request = SurveyRequest(
        id=PROBE,
        project=project,
        person=PROBE,
        created_at=now,
        scheduled_at=now,
        expires_at=now,
        state=RequestState.CANCELLED,
        reason="probe",
        rev=known.rev if known else 0,
    )
    revision = request.rev + 1
    item = records.to_item(replace(request, rev=revision))
    unlisted = {name: value for name, value in item.items() if not name.startswith("list_")}
    records_table().write(Put(unlisted, rev=request.rev))
    return revision


def is_counted(revision: int, metrics: Table) -> bool:
    """Whether `score` has seen the probe in this revision."""
    entry = metrics.get(keys.ledger(f"request:{PROBE}"))
    return entry is not None and int(entry["counted"]) >= revision


def prove(project: str, *, seconds: float) -> float:
    """Shows that one write reaches `score`; returns after how many seconds. Raises CommandError when it does not."""
    begun = time.monotonic()
    revision = probe(project, int(time.time()))
    if not _wait(lambda: is_counted(revision, metrics_table()), seconds):
        raise CommandError(
            f"a write did not reach the function `score` within {seconds:.0f} s; its log is in the emulator's"
        )
    return time.monotonic() - begun


def drain(project: str, queues: tuple[str, ...], log: Path, *, seconds: float) -> list[str]:
    """Waits until the queues are empty and the stream is consumed; returns what was still waiting at the end."""
    until = time.monotonic() + seconds
    left = []
    if not _wait(lambda: not any(map(_waiting, queues)), until - time.monotonic()):
        left.append("messages in " + ", ".join(url.rpartition("/")[2] for url in queues if _waiting(url)))
    revision = probe(project, int(time.time()))
    if not _wait(lambda: is_counted(revision, metrics_table()), until - time.monotonic()):
        left.append("records of the stream, for score")
    if not _wait(lambda: _quiet(log), until - time.monotonic()):
        left.append("records of the stream, for follow_up")
    return left


def _waiting(queue: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = access.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=names)
    return sum(int(answer["Attributes"][name]) for name in names)


def _quiet(log: Path) -> bool:
    """Whether no consumer has worked for a while; the emulator writes a line about each batch."""
    return time.time() - log.stat().st_mtime > _QUIET_SECONDS


def _wait(condition: Callable[[], bool], seconds: float) -> bool:
    until = time.monotonic() + max(0.0, seconds)
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(_PAUSE)
    return True
