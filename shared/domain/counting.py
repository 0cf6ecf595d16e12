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

from shared.domain.project import Project
from shared.domain.requests import RequestState, SurveyRequest
from shared.domain.responses import Response

MAX_CHANGES = 50
MAX_ACTIONS = 100
OTHER = "other"
ALL = "all"
ACCOUNT = "account#"

_MAX_VALUE = 100


class CounterKey(NamedTuple):
    """One number: `name` (h0..h10, commented, sent, …) in `row` (all, day#…, dim#…, account#…) of a project's month."""

    month: str
    row: str
    name: str


Amounts = Mapping[CounterKey, int]


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """What is counted of a record: the revision and the exact amounts."""

    rev: int
    amounts: Amounts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """One record's step: the ledger row goes from the revision read (0: no row) to the new entry."""

    record: str
    read_rev: int
    entry: LedgerEntry
    difference: Amounts


class DimensionValue(NamedTuple):
    """A property's value that a project counts by."""

    dimension: str
    value: str


def dimension_values(response: Response, project: Project) -> list[DimensionValue]:
    """The segments a response belongs to, before the cap on distinct values."""
    return [
        DimensionValue(name, value[:_MAX_VALUE])
        for name in project.dimensions
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


def response_amounts(response: Response, segments: Iterable[DimensionValue], zone: ZoneInfo) -> Amounts:
    """What a response contributes, in the month and day of its creation in the project's time zone."""
    month, day = _month_and_day(response.created_at, zone)
    score = f"h{response.score}"
    amounts: dict[CounterKey, int] = {}
    for row in (ALL, day_row(day)):
        amounts[CounterKey(month, row, score)] = 1
        if response.commented:
            amounts[CounterKey(month, row, "commented")] = 1
    for row in _segment_rows(response, segments):
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


def change(record: str, rev: int, amounts: Amounts, counted: LedgerEntry | None) -> Change | None:
    """The step from what is counted to what should be, or None when this revision is counted already."""
    before = counted or LedgerEntry(rev=0)
    if rev <= before.rev:
        return None
    difference = Counter(amounts)
    difference.subtract(before.amounts)
    return Change(
        record=record,
        read_rev=before.rev,
        entry=LedgerEntry(rev=rev, amounts=dict(amounts)),
        difference={key: amount for key, amount in difference.items() if amount},
    )


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


def _segment_rows(response: Response, segments: Iterable[DimensionValue]) -> list[str]:
    accounts = [account_row(response.account_id)] if response.account_id else []
    return [dimension_row(*segment) for segment in segments] + accounts


def _funnel(at: int, zone: ZoneInfo, names: Iterable[str]) -> Amounts:
    month, day = _month_and_day(at, zone)
    return {CounterKey(month, row, name): 1 for name in names for row in (ALL, day_row(day))}


def _month_and_day(at: int, zone: ZoneInfo) -> tuple[str, str]:
    day = datetime.fromtimestamp(at, zone).date().isoformat()
    return day[:7], day
