"""Each minute: what is due in the table is handed to the send queues, project after project in turn."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Any

from shared.domain.mails import MailKind
from shared.outside import mailer, queues
from shared.outside.settings import setting
from shared.store import keys, projects
from shared.store.attributes import Item
from shared.store.keys import Key
from shared.store.table import ChangedError, Put, records

PERIOD_SECONDS = 60
LEASE_SECONDS = 55
CLAIM_SECONDS = 120


_PROMPT = tuple(f"mail:{kind.value}-" for kind in MailKind if kind.at_least_once)


@dataclass(frozen=True, slots=True)
class Lease:
    """A shard of a project's timers in the hands of this worker."""

    project: str
    shard: int
    item: Item


@dataclass(frozen=True, slots=True)
class Released:
    """How many records were handed on, and whether more were due than may be sent in a minute."""

    handed_on: int
    more: bool


def release(now: int, worker: str) -> Released:
    """Hands on at most about a minute's worth of mail.

    A record is claimed by moving its timer a few minutes on, so that one whose message is lost comes
    again; only the worker's own write sets the next timer. Messages may be double: that is harmless.
    """
    most = max(1, int(mailer.rate() * PERIOD_SECONDS))
    leases = [
        lease
        for project in projects.all_projects()
        for shard in range(keys.DUE_SHARDS)
        if (lease := _take_lease(project.id, shard, now, worker))
    ]
    in_turn = chain.from_iterable(zip_longest(*(_due(lease, now, most) for lease in leases)))
    due = [item for item in in_turn if item is not None]
    names = [name for item in due[:most] if (name := _claim(item, now))]
    queues.send(setting("PROMPT_QUEUE"), [_message(name) for name in names if name.startswith(_PROMPT)])
    queues.send(setting("BULK_QUEUE"), [_message(name) for name in names if not name.startswith(_PROMPT)])
    for lease in leases:
        _give_back(lease)
    return Released(len(names), more=len(due) > most)


def _take_lease(project: str, shard: int, now: int, worker: str) -> Lease | None:
    """One worker at a time releases a shard; a lease that was not given back runs out before the next minute."""
    key = keys.wake_lease(project, shard)
    known = records().get(key) or {"rev": 0, "until": 0}
    if known["until"] > now:
        return None
    item = {"pk": key.pk, "sk": key.sk, "kind": "lease", "until": now + LEASE_SECONDS, "by": worker}
    item["rev"] = known["rev"] + 1
    try:
        records().write(Put(item, rev=known["rev"]))
    except ChangedError:
        return None
    return Lease(project, shard, item)


def _give_back(lease: Lease) -> None:
    rev = lease.item["rev"]
    with suppress(ChangedError):
        records().write(Put(lease.item | {"until": 0, "rev": rev + 1}, rev=rev))


def _due(lease: Lease, now: int, most: int) -> Iterator[Item]:
    return records().query(
        keys.due_partition(lease.project, lease.shard),
        index=keys.DUE,
        attribute_names=("due_pk", "due_sk"),
        high=keys.moment(now, "~"),
        limit=most + 1,
    )


def _claim(item: Item, now: int) -> str:
    """The name of the record (`request:<id>`, `mail:<id>`), or nothing when its timer moved meanwhile."""
    _, _, name = item["due_sk"].partition("#")
    try:
        records().update(
            Key(item["pk"], item["sk"]),
            "SET due_sk = :later",
            condition="due_sk = :read",
            values={":later": keys.moment(now + CLAIM_SECONDS, name), ":read": item["due_sk"]},
        )
    except ChangedError:
        return ""
    return str(name)


def _message(name: str) -> dict[str, Any]:
    kind, _, record_id = name.partition(":")
    return {kind: record_id}
