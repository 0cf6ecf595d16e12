"""One stretch of an import: rows in groups, each group's progress stored before the next begins.

A worker may die anywhere. What it had stored stands; of the group it was in, every row that wrote something has its
mark, written with what it did, so the next worker finds the same outcomes and does nothing twice.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from enum import StrEnum

from functions.transfer import kinds
from functions.transfer.rows import Row, header, rows
from shared.domain.errors import InvalidError, NotFoundError
from shared.domain.imports import Import, ImportState, targets_of
from shared.domain.project import Project
from shared.outside import clock, log
from shared.store import projects
from shared.store.import_files import Results, drop_files, find_upload, read_upload
from shared.store.records import changed, load
from shared.store.table import ChangedError, records

GROUP_ROWS = 250
GROUP_BYTES = 1 << 20
LEASE_SECONDS = 60


class Done(StrEnum):
    """What a message came to."""

    FINISHED = "finished"
    FAILED = "failed"
    MORE = "more"
    NOTHING = "nothing"


def work(import_id: str, worker: str, time_left: Callable[[], bool]) -> Done:
    """Works an import on until it has ended or the time is over.

    `worker` names the message that this work is done for: while its lease holds, others leave the import alone, and
    whoever comes for the same message, after a worker's death, goes on at once.
    """
    one = load(Import, import_id)
    if one is None:
        return Done.NOTHING
    log.concern(project=one.project, **{"import": one.id})
    if one.ended:
        drop_files(one)
        return Done.NOTHING
    now = clock.now()
    if one.worker not in {"", worker} and one.lease_until > now:
        return Done.NOTHING
    try:
        begun = _begun(one, now) if one.state is ImportState.WAITING else one
        one = _stored(replace(begun, worker=worker, lease_until=now + LEASE_SECONDS))
    except (NotFoundError, ChangedError):
        return Done.NOTHING
    return _go_on(one, projects.load(one.project), time_left)


def _begun(one: Import, now: int) -> Import:
    etag, size = find_upload(one)
    return replace(one, state=ImportState.RUNNING, etag=etag, size=size, started_at=now)


def _go_on(one: Import, project: Project, time_left: Callable[[], bool]) -> Done:
    results = Results(one)
    try:
        if not one.targets:
            one = _with_header(one)
        repeated = True
        for group in _groups(rows(read_upload(one, one.offset), one.offset, one.delimiter)):
            done = kinds.work_off(one, project, group, clock.now(), repeated=repeated)
            repeated = False
            results.add([line.cells() for line in done])
            counts = Counter(one.counts)
            for line in done:
                counts.update(line.counted())
            one = replace(one, offset=group[-1].end, rows=one.rows + len(group), counts=dict(counts))
            over = not time_left()
            kept = replace(one, worker="") if over else replace(one, lease_until=clock.now() + LEASE_SECONDS)
            one = _stored(results.store(kept))
            if over:
                return Done.MORE
    except InvalidError as error:
        one = replace(one, problem=kinds.words(error))
    return _end(one, results)


def _with_header(one: Import) -> Import:
    delimiter, first = header(read_upload(one, 0))
    return replace(one, delimiter=delimiter, targets=targets_of(one.kind, first.cells, one.columns), offset=first.end)


def _groups(every: Iterator[Row]) -> Iterator[list[Row]]:
    """Rows some at a time; where the file cannot be read on, those before it come first."""
    group: list[Row] = []
    length = 0
    try:
        for row in every:
            length += row.length
            group.append(row)
            if len(group) >= GROUP_ROWS or length >= GROUP_BYTES:
                yield group
                group, length = [], 0
    except InvalidError:
        if group:
            yield group
        raise
    if group:
        yield group


def _end(one: Import, results: Results) -> Done:
    """The result file first, then the word that it is there, and the upload last: each may be repeated."""
    results.finish(one)
    state = ImportState.FAILED if one.problem else ImportState.DONE
    one = _stored(replace(one, state=state, worker="", lease_until=0, ended_at=clock.now()))
    drop_files(one)
    return Done.FAILED if one.problem else Done.FINISHED


def _stored(one: Import) -> Import:
    """The import once it is written. Raises ChangedError when another worker was faster."""
    records().write(changed(one))
    return replace(one, rev=one.rev + 1)
