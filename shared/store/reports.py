"""Reports: one record a project and month, from the wish to the files in S3."""

from typing import Any

from shared.domain.errors import BusyError
from shared.store import keys
from shared.store.attributes import Item
from shared.store.table import ChangedError, Put, records

REQUESTED = "requested"
BUILT = "built"

_ATTEMPTS = 5


def all_of(project: str) -> list[Item]:
    """A project's reports, newest month first."""
    return list(records().query(keys.report(project, "").pk, newest_first=True))


def find(project: str, month: str) -> Item | None:
    """The report of a month, or None."""
    return records().get(keys.report(project, month))


def request(project: str, month: str, now: int, *, quiet: bool = False) -> Item:
    """Notes that the report is to be built (again); a quiet wish mails no new edition of a month that is not over."""
    return _change(project, month, {"state": REQUESTED, "requested_at": now, "quiet": quiet})


def begin(project: str, month: str, now: int) -> int:
    """The revision at which a report's building begins; a first one is noted, so that an erasure sees it coming."""
    return int((find(project, month) or request(project, month, now))["rev"])


def built(project: str, month: str, files: dict[str, str], now: int, *, begun: int) -> Item:
    """Notes that the report's files lie in S3: name to object key.

    `begun` is the revision at which the building began. When somebody has asked for the report since, it may still
    quote what was erased meanwhile: then the wish stays, and it is built again.
    """
    known = find(project, month)
    over = known is not None and known["rev"] == begun
    return _change(project, month, {"built_at": now, "files": files} | ({"state": BUILT} if over else {}))


def _change(project: str, month: str, fields: dict[str, Any]) -> Item:
    key = keys.report(project, month)
    for _ in range(_ATTEMPTS):
        known = records().get(key) or {
            "pk": key.pk,
            "sk": key.sk,
            "kind": "monthly_report",
            "project": project,
            "rev": 0,
        }
        item = known | fields | {"rev": known["rev"] + 1}
        try:
            records().write(Put(item, rev=known["rev"]))
        except ChangedError:
            continue
        return item
    raise BusyError("this report changes all the time; try again")
