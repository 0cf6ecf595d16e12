"""Members of Autopilot, as calls name them and as they are told."""

from collections.abc import Sequence

from functions.api import outputs
from functions.api.outputs import Shape
from shared.domain.autopilot import Membership
from shared.domain.people import Person
from shared.domain.project import Project
from shared.domain.requests import SurveyRequest
from shared.store import people
from shared.store.records import load, load_many


def named(project: Project, person_id: str | None, address: str | None) -> Person | None:
    """The person of the project with this id, or else this address; None when there is none."""
    if person_id is None:
        return people.find(project.id, address)[1] if address else None
    person = load(Person, person_id)
    return person if person and person.project == project.id else None


def shapes(project: Project, listed: Sequence[Membership]) -> list[Shape]:
    """Memberships with their people and what waits to be sent to them; who was erased meanwhile is left out."""
    found = {person.id: person for person in load_many(Person, [one.id for one in listed])}
    names = [person.pending_request for person in found.values() if person.pending_request]
    waiting = {request.id: request for request in load_many(SurveyRequest, names)}
    return [
        outputs.membership(one, who, waiting.get(who.pending_request), project)
        for one in listed
        if (who := found.get(one.id))
    ]
