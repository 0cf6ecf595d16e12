"""Recounts: that everything of a project has to be counted again, and how far that has come.

One record a project, which stays: its `rev` must never begin anew, or a worker that slept could undo a later wish.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from shared.store import keys
from shared.store.attributes import Item, pack, unpack
from shared.store.table import Put, records

RESPONSES, HELD, REQUESTS = "response", "held", "request"
"""The lists of what is counted; held are the responses that do not count, or not yet."""

FENCE_SECONDS = 120
"""How long a recount waits after the rules changed. `score` reads the rules at the beginning of a batch and runs for at
most 60 seconds; what a slow one still counts by older rules is by then in the list that the recount goes through."""


@dataclass(frozen=True, slots=True)
class Recount:
    """A wish to count by the rules of `version` what was counted by those up to `base`.

    `kinds` are what has to be counted again, in this order; `current` and `position` say which record was last.
    """

    project: str
    version: int
    base: int
    ready_at: int
    kinds: tuple[str, ...]
    current: str = ""
    position: str = ""
    rev: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "kinds", tuple(self.kinds))

    @property
    def pending(self) -> bool:
        """Whether something is still to be counted."""
        return self.base < self.version


def find(project: str) -> Recount | None:
    """The project's recount, or None when its rules have never changed."""
    item = records().get(keys.recount(project))
    return unpack(Recount, item) if item else None


def wanted(project: str, version: int, kinds: Sequence[str], now: int) -> Put:
    """The write that has a project counted again from the beginning; it belongs to that of the rules' change."""
    known = find(project)
    if known is None:
        return _put(Recount(project, version, version - 1, now + FENCE_SECONDS, tuple(kinds)))
    every = {*kinds, *(known.kinds if known.pending else ())}
    return _put(
        replace(
            known,
            version=version,
            ready_at=now + FENCE_SECONDS,
            kinds=tuple(kind for kind in (RESPONSES, HELD, REQUESTS) if kind in every),
            current="",
            position="",
        )
    )


def due(now: int) -> Iterator[Recount]:
    """What may be counted again now, by project."""
    return (one for one in pending() if one.ready_at <= now)


def pending() -> Iterator[Recount]:
    """What is to be counted again, at once or later, by project."""
    every = (unpack(Recount, item) for item in records().query(keys.recount("").pk))
    return (one for one in every if one.pending)


def keep(recount: Recount) -> Recount:
    """Writes down how far it has come. Raises ChangedError when another worker did, or the rules changed again."""
    put = _put(recount)
    records().write(put)
    return replace(recount, rev=put.item["rev"])


def _put(recount: Recount) -> Put:
    key = keys.recount(recount.project)
    item: Item = {"pk": key.pk, "sk": key.sk, "kind": "recount", **pack(replace(recount, rev=recount.rev + 1))}
    return Put(item, rev=recount.rev)
