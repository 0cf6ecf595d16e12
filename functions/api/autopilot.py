"""Autopilot: how often surveys repeat, and for whom."""

from collections.abc import Sequence

from functions.api import inputs, outputs
from functions.api.calls import Answer, Call, Route
from functions.api.outputs import Shape
from functions.api.pages import page_of
from shared.domain.autopilot import Membership
from shared.domain.errors import InvalidError, NotFoundError
from shared.domain.people import Person
from shared.domain.project import Project
from shared.domain.requests import SurveyRequest
from shared.outside import log
from shared.store import memberships, people
from shared.store.api_keys import Scope
from shared.store.records import load, load_many


def get_autopilot(call: Call[inputs.NoQuery]) -> Answer:
    """Whether relationship surveys repeat, and how often."""
    return Answer(outputs.autopilot(call.project))


def list_memberships(call: Call[inputs.MembershipsQuery]) -> Answer:
    """Who is in Autopilot, by the time they were enrolled; the next page is in the Link header."""
    query = call.given
    if query.person_id is None and query.person_email is None:
        page, headers = page_of(call, "autopilot/email/memberships", Membership, "membership")
        return Answer(_shapes(call.project, page), headers=headers)
    who = _named(call.project, query.person_id, query.person_email)
    found = load(Membership, who.id) if who else None
    return Answer(_shapes(call.project, [found] if found else []))


def post_membership(call: Call[inputs.MemberInput]) -> Answer:
    """Has a person asked again and again; who is a member already keeps their turn."""
    query = call.given
    who = _named(call.project, query.person_id, query.person_email)
    if who is None:
        named = "person_id" if query.person_id is not None else "person_email"
        raise InvalidError({named: ["is not a person of this project"]})
    log.concern(person=who.id)
    made = memberships.enrol(call.project, who, call.now, query.properties)
    return Answer(_shapes(call.project, [made])[0], status=201)


def delete_membership(call: Call[inputs.MemberQuery]) -> Answer:
    """Ends a membership; a survey that waits to be sent is sent all the same."""
    who = _named(call.project, call.given.person_id, call.given.person_email)
    if who is None:
        raise NotFoundError("there is no such person")
    log.concern(person=who.id)
    memberships.end(who.id)
    return Answer({"person": outputs.person(who)}, status=202)


ROUTES = (
    Route("GET", "autopilot/email", Scope.READ, inputs.NoQuery, get_autopilot),
    Route("GET", "autopilot/email/memberships", Scope.READ, inputs.MembershipsQuery, list_memberships),
    Route("POST", "autopilot/email/memberships", Scope.SEND, inputs.MemberInput, post_membership),
    Route("DELETE", "autopilot/email/memberships", Scope.SEND, inputs.MemberQuery, delete_membership),
)


def _named(project: Project, person_id: str | None, address: str | None) -> Person | None:
    """The person of the project with this id, or else this address; None when there is none."""
    if person_id is None:
        return people.find(project.id, address)[1] if address else None
    person = load(Person, person_id)
    return person if person and person.project == project.id else None


def _shapes(project: Project, listed: Sequence[Membership]) -> list[Shape]:
    """Memberships with their people and what waits to be sent to them; who was erased meanwhile is left out."""
    found = {person.id: person for person in load_many(Person, [one.id for one in listed])}
    names = [person.pending_request for person in found.values() if person.pending_request]
    waiting = {request.id: request for request in load_many(SurveyRequest, names)}
    return [
        outputs.membership(one, who, waiting.get(who.pending_request), project)
        for one in listed
        if (who := found.get(one.id))
    ]
