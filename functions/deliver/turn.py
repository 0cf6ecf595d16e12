"""A worker's turn to call SES: a slot leased, waited for, and leased anew when it was missed."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from shared.domain import pace
from shared.domain.pace import SECOND, Line, Standing
from shared.outside import clock
from shared.store import pace as store

SPARED_SECONDS = 20.0
"""What a worker keeps of its time for a call to SES that is answered late, and for writing down what came of it."""
_LONGEST_NAP = SECOND

SecondsLeft = Callable[[], float]


@dataclass(slots=True)
class Turn:
    """A slot. `urgent` mail may lease one further ahead than bulk mail may, and so never waits behind all of it."""

    urgent: bool
    seconds_left: SecondsLeft
    line: Line
    at: int = 0

    def has_come(self) -> bool:
        """Waits for the slot. False when it was missed, and there is no other to be had."""
        while True:
            clock.wait_until(self.at)
            if clock.exact() <= self.at + pace.LATE:
                return True
            if not self.get(lead=0):
                return False

    def get(self, *, lead: int) -> bool:
        """Leases the next slot that begins after `lead` or later; False when none is to be had in time."""
        while (now := clock.exact()) and self.seconds_left() > SPARED_SECONDS:
            match pace.standing(self.line, now, today=clock.now(), urgent=self.urgent):
                case Standing.STOPPED:
                    # It may have been resumed since this worker saw it.
                    self.line = store.again(self.line)
                    if pace.is_stopped(self.line, clock.now(), urgent=self.urgent):
                        return False
                case Standing.CLOSED:
                    self.line = _a_line_of(self.line.lines)
                case Standing.FULL:
                    nap = self.line.next_at - now - pace.ahead(urgent=self.urgent)
                    clock.wait_until(now + min(_LONGEST_NAP, nap) + random.randrange(SECOND // 10))  # noqa: S311
                    self.line = store.again(self.line)
                case Standing.OPEN:
                    self.at, self.line = store.lease(self.line, now + lead, pace.ahead(urgent=self.urgent))
                    if self.at:
                        return True
        return False


def lease(*, urgent: bool, seconds_left: SecondsLeft) -> Turn | None:
    """The next turn, a little ahead of its slot, so that the mail can be taken; None when none is to be had in time.

    Then the mail stays in the table: its record's timer brings it back.
    """
    turn = Turn(urgent, seconds_left, _a_line_of(store.line(0).lines))
    if not turn.get(lead=pace.LEAD):
        return None
    clock.wait_until(turn.at - pace.LEAD)
    return turn


def _a_line_of(lines: int) -> Line:
    """The line whose next slot was the earliest when this worker last saw it, which is one it has not used for long."""
    known = [store.line(number) for number in range(lines)]
    return min(known, key=lambda line: (line.next_at, random.random()))  # noqa: S311
