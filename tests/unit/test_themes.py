import csv
from collections import Counter
from dataclasses import replace
from pathlib import Path
from random import Random
from time import process_time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

import samples
from functions.api import theme_calls
from functions.score import handler as score_handler
from local import repair
from local.audit import audit
from shared.domain import taxonomy
from shared.domain.errors import InvalidError
from shared.domain.monthly import month_of
from shared.domain.project_settings import parse_project
from shared.domain.responses import Response
from shared.domain.taxonomy import DEFAULT, STOP_WORDS
from shared.domain.themes import (
    LEAST_COMMENTS,
    MOST_PER_COMMENT,
    THEME,
    Matcher,
    Theme,
    distinguishing,
    phrases_of,
    taxonomy_of,
    words_of,
)
from shared.outside import theming
from shared.outside.stemming import stemmer
from shared.store import counters, projects
from shared.store.records import changed, created
from shared.store.recounts import FENCE_SECONDS
from shared.store.table import records
from tests.fakes.calls import Api
from tests.fakes.world import World, batch, moment, settings

LANGUAGES = ("en", "es", "fr", "de", "ar")
MATCHERS = {language: Matcher(DEFAULT, language, stemmer(language)) for language in LANGUAGES}


@pytest.mark.parametrize(
    ("language", "comment", "themes"),
    [
        ("en", "Support answered our tickets within the hour.", ("support",)),
        ("en", "The invoices are wrong and the pages load slowly.", ("billing", "speed")),
        ("en", "We were onboarded badly, and nobody trained us.", ("onboarding", "training")),
        ("en", "OUTAGES!!! again", ("reliability",)),
        ("en", "It doesn’t work on Mondays", ("reliability",)),
        ("es", "Demasiado caro y la formación fue corta", ("price and contract", "training")),
        ("fr", "L’interface est confuse, la facture aussi", ("billing", "usability")),
        ("de", "Der Kundensupport ist gut, die Ladezeiten nicht", ("speed", "support")),
        ("de", "Die Preise sind zu hoch", ("price and contract",)),
        ("ar", "النِّظام بطيء والتدريب غير كافٍ، والسعر مرتفع", ("price and contract", "speed")),
    ],
)
def test_comment_is_about_these_themes(language: str, comment: str, themes: tuple[str, ...]) -> None:
    assert MATCHERS[language].themes(comment) == themes


@pytest.mark.parametrize("comment", ["", "ok", "n/a", "???", "🙂🙂", "1234 5678", "good", "It is what it is"])
def test_words_about_nothing_have_no_theme(comment: str) -> None:
    assert MATCHERS["en"].themes(comment) == ()


def test_given_comments_written_about_one_topic_then_most_are_found_and_unclear_ones_have_none() -> None:
    with Path(samples.__file__).with_name("comments.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found, asked = Counter[bool](), Counter[bool]()
    for row in rows:
        themes = MATCHERS[row["locale"][:2]].themes(row["comment"])
        unclear = row["topic"] == "unclear"
        topic = "price and contract" if row["topic"] == "price" else row["topic"]
        asked[unclear] += 1
        found[unclear] += bool(themes) if unclear else topic in themes
    assert found[True] == 0
    assert found[False] / asked[False] > 0.65


def test_every_language_knows_every_theme() -> None:
    assert len(DEFAULT) == 14
    for theme in DEFAULT:
        assert set(theme.phrases) == set(LANGUAGES)
        assert all(len(set(listed)) == len(listed) > 3 for listed in theme.phrases.values()), theme.name
    assert set(STOP_WORDS) == set(LANGUAGES)


def test_each_default_phrase_is_found_by_itself() -> None:
    for theme in DEFAULT:
        for language, listed in theme.phrases.items():
            for phrase in listed:
                assert theme.name in MATCHERS[language].themes(phrase.replace("*", "x")), (language, phrase)


def test_given_stars_then_words_that_begin_or_end_so_are_meant() -> None:
    own = [Theme("ward", {"en": ["*care", "night* shift"]})]
    matcher = Matcher(own, "en", stemmer("en"))
    assert matcher.themes("healthcare") == ("ward",)
    assert matcher.themes("the nightly shifts") == ("ward",)
    assert matcher.themes("careful") == ()
    assert matcher.themes("night") == ()


def test_given_a_project_s_own_themes_then_they_add_replace_and_remove() -> None:
    own = [Theme("support", {"en": ["hotline"]}), Theme("speed", {}), Theme("parking", {"en": ["parking lot"]})]
    names = {theme.name: theme for theme in taxonomy_of(DEFAULT, own)}
    assert len(names) == 14
    assert names["support"].phrases == {"en": ["hotline"]}
    assert "speed" not in names
    assert "parking" in names


@given(st.text(max_size=300), st.sampled_from(LANGUAGES))
def test_any_text_has_known_themes_in_order_and_at_most_ten(comment: str, language: str) -> None:
    themes = MATCHERS[language].themes(comment)
    assert list(themes) == sorted(set(themes))
    assert set(themes) <= {theme.name for theme in DEFAULT}
    assert len(themes) <= MOST_PER_COMMENT


def test_given_the_longest_hostile_comment_then_it_takes_no_long_time() -> None:
    before = process_time()
    MATCHERS["de"].themes("ab" * 5_000)
    MATCHERS["de"].themes("support " * 1_250)
    MATCHERS["de"].themes("a-" * 5_000)
    assert process_time() - before < 2


def test_words_are_cut_as_people_write_them() -> None:
    assert words_of("Don’t go-live — ÄRGER! 24/7 مَرْحَبًا") == ["don't", "go-live", "ärger", "مرحبا"]


def phrases(comments: list[str]) -> list[dict[str, str]]:
    return [phrases_of(comment, stemmer("en"), STOP_WORDS["en"]) for comment in comments]


def test_given_a_phrase_that_one_group_uses_more_then_it_is_found_as_people_wrote_it() -> None:
    unhappy = ["slow reports again", "the slow reports", "Slow report!", "slow reports, sadly", "invoices"] * 3
    happy = ["friendly people", "friendly team", "quick answers", "invoices are fine"] * 5
    first = distinguishing(phrases(unhappy), phrases(happy))[0]
    assert (first.text, first.count, first.other_count) == ("slow reports", 12, 0)
    assert first.z > 1.96
    assert "slow" not in {phrase.text for phrase in distinguishing(phrases(unhappy), phrases(happy))}
    assert distinguishing(phrases(happy), phrases(unhappy))[0].text.startswith("friendly")


def test_given_fewer_than_three_people_then_a_phrase_is_not_shown() -> None:
    assert LEAST_COMMENTS == 3
    assert distinguishing(phrases(["zebra stripes"] * 2), phrases(["other words"] * 50)) == []
    assert distinguishing(phrases(["zebra stripes zebra stripes zebra stripes"]), phrases(["plain"] * 50)) == []


def test_given_two_groups_that_speak_alike_then_hardly_any_phrase_sets_them_apart() -> None:
    random = Random(7)
    vocabulary = [f"word{letter}{other}" for letter in "abcdefghij" for other in "klmnopqrst"]
    falsely = tested = 0
    for _ in range(20):
        groups = [[" ".join(random.choices(vocabulary, k=8)) for _ in range(150)] for _ in range(2)]
        tested += len(vocabulary)
        falsely += len(
            [p for p in distinguishing(phrases(groups[0]), phrases(groups[1]), most=999) if " " not in p.text]
        )
    assert falsely / tested < 0.05


def test_given_nothing_said_then_nothing_is_found() -> None:
    assert distinguishing([], []) == []
    assert distinguishing([], phrases(["words here"])) == []


def test_a_language_without_stemmer_keeps_its_words() -> None:
    assert stemmer("xx")("Words") == "Words"
    assert stemmer("en")("reports") == stemmer("en")("report")


# Counted, and told


def said(world: World, number: int, score: int, comment: str, at: int, locale: str = "en") -> Response:
    one = Response(f"p{number}-1", "acme", f"p{number}", score, at, at, comment=comment, commented=True, locale=locale)
    records().write(created(one))
    return one


def scored(world: World) -> None:
    stream = world.stream("response")
    for start in range(0, len(stream), 100):
        score_handler.handle(batch(stream[start : start + 100]), world.context)


def theme_counts(world: World) -> dict[str, int]:
    rows = counters.rows("acme", month_of(world.now, ZoneInfo("UTC")).name, f"dim#{THEME}#")
    return {name: counters.histogram(row).n for name, row in rows.items() if counters.histogram(row).n}


def test_given_comments_then_each_of_their_themes_is_counted_once_and_an_erased_one_no_more(world: World) -> None:
    project = world.project()
    first = said(world, 1, 3, "The support is slow and the invoices are wrong", world.now)
    said(world, 2, 9, "Le support est rapide", world.now, "fr-CA")
    said(world, 3, 9, "The invoices come quickly", world.now, "fr")
    scored(world)
    scored(world)
    assert theme_counts(world) == {"billing": 2, "speed": 3, "support": 2}
    records().write(changed(replace(first, rev=1, comment="", erased=True)))
    scored(world)
    assert theme_counts(world) == {"billing": 1, "speed": 2, "support": 1}
    assert audit(project, world.now + 1).drift == {}


def test_given_other_themes_in_the_settings_then_everything_is_counted_by_them(world: World) -> None:
    world.project()
    said(world, 1, 3, "The duty rosters are wrong, says support", world.now)
    scored(world)
    assert theme_counts(world) == {"support": 1}
    own = [{"name": "shifts", "phrases": {"en": ["roster*"]}}, {"name": "support"}]
    project = projects.save(settings(themes=own), now=world.now)
    world.now += FENCE_SECONDS + 1
    score_handler.handle({}, world.context)
    assert theme_counts(world) == {"shifts": 1}
    assert audit(project, world.now + 1).drift == {}


def test_given_other_themes_than_were_shipped_before_then_the_audit_says_so_and_its_repair_counts_by_them_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = world.project()
    for number in range(3):
        said(world, number, 3, "The duty rosters are wrong, says support", world.now)
    scored(world)
    assert theme_counts(world) == {"support": 3}
    # when an update ships another taxonomy, and one more comment comes
    shipped = (*(theme for theme in DEFAULT if theme.name != "support"), Theme("shifts", {"en": ("roster*",)}))
    monkeypatch.setattr(taxonomy, "DEFAULT", shipped)
    theming._matcher.cache_clear()
    try:
        said(world, 3, 3, "The duty rosters are wrong, says support", world.now)
        scored(world)
        assert theme_counts(world) == {"shifts": 1, "support": 3}
        assert len(audit(project, world.now + 1).drift) == 2
        # then the repair counts everything by it, and a second one finds nothing to do
        repair.repair(project, world.now + 1)
        assert theme_counts(world) == {"shifts": 4}
        assert audit(project, world.now + 1).drift == {}
        before = world.dynamodb.snapshot("metrics")
        repair.repair(project, world.now + 1)
        counted = {key: item for key, item in before.items() if not key[0].startswith("REPAIR#")}
        assert counted.items() <= world.dynamodb.snapshot("metrics").items()
    finally:
        theming._matcher.cache_clear()


@pytest.mark.parametrize(
    ("themes", "field"),
    [
        ([{"name": ""}], "themes.0.name"),
        ([{"name": "a#b", "phrases": {"en": ["x"]}}], "themes.0.name"),
        ([{"name": "a"}, {"name": "a"}], "themes.1.name"),
        ([{"name": "a", "phrases": ["x"]}], "themes.0.phrases"),
        ([{"name": "a", "phrases": {"en": "x"}}], "themes.0.phrases.en"),
        ([{"name": "a", "phrases": {"en": ["*"]}}], "themes.0.phrases.en"),
        ([{"name": "a", "phrases": {"en": ["one two three four five"]}}], "themes.0.phrases.en"),
        ([{"name": "a", "phrases": {"en": ["x"] * 101}}], "themes.0.phrases.en"),
        ([{"name": "a", "words": "x"}], "themes.0.words"),
        ("support", "themes"),
    ],
)
def test_given_themes_that_are_none_then_the_field_is_named(themes: Any, field: str) -> None:
    with pytest.raises(InvalidError) as caught:
        parse_project(settings(themes=themes))
    assert field in caught.value.fields


def test_given_theme_as_a_property_to_count_by_then_it_is_refused() -> None:
    with pytest.raises(InvalidError) as caught:
        parse_project(settings(dimensions=["theme"]))
    assert "dimensions" in caught.value.fields


def test_given_two_periods_then_themes_tell_their_change_and_phrases_what_rises(world: World) -> None:
    world.now = moment("2026-06-15 12:00:00")
    world.project()
    before, now = moment("2026-05-10 12:00:00"), moment("2026-06-10 12:00:00")
    for number in range(12):
        said(world, number, 9, "friendly support people", before)
        said(world, 100 + number, 3, "support went silent after the merger", now)
        said(world, 200 + number, 10, "lovely charts", now)
    said(world, 300, 5, "one invoice", now)
    scored(world)
    api = Api.of(world)
    body = api.call("GET", "metrics/themes", query=f"since={now}&until={now}").body
    told = {one["theme"]: one for one in body["themes"]}
    assert (told["support"]["nps"], told["support"]["response_count"]) == (-100, 12)
    assert told["support"]["change"] == {"points": -200, "significant": True}
    assert (told["billing"]["shown"], told["billing"]["response_count"]) == ("hidden", None)
    assert (body["comments_read"], body["comments_read_before"], body["every_comment_read"]) == (25, 12, True)
    assert {one["phrase"] for one in body["phrases"]["detractors"]} >= {"support went", "merger"}
    assert {one["phrase"] for one in body["phrases"]["promoters"]} == {"lovely charts"}
    assert "lovely charts" in {one["phrase"] for one in body["phrases"]["rising"]}
    assert all(one["count"] >= LEAST_COMMENTS for group in body["phrases"].values() for one in group)


@pytest.mark.parametrize(
    ("name", "most", "read"),
    [
        ("MOST_COMMENTS", 5, 5), ("MOST_CHARACTERS", 51, 3), ("MOST_CHARACTERS", 50, 2), ("MOST_RESPONSES", 8, 6),
        ("MOST_COMMENTS", 10, 10), ("MOST_CHARACTERS", 250, 10), ("MOST_RESPONSES", 13, 10),
    ],
)  # fmt: skip
def test_given_more_than_is_read_for_phrases_then_the_newest_are_and_the_answer_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch, name: str, most: int, read: int
) -> None:
    # given ten comments of 25 characters, and three answers without one, two of them newest but one
    world.now = moment("2026-06-15 12:00:00")
    world.project()
    for number in range(10):
        said(world, number, 3, "charts are slow every day", moment("2026-06-10 12:00:00") + number)
    for number, second in ((20, 1), (21, 8), (22, 8)):
        said(world, number, 3, "", moment("2026-06-10 12:00:00") + second)
    monkeypatch.setattr(theme_calls, name, most)
    june = moment("2026-06-10 12:00:00")
    body = Api.of(world).call("GET", "metrics/themes", query=f"since={june}&until={june}").body
    assert (body["comments_read"], body["every_comment_read"]) == (read, read == 10)


def test_given_a_period_before_that_is_not_read_whole_then_the_answer_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.now = moment("2026-06-15 12:00:00")
    world.project()
    for number in range(3):
        said(world, number, 3, "charts are slow every day", moment("2026-05-10 12:00:00") + number)
    monkeypatch.setattr(theme_calls, "MOST_COMMENTS", 2)
    june = moment("2026-06-10 12:00:00")
    body = Api.of(world).call("GET", "metrics/themes", query=f"since={june}&until={june}").body
    assert (body["comments_read"], body["comments_read_before"], body["every_comment_read"]) == (0, 2, False)


def test_given_thousands_of_phrases_that_differ_then_telling_the_surest_takes_no_time_in_their_square() -> None:
    every = {name: name for n in range(4_000) for name in (f"w{n}", f"w{n} x{n}")}
    others = {f"y{n}": f"y{n}" for n in range(8_000)}
    began = process_time()
    told = distinguishing([every] * 40, [every] * 4 + [others] * 36)
    assert (len(told), process_time() - began < 5) == (10, True)
