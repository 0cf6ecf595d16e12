"""Personal data taken out of comments before others read them."""

import re
from collections.abc import Iterable

MARK = "[…]"

_ADDRESS = re.compile(r"[^\s@<>()\[\]]+@[^\s@<>()\[\]]+\.[^\s@<>()\[\],;]+")
_WEB = re.compile(r"\b(?:https?://|www\.)\S+", re.IGNORECASE)
_LONG_NUMBER = re.compile(r"(?<!\w)\+?\d(?:[\s().\-/]*\d){6,}(?!\w)")
_SHORTEST_NAME = 3


def redact(text: str, names: Iterable[str] = ()) -> str:
    """The text without mail and web addresses, telephone and other long numbers, and the given people's names.

    Names are matched as whole words without regard to case; parts shorter than three letters are left, because they
    are words as often as names. What this cannot know is a third person's name: reports say so.
    """
    for pattern in (_ADDRESS, _WEB, _LONG_NUMBER):
        text = pattern.sub(MARK, text)
    parts = {part for name in names for part in re.split(r"[\s,.\-]+", name) if len(part) >= _SHORTEST_NAME}
    for part in sorted(parts, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(part)}(?!\w)", MARK, text, flags=re.IGNORECASE)
    return text
