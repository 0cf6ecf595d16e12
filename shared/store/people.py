"""People: found by address or id, written together with the survey request that a call makes."""

from dataclasses import replace
from typing import Any

from shared.domain.errors import BusyError
from shared.domain.people import Person, Suppression
from shared.domain.requests import SurveyRequest
from shared.store import keys
from shared.store.attributes import Item, pack, unpack
from shared.store.keys import Key
from shared.store.records import changed, created, load
from shared.store.table import ChangedError, Delete, Put, Write, records

_ATTEMPTS = 10


class Claim:
    """What is known of an address: whose it is, or what survived of a person who was erased."""

    def __init__(self, item: Item | None) -> None:
        """The claim in an item, or an empty one for an address never seen."""
        self.item = item
        self.person_id: str = (item or {}).get("person", "")
        self.rev: int = (item or {}).get("rev", 0)

    def seed(self, person: Person) -> Person:
        """A new person with the suppression that outlived an erased one of the same address."""
        kept: dict[str, Any] = {name: self.item[name] for name in SURVIVING if self.item and name in self.item}
        return replace(person, **kept)


SURVIVING = ("unsubscribed_at", "bounced_at", "complained_at")
"""What is kept of an address when its person is erased."""


def find(project: str, address: str) -> tuple[Claim, Person | None]:
    """The claim of an address and the person who holds it."""
    return held(keys.address(project, address))


def held(address: Key) -> tuple[Claim, Person | None]:
    """An address's claim, by its key, and the person who holds it."""
    claim = Claim(records().get(address))
    return claim, load(Person, claim.person_id) if claim.person_id else None


def add(person: Person, claim: Claim, *more: Write) -> None:
    """Writes a new person with their address's claim. Raises ChangedError when somebody else was first."""
    records().write(_claim(person, claim), created(person), *more)


def change(person: Person, *more: Write) -> None:
    """Writes a changed person. Raises ChangedError when they changed meanwhile."""
    records().write(changed(person), *more)


def release(person: Person) -> Put:
    """The write by which an erased person's address keeps nothing but its suppression, under a hash."""
    key = keys.address(person.project, person.handle)
    item = records().get(key) or {}
    kept = {name: value for name, value in pack(person).items() if name in SURVIVING}
    rev = item.get("rev", 0)
    return Put({"pk": key.pk, "sk": key.sk, "kind": "address", "rev": rev + 1, **kept}, rev=rev)


def readdressed(person: Person, address: str, claim: Claim, target: Claim) -> tuple[Person, list[Write]]:
    """A person under another address, and the writes that release the claim of the old one and take the new one's.

    A bounce belongs to an address: the old one keeps it, the new one brings its own. What a person said holds for both.
    """
    marks = target.seed(Person(id=person.id, project=person.project, created_at=person.created_at))
    moved = replace(
        person,
        email=address,
        bounced_at=marks.bounced_at,
        unsubscribed_at=person.unsubscribed_at or marks.unsubscribed_at,
        complained_at=person.complained_at or marks.complained_at,
    )
    old = keys.address(person.project, person.handle)
    left = {"bounced_at": person.bounced_at} if person.bounced_at else {}
    writes: list[Write] = [
        Put({"pk": old.pk, "sk": old.sk, "kind": "address", "rev": claim.rev + 1, **left}, rev=claim.rev),
        _claim(moved, target),
    ]
    if person.bounced_at and not moved.bounced_at:
        writes.append(Delete(keys.suppression(person.id, Suppression.BOUNCED.value)))
    return moved, writes


def everything_of(person_id: str) -> list[Item]:
    """All items of a person: themselves, their requests, responses, edits and what was done about them."""
    return list(records().query(keys.person(person_id).pk))


def asked(request_id: str) -> dict[str, Item]:
    """A request and what belongs to it, by kind: `request`, and once there is one `response` and `follow_up`.

    Earlier versions of the response are not among them.
    """
    key = keys.asked(request_id)
    found = records().query(key.pk, prefix=key.sk)
    return {item["kind"]: item for item in found if item["kind"] != "edit"}


def read_request(item: Item) -> SurveyRequest:
    """The survey request in an item."""
    return unpack(SurveyRequest, item)


def _claim(person: Person, claim: Claim) -> Put:
    key = keys.address(person.project, person.handle)
    item = {"pk": key.pk, "sk": key.sk, "kind": "address", "person": person.id, "rev": claim.rev + 1}
    return Put(item, rev=claim.rev)


def note_answer(person_id: str, at: int) -> None:
    """Notes on the person when they last answered; an older answer and an erased person change nothing."""
    for _ in range(_ATTEMPTS):
        person = load(Person, person_id)
        if person is None or person.last_responded_at >= at:
            return
        try:
            records().write(changed(replace(person, last_responded_at=at)))
        except ChangedError:
            continue
        return
    raise BusyError("this person changes all the time; the batch comes again")
