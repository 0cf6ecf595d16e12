"""Rows of imports: what came of each, kept in the transaction that did it, so that a repeated row does nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from shared.domain.errors import BusyError
from shared.domain.imports import Import
from shared.domain.people import Person
from shared.domain.project import Project
from shared.domain.responses import Response
from shared.outside.ids import new_id
from shared.store import keys, people
from shared.store.attributes import Item
from shared.store.idempotency import Kept
from shared.store.keys import Key
from shared.store.records import created
from shared.store.table import ChangedError, Check, Put, Write, records

_ATTEMPTS = 10

Outcome = dict[str, Any]


def read_marks(one: Import, numbers: Iterable[int]) -> dict[int, Outcome]:
    """What came of those of an import's rows that have written something already."""
    wanted = {keys.imported_row(one.id, number): number for number in numbers}
    return {wanted[key]: dict(item["outcome"]) for key, item in records().get_many(list(wanted)).items()}


@dataclass(slots=True)
class Mark:
    """What came of one row. A row that changed nothing leaves none: it may be looked at again.

    `known` is what was read of it beforehand; once a write has failed, the table is asked.
    """

    one: Import
    number: int
    known: Outcome | None
    asked: bool = False

    @property
    def key(self) -> Key:
        """Where it stands."""
        return keys.imported_row(self.one.id, self.number)

    def recall(self, now: int) -> Outcome | None:  # noqa: ARG002  # marks last as long as their import
        """What came of the row, or None."""
        if self.asked:
            item = records().get(self.key)
            self.known = dict(item["outcome"]) if item else None
        self.asked = True
        return self.known

    def writes(self, answer: Outcome, now: int) -> list[Write]:  # noqa: ARG002
        """The write that keeps an outcome; none for a row that has changed nothing and asked for nothing."""
        if answer["status"] == "unchanged" and not answer.get("survey"):
            return []
        item: Item = {"pk": self.key.pk, "sk": self.key.sk, "kind": "import_row", "outcome": answer}
        return [Put(item | {"forget_at": self.one.forget_at, "rev": 1}, rev=0)]


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier response and who gave it, as a file tells of them; `name` is the same for the same answer."""

    name: str
    person: Person
    score: int
    comment: str
    created_at: int


def bring_in(project: Project, earlier: Earlier, mark: Kept | None, now: int) -> Outcome:
    """Keeps an earlier response with its date; a person who is not known yet is added, a known one stays as they are.

    Without a mark nothing is written. An answer that is known already changes nothing; one that says something else
    under the same name is refused.
    """
    for _ in range(_ATTEMPTS):
        if mark and (told := mark.recall(now)) is not None:
            return told
        claim, known = people.find(project.id, earlier.person.handle)
        person = known or claim.seed(earlier.person)
        response = _response(earlier, person, now)
        if known and (item := records().get(keys.response(response.id))):
            if (item["score"], item.get("comment", "")) == (earlier.score, earlier.comment) or item.get("erased"):
                return {"status": "unchanged"}
            return {"status": "failed", "reason": "id: was imported before, with another score or comment"}
        outcome = {"status": "created"}
        if mark is None:
            return outcome
        more = [created(response), *mark.writes(outcome, now)]
        try:
            if known is None:
                people.add(person, claim, *more)
            else:
                # An erasure at the same time must not leave an answer behind that nobody finds.
                records().write(Check(keys.person(person.id), "attribute_exists(pk)", {}), *more)
        except ChangedError:
            continue
        return outcome
    raise BusyError("this person changes all the time; the row comes again")


def newcomer(project: Project, email: str, now: int, *, answered_at: int, **known: Any) -> Person:
    """A person of whom an earlier response is the first that is known."""
    return Person(id=new_id(), project=project.id, created_at=now, email=email, last_responded_at=answered_at, **known)


def _response(earlier: Earlier, person: Person, now: int) -> Response:
    said = earlier.person
    return Response(
        id=f"{person.id}-{earlier.name}",
        project=person.project,
        person=person.id,
        score=earlier.score,
        created_at=earlier.created_at,
        updated_at=now,
        comment=earlier.comment,
        commented=bool(earlier.comment),
        locale=said.locale,
        account_id=said.properties.get("account_id", ""),
        properties=said.properties,
        history=True,
    )
