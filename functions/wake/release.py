"""Each minute: what is due in the table is handed to the send queues, project after project in turn."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import batched, chain, islice, zip_longest
from typing import Any

from shared.domain import pace
from shared.domain.errors import BusyError
from shared.outside import mailer, queues
from shared.outside.settings import setting
from shared.store import keys, projects
from shared.store import pace as pace_store
from shared.store.attributes import Item
from shared.store.keys import Key
from shared.store.table import MAX_TRANSACTION, Change, ChangedError, records

LEASE_SECONDS = 55
SILENT_A_MINUTE = 600
"""How many timers that send no mail are handed on at once. They share the prompt queue, whose two workers are through
with them in half a minute even at a tenth of a second each: an alert comes soon enough behind them."""
CLAIM_SECONDS = 120
SPARED_SECONDS = 10.0
"""When so little time is left, no further group is begun: what was begun is finished, and the leases are given back."""

_FEW = 10
"""So many are claimed one by one: a write in a transaction costs twice."""
_AT_ONCE = 4

SecondsLeft = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Released:
    """What was handed on, as timers name it, whether more was due, and why SES takes nothing, if so."""

    names: tuple[str, ...] = ()
    more: bool = False
    stopped_for: str = ""

    @property
    def handed_on(self) -> int:
        """How many records were handed on."""
        return len(self.names)


@dataclass(frozen=True, slots=True)
class _Lease:
    """A project held by one worker, and the lanes in which something was due."""

    project: str
    lanes: frozenset[keys.Lane]


def release(now: int, worker: str, seconds_left: SecondsLeft = lambda: 60.0) -> Released:
    """Hands on what sends no mail, then about a minute's worth of mail: alerts and reports first, projects in turn.

    What sends no mail goes before SES is asked anything, and takes nothing from the budget of mails.
    A record is claimed by moving its timer a little on, so that one whose message is lost comes again;
    only the worker's own write sets the next timer. Messages may be double: that is harmless.
    """
    leases = [lease for project in projects.all_projects() if (lease := _take_lease(project.id, now, worker))]
    silent = list(_in_turn(leases, keys.Lane.SILENT, now, SILENT_A_MINUTE))
    names = _hand_on(silent[:SILENT_A_MINUTE], setting("PROMPT_QUEUE"), now, seconds_left)
    released = Released(tuple(names), more=len(silent) > len(names))
    if any(lease.lanes - {keys.Lane.SILENT} for lease in leases):
        mails = _release_mails(leases, now, seconds_left)
        released = replace(mails, names=released.names + mails.names, more=released.more or mails.more)
    for lease in leases:
        _give_back(lease, worker)
    return released


def _release_mails(leases: Sequence[_Lease], now: int, seconds_left: SecondsLeft) -> Released:
    quota = mailer.quota()
    line = pace_store.learn(quota)
    budget = pace.budget(line, quota, waiting=queues.waiting(setting("BULK_QUEUE")), today=now)
    prompt = list(_in_turn(leases, keys.Lane.PROMPT, now, budget.prompt))
    most = max(0, budget.bulk - len(prompt))
    bulk = list(_in_turn(leases, keys.Lane.BULK, now, most))
    names = _hand_on(prompt[: budget.prompt], setting("PROMPT_QUEUE"), now, seconds_left)
    names += _hand_on(bulk[:most], setting("BULK_QUEUE"), now, seconds_left)
    return Released(tuple(names), more=len(prompt) + len(bulk) > len(names), stopped_for=line.stopped_for)


def _in_turn(leases: Sequence[_Lease], lane: keys.Lane, now: int, most: int) -> Iterator[Item]:
    """One of each project, then the next of each; one more than may be handed on tells that there is more."""
    rows = zip_longest(*(_due(lease.project, lane, now, most + 1) for lease in leases if lane in lease.lanes))
    return islice((item for item in chain.from_iterable(rows) if item is not None), most + 1)


def _hand_on(items: Sequence[Item], queue: str, now: int, seconds_left: SecondsLeft) -> list[str]:
    """Claims in groups, several at once, each handed on as soon as it is claimed; the names, in order."""

    def one(group: Sequence[Item]) -> list[str]:
        if seconds_left() < SPARED_SECONDS:
            return []
        claimed = _claimed(group, now)
        queues.send(queue, [_message(name) for name in claimed])
        return claimed

    groups = list(batched(items, MAX_TRANSACTION, strict=False))
    if len(groups) <= 1:
        return [name for group in groups for name in one(group)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return [name for names in pool.map(one, groups) for name in names]


def _take_lease(project: str, now: int, worker: str) -> _Lease | None:
    """One worker at a time releases a project's mail, and only where some is due: an idle minute writes nothing.

    A lease that was not given back runs out before the next minute.
    """
    lanes = frozenset(lane for lane in keys.Lane if next(_due(project, lane, now, 1), None))
    if not lanes:
        return None
    try:
        records().update(
            keys.wake_lease(project),
            "SET kind = :kind, held_by = :worker, held_until = :end",
            condition="attribute_not_exists(pk) OR held_until <= :now OR held_by = :worker",
            values={":kind": "lease", ":worker": worker, ":end": now + LEASE_SECONDS, ":now": now},
        )
    except ChangedError:
        return None
    return _Lease(project, lanes)


def _give_back(lease: _Lease, worker: str) -> None:
    with suppress(ChangedError):
        records().update(
            keys.wake_lease(lease.project),
            "SET held_until = :now",
            condition="held_by = :worker",
            values={":worker": worker, ":now": 0},
        )


def _due(project: str, lane: keys.Lane, now: int, limit: int) -> Iterator[Item]:
    return records().query(
        keys.due_partition(project, lane),
        index=keys.DUE,
        attribute_names=("due_pk", "due_sk"),
        high=keys.moment(now, "~"),
        limit=limit,
    )


def _name(item: Item) -> str:
    """What a timer is of, such as `request:<id>` or `mail:<id>`: the kind that `deliver` works by, and the id."""
    _, _, name = str(item["due_sk"]).partition("#")
    return name


def _claimed(group: Sequence[Item], now: int) -> list[str]:
    """The names of the records whose timers had not moved meanwhile."""
    if len(group) > _FEW:
        with suppress(ChangedError, BusyError):
            records().write(*(_claim(item, now) for item in group))
            return [_name(item) for item in group]
    return [_name(item) for item in group if _claim_one(item, now)]


def _claim_one(item: Item, now: int) -> bool:
    one = _claim(item, now)
    try:
        records().update(one.key, one.expression, condition=one.condition, values=one.values)
    except (ChangedError, BusyError):
        return False
    return True


def _claim(item: Item, now: int) -> Change:
    values = {":later": keys.moment(now + CLAIM_SECONDS, _name(item)), ":read": item["due_sk"]}
    return Change(Key(item["pk"], item["sk"]), "SET due_sk = :later", "due_sk = :read", values)


def _message(name: str) -> dict[str, Any]:
    kind, _, record_id = name.partition(":")
    return {kind: record_id}
