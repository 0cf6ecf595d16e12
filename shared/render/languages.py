"""Languages: which words a reader gets, and in which direction they run.

English is the source. Another language is one catalogue, `catalogues/<language>.po`, beside this file; a deployed
bundle holds it compiled (`.mo`), so that no Lambda reads its source.
"""

import json
from functools import cache, lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from shared.domain import locales
from shared.domain.locales import NO_PREFERENCE, Preference

SOURCE = "en"

_CATALOGUES = Path(__file__).parent / "catalogues"
_NAMES = "names.json"
_RIGHT_TO_LEFT = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "iw", "ks", "ps", "sd", "ug", "ur", "yi"})


@lru_cache(maxsize=1)
def offered() -> tuple[str, ...]:
    """The languages that Hearback speaks, by their tags."""
    return tuple(sorted({SOURCE, *(path.stem for path in _CATALOGUES.iterdir() if path.suffix in {".mo", ".po"})}))


@lru_cache(maxsize=1)
def names() -> dict[str, str]:
    """The name of each language on offer in itself, in the order of these names."""
    kept = _CATALOGUES / _NAMES
    if kept.is_file():
        found: dict[str, str] = json.loads(kept.read_text(encoding="utf-8"))
    else:
        # Translators: the name of your language, in your language.
        found = {tag: translations(tag).gettext("English") for tag in offered()}
    return dict(sorted(found.items(), key=lambda one: one[1].casefold()))


def chosen(project: str, own: str = "", preference: Preference = NO_PREFERENCE) -> str:
    """The locale to speak in to a person whose own is `own`, for a project whose locale is `project`."""
    return locales.choose(offered(), own=own, project=project, preference=preference)


@lru_cache(maxsize=256)
def translations(locale: str) -> NullTranslations:
    """The words of a locale: its own catalogue (`pt-BR`), else its language's (`pt`), else English."""
    return _catalogue(spoken(locale))


@cache
def _catalogue(tag: str) -> NullTranslations:
    """The words in a language on offer. There is one of each, however many kinds of it browsers ask for."""
    for suffix in (".mo", ".po"):
        catalogue = _CATALOGUES / f"{tag}{suffix}"
        if catalogue.is_file():
            with catalogue.open("rb") as file:
                return GNUTranslations(file if suffix == ".mo" else BytesIO(compiled(file)))
    return NullTranslations()


def spoken(locale: str) -> str:
    """The language tag of the words that `translations` gives for a locale."""
    return locales.lookup(locale, offered()) or SOURCE


def direction(locale: str) -> str:
    """`rtl` for the languages written from right to left, else `ltr`."""
    return "rtl" if locales.lookup(locale, tuple(_RIGHT_TO_LEFT)) else "ltr"


def compiled(source: BinaryIO) -> bytes:
    """A catalogue's source in the compiled form. Needs babel, which a checkout has and a bundle does not."""
    from babel.messages.mofile import write_mo  # noqa: PLC0415
    from babel.messages.pofile import read_po  # noqa: PLC0415

    made = BytesIO()
    write_mo(made, read_po(source, abort_invalid=True))
    return made.getvalue()


def compile_all(target: Path) -> None:
    """Writes every catalogue in the compiled form into a folder, and the names of all languages in one file."""
    target.mkdir(parents=True, exist_ok=True)
    for path in _CATALOGUES.glob("*.po"):
        with path.open("rb") as source:
            (target / f"{path.stem}.mo").write_bytes(compiled(source))
    (target / _NAMES).write_text(json.dumps(names(), ensure_ascii=False), encoding="utf-8")
