"""GET project/preview: every page and mail of a project as people would see it, made of invented data.

Loaded by that call alone: rendering has no place in the cold start of the others. Nothing is written, no link leads
anywhere, and no form is sent.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from functions.api import invented
from functions.api.inputs import PreviewQuery
from shared.domain import cases
from shared.domain.errors import InvalidError
from shared.domain.locales import Preference
from shared.domain.project import Project
from shared.render import case_page, join_pages, mails, pages, report, web
from shared.render.mails import Message
from shared.render.pages import Wish
from shared.render.wording import Problem

NOWHERE = "#"

# Mails and reports carry their style in each element, which no hash allows.
_MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src https: data:; form-action 'none'; "
_MAIL_POLICY += "frame-ancestors 'none'; base-uri 'none'; sandbox"
_SCRIPT = re.compile(r"<script>.*?</script>", re.DOTALL)
_TARGET = re.compile(r'(<(?:a|form)\b[^>]*?\s(?:href|action)=)"[^"]*"')


@dataclass(frozen=True, slots=True)
class _Scene:
    """What is to be shown, in the words of the call."""

    project: Project
    given: PreviewQuery
    state: str
    now: int

    @property
    def preference(self) -> Preference:
        """The language of the call, as if it were picked on the page."""
        return Preference(switched=self.given.locale or "")


def show(project: Project, given: PreviewQuery, now: int) -> tuple[str, str, dict[str, str]]:
    """The content type, the body and the headers of a preview.

    Raises InvalidError for a state that the thing does not have; its first one is the default.
    """
    states = STATES[given.what]
    state = given.state or states[0]
    if state not in states:
        raise InvalidError({"state": [f"must be one of {', '.join(states)} for {given.what}"]})
    if given.locale:
        project = replace(project, owner=replace(project.owner, locale=given.locale))
    scene = _Scene(project, given, state, now)
    match given.what:
        case "mail":
            return _answer(_MAILS[state](scene).html, _MAIL_POLICY)
        case "report":
            return _answer(report.html(project, invented.figures(project, now)), _MAIL_POLICY)
        case "text":
            message = _MAILS[state](scene)
            _, body, headers = _answer(f"{message.subject}\n\n{message.text}", _MAIL_POLICY)
            return "text/plain; charset=utf-8", body, headers
    return _answer(_PAGES[given.what](scene))


def _answer(html: str, policy: str = "") -> tuple[str, str, dict[str, str]]:
    body = _TARGET.sub(rf'\1"{NOWHERE}"', _SCRIPT.sub("", html))
    headers = web.page(body)["headers"]
    headers["content-security-policy"] = policy or f"{headers['content-security-policy']}; sandbox"
    return headers.pop("content-type"), body, headers


def _page(scene: _Scene) -> str:
    given, earlier = scene.given, None
    request = invented.request(scene.project, given, scene.now)
    if scene.state in {"again", "changed"}:
        earlier = invented.response(scene.project, given, scene.now)
    if scene.state == "changed":
        earlier = replace(invented.response(scene.project, given, scene.now), score=(given.score + 5) % 11)
    return pages.survey(
        scene.project,
        request,
        response=earlier,
        chosen=given.score if scene.state in {"chosen", "changed"} else None,
        comment="",
        errors={"score": ["can't be blank"]} if scene.state == "error" else {},
    )


def _thank_you(scene: _Scene) -> str:
    request = invented.request(scene.project, scene.given, scene.now)
    return pages.thank_you(scene.project, request, invented.response(scene.project, scene.given, scene.now))


def _unsubscribe(scene: _Scene) -> str:
    return pages.unsubscribe(scene.project, _WISHES[scene.state], preference=scene.preference)


def _problem(scene: _Scene) -> str:
    return pages.problem(_PROBLEMS[scene.state], scene.project, scene.preference)


def _join(scene: _Scene) -> str:
    project, given, wanted = scene.project, scene.given, scene.preference
    opt_in = invented.opt_in(project, given, scene.now)
    match scene.state:
        case "form":
            return join_pages.form(project, wanted, stamp="")
        case "error":
            errors = {"email": ["is not a mail address"]}
            return join_pages.form(project, wanted, stamp="", name=given.name, email="robin@", errors=errors)
        case "sent":
            return join_pages.sent(project, wanted)
        case "confirm":
            return join_pages.confirm(project, opt_in, wanted)
    return join_pages.welcome(project, opt_in, wanted)


def _case(scene: _Scene) -> str:
    case, response = invented.case(scene.project, scene.given, scene.now)
    person = invented.person(scene.project, scene.given, scene.now)
    if scene.state != "open":
        case = cases.contact(case, how="call", note="", by="", now=scene.now)
    if scene.state == "resolved":
        note = "Agreed on a date for the export."
        case = cases.resolve(case, root_cause="Missing feature", note=note, by="", now=scene.now)
    return case_page.case(scene.project, case, [response], person=person, errors={}, saved="", now=scene.now)


def _invitation(scene: _Scene) -> Message:
    request = invented.request(scene.project, scene.given, scene.now)
    asked_at = request.sent_at if scene.state == "reminder" else 0
    return mails.invitation(scene.project, request, survey_url=NOWHERE, unsubscribe_url=NOWHERE, asked_at=asked_at)


def _thanks(scene: _Scene) -> Message:
    project, given = scene.project, scene.given
    request, response = invented.request(project, given, scene.now), invented.response(project, given, scene.now)
    return mails.thanks(project, response, request=request, unsubscribe_url=NOWHERE)


def _alert(scene: _Scene) -> Message:
    case, response = invented.case(scene.project, scene.given, scene.now)
    person = invented.person(scene.project, scene.given, scene.now)
    return mails.alert(
        scene.project,
        case,
        response,
        person_name=person.name,
        person_email=person.email,
        person_phone=person.phone_number,
        case_url=NOWHERE,
    )


def _bounce_notice(scene: _Scene) -> Message:
    person = replace(invented.person(scene.project, scene.given, scene.now), bounced_at=scene.now)
    return mails.bounce_notice(scene.project, person, scene.project.owner)


def _confirmation(scene: _Scene) -> Message:
    opt_in = invented.opt_in(scene.project, scene.given, scene.now)
    return mails.confirmation(scene.project, opt_in, confirm_url=NOWHERE)


def _report(scene: _Scene) -> Message:
    figures = invented.figures(scene.project, scene.now)
    return mails.report_summary(
        scene.project,
        figures,
        report_url=NOWHERE,
        recipient_name=scene.given.name,
        recipient_locale=scene.given.locale or "",
    )


_PAGES: Mapping[str, Callable[[_Scene], str]] = {
    "page": _page,
    "thank_you": _thank_you,
    "unsubscribe": _unsubscribe,
    "problem": _problem,
    "join": _join,
    "case": _case,
}
_MAILS: Mapping[str, Callable[[_Scene], Message]] = {
    "invitation": _invitation,
    "reminder": _invitation,
    "thanks": _thanks,
    "confirmation": _confirmation,
    "alert": _alert,
    "bounce_notice": _bounce_notice,
    "report": _report,
}
_WISHES: Mapping[str, Wish] = {"ask": Wish.UNKNOWN, "done": Wish.NONE, "again": Wish.AGAIN}
_PROBLEMS: Mapping[str, Problem] = {
    "unknown": "unknown", "expired": "expired", "closed": "closed", "busy": "busy", "too_many": "too_many",
    "error": "error",
}  # fmt: skip

STATES: Mapping[str, tuple[str, ...]] = {
    "page": ("new", "chosen", "again", "changed", "error"),
    "thank_you": ("done",),
    "unsubscribe": tuple(_WISHES),
    "problem": tuple(_PROBLEMS),
    "join": ("form", "error", "sent", "confirm", "welcome"),
    "case": ("open", "contacted", "resolved"),
    "mail": tuple(_MAILS),
    "text": tuple(_MAILS),
    "report": ("built",),
}
"""The states of everything that can be looked at, the default first."""
