"""The page of a case: what the customer said, what has been done, and the forms for what comes next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.domain.cases import CONTACT_WAYS, MOVES, Case, CaseState, Event
from shared.domain.people import Person
from shared.domain.project import Project
from shared.domain.requests import SEND_PROPERTIES
from shared.domain.responses import Response
from shared.render.frame import render_page
from shared.render.palette import CATEGORY_IN_TEXT
from shared.render.texts import call_to, mail_to
from shared.render.words import Words, msgid, property_title, words_for

USUAL_CAUSES = (
    msgid("Missing feature"),
    msgid("Bug or defect"),
    msgid("Usability"),
    msgid("Speed or reliability"),
    msgid("Support experience"),
    msgid("Onboarding or training"),
    msgid("Price or contract"),
    msgid("Change announced badly"),
    msgid("No longer the right fit"),
)

_STATES = {
    CaseState.OPEN: msgid("Open"),
    CaseState.CONTACTED: msgid("Contacted"),
    CaseState.RESOLVED: msgid("Resolved"),
}
_WAYS = {"call": msgid("Call"), "mail": msgid("Email"), "meeting": msgid("Meeting"), "other": msgid("Other")}
_CONTACTED_BY = {
    "call": msgid("Contacted by phone"),
    "mail": msgid("Contacted by email"),
    "meeting": msgid("Met in person or online"),
    "other": msgid("Contacted"),
}
_SAVED = {
    "contacted": msgid("Saved. The clock has stopped; resolve the case when it is settled."),
    "resolve": msgid("Saved. The case is resolved. Thank you for closing the loop."),
    "resolved": msgid("Saved. The case is resolved. Thank you for closing the loop."),
    "note": msgid("Your note is saved."),
}
_MISSING = {
    "how": msgid("Please say how you made contact."),
    "note": msgid("Please write a note."),
    "root_cause": msgid("Please name the root cause."),
}
_TOO_LONG = {
    "note": msgid("The note is too long: at most 2,000 characters fit."),
    "root_cause": msgid("The root cause is too long: at most 200 characters fit."),
}
_KNOWN = SEND_PROPERTIES | {"account_id", "account_name", "renewal_date", "arr", "locale"}


@dataclass(frozen=True, slots=True)
class _Clock:
    look: str
    text: str


@dataclass(frozen=True, slots=True)
class _Answer:
    category: str
    chip: str
    meta: str
    comment: str
    silence: str


@dataclass(frozen=True, slots=True)
class _Line:
    what: str
    text: str
    when: str


def case(
    project: Project,
    case: Case,
    responses: Sequence[Response],
    *,
    person: Person | None,
    errors: Mapping[str, Sequence[str]],
    saved: str,
    now: int = 0,
    action: str = "",
    typed: Mapping[str, str] | None = None,
) -> str:
    """The owner's desk for one case.

    Its forms post `action` (contacted, resolve or note), `rev`, and `how`, `note` or `root_cause` to the page's
    own address; only moves that the case's state allows are offered. `saved` names the action that has
    just been saved. After a refusal `errors`, `action` and `typed` bring back the form as it was sent.
    With `now` the due clock also says how long is left.
    """
    words = words_for(project, project.locale_of(case.owner_email))
    forms = _forms(case)
    latest = max(responses, key=lambda one: one.created_at, default=None)
    where = case.account_name or (person.name or person.handle if person else "") or words.say("a customer")
    shown = action or ("contacted" if "contacted" in forms else "resolve")
    return render_page(
        "case",
        project,
        words,
        title=words.say("Case: %(where)s", where=where),
        case=case,
        state=words.say(_STATES[case.state]),
        recovered=words.say("Recovered") if case.recovered_at else "",
        clock=_clock(case, project, words, now),
        alert=_alert(errors, action, words),
        saved=words.say(_SAVED.get(saved, _SAVED["note"])) if saved else "",
        forms=forms,
        shown=shown,
        action=action,
        errors={field: _sentence(field, errors, words) for field in _MISSING},
        typed={field: (typed or {}).get(field, "") for field in _MISSING},
        ways=[(way, words.say(_WAYS[way])) for way in CONTACT_WAYS],
        causes=[words.say(cause) for cause in USUAL_CAUSES],
        said=words.say_many("What they said", "What they said (%(n)s answers)", len(responses) + case.left_out),
        answers=[_answer(one, person, words) for one in sorted(responses, key=lambda one: -one.created_at)],
        facts=_facts(case, person, latest, words),
        email=person.email if person else "",
        mail_to=mail_to(person.email) if person else "",
        phone=person.phone_number if person else "",
        call_to=call_to(person.phone_number) if person else "",
        history=[_line(event, case, words) for event in reversed(case.history)],
        times=words.say("Times are those of %(zone)s.", zone=project.time_zone),
    )


def _forms(case: Case) -> list[str]:
    allowed = MOVES[case.state]
    forms = {"contacted": CaseState.CONTACTED in allowed, "resolve": CaseState.RESOLVED in allowed}
    return [*(form for form, offered in forms.items() if offered), "note"]


def _clock(case: Case, project: Project, words: Words, now: int) -> _Clock:
    due = f"{words.deadline(case.due_at)} ({project.time_zone})"
    if case.state is CaseState.RESOLVED:
        return _Clock(
            "still",
            words.say("Resolved on %(when)s: %(cause)s", when=words.moment(case.resolved_at), cause=case.root_cause),
        )
    if case.contacted_at:
        if case.contacted_at <= case.due_at:
            return _Clock("still", words.say("Contacted in time, on %(when)s.", when=words.moment(case.contacted_at)))
        late = words.span(case.contacted_at - case.due_at)
        return _Clock(
            "still",
            words.say("Contacted %(late)s late, on %(when)s.", late=late, when=words.moment(case.contacted_at)),
        )
    if not now:
        return _Clock("running", words.say("Contact the customer by %(due)s.", due=due))
    if now > case.due_at:
        late = words.span(now - case.due_at)
        return _Clock("late", words.say("Overdue by %(late)s: it was due %(due)s.", late=late, due=due))
    left = words.span(case.due_at - now)
    return _Clock("running", words.say("Contact the customer by %(due)s. %(left)s left.", due=due, left=left))


def _alert(errors: Mapping[str, Sequence[str]], action: str, words: Words) -> str:
    if not errors:
        return ""
    if action and set(errors) <= set(_MISSING):
        return words.say("Not saved yet: please look at what is marked below.")
    return words.say("Not saved: %(why)s", why=" ".join(_sentence(field, errors, words) for field in errors))


def _sentence(field: str, errors: Mapping[str, Sequence[str]], words: Words) -> str:
    if field not in errors:
        return ""
    told = ", ".join(errors[field])
    if field not in _MISSING:
        return f"{told}."
    wrong = _TOO_LONG if "too long" in told else _MISSING
    return words.say(wrong[field])


def _answer(response: Response, person: Person | None, words: Words) -> _Answer:
    who = person.name or person.handle if person and person.id == response.person else words.say("Someone else there")
    when = words.moment(response.created_at)
    return _Answer(
        category=response.category.value,
        chip=words.say(
            "%(score)d of 10, %(category)s",
            score=response.score,
            category=words.say(CATEGORY_IN_TEXT[response.category]),
        ),
        meta=" · ".join(part for part in ("" if response.erased else who, when) if part),
        comment=response.comment,
        silence=words.say("Erased at the person's request.") if response.erased else words.say("They left no comment."),
    )


def _facts(case: Case, person: Person | None, latest: Response | None, words: Words) -> list[tuple[str, str]]:
    given = {**(person.properties if person else {}), **(latest.properties if latest else {})}
    owner = case.owner_name or case.owner_email
    facts = [
        (words.say("Person"), person.name if person else ""),
        (words.say("Account"), case.account_name or given.get("account_name", "") or case.account_id),
        (words.say("Renewal"), words.given_day(given.get("renewal_date", ""))),
        (words.say("Yearly revenue"), words.amount(given.get("arr", ""))),
        (words.say("Owner"), owner),
    ]
    hidden = _KNOWN | {"owner_email", "owner_name"}
    rest = [(property_title(name), value) for name, value in sorted(given.items()) if name not in hidden]
    return [(name, value) for name, value in [*facts, *rest] if value.strip()]


def _line(event: Event, case: Case, words: Words) -> _Line:
    what, text = _told(event, case, words)
    when = words.moment(event.at)
    return _Line(what, text, words.say("%(when)s, %(by)s", when=when, by=event.by) if event.by else when)


def _told(event: Event, case: Case, words: Words) -> tuple[str, str]:
    match event.what:
        case "opened":
            return words.say("Case opened: a score of %(score)s", score=event.text), ""
        case "joined":
            return words.say(
                "Another detractor joined, with a score of %(score)s; the due time holds", score=event.text
            ), ""
        case "recovered":
            return words.say("Recovered: answered again, with a score of %(score)s", score=event.text), ""
        case "relapsed":
            return words.say("Changed again, to a score of %(score)s", score=event.text), ""
        case "contacted":
            how, _, note = event.text.partition(": ")
            return words.say(_CONTACTED_BY.get(how, _CONTACTED_BY["other"])), note
        case "resolved":
            note = event.text.removeprefix(f"{case.root_cause}: ")
            return words.say("Resolved: %(cause)s", cause=case.root_cause), note
        case "noted":
            return words.say("Note"), event.text
        case _:
            return event.what.replace("_", " ").capitalize(), event.text
