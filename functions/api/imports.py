"""Imports: asked for here, uploaded to S3, worked through by the transfer function."""

from typing import Any

from functions.api.inputs import ImportInput
from shared.domain.errors import NotFoundError
from shared.domain.imports import Import, ImportKind, ImportState, asked
from shared.domain.project import Project
from shared.outside.ids import new_id
from shared.store import import_files
from shared.store.records import created, load
from shared.store.table import records


def ask(project: Project, given: ImportInput, now: int) -> Import:
    """A new import, which begins as soon as its file is uploaded."""
    kind = ImportKind(given.kind)
    one = asked(new_id(), project.id, kind, given.columns, send=given.send, dry_run=given.dry_run, now=now)
    records().write(created(one))
    return one


def find(project: Project, import_id: str) -> Import:
    """An import of a project. Raises NotFoundError when there is none, or it is forgotten."""
    one = load(Import, import_id)
    if one is None or one.project != project.id:
        raise NotFoundError("there is no such import")
    return one


def shape(one: Import, *, may_upload: bool) -> dict[str, Any]:
    """An import as callers see it. Its links are made for this answer and good for an hour.

    Whoever has `upload_url` may have anything imported: only a caller who `may_upload` is told it. `result_url` leads
    to the addresses of the file's rows, which every key that may read an import may read of people as well.
    """
    return {
        "id": one.id,
        "kind": one.kind.value,
        "state": one.state.value,
        "send": one.send,
        "dry_run": one.dry_run,
        "created_at": one.created_at,
        "started_at": one.started_at or None,
        "ended_at": one.ended_at or None,
        "bytes": one.size or None,
        "bytes_done": one.size if one.state is ImportState.DONE else one.offset,
        "rows_done": one.rows,
        "counts": dict(one.counts),
        "problem": one.problem or None,
        "upload_url": import_files.upload_url(one) if may_upload and one.state is ImportState.WAITING else None,
        "result_url": import_files.result_url(one) if one.ended else None,
    }
