"""The monthly report: one self-contained page to read, forward and print."""

from dataclasses import dataclass

from shared.domain.figures import Figures, SegmentValue
from shared.domain.nps import Histogram
from shared.domain.project import Project
from shared.render import charts, engine, story
from shared.render.color import brand_tones
from shared.render.frame import variables
from shared.render.palette import DARK, FONT, LIGHT
from shared.render.words import Words, one_line, property_title, words_for


@dataclass(frozen=True, slots=True)
class _Step:
    name: str
    count: str
    width: float
    note: str


@dataclass(frozen=True, slots=True)
class _Row:
    value: str
    shown: str
    responses: str
    score: str
    interval: str
    shares: list[tuple[str, float, float]]
    counts: str


def html(project: Project, figures: Figures) -> str:
    """The report of a month. It loads nothing, needs no script and prints on A4."""
    words = words_for(project)
    tones = brand_tones(project.brand.color)
    month = words.month(figures["month"])
    return engine.render(
        "report/report.html",
        locale=words.locale,
        project=project,
        words=words,
        figures=figures,
        month=month,
        title=one_line(words.say("%(name)s: NPS in %(month)s", name=figures["project_name"], month=month)),
        days=words.say(
            "%(first)s to %(last)s",
            first=words.given_day(figures["first_day"]),
            last=words.given_day(figures["last_day"]),
        ),
        built=words.moment(figures["built_at"]),
        story=story.sentences(figures, words),
        groups=story.groups(figures, words),
        bars=charts.distribution(figures["histogram"]),
        trend=charts.trend(figures["trend"]),
        bar_height=charts.BAR_HEIGHT,
        trend_height=charts.TREND_HEIGHT,
        interval=lambda bounds: story.signed_interval(bounds, words),
        funnel=_funnel(figures, words),
        segments=[
            (property_title(segment["dimension"]), [_row(value, words) for value in segment["values"]])
            for segment in figures["segments"]
        ],
        quality=story.quality(figures, words),
        overdue=story.overdue_sentence(figures["cases"], words),
        median=_median(figures, words),
        in_time=words.share(figures["cases"]["contacted_in_time"], figures["cases"]["contacted"]),
        fonts=FONT,
        light_variables=variables(LIGHT, tones.light),
        dark_variables=variables(DARK, tones.dark),
    )


def _funnel(figures: Figures, words: Words) -> list[_Step]:
    funnel = figures["funnel"]
    widest = max(funnel["sent"], 1)
    steps = (
        (words.say("Sent"), funnel["sent"], "", 0),
        (words.say("Delivered"), funnel["delivered"], words.say("%(share)s of sent"), funnel["sent"]),
        (words.say("Answered"), funnel["answered"], words.say("%(share)s of delivered"), funnel["delivered"]),
        (
            words.say("With a comment"),
            funnel["commented"],
            words.say("%(share)s of the month's answers"),
            figures["responses"],
        ),
    )
    return [
        _Step(
            name=name,
            count=words.number(count),
            width=round(min(100.0, 100 * count / widest), 2),
            note=note % {"share": words.share(count, whole)} if whole else "",
        )
        for name, count, note, whole in steps
    ]


def _row(value: SegmentValue, words: Words) -> _Row:
    name = value["value"]
    if value["shown"] == "hidden":
        return _Row(name, "hidden", "", "", "", [], "")
    histogram = Histogram(tuple(value["histogram"]))
    counts = words.listing(
        [
            words.say_many("%(n)s promoter", "%(n)s promoters", histogram.promoters),
            words.say_many("%(n)s passive", "%(n)s passives", histogram.passives),
            words.say_many("%(n)s detractor", "%(n)s detractors", histogram.detractors),
        ]
    )
    scored = value["shown"] == "score" and value["score"] is not None
    return _Row(
        value=name,
        shown="score" if scored else "counts",
        responses=words.number(value["responses"]),
        score=words.points(value["score"] or 0) if scored else "",
        interval=story.signed_interval(value["interval"], words) if scored else "",
        shares=_shares(histogram) if scored else [],
        counts=counts,
    )


def _shares(histogram: Histogram) -> list[tuple[str, float, float]]:
    parts = (
        ("promoter", histogram.promoters),
        ("passive", histogram.passives),
        ("detractor", histogram.detractors),
    )
    placed, start = [], 0.0
    for name, count in parts:
        width = 100 * count / max(1, histogram.n)
        placed.append((name, round(start, 2), round(width, 2)))
        start += width
    return placed


def _median(figures: Figures, words: Words) -> str:
    hours = figures["cases"]["median_hours_to_contact"]
    return "\N{EN DASH}" if hours is None else words.span(round(hours * 3600))
