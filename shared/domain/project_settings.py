"""A project's settings, as a TOML file or a JSON object holds them, checked as a whole."""

from collections.abc import Mapping
from datetime import time
from typing import Any

from shared.domain.locales import TAG
from shared.domain.nps import Category
from shared.domain.project import (
    LANGUAGE_BOUND,
    MAX_DIMENSIONS,
    Autopilot,
    Brand,
    BusinessCalendar,
    Contact,
    FollowUpQuestions,
    OptInTerms,
    Project,
    Sender,
    SendWindow,
    Texts,
)
from shared.domain.questions import (
    MAX_OPTION,
    MAX_OPTIONS,
    MAX_QUESTION,
    MAX_QUESTIONS,
    NOT_SAID,
    Option,
    Question,
    QuestionTexts,
    QuestionType,
)
from shared.domain.settings_reader import Reader
from shared.domain.themes import MAX_PHRASE_WORDS, MAX_PHRASES, MAX_THEMES, Theme

MAX_CONTACTS = 200

_QUESTION_ID = r"[a-z0-9](?:[a-z0-9_-]{0,38}[a-z0-9])?"


def parse_project(data: Mapping[str, Any]) -> Project:
    """A project from a table such as a TOML file holds.

    Raises InvalidError naming every field that is missing, unknown or out of its bounds, as `brand.color`.
    """
    reader = Reader(data)
    throttle_days = reader.integer("throttle_days", 30, 7, 365)
    project = Project(
        id=reader.text("id", required=True, pattern=r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?"),
        name=reader.text("name", required=True),
        locale=reader.text("locale", default="en", pattern=r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*"),
        time_zone=reader.zone("time_zone"),
        throttle_days=throttle_days,
        link_days=reader.integer("link_days", 90, 1, 365),
        case_days=reader.integer("case_days", 3, 1, 30),
        partial_hours=reader.integer("partial_hours", 24, 1, 168),
        reminder_days=reader.days("reminder_days", (3, 7)),
        renewal_lead_days=reader.integer("renewal_lead_days", 60, 1, 365),
        thank_promoters=reader.flag("thank_promoters", default=True),
        dimensions=reader.names("dimensions", MAX_DIMENSIONS),
        themes=_themes(reader, "themes"),
        brand=Brand(
            name=reader.text("brand.name", required=True),
            color=reader.text("brand.color", default="#1f5fbf", pattern=r"#[0-9a-fA-F]{6}").lower(),
            logo_url=reader.url("brand.logo_url"),
            postal_address=reader.text("brand.postal_address", lines=True),
            privacy_url=reader.url("brand.privacy_url"),
        ),
        sender=Sender(
            email=reader.address("sender.email"),
            name=reader.text("sender.name", required=True),
            reply_to=reader.address("sender.reply_to", required=False),
        ),
        owner=Contact(
            email=reader.address("owner.email"),
            name=reader.text("owner.name"),
            locale=reader.text("owner.locale"),
        ),
        managers=_contacts(reader, "managers"),
        texts=Texts(**_texts(reader, "texts"), thank_you_link_url=reader.url("texts.thank_you_link_url")),
        texts_by_language={tag: Texts(**_texts(reader, f"texts.{tag}")) for tag in reader.languages("texts")},
        opt_in=OptInTerms(
            enabled=reader.flag("opt_in.enabled", default=False),
            consent=reader.text("opt_in.consent", limit=2000, lines=True),
            consent_by_language={
                tag: reader.text(f"opt_in.{tag}.consent", required=True, limit=2000, lines=True)
                for tag in reader.languages("opt_in")
            },
            hourly_limit=reader.integer("opt_in.hourly_limit", 100, 1, 10_000),
        ),
        follow_up=_follow_up(reader, "follow_up"),
        follow_up_by_language={tag: _follow_up(reader, f"follow_up.{tag}") for tag in reader.languages("follow_up")},
        questions=_questions(reader, "questions"),
        open=reader.flag("open", default=True),
        calendar=BusinessCalendar(
            days=reader.weekdays("calendar.days"),
            start=reader.clock("calendar.start", time(9)),
            end=reader.clock("calendar.end", time(17)),
            country=reader.text("calendar.country", pattern=r"[A-Z]{2}"),
            subdivision=reader.text("calendar.subdivision", pattern=r"[A-Z0-9]{1,3}"),
        ),
        send_window=SendWindow(
            days=reader.weekdays("send_window.days"),
            start=reader.clock("send_window.start", time(9)),
            end=reader.clock("send_window.end", time(17)),
        )
        if "send_window" in data
        else None,
        autopilot=Autopilot(
            active=reader.flag("autopilot.active", default=False),
            frequency_days=reader.integer("autopilot.frequency_days", max(90, throttle_days), 7, 365),
        ),
    )
    if project.autopilot.frequency_days < throttle_days:
        reader.blame("autopilot.frequency_days", f"must not be less than throttle_days ({throttle_days})")
    for name, hours in (("calendar", project.calendar), ("send_window", project.send_window)):
        if hours is not None and hours.start >= hours.end:
            reader.blame(f"{name}.end", f"must be later than {name}.start")
    if project.opt_in.enabled and not project.opt_in.consent:
        reader.blame("opt_in.consent", "can't be blank: who opts in has to know what they agree to")
    reader.finish()
    return project


def _texts(reader: Reader, table: str) -> dict[str, str]:
    """The texts that are bound to a language."""
    limits = {"intro": 300, "thank_you_message": 1000}
    return {
        name: reader.text(f"{table}.{name}", limit=limits.get(name, 150), lines=name in limits)
        for name in LANGUAGE_BOUND
    }


def _follow_up(reader: Reader, table: str) -> FollowUpQuestions:
    names = [one.value for one in Category]
    return FollowUpQuestions(**{name: reader.text(f"{table}.{name}", limit=MAX_QUESTION) for name in names})


def _questions(reader: Reader, name: str) -> tuple[Question, ...]:
    rows = reader.tables(name, MAX_QUESTIONS, "with an id, a type and a text")
    found = [_question(inner) for inner in rows]
    for index, inner in enumerate(rows):
        if found[index].id in {one.id for one in found[:index]}:
            inner.blame("id", "is another question's already")
        reader.take_over(f"{name}.{index}", inner)
    return tuple(found)


def _question(reader: Reader) -> Question:
    """The question that this table describes."""
    kind = reader.choice("type", [one.value for one in QuestionType], required=True)
    question = Question(
        id=reader.text("id", required=True, pattern=_QUESTION_ID),
        type=QuestionType(kind) if kind else QuestionType.FREE_RESPONSE,
        text=reader.text("text", required=True, limit=MAX_QUESTION),
        options=_options(reader, "options"),
        show_for=_categories(reader, "show_for"),
        demographic=reader.flag("demographic", default=False),
        low=reader.integer("low", 1, 0, 1),
        high=reader.integer("high", 5, 2, 10),
        low_label=reader.text("low_label", limit=MAX_OPTION),
        high_label=reader.text("high_label", limit=MAX_OPTION),
        texts_by_language=tuple(_question_texts(reader, tag) for tag in reader.languages()),
    )
    ids = {one.id for one in question.options}
    for texts in question.texts_by_language:
        for index, option in enumerate(texts.options):
            if option.id and option.id not in ids:
                reader.blame(f"{texts.language}.options.{index}.id", "is no option of this question")
    if kind and question.type.has_options != bool(question.options):
        reader.blame("options", "can't be blank" if question.type.has_options else f"are not for a {kind} question")
    if question.demographic and kind and not question.type.has_options:
        reader.blame("demographic", "is for questions with options, to which it adds not saying")
    return question


def _question_texts(reader: Reader, language: str) -> QuestionTexts:
    return QuestionTexts(
        language=language,
        text=reader.text(f"{language}.text", limit=MAX_QUESTION),
        options=_options(reader, f"{language}.options"),
        low_label=reader.text(f"{language}.low_label", limit=MAX_OPTION),
        high_label=reader.text(f"{language}.high_label", limit=MAX_OPTION),
    )


def _options(reader: Reader, name: str) -> tuple[Option, ...]:
    rows = reader.tables(name, MAX_OPTIONS, "with an id and a text")
    found = [
        Option(
            inner.text("id", required=True, pattern=_QUESTION_ID),
            inner.text("text", required=True, limit=MAX_OPTION),
        )
        for inner in rows
    ]
    for index, inner in enumerate(rows):
        if found[index].id == NOT_SAID or found[index].id in {one.id for one in found[:index]}:
            inner.blame("id", "is another option's already")
        reader.take_over(f"{name}.{index}", inner)
    return tuple(found)


def _categories(reader: Reader, name: str) -> tuple[Category, ...]:
    value = reader.value(name)
    if value is None:
        return tuple(Category)
    known = [one.value for one in Category]
    if not isinstance(value, list) or not value or any(one not in known for one in value):
        reader.blame(name, f"must be a list of {', '.join(known)}")
        return tuple(Category)
    return tuple(one for one in Category if one.value in value)


def _contacts(reader: Reader, name: str) -> tuple[Contact, ...]:
    found = []
    for index, inner in enumerate(reader.tables(name, MAX_CONTACTS, "with an email")):
        found.append(Contact(inner.address("email"), inner.text("name"), inner.text("locale")))
        reader.take_over(f"{name}.{index}", inner)
    return tuple(found)


def _themes(reader: Reader, name: str) -> tuple[Theme, ...]:
    found: list[Theme] = []
    for index, inner in enumerate(reader.tables(name, MAX_THEMES, "with a name and phrases")):
        theme = Theme(inner.text("name", required=True, limit=60), _phrases(inner, "phrases"))
        if theme.name in {one.name for one in found}:
            inner.blame("name", "is another theme's already")
        if "#" in theme.name:
            inner.blame("name", "must not contain #")
        found.append(theme)
        reader.take_over(f"{name}.{index}", inner)
    return tuple(found)


def _phrases(reader: Reader, table: str) -> dict[str, tuple[str, ...]]:
    """The phrases of each language; a theme without any takes the default one of its name away."""
    value = reader.value(table)
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(TAG.fullmatch(str(tag)) for tag in value):
        reader.blame(table, "must be a table of languages, each with a list of phrases")
        return {}
    return {str(tag): reader.phrases(f"{table}.{tag}", MAX_PHRASES, MAX_PHRASE_WORDS) for tag in value}
