"""The pace of sending: who may call SES when, so that an account's rate is used and never exceeded.

Time is cut into slots, one mail each, spaced evenly. Whoever is about to call SES leases the next slot of a line and
calls when it comes. One line takes 250 leases a second, far below the 1,000 writes a second of one item in DynamoDB;
a faster account has several lines, which share its rate. Moments are microseconds of the real clock, except
`stopped_until`, which is Unix seconds of the clock that timers go by.
"""

import math
from dataclasses import dataclass, replace
from enum import StrEnum

SECOND = 1_000_000

HEADROOM = 0.95
"""The share of SES's rate that is used. Calls reach SES at their slots give or take 50 ms (`LATE`, and the network):
at 95% no second holds more of them than the rate allows."""

MOST_A_LINE = 250
LEAD = 25_000
"""A slot begins no earlier than so much after it is leased: the write that takes the mail lies between."""
LATE = 20_000
"""A slot missed by more is not used: mails sent after their slots would meet those of others in one second."""
AHEAD = 5 * SECOND
"""Bulk mail leases no slot further ahead, so that an alert's is at most so far away."""
URGENT_AHEAD = 25 * SECOND

UNKNOWN_RATE = 1_000
"""Thousandths of a mail a second, until SES was asked: what a new account may send."""

WHOLE = 1_000
LEAST_SHARE = 50
SLOWER = 0.8
FASTER_A_SECOND = 20
"""Of a share in thousandths: after a throttle, 80%; then two hundredths of the whole more each second."""

QUOTA_STOP_SECONDS = 3_600
ACCOUNT_STOP_SECONDS = 600
ONE_STOP_SECONDS = 10
RESERVE = 0.02
"""The share of a day's quota that bulk mail leaves to alerts and reports."""
HANDED_ON_SECONDS = 75
"""How much mail lies in the bulk queue at most after a tick: a minute's, and some more for a tick that comes late."""


@dataclass(frozen=True, slots=True)
class Quota:
    """What SES grants now: mails a second; mails a day, -1 without a limit; mails sent in the last 24 hours."""

    rate: float
    a_day: float
    sent: float

    @property
    def left(self) -> float:
        """What bulk mail may still use of the day."""
        return math.inf if self.a_day < 0 else self.a_day * (1 - RESERVE) - self.sent


@dataclass(frozen=True, slots=True)
class Line:
    """One of the `lines` that share an account's rate.

    `rate` is the whole account's, in thousandths of a mail a second; `share` is what throttling left of it at
    `slowed_at`, in thousandths. `next_at` is the first slot that nobody has. `stopped_for` is why SES takes nothing,
    until a mail gets through: until `stopped_until` none is tried, of all mails or, without `stopped_all`, of bulk.
    `rev` counts the changes of all but `next_at`.
    """

    number: int
    lines: int = 1
    rate: int = UNKNOWN_RATE
    next_at: int = 0
    share: int = WHOLE
    slowed_at: int = 0
    stopped_for: str = ""
    stopped_all: bool = False
    stopped_until: int = 0
    rev: int = 0


class Standing(StrEnum):
    """Whether a slot of a line can be leased."""

    OPEN = "open"
    FULL = "full"
    STOPPED = "stopped"
    CLOSED = "closed"


def standing(line: Line, now: int, *, today: int, urgent: bool) -> Standing:
    """How a line stands; `today` is the timers' clock in seconds. A closed line is one that its account outgrew."""
    if line.number >= line.lines:
        return Standing.CLOSED
    if is_stopped(line, today, urgent=urgent):
        return Standing.STOPPED
    return Standing.FULL if line.next_at > now + ahead(urgent=urgent) else Standing.OPEN


def ahead(*, urgent: bool) -> int:
    """How far ahead of now a slot may be."""
    return URGENT_AHEAD if urgent else AHEAD


def is_stopped(line: Line, today: int, *, urgent: bool) -> bool:
    """Whether SES is to be left alone."""
    return bool(line.stopped_for) and today < line.stopped_until and (line.stopped_all or not urgent)


def spacing(line: Line, now: int) -> int:
    """The time from one slot of a line to the next."""
    rate = HEADROOM * line.rate / 1000 * share(line, now) / WHOLE
    return math.ceil(SECOND * line.lines / rate)


def share(line: Line, now: int) -> int:
    """What is used of the rate now: a throttle lowers it, and it comes back by itself."""
    return min(WHOLE, line.share + max(0, now - line.slowed_at) * FASTER_A_SECOND // SECOND)


def slowed(line: Line, now: int) -> Line:
    """The line after SES throttled a call. Calls throttled within a second of each other are one event."""
    if now - line.slowed_at < SECOND:
        return line
    return replace(line, share=max(LEAST_SHARE, int(share(line, now) * SLOWER)), slowed_at=now)


def stopped(line: Line, reason: str, today: int, *, everything: bool) -> Line:
    """The line after SES refused a mail for the day's quota, or `everything` for the account's sake.

    Refusals within seconds of each other are one event. A stop of everything holds, whatever the day's quota says.
    """
    until = today + (ACCOUNT_STOP_SECONDS if everything else QUOTA_STOP_SECONDS)
    if is_stopped(line, today, urgent=True) and not everything:
        return line
    if line.stopped_for and line.stopped_all == everything and until - line.stopped_until < ONE_STOP_SECONDS:
        return line
    return replace(line, stopped_for=reason, stopped_all=everything, stopped_until=until)


def resumed(line: Line, tried: Line) -> Line:
    """The line after a mail got through that was tried on a line that had been stopped: a later stop holds."""
    if not line.stopped_for or _stopped_at(line) - _stopped_at(tried) >= ONE_STOP_SECONDS:
        return line
    return replace(line, stopped_for="", stopped_all=False, stopped_until=0)


def _stopped_at(line: Line) -> int:
    return line.stopped_until - (ACCOUNT_STOP_SECONDS if line.stopped_all else QUOTA_STOP_SECONDS)


def learned(known: list[Line], rate: float) -> list[Line]:
    """The lines of an account whose rate is now so many mails a second. Lines no longer needed come last, closed.

    The first says whether sending is stopped: who stopped or resumed it may have died before they told all the others.
    """
    count = max(1, math.ceil(rate / MOST_A_LINE))
    like = known[0] if known else Line(0)
    missing = [replace(like, number=number, next_at=0, rev=0) for number in range(len(known), count)]
    stop = {name: getattr(like, name) for name in ("stopped_for", "stopped_all", "stopped_until")}
    return [replace(line, lines=count, rate=max(1, round(rate * 1000)), **stop) for line in [*known, *missing]]


@dataclass(frozen=True, slots=True)
class Budget:
    """How many records a tick may hand on, of those that are prompt and of bulk."""

    prompt: int
    bulk: int


def budget(line: Line, quota: Quota, *, waiting: int, today: int) -> Budget:
    """What may be handed on while so many messages still wait in the bulk queue.

    Where SES refused everything, or bulk mail, one record tries whether it still does, once the stop is over.
    """
    a_minute = max(1, int(quota.rate * 60))
    filled = max(1, int(HEADROOM * quota.rate * HANDED_ON_SECONDS))
    bulk = int(max(0, min(filled - waiting, quota.left - waiting)))
    if not line.stopped_for:
        return Budget(a_minute, bulk)
    if is_stopped(line, today, urgent=False):
        return Budget(0 if line.stopped_all else a_minute, 0)
    return Budget(1, 1) if line.stopped_all else Budget(a_minute, min(1, bulk))
