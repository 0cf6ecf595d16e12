"""NPS to the point: exact values, honest intervals; the month's figures; personal data out of comments."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain import monthly
from shared.domain.cases import Case, CaseState
from shared.domain.monthly import Month
from shared.domain.nps import SCORES, Category, Histogram, category, round_half_away_from_zero
from shared.domain.project import Project
from shared.domain.project_settings import parse_project
from shared.domain.redaction import MARK, redact
from shared.domain.responses import Response
from tests.fakes.world import START, moment, settings

HISTOGRAMS = st.lists(st.integers(0, 50), min_size=11, max_size=11).map(lambda counts: Histogram(tuple(counts)))


def mix(promoters: int, passives: int, detractors: int) -> Histogram:
    return Histogram((detractors, 0, 0, 0, 0, 0, 0, passives, 0, 0, promoters))


@pytest.mark.parametrize(
    ("promoters", "passives", "detractors", "score"),
    [
        (1, 0, 0, 100), (0, 0, 1, -100), (0, 1, 0, 0), (10, 4, 6, 20), (1, 0, 7, -75), (7, 0, 1, 75),
        (1, 7, 0, 13), (0, 7, 1, -13), (3, 5, 0, 38), (0, 5, 3, -38), (1, 199, 0, 1), (0, 199, 1, -1), (1, 200, 0, 0),
        (2, 1, 1, 25), (70, 13, 17, 53),
    ],
)  # fmt: skip
def test_given_a_group_then_its_score_is_rounded_once_and_halves_away_from_zero(
    promoters: int, passives: int, detractors: int, score: int
) -> None:
    assert mix(promoters, passives, detractors).score() == score


def test_given_nobody_then_there_is_no_score() -> None:
    empty = Histogram()
    assert (empty.score(), empty.interval(), empty.percent(Category.PROMOTER)) == (None, None, 0)
    assert mix(1, 0, 0).change_since(empty) is None


@given(HISTOGRAMS)
def test_given_a_group_and_its_mirror_then_their_scores_mirror(histogram: Histogram) -> None:
    p, n, d = histogram.promoters, histogram.passives, histogram.detractors
    score, mirrored = mix(p, n, d).score(), mix(d, n, p).score()
    assert score is None or score == -(mirrored or 0)


@given(HISTOGRAMS, HISTOGRAMS)
def test_given_two_groups_then_their_sum_counts_everyone(one: Histogram, two: Histogram) -> None:
    both = one + two
    assert (both.n, both.promoters) == (one.n + two.n, one.promoters + two.promoters)
    interval = both.interval()
    assert interval is None or -100 <= interval.low <= interval.high <= 100


@pytest.mark.parametrize("score", SCORES)
def test_given_a_score_then_its_category_is_the_standard_one(score: int) -> None:
    expected = "promoter" if score >= 9 else "passive" if score >= 7 else "detractor"
    assert category(score) == expected


@pytest.mark.parametrize("score", [-1, 11])
def test_given_no_score_then_there_is_no_category(score: int) -> None:
    with pytest.raises(ValueError, match="0 to 10"):
        category(score)


@pytest.mark.parametrize(
    ("a", "b", "rounded"), [(5, 2, 3), (-5, 2, -3), (1, 3, 0), (-2, 3, -1), (0, 9, 0), (149, 2, 75)]
)
def test_given_a_fraction_then_halves_go_away_from_zero(a: int, b: int, rounded: int) -> None:
    assert round_half_away_from_zero(a, b) == rounded


@pytest.mark.parametrize(("n", "margin"), [(20, 29.97), (100, 14.06), (1000, 4.5), (2000, 3.18)])
def test_given_a_mix_of_50_35_15_then_the_margin_is_the_known_one(n: int, margin: float) -> None:
    interval = mix(n // 2, n * 35 // 100, n * 15 // 100).interval()
    assert interval is not None
    assert interval.margin == pytest.approx(margin, abs=0.01)


@pytest.mark.parametrize(("now", "before", "points", "significant"), [
    ((50, 30, 20), (50, 30, 20), 0, False), ((60, 20, 20), (20, 20, 60), 80, True), ((6, 2, 2), (5, 2, 3), 20, False),
])  # fmt: skip
def test_given_two_periods_then_the_change_says_whether_chance_explains_it(
    now: tuple[int, int, int], before: tuple[int, int, int], points: int, significant: bool
) -> None:
    change = mix(*now).change_since(mix(*before))
    assert change is not None
    assert (change.points, change.significant) == (points, significant)


@pytest.mark.parametrize(
    ("n", "shown", "told"), [(4, "hidden", 0), (5, "counts", 5), (9, "counts", 9), (10, "score", 10)]
)
def test_given_a_segment_then_few_answers_hide_its_score_or_all_of_it(n: int, shown: str, told: int) -> None:
    (segment,) = monthly.segments(
        {("plan", "gold"): mix(n, 0, 0), ("other", "x"): mix(50, 0, 0)}, ["plan"], mix(n, 0, 0)
    )
    (value,) = segment["values"]
    assert (value["shown"], value["responses"], sum(value["histogram"])) == (shown, told, told)
    assert (value["score"] is not None) == (n >= 10)


def test_given_a_small_segment_in_the_report_then_it_cannot_be_had_by_subtraction() -> None:
    silver, gold, blue = mix(2, 0, 0), mix(12, 0, 0), mix(30, 0, 0)
    found = {("plan", "silver"): silver, ("plan", "gold"): gold, ("plan", "blue"): blue}
    (segment,) = monthly.segments(found, ["plan"], silver + gold + blue)
    assert {one["value"]: one["shown"] for one in segment["values"]} == {
        "blue": "score", "gold": "hidden", "silver": "hidden",
    }  # fmt: skip


def test_given_cases_then_closed_loop_figures_are_of_the_month_and_open_ones_of_now() -> None:
    month, hour = Month("2026-02", ZoneInfo("UTC")), 3600
    first = month.start
    common = {"project": "acme", "person": "p", "owner_email": "o@example.com"}
    every = [
        Case(
            id="a",
            opened_at=first,
            due_at=first + 9 * hour,
            contacted_at=first + 2 * hour,
            state=CaseState.CONTACTED,
            **common,
        ),
        Case(
            id="b",
            opened_at=first,
            due_at=first + hour,
            contacted_at=first + 4 * hour,
            state=CaseState.RESOLVED,
            recovered_at=first + 9 * hour,
            **common,
        ),
        Case(id="c", opened_at=month.end - 1, due_at=month.end, **common),
        Case(id="d", opened_at=first - 1, due_at=first, **common),
        Case(id="e", opened_at=month.end, due_at=month.end + 9 * hour, **common),
    ]
    assert monthly.case_figures(every, month, month.end + 1) == {
        "opened": 3, "contacted": 2, "contacted_in_time": 1, "resolved": 1, "open": 4, "overdue": 2, "recovered": 1,
        "median_hours_to_contact": 3.0,
    }  # fmt: skip


@pytest.fixture
def project() -> Project:
    return parse_project(settings())


@pytest.mark.parametrize(
    ("renewal", "at_risk"),
    [
        ("2026-03-02", True),
        ("2026-05-31", True),
        ("2026-06-01", False),
        ("2026-03-01", False),
        ("soon", False),
        ("", False),
        ("2026-04-01T00:00:00Z", True),
    ],
)
def test_given_a_detractor_then_the_account_is_at_risk_when_it_renews_within_90_days(
    project: Project, renewal: str, at_risk: bool
) -> None:
    properties = {"renewal_date": renewal, "arr": "12000", "account_name": "Account One"}
    answers = [
        Response(f"p{score}-1", "acme", "p", score, START, START, account_id="a1", properties=properties)
        for score in (5, 3, 9)
    ]
    found = monthly.accounts_at_risk(answers, date(2026, 3, 2), project)
    assert [(one["account_id"], one["lowest_score"], one["arr"]) for one in found] == [("a1", 3, "12000")] * at_risk


def test_given_months_over_a_change_of_clocks_then_their_ends_are_local_midnights() -> None:
    march = Month("2026-03", ZoneInfo("Europe/Berlin"))
    assert (march.start, march.end) == (moment("2026-02-28 23:00:00"), moment("2026-03-31 22:00:00"))
    assert march.last_day == date(2026, 3, 31)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Write to ada@example.com, please", f"Write to {MARK}, please"),
        ("see https://example.com/x?y=1 now", f"see {MARK} now"),
        ("call +49 (0)30 123-45 67 today", f"call {MARK} today"),
        ("version 10 of 2026", "version 10 of 2026"),
        ("Ada and ADA but not Adam", f"{MARK} and {MARK} but not Adam"),
        ("J. O'Neil-Example (x)", f"J. {MARK}-{MARK} (x)"),
        ("www.example.com", MARK),
        ("no names", "no names"),
        ("", ""),
    ],
)
def test_given_a_comment_then_addresses_numbers_and_the_persons_name_are_taken_out(text: str, left: str) -> None:
    assert redact(text, ["Ada Example", "J. O'Neil-Example"]) == left


@given(st.text(alphabet="a1 @.+-()\n", max_size=200), st.text(max_size=20))
def test_given_any_words_then_no_address_survives(text: str, name: str) -> None:
    assert "ada@example.com" not in redact(f"{text} ada@example.com {text}", [name])
