"""What blocks all later survey mail to a person: their own word, a bounce, a complaint."""

from collections.abc import Callable
from dataclasses import replace

from shared.domain.errors import BusyError
from shared.domain.people import Person
from shared.domain.requests import RequestState, SurveyRequest, stopped
from shared.store import people
from shared.store.records import changed, load
from shared.store.table import ChangedError, Write, records

_ATTEMPTS = 10


def unsubscribe(person_id: str, now: int) -> Person | None:
    """Stops survey mail at the person's word; the person, or None when there is none. Repeating it changes nothing."""
    return _suppress(person_id, lambda p: replace(p, unsubscribed_at=p.unsubscribed_at or now))


def bounced(person_id: str, now: int) -> Person | None:
    """Stops survey mail to an address that does not take any."""
    return _suppress(person_id, lambda p: replace(p, bounced_at=p.bounced_at or now))


def complained(person_id: str, now: int) -> Person | None:
    """Stops survey mail to one who called it spam."""
    return _suppress(person_id, lambda p: replace(p, complained_at=p.complained_at or now))


def _suppress(person_id: str, mark: Callable[[Person], Person]) -> Person | None:
    """Marks the person and, in the same write, stops the request that waits to be sent."""
    for _ in range(_ATTEMPTS):
        person = load(Person, person_id)
        if person is None:
            return None
        marked = mark(person)
        if marked == person:
            return person
        reason = marked.suppression.value if marked.suppression else ""
        writes: list[Write] = [*_stop_pending(person, reason), changed(replace(marked, next_survey_scheduled_at=0))]
        try:
            records().write(*writes)
        except ChangedError:
            continue
        return marked
    raise BusyError("this person changes all the time; try again")


def _stop_pending(person: Person, reason: str) -> list[Write]:
    item = people.asked(person.pending_request).get("request") if person.pending_request else None
    request = people.read_request(item) if item else None
    if request is None or request.state not in {RequestState.SCHEDULED, RequestState.ACTIVE}:
        return []
    return [changed(_stopped(request, reason))]


def _stopped(request: SurveyRequest, reason: str) -> SurveyRequest:
    return stopped(request, RequestState.SUPPRESSED, reason)
