"""A case's page: its owner reads it and writes down what was done."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.domain import cases
from shared.domain.cases import Case
from shared.domain.errors import ConflictError, InvalidError, NotFoundError
from shared.domain.links import Purpose
from shared.domain.people import Person
from shared.domain.project import Project
from shared.domain.responses import Response
from shared.outside import log
from shared.outside.link_keys import link_keys
from shared.render import case_page, pages, web
from shared.render.web import HttpAnswer
from shared.store import projects
from shared.store.records import changed, load, load_many
from shared.store.table import records

_SAVED = ("contacted", "resolve", "note")


def respond(method: str, token: str, event: dict[str, Any], now: int) -> HttpAnswer:
    """GET shows the case; POST contacts, resolves or notes, and leads back.

    Raises BadLinkError for a link that is none.
    """
    case = load(Case, link_keys().read(Purpose.CASE, token))
    if case is None:
        raise NotFoundError("there is no such case")
    log.concern(case=case.id, project=case.project)
    project = projects.load(case.project)
    view = _View(project, case, now)
    if method == "GET":
        saved = web.query_of(event).get("saved", "")
        return view.page(saved=saved if saved in _SAVED else "")
    if web.is_foreign(event):
        return web.page(pages.problem("unknown", project), 403)
    form = web.form_of(event)
    try:
        records().write(changed(_acted(case, form, now)))
    except InvalidError as error:
        return view.page(errors=error.fields, form=form, status=422)
    except ConflictError as error:
        current = load(Case, case.id) or case
        return _View(project, current, now).page(errors={"action": [str(error)]}, form=form, status=409)
    return web.see_other(f"?saved={form['action']}")


@dataclass(frozen=True, slots=True)
class _View:
    project: Project
    case: Case
    now: int

    def page(
        self,
        *,
        saved: str = "",
        errors: Mapping[str, list[str]] | None = None,
        form: Mapping[str, str] | None = None,
        status: int = 200,
    ) -> HttpAnswer:
        """The case's page, with what was typed when it could not be taken."""
        html = case_page.case(
            self.project,
            self.case,
            load_many(Response, list(self.case.responses)),
            person=load(Person, self.case.person),
            errors=errors or {},
            saved=saved,
            now=self.now,
            action=(form or {}).get("action", ""),
            typed=form,
        )
        return web.page(html, status)


def _acted(case: Case, form: dict[str, str], now: int) -> Case:
    """The case after what the form asks for. `rev` is the one that its writer saw."""
    if form.get("rev", str(case.rev)) != str(case.rev):
        raise ConflictError("somebody else changed this case meanwhile; look again before you save")
    note, by = form.get("note", ""), case.owner_name or case.owner_email
    match form.get("action"):
        case "contacted":
            return cases.contact(case, how=form.get("how", ""), note=note, by=by, now=now)
        case "resolve":
            return cases.resolve(case, root_cause=form.get("root_cause", ""), note=note, by=by, now=now)
        case "note":
            return cases.add_note(case, note=note, by=by, now=now)
    raise InvalidError({"action": ["must be contacted, resolve or note"]})
