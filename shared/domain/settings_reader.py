"""Settings read field by field, every fault named."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from shared.domain.errors import InvalidError
from shared.domain.locales import TAG
from shared.domain.people import address_problem
from shared.domain.project import IDENTIFYING, MAX_REMINDERS
from shared.domain.themes import THEME


@dataclass(slots=True)
class Reader:
    """Reads named fields out of nested tables and gathers what is wrong instead of stopping at the first."""

    data: Mapping[str, Any]
    problems: dict[str, list[str]] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)

    def blame(self, name: str, why: str) -> None:
        """Notes what is wrong with a field."""
        self.problems.setdefault(name, []).append(why)

    def finish(self) -> None:
        """Raises InvalidError naming every field that is wrong, and every one that nobody asked for."""
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
        """Text without control characters, within its limit; with `lines` it may have several."""
        value = self.value(name)
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

    def languages(self, table: str = "") -> list[str]:
        """The tables inside a table of texts, one for each further language; without a name, inside all there is."""
        value = self.value(table) if table else self.data
        inner = (
            [tag for tag, texts in value.items() if isinstance(texts, Mapping)] if isinstance(value, Mapping) else []
        )
        for tag in inner:
            if not TAG.fullmatch(tag):
                self.blame(f"{table}.{tag}".lstrip("."), "is not a language such as es or pt-BR")
        return [tag for tag in inner if TAG.fullmatch(tag)]

    def address(self, name: str, *, required: bool = True) -> str:
        """A mail address."""
        value = self.text(name, required=required, limit=254)
        if value and (problem := address_problem(value)):
            self.blame(name, problem)
        return value

    def url(self, name: str) -> str:
        """An address on the web, by https."""
        return self.text(name, pattern=r"https://[^\s\"'<>]+", limit=2000)

    def zone(self, name: str) -> str:
        """The name of a time zone."""
        value = self.text(name, default="UTC")
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            self.blame(name, "is not a time zone such as Europe/Berlin")
            return "UTC"
        return value

    def integer(self, name: str, default: int, low: int, high: int) -> int:
        """A whole number in its bounds."""
        value = self.value(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.blame(name, f"must be a whole number from {low} to {high}")
            return default
        return value

    def flag(self, name: str, *, default: bool) -> bool:
        """True or false."""
        value = self.value(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.blame(name, "must be true or false")
            return default
        return value

    def names(self, name: str, limit: int) -> tuple[str, ...]:
        """Names of properties to count by."""
        value = self.value(name)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(v, str) and 0 < len(v) <= 100 for v in value):
            self.blame(name, "must be a list of property names")
            return ()
        if any("#" in v for v in value):
            self.blame(name, "must not contain #")
        if named := sorted(IDENTIFYING & set(value)):
            self.blame(name, f"must not count by {', '.join(named)}: that names people and accounts, not segments")
        if THEME in value:
            self.blame(name, f"must not name {THEME}: comments are counted by their themes anyway")
        if len(value) > limit:
            self.blame(name, f"may have at most {limit} entries")
        if len(set(value)) < len(value):
            self.blame(name, "names a property twice")
        return tuple(value)

    def phrases(self, name: str, limit: int, words: int) -> tuple[str, ...]:
        """Phrases of a few words each."""
        value = self.value(name)
        if not isinstance(value, list) or not all(isinstance(one, str) and any(map(str.isalpha, one)) for one in value):
            self.blame(name, "must be a list of phrases")
            return ()
        if len(value) > limit:
            self.blame(name, f"may have at most {limit} entries")
        if any(len(one) > 100 or len(one.split()) > words for one in value):
            self.blame(name, f"has a phrase of more than {words} words or 100 characters")
        return tuple(value[:limit])

    def days(self, name: str, default: tuple[int, ...]) -> tuple[int, ...]:
        """Days after a first one, each later than the last."""
        value = self.value(name)
        if value is None:
            return default
        whole = isinstance(value, list) and all(type(day) is int and 1 <= day <= 89 for day in value)
        if not whole or value != sorted(set(value)) or len(value) > MAX_REMINDERS:
            self.blame(name, f"must be at most {MAX_REMINDERS} whole numbers from 1 to 89, each larger than the last")
            return default
        return tuple(value)

    def weekdays(self, name: str) -> tuple[int, ...]:
        """ISO weekdays in order; Monday to Friday when none is given."""
        value = self.value(name)
        if value is None:
            return (1, 2, 3, 4, 5)
        if not isinstance(value, list) or not value or any(day not in range(1, 8) for day in value):
            self.blame(name, "must be a list of weekdays, 1 (Monday) to 7 (Sunday)")
            return (1, 2, 3, 4, 5)
        return tuple(sorted(set(value)))

    def clock(self, name: str, default: time) -> time:
        """A time of day."""
        value = self.value(name)
        if value is None:
            return default
        if isinstance(value, time):
            return value
        try:
            return time.fromisoformat(value)
        except (ValueError, TypeError):
            self.blame(name, "must be a time such as 09:00")
            return default

    def choice(self, name: str, allowed: list[str], *, required: bool = False) -> str:
        """One of some words, or an empty text."""
        value = self.text(name, required=required)
        if value and value not in allowed:
            self.blame(name, f"must be one of {', '.join(allowed)}")
            return ""
        return value

    def tables(self, name: str, most: int, with_what: str) -> list["Reader"]:
        """A reader for each table of a list."""
        value = self.value(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(row, Mapping) for row in value):
            self.blame(name, f"must be a list of tables {with_what}")
            return []
        if len(value) > most:
            self.blame(name, f"may have at most {most} entries")
        return [Reader(row) for row in value[:most]]

    def take_over(self, prefix: str, inner: "Reader") -> None:
        """What is wrong with a table inside this one."""
        try:
            inner.finish()
        except InvalidError as error:
            for key, why in error.fields.items():
                self.problems.setdefault(f"{prefix}.{key}", []).extend(why)

    def value(self, name: str) -> Any:
        """What stands under a name such as `brand.color`, as it is, or None."""
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
