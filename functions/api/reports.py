"""Reports: asked for here, built by the report function."""

import json

from shared.domain.project import Project
from shared.outside import clients
from shared.outside.settings import setting
from shared.store import reports
from shared.store.attributes import Item


def all_of(project: Project) -> list[Item]:
    """The reports of a project, newest month first."""
    return reports.all_of(project.id)


def request(project: Project, month: str, now: int) -> Item:
    """Notes that a report is wanted and starts its building.

    Should the start fail, the hourly run finds the note and builds.
    """
    item = reports.request(project.id, month, now)
    clients.functions().invoke(
        FunctionName=setting("REPORT_FUNCTION"),
        InvocationType="Event",
        Payload=json.dumps({"project": project.id, "month": month}).encode(),
    )
    return item
