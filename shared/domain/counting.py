"""What a record contributes to which counters, and how a batch of stream records becomes one exact change.

A stream delivers at least once and cuts its batches anew on a retry. So nothing here depends on a
batch: for every record a ledger row keeps which revision was counted last and exactly what was
counted for it, and what has to change is the difference to what its newest image contributes.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from shared.domain.errors import HearbackError
from shared.domain.project import Project
from shared.domain.requests import RequestState, SurveyRequest
from shared.domain.responses import Response
from shared.domain.trends import Trend

MAX_CHANGES = 50
MAX_ACTIONS = 100
OTHER = "other"
ALL = "all"
ACCOUNT = "account#"
TREND = "trend#"

_MAX_VALUE = 100


class CounterKey(NamedTuple):
    """One number: `name` (h0..h10, commented, sent, …) in `row` (all, day#…, dim#…, …) of a project's month."""

    month: str
    row: str
    name: str


Amounts = Mapping[CounterKey, int]


class StaleError(HearbackError):
    """The rules in hand are older than those by which something was counted; they have to be read again."""


@dataclass(frozen=True, slots=True)
class Rules:
    """By what a project's records are counted. `version` grows with every change that asks for a recount."""

    project: Project
    trends: tuple[Trend, ...] = ()
    version: int = 0

    def kept_properties(self, response: Response) -> dict[str, str]:
        """The properties by which a response is counted: all that an anonymous one keeps."""
        return {
            name: value
            for name, value in response.properties.items()
            if name in self.project.dimensions or any(trend.names(name, value) for trend in self.trends)
        }


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """What is counted of a record: its revision, the version of the rules, and the exact amounts.

    `written` counts the writes of the ledger row, 0 when there is none.
    """

    rev: int
    amounts: Amounts = field(default_factory=dict)
    rules: int = 0
    written: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """One record's step from what is counted of it to the new entry."""

    record: str
    entry: LedgerEntry
    difference: Amounts


class DimensionValue(NamedTuple):
    """A property's value that a project counts by."""

    dimension: str
    value: str


def dimension_values(response: Response, project: Project) -> list[DimensionValue]:
    """The segments a response belongs to, before the cap on distinct values; none while it does not count."""
    return [
        DimensionValue(name, value[:_MAX_VALUE])
        for name in (project.dimensions if response.counts else ())
        if (value := response.properties.get(name, "").strip())
    ]


def day_row(day: str) -> str:
    """The row of a day (YYYY-MM-DD)."""
    return f"day#{day}"


def dimension_row(dimension: str, value: str) -> str:
    """The row of a segment."""
    return f"dim#{dimension}#{value}"


def account_row(account_id: str) -> str:
    """The row of an account, under a hash: what is counted of a customer does not name them, and has one length."""
    return f"{ACCOUNT}{hashlib.sha256(account_id.encode()).hexdigest()[:20]}"


def trend_row(trend_id: str, day: str) -> str:
    """The row of a trend's day (YYYY-MM-DD)."""
    return f"{TREND}{trend_id}#{day}"


def response_amounts(response: Response, segments: Iterable[DimensionValue], rules: Rules) -> Amounts:
    """What a response contributes, in the month and day of its creation in the project's time zone.

    One that does not count yet, or is doubted, is told of in the funnel alone.
    """
    if not response.counts:
        return _funnel(response.created_at, rules.project.zone, ["quarantined" if response.quarantine else "partial"])
    month, day = _month_and_day(response.created_at, rules.project.zone)
    score = f"h{response.score}"
    amounts: dict[CounterKey, int] = {}
    for row in (ALL, day_row(day)):
        amounts[CounterKey(month, row, score)] = 1
        if response.commented:
            amounts[CounterKey(month, row, "commented")] = 1
    rows = [dimension_row(*segment) for segment in segments]
    rows += [account_row(response.account_id)] if response.account_id else []
    rows += [trend_row(trend.id, day) for trend in rules.trends if trend.matches(response.properties)]
    for row in rows:
        amounts[CounterKey(month, row, score)] = 1
    return amounts


def request_amounts(request: SurveyRequest, zone: ZoneInfo) -> Amounts:
    """What a survey request contributes to the funnel.

    Everything counts in the month and day in which the request was sent, so that a month's
    answered and delivered requests are parts of its sent ones; refusals count when they were made.
    """
    if request.state in {RequestState.THROTTLED, RequestState.SUPPRESSED} and not request.sent_at:
        return _funnel(request.created_at, zone, [request.state.value])
    if not request.sent_at:
        return {}
    reached = ["sent"]
    reached += ["delivered"] if request.delivered_at and not request.bounced_at else []
    reached += ["bounced"] if request.bounced_at else []
    reached += ["answered"] if request.responded_at else []
    return _funnel(request.sent_at, zone, reached)


def change(
    record: str, rev: int, amounts: Amounts, counted: LedgerEntry | None, rules: int = 0, *, anew: bool = False
) -> Change | None:
    """The step from what is counted to what should be by these rules.

    None when this revision is counted already by these rules or newer ones, or a newer revision is; `anew` looks all
    the same whether what was counted is right. Raises StaleError
    when a newer revision is to be counted by older rules than the one before it.
    """
    before = counted or LedgerEntry(rev=0)
    if rev < before.rev or (rev == before.rev and rules <= before.rules and not anew):
        return None
    if rules < before.rules:
        raise StaleError(f"{record} was counted by newer rules")
    difference = Counter(amounts)
    difference.subtract(before.amounts)
    left = {key: amount for key, amount in difference.items() if amount}
    if rev == before.rev and not left:
        return None
    return Change(record, LedgerEntry(rev, dict(amounts), rules, before.written + 1), left)


def total(changes: Iterable[Change]) -> Amounts:
    """The sum of the changes' differences, without zeros."""
    summed: Counter[CounterKey] = Counter()
    for one in changes:
        summed.update(one.difference)
    return {key: amount for key, amount in summed.items() if amount}


def transactions(changes: Sequence[Change]) -> list[list[Change]]:
    """Changes in groups that fit one transaction: a ledger write each and one ADD per counter row.

    Split by record, never by counter. Raises ValueError when a single change does not fit.
    """
    groups: list[list[Change]] = []
    rows: set[tuple[str, str]] = set()
    for one in changes:
        own = {(key.month, key.row) for key in one.difference}
        if len(own) + 1 > MAX_ACTIONS:
            raise ValueError(f"{one.record} touches {len(own)} counters, more than one transaction holds")
        group = groups[-1] if groups else None
        if group is None or len(group) == MAX_CHANGES or len(rows | own) + len(group) + 1 > MAX_ACTIONS:
            groups.append([one])
            rows = own
        else:
            group.append(one)
            rows |= own
    return groups


def _funnel(at: int, zone: ZoneInfo, names: Iterable[str]) -> Amounts:
    month, day = _month_and_day(at, zone)
    return {CounterKey(month, row, name): 1 for name in names for row in (ALL, day_row(day))}


def _month_and_day(at: int, zone: ZoneInfo) -> tuple[str, str]:
    day = datetime.fromtimestamp(at, zone).date().isoformat()
    return day[:7], day
