"""Projects: kept as the table they were made from, read through a short cache."""

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from shared.domain.errors import BusyError, NotFoundError
from shared.domain.project import Project
from shared.domain.project_settings import parse_project
from shared.store import keys
from shared.store.attributes import Item
from shared.store.table import ChangedError, Put, Replace, Write, records

_SECONDS_KEPT = 30.0
_ATTEMPTS = 10
_cache: dict[str, tuple[float, Project]] = {}


def save(settings: Mapping[str, Any], *, now: int) -> Project:
    """Makes a project of its settings, or changes the one of that id.

    Raises InvalidError naming the fields that are wrong; then nothing is written.
    """
    project = parse_project(settings)
    key = keys.project(project.id)
    known = records().get(key)
    created_at = known["created_at"] if known else now
    rev = known["rev"] if known else 0
    text = json.dumps(settings, default=str, ensure_ascii=False, sort_keys=True)
    item = {"pk": key.pk, "sk": key.sk, "kind": "project", "settings": text, "rev": rev + 1}
    item |= {"created_at": created_at, "updated_at": now}
    history = {"history_at": known["history_at"]} if known and "history_at" in known else {}
    item |= history
    records().write(Put(item, rev=rev), *_consent(project), *(_recount(read(known), project, now) if known else []))
    _cache.pop(project.id, None)
    return replace(project, created_at=created_at, updated_at=now, **history)


def reach_back(project: Project, at: int) -> None:
    """Notes that there are responses from so early on; lists and figures begin there."""
    if at >= project.since:
        return
    key = keys.project(project.id)
    for _ in range(_ATTEMPTS):
        item = records().get(key)
        if item is None or min(item["created_at"], item.get("history_at", item["created_at"])) <= at:
            break
        try:
            records().write(Put(item | {"history_at": at, "rev": item["rev"] + 1}, rev=item["rev"]))
        except ChangedError:
            continue
        break
    else:
        raise BusyError("this project changes all the time; try again")
    _cache.pop(project.id, None)


def _consent(project: Project) -> list[Write]:
    """Keeps the texts that people agree to, by their versions, for whoever has to show what somebody agreed to."""
    found = [(keys.consent(project.id, version), text) for version, text in project.opt_in.versions().items()]
    return [Replace({"pk": key.pk, "sk": key.sk, "kind": "consent", "text": text}) for key, text in found]


def _counts_by(project: Project) -> tuple[Any, ...]:
    """What decides how a response is counted; the locale is that of comments without one."""
    return project.dimensions, project.themes, project.time_zone, project.locale


def _recount(before: Project, after: Project, now: int) -> list[Write]:
    """What has everything counted again when other days, segments or themes are counted than before."""
    if _counts_by(before) == _counts_by(after):
        return []
    # Loaded only here: what reads projects is often a page that people wait for.
    from shared.store import recounts, trends  # noqa: PLC0415

    return trends.counted_anew(after.id, [recounts.RESPONSES, recounts.HELD, recounts.REQUESTS], now)


def load(project_id: str, *, anew: bool = False) -> Project:
    """A project, as it was at most 30 seconds ago, or as it is now. Raises NotFoundError when there is none."""
    kept = None if anew else _cache.get(project_id)
    if kept and time.monotonic() - kept[0] < _SECONDS_KEPT:
        return kept[1]
    item = records().get(keys.project(project_id))
    if item is None:
        raise NotFoundError(f"there is no project {project_id}")
    project = read(item)
    _cache[project_id] = (time.monotonic(), project)
    return project


def all_projects() -> list[Project]:
    """Every project of this installation."""
    return [read(item) for item in records().query(keys.project("").pk)]


def read(item: Item) -> Project:
    """The project that a record holds."""
    created_at: int = item["created_at"]
    project = parse_project(json.loads(item["settings"]))
    updated_at, history_at = item.get("updated_at", created_at), item.get("history_at", 0)
    return replace(project, created_at=created_at, updated_at=updated_at, history_at=history_at)
