"""What blocks all later survey mail to a person: their own word, a bounce, a complaint."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from itertools import batched

from shared.domain.errors import BusyError
from shared.domain.people import Person, Suppression, normalise_address
from shared.domain.project import Project
from shared.domain.requests import RequestState, SurveyRequest, stopped
from shared.store import keys, people
from shared.store.attributes import Item
from shared.store.keys import Key
from shared.store.records import changed, load, load_many
from shared.store.table import ChangedError, Delete, Put, Write, records

_ATTEMPTS = 10
_PAGE = 100
_LISTS = {Suppression.UNSUBSCRIBED: "unsubscribe", Suppression.BOUNCED: "bounce"}


@dataclass(frozen=True, slots=True)
class Suppressed:
    """A person who gets no more survey mail, and since when."""

    person: Person
    at: int


def unsubscribe(person_id: str, now: int) -> Person | None:
    """Stops survey mail at the person's word; the person, or None when there is none. Repeating it changes nothing."""
    return _suppress(person_id, lambda p: replace(p, unsubscribed_at=p.unsubscribed_at or now))


def subscribe(person_id: str) -> Person | None:
    """Takes the person's own word back, and nothing else: a bounce or a complaint still holds.

    What was stopped stays stopped. Repeating it changes nothing.
    """
    for _ in range(_ATTEMPTS):
        person = load(Person, person_id)
        if person is None or not person.unsubscribed_at:
            return person
        free = replace(person, unsubscribed_at=0)
        try:
            records().write(changed(free), unlisted(person_id))
        except ChangedError:
            continue
        return free
    raise BusyError("this person changes all the time; try again")


def bounced(
    person_id: str, now: int, *, addresses: Collection[str] = (), also: Callable[[Person], list[Write]] = lambda _: []
) -> Person | None:
    """Stops survey mail to an address that does not take any; `also` is written with it, once.

    With `addresses`, nothing is written when none of them is the person's any more.
    """
    dead = {normalise_address(address) for address in addresses}

    def mark(person: Person) -> Person:
        if dead and normalise_address(person.email) not in dead:
            return person
        return replace(person, bounced_at=person.bounced_at or now)

    return _suppress(person_id, mark, also)


def complained(person_id: str, now: int) -> Person | None:
    """Stops survey mail to one who called it spam."""
    return _suppress(person_id, lambda p: replace(p, complained_at=p.complained_at or now))


def bar_address(project: str, address: str, now: int, *, complained: bool) -> Person | None:
    """Marks an address that takes no mail, or whose owner complained, for whoever may be added with it.

    When it is a person's already, nothing is written: the person is returned, to be suppressed themselves.
    """
    mark = "complained_at" if complained else "bounced_at"
    return _mark_claim(keys.address(project, address), lambda marks: {mark: now} | marks)


def wishes_of(address: Key) -> Person:
    """Whoever has an address, by its claim's key; or a nobody with what is still known of it."""
    claim, person = people.held(address)
    return person or claim.seed(Person(id="", project="", created_at=0))


def unsubscribe_address(address: Key, now: int) -> None:
    """Stops survey mail to the address of somebody who was erased: to whoever has it now, or may be added with it."""
    for _ in range(_ATTEMPTS):
        person = _mark_claim(address, lambda marks: {"unsubscribed_at": now} | marks)
        if person is None or unsubscribe(person.id, now):
            return
    raise BusyError("this address changes all the time; try again")


def subscribe_address(address: Key) -> None:
    """Takes that word back, and nothing else."""
    for _ in range(_ATTEMPTS):
        person = _mark_claim(address, lambda marks: {n: at for n, at in marks.items() if n != "unsubscribed_at"})
        if person is None or subscribe(person.id):
            return
    raise BusyError("this address changes all the time; try again")


def _mark_claim(address: Key, change: Callable[[Item], Item]) -> Person | None:
    """Changes what is known of an address that is nobody's; of one that is somebody's, that person and nothing else."""
    for _ in range(_ATTEMPTS):
        claim, person = people.held(address)
        known = claim.item or {}
        if person:
            return person
        marks = {name: at for name, at in known.items() if name in people.SURVIVING}
        if (after := change(marks)) == marks:
            return None
        key = {"pk": address.pk, "sk": address.sk, "kind": "address", "rev": claim.rev + 1}
        try:
            records().write(Put({**key, **after}, rev=claim.rev))
        except ChangedError:
            continue
        return None
    raise BusyError("this address changes all the time; it comes again")


def unlisted(person_id: str) -> Write:
    """The write that strikes a person off the list of those who unsubscribed; the change of the person goes with it."""
    return Delete(keys.suppression(person_id, Suppression.UNSUBSCRIBED.value))


def _suppress(
    person_id: str, mark: Callable[[Person], Person], also: Callable[[Person], list[Write]] = lambda _: []
) -> Person | None:
    """Marks the person and, in the same write, stops the request that waits to be sent."""
    for _ in range(_ATTEMPTS):
        person = load(Person, person_id)
        if person is None:
            return None
        marked = mark(person)
        if marked == person:
            return person
        reason = marked.suppression.value if marked.suppression else ""
        writes: list[Write] = [
            *_stop_pending(person, reason),
            changed(replace(marked, next_survey_scheduled_at=0)),
            *_listed(person, marked),
            *also(marked),
        ]
        try:
            records().write(*writes)
        except ChangedError:
            continue
        return marked
    raise BusyError("this person changes all the time; try again")


def suppressed(project: Project, reason: Suppression, *, since: int, until: int) -> Iterator[Suppressed]:
    """Who is suppressed for a reason, by the time of it, oldest first."""
    kind = _LISTS[reason]
    for month in keys.months(since, until) if since <= until else ():
        rows = records().query(
            keys.list_partition(kind, project.id, month),
            index=keys.BY_PROJECT,
            attribute_names=("list_pk", "list_sk"),
            low=keys.moment(since),
            high=keys.moment(until, "~"),
        )
        for group in batched(rows, _PAGE, strict=False):
            people = {person.id: person for person in load_many(Person, [row["person"] for row in group])}
            yield from (Suppressed(people[row["person"]], row["at"]) for row in group if row["person"] in people)


def _listed(before: Person, after: Person) -> list[Write]:
    return [
        Put(_entry(after, reason, at), rev=0)
        for reason, at in ((Suppression.UNSUBSCRIBED, after.unsubscribed_at), (Suppression.BOUNCED, after.bounced_at))
        if at and not _at(before, reason)
    ]


def _at(person: Person, reason: Suppression) -> int:
    return person.unsubscribed_at if reason is Suppression.UNSUBSCRIBED else person.bounced_at


def _entry(person: Person, reason: Suppression, at: int) -> Item:
    key, kind = keys.suppression(person.id, reason.value), _LISTS[reason]
    listed = keys.listed(kind, person.project, person.id, at)
    return {"pk": key.pk, "sk": key.sk, "kind": kind, "person": person.id, "at": at, "rev": 1, **listed}


def _stop_pending(person: Person, reason: str) -> list[Write]:
    item = people.asked(person.pending_request).get("request") if person.pending_request else None
    request = people.read_request(item) if item else None
    if request is None or request.state not in {RequestState.SCHEDULED, RequestState.ACTIVE}:
        return []
    return [changed(_stopped(request, reason))]


def _stopped(request: SurveyRequest, reason: str) -> SurveyRequest:
    return stopped(request, RequestState.SUPPRESSED, reason)
