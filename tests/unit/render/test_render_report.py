"""The report tells what the figures allow, and nothing of groups that are too small."""

from dataclasses import replace

from rendering_samples import a_segment

from shared.domain.project import Brand
from shared.render import charts, report, story
from shared.render.words import Words


def test_the_report_is_self_contained(project, figures, see):
    branded = replace(project, brand=Brand("Mirandel", logo_url="https://example.com/logo.png"))

    html = report.html(branded, figures)

    seen = see(html)
    assert not seen.all("script")
    assert not seen.all("link")
    assert not seen.all("img")
    assert not seen.all("a")
    assert "url(" not in html
    assert "@import" not in html
    assert "@media print" in html
    assert not [e for _, e in seen.elements if "style" in e]
    assert len(html.encode()) < 60_000


def test_the_report_has_every_part(project, figures, see):
    words = see(report.html(project, figures)).words

    for part in (
        "+40", "172 answers.", "between +28 and +50", "which chance alone may explain", "What people answered",
        "Twelve months", "From email to answer", "Who answered what", "Closing the loop", "Accounts at risk",
        "In their own words", "How far to trust this", "Rocks 2016", "19 hours", "86%", "98% of sent",
        "28% of delivered",
    ):  # fmt: skip
        assert part in words, part


def test_a_small_segment_shows_counts_and_a_tiny_one_nothing(project, figures, see):
    figures["segments"] = [
        {
            "dimension": "plan",
            "values": [
                a_segment("Enterprise", (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 77)),
                a_segment("Starter", (1, 0, 0, 0, 0, 0, 0, 3, 0, 0, 4)),
                a_segment("Trial", (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4)),
            ],
        }
    ]

    html = report.html(project, figures)

    rows = dict(row.split("</bdi></th>", 1) for row in html.split('<th scope="row"><bdi>')[1:4])
    assert ">+100<" in rows["Enterprise"]
    assert "4 promoters, 3 passives and 1 detractor" in rows["Starter"]
    assert "+38" not in rows["Starter"]
    trial = see(rows["Trial"].split("</tr>")[0])
    assert trial.words.strip() == "too few to show"
    assert [e for _, e in trial.elements] == [{"class": "muted", "colspan": "4"}]


def test_a_hidden_segment_is_hidden_whatever_else_its_row_says(project, figures):
    value = a_segment("Trial", (0,) * 10 + (98765,)) | {"shown": "hidden"}
    figures["segments"] = [{"dimension": "plan", "values": [value]}]

    html = report.html(project, figures)

    assert "98765" not in html
    assert "98,765" not in html


def test_an_empty_month_is_a_report_too(project, figures, see):
    figures |= {"score": None, "interval": None, "responses": 0, "promoters": 0, "passives": 0, "detractors": 0}
    figures |= {"histogram": [0] * 11, "change": None, "previous": None, "segments": [], "accounts_at_risk": []}
    figures |= {"trend": [], "verbatims": [], "quality": [], "funnel": dict.fromkeys(figures["funnel"], 0)}
    figures["cases"] = dict.fromkeys(figures["cases"], 0) | {"median_hours_to_contact": None}

    words = see(report.html(project, figures)).words

    assert "No answers" in words
    assert "No survey emails went out" in words


def test_a_month_that_is_not_over_says_so(project, figures, see):
    figures["preliminary"] = True

    assert "Preliminary: the month is not over." in see(report.html(project, figures)).words


def test_a_change_is_told_with_its_direction_and_its_meaning(figures, project):
    words = Words("en", project.zone)

    def told(points, significant):
        figures["change"] = {"points": points, "significant": significant}
        return story.change_sentence(figures, words), story.in_brief(figures, words)

    assert told(8, significant=True) == (
        "Up 8 points from +32 in October 2026, more than chance explains.",
        "+40, up 8",
    )
    assert told(-3, significant=False) == (
        "Down 3 points from +32 in October 2026, which chance alone may explain.",
        "+40, down 3",
    )
    assert told(0, significant=False) == ("Unchanged from October 2026 (+32).", "+40, unchanged")


def test_the_shares_of_the_groups_make_a_whole(figures, project):
    words = Words("en", project.zone)
    for promoters, passives, detractors in ((1, 1, 1), (0, 0, 5), (96, 49, 27), (1, 998, 1)):
        figures |= {"promoters": promoters, "passives": passives, "detractors": detractors}
        figures["responses"] = promoters + passives + detractors
        assert sum(group.share for group in story.groups(figures, words)) == 100


def test_the_tallest_bar_fills_the_chart_and_an_empty_one_has_no_height():
    bars = charts.distribution([0] * 10 + [4])

    assert [bar.height for bar in bars] == [0.0] * 10 + [charts.BAR_HEIGHT]
    assert bars[-1].y == 0
    assert all(bar.x >= 0 and bar.x + bar.width <= 100 for bar in bars)
    assert [bar.category for bar in bars] == ["detractor"] * 7 + ["passive"] * 2 + ["promoter"] * 2


def test_the_trend_leaves_a_gap_where_nobody_answered(figures):
    trend = charts.trend(figures["trend"])

    assert [point.month for point in trend.points] == ["2026-08", "2026-10", "2026-11"]
    assert [(a.month, b.month) for a, b in trend.steps] == [("2026-10", "2026-11")]
    for point in trend.points:
        assert 0 <= point.top <= point.y <= point.bottom <= charts.TREND_HEIGHT
    assert [tick.value for tick in trend.ticks] == [75, 50, 25, 0]
