"""Erasures: what identifies a person goes; that an answer was given, and its score, stays counted.

An erasure is a record of its own from before the first word goes until after the last. Every step may be repeated, so
whoever dies on the way is followed by the next call for the same person, or by the minute's run.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial

from shared.domain import erasure as rules_of_erasure
from shared.domain.cases import Case
from shared.domain.counting import Rules
from shared.domain.erasure import Erasure
from shared.domain.errors import BusyError
from shared.domain.monthly import month_of
from shared.domain.people import Person
from shared.domain.requests import ERASED, SurveyRequest
from shared.domain.responses import Response
from shared.store import counting_rules, entered, keys, opt_ins, people, reports
from shared.store.attributes import Item, unpack
from shared.store.keys import Key
from shared.store.records import changed, created, load
from shared.store.table import ChangedError, Delete, Write, records

_ATTEMPTS = 10
_THEIRS = frozenset({"request", "response", "edit", "unsubscribe", "bounce", "idempotency", "moved"})


def erase(person: Person, now: int) -> None:
    """Makes a person's responses anonymous, cancels what is pending, and forgets who they were.

    Reports of months in which they said something are built again, without their words, within the hour.

    What they asked for on the opt-in page goes first: a confirmation that comes now finds nothing.

    Their suppression survives under a hash of the address. A call that is cut off is finished by the next one, or by
    itself within minutes.
    """
    if person.email:
        opt_ins.withdraw(person.project, person.email)
    _go_on(load(Erasure, person.id) or rules_of_erasure.begun(person, now), now)


def under_way(project: str, name: str) -> Erasure | None:
    """The erasure of somebody who is no longer found by a name (`<id>`, `email:…`, `phone_number:…`), or None."""
    wanted = rules_of_erasure.name_of(project, name)
    every = (unpack(Erasure, item) for item in records().query(keys.erasure("").pk))
    return next((one for one in every if one.project == project and wanted in one.names), None)


def finish(person_id: str, now: int) -> bool:
    """Ends an erasure that was begun; False when there is none any more."""
    one = load(Erasure, person_id)
    if one is None:
        return False
    _go_on(one, now)
    return True


def _go_on(one: Erasure, now: int) -> None:
    """All steps from the first: those that were taken find nothing to do."""
    for _ in range(_ATTEMPTS):
        try:
            rules = counting_rules.load(one.project)
            one = _sweep(one, rules)
            _rewrite(partial(_forgotten, one.id))
            # What was written while the first sweep ran; without the person's record nothing new can follow.
            one = _sweep(one, rules)
            # Last, so that nothing that begins to be built later can quote them.
            _rebuild_reports(one, now)
            records().write(Delete(keys.erasure(one.id), rev=one.rev))
        except ChangedError:
            # Another worker is at it. Whoever ends it has done everything after the last change of the record.
            known = load(Erasure, one.id)
            if known is None:
                return
            one = known
            continue
        return
    raise BusyError("this person changes all the time; try again")


def _sweep(one: Erasure, rules: Rules) -> Erasure:
    """Goes through all of a person's items, and leaves nothing in them that names or quotes anybody.

    In which months they were quoted is written down before their words go.
    """
    items = list(entered.items_of(one.id))
    one = _noted(one, _commented_in(items, rules))
    for item in items:
        if item["kind"] == "follow_up" and item.get("case"):
            _rewrite(partial(_silent_case, item["case"]))
        elif item["kind"] in _THEIRS:
            _rewrite(partial(_anonymous, rules, Key(item["pk"], item["sk"])))
    return one


def _commented_in(items: Sequence[Item], rules: Rules) -> set[str]:
    """The months in which they commented, in versions since replaced too; an erased response tells that it did."""
    return {
        month_of(item["created_at"], rules.project.zone).name
        for item in items
        if item["kind"] in {"response", "edit"} and item.get("commented")
    }


def _noted(one: Erasure, months: Iterable[str]) -> Erasure:
    after = rules_of_erasure.quoted_in(one, months)
    if one.rev and after == one:
        return one
    records().write(changed(after) if one.rev else created(after))
    return replace(after, rev=one.rev + 1)


def _rebuild_reports(one: Erasure, now: int) -> None:
    known = {item["sk"] for item in reports.all_of(one.project)} if one.months else set[str]()
    for month in known.intersection(one.months):
        reports.request(one.project, month, now, quiet=True)


def _rewrite(decide: Callable[[], Sequence[Write]]) -> None:
    """Writes what is decided on the newest state, deciding again when somebody else was faster."""
    for _ in range(_ATTEMPTS):
        writes = decide()
        if not writes:
            return
        try:
            records().write(*writes)
        except ChangedError:
            continue
        return
    raise BusyError("this person changes all the time; try again")


def _anonymous(rules: Rules, key: Key) -> Sequence[Write]:
    item = records().get(key)
    if item is None:
        return []
    if item["kind"] not in {"request", "response"}:
        return [Delete(key)]
    if item["kind"] == "request":
        request = unpack(SurveyRequest, item)
        return [] if request.reason == ERASED else [changed(rules_of_erasure.anonymous_request(request))]
    response = unpack(Response, item)
    return [] if response.erased else [changed(rules_of_erasure.anonymous_response(response, rules))]


def _silent_case(case_id: str) -> Sequence[Write]:
    case = load(Case, case_id)
    if case is None:
        return []
    silent = rules_of_erasure.silent_case(case)
    return [] if silent == case else [changed(silent)]


def _forgotten(person_id: str) -> Sequence[Write]:
    person = load(Person, person_id)
    if person is None:
        return []
    # A membership is made only while its person is there: one that went with them cannot come back.
    gone = [Delete(keys.membership(person_id)), Delete(keys.person(person_id), rev=person.rev)]
    return [people.release(person), *gone]
