"""Records and figures to render, and everything rendered with one text wherever text is taken."""

from dataclasses import dataclass, field, replace
from html.parser import HTMLParser

from shared.domain.cases import Case, add_note, contact, join, open_case, recover
from shared.domain.figures import Figures, SegmentValue
from shared.domain.nps import Category, Histogram
from shared.domain.opt_ins import OptIn
from shared.domain.people import Person
from shared.domain.project import Brand, Contact, FollowUpQuestions, OptInTerms, Project, Sender, Texts
from shared.domain.questions import Answer, Option, Question, QuestionType
from shared.domain.requests import RequestState, SurveyRequest
from shared.domain.responses import Response
from shared.render import case_page, join_pages, mails, pages, report

NOW = 1_795_183_200
DAY = 86_400
SURVEY_URL = "https://surveys.example.com/r/v1.k1.cmVx.bWFj"
STOP_URL = "https://surveys.example.com/u/v1.k1.cmVx.bWFj"
JOIN_URL = "https://surveys.example.com/j/v1.k1.b3B0.bWFj"
DESK_URL = "https://surveys.example.com/c/v1.k1.Y2Fz.bWFj"


_TAKES_TEXT = (
    *("question_product_name", "delighted_email_subject", "delighted_intro_message", "thank_you_message"),
    *("thank_you_link_text", "account_name", "renewal_date", "arr", "owner_name", "owner_email", "plan"),
)


@dataclass
class Seen(HTMLParser):
    """What a browser makes of a page: its elements with their attributes, its words, its style sheets."""

    elements: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    words: str = ""
    styles: list[str] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)
    where: str = ""

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self.where = tag if tag in {"style", "script"} else ""

    def handle_endtag(self, tag: str) -> None:
        self.where = ""

    def handle_data(self, data: str) -> None:
        if self.where == "style":
            self.styles.append(data)
        elif self.where == "script":
            self.scripts.append(data)
        else:
            self.words += data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def structure(self) -> list[tuple[str, list[str]]]:
        return [(tag, sorted(attributes)) for tag, attributes in self.elements]


def a_project(text: str = "Mirandel") -> Project:
    return Project(
        id="mirandel",
        name=text,
        brand=Brand(text, "#1f5fbf", "", text, "https://example.com/privacy"),
        sender=Sender("care@example.com", text, "care@example.com"),
        owner=Contact("owner@example.com", text),
        texts=Texts(text, text, text, text, text, "https://example.com/review"),
        time_zone="Europe/Berlin",
        opt_in=OptInTerms(enabled=True, consent=text, consent_by_language={"es": text}),
    )


def some_questions(text: str) -> tuple[Question, ...]:
    """One of each type."""
    options = (Option("a", text), Option("b", text))
    return (
        Question("words", QuestionType.FREE_RESPONSE, text),
        Question("scale", QuestionType.SCALE, text, low_label=text, high_label=text, show_for=(Category.DETRACTOR,)),
        Question("one", QuestionType.SELECT_ONE, text, options, demographic=True),
        Question("many", QuestionType.SELECT_MANY, text, options),
    )


def a_request(properties: dict[str, str]) -> SurveyRequest:
    return SurveyRequest(
        "req_1", "mirandel", "per_1", NOW, RequestState.ACTIVE, NOW, expires_at=NOW + 90 * DAY, properties=properties
    )


def a_response(score: int, comment: str = "Four clicks where one was enough.", **changes: object) -> Response:
    made = Response("res_1", "mirandel", "per_1", score, NOW, NOW, comment=comment, commented=bool(comment))
    made = replace(made, properties={"account_name": "Nordhollow Clinic", "renewal_date": "2027-01-31", "arr": "48000"})
    return replace(made, **changes)  # type: ignore[arg-type]


def an_opt_in(text: str) -> OptIn:
    return OptIn("opt_1", "mirandel", NOW, email=text, name=text, asked_at=NOW, expires_at=NOW + 7 * DAY)


def a_segment(value: str, counts: tuple[int, ...]) -> SegmentValue:
    histogram = Histogram(counts)
    interval = histogram.interval()
    n = histogram.n
    return {
        "value": value,
        "histogram": list(counts),
        "responses": n,
        "score": histogram.score(),
        "interval": [interval.low, interval.high] if interval else None,
        "shown": "score" if n >= 10 else "counts" if n >= 5 else "hidden",
    }


def some_figures(text: str) -> Figures:
    return {
        "project": "mirandel",
        "project_name": text,
        "month": "2026-11",
        "first_day": "2026-11-01",
        "last_day": "2026-11-30",
        "preliminary": False,
        "built_at": NOW,
        "histogram": [2, 1, 2, 4, 3, 6, 9, 18, 31, 44, 52],
        "score": 40,
        "interval": [28.4, 50.1],
        "responses": 172,
        "promoters": 96,
        "passives": 49,
        "detractors": 27,
        "previous": {"month": "2026-10", "score": 32, "responses": 160},
        "change": {"points": 8, "significant": False},
        "trend": [
            {"month": "2026-08", "score": 20, "interval": [5.0, 35.0], "responses": 90},
            {"month": "2026-09", "score": None, "interval": None, "responses": 0},
            {"month": "2026-10", "score": 32, "interval": [20.0, 44.0], "responses": 160},
            {"month": "2026-11", "score": 40, "interval": [28.4, 50.1], "responses": 172},
        ],
        "funnel": {
            "sent": 612,
            "delivered": 598,
            "bounced": 14,
            "answered": 166,
            "commented": 98,
            "throttled": 41,
            "suppressed": 17,
        },
        "segments": [
            {
                "dimension": text,
                "values": [
                    a_segment(text, (1, 0, 0, 0, 1, 2, 3, 9, 20, 30, 37)),
                    a_segment(text, (0, 0, 0, 1, 1, 0, 0, 2, 2, 1, 0)),
                    a_segment(text, (0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0)),
                ],
            }
        ],
        "cases": {
            "opened": 24,
            "contacted": 21,
            "contacted_in_time": 18,
            "resolved": 15,
            "open": 9,
            "overdue": 2,
            "recovered": 3,
            "median_hours_to_contact": 19.5,
        },
        "accounts_at_risk": [
            {
                "account_id": text,
                "account_name": text,
                "renewal_date": text,
                "arr": text,
                "lowest_score": 2,
                "owner_email": text,
            }
        ],
        "verbatims": [{"score": 2, "category": "detractor", "comment": text, "day": text, "segment": text}],
        "quality": [{"name": text, "value": text, "note": text}],
    }


def _records(text: str) -> tuple[Project, SurveyRequest, Response, Case, Person]:
    given = dict.fromkeys([*_TAKES_TEXT, text], text)
    project, request = a_project(text), a_request(given)
    response = replace(a_response(3, text), properties=given)
    case = open_case("cas_1", response, project, now=NOW, due_at=NOW + 5 * DAY)
    case = join(replace(case, owner_name=text), replace(response, id="res_2"), now=NOW + 60)
    case = add_note(contact(case, how="call", note=text, by=text, now=NOW + 90), note=text, by=text, now=NOW + 99)
    person = Person("per_1", "mirandel", NOW, email=text, name=text, properties=given)
    return project, request, response, recover(case, replace(response, score=9), now=NOW + DAY), person


def messages(text: str) -> dict[str, mails.Message]:
    project, request, response, case, person = _records(text)
    return {
        "invitation": mails.invitation(project, request, survey_url=SURVEY_URL, unsubscribe_url=STOP_URL),
        "thanks": mails.thanks(project, response, request=request, unsubscribe_url=STOP_URL),
        "alert": mails.alert(
            project,
            case,
            response,
            person_name=text,
            person_email=text,
            case_url=DESK_URL,
            history=[replace(response, id="res_0", created_at=NOW - DAY)],
        ),
        "bounce notice": mails.bounce_notice(project, replace(person, bounced_at=NOW), project.owner),
        "confirmation": mails.confirmation(project, an_opt_in(text), confirm_url=JOIN_URL),
        "report": mails.report_summary(project, some_figures(text), report_url=DESK_URL, recipient_name=text),
    }


def everything(text: str) -> dict[str, str]:
    project, request, response, case, person = _records(text)
    project = replace(project, follow_up=FollowUpQuestions(text, text, text), questions=some_questions(text))
    refused = {"score": [text], "comment": [text], "q.words": [text], "q.scale": [text], "q.one": [text]}
    typed = {f"q.{one.id}": [text] for one in project.questions}
    response = replace(response, answers=(Answer("words", QuestionType.FREE_RESPONSE, text, text),))
    found = {f"mail {name}": message.html for name, message in messages(text).items()}
    return found | {
        "page survey": pages.survey(project, request, response=None, chosen=9, comment=text, errors={}),
        "page survey again": pages.survey(project, request, response=response, chosen=None, comment="", errors={}),
        "page survey refused": pages.survey(
            project, request, response=None, chosen=None, comment=text, given=typed, errors=refused
        ),
        "page thanks": pages.thank_you(project, request, replace(response, score=10)),
        "page unsubscribe": pages.unsubscribe(project, pages.Wish.UNKNOWN),
        "page unsubscribed": pages.unsubscribe(project, pages.Wish.NONE),
        "page subscribed again": pages.unsubscribe(project, pages.Wish.AGAIN),
        "page problem": pages.problem("expired", project),
        "page join": join_pages.form(project, stamp="v1.k1.Zm9y.bWFj"),
        "page join refused": join_pages.form(
            project,
            stamp="v1.k1.Zm9y.bWFj",
            name=text,
            email=text,
            errors={"email": [text], "name": [text]},
        ),
        "page join again": join_pages.form(project, stamp="v1.k1.Zm9y.bWFj", name=text, email=text),
        "page join sent": join_pages.sent(project),
        "page join confirm": join_pages.confirm(project, an_opt_in(text)),
        "page join confirm refused": join_pages.confirm(project, an_opt_in(text), name=text, errors={"name": [text]}),
        "page join welcome": join_pages.welcome(project, an_opt_in(text)),
        "page problem with what was typed": pages.problem("busy", project, typed=[("score", "3"), (text, text)]),
        "page case": case_page.case(
            project,
            case,
            [response],
            person=person,
            errors={"note": [text], "root_cause": [text]},
            saved="",
            now=NOW,
            action="resolve",
            typed={"note": text, "root_cause": text, "how": text},
        ),
        "page case saved": case_page.case(project, case, [response], person=person, errors={}, saved=text),
        "report": report.html(project, some_figures(text)),
    }
