"""Opt-ins: one an address, asked for on a page, confirmed by mail, and forgotten after a week either way."""

from dataclasses import dataclass, replace

from shared.domain import opt_ins
from shared.domain.errors import BusyError, NotFoundError
from shared.domain.mails import Mail
from shared.domain.opt_ins import HOUR, OptIn
from shared.domain.people import Person, Suppression
from shared.domain.project import Project
from shared.outside.ids import new_id
from shared.store import keys, memberships, people, suppression
from shared.store.attributes import Item
from shared.store.records import changed, created, load
from shared.store.table import ChangedError, Check, Delete, Put, Write, records

_ATTEMPTS = 10
_KEPT_SECONDS = 86_400
_TAKES_MAIL = "attribute_not_exists(bounced_at) AND attribute_not_exists(complained_at)"


@dataclass(frozen=True, slots=True)
class Addressee:
    """Who gets a confirmation mail. `barred` is why they get none; `still_takes_mail` holds as long as that is so."""

    opt_in: OptIn
    barred: Suppression | None
    still_takes_mail: Check


def has_room(project: Project, source: str, now: int) -> bool:
    """Counts one use of a project's opt-in page; False when its source, or the whole project, used it enough this hour.

    A use is counted whatever comes of it, so that being turned away says nothing about an address.
    """
    return _counted(project.id, source, opt_ins.ASKS_PER_SOURCE, now) and _counted(
        project.id, "", project.opt_in.hourly_limit, now
    )


def ask(project: Project, *, email: str, name: str, locale: str, now: int) -> Mail:
    """Keeps what was asked for and queues its confirmation mail; within the hour, the mail that there is already.

    It does the same for every address. Whether a mail goes out is decided by who sends it, so that neither the answer
    nor its time tells who is known, unsubscribed or suppressed.
    """
    for _ in range(_ATTEMPTS):
        key = keys.opt_in_of(project.id, email)
        held = records().get(key)
        known = _held(held)
        if known and not opt_ins.may_ask_again(known, now):
            return opt_ins.confirmation(known)
        fresh = OptIn(id=new_id(), project=project.id, created_at=now)
        one = opt_ins.asked(replace(known or fresh, email=email), name=name, locale=locale, now=now)
        mail = opt_ins.confirmation(one)
        writes: list[Write] = [changed(one) if known else created(one), created(mail)]
        if not known:
            rev = held["rev"] if held else 0
            claim = {"pk": key.pk, "sk": key.sk, "kind": "opt_in_claim", "opt_in": one.id, "rev": rev + 1}
            writes.append(Put(claim, rev=rev))
        try:
            records().write(*writes)
        except ChangedError:
            continue
        return mail
    raise BusyError("too many ask for this address at once; try again")


def of(project: str, email: str) -> OptIn | None:
    """What an address has asked for, if it is not forgotten yet."""
    return _held(records().get(keys.opt_in_of(project, email)))


def find(opt_in_id: str) -> OptIn:
    """An opt-in. Raises NotFoundError when there is none, or none any more."""
    found = load(OptIn, opt_in_id)
    if found is None:
        raise NotFoundError("there is no such opt-in")
    return found


def addressee(opt_in_id: str) -> Addressee:
    """Whom a confirmation mail goes to. Raises NotFoundError when nobody waits for it any more."""
    one = find(opt_in_id)
    if one.confirmed_at:
        raise NotFoundError("the opt-in is confirmed")
    claim, person = people.find(one.project, one.email)
    known = person or claim.seed(Person(id="", project=one.project, created_at=0))
    barred = replace(known, unsubscribed_at=0).suppression
    key = keys.person(person.id) if person else keys.address(one.project, one.email)
    return Addressee(one, barred, Check(key, _TAKES_MAIL, {}))


def confirm(opt_in: OptIn, project: Project, *, name: str, consent: str, now: int) -> Person:
    """Makes the address's owner a person, or the person they are one who has opted in, and a member of Autopilot.

    Repeating it changes nothing. `consent` is the version of the text that they agreed to. Raises NotFoundError when
    the opt-in was forgotten.
    """
    for _ in range(_ATTEMPTS):
        claim, known = people.find(opt_in.project, opt_in.email)
        if opt_in.confirmed_at:
            if known is None:
                raise NotFoundError("who came of this opt-in is no longer there")
            return known
        seeded = claim.seed(Person(id=new_id(), project=opt_in.project, created_at=now, email=opt_in.email))
        person = opt_ins.joined(known or seeded, opt_in, name=name, consent=consent, now=now)
        _, enrolment = memberships.enrolment(project, person, now)
        more: list[Write] = [changed(opt_ins.confirmed(opt_in, person, now)), *enrolment]
        if known and known.unsubscribed_at:
            more.append(suppression.unlisted(known.id))
        try:
            if known:
                people.change(person, *more)
            else:
                people.add(person, claim, *more)
        except ChangedError:
            opt_in = find(opt_in.id)
            continue
        return person
    raise BusyError("this person changes all the time; try again")


def forget(opt_in: OptIn) -> None:
    """Deletes an opt-in and the claim of its address. Raises ChangedError when it changed meanwhile."""
    claim = keys.opt_in_of(opt_in.project, opt_in.email)
    records().write(Delete(keys.opt_in(opt_in.id), rev=opt_in.rev), Delete(claim))


def withdraw(project: str, email: str) -> bool:
    """Deletes what an address has asked for; whether there was anything."""
    for _ in range(_ATTEMPTS):
        one = of(project, email)
        if one is None:
            return False
        try:
            forget(one)
        except ChangedError:
            continue
        return True
    raise BusyError("too many ask for this address at once; try again")


def _held(claim: Item | None) -> OptIn | None:
    return load(OptIn, claim["opt_in"]) if claim else None


def _counted(project: str, source: str, most: int, now: int) -> bool:
    key = keys.opt_in_count(project, now // HOUR, source)
    try:
        records().update(
            key,
            "ADD asks :one SET forget_at = :later",
            condition="attribute_not_exists(asks) OR asks < :most",
            values={":one": 1, ":most": most, ":later": now + _KEPT_SECONDS},
        )
    except ChangedError:
        return False
    return True
