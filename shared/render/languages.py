"""Languages: which words a reader gets, and in which direction they run.

English is the source. Another language is one catalogue, `catalogues/<language>.po`, beside this file; a deployed
bundle holds it compiled (`.mo`), so that no Lambda reads its source.
"""

import re
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

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
        return GNUTranslations(file if catalogue.suffix == ".mo" else BytesIO(compiled(file)))


def compiled(source: BinaryIO) -> bytes:
    """A catalogue's source in the compiled form. Needs babel, which a checkout has and a bundle does not."""
    from babel.messages.mofile import write_mo  # noqa: PLC0415
    from babel.messages.pofile import read_po  # noqa: PLC0415

    made = BytesIO()
    write_mo(made, read_po(source, abort_invalid=True))
    return made.getvalue()


def compile_all(target: Path) -> None:
    """Writes every catalogue in the compiled form into a folder."""
    target.mkdir(parents=True, exist_ok=True)
    for path in _CATALOGUES.glob("*.po"):
        with path.open("rb") as source:
            (target / f"{path.stem}.mo").write_bytes(compiled(source))


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
    files = (_CATALOGUES / f"{name}{suffix}" for name in names for suffix in (".mo", ".po"))
    return next((file for file in files if file.is_file()), None)
