"""The calls about people: asked, listed, erased, and what waits for them cancelled."""

from urllib.parse import unquote

from functions.api import batch, inputs, outputs
from functions.api.calls import Answer, Call, Route, record_id
from functions.api.pages import page_of
from shared.domain.errors import ConflictError, NotFoundError
from shared.domain.people import Person
from shared.domain.project import Project
from shared.inputs.person import PersonInput
from shared.outside import log
from shared.store import erasures, lists, opt_ins, people, send_calls
from shared.store.api_keys import Scope
from shared.store.idempotency import Keep
from shared.store.records import load


def post_person(call: Call[PersonInput]) -> Answer:
    """Keeps a person and asks for a survey, when `send` is not false and the rules allow."""
    keep = Keep.of(call.project.id, call.idempotency_key, call.given.model_dump(mode="json"))
    answer = send_calls.send(call.project, call.given.call(call.project, call.now), call.now, outputs.sent, keep)
    log.concern(person=answer["id"] or "", request=answer["survey_request"]["id"] or "")
    return Answer(answer, status=201)


def post_batch(call: Call[inputs.BatchInput]) -> Answer:
    """Up to 1,000 rows of POST people; a result for each, in order. One bad row harms no other."""
    return Answer(
        {"results": batch.send_all(call.project, call.given.people, call.now, call.idempotency_key)}, status=207
    )


def list_people(call: Call[inputs.PeopleQuery]) -> Answer:
    """People by the time they were added; the next page is in the Link header."""
    query, project = call.given, call.project
    if query.email:
        _, found = people.find(project.id, query.email)
        return Answer([outputs.person(found)] if found else [])
    if query.phone_number:
        return Answer([outputs.person(one) for one in _with_number(project, query.phone_number, call.now)])
    page, headers = page_of(call, "people", Person, "person")
    return Answer([outputs.person(one) for one in page], headers=headers)


def delete_person(call: Call[inputs.NoQuery], person: str) -> Answer:
    """Erases a person named by id, `email:…` or `phone_number:…`, and whoever did not confirm an opt-in yet."""
    name = unquote(person)
    kind, _, value = name.partition(":")
    withdrawn = kind == "email" and opt_ins.withdraw(call.project.id, value)
    try:
        found = _person_named(call.project, name, call.now)
    except NotFoundError:
        begun = erasures.under_way(call.project.id, name)
        if begun:
            log.concern(person=begun.id)
            erasures.finish(begun.id, call.now)
        elif not withdrawn:
            raise
        return Answer({"ok": True}, status=202)
    log.concern(person=found.id)
    erasures.erase(found, call.now)
    return Answer({"ok": True}, status=202)


def delete_pending(call: Call[inputs.NoQuery], email: str) -> Answer:
    """Cancels the survey that is not sent yet."""
    send_calls.cancel_pending(call.project, unquote(email), call.now)
    return Answer({"ok": True})


ROUTES = (
    Route("POST", "people/batch", Scope.SEND, inputs.BatchInput, post_batch),
    Route("POST", "people", Scope.SEND, PersonInput, post_person),
    Route("GET", "people", Scope.READ, inputs.PeopleQuery, list_people),
    Route("DELETE", "people/<person>", Scope.ADMIN, inputs.NoQuery, delete_person),
    Route("DELETE", "people/<email>/survey_requests/pending", Scope.SEND, inputs.NoQuery, delete_pending),
)


def _person_named(project: Project, name: str, now: int) -> Person:
    kind, colon, value = name.partition(":")
    person: Person | None
    if not colon:
        person = load(Person, record_id(name))
    elif kind == "email":
        _, person = people.find(project.id, value)
    elif kind == "phone_number":
        person = _only(_with_number(project, value, now) if value else [])
    else:
        raise NotFoundError("name a person by id, email:… or phone_number:…")
    if person is None or person.project != project.id:
        raise NotFoundError("there is no such person")
    return person


def _with_number(project: Project, number: str, now: int) -> list[Person]:
    every = lists.by_time(Person, "person", project.id, since=project.created_at, until=now)
    return [one for one in every if one.phone_number == number]


def _only(people: list[Person]) -> Person | None:
    """The one person, or None. Raises ConflictError for several: nobody is to be erased by a shared number."""
    if len(people) > 1:
        raise ConflictError("several people have this telephone number; name one by id or email")
    return people[0] if people else None
