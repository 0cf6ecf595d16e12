"""How a stream is really delivered: at least once, in batches cut anew, by workers that die and meet one another."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from random import Random

from botocore.exceptions import BotoCoreError, ClientError

from shared.domain.errors import BusyError
from tests.fakes.dynamodb import (
    BEFORE,
    CONFLICT,
    DIE_AFTER,
    DIE_BEFORE,
    LOST,
    THROTTLED,
    DeathError,
    FakeDynamoDb,
    StreamRecord,
)

FAULTS = (BEFORE, LOST, CONFLICT, CONFLICT, THROTTLED, DIE_BEFORE, DIE_AFTER)
EXPECTED = (DeathError, BotoCoreError, ClientError, BusyError)
"""What a worker may end with; anything else is a defect, and ends the test."""

Handler = Callable[[Sequence[StreamRecord]], None]


@dataclass(slots=True)
class Chaos:
    """Delivers a stream to a handler with the faults that its dice throw; every record gets through in the end.

    `ordered` keeps what a stream promises: of one item, nothing newer is seen before everything older was.
    """

    fake: FakeDynamoDb
    dice: Random
    faults: int = 12
    meetings: int = 6
    ordered: bool = False
    on_death: Callable[[], None] = lambda: None

    def deliver(self, stream: Sequence[StreamRecord], handle: Handler) -> None:
        """Items in any order, each item's own changes in theirs; then some of it all over again."""
        waiting = self.merged(stream)
        delivered: list[StreamRecord] = []
        while waiting:
            size = self.dice.randint(1, 12)
            batch, others = waiting[:size], waiting[size : size + self.dice.randint(1, 8)]
            if self._attempt(batch, others, handle):
                delivered += batch
                waiting = waiting[size:]
            elif self.dice.random() < 0.3:
                older = delivered if self.ordered else stream
                self._attempt(older[: self.dice.randint(0, len(older))], others, handle)
        again = [one for one in self.merged(stream) if self.dice.random() < 0.4]
        self.faults = self.meetings = 0
        if again:
            handle(again)

    def merged(self, stream: Sequence[StreamRecord]) -> list[StreamRecord]:
        """The stream with items in another order, but each item's changes in their own."""
        by_item = sorted(enumerate(stream), key=lambda one: (one[1].pk, one[1].sk, one[0]))
        rows = [[record for _, record in group] for _, group in groupby(by_item, key=lambda o: (o[1].pk, o[1].sk))]
        mixed = []
        while rows:
            row = self.dice.choice(rows)
            mixed.append(row.pop(0))
            rows = [one for one in rows if one]
        return mixed

    def _attempt(self, batch: Sequence[StreamRecord], others: Sequence[StreamRecord], handle: Handler) -> bool:
        self.fake.fault, self.fake.meanwhile = self._fault, None
        if self.meetings and self.dice.random() < 0.5:
            met = batch if self.ordered else self.dice.choice([batch, others, [*batch, *others]])
            self.fake.meanwhile = lambda operation, number: self._meet(met, handle)
        try:
            handle(batch)
        except EXPECTED:
            self.on_death()
            return False
        finally:
            self.fake.fault = self.fake.meanwhile = None
        return True

    def _meet(self, batch: Sequence[StreamRecord], handle: Handler) -> None:
        if self.meetings and batch and self.dice.random() < 0.3:
            self.meetings -= 1
            with suppress(*EXPECTED):
                handle(batch)

    def _fault(self, operation: str, number: int) -> str | None:
        if not self.faults or self.dice.random() > 0.12:
            return None
        self.faults -= 1
        return self.dice.choice(FAULTS)
