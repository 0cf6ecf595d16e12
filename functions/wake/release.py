"""Each minute: what is due in the table is handed to the send queues, project after project in turn."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, islice, zip_longest
from typing import Any

from shared.outside import mailer, queues
from shared.outside.settings import setting
from shared.store import keys, projects
from shared.store.attributes import Item
from shared.store.keys import Key
from shared.store.table import ChangedError, Put, records

PERIOD_SECONDS = 60
LEASE_SECONDS = 55
CLAIM_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Released:
    """What was handed on (`request:<id>`, `mail:<id>`), and whether more was due than may be sent in a minute."""

    names: tuple[str, ...]
    more: bool

    @property
    def handed_on(self) -> int:
        """How many records were handed on."""
        return len(self.names)


@dataclass(frozen=True, slots=True)
class _Lease:
    project: str
    item: Item


def release(now: int, worker: str) -> Released:
    """Hands on at most about a minute's worth of mail, alerts and reports first, then project after project in turn.

    A record is claimed by moving its timer a little on, so that one whose message is lost comes again;
    only the worker's own write sets the next timer. Messages may be double: that is harmless.
    """
    most = max(1, int(mailer.rate() * PERIOD_SECONDS))
    leases = [lease for project in projects.all_projects() if (lease := _take_lease(project.id, now, worker))]
    prompt = list(_in_turn(leases, keys.Lane.PROMPT, now, most))
    bulk = list(_in_turn(leases, keys.Lane.BULK, now, most))
    claimed = [name for item in (prompt + bulk)[:most] if (name := _claim(item, now))]
    first = {_name(item) for item in prompt}
    queues.send(setting("PROMPT_QUEUE"), [_message(name) for name in claimed if name in first])
    queues.send(setting("BULK_QUEUE"), [_message(name) for name in claimed if name not in first])
    for lease in leases:
        _give_back(lease)
    return Released(tuple(claimed), more=len(prompt) + len(bulk) > most)


def _in_turn(leases: Sequence[_Lease], lane: keys.Lane, now: int, most: int) -> Iterator[Item]:
    rows = zip_longest(*(_due(lease.project, lane, now, most + 1) for lease in leases))
    return islice((item for item in chain.from_iterable(rows) if item is not None), most + 1)


def _take_lease(project: str, now: int, worker: str) -> _Lease | None:
    """One worker at a time releases a project's mail, and only where some is due: an idle minute writes nothing.

    A lease that was not given back runs out before the next minute.
    """
    if not any(next(_due(project, lane, now, 1), None) for lane in keys.Lane):
        return None
    key = keys.wake_lease(project)
    known = records().get(key) or {"rev": 0, "until": 0}
    if known["until"] > now:
        return None
    item = {"pk": key.pk, "sk": key.sk, "kind": "lease", "until": now + LEASE_SECONDS, "by": worker}
    item["rev"] = known["rev"] + 1
    try:
        records().write(Put(item, rev=known["rev"]))
    except ChangedError:
        return None
    return _Lease(project, item)


def _give_back(lease: _Lease) -> None:
    rev = lease.item["rev"]
    with suppress(ChangedError):
        records().write(Put(lease.item | {"until": 0, "rev": rev + 1}, rev=rev))


def _due(project: str, lane: keys.Lane, now: int, limit: int) -> Iterator[Item]:
    return records().query(
        keys.due_partition(project, lane),
        index=keys.DUE,
        attribute_names=("due_pk", "due_sk"),
        high=keys.moment(now, "~"),
        limit=limit,
    )


def _name(item: Item) -> str:
    """What a timer is of: `request:<id>` or `mail:<id>`."""
    _, _, name = str(item["due_sk"]).partition("#")
    return name


def _claim(item: Item, now: int) -> str:
    """The name of the record (`request:<id>`, `mail:<id>`), or nothing when its timer moved meanwhile."""
    name = _name(item)
    try:
        records().update(
            Key(item["pk"], item["sk"]),
            "SET due_sk = :later",
            condition="due_sk = :read",
            values={":later": keys.moment(now + CLAIM_SECONDS, name), ":read": item["due_sk"]},
        )
    except ChangedError:
        return ""
    return name


def _message(name: str) -> dict[str, Any]:
    kind, _, record_id = name.partition(":")
    return {kind: record_id}
