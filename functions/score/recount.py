"""Counts everything of a project again, by its newest rules, page by page from where the last run stopped.

Counting again is what `fold` does with every record: the ledger knows what was counted of it, and only the difference
is written. So it does not matter how often a page is counted, or what the stream brings meanwhile.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice

from functions.score import fold
from shared.domain.project import DAY
from shared.domain.requests import SurveyRequest
from shared.domain.responses import Response
from shared.store import keys, lists, recounts
from shared.store.records import load_many
from shared.store.recounts import Recount
from shared.store.stream import Countable
from shared.store.table import ChangedError

PAGE = 100
EARLIEST = 946_684_800
"""1 January 2000: the score was published in 2003."""
AHEAD = 366 * DAY
"""The local stage's clock can be set forward and back; elsewhere nothing lies ahead."""

_CLASSES: Mapping[str, type[Countable]] = {
    recounts.RESPONSES: Response,
    recounts.HELD: Response,
    recounts.REQUESTS: SurveyRequest,
}


@dataclass(frozen=True, slots=True)
class Progress:
    """What one run did for a project, and whether all is done."""

    project: str
    read: int
    moved: int
    done: bool


def run(now: int, enough: Callable[[], bool]) -> Iterator[Progress]:
    """Goes on with every recount that is due, until `enough` says that the time is up."""
    fault: Exception | None = None
    for one in recounts.due(now):
        try:
            progress = _go_on(one, now, enough)
        except Exception as error:  # noqa: BLE001  # one project's fault must not hold up the others; it is raised below
            fault = fault or error
        else:
            yield progress
    if fault:
        raise fault


def _go_on(one: Recount, now: int, enough: Callable[[], bool]) -> Progress:
    read = moved = 0
    try:
        while not enough():
            kind = one.current or one.kinds[0]
            ids = _page(one, kind, now)
            if not ids:
                later = one.kinds[one.kinds.index(kind) + 1 :]
                if not later:
                    recounts.keep(replace(one, base=one.version, current="", position=""))
                    return Progress(one.project, read, moved, done=True)
                one = recounts.keep(replace(one, current=later[0], position=""))
                continue
            # The list may lag behind: what is counted is the record itself.
            moved += fold.count(one.project, load_many(_CLASSES[kind], list(ids)))
            read += len(ids)
            one = recounts.keep(replace(one, current=kind, position=list(ids.values())[-1]))
    except ChangedError:
        # Another run is further, or the rules changed again; whoever did it goes on.
        pass
    return Progress(one.project, read, moved, done=False)


def _page(one: Recount, kind: str, now: int) -> dict[str, str]:
    """The next records, each with its position in the list."""
    listed: Iterator[Countable] = lists.by_time(
        _CLASSES[kind], kind, one.project, since=EARLIEST, until=now + AHEAD, after=one.position, page_size=PAGE
    )
    return {record.id: keys.moment(record.created_at, record.id) for record in islice(listed, PAGE)}
