"""The page on which a person answers."""

from dataclasses import replace
from typing import Any

from shared.domain import requests
from shared.domain.errors import ConflictError, InvalidError
from shared.domain.links import Purpose
from shared.domain.project import Project
from shared.domain.requests import SurveyRequest
from shared.domain.responses import MAX_COMMENT, Response, clean_comment, read_score
from shared.outside import log
from shared.outside.link_keys import link_keys
from shared.render import languages, pages, web
from shared.render.web import HttpAnswer
from shared.store import projects, responses
from shared.store.records import changed
from shared.store.table import ChangedError, records


def respond(method: str, token: str, event: dict[str, Any], now: int) -> HttpAnswer:
    """GET shows the question, the earlier answer or the thanks; POST keeps the answer and leads to the thanks.

    Raises BadLinkError for a link that is none.
    """
    request, response = responses.read(link_keys().read(Purpose.SURVEY, token))
    log.concern(request=request.id, project=request.project)
    project = projects.load(request.project)
    preference = web.preference_of(event)
    if not requests.is_open(request, now):
        return web.page(pages.problem("expired", project, preference), 410)
    if method == "POST":
        return _keep(project, request, response, event, now)
    query = web.query_of(event)
    if "trap" in query:
        _note_robot(request, now)
    if "done" in query and response is not None:
        return web.page(pages.thank_you(project, request, response, preference))
    chosen = _preselected(query.get("score", ""))
    html = pages.survey(
        project, request, response=response, chosen=chosen, comment="", errors={}, preference=preference
    )
    return web.page(html)


def _keep(
    project: Project, request: SurveyRequest, response: Response | None, event: dict[str, Any], now: int
) -> HttpAnswer:
    preference = web.preference_of(event)
    if web.is_foreign(event):
        return web.page(pages.problem("unknown", project, preference), 403)
    form = web.form_of(event)
    problems: dict[str, list[str]] = {}
    score, comment = None, form.get("comment", "")
    try:
        score = read_score(form.get("score"))
    except InvalidError as error:
        problems |= error.fields
    try:
        comment = clean_comment(comment)
    except InvalidError as error:
        problems |= error.fields
    if problems or score is None:
        shown = comment[: 2 * MAX_COMMENT]
        html = pages.survey(
            project, request, response=response, chosen=score, comment=shown, errors=problems, preference=preference
        )
        return web.page(html, 422)
    locale = languages.chosen(project.locale, pages.own_locale(request, response), preference)
    try:
        given = responses.give(request, response, score=score, comment=comment, locale=locale, now=now)
    except ConflictError:
        return web.page(pages.problem("expired", project, preference), 410)
    if response is None:
        log.count("Answers")
    elif given != response:
        log.count("AnswersEdited")
    return web.see_other(pages.query(preference, done=1))


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
