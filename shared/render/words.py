"""How dates, numbers and foreign text are put into words, in one place for every mail, page and report."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from shared.domain.locales import NO_PREFERENCE, Preference
from shared.domain.project import Project
from shared.render.languages import chosen, direction, spoken, translations

MINUS = "\N{MINUS SIGN}"
_LEFT_TO_RIGHT = "\N{LEFT-TO-RIGHT MARK}"


def msgid(text: str) -> str:
    """The text as it stands; marks a message that is said later, so that the catalogues come to know it."""
    return text


_MONTHS = (
    msgid("January"), msgid("February"), msgid("March"), msgid("April"), msgid("May"), msgid("June"), msgid("July"),
    msgid("August"), msgid("September"), msgid("October"), msgid("November"), msgid("December"),
)  # fmt: skip
_SHORT_MONTHS = (
    msgid("Jan"), msgid("Feb"), msgid("Mar"), msgid("Apr"), msgid("May"), msgid("Jun"), msgid("Jul"), msgid("Aug"),
    msgid("Sep"), msgid("Oct"), msgid("Nov"), msgid("Dec"),
)  # fmt: skip
_WEEKDAYS = (
    msgid("Monday"), msgid("Tuesday"), msgid("Wednesday"), msgid("Thursday"), msgid("Friday"), msgid("Saturday"),
    msgid("Sunday"),
)  # fmt: skip

# What splits a header or turns the reading direction of what follows: never in a subject.
_TURNING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def words_for(project: Project, own: str = "", preference: Preference = NO_PREFERENCE) -> "Words":
    """The words for a person whose own locale is `own`, else the project's; `preference` is what a request asks for."""
    return Words(chosen(project.locale, own, preference), project.zone)


@dataclass(frozen=True, slots=True)
class Words:
    """A reader's language and the time zone in which times are told."""

    locale: str
    zone: tzinfo

    def say(self, message: str, **values: object) -> str:
        """A message in the reader's language, with `%(name)s` replaced."""
        text = translations(self.locale).gettext(message)
        return text % values if values else text

    def say_many(self, singular: str, plural: str, n: int) -> str:
        """A message about a number of things, with `%(n)s` replaced by the number."""
        return translations(self.locale).ngettext(singular, plural, n) % {"n": self.number(n)}

    def day(self, at: int) -> str:
        """A Unix time as `25 November 2026`."""
        return self._day(self._local(at).date())

    def given_day(self, text: str) -> str:
        """An ISO date as `25 November 2026`; anything else as it stands."""
        try:
            return self._day(date.fromisoformat(text.strip()))
        except ValueError:
            return text

    def moment(self, at: int) -> str:
        """A Unix time as `25 November 2026, 15:00`."""
        return self.say("%(day)s, %(time)s", day=self.day(at), time=f"{self._local(at):%H:%M}")

    def deadline(self, at: int) -> str:
        """A Unix time in the near future as `Wednesday 25 November, 15:00`."""
        local = self._local(at)
        return self.say(
            "%(weekday)s %(day)s %(month)s, %(time)s",
            weekday=self.say(_WEEKDAYS[local.weekday()]),
            day=self._day_of_month(local.day),
            month=self.say(_MONTHS[local.month - 1]),
            time=f"{local:%H:%M}",
        )

    def month(self, month: str) -> str:
        """A month `2026-11` as `November 2026`."""
        year, number = month.split("-")
        return self.say("%(month)s %(year)s", month=self.say(_MONTHS[int(number) - 1]), year=year)

    def short_month(self, month: str) -> str:
        """A month `2026-11` as `Nov`."""
        return self.say(_SHORT_MONTHS[int(month.split("-")[1]) - 1])

    def span(self, seconds: int) -> str:
        """A length of time in its largest sensible unit: `40 minutes`, `5 hours`, `3 days`."""
        if seconds < 3600:
            return self.say_many("%(n)s minute", "%(n)s minutes", max(1, seconds // 60))
        if seconds < 48 * 3600:
            return self.say_many("%(n)s hour", "%(n)s hours", seconds // 3600)
        return self.say_many("%(n)s day", "%(n)s days", seconds // 86_400)

    def number(self, value: float) -> str:
        """`12,345`, or `1.5` with at most one decimal."""
        # Translators: an example, of which the signs between thousands and before decimals are taken.
        example = self.say("1,234.5")
        thousands, point = example[1], example[5]
        whole, _, decimal = f"{abs(value):,.1f}".partition(".")
        text = whole.replace(",", thousands) + (point + decimal if decimal != "0" else "")
        return self._signed(MINUS, text) if value < 0 else text

    def points(self, value: float) -> str:
        """A score or a difference of scores with its sign: `+32`, `0`, or a minus sign and `7`."""
        whole = round(value)
        return self._signed("+", str(whole)) if whole > 0 else self.number(whole)

    def amount(self, text: str) -> str:
        """A sum of money as it was given, with its thousands set apart when it is a plain number."""
        return self.number(float(text)) if re.fullmatch(r"[0-9]{1,15}(\.[0-9]{1,2})?", text.strip()) else text

    def share(self, part: int, whole: int) -> str:
        """A part in whole percent: `31%`; nothing of nothing is a dash."""
        return self.say("%(n)s%%", n=round(100 * part / whole)) if whole else "\N{EN DASH}"

    def listing(self, items: Sequence[str]) -> str:
        """`a, b and c`."""
        if len(items) < 2:
            return "".join(items)
        return self.say("%(first)s and %(last)s", first=self.say(", ").join(items[:-1]), last=items[-1])

    def _signed(self, sign: str, text: str) -> str:
        # In a line from right to left a sign would move behind its number.
        return f"{_LEFT_TO_RIGHT if direction(spoken(self.locale)) == 'rtl' else ''}{sign}{text}"

    def _local(self, at: int) -> datetime:
        return datetime.fromtimestamp(at, self.zone)

    def _day(self, day: date) -> str:
        month = self.say(_MONTHS[day.month - 1])
        return self.say("%(day)s %(month)s %(year)s", day=self._day_of_month(day.day), month=month, year=day.year)

    def _day_of_month(self, day: int) -> str:
        # Translators: the first day of a month, as in "1 May".
        return self.say("1") if day == 1 else str(day)


def one_line(text: str, limit: int = 200) -> str:
    """Text fit for a header: no line break, control character or turn of direction, and not too long."""
    plain = "".join(" " if unicodedata.category(c) in {"Cc", "Zl", "Zp", "Cs"} else c for c in _TURNING.sub("", text))
    joined = " ".join(plain.split())
    return joined if len(joined) <= limit else f"{joined[: limit - 1].rstrip()}…"


def property_title(name: str) -> str:
    """A property's name as a heading: `renewal_type` is `Renewal type`."""
    plain = one_line(name.replace("_", " "), 60)
    return plain[:1].upper() + plain[1:]
