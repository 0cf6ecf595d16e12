"""The page on which a person answers."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from shared.domain import requests
from shared.domain.errors import ConflictError, InvalidError
from shared.domain.links import Purpose
from shared.domain.locales import Preference
from shared.domain.nps import category
from shared.domain.project import Project
from shared.domain.questions import Answer, read_answers
from shared.domain.requests import SurveyRequest
from shared.domain.responses import clean_comment, read_score
from shared.outside import log
from shared.outside.link_keys import link_keys
from shared.render import boundary, languages, pages, web
from shared.render.boundary import TROUBLE
from shared.render.web import HttpAnswer
from shared.store import projects, responses
from shared.store.records import changed
from shared.store.responses import Asked
from shared.store.table import ChangedError, records

_SHOWN = 100_000

Fields = Mapping[str, Sequence[str]]


def respond(method: str, token: str, event: dict[str, Any], now: int) -> HttpAnswer:
    """GET shows the question, the earlier answer or the thanks; POST keeps the answer and leads to the thanks.

    A POST of the page's script, marked `partial`, keeps a score that was picked and not sent. Raises BadLinkError for a
    link that is none.
    """
    asked = responses.find(link_keys().read(Purpose.SURVEY, token))
    request, response = asked.request, asked.response
    log.concern(request=request.id, project=request.project)
    project = projects.load(request.project)
    preference = web.preference_of(event)
    gone = response is not None and (response.erased or response.person != request.person)
    if gone or not requests.is_open(request, now):
        return web.page(pages.problem("expired", project, preference), 410)
    if not project.open:
        return web.page(pages.problem("closed", project, preference), 410)
    if method == "POST":
        return _post(project, asked, event, now)
    query = web.query_of(event)
    if "trap" in query:
        _note_robot(request, now)
    if "done" in query and response is not None and not response.partial:
        return web.page(pages.thank_you(project, request, response, preference))
    chosen = _preselected(query.get("score", ""))
    return web.page(pages.survey(project, request, response=response, chosen=chosen, preference=preference))


def _post(project: Project, asked: Asked, event: dict[str, Any], now: int) -> HttpAnswer:
    preference = web.preference_of(event)
    if web.is_foreign(event):
        return web.page(pages.problem("unknown", project, preference), 403)
    fields = web.fields_of(event)
    try:
        if "partial" in fields:
            return _choose(project, asked, fields, now)
        return _send(project, asked, fields, preference, now)
    except ConflictError:
        return web.page(pages.problem("expired", project, preference), 410)
    except TROUBLE as error:
        return boundary.trouble(error, event, project)


def _choose(project: Project, asked: Asked, fields: Fields, now: int) -> HttpAnswer:
    """Nobody looks at this answer: the page's script asked for it."""
    try:
        score = _score(fields)
    except InvalidError:
        return web.nothing(422)
    kept = responses.choose(asked, project, score=score, now=now)
    if kept != asked.response:
        log.log("choice kept", quarantine=kept.quarantine)
    return web.nothing()


def _send(project: Project, asked: Asked, fields: Fields, preference: Preference, now: int) -> HttpAnswer:
    problems: dict[str, list[str]] = {}
    score, comment, answers = None, _last(fields, "comment"), tuple[Answer, ...]()
    try:
        score = _score(fields)
        given = {name.removeprefix("q."): values for name, values in fields.items() if name.startswith("q.")}
        answers = read_answers(project.questions, category(score), given, pages.not_said(project))
    except InvalidError as error:
        problems |= {name if name == "score" else f"q.{name}": why for name, why in error.fields.items()}
    try:
        comment = clean_comment(comment)
    except InvalidError as error:
        problems |= error.fields
    if problems or score is None:
        html = pages.survey(
            project,
            asked.request,
            response=asked.response,
            chosen=score,
            comment=comment[:_SHOWN],
            given=fields,
            errors=problems,
            preference=preference,
        )
        return web.page(html, 422)
    before = asked.response
    locale = languages.chosen(project.locale, pages.own_locale(asked.request, before), preference)
    given_now = responses.give(asked, score=score, comment=comment, answers=answers, locale=locale, now=now)
    if before is None or before.partial:
        log.count("Answers")
    elif given_now != before:
        log.count("AnswersEdited")
    return web.see_other(pages.query(preference, done=1))


def _score(fields: Fields) -> int:
    """The score in a form. Raises InvalidError for none, and for two: nobody can tell which was meant."""
    if len(set(fields.get("score", ()))) > 1:
        raise InvalidError({"score": ["must be one score"]})
    return read_score(_last(fields, "score"))


def _last(fields: Fields, name: str) -> str:
    return (fields.get(name) or [""])[-1]


def _preselected(text: str) -> int | None:
    try:
        return read_score(text)
    except InvalidError:
        return None


def _note_robot(request: SurveyRequest, now: int) -> None:
    """The link that no person sees was followed: a mail gateway reads this mail."""
    if request.robot_at:
        return
    try:
        records().write(changed(replace(request, robot_at=now)))
    except ChangedError:
        # Somebody writes the request at this very moment; the gateway's next visit is noted as well.
        return
