"""One engine: strict, escaping, light to load, and the same from compiled templates as from their sources."""

import subprocess
import sys
from pathlib import Path

import pytest
from jinja2 import DictLoader, ModuleLoader, UndefinedError

from shared.render import engine, languages
from shared.render.words import Words, one_line


def test_compiled_templates_render_what_their_sources_do(tmp_path, monkeypatch, rendered_with, messages_with):
    sources = rendered_with("Fish & <Chips>"), messages_with("Fish & <Chips>")
    engine.compile_all(tmp_path / "compiled")
    compiled = engine.make_environment(ModuleLoader(tmp_path / "compiled"))
    monkeypatch.setattr(engine, "environment", lambda: compiled)

    assert (rendered_with("Fish & <Chips>"), messages_with("Fish & <Chips>")) == sources


def test_every_template_is_compiled(tmp_path):
    engine.compile_all(tmp_path)

    templates = [path for path in engine.TEMPLATES.rglob("*") if path.is_file()]
    assert len(list(tmp_path.glob("tmpl_*.py"))) == len(templates) > 10


def test_a_value_that_is_missing_is_an_error():
    strict = engine.make_environment(DictLoader({"a.html": "{{ nothing }}"}))

    with pytest.raises(UndefinedError):
        strict.get_template("a.html").render(locale="en")


def test_html_is_escaped_and_text_is_not():
    made = engine.make_environment(DictLoader({"a.html": "{{ x }}", "a.txt": "{{ x }}"}))

    assert made.get_template("a.html").render(x="<b>") == "&lt;b&gt;"
    assert made.get_template("a.txt").render(x="<b>") == "<b>"
    assert made.from_string("{{ x }}").render(x="<b>") == "&lt;b&gt;"


def test_values_in_translated_text_are_escaped_too(invented_messages):
    made = engine.make_environment(DictLoader({"a.html": "{% trans %}<i>{{ x }}</i> 100%{% endtrans %}"}))

    assert made.get_template("a.html").render(x="<b>", locale="en") == "<i>&lt;b&gt;</i> 100%"


def test_another_language_is_one_more_file(tmp_path, monkeypatch):
    text = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "Send"\nmsgstr "Enviar"\n'
    (tmp_path / "pt.po").write_text(text)
    monkeypatch.setattr(languages, "_CATALOGUES", tmp_path)
    languages.translations.cache_clear()
    languages.offered.cache_clear()

    try:
        made = engine.make_environment(DictLoader({"a.html": "{% trans %}Send{% endtrans %}"}))
        assert made.get_template("a.html").render(locale="pt-BR") == "Enviar"
        assert made.get_template("a.html").render(locale="fr") == "Send"
        assert (languages.spoken("pt-BR"), languages.spoken("fr")) == ("pt", "en")
    finally:
        monkeypatch.undo()
        languages.translations.cache_clear()
        languages.offered.cache_clear()


@pytest.mark.parametrize("locale", ["../../etc/passwd", "", "e", "x" * 999, "en\0", "de/../fr"])
def test_a_locale_that_is_none_speaks_english(locale):
    assert languages.translations(locale).gettext("Send") == "Send"
    assert (languages.spoken(locale), languages.direction(locale)) == ("en", "ltr")


def test_pages_load_nothing_heavy():
    code = (
        "import sys; import shared.render.pages, shared.render.mails, shared.render.report; "
        "print(sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    root = Path(engine.__file__).parents[2]
    loaded = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True).stdout

    for heavy in ("boto3", "botocore", "pydantic", "babel", "aws_lambda_powertools", "holidays"):
        assert f"'{heavy}'" not in loaded
    assert "'jinja2'" in loaded


def test_numbers_days_and_lengths_of_time_are_put_into_words(project):
    words = Words("en", project.zone)

    assert words.deadline(1_795_615_200) == "Wednesday 25 November, 15:00"
    assert words.moment(1_795_183_200) == "20 November 2026, 15:00"
    assert words.given_day("2027-01-31") == "31 January 2027"
    assert words.given_day("in spring") == "in spring"
    assert (words.month("2026-11"), words.short_month("2026-05")) == ("November 2026", "May")
    assert [words.points(n) for n in (32, 0, -7, -0.4)] == ["+32", "0", "\N{MINUS SIGN}7", "0"]
    assert [words.amount(t) for t in ("48000", "1234.5", "48k EUR", "")] == ["48,000", "1,234.5", "48k EUR", ""]
    assert [words.span(s) for s in (5, 3599, 7200, 40 * 3600, 72 * 3600)] == [
        "1 minute", "59 minutes", "2 hours", "40 hours", "3 days",
    ]  # fmt: skip
    assert (words.share(1, 3), words.share(0, 0)) == ("33%", "\N{EN DASH}")
    assert words.listing(["a", "b", "c"]) == "a, b and c"


def test_a_header_line_is_one_line():
    assert one_line("a\r\n b\u2028c\0d") == "a b c d"
    assert one_line("x" * 300, 10) == "xxxxxxxxx…"
    assert one_line("می\u200cخواهم") == "می\u200cخواهم"
