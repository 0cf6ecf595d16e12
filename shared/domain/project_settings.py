"""A project's settings, as a TOML file or a JSON object holds them, checked as a whole."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from shared.domain.errors import InvalidError
from shared.domain.locales import TAG
from shared.domain.nps import Category
from shared.domain.people import address_problem
from shared.domain.project import (
    IDENTIFYING,
    LANGUAGE_BOUND,
    MAX_DIMENSIONS,
    MAX_REMINDERS,
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
    QuestionType,
)

MAX_CONTACTS = 200

_QUESTION_ID = r"[a-z0-9](?:[a-z0-9_-]{0,38}[a-z0-9])?"


def parse_project(data: Mapping[str, Any]) -> Project:
    """A project from a table such as a TOML file holds.

    Raises InvalidError naming every field that is missing, unknown or out of its bounds, as `brand.color`.
    """
    reader = _Reader(data)
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
        managers=reader.contacts("managers"),
        texts=Texts(**reader.texts("texts"), thank_you_link_url=reader.url("texts.thank_you_link_url")),
        texts_by_language={tag: Texts(**reader.texts(f"texts.{tag}")) for tag in reader.languages("texts")},
        opt_in=OptInTerms(
            enabled=reader.flag("opt_in.enabled", default=False),
            consent=reader.text("opt_in.consent", limit=2000, lines=True),
            consent_by_language={
                tag: reader.text(f"opt_in.{tag}.consent", required=True, limit=2000, lines=True)
                for tag in reader.languages("opt_in")
            },
            hourly_limit=reader.integer("opt_in.hourly_limit", 100, 1, 10_000),
        ),
        follow_up=reader.follow_up("follow_up"),
        follow_up_by_language={tag: reader.follow_up(f"follow_up.{tag}") for tag in reader.languages("follow_up")},
        questions=reader.questions("questions"),
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


@dataclass(slots=True)
class _Reader:
    """Reads named fields out of nested tables and gathers what is wrong instead of stopping at the first."""

    data: Mapping[str, Any]
    problems: dict[str, list[str]] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)

    def blame(self, name: str, why: str) -> None:
        self.problems.setdefault(name, []).append(why)

    def finish(self) -> None:
        for name in _leaves(self.data):
            if name not in self.seen:
                self.blame(name, "is not a setting of a project")
        if self.problems:
            raise InvalidError(self.problems)

    def text(
        self,
        name: str,
        *,
        default: str = "",
        required: bool = False,
        pattern: str = "",
        limit: int = 200,
        lines: bool = False,
    ) -> str:
        value = self._value(name)
        if isinstance(value, str):
            value = value.strip()
        if value is None or value == "":
            if required:
                self.blame(name, "can't be blank")
            return default
        if not isinstance(value, str):
            self.blame(name, "must be text")
        elif len(value) > limit:
            self.blame(name, f"is too long (at most {limit} characters)")
        elif any(ord(c) < 32 and not (lines and c == "\n") for c in value):
            self.blame(name, "has a control character")
        elif pattern and not re.fullmatch(pattern, value):
            self.blame(name, f"must match {pattern}")
        else:
            return value
        return default

    def texts(self, table: str) -> dict[str, str]:
        """The texts that are bound to a language."""
        limits = {"intro": 300, "thank_you_message": 1000}
        return {
            name: self.text(f"{table}.{name}", limit=limits.get(name, 150), lines=name in limits)
            for name in LANGUAGE_BOUND
        }

    def languages(self, table: str) -> list[str]:
        """The tables inside a table of texts, one for each further language."""
        value = self._value(table)
        inner = (
            [tag for tag, texts in value.items() if isinstance(texts, Mapping)] if isinstance(value, Mapping) else []
        )
        for tag in inner:
            if not TAG.fullmatch(tag):
                self.blame(f"{table}.{tag}", "is not a language such as es or pt-BR")
        return [tag for tag in inner if TAG.fullmatch(tag)]

    def address(self, name: str, *, required: bool = True) -> str:
        value = self.text(name, required=required, limit=254)
        if value and (problem := address_problem(value)):
            self.blame(name, problem)
        return value

    def url(self, name: str) -> str:
        return self.text(name, pattern=r"https://[^\s\"'<>]+", limit=2000)

    def zone(self, name: str) -> str:
        value = self.text(name, default="UTC")
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            self.blame(name, "is not a time zone such as Europe/Berlin")
            return "UTC"
        return value

    def integer(self, name: str, default: int, low: int, high: int) -> int:
        value = self._value(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.blame(name, f"must be a whole number from {low} to {high}")
            return default
        return value

    def flag(self, name: str, *, default: bool) -> bool:
        value = self._value(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.blame(name, "must be true or false")
            return default
        return value

    def names(self, name: str, limit: int) -> tuple[str, ...]:
        value = self._value(name)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(v, str) and 0 < len(v) <= 100 for v in value):
            self.blame(name, "must be a list of property names")
            return ()
        if any("#" in v for v in value):
            self.blame(name, "must not contain #")
        if named := sorted(IDENTIFYING & set(value)):
            self.blame(name, f"must not count by {', '.join(named)}: that names people and accounts, not segments")
        if len(value) > limit:
            self.blame(name, f"may have at most {limit} entries")
        if len(set(value)) < len(value):
            self.blame(name, "names a property twice")
        return tuple(value)

    def days(self, name: str, default: tuple[int, ...]) -> tuple[int, ...]:
        value = self._value(name)
        if value is None:
            return default
        whole = isinstance(value, list) and all(type(day) is int and 1 <= day <= 89 for day in value)
        if not whole or value != sorted(set(value)) or len(value) > MAX_REMINDERS:
            self.blame(name, f"must be at most {MAX_REMINDERS} whole numbers from 1 to 89, each larger than the last")
            return default
        return tuple(value)

    def weekdays(self, name: str) -> tuple[int, ...]:
        value = self._value(name)
        if value is None:
            return (1, 2, 3, 4, 5)
        if not isinstance(value, list) or not value or any(day not in range(1, 8) for day in value):
            self.blame(name, "must be a list of weekdays, 1 (Monday) to 7 (Sunday)")
            return (1, 2, 3, 4, 5)
        return tuple(sorted(set(value)))

    def clock(self, name: str, default: time) -> time:
        value = self._value(name)
        if value is None:
            return default
        if isinstance(value, time):
            return value
        try:
            return time.fromisoformat(value)
        except (ValueError, TypeError):
            self.blame(name, "must be a time such as 09:00")
            return default

    def follow_up(self, table: str) -> FollowUpQuestions:
        names = [one.value for one in Category]
        return FollowUpQuestions(**{name: self.text(f"{table}.{name}", limit=MAX_QUESTION) for name in names})

    def questions(self, name: str) -> tuple[Question, ...]:
        rows = self.tables(name, MAX_QUESTIONS, "with an id, a type and a text")
        found = [inner.question() for inner in rows]
        for index, inner in enumerate(rows):
            if found[index].id in {one.id for one in found[:index]}:
                inner.blame("id", "is another question's already")
            self.take_over(f"{name}.{index}", inner)
        return tuple(found)

    def question(self) -> Question:
        """The question that this table describes."""
        kind = self.choice("type", [one.value for one in QuestionType], required=True)
        question = Question(
            id=self.text("id", required=True, pattern=_QUESTION_ID),
            type=QuestionType(kind) if kind else QuestionType.FREE_RESPONSE,
            text=self.text("text", required=True, limit=MAX_QUESTION),
            options=self.options("options"),
            show_for=self.categories("show_for"),
            demographic=self.flag("demographic", default=False),
            low=self.integer("low", 1, 0, 1),
            high=self.integer("high", 5, 2, 10),
            low_label=self.text("low_label", limit=MAX_OPTION),
            high_label=self.text("high_label", limit=MAX_OPTION),
        )
        if kind and question.type.has_options != bool(question.options):
            self.blame("options", "can't be blank" if question.type.has_options else f"are not for a {kind} question")
        if question.demographic and kind and not question.type.has_options:
            self.blame("demographic", "is for questions with options, to which it adds not saying")
        return question

    def options(self, name: str) -> tuple[Option, ...]:
        rows = self.tables(name, MAX_OPTIONS, "with an id and a text")
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
            self.take_over(f"{name}.{index}", inner)
        return tuple(found)

    def categories(self, name: str) -> tuple[Category, ...]:
        value = self._value(name)
        if value is None:
            return tuple(Category)
        known = [one.value for one in Category]
        if not isinstance(value, list) or not value or any(one not in known for one in value):
            self.blame(name, f"must be a list of {', '.join(known)}")
            return tuple(Category)
        return tuple(one for one in Category if one.value in value)

    def choice(self, name: str, allowed: list[str], *, required: bool = False) -> str:
        value = self.text(name, required=required)
        if value and value not in allowed:
            self.blame(name, f"must be one of {', '.join(allowed)}")
            return ""
        return value

    def tables(self, name: str, most: int, with_what: str) -> list["_Reader"]:
        """A reader for each table of a list."""
        value = self._value(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(row, Mapping) for row in value):
            self.blame(name, f"must be a list of tables {with_what}")
            return []
        if len(value) > most:
            self.blame(name, f"may have at most {most} entries")
        return [_Reader(row) for row in value[:most]]

    def take_over(self, prefix: str, inner: "_Reader") -> None:
        """What is wrong with a table inside this one."""
        try:
            inner.finish()
        except InvalidError as error:
            for key, why in error.fields.items():
                self.problems.setdefault(f"{prefix}.{key}", []).extend(why)

    def contacts(self, name: str) -> tuple[Contact, ...]:
        found = []
        for index, inner in enumerate(self.tables(name, MAX_CONTACTS, "with an email")):
            found.append(Contact(inner.address("email"), inner.text("name"), inner.text("locale")))
            self.take_over(f"{name}.{index}", inner)
        return tuple(found)

    def _value(self, name: str) -> Any:
        self.seen.add(name)
        value: Any = self.data
        for part in name.split("."):
            if not isinstance(value, Mapping):
                return None
            value = value.get(part)
        return value


def _leaves(data: Mapping[str, Any], prefix: str = "") -> list[str]:
    names: list[str] = []
    for key, value in data.items():
        names += _leaves(value, f"{prefix}{key}.") if isinstance(value, Mapping) else [f"{prefix}{key}"]
    return names
