"""Every mail as a company of the samples would send it: from left to right with a logo, and from right to left."""

import tomllib
from dataclasses import replace
from pathlib import Path

from shared.domain.cases import open_case
from shared.domain.opt_ins import OptIn
from shared.domain.people import Person
from shared.domain.project import Project
from shared.domain.project_settings import parse_project
from shared.domain.requests import RequestState, SurveyRequest
from shared.domain.responses import Response
from shared.render import mails
from shared.render.mails import Message
from tests.unit.render.rendering_samples import DAY, DESK_URL, JOIN_URL, NOW, STOP_URL, SURVEY_URL, some_figures

PROJECTS = Path(__file__).parents[2] / "samples" / "projects"
LOGO = "https://www.haldora.example.com/logo.png"

_PEOPLE = {
    "ltr": {
        "person": "Wilhelmina Featherstonehaugh-Achterberg",
        "email": "wilhelmina.featherstonehaugh-achterberg@cardiology.long-name-of-a-clinic.example.org",
        "account": "Long Name of a Clinic and Day Surgery Centre, Northern Campus",
        "owner": "Desmond Achterveld",
        "comment": "Refills take four clicks where one was enough.\nAnd nobody called back: "
        "https://tickets.example.com/a/very/long/address/that/no/line/can/hold/without/breaking/it",
        "button": "Write a review",
        "earlier": "It does what it should.",
    },
    "rtl": {
        "person": "نورة المثال",
        "email": "noura@example.org",
        "account": "عيادة المثال",
        "owner": "خدمة عملاء ندوار",
        "comment": "النظام بطيء جدا عند الطباعة، ولم يتصل بنا أحد.",
        "button": "اكتب تقييما",
        "earlier": "جيد.",
    },
}
DIRECTIONS = tuple(_PEOPLE)


def project(direction: str) -> Project:
    name = {"ltr": "haldora", "rtl": "nadwar"}[direction]
    one = parse_project(tomllib.loads((PROJECTS / f"{name}.toml").read_text(encoding="utf-8")))
    return replace(one, brand=replace(one.brand, logo_url=LOGO)) if direction == "ltr" else one


def messages(direction: str) -> dict[str, Message]:
    """Every mail in one direction of writing, by what it is for."""
    words, ours = _PEOPLE[direction], project(direction)
    properties = {
        "account_id": "a1",
        "account_name": words["account"],
        "renewal_date": "2027-01-31",
        "arr": "48000",
        "owner_email": "owner@example.com",
        "owner_name": words["owner"],
        "plan": "Enterprise",
        "thank_you_link_url": "https://reviews.example.com/write",
        "thank_you_link_text": words["button"],
    }
    request = SurveyRequest(
        "p1-1", ours.id, "p1", NOW, RequestState.ACTIVE, NOW, NOW + 90 * DAY, locale=ours.locale, properties=properties
    )
    unhappy = Response(
        "p1-1", ours.id, "p1", 2, NOW, NOW, comment=words["comment"], properties=properties, locale=ours.locale
    )
    person = Person(
        "p1", ours.id, NOW, email=words["email"], name=words["person"], properties=properties, bounced_at=NOW
    )
    earlier = replace(unhappy, id="p1-0", score=8, comment=words["earlier"], created_at=NOW - 200 * DAY)
    case = open_case("p1-1-1", unhappy, ours, now=NOW, due_at=NOW + 3 * DAY)
    opt_in = OptIn("o1", ours.id, NOW, email=words["email"], asked_at=NOW, expires_at=NOW + 7 * DAY, locale=ours.locale)
    figures = some_figures(words["account"])
    figures["project_name"] = ours.name
    return {
        "invitation": mails.invitation(ours, request, survey_url=SURVEY_URL, unsubscribe_url=STOP_URL),
        "reminder": mails.invitation(
            ours, request, survey_url=SURVEY_URL, unsubscribe_url=STOP_URL, asked_at=NOW - 3 * DAY
        ),
        "confirmation": mails.confirmation(ours, opt_in, confirm_url=JOIN_URL),
        "alert": mails.alert(
            ours,
            case,
            unhappy,
            person_name=words["person"],
            person_email=words["email"],
            case_url=DESK_URL,
            history=[earlier],
        ),
        "bounce_notice": mails.bounce_notice(ours, person, ours.owner),
        "thanks": mails.thanks(ours, replace(unhappy, score=10), request=request, unsubscribe_url=STOP_URL),
        "report": mails.report_summary(ours, figures, report_url=DESK_URL, recipient_name=words["owner"]),
    }
