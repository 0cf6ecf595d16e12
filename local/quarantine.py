"""Quarantined choices: scores that were picked, not sent, and look like a machine's."""

import time
from datetime import UTC, datetime

from local.problems import CommandError
from local.progress import say
from shared.domain.errors import ConflictError, NotFoundError
from shared.outside import clock
from shared.store import projects, responses

# The local stage's clock can be set forward.
_AHEAD = 366 * 86_400


def show(project_id: str) -> int:
    """Lists a project's quarantined choices with their reasons, oldest first; no name, no address.

    Raises CommandError when there is no such project.
    """
    try:
        project = projects.load(project_id)
    except NotFoundError:
        raise CommandError(f"there is no project {project_id}") from None
    found = list(responses.quarantined(project, until=int(time.time()) + _AHEAD))
    for one in found:
        at = datetime.fromtimestamp(one.updated_at, UTC)
        say(f"{one.id}  {at:%Y-%m-%d %H:%M:%S}  score {one.score}  {one.quarantine}")
    say(f"{len(found)} quarantined; `hearback quarantine release ID` lets one count")
    return 0


def release(response_id: str) -> int:
    """Lets a quarantined choice count from now on.

    Raises CommandError when there is none of this id, or it is not quarantined.
    """
    try:
        released = responses.release(response_id, clock.now())
    except NotFoundError:
        raise CommandError(f"there is no response {response_id}") from None
    except ConflictError:
        raise CommandError(f"response {response_id} is not quarantined") from None
    say(f"released: a score of {released.score} counts from now on")
    return 0
