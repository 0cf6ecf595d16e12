"""Memberships of Autopilot: made, changed and ended; and their turns taken, each in one write."""

from collections.abc import Mapping

from shared.domain import autopilot
from shared.domain.autopilot import Membership, Turn
from shared.domain.errors import BusyError, NotFoundError
from shared.domain.people import Person
from shared.domain.project import Project
from shared.outside.ids import new_request_id
from shared.store import keys, projects
from shared.store.records import changed, created, load
from shared.store.table import ChangedError, Check, Delete, Write, records

_ATTEMPTS = 10


def enrolment(
    project: Project, person: Person, now: int, properties: Mapping[str, str | None] | None = None
) -> tuple[Membership, list[Write]]:
    """The membership that a person comes to have, and the writes that make it, for a transaction that writes them too.

    Who is a member already keeps their turn; properties merge, and None removes one. Nothing new is no write.
    Raises InvalidError when there would be too many properties.
    """
    known = load(Membership, person.id)
    member = autopilot.enrolled(known, project, person.id, properties or {}, now=now)
    if known is None:
        return member, [created(member)]
    return member, [] if member == known else [changed(member)]


def enrol(project: Project, person: Person, now: int, properties: Mapping[str, str | None] | None = None) -> Membership:
    """Makes a known person a member; repeating it changes nothing. Raises NotFoundError when they were erased."""
    there = Check(keys.person(person.id), "attribute_exists(pk)", {})
    for _ in range(_ATTEMPTS):
        member, writes = enrolment(project, person, now, properties)
        if not writes:
            return member
        try:
            records().write(*writes, there)
        except ChangedError:
            if load(Person, person.id) is None:
                raise NotFoundError("there is no such person") from None
            continue
        return member
    raise BusyError("too many calls for this person at once; try again")


def end(person_id: str) -> None:
    """Ends a membership; the person and what was asked of them stay. Raises NotFoundError when there is none."""
    if load(Membership, person_id) is None:
        raise NotFoundError("this person is not in Autopilot")
    # In no special revision: a turn that is being taken fails by the missing one, or has made its request before.
    records().write(Delete(keys.membership(person_id)))


def take_turn(person_id: str, now: int) -> Turn | None:
    """Takes a member's turn, when it has come: survey request, throttle and next turn in one write.

    None when there is nothing to do, or somebody else changed the member or the person meanwhile; then the turn
    comes again.
    """
    member, person = load(Membership, person_id), load(Person, person_id)
    if member is None or person is None or member.timer_at > now:
        return None
    project = projects.load(member.project)
    turn = autopilot.take_turn(member, person, project, request_id=new_request_id(person_id), now=now)
    writes: list[Write] = [changed(turn.membership)]
    if turn.request:
        writes += [changed(turn.person), created(turn.request)]
    try:
        records().write(*writes)
    except ChangedError:
        return None
    return turn
