"""What callers get: the shapes of the API, as Delighted's clients know them."""

from collections.abc import Iterable, Mapping
from typing import Any

from shared.domain.autopilot import Membership
from shared.domain.cases import Case
from shared.domain.intervals import Days
from shared.domain.nps import Category, Histogram, Shown
from shared.domain.people import Person, merge_properties
from shared.domain.project import DAY, Project
from shared.domain.questions import Answer, QuestionType
from shared.domain.requests import RequestState, SurveyRequest, next_reminder_at
from shared.domain.responses import Response
from shared.domain.segments import Compared
from shared.domain.send_calls import Outcome
from shared.domain.themes import Phrase
from shared.domain.trends import Trend

Shape = dict[str, Any]


def person(one: Person) -> Shape:
    """A person in a list, or expanded in a response."""
    return {
        "id": one.id,
        "name": one.name or None,
        "email": one.email or None,
        "phone_number": one.phone_number or None,
        "created_at": one.created_at,
        "last_sent_at": one.last_sent_at or None,
        "last_responded_at": one.last_responded_at or None,
        "next_survey_scheduled_at": one.next_survey_scheduled_at or None,
    }


def sent(outcome: Outcome) -> Shape:
    """The answer of POST people."""
    person, request, decision = outcome.person, outcome.request, outcome.decision
    told: Shape = {
        "id": None,
        "status": "not_requested",
        "reason": None,
        "scheduled_at": None,
        "next_eligible_at": person.next_eligible_at or None,
    }
    if decision:
        told = {
            "id": request.id if request else None,
            "status": decision.state.value,
            "reason": decision.reason or None,
            "scheduled_at": decision.scheduled_at or None,
            "next_eligible_at": decision.next_eligible_at or None,
        }
    scheduled = bool(decision and decision.state is RequestState.SCHEDULED)
    return {
        "id": person.id or None,
        "email": person.email or None,
        "name": person.name or None,
        "phone_number": person.phone_number or None,
        "survey_scheduled_at": decision.scheduled_at if decision and scheduled else None,
        "properties": dict(person.properties),
        "survey_request": told,
    }


def request(one: SurveyRequest, who: Person | None) -> Shape:
    """A survey request in a list; `who` is None once the person is erased."""
    return {
        "id": one.id,
        "person": person(who) if who else None,
        "status": one.state.value,
        "reason": one.reason or None,
        "created_at": one.created_at,
        "scheduled_at": one.scheduled_at or None,
        "sent_at": one.sent_at or None,
        "delayed_at": one.delayed_at or None,
        "delivered_at": one.delivered_at or None,
        "bounced_at": one.bounced_at or None,
        "responded_at": one.responded_at or None,
        "reminders": one.reminders,
        "next_reminder_at": next_reminder_at(one) or None,
        "expires_at": one.expires_at,
    }


def response(one: Response, base_url: str, who: Person | None = None) -> Shape:
    """A survey response; `who` is the person when the caller wants them expanded."""
    return {
        "id": one.id,
        "person": person(who) if who else one.person,
        "survey_type": "nps",
        "score": one.score,
        "comment": one.comment or None,
        "permalink": f"{base_url}survey_responses/{one.id}",
        "created_at": one.created_at,
        "updated_at": one.updated_at,
        "person_properties": dict(one.properties),
        "notes": [],
        "tags": list(one.tags),
        "additional_answers": [additional_answer(answer) for answer in one.answers],
    }


def additional_answer(one: Answer) -> Shape:
    """The answer to one of a project's own questions."""
    value: Any = one.value
    if isinstance(one.value, tuple):
        chosen = [{"id": option.id, "text": option.text} for option in one.value]
        value = chosen if one.type is QuestionType.SELECT_MANY else chosen[0]
    return {
        "id": one.question,
        "value": {one.type.value: value},
        "question": {"id": one.question, "type": one.type.value, "text": one.text},
    }


def segment(histogram: Histogram, shown: Shown) -> Shape:
    """The figures of a segment as far as they may be told, and how far that is; what may not is null."""
    if shown == "hidden":
        return dict.fromkeys([*metrics(histogram), "histogram"]) | {"shown": shown}
    told = metrics(histogram) | {"histogram": list(histogram.counts), "shown": shown}
    return told if shown == "score" else told | dict.fromkeys(("nps", "margin_of_error", "interval"))


def compared(one: Compared) -> Shape:
    """A segment beside itself in the period before."""
    return {
        "value": one.value,
        **segment(one.histogram, one.shown),
        "previous": {"nps": one.previous.score(), "response_count": one.previous.n} if one.previous else None,
        "change": {"points": one.change.points, "significant": one.change.significant} if one.change else None,
    }


def theme(one: Compared) -> Shape:
    """A theme beside itself in the period before."""
    told = compared(one)
    return {"theme": told.pop("value"), **told}


def phrases(found: Iterable[Phrase]) -> list[Shape]:
    """Phrases that set comments apart: in how many of the group's they stand, and in how many of the others."""
    return [
        {"phrase": one.text, "count": one.count, "other_count": one.other_count, "z": round(one.z, 2)} for one in found
    ]


def point(days: Days, histogram: Histogram) -> Shape:
    """One interval of a project's series; without answers it has no score."""
    return {
        "start": days.first.isoformat(),
        "end": days.last.isoformat(),
        **metrics(histogram),
        "nps": histogram.score(),
        "histogram": list(histogram.counts),
    }


def autopilot(project: Project) -> Shape:
    """The configuration of Autopilot; `frequency` in seconds."""
    return {
        "platform_id": "email",
        "active": project.autopilot.active,
        "frequency": project.autopilot.frequency_days * DAY,
        "created_at": project.created_at,
        "updated_at": project.updated_at,
    }


def membership(one: Membership, who: Person, pending: SurveyRequest | None, project: Project) -> Shape:
    """A membership. Its next survey request is the one that waits to be sent, else the next turn, which has no id yet.

    Nothing is scheduled for one who gets no survey mail, nor for anybody while Autopilot is off.
    """
    if pending is not None and pending.state is RequestState.SCHEDULED:
        following = {
            "id": pending.id,
            "created_at": pending.created_at,
            "survey_scheduled_at": pending.scheduled_at,
            "properties": dict(pending.properties),
        }
    else:
        asked = project.autopilot.active and who.suppression is None
        following = {
            "id": None,
            "created_at": None,
            "survey_scheduled_at": one.timer_at if asked else None,
            "properties": merge_properties(who.properties, one.properties),
        }
    return {
        "created_at": one.created_at,
        "updated_at": one.updated_at,
        "person": person(who),
        "next_survey_request": following,
    }


def metrics(histogram: Histogram) -> Shape:
    """The answer of GET metrics: whole numbers as Delighted gives them, and the interval."""
    interval = histogram.interval()
    return {
        "nps": histogram.score() or 0,
        "promoter_count": histogram.promoters,
        "promoter_percent": histogram.percent(Category.PROMOTER),
        "passive_count": histogram.passives,
        "passive_percent": histogram.percent(Category.PASSIVE),
        "detractor_count": histogram.detractors,
        "detractor_percent": histogram.percent(Category.DETRACTOR),
        "response_count": histogram.n,
        "margin_of_error": round(interval.margin, 1) if interval else None,
        "interval": [round(interval.low, 1), round(interval.high, 1)] if interval else None,
    }


def trend(one: Trend, *, counted: bool) -> Shape:
    """A trend, and whether earlier responses are counted in it."""
    filter_ = {name: list(values) for name, values in one.filter.items()}
    return {"id": one.id, "name": one.name, "filter": filter_, "counted": counted}


def suppressed(one: Person, at: int, name: str) -> Shape:
    """A person who gets no more survey mail; `name` is unsubscribed_at or bounced_at."""
    return {"person_id": one.id, "email": one.email or None, "name": one.name or None, name: at}


def case(one: Case) -> Shape:
    """A case."""
    return {
        "id": one.id,
        "state": one.state.value,
        "account_id": one.account_id or None,
        "account_name": one.account_name or None,
        "person_id": one.person,
        "owner": {"email": one.owner_email, "name": one.owner_name or None},
        "opened_at": one.opened_at,
        "due_at": one.due_at,
        "contacted_at": one.contacted_at or None,
        "contacted_how": one.contacted_how or None,
        "resolved_at": one.resolved_at or None,
        "root_cause": one.root_cause or None,
        "recovered_at": one.recovered_at or None,
        "responses": list(one.responses),
        "response_count": one.answers,
        "history": [{"at": e.at, "what": e.what, "text": e.text, "by": e.by or None} for e in one.history],
    }


def report(item: Mapping[str, Any]) -> Shape:
    """A report of a month."""
    return {
        "month": item["sk"],
        "state": item["state"],
        "requested_at": item.get("requested_at"),
        "built_at": item.get("built_at"),
        "files": item.get("files", {}),
    }
