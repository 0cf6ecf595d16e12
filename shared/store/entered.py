"""Responses that a caller enters or corrects: kept as long as their person is there, with every earlier version."""

from collections.abc import Callable, Iterator
from typing import Any

from shared.domain.entered import Correction, corrected
from shared.domain.errors import BusyError, InvalidError, NotFoundError
from shared.domain.people import Person
from shared.domain.project import Project
from shared.domain.responses import Response
from shared.store import keys, people, projects
from shared.store.attributes import Item, unpack
from shared.store.idempotency import Keep
from shared.store.records import changed, created, load
from shared.store.responses import version
from shared.store.table import ChangedError, Check, Replace, Write, records

_ATTEMPTS = 10


def named(project: Project, name: str) -> Person:
    """The person whom a caller means, by id or address. Raises InvalidError naming `person` without one."""
    person = people.find(project.id, name)[1] if "@" in name else load(Person, name)
    if person is None or person.project != project.id:
        raise InvalidError({"person": ["is not a person of this project"]})
    return person


def enter(
    project: Project, response: Response, now: int, shape: Callable[[Response], dict[str, Any]], keep: Keep | None
) -> dict[str, Any]:
    """Keeps a new response; the answer in its shape, kept in the same write under an idempotency key.

    Raises InvalidError naming `person` when they were erased meanwhile.
    """
    projects.reach_back(project, response.created_at)
    for _ in range(_ATTEMPTS):
        if keep and (told := keep.recall(now)) is not None:
            return told
        answer = shape(response)
        try:
            records().write(
                _still_there(response.person), created(response), *(keep.writes(answer, now) if keep else [])
            )
        except ChangedError:
            named(project, response.person)
            continue
        return answer
    raise BusyError("this call is made all the time; try again")


def correct(project: Project, response_id: str, correction: Correction, now: int) -> Response:
    """Keeps a correction as the response's next version, and the one before it as history.

    A response that goes to another person stays where it is, under its id, and is found with its new person through a
    pointer. The same again writes nothing. Raises NotFoundError without such a response, ConflictError when its person
    was erased, and InvalidError naming `person` when the new one was.
    """
    for _ in range(_ATTEMPTS):
        before = load(Response, response_id)
        if before is None or before.project != project.id or not before.counts:
            raise NotFoundError("there is no such response")
        after = corrected(before, correction, now=now)
        if after == before:
            return before
        writes: list[Write] = [version(before), changed(after)]
        if after.person != before.person:
            writes += [_still_there(after.person), *_pointer(after)]
        try:
            records().write(*writes)
        except ChangedError:
            if after.person != before.person:
                named(project, after.person)
            continue
        return after
    raise BusyError("this response changes all the time; try again")


def items_of(person_id: str) -> Iterator[Item]:
    """All items of a person, with the responses that came to them from others and without those that went to others."""
    every = people.everything_of(person_id)
    gone = {item["id"] for item in every if item["kind"] == "response" and item["person"] != person_id}
    for item in every:
        # Of a response that went, the versions are theirs whose it was then.
        if item["kind"] in {"response", "edit"} and item["id"] in gone and item["person"] != person_id:
            continue
        if item["kind"] == "moved":
            yield from _moved(person_id, item["response"])
        yield item


def responses_of(project: str, person_id: str) -> list[Response]:
    """The responses of a person that count; none for somebody whom the project does not know."""
    items = items_of(person_id) if person_id else ()
    found = [unpack(Response, item) for item in items if item["kind"] == "response"]
    return [one for one in found if one.counts and one.project == project]


def _moved(person_id: str, response_id: str) -> Iterator[Item]:
    response = load(Response, response_id)
    asked = keys.asked(response_id)
    theirs = response is not None and response.person == person_id
    for item in records().query(asked.pk, prefix=asked.sk):
        # The request was its first person's, and goes with them. Of a response that has gone on to somebody else, the
        # versions of this person's time stay.
        if item["kind"] != "request" and (theirs or (item["kind"] == "edit" and item["person"] == person_id)):
            yield item


def _pointer(response: Response) -> list[Write]:
    if keys.person_id_of(response.id) == response.person:
        return []
    key = keys.moved(response.person, response.id)
    return [Replace({"pk": key.pk, "sk": key.sk, "kind": "moved", "response": response.id})]


def _still_there(person_id: str) -> Check:
    """An erasure at the same time must not leave an answer behind that nobody finds."""
    return Check(keys.person(person_id), "attribute_exists(pk)", {})
