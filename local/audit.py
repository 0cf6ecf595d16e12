"""`hearback audit`: the counters against a recount of everything that they count, and their repair."""

import time

from local import repair
from local.progress import say
from shared.domain.project import Project
from shared.store import audits, projects
from shared.store.audits import Audit

# The local stage's clock can be set forward.
AHEAD = 366 * 86_400
_PAUSE_SECONDS = 5


def run(project_id: str | None, *, mend: bool = False, rebuild: bool = False) -> int:
    """Audits one project, or all of them, and tells; returns 1 when a counter drifted and was not mended.

    With `mend` what drifted is repaired; with `rebuild` everything is counted again from nothing.
    """
    chosen = [projects.load(project_id)] if project_id else projects.all_projects()
    until = int(time.time()) + AHEAD
    left = False
    for project in chosen:
        found = audit(project, until) if rebuild else checked(project, until)
        _tell(project, found)
        if rebuild or (mend and found.drift):
            done = repair.rebuild(project, until) if rebuild else repair.repair(project, until)
            say(f"{project.id}: {done.moved} records counted again, {done.mended} counters mended")
            found = checked(project, until)
            _tell(project, found)
        left |= bool(found.drift)
    return 1 if left else 0


def checked(project: Project, until: int) -> Audit:
    """An audit; when it finds something, what a second one finds as well."""
    first = audit(project, until)
    if not first.drift:
        return first
    time.sleep(_PAUSE_SECONDS)
    return audits.lasting(first, audit(project, until))


def audit(project: Project, until: int) -> Audit:
    """Recounts a project from its responses and survey requests up to a time."""
    every = audits.everything(project, until)
    return audits.audit(project, audits.months(project, until), every, only_responses=False)


def _tell(project: Project, found: Audit) -> None:
    say(f"{project.id}: {found.records} records recounted, {len(found.drift)} counters drifted")
    for key, (counted, recounted) in sorted(found.drift.items()):
        say(f"  {key.month} {key.row} {key.name}: counted {counted}, recounted {recounted}")
