"""A month's figures, from counters, cases and responses."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from statistics import median
from zoneinfo import ZoneInfo

from shared.domain.cases import Case, CaseState
from shared.domain.figures import (
    AccountAtRisk,
    CaseFigures,
    ChangeFigures,
    Funnel,
    Previous,
    QualityNote,
    Segment,
    SegmentValue,
    TrendMonth,
)
from shared.domain.nps import SCORE_FROM, Category, Histogram
from shared.domain.project import Project
from shared.domain.responses import Response
from shared.domain.segments import hidden_in, with_rest

RENEWAL_DAYS = 90

_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month (YYYY-MM) in a time zone."""

    name: str
    zone: ZoneInfo

    @property
    def first_day(self) -> date:
        """Its first day."""
        return date.fromisoformat(f"{self.name}-01")

    @property
    def last_day(self) -> date:
        """Its last day."""
        return self.next().first_day - timedelta(days=1)

    @property
    def start(self) -> int:
        """The Unix time at which it begins."""
        return int(datetime.combine(self.first_day, time(0), self.zone).timestamp())

    @property
    def end(self) -> int:
        """The Unix time at which the next month begins."""
        return self.next().start

    def next(self) -> "Month":
        """The month after."""
        return Month(f"{self.first_day + timedelta(days=32):%Y-%m}", self.zone)

    def previous(self) -> "Month":
        """The month before."""
        return Month(f"{self.first_day - timedelta(days=1):%Y-%m}", self.zone)

    def trailing(self, count: int) -> list["Month"]:
        """This many months up to this one, oldest first."""
        months = [self]
        while len(months) < count:
            months.append(months[-1].previous())
        return months[::-1]


def month_of(at: int, zone: ZoneInfo) -> Month:
    """The month in which a Unix time lies."""
    return Month(f"{datetime.fromtimestamp(at, zone):%Y-%m}", zone)


def rounded_interval(histogram: Histogram) -> list[float] | None:
    """The score's interval to a tenth of a point."""
    interval = histogram.interval()
    return [round(interval.low, 1), round(interval.high, 1)] if interval else None


def previous_month(month: str, histogram: Histogram) -> Previous | None:
    """The month before, when it had answers."""
    score = histogram.score()
    return None if score is None else Previous(month=month, score=score, responses=histogram.n)


def change(now: Histogram, before: Histogram) -> ChangeFigures | None:
    """The change since the month before, when both have answers."""
    step = now.change_since(before)
    return ChangeFigures(points=step.points, significant=step.significant) if step else None


def trend_month(month: str, histogram: Histogram) -> TrendMonth:
    """A month of the trend; below ten answers it has no score."""
    told = histogram.n >= SCORE_FROM
    return TrendMonth(
        month=month,
        score=histogram.score() if told else None,
        interval=rounded_interval(histogram) if told else None,
        responses=histogram.n,
    )


def funnel(row: Mapping[str, int]) -> Funnel:
    """What became of the mails sent in the month, from its row of counters."""
    return Funnel(
        sent=row.get("sent", 0),
        delivered=row.get("delivered", 0),
        bounced=row.get("bounced", 0),
        answered=row.get("answered", 0),
        commented=row.get("commented", 0),
        throttled=row.get("throttled", 0),
        suppressed=row.get("suppressed", 0),
    )


def segments(
    histograms: Mapping[tuple[str, str], Histogram], dimensions: Sequence[str], whole: Histogram
) -> list[Segment]:
    """The month's segments in the project's order, the largest first; `whole` is the month.

    Of a segment with fewer than five answers nothing is given out but that it exists, nor of one by which the report's
    reader could work it out.
    """
    found = []
    for dimension in dimensions:
        values = {
            value: histogram for (name, value), histogram in histograms.items() if name == dimension and histogram.n
        }
        hidden = hidden_in(with_rest(values, whole))
        in_order = sorted(values.items(), key=lambda one: (-one[1].n, one[0]))
        told = [_segment_value(value, histogram, hidden=value in hidden) for value, histogram in in_order]
        found.append(Segment(dimension=dimension, values=told))
    return found


def _segment_value(value: str, histogram: Histogram, *, hidden: bool) -> SegmentValue:
    if hidden:
        nothing = Histogram()
        return SegmentValue(
            value=value, histogram=list(nothing.counts), responses=0, score=None, interval=None, shown="hidden"
        )
    told = histogram.shown == "score"
    return SegmentValue(
        value=value,
        histogram=list(histogram.counts),
        responses=histogram.n,
        score=histogram.score() if told else None,
        interval=rounded_interval(histogram) if told else None,
        shown=histogram.shown,
    )


def case_figures(cases: Iterable[Case], month: Month, now: int) -> CaseFigures:
    """How the loop was closed for the cases opened in the month; `open` and `overdue` are of all cases, now."""
    every = list(cases)
    opened = [case for case in every if month.start <= case.opened_at < month.end]
    hours = [(case.contacted_at - case.opened_at) / _HOUR for case in opened if case.contacted_at]
    return CaseFigures(
        opened=len(opened),
        contacted=sum(1 for case in opened if case.contacted_at),
        contacted_in_time=sum(1 for case in opened if 0 < case.contacted_at <= case.due_at),
        resolved=sum(1 for case in opened if case.state is CaseState.RESOLVED),
        open=sum(1 for case in every if case.state is not CaseState.RESOLVED),
        overdue=sum(1 for case in every if case.state is CaseState.OPEN and case.due_at < now),
        recovered=sum(1 for case in opened if case.recovered_at),
        median_hours_to_contact=round(median(hours), 1) if hours else None,
    )


def accounts_at_risk(responses: Iterable[Response], today: date, project: Project) -> list[AccountAtRisk]:
    """Accounts with a detractor among these responses that renew within 90 days, soonest first."""
    found: dict[str, AccountAtRisk] = {}
    for response in responses:
        renewal = _day(response.properties.get("renewal_date", ""))
        if response.category is not Category.DETRACTOR or not response.account_id or renewal is None:
            continue
        if not 0 <= (renewal - today).days <= RENEWAL_DAYS:
            continue
        known = found.get(response.account_id)
        if known is None:
            found[response.account_id] = AccountAtRisk(
                account_id=response.account_id,
                account_name=response.properties.get("account_name", response.account_id),
                renewal_date=renewal.isoformat(),
                arr=response.properties.get("arr"),
                lowest_score=response.score,
                owner_email=response.properties.get("owner_email", project.owner.email),
            )
        else:
            known["lowest_score"] = min(known["lowest_score"], response.score)
    return sorted(found.values(), key=lambda account: (account["renewal_date"], account["account_id"]))


def quality(counted: Histogram, recounted: Histogram, sent: int, answered: int) -> list[QualityNote]:
    """What a reader should know of the data behind the figures."""
    notes = [
        QualityNote(
            name="Recount",
            value="matches" if counted == recounted else f"differs: {counted.n} counted, {recounted.n} found",
            note="The counters against the month's responses, one by one.",
        )
    ]
    if sent:
        notes.append(
            QualityNote(
                name="Response rate",
                value=f"{round(100 * answered / sent)}%",
                note="Answers to the surveys sent in the month, so far.",
            )
        )
    if counted.n < SCORE_FROM:
        notes.append(
            QualityNote(
                name="Few answers",
                value=str(counted.n),
                note="With fewer than ten answers the score says little; read the words.",
            )
        )
    return notes


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None
