"""Every message is said in every language, with the same values in it, and no catalogue keeps what nobody says."""

import gettext
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.plurals import get_plural

from local import messages
from shared.render import languages

LANGUAGES = ("ar", "de", "es", "fr")
VALUE = re.compile(r"%(?:\((\w+)\)([sd])|(.))")


def values_in(text: str) -> list[tuple[str, str, str]]:
    """The values that a message names, in a fixed order; they may stand in another order in a translation."""
    return sorted(VALUE.findall(text))


@pytest.fixture(scope="module")
def said() -> Catalog:
    return messages.extracted()


@pytest.fixture(params=LANGUAGES)
def catalogue(request) -> Catalog:
    return messages.catalogue(messages.CATALOGUES / f"{request.param}.po")


def ids(catalogue: Catalog) -> dict[str, tuple[str, ...]]:
    forms = ((one.id,) if isinstance(one.id, str) else tuple(one.id) for one in catalogue if one.id)
    return {form[0]: form for form in forms}


def test_there_is_a_catalogue_for_each_language_we_promise():
    assert {path.stem for path in messages.CATALOGUES.glob("*.po")} >= set(LANGUAGES)


def test_messages_are_found_wherever_they_are_said(said):
    found = ids(said)
    assert "Send" in found  # in Python
    assert "Why did you give that score?" in found  # in a page
    assert "Open the link of your score:" in found  # in a mail's text part
    assert "Missing feature" in found  # said later
    assert found["%(n)s answer"] == ("%(n)s answer", "%(n)s answers")  # counted, in a template
    assert "95%% interval" in found  # as the engine asks for it


def test_no_message_is_missing_or_left_over(said, catalogue):
    assert ids(catalogue) == ids(said)


def test_every_message_is_translated(catalogue):
    assert [message.id for message in messages.missing(catalogue)] == []
    assert [message.id for message in catalogue if message.fuzzy and message.id] == []
    assert not catalogue.obsolete


def test_translations_name_the_same_values(catalogue):
    for message in catalogue:
        if not message.id:
            continue
        if isinstance(message.id, str):
            assert values_in(message.string) == values_in(message.id), message.id
            continue
        singular, plural = message.id
        for form, text in enumerate(message.string):
            fit = [values_in(plural)]
            if form == choose(catalogue)(1):
                fit.append(values_in(singular))
            # A form for one number alone may say it as a word: "one answer", a dual.
            if stands_for_one_number(catalogue, form):
                fit.append([])
            assert values_in(text) in fit, (message.id, text)


def choose(catalogue: Catalog) -> Callable[[int], int]:
    return gettext.c2py(catalogue.plural_expr)


def stands_for_one_number(catalogue: Catalog, form: int) -> bool:
    return [choose(catalogue)(n) for n in range(1000)].count(form) == 1


def test_line_ends_and_outer_blanks_are_kept(catalogue):
    for message in catalogue:
        if isinstance(message.id, str) and message.id.strip():
            assert message.string[-1:].isspace() == message.id[-1:].isspace(), message.id
            assert not message.string[:1].isspace(), message.id
            assert "\n" not in message.string, message.id


def test_what_may_be_left_out_is_called_the_same_everywhere(catalogue):
    optional = catalogue.get("(optional)").string
    assert catalogue.get("What did you learn? (optional)").string.endswith(f" {optional}")


BREAKS = {"fr": re.compile(r" (?:[?!:;»]|%%)|« "), "ar": re.compile(r"ـ ")}
"""Where a line must not break: French before double punctuation, Arabic between a prefix and its name."""


def test_no_line_breaks_where_a_language_allows_none(catalogue):
    breaks = BREAKS.get(str(catalogue.locale))
    texts = [text for one in catalogue if one.id for text in ([one.string] if isinstance(one.id, str) else one.string)]
    assert len(texts) > 250
    assert [text for text in texts if breaks and breaks.search(text)] == []


def test_plurals_have_the_forms_of_their_language(catalogue):
    forms = {"ar": 6, "de": 2, "es": 2, "fr": 2}[str(catalogue.locale)]
    assert catalogue.num_plurals == forms
    assert {len(message.string) for message in catalogue if not isinstance(message.id, str)} == {forms}
    assert {choose(catalogue)(n) for n in range(200)} == set(range(forms))
    if str(catalogue.locale) != "ar":  # where babel's own table takes 100 for the form of 11
        assert catalogue.plural_expr == get_plural(str(catalogue.locale)).plural_expr


@pytest.mark.parametrize(
    ("locale", "n", "told"),
    [
        ("de", 1, "1 Tag"),
        ("de", 0, "0 Tage"),
        ("fr", 0, "0 jour"),
        ("fr", 2, "2 jours"),
        ("es", 1, "1 día"),
        ("ar", 0, "0 يوم"),
        ("ar", 1, "يوم واحد"),
        ("ar", 2, "يومين"),
        ("ar", 3, "3 أيام"),
        ("ar", 11, "11 يومًا"),
        ("ar", 100, "100 يوم"),
        ("ar", 103, "103 أيام"),
    ],
)
def test_a_number_takes_its_form(locale, n, told):
    assert languages.translations(locale).ngettext("%(n)s day", "%(n)s days", n) % {"n": n} == told


def test_compiled_catalogues_say_what_their_sources_say(tmp_path: Path):
    languages.compile_all(tmp_path)

    assert {path.name for path in tmp_path.iterdir()} == {"names.json", *(f"{language}.mo" for language in LANGUAGES)}
    for language in LANGUAGES:
        source = messages.catalogue(messages.CATALOGUES / f"{language}.po")
        compiled = gettext.GNUTranslations(io.BytesIO((tmp_path / f"{language}.mo").read_bytes()))
        for message in source:
            if isinstance(message.id, str) and message.id:
                assert compiled.gettext(message.id) == message.string


def test_a_refresh_adds_what_is_new_drops_what_is_gone_and_keeps_the_rest(tmp_path: Path, said):
    file = tmp_path / "de.po"
    text = (messages.CATALOGUES / "de.po").read_text()
    file.write_text(text.replace('msgid "Send"', 'msgid "Dispatch"'))

    lacking = messages.refresh(file, said)

    assert lacking == ["Send"]
    assert "Dispatch" not in file.read_text()
    file.write_text(file.read_text().replace('msgid "Send"\nmsgstr ""', 'msgid "Send"\nmsgstr "Absenden"'))
    assert messages.refresh(file, said) == []
    assert file.read_text() == text
