"""Which of the languages on offer a person reads, and which of a project's texts that means.

Tags are compared as RFC 4647 looks them up: `de-AT` is content with `de`, never the other way round.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

TAG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8})*")

_MOST_RANGES = 50
_WEIGHT = re.compile(r"\s*q\s*=\s*(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Preference:
    """What a request says about language: the one picked on the page, and the browser's Accept-Language."""

    switched: str = ""
    accepted: str = ""


NO_PREFERENCE = Preference()


def lookup(locale: str, offered: Sequence[str]) -> str:
    """The tag on offer that speaks a locale, the closest first; an empty string without one."""
    known = _folded(tuple(offered))
    return next((known[tag] for tag in _widening(locale) if tag in known), "")


@lru_cache(16)
def _folded(offered: tuple[str, ...]) -> Mapping[str, str]:
    return {tag.casefold(): tag for tag in offered}


def choose(offered: Sequence[str], *, own: str, project: str, preference: Preference) -> str:
    """The locale to speak in: the one picked, the person's own, the browser's best, else the project's.

    Each only when its language is on offer. What is returned may be closer than what is on offer (`es-MX` where there
    is `es`), so that a project's texts for it are found; a language picked on the page keeps to the person's own or
    the project's kind of it.
    """
    if picked := lookup(preference.switched, offered):
        return next((one for one in (own, project) if lookup(one, offered) == picked), picked)
    wanted = (own, *accepted(preference.accepted))
    return next((one for one in wanted if lookup(one, offered)), project)


def accepted(header: str) -> list[str]:
    """The languages of an Accept-Language header (RFC 9110), the dearest first, up to where anything goes (`*`).

    What cannot be read is passed over, and so is what is refused (`q=0`).
    """
    weighted = []
    for part in header.split(",")[:_MOST_RANGES]:
        tag, semicolon, rest = part.partition(";")
        weight = _WEIGHT.fullmatch(rest) if semicolon else None
        if semicolon and weight is None:
            continue
        quality = float(weight[1]) if weight else 1.0
        if quality and (tag.strip() == "*" or TAG.fullmatch(tag.strip())):
            weighted.append((tag.strip(), quality))
    ordered = [tag for tag, _ in sorted(weighted, key=lambda one: -one[1])]
    return ordered[: ordered.index("*")] if "*" in ordered else ordered


def localised(texts: Mapping[str, str], locale: str, *, default: str = "", default_locale: str = "") -> str:
    """The text for a reader: the one for the locale, else for its language, else `default` if it is in that language.

    An empty string when there is none, so that Hearback's own words in the reader's language stand in.
    """
    own = {tag.replace("_", "-").casefold(): text for tag, text in texts.items() if text}
    language = next(_widening(default_locale, least=True), "")
    known = {language: default, **own} if default else own
    return next((known[tag] for tag in _widening(locale) if tag in known), "")


def _widening(locale: str, *, least: bool = False) -> Iterator[str]:
    """`zh-Hant-TW`, `zh-Hant`, `zh`, in lower case; nothing for what is no tag."""
    if not TAG.fullmatch(locale):
        return
    parts = locale.replace("_", "-").casefold().split("-")
    for length in range(1 if least else len(parts), 0, -1):
        yield "-".join(parts[:length])
