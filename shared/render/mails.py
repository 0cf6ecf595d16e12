"""The mails that Hearback sends, each as HTML and as a text that works alone."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.domain.cases import Case
from shared.domain.figures import Figures
from shared.domain.opt_ins import OptIn
from shared.domain.people import Person
from shared.domain.project import Contact, Project
from shared.domain.requests import SEND_PROPERTIES, SurveyRequest
from shared.domain.responses import Response
from shared.render import engine, story
from shared.render.color import brand_tones
from shared.render.palette import CATEGORY_WORDS, DARK, FONT, LIGHT
from shared.render.texts import SendTexts, call_to, mail_to, send_texts, web_address
from shared.render.wording import from_whom, link_text, recommendation_question
from shared.render.words import Words, one_line, property_title, words_for

MAX_EARLIER = 5
MAX_FACTS = 12

_SPOKEN_ELSEWHERE = SEND_PROPERTIES | {
    "account_id", "account_name", "owner_email", "owner_name", "renewal_date", "arr", "locale",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Message:
    """A mail's subject (one line, fit for a header), its HTML and its text part."""

    subject: str
    html: str
    text: str


def invitation(
    project: Project, request: SurveyRequest, *, survey_url: str, unsubscribe_url: str, asked_at: int = 0
) -> Message:
    """The mail that asks; each of its eleven buttons opens `survey_url` with `?score=`.

    With `asked_at`, the Unix time of the first mail, it is worded as a reminder.

    Its hidden link (`?trap=1`) is one that no person sees, so whoever opens it is a mail gateway.
    """
    words = words_for(project, request.locale)
    texts = send_texts(project, request.properties, words.locale)
    question = recommendation_question(texts, words)
    return _message(
        "invitation",
        project,
        words,
        subject=texts.subject or question,
        preheader=texts.intro or words.say("One click is enough. It takes ten seconds."),
        texts=texts,
        question=question,
        reminder=words.say(
            "We asked you on %(day)s and would still like to know. This is a reminder; we know you are busy.",
            day=words.day(asked_at),
        )
        if asked_at
        else "",
        survey_url=survey_url,
        unsubscribe_url=unsubscribe_url,
        why=_why_asked(project, texts, words),
        until=words.say("The link in this email works until %(day)s.", day=words.day(request.expires_at))
        if request.expires_at
        else "",
    )


def thanks(
    project: Project,
    response: Response,
    *,
    request: SurveyRequest | None = None,
    unsubscribe_url: str = "",
) -> Message:
    """The mail that thanks a promoter, with the project's button (a review, a reference) if it has one.

    The request's properties hold the words given for this send alone; the response's hold the person's.
    """
    words = words_for(project, response.locale or (request.locale if request else ""))
    properties = {**response.properties, **(request.properties if request else {})}
    texts = send_texts(project, properties, words.locale)
    message = texts.thank_you_message or words.say(
        "You told us that you would recommend %(product)s. That means a lot to the people behind it, and helps them "
        "do more of what works for you.",
        product=texts.product,
    )
    return _message(
        "thanks",
        project,
        words,
        subject=words.say("Thank you from %(brand)s", brand=project.brand.name),
        preheader=message,
        texts=texts,
        heading=words.say("Thank you for your kind answer"),
        message=message,
        link_text=link_text(texts, words),
        unsubscribe_url=unsubscribe_url,
        why=words.say(
            "%(brand)s sends this one email because you answered its survey.",
            brand=project.brand.name,
        ),
    )


def confirmation(project: Project, opt_in: OptIn, *, confirm_url: str) -> Message:
    """The mail that asks whether it was the address's owner who opted in. It repeats nothing that was typed."""
    words = words_for(project, opt_in.locale)
    brand = project.brand.name
    return _message(
        "confirmation",
        project,
        words,
        subject=words.say("Please confirm your address for %(brand)s", brand=brand),
        preheader=words.say("One click, and you are in. If it was not you, do nothing."),
        heading=words.say("Was that you?"),
        message=words.say(
            "Somebody entered this address to get surveys from %(brand)s. "
            "If it was you, this button opens the page where you confirm it.",
            brand=brand,
        ),
        press=words.say("Confirm my address"),
        confirm_url=confirm_url,
        otherwise=words.say(
            "If it was not you, do nothing: no survey will come, and the address is deleted on %(day)s.",
            day=words.day(opt_in.expires_at),
        ),
        why=words.say(
            "Sent by %(sender)s, because this address was entered on its page.", sender=from_whom(project, words)
        ),
    )


def alert(
    project: Project,
    case: Case,
    response: Response,
    *,
    person_name: str,
    person_email: str,
    person_phone: str = "",
    case_url: str,
    history: Sequence[Response] = (),
) -> Message:
    """The mail to a case's owner about a detractor: all that is needed to act at once.

    `history` are earlier responses of the same customer, in any order; this one among them is left out.
    """
    words = words_for(project, project.locale_of(case.owner_email))
    who = person_name or person_email or words.say("the customer")
    where = case.account_name or response.properties.get("account_name", "") or who
    joined = len(case.responses) > 1 and case.responses[0] != response.id
    heading = (
        words.say("Another detractor at %(where)s", where=where)
        if joined
        else words.say("A detractor at %(where)s", where=where)
    )
    if where == who:
        heading = words.say("%(who)s is a detractor", who=who)
    due = words.deadline(case.due_at)
    earlier = sorted((one for one in history if one.id != response.id), key=lambda one: -one.created_at)
    return _message(
        "alert",
        project,
        words,
        subject=words.say(
            "%(heading)s: %(score)d of 10, contact by %(due)s",
            heading=one_line(heading, 110),
            score=response.score,
            due=due,
        ),
        preheader=response.comment or words.say("They left no comment. Ask what happened."),
        response=response,
        category_word=words.say(CATEGORY_WORDS[response.category]),
        heading=heading,
        deadline=words.say("Contact %(who)s by %(due)s (%(zone)s)", who=who, due=due, zone=project.time_zone),
        case_url=case_url,
        steps=_steps(words, joined=joined),
        person_name=person_name,
        person_email=person_email,
        mailto=mail_to(person_email),
        person_phone=person_phone,
        telephone=call_to(person_phone),
        facts=_facts(case, response, words),
        earlier=earlier[:MAX_EARLIER],
        why=words.say(
            "Hearback sends this to %(owner)s, who looks after this customer. "
            "The links open the case without a login: do not forward them outside the company.",
            owner=case.owner_name or case.owner_email,
        ),
    )


def bounce_notice(project: Project, person: Person, owner: Contact) -> Message:
    """The mail to a person's owner about an address that takes no mail: who, where, by when, and what to do."""
    words = words_for(project, project.locale_of(owner.email))
    who = person.name or person.email
    account = person.properties.get("account_name", "") or person.properties.get("account_id", "")
    heading = words.say("Emails to %(who)s do not arrive", who=one_line(who, 110))
    return _message(
        "bounce_notice",
        project,
        words,
        subject=words.say("%(heading)s: please correct the address", heading=heading),
        preheader=words.say("%(address)s accepts no email. No more surveys go there.", address=person.email),
        heading=heading,
        address=person.email,
        message=words.say(
            "The mail server of this address refused an email from %(brand)s for good on %(day)s: there is no such "
            "mailbox, or it accepts no email. Hearback sends no more surveys there.",
            brand=project.brand.name,
            day=words.day(person.bounced_at),
        ),
        facts=_known(
            (words.say("Person"), person.name),
            (words.say("Account"), account),
            (words.say("Renewal"), words.given_day(person.properties.get("renewal_date", ""))),
        ),
        steps=[
            words.say("Ask for the right address: call, or write to a colleague of theirs."),
            words.say("Correct it in the system that your surveys start from, so that the next one goes there."),
            words.say("If they have left, find out who decides now, and have that person surveyed in their place."),
        ],
        call=f"POST people\nemail={person.email}\nemail_update=…",
        why=words.say(
            "Hearback sends this to %(owner)s, who looks after this customer.", owner=owner.name or owner.email
        ),
    )


def report_summary(
    project: Project, figures: Figures, *, report_url: str, recipient_name: str, recipient_locale: str = ""
) -> Message:
    """The monthly mail: the essentials in it, and a link to the whole report."""
    words = words_for(project, recipient_locale)
    month = words.month(figures["month"])
    brief = story.in_brief(figures, words)
    sentences = story.sentences(figures, words)
    return _message(
        "report",
        project,
        words,
        subject=words.say("%(name)s NPS, %(month)s: %(brief)s", name=figures["project_name"], month=month, brief=brief),
        preheader=sentences[-1] if figures["score"] is not None else sentences[0],
        figures=figures,
        opening=_opening(figures, recipient_name, words),
        story=sentences,
        groups=story.groups(figures, words),
        funnel=_funnel(figures, words),
        loop_figures=_loop(figures, words),
        loop_warning=story.overdue_sentence(figures["cases"], words),
        segments=story.extremes(figures),
        at_risk=_at_risk(figures, words),
        report_url=report_url,
        why=words.say(
            "You get this because you are a recipient of the monthly report of %(name)s. "
            "Its link works for a year and opens without a login.",
            name=figures["project_name"],
        ),
    )


def _message(
    template: str, project: Project, words: Words, *, subject: str, preheader: str, **values: object
) -> Message:
    values |= {
        "project": project,
        "words": words,
        "subject": one_line(subject),
        "privacy_url": web_address(project.brand.privacy_url),
    }
    return Message(
        subject=one_line(subject),
        html=engine.render(
            f"mails/{template}.html",
            locale=words.locale,
            preheader=one_line(preheader, 140),
            light=LIGHT,
            dark=DARK,
            tones=brand_tones(project.brand.color),
            fonts=FONT,
            **values,
        ),
        text=engine.render(f"mails/{template}.txt", locale=words.locale, **values),
    )


def _why_asked(project: Project, texts: SendTexts, words: Words) -> str:
    return words.say(
        "Sent by %(sender)s, because you use or know %(product)s. Your answer goes to them.",
        sender=from_whom(project, words),
        product=texts.product,
    )


def _steps(words: Words, *, joined: bool) -> list[str]:
    first = words.say("Call or write today if you can. Ask what happened, listen, do not defend.")
    if joined:
        first = words.say("One conversation for both answers: the earlier due time still holds.") + " " + first
    return [
        first,
        words.say("Open the case and say how you made contact. That stops the clock."),
        words.say("When it is settled, resolve the case with its root cause, so that it shows up in the report."),
    ]


def _facts(case: Case, response: Response, words: Words) -> list[tuple[str, str]]:
    given = response.properties
    known = [
        (words.say("Account"), case.account_name or given.get("account_name", "") or case.account_id),
        (words.say("Renewal"), words.given_day(given.get("renewal_date", ""))),
        (words.say("Yearly revenue"), words.amount(given.get("arr", ""))),
        (words.say("Answered"), words.moment(response.created_at)),
    ]
    rest = [(property_title(name), value) for name, value in sorted(given.items()) if name not in _SPOKEN_ELSEWHERE]
    return _known(*known, *rest[:MAX_FACTS])


def _known(*facts: tuple[str, str]) -> list[tuple[str, str]]:
    return [(name, one_line(value)) for name, value in facts if value.strip()]


def _opening(figures: Figures, recipient: str, words: Words) -> str:
    values = {"month": words.month(figures["month"]), "name": figures["project_name"]}
    opening = words.say("%(month)s for %(name)s", **values)
    if recipient.strip():
        opening = words.say(
            "Hello %(recipient)s, here is %(month)s for %(name)s", recipient=one_line(recipient, 80), **values
        )
    return (
        words.say("%(opening)s. The month is not over yet.", opening=opening)
        if figures["preliminary"]
        else f"{opening}."
    )


def _funnel(figures: Figures, words: Words) -> list[tuple[str, str]]:
    funnel = figures["funnel"]
    answered = words.say("answered")
    if funnel["delivered"]:
        share = words.share(funnel["answered"], funnel["delivered"])
        answered = words.say("answered (%(share)s of those delivered)", share=share)
    return [
        (words.number(funnel["sent"]), words.say("sent")),
        (words.number(funnel["delivered"]), words.say("delivered")),
        (words.number(funnel["answered"]), answered),
    ]


def _loop(figures: Figures, words: Words) -> list[tuple[str, str]]:
    cases = figures["cases"]
    in_time = words.say("contacted in time")
    if cases["contacted"]:
        in_time = words.say("contacted in time, of %(n)s contacted", n=words.number(cases["contacted"]))
    return [
        (words.number(cases["opened"]), words.say("cases opened")),
        (words.number(cases["contacted_in_time"]), in_time),
        (words.number(cases["open"]), words.say("open now")),
    ]


def _at_risk(figures: Figures, words: Words) -> str:
    accounts = figures["accounts_at_risk"]
    if not accounts:
        return ""
    names = [one_line(account["account_name"] or account["account_id"], 60) for account in accounts[:3]]
    if len(accounts) > len(names):
        names.append(words.say_many("%(n)s more", "%(n)s more", len(accounts) - len(names)))
    return words.say(
        "%(names)s: unhappy, and up for renewal within 90 days. The report has the dates and the owners.",
        names=words.listing(names),
    )
