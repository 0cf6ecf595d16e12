"""The samples are what their README says: invented, reproducible, and as varied as real customers."""

import csv
import re
import tomllib
import unicodedata
from collections import Counter, defaultdict
from dataclasses import fields, is_dataclass
from itertools import combinations
from pathlib import Path
from random import Random
from statistics import fmean

import pytest

from samples import make
from samples.answers import Answer, answers, comments
from shared.domain.nps import Category, category
from shared.domain.people import address_problem, normalise_address
from shared.domain.project import LANGUAGE_BOUND, Contact, Project
from shared.domain.project_settings import parse_project
from shared.domain.questions import Question, QuestionTexts, QuestionType
from shared.domain.themes import Theme

SAMPLES = Path(make.__file__).parent
PROJECTS = sorted((SAMPLES / "projects").glob("*.toml"))
LOCALES = ("en", "es", "fr", "de", "ar")
SHARED = ("account_name", "plan", "region", "renewal_date", "arr", "owner_email", "owner_name")
TOPICS = {
    "support",
    "training",
    "onboarding",
    "reliability",
    "speed",
    "usability",
    "price",
    "billing",
    "integrations",
    "missing features",
    "documentation",
    "account management",
    "implementation",
    "security",
}
RESERVED = re.compile(r"(?:[a-z0-9-]+\.)*example\.(?:com|org|net)")
SIMULATED = re.compile(r"(?:bounce|complaint|suppressionlist|success)\+\d@simulator\.amazonses\.com")

type Row = dict[str, str]


@pytest.fixture(scope="module")
def people() -> list[Row]:
    return make.read_people()


def test_the_generator_writes_the_committed_file_again_byte_for_byte() -> None:
    assert make.as_csv(make.people()).encode() == make.PEOPLE.read_bytes()


def test_there_are_400_different_people(people: list[Row]) -> None:
    assert len(people) == 400
    assert all(tuple(row) == make.COLUMNS for row in people)
    assert len({normalise_address(row["email"]) for row in people}) == 400
    assert len({row["name"] for row in people}) == 400


def test_every_field_is_filled_in_normal_form_and_free_of_emoji(people: list[Row]) -> None:
    for row in people:
        for value in row.values():
            assert value.strip() == value != ""
            assert unicodedata.is_normalized("NFC", value)
            assert not {unicodedata.category(c) for c in value} & {"Cc", "Cf", "Cn", "Co", "Cs", "So"}


def test_addresses_are_valid_and_lead_to_nobody(people: list[Row]) -> None:
    for row in people:
        for address in (row["email"], row["owner_email"]):
            assert address_problem(address) is None, address
        domain = row["email"].rpartition("@")[2]
        assert RESERVED.fullmatch(domain) or SIMULATED.fullmatch(row["email"]), row["email"]
        assert RESERVED.fullmatch(row["owner_email"].rpartition("@")[2])
    simulated = [row["email"] for row in people if "amazonses" in row["email"]]
    assert sorted(simulated) == sorted(make.SIMULATOR)


def test_no_address_outside_the_reserved_domains_is_anywhere_in_the_samples() -> None:
    for path in SAMPLES.rglob("*"):
        if path.suffix in {".csv", ".toml", ".py", ".md"}:
            for address in re.findall(r"[\w.+'-]+@[\w-]+(?:\.[\w-]+)+", path.read_text(encoding="utf-8")):
                domain = address.rpartition("@")[2]
                assert RESERVED.fullmatch(domain) or SIMULATED.fullmatch(address), f"{path.name}: {address}"


def test_60_accounts_of_1_to_15_people_each_with_facts_of_its_own(people: list[Row]) -> None:
    accounts = defaultdict(list)
    for row in people:
        accounts[row["account_id"]].append(row)
    sizes = [len(rows) for rows in accounts.values()]
    assert len(accounts) == 60
    assert (min(sizes), max(sizes)) == (1, 15)
    for rows in accounts.values():
        assert len({tuple(row[column] for column in SHARED) for row in rows}) == 1
    assert len({rows[0]["account_name"] for rows in accounts.values()}) == 60


def test_renewals_and_revenue_are_spread(people: list[Row]) -> None:
    accounts = {row["account_id"]: row for row in people}
    months = Counter(row["renewal_date"][:7] for row in accounts.values())
    assert sorted(months) == ["2026-12", *(f"2027-{month:02}" for month in range(1, 12))]
    assert max(months.values()) <= 8
    revenue = defaultdict(list)
    for row in accounts.values():
        assert row["arr"].isdecimal()
        revenue[row["plan"]].append(int(row["arr"]))
    assert fmean(revenue["Starter"]) < fmean(revenue["Professional"]) < fmean(revenue["Enterprise"])


def test_properties_are_skewed_as_real_ones_are(people: list[Row]) -> None:
    counts = {name: Counter(row[name] for row in people) for name in (*make.COLUMNS, "locale")}
    assert counts["locale"] == {"en": 240, "es": 52, "fr": 40, "de": 40, "ar": 28}
    assert set(counts["plan"]) == {"Starter", "Professional", "Enterprise"}
    assert len(counts["owner_email"]) == len(counts["owner_name"]) == 6
    for name, values in (("region", 6), ("role", 7), ("specialty", 13), ("product", 4)):
        assert len(counts[name]) == values
        (_, most), *_, (_, least) = counts[name].most_common()
        assert most > 3 * least


def test_names_come_in_many_scripts_and_shapes(people: list[Row]) -> None:
    names = [row["name"] for row in people]
    scripts = {unicodedata.name(c).split()[0] for name in names for c in name if c.isalpha()}
    assert scripts >= {"LATIN", "ARABIC", "CJK", "HIRAGANA", "HANGUL", "GREEK", "HEBREW", "TAMIL", "THAI"}
    assert any("'" in name for name in names)
    assert any("-" in name for name in names)
    assert any(len(name) == 1 for name in names)
    assert any(len(name) > 80 for name in names)
    assert any("," in name for name in names)
    assert any('"' in name for name in names)


def test_there_are_three_projects() -> None:
    assert [path.stem for path in PROJECTS] == ["elstergrund", "haldora", "nadwar"]


@pytest.mark.parametrize("path", PROJECTS, ids=lambda path: path.stem)
def test_a_project_file_is_a_valid_project_with_reserved_addresses_only(path: Path) -> None:
    project = parse_project(tomllib.loads(path.read_text(encoding="utf-8")))
    assert project.id == path.stem
    assert project.sender.email.endswith("@example.com")
    for url in re.findall(r"https://([^/\"]+)", path.read_text(encoding="utf-8")):
        assert RESERVED.fullmatch(url)


def test_the_projects_differ_in_language_time_zone_and_calendar() -> None:
    found = {p.id: p for p in (parse_project(tomllib.loads(path.read_text(encoding="utf-8"))) for path in PROJECTS)}
    haldora, elstergrund, nadwar = found["haldora"], found["elstergrund"], found["nadwar"]
    assert (haldora.locale, haldora.time_zone, haldora.calendar.country) == ("en", "America/Chicago", "US")
    assert haldora.product == "Haldora Chart"
    assert haldora.dimensions == ("plan", "region", "role", "specialty", "product")
    assert len(haldora.managers) == 3
    assert haldora.texts.thank_you_link_url
    assert (elstergrund.locale, elstergrund.time_zone) == ("de", "Europe/Berlin")
    assert (elstergrund.calendar.country, elstergrund.calendar.subdivision) == ("DE", "BE")
    assert (nadwar.locale, nadwar.time_zone, nadwar.calendar.country) == ("ar", "Asia/Riyadh", "SA")
    assert set(nadwar.calendar.days) == {7, 1, 2, 3, 4}


def test_the_main_project_names_every_setting_there_is() -> None:
    text = (SAMPLES / "projects" / "haldora.toml").read_text(encoding="utf-8")
    data = tomllib.loads(re.sub(r"^# (?=[a-z_]+ = )", "", text, flags=re.MULTILINE))
    parse_project(data)
    default = parse_project(tomllib.loads((SAMPLES / "projects" / "nadwar.toml").read_text(encoding="utf-8")))
    assert set(data["texts"].pop("es")) == set(LANGUAGE_BOUND)
    assert set(data["opt_in"].pop("es")) == {"consent"}
    assert set(data["follow_up"].pop("es")) == set(Category)
    data["opt_in"]["consent_by_language"] = {}
    for field in fields(Project):
        if field.name in {"created_at", "updated_at", "history_at", "texts_by_language", "follow_up_by_language"}:
            continue
        assert field.name in data
        part = getattr(default, field.name)
        if is_dataclass(part):
            assert set(data[field.name]) == {inner.name for inner in fields(part)}, field.name
    assert [set(theme) for theme in data["themes"]] == [{inner.name for inner in fields(Theme)}]
    spanish = [question.pop("es") for question in data["questions"] if "es" in question]
    assert {name for texts in spanish for name in texts} == {inner.name for inner in fields(QuestionTexts)} - {
        "language"
    }
    named = {name for question in data["questions"] for name in question}
    assert named == {inner.name for inner in fields(Question)} - {"texts_by_language"}
    assert {question["type"] for question in data["questions"]} <= set(QuestionType)
    assert set(data["managers"][0]) == {inner.name for inner in fields(Contact)}


def test_every_dimension_of_the_main_project_is_a_column(people: list[Row]) -> None:
    project = parse_project(tomllib.loads((SAMPLES / "projects" / "haldora.toml").read_text(encoding="utf-8")))
    assert set(project.dimensions) <= set(people[0])


def test_the_corpus_has_every_topic_and_every_category_in_every_language() -> None:
    clear = [comment for comment in comments() if comment.topic != "unclear"]
    unclear = [comment for comment in comments() if comment.topic == "unclear"]
    assert {comment.topic for comment in clear} == TOPICS
    for some in (clear, unclear):
        assert {(c.category, c.locale) for c in some} == {(group, locale) for group in Category for locale in LOCALES}
    assert len({comment.text for comment in comments()}) == len(comments()) >= 120
    assert all(comment.text.strip() == comment.text != "" for comment in comments())
    assert all(len(comment.text.split()) < 4 for comment in unclear)


def test_the_corpus_is_plain_rectangular_csv() -> None:
    with (SAMPLES / "comments.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["category", "locale", "topic", "comment"]
    assert {len(row) for row in rows} == {4}


def test_answers_are_the_same_for_the_same_seed_and_others_for_another(people: list[Row]) -> None:
    assert answers(people, 7) == answers(people, 7)
    assert answers(people, 7) != answers(people, 8)


@pytest.mark.parametrize("seed", range(20))
def test_45_percent_answer_once_each_in_all_categories(people: list[Row], seed: int) -> None:
    found = answers(people, seed)
    addresses = [answer.email for answer in found]
    assert len(found) == 178
    assert len(set(addresses)) == 178
    assert set(addresses) <= {row["email"] for row in people} - set(make.SIMULATOR)
    assert {category(answer.score) for answer in found} == set(Category)
    assert any(answer.comment == "" for answer in found)


def test_a_comment_fits_the_score_and_the_language(people: list[Row]) -> None:
    locale = {row["email"]: row["locale"] for row in people}
    known = {(comment.category, comment.locale, comment.text) for comment in comments()}
    for answer in answers(people, 1):
        if answer.comment:
            assert (category(answer.score), locale[answer.email], answer.comment) in known


def test_a_language_without_comments_gets_english_ones() -> None:
    people = [{"email": f"p{i}@example.com", "locale": "pt-BR", "account_id": str(i)} for i in range(40)]
    english = {comment.text for comment in comments() if comment.locale == "en"}
    said = {answer.comment for answer in answers(people, 1)} - {""}
    assert said
    assert said <= english


def test_scores_are_distributed_as_promised() -> None:
    crowd = [{"email": f"p{i}@example.com", "locale": "en", "account_id": str(i)} for i in range(20_000)]
    found = answers(crowd, 1)
    shares = Counter(category(answer.score) for answer in found)
    assert shares[Category.DETRACTOR] / len(found) == pytest.approx(0.15, abs=0.02)
    assert shares[Category.PASSIVE] / len(found) == pytest.approx(0.30, abs=0.02)
    assert shares[Category.PROMOTER] / len(found) == pytest.approx(0.55, abs=0.02)
    assert set(range(11)) == {answer.score for answer in found}


def test_colleagues_are_more_alike_than_strangers() -> None:
    crowd = [{"email": f"p{i}@example.com", "locale": "en", "account_id": str(i // 10)} for i in range(5_000)]
    account = {row["email"]: row["account_id"] for row in crowd}
    found = answers(crowd, 1)
    by_account: defaultdict[str, list[Answer]] = defaultdict(list)
    for answer in found:
        by_account[account[answer.email]].append(answer)
    pairs = [pair for colleagues in by_account.values() for pair in combinations(colleagues, 2)]
    mixed = Random(0).sample(found, len(found))
    apart = [abs(a.score - b.score) for a, b in zip(found, mixed, strict=True)]
    assert fmean(abs(a.score - b.score) for a, b in pairs) < 0.9 * fmean(apart)
