"""DELETE people: what identifies a person goes; that an answer was given, and its score, stays counted."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from shared.domain.cases import Case
from shared.domain.counting import Rules
from shared.domain.errors import BusyError
from shared.domain.monthly import month_of
from shared.domain.people import Person
from shared.domain.project import Project
from shared.domain.requests import ERASED, RequestState, SurveyRequest
from shared.domain.responses import Response
from shared.store import counting_rules, entered, keys, opt_ins, people, reports
from shared.store.attributes import unpack
from shared.store.keys import Key
from shared.store.records import changed, load
from shared.store.table import ChangedError, Delete, Write, records

_ATTEMPTS = 10


def erase(project: Project, person: Person, now: int) -> None:
    """Makes a person's responses anonymous, cancels what is pending, and forgets who they were.

    Reports of months in which they said something are built again, without their words, within the hour.

    What they asked for on the opt-in page goes first: a confirmation that comes now finds nothing.

    Their suppression survives under a hash of the address. Each step may be repeated: the person's own
    record goes last, so that a call cut off half way is finished by the next one.
    """
    opt_ins.withdraw(project.id, person.email)
    rules = counting_rules.load(project.id)
    months = _commented_in(rules, person.id)
    _rebuild_reports(project, months, now)
    _sweep(rules, person.id)
    # A report that was built meanwhile may still have quoted them.
    _rebuild_reports(project, months, now)
    _rewrite(partial(_forgotten, person.id))
    # What was written while the first sweep ran; without the person's record nothing new can follow.
    _sweep(rules, person.id)


def _commented_in(rules: Rules, person_id: str) -> set[str]:
    """The months in which they commented, in versions since replaced too; an erased response tells that it did."""
    return {
        month_of(item["created_at"], rules.project.zone).name
        for item in entered.items_of(person_id)
        if item["kind"] in {"response", "edit"} and item.get("commented")
    }


def _rebuild_reports(project: Project, months: set[str], now: int) -> None:
    for month in months & {item["sk"] for item in reports.all_of(project.id)}:
        reports.request(project.id, month, now, quiet=True)


def _sweep(rules: Rules, person_id: str) -> None:
    """Goes through all of a person's items, and leaves nothing in them that names or quotes anybody."""
    for item in entered.items_of(person_id):
        if item["kind"] == "follow_up" and item.get("case"):
            _rewrite(partial(_silent_case, item["case"]))
        elif item["kind"] in {"request", "response", "edit", "unsubscribe", "bounce", "idempotency", "moved"}:
            _rewrite(partial(_anonymous, rules, Key(item["pk"], item["sk"])))


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
        return [] if request.reason == ERASED else [changed(_anonymous_request(request))]
    response = unpack(Response, item)
    return [] if response.erased else [changed(_anonymous_response(response, rules))]


def _anonymous_response(response: Response, rules: Rules) -> Response:
    counted = rules.kept_properties(response)
    return replace(
        response,
        comment="",
        answers=(),
        tags=(),
        properties=counted,
        account_id="",
        locale="",
        timer_at=0,
        recent=(),
        erased=True,
    )


def _anonymous_request(request: SurveyRequest) -> SurveyRequest:
    state = {
        RequestState.SCHEDULED: RequestState.CANCELLED,
        RequestState.ACTIVE: RequestState.SUPPRESSED,
    }.get(request.state, request.state)
    return replace(request, state=state, reason=ERASED, timer_at=0, properties={}, locale="")


def _silent_case(case_id: str) -> Sequence[Write]:
    case = load(Case, case_id)
    if case is None:
        return []
    history = tuple(event if event.what in _FACTS else replace(event, text="") for event in case.history)
    silent = replace(case, history=history, root_cause=ERASED if case.root_cause else "")
    return [] if silent == case else [changed(silent)]


def _forgotten(person_id: str) -> Sequence[Write]:
    person = load(Person, person_id)
    if person is None:
        return []
    # A membership is made only while its person is there: one that went with them cannot come back.
    gone = [Delete(keys.membership(person_id)), Delete(keys.person(person_id), rev=person.rev)]
    return [people.release(person), *gone]


_FACTS = frozenset({"opened", "joined", "recovered", "relapsed"})
