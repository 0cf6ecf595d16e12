"""The calls by which a caller enters a response, or corrects one."""

from functions.api import inputs, outputs
from functions.api.calls import Answer, Call, Route, record_id
from shared.domain.entered import Correction, entered
from shared.domain.errors import InvalidError
from shared.inputs.history import EARLIEST
from shared.outside import ids, log
from shared.store import entered as store
from shared.store.api_keys import Scope
from shared.store.idempotency import Keep


def post_response(call: Call[inputs.ResponseInput]) -> Answer:
    """Keeps a response that was given elsewhere; no mail asks for it."""
    given, project, now = call.given, call.project, call.now
    keep = Keep.of(project.id, call.idempotency_key, given.model_dump(mode="json"))
    created_at = now if given.created_at is None else given.created_at
    if not EARLIEST <= created_at <= now:
        raise InvalidError({"created_at": ["must lie in the past, and not before the year 2000"]})
    person = store.named(project, given.person)
    response = entered(
        person,
        response_id=ids.new_request_id(person.id),
        score=given.score,
        comment=given.comment,
        properties=given.person_properties,
        created_at=created_at,
        now=now,
    )
    answer = store.enter(project, response, now, lambda one: outputs.response(one, call.base_url), keep)
    log.concern(person=person.id, request=answer["id"])
    return Answer(answer, status=201)


def put_response(call: Call[inputs.ResponseChange], response_id: str) -> Answer:
    """Keeps a correction of a response as its next version."""
    given = call.given
    if given.id not in {None, response_id}:
        raise InvalidError({"id": ["can't be changed"]})
    correction = Correction(
        score=given.score,
        comment=given.comment,
        person=store.named(call.project, given.person).id if given.person else None,
        properties=given.person_properties,
        tags=given.tags,
        created_at=given.created_at,
    )
    response = store.correct(call.project, record_id(response_id), correction, call.now)
    log.concern(person=response.person, request=response.id)
    return Answer(outputs.response(response, call.base_url))


ROUTES = (
    Route("POST", "survey_responses", Scope.SEND, inputs.ResponseInput, post_response),
    Route("PUT", "survey_responses/<response_id>", Scope.SEND, inputs.ResponseChange, put_response),
)
