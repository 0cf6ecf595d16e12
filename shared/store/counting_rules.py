"""By what a project's records are counted, read afresh: the project's settings and its trends, in one call."""

from shared.domain.counting import Rules
from shared.domain.errors import NotFoundError
from shared.store import keys, projects, trends
from shared.store.table import records


def load(project_id: str) -> Rules:
    """The rules as they are now. Raises NotFoundError when there is no such project.

    They are not remembered: a worker that counts by old rules must not do so for longer than it runs.
    """
    project, known = keys.project(project_id), keys.trends(project_id)
    found = records().get_many([project, known])
    if project not in found:
        raise NotFoundError(f"there is no project {project_id}")
    kept = trends.read(found.get(known))
    return Rules(projects.read(found[project]), kept.every, kept.version)
