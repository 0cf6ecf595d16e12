"""From a choice on the page to an answer that counts: what is kept, what is doubted and why, and when it counts.

A *choice* is a score picked and not sent. It counts once it has stood for a time that the project sets, unless it looks
like a machine's: then it is quarantined until its person presses Send or an operator releases it. What was sent by a
person always counts, and no choice changes it.
"""

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum

from shared.domain.errors import ConflictError, TooManyError
from shared.domain.project import Project
from shared.domain.questions import Answer
from shared.domain.requests import SEND_PROPERTIES, SurveyRequest
from shared.domain.responses import Response

MINUTE, HOUR = 60, 3_600

QUICK_SECONDS = 10
"""A choice sooner after the mail arrived than this, or after the word of it, is one that nobody made who read it."""

MOST_CHOICES_AN_HOUR = 20
MOST_VERSIONS_AN_HOUR = 30
MOST_VERSIONS = 300
MOST_CHOICES = 100
"""The bounds of one link's writes. Choices end earlier, so that there is always room for Send.

In all, because each version is kept for as long as the answer, and an erasure has to find every one.
"""


class Doubt(StrEnum):
    """Why a choice is quarantined."""

    HIDDEN_LINK = "hidden link followed"
    SEVERAL_SCORES = "several scores within a minute"
    TOO_QUICK = "within seconds of delivery"


def sent(
    request: SurveyRequest,
    before: Response | None,
    *,
    score: int,
    comment: str,
    answers: Sequence[Answer] = (),
    locale: str = "",
    now: int,
) -> Response:
    """The answer of a person who pressed Send, whatever stood there before, in the `locale` of their page.

    It counts from now on, or from when its first version did.
    """
    response = replace(
        _next(before, now) if before else _new(request, score, now),
        score=score,
        comment=comment,
        commented=bool(comment),
        answers=tuple(answers),
        locale=locale or request.locale,
        updated_at=now,
    )
    if before is not None and not before.counts:
        response = replace(response, created_at=now)
    return replace(response, partial=False, quarantine="", timer_at=0)


def chosen(request: SurveyRequest, before: Response | None, project: Project, *, score: int, now: int) -> Response:
    """The response once a score was picked and not sent; what counts already stays as it is.

    A choice once doubted stays so.
    """
    if before is not None and (before.counts or before.erased or before.score == score):
        return before
    response = _next(before, now) if before else _new(request, score, now)
    response = replace(response, score=score, partial=True, updated_at=now)
    doubt = response.quarantine or doubt_about(request, before, now=now)
    return replace(response, quarantine=doubt, timer_at=0 if doubt else now + project.partial_hours * HOUR)


def doubt_about(request: SurveyRequest, before: Response | None, *, now: int) -> str:
    """Why a choice of another score than that of `before` looks like a machine's, or an empty string.

    The version before it is the latest of all: one older than that cannot be within the minute when it is not.
    """
    if request.robot_at:
        return Doubt.HIDDEN_LINK.value
    if before is not None and before.updated_at > now - MINUTE:
        return Doubt.SEVERAL_SCORES.value
    arrived = request.delivered_at or request.sent_at
    if not arrived or now < arrived + QUICK_SECONDS:
        return Doubt.TOO_QUICK.value
    return ""


def matured(response: Response, request: SurveyRequest | None, *, now: int) -> Response:
    """The choice once its time has come: it counts from now on, unless a machine has shown itself since.

    Anything else stays as it is.
    """
    if not response.partial or response.counts or response.erased or not 0 < response.timer_at <= now:
        return response
    if request is not None and (doubt := _doubt_since(request, response)):
        return replace(response, quarantine=doubt, timer_at=0)
    return _counting(response, now)


def released(response: Response, *, now: int) -> Response:
    """The quarantined choice that an operator takes for a person's; it counts from now on.

    Raises ConflictError for a response that is not quarantined, or erased.
    """
    if not response.quarantine or response.erased:
        raise ConflictError("this response is not quarantined")
    return _counting(replace(response, quarantine=""), now)


def check_pace(before: Response | None, *, most: int, now: int, in_all: int = MOST_VERSIONS) -> None:
    """Raises TooManyError when a link has been written to too often: `most` times within the hour, or so often in all.

    Choices end sooner than answers that are sent: what a machine picks leaves room for the person. What an API call
    corrects takes nothing from the person's room.
    """
    if before is None:
        return
    if before.changes + 1 >= in_all:
        raise TooManyError(0)
    written = sorted(_within_the_hour(before, now), reverse=True)
    if len(written) >= most:
        raise TooManyError(max(1, written[most - 1] + HOUR - now))


def _next(before: Response, now: int) -> Response:
    """The version that a link's write begins with."""
    return replace(before, changes=before.changes + 1, recent=_within_the_hour(before, now))


def _within_the_hour(response: Response, now: int) -> tuple[int, ...]:
    """When the response and what it replaced were written, as far as that is within the hour."""
    return tuple(at for at in (*response.recent, response.updated_at) if at > now - HOUR)


def _doubt_since(request: SurveyRequest, response: Response) -> str:
    """Why a choice looks like a machine's by what became known after it, or an empty string.

    A gateway opens the links of a mail as it takes it, so that its choice may be here before SES's word of delivery.
    One that is longer before it may as well be a person's: that word is late at times.
    """
    if request.robot_at:
        return Doubt.HIDDEN_LINK.value
    if request.delivered_at and abs(request.delivered_at - response.updated_at) < QUICK_SECONDS:
        return Doubt.TOO_QUICK.value
    return ""


def _counting(response: Response, now: int) -> Response:
    return replace(response, matured_at=now, created_at=now, updated_at=now, timer_at=0)


def _new(request: SurveyRequest, score: int, now: int) -> Response:
    return Response(
        id=request.id,
        project=request.project,
        person=request.person,
        score=score,
        created_at=now,
        updated_at=now,
        locale=request.locale,
        account_id=request.account_id,
        properties={name: value for name, value in request.properties.items() if name not in SEND_PROPERTIES},
        request=request.id,
    )
