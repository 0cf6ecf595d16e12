"""Languages: which words a reader gets, and in which direction they run.

English is the source. Another language is one compiled catalogue, `catalogues/<language>.mo`, beside this file.
"""

import re
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

SOURCE = "en"

_CATALOGUES = Path(__file__).parent / "catalogues"
_LOCALE = re.compile(r"([A-Za-z]{2,3})(?:[-_][A-Za-z0-9]{2,8})*")
_RIGHT_TO_LEFT = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "iw", "ks", "ps", "sd", "ug", "ur", "yi"})


@lru_cache(maxsize=256)
def translations(locale: str) -> NullTranslations:
    """The words of a locale: its own catalogue (`pt-BR`), else its language's (`pt`), else English."""
    catalogue = _catalogue(locale)
    if catalogue is None:
        return NullTranslations()
    with catalogue.open("rb") as file:
        return GNUTranslations(file)


def spoken(locale: str) -> str:
    """The language tag of the words that `translations` gives for a locale."""
    catalogue = _catalogue(locale)
    return catalogue.stem if catalogue else SOURCE


def direction(locale: str) -> str:
    """`rtl` for the languages written from right to left, else `ltr`."""
    match = _LOCALE.fullmatch(locale)
    return "rtl" if match and match[1].lower() in _RIGHT_TO_LEFT else "ltr"


@lru_cache(maxsize=256)
def _catalogue(locale: str) -> Path | None:
    match = _LOCALE.fullmatch(locale)
    if match is None:
        return None
    names = (locale.replace("_", "-"), match[1].lower())
    return next((path for name in names if (path := _CATALOGUES / f"{name}.mo").is_file()), None)
