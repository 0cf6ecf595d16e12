"""A month's report: figures from the counters, words from the responses, files in S3, a mail to each manager."""

import hashlib
import json
from contextlib import suppress
from datetime import datetime

from shared.domain import monthly
from shared.domain.cases import Case
from shared.domain.figures import Figures, Segment, Verbatim
from shared.domain.mails import Mail, MailKind
from shared.domain.monthly import Month
from shared.domain.nps import Category, Histogram
from shared.domain.people import Person
from shared.domain.project import Project
from shared.domain.redaction import redact
from shared.domain.responses import Response
from shared.outside import clients, queues
from shared.outside.settings import setting
from shared.render import report as render
from shared.store import counters, lists, reports
from shared.store.attributes import Item
from shared.store.records import created, load_many
from shared.store.table import ChangedError, records

TREND_MONTHS = 12
VERBATIMS_EACH = 4
SHORTEST_VERBATIM = 15


def build(project: Project, month: Month, now: int) -> Item:
    """Builds a month's report, again if need be, and mails its summary to each manager once."""
    begun = reports.begin(project.id, month.name, now)
    figures = gather(project, month, now)
    folder = f"reports/{project.id}/{month.name}"
    files = {"html": f"{folder}/report.html", "json": f"{folder}/report.json"}
    _put(files["json"], json.dumps(figures, ensure_ascii=False, indent=1), "application/json")
    _put(files["html"], render.html(project, figures), "text/html; charset=utf-8")
    known = reports.find(project.id, month.name) or {}
    if not (figures["preliminary"] and known.get("quiet")):
        _mail(project, figures, now)
    return reports.built(project.id, month.name, files, now, begun=begun)


def gather(project: Project, month: Month, now: int) -> Figures:
    """The figures of a month, up to now when it is not over."""
    rows = counters.month_rows(project.id, month.name)
    trend = month.trailing(TREND_MONTHS)
    totals = counters.month_totals(project.id, [one.name for one in trend])
    histogram = counters.histogram(rows.get("all"))
    before = counters.histogram(totals.get(month.previous().name))
    responses = _responses(project, month, now)
    funnel = monthly.funnel(rows.get("all", {}))
    today = datetime.fromtimestamp(min(now, month.end - 1), project.zone).date()
    told = monthly.segments(_segment_histograms(rows), project.dimensions, histogram)
    return Figures(
        project=project.id,
        project_name=project.name,
        month=month.name,
        first_day=month.first_day.isoformat(),
        last_day=today.isoformat(),
        preliminary=now < month.end,
        built_at=now,
        histogram=list(histogram.counts),
        score=histogram.score(),
        interval=monthly.rounded_interval(histogram),
        responses=histogram.n,
        promoters=histogram.promoters,
        passives=histogram.passives,
        detractors=histogram.detractors,
        previous=monthly.previous_month(month.previous().name, before),
        change=monthly.change(histogram, before),
        trend=[monthly.trend_month(one.name, counters.histogram(totals.get(one.name))) for one in trend],
        funnel=funnel,
        segments=told,
        cases=monthly.case_figures(_cases(project, now), month, now),
        accounts_at_risk=monthly.accounts_at_risk(responses, today, project),
        verbatims=_verbatims(project, responses, told),
        quality=monthly.quality(histogram, _recount(responses), funnel["sent"], funnel["answered"]),
    )


def _responses(project: Project, month: Month, now: int) -> list[Response]:
    until = min(month.end - 1, now)
    return list(lists.by_time(Response, "response", project.id, since=month.start, until=until))


def _cases(project: Project, now: int) -> list[Case]:
    return list(lists.by_time(Case, "case", project.id, since=project.created_at, until=now))


def _recount(responses: list[Response]) -> Histogram:
    scores = [0] * 11
    for response in responses:
        scores[response.score] += 1
    return Histogram(tuple(scores))


def _segment_histograms(rows: dict[str, Item]) -> dict[tuple[str, str], Histogram]:
    found: dict[tuple[str, str], Histogram] = {}
    for row, item in rows.items():
        if row.startswith("dim#"):
            _, dimension, value = row.split("#", 2)
            found[dimension, value] = counters.histogram(item)
    return found


def _verbatims(project: Project, responses: list[Response], segments: list[Segment]) -> list[Verbatim]:
    """The newest telling comments of each category, detractors first, without personal data."""
    chosen: list[Response] = []
    for category in (Category.DETRACTOR, Category.PASSIVE, Category.PROMOTER):
        telling = [r for r in responses if r.category is category and len(r.comment) >= SHORTEST_VERBATIM]
        chosen += sorted(telling, key=lambda r: (r.created_at, r.id), reverse=True)[:VERBATIMS_EACH]
    # The list may lag behind an erasure; the records themselves do not.
    chosen = [r for r in load_many(Response, [r.id for r in chosen]) if len(r.comment) >= SHORTEST_VERBATIM]
    people = {person.id: person for person in load_many(Person, [response.person for response in chosen])}
    named = segments[0] if segments else Segment(dimension="", values=[])
    shown = {one["value"] for one in named["values"] if one["shown"] != "hidden"}
    return [
        _verbatim(
            project, response, people.get(response.person), value if (value := _value(response, named)) in shown else ""
        )
        for response in chosen
    ]


def _value(response: Response, segment: Segment) -> str:
    return response.properties.get(segment["dimension"], "").strip()


def _verbatim(project: Project, response: Response, person: Person | None, segment: str) -> Verbatim:
    return Verbatim(
        score=response.score,
        category=response.category.value,
        comment=redact(response.comment, [person.name] if person else []),
        day=datetime.fromtimestamp(response.created_at, project.zone).date().isoformat(),
        segment=segment,
    )


def _put(key: str, text: str, content_type: str) -> None:
    clients.s3().put_object(
        Bucket=setting("REPORTS_BUCKET"), Key=key, Body=text.encode(), ContentType=content_type, CacheControl="no-store"
    )


def _mail(project: Project, figures: Figures, now: int) -> None:
    """One mail a manager and report: its name makes a second one impossible, also when the month is built again.

    A report of a month that is not over is a report of its own, by its last day.
    """
    edition = figures["last_day"] if figures["preliminary"] else figures["month"]
    mails = [
        Mail(
            id=f"{MailKind.REPORT.value}-{project.id}-{edition}-{_short(manager.email)}",
            project=project.id,
            kind=MailKind.REPORT,
            subject_id=figures["month"],
            to=manager.email,
            created_at=now,
            timer_at=now,
        )
        for manager in project.managers
    ]
    for mail in mails:
        with suppress(ChangedError):
            records().write(created(mail))
    queues.send(setting("PROMPT_QUEUE"), [{"mail": mail.id} for mail in mails])


def _short(address: str) -> str:
    return hashlib.sha256(address.encode()).hexdigest()[:12]
