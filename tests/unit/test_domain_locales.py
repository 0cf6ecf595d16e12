"""Which language a person reads: the one picked, their own, the browser's best, else the project's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.locales import NO_PREFERENCE, TAG, Preference, accepted, choose, localised, lookup

OFFERED = ("ar", "de", "en", "es", "fr")


@pytest.mark.parametrize(
    ("header", "ordered"),
    [
        ("", []),
        ("de", ["de"]),
        ("de-AT,de;q=0.9,en;q=0.8", ["de-AT", "de", "en"]),
        ("en;q=0.3, fr;q=0.7 , es", ["es", "fr", "en"]),
        ("fr;q=0.5,de;q=0.5", ["fr", "de"]),  # as they come
        ("de;q=0, en", ["en"]),
        ("de;q=0.0,fr;q=0.001", ["fr"]),
        ("es;Q=0.5", ["es"]),
        ("es ; q=0.5", ["es"]),
        ("*", []),
        ("fr, *;q=0.5, de;q=0.4", ["fr"]),  # anything is as welcome as what comes after it
        ("*;q=0, de", ["de"]),
        ("zh-Hant-TW", ["zh-Hant-TW"]),
        ("de;q=2, fr;q=-1, es;q=x, ar;q=, en;q=0.1234, pt", ["pt"]),
        ("de;level=1, fr", ["fr"]),
        (",,;;,q=1, ;q=0.5, d, 1, <script>, ../etc, d\x00e, fr", ["fr"]),
        ("\u0430\u0440, ar", ["ar"]),
        (",".join(["xx"] * 60 + ["de"]), ["xx"] * 50),
    ],
)
def test_an_accept_language_header_is_read_by_weight(header, ordered):
    assert accepted(header) == ordered


@given(st.text(alphabet="adefrz-_*;,=q.019 \t\x00é", max_size=80))
def test_no_header_is_an_error_and_all_that_is_read_are_tags(header):
    assert all(TAG.fullmatch(tag) for tag in accepted(header))
    assert choose(OFFERED, own="", project="fr", preference=Preference("", header))


@pytest.mark.parametrize(
    ("locale", "tag"),
    [("de", "de"), ("de-AT", "de"), ("DE_at", "de"), ("zh", ""), ("zh-Hant-TW", ""), ("", ""), ("d", ""), ("de-", "")],
)
def test_a_country_s_kind_of_a_language_is_content_with_the_language(locale, tag):
    assert lookup(locale, OFFERED) == tag


def test_the_closest_kind_on_offer_is_taken_and_no_closer_one():
    assert lookup("zh-Hant-TW", ("zh", "zh-Hant")) == "zh-Hant"
    assert lookup("pt-br", ("pt", "pt-BR")) == "pt-BR"
    assert lookup("pt", ("pt-BR",)) == ""


@pytest.mark.parametrize(
    ("switched", "own", "header", "project", "chosen"),
    [
        ("", "", "", "de", "de"),
        ("", "", "fr", "de", "fr"),
        ("", "es", "fr", "de", "es"),
        ("ar", "es", "fr", "de", "ar"),
        ("", "es-MX", "fr", "de", "es-MX"),  # closer than what is on offer: a project's texts may know it
        ("", "", "de-AT, en", "fr", "de-AT"),
        ("", "pt-BR", "", "de", "de"),  # not on offer: the project's language, not English
        ("", "pt", "pt, zh;q=0.9, fr;q=0.1", "de", "fr"),
        ("", "", "zh-CN, *;q=0.5", "de", "de"),
        ("xx", "es", "", "de", "es"),
        ("<b>", "", "", "de", "de"),
        ("es", "es-MX", "", "de", "es-MX"),  # the same language picked again: still the person's kind of it
        ("de", "es-MX", "", "de-CH", "de-CH"),
        ("", "", "de;q=0", "de", "de"),
        ("", "", "", "pt", "pt"),  # its words are English then
    ],
)
def test_the_language_is_picked_then_own_then_the_browser_s_then_the_project_s(switched, own, header, project, chosen):
    assert choose(OFFERED, own=own, project=project, preference=Preference(switched, header)) == chosen


def test_nothing_asked_for_is_no_preference():
    assert choose(OFFERED, own="fr", project="de", preference=NO_PREFERENCE) == "fr"


@pytest.mark.parametrize(
    ("locale", "text"),
    [("es", "hola"), ("es-AR", "hola"), ("es-MX", "qué onda"), ("en-GB", "hello"), ("fr", ""), ("", ""), ("e", "")],
)
def test_a_text_is_the_locale_s_then_the_language_s_and_never_another_language_s(locale, text):
    texts = {"es": "hola", "es-MX": "qué onda", "fr": ""}
    assert localised(texts, locale, default="hello", default_locale="en-US") == text


def test_a_text_given_for_the_project_s_own_language_goes_before_the_default():
    assert localised({"en": "hi"}, "en", default="hello", default_locale="en-US") == "hi"
