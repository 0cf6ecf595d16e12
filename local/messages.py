"""The messages of mails, pages and reports, and the catalogues that hold their translations.

`make messages` brings every catalogue up to date with the code: new messages come in empty, and what nobody
says any more goes.
"""

import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parents[1]
CATALOGUES = ROOT / "shared" / "render" / "catalogues"

_KEYWORDS = {"say": None, "say_many": (1, 2), "msgid": None, "_": None, "gettext": None, "ngettext": (1, 2)}
_METHODS = [("**.py", "python"), ("**.html", "jinja2.ext:babel_extract"), ("**.txt", "jinja2.ext:babel_extract")]
# As in shared/render/engine.py; and a template that cannot be read is an error, not an empty list.
_TEMPLATES = {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false", "newstyle_gettext": "true"}

# Header fields that say what git knows, or change with each writing.
_NEEDLESS = tuple(
    f'"{name}:'
    for name in (
        "Generated-By", "Language-Team", "Last-Translator", "PO-Revision-Date", "POT-Creation-Date",
        "Project-Id-Version", "Report-Msgid-Bugs-To",
    )
)  # fmt: skip


def extracted(root: Path = ROOT) -> Catalog:
    """Every message that the code under `shared` and `functions` can say."""
    found = Catalog()
    for folder in ("functions", "shared"):
        for file, _, message, comments, context in extract_from_dir(
            root / folder,
            method_map=_METHODS,
            options_map={"**.html": _TEMPLATES, "**.txt": _TEMPLATES},
            keywords=_KEYWORDS,
            comment_tags=("Translators:",),
            strip_comment_tags=True,
        ):
            found.add(message, None, [(f"{folder}/{file}", 0)], auto_comments=comments, context=context)
    return found


def catalogue(file: Path) -> Catalog:
    """A catalogue as it is written. Raises babel's PoFileError when it cannot be read."""
    with file.open("rb") as source:
        return read_po(source, locale=file.stem.replace("-", "_"), abort_invalid=True)


def refresh(file: Path, said: Catalog) -> list[str]:
    """Brings a catalogue up to date and names the messages that it still has to translate."""
    known = catalogue(file)
    known.update(said, no_fuzzy_matching=True, update_creation_date=False)
    known.obsolete.clear()
    text = BytesIO()
    write_po(text, known, width=0, sort_output=True, include_lineno=False)
    kept = (line for line in text.getvalue().decode().splitlines() if not line.startswith(_NEEDLESS))
    file.write_text("\n".join(kept).rstrip() + "\n", encoding="utf-8")
    return [_id(message) for message in missing(known)]


def missing(known: Catalog) -> Iterator[Message]:
    """The messages of a catalogue without a translation in each of their forms."""
    for message in known:
        texts = message.string if isinstance(message.string, list | tuple) else [message.string]
        if message.id and not all(texts):
            yield message


def main() -> int:
    """Refreshes every catalogue; fails when one lacks a translation."""
    said = extracted()
    lacking = 0
    for file in sorted(CATALOGUES.glob("*.po")):
        for text in refresh(file, said):
            lacking += 1
            print(f"{file.name}: no translation of {text!r}")
    print(f"{len(said)} messages, {lacking} translations missing")
    return 1 if lacking else 0


def _id(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


if __name__ == "__main__":
    sys.exit(main())
