"""Responses that a caller enters or corrects, where the person did not do so on the page."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from shared.domain.errors import ConflictError, InvalidError
from shared.domain.people import MAX_PROPERTIES, Person, merge_properties
from shared.domain.requests import SEND_PROPERTIES
from shared.domain.responses import HISTORY_AGE, Response


@dataclass(frozen=True, slots=True)
class Correction:
    """What a caller changes about a response. None leaves it; a property of None removes it; a comment may be empty.

    `created_at` is what the caller takes for the time of the response, which cannot be changed.
    """

    score: int | None = None
    comment: str | None = None
    person: str | None = None
    properties: Mapping[str, str | None] | None = None
    tags: tuple[str, ...] | None = None
    created_at: int | None = None


def entered(
    person: Person,
    *,
    response_id: str,
    score: int,
    comment: str,
    properties: Mapping[str, str | None],
    created_at: int,
    now: int,
) -> Response:
    """A response that was given elsewhere at `created_at` (Unix seconds), with the person's properties and these.

    One older than a day is history: it calls for no case, alert or thanks. Raises InvalidError naming
    `person_properties` when there are too many.
    """
    kept = _laid_over(person.properties, properties)
    return Response(
        id=response_id,
        project=person.project,
        person=person.id,
        score=score,
        created_at=created_at,
        updated_at=now,
        comment=comment,
        commented=bool(comment),
        locale=person.locale,
        account_id=kept.get("account_id", ""),
        properties=kept,
        history=created_at < now - HISTORY_AGE,
    )


def corrected(response: Response, correction: Correction, *, now: int) -> Response:
    """The response as it is after a correction; the same one when nothing changes.

    Raises ConflictError for one whose person was erased, and InvalidError naming what cannot be.
    """
    if response.erased:
        raise ConflictError("the person of this response was erased; it stays as it is")
    if correction.created_at not in {None, response.created_at}:
        raise InvalidError({"created_at": ["can't be changed"]})
    comment = response.comment if correction.comment is None else correction.comment
    kept = response.properties
    if correction.properties is not None:
        kept = _laid_over(kept, correction.properties)
    after = replace(
        response,
        score=response.score if correction.score is None else correction.score,
        comment=comment,
        commented=bool(comment),
        person=correction.person or response.person,
        properties=kept,
        account_id=response.account_id if correction.properties is None else kept.get("account_id", ""),
        tags=response.tags if correction.tags is None else correction.tags,
    )
    if after != response:
        # What somebody has looked at and corrected is no mere choice any more.
        after = replace(after, partial=False, timer_at=0)
    return response if after == response else replace(after, updated_at=now)


def _laid_over(known: Mapping[str, str], given: Mapping[str, str | None]) -> dict[str, str]:
    merged = merge_properties(known, given)
    kept = {name: value for name, value in merged.items() if name not in SEND_PROPERTIES}
    if len(kept) > MAX_PROPERTIES:
        raise InvalidError({"person_properties": [f"may have at most {MAX_PROPERTIES} entries"]})
    return kept
