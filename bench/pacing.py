"""A simulation of sending at the pace of an account: many workers on one simulated clock, with the rules that run.

Workers lease slots (`shared/domain/pace.py`), take their mail, wait for their slot and call SES, one mail after the
other, as `functions/deliver` does. What AWS does around them is thrown by seeded dice: how long the table and SES take
to answer, when calls reach SES, and when SES throttles. A store that answers late, and workers that meet, are played.
"""

import heapq
import math
from collections import deque
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from random import Random

from shared.domain import pace
from shared.domain.pace import SECOND, Line, Standing

MILLISECOND = SECOND // 1000
MAILS_PER_WORKER = 3
"""As the stack sizes `deliver`: a worker is thought to send so many mails a second."""

type Steps[R] = Generator[int, None, R]
"""A worker, as a generator of the moments at which it goes on."""


@dataclass(frozen=True, slots=True)
class Paced:
    """How it went.

    `utilisation` is the share of SES's rate that was used until no mail waited any more; `worst` is the most mails in
    any second.
    """

    rate: float
    mails: int
    workers: int
    utilisation: float
    worst: int
    throttled: int
    leased_anew: int

    @property
    def overshoot(self) -> int:
        """How many mails more than the rate were in the worst second."""
        return max(0, self.worst - math.floor(self.rate))


@dataclass(slots=True)
class Simulation:
    """One account with mails waiting. `throttle_every` seconds SES throttles a call for no reason of ours; 0: never."""

    rate: float
    mails: int
    dice: Random
    workers: int = 0
    throttle_every: float = 0.0
    now: int = 0
    lines: list[Line] = field(default_factory=list)
    reached: list[int] = field(default_factory=list)
    throttled: int = 0
    leased_anew: int = 0
    left: int = 0
    emptied: int = 0
    throttle_at: float = math.inf

    def run(self) -> Paced:
        """Sends all mails. A worker begins at a moment of its own within the first 300 ms."""
        self.workers = self.workers or max(2, math.ceil(self.rate / MAILS_PER_WORKER))
        self.lines = pace.learned([], self.rate)
        self.left = self.mails
        self.throttle_at = self.throttle_every * SECOND or math.inf
        queue = [(self._between(0, 300), number, self._work()) for number in range(self.workers)]
        heapq.heapify(queue)
        while queue:
            self.now, number, worker = heapq.heappop(queue)
            if (then := next(worker, None)) is not None:
                heapq.heappush(queue, (max(self.now, then), number, worker))
        self.reached.sort()
        waited = (self.emptied - self.reached[0]) / SECOND
        while_waiting = sum(moment <= self.emptied for moment in self.reached)
        return Paced(
            rate=self.rate,
            mails=len(self.reached),
            workers=self.workers,
            utilisation=while_waiting / (waited * self.rate),
            worst=_worst(self.reached),
            throttled=self.throttled,
            leased_anew=self.leased_anew,
        )

    def _work(self) -> Steps[None]:
        """One worker: mail after mail until none is left."""
        known = dict(enumerate(self.lines))
        while self.left:
            self.left -= 1
            self.emptied = self.now
            yield self.now + self._between(15, 60)  # what the mail speaks of is read, the mail composed
            slot = yield from self._lease(known, pace.LEAD)
            yield slot - pace.LEAD
            yield self.now + self._written()
            while True:
                yield slot
                # A worker that has waited goes on a little late.
                yield self.now + self._between(0, 5)
                if self.now <= slot + pace.LATE:
                    break
                self.leased_anew += 1
                slot = yield from self._lease(known, 0)
            arrives = self.now + self._between(5, 25)
            answered = arrives + self._between(40, 140) * (10 if self.dice.random() < 0.01 else 1)
            if arrives >= self.throttle_at:
                self.throttle_at += self.throttle_every * SECOND
                self._throttled(answered)
            else:
                self.reached.append(arrives)
            yield answered
            yield self.now + self._written()

    def _lease(self, known: dict[int, Line], lead: int) -> Steps[int]:
        """As `functions/deliver/turn.py`: what a worker knows may be old, and is then refused and told anew."""
        number = min(known, key=lambda one: (known[one].next_at, self.dice.random()))
        while True:
            line, at = known[number], self.now + lead
            if pace.standing(line, self.now, today=0, urgent=False) is Standing.FULL:
                yield line.next_at - pace.AHEAD + self._between(0, 100)
                known[number] = self.lines[number]
                continue
            yield self.now + self._between(2, 8)
            stored = self.lines[number]
            idle = line.next_at < at - pace.LATE
            holds = stored.next_at < at if idle else at - pace.LATE <= stored.next_at <= at + pace.AHEAD
            slot = 0
            if stored.rev == line.rev and holds:
                slot = at if idle else stored.next_at
                self.lines[number] = replace(stored, next_at=slot + pace.spacing(line, at))
            known[number] = self.lines[number]
            yield self.now + self._between(2, 8)
            if slot:
                return slot

    def _throttled(self, now: int) -> None:
        """SES refused a call, whose mail comes again later; the line goes slower."""
        self.throttled += 1
        self.left += 1
        number = self.dice.randrange(len(self.lines))
        line = self.lines[number]
        self.lines[number] = replace(pace.slowed(line, now), rev=line.rev + 1)

    def _written(self) -> int:
        """How long a write takes: one in a hundred, ten times as long."""
        return self._between(6, 25) * (10 if self.dice.random() < 0.01 else 1)

    def _between(self, least: int, most: int) -> int:
        """Milliseconds, as microseconds."""
        return self.dice.randint(least * MILLISECOND, most * MILLISECOND)


def _worst(moments: list[int]) -> int:
    """The most moments in any second."""
    window: deque[int] = deque()
    worst = 0
    for moment in moments:
        window.append(moment)
        while window[0] <= moment - SECOND:
            window.popleft()
        worst = max(worst, len(window))
    return worst
