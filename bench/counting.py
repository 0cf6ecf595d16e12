"""What counting costs, beside the plain design that updates each counter for each response, and on a day of a million.

No I/O: the transactions are those that `score` would write, their units by DynamoDB's rules for item sizes.
"""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import batched
from random import Random

from bench.units import TRANSACTION, write_units
from shared.domain.counting import Change, Rules, change, dimension_values, response_amounts, total, transactions
from shared.domain.project import Project
from shared.domain.project_settings import parse_project
from shared.domain.responses import Response
from shared.store import keys
from shared.store.attributes import item_to_wire

BATCHES = (1, 10, 100, 1_000)
DIMENSIONS = {"plan": 3, "region": 4, "industry": 12, "seats": 6, "role": 5}
"""Five dimensions, and how many values each has."""

_MONTH_START, _DAY = 1_772_323_200, 86_400
_VALUE = "value {}"


@dataclass(frozen=True, slots=True)
class Folded:
    """Write units per response at a batch size, ours and those of the plain design, and our transactions."""

    batch: int
    ours: float
    plain: float
    transactions: int


@dataclass(frozen=True, slots=True)
class Day:
    """A simulated day: transactions, those that met another one, their repetitions, units, and the busiest counter row.

    `hottest` is the row's writes a second at the busiest second, in write units.
    """

    responses: int
    transactions: int
    conflicts: int
    retries: int
    units: int
    hottest: float
    row: str


def project() -> Project:
    """A project with five dimensions."""
    owner = {"email": "owner@example.com", "name": "Olga Owner"}
    return parse_project(
        {"id": "bench", "name": "Bench", "brand": {"name": "Bench"}, "owner": owner, "dimensions": list(DIMENSIONS),
         "sender": {"email": "survey@example.com", "name": "Bench"}}
    )  # fmt: skip


def answers(number: int, dice: Random) -> list[Response]:
    """Answers of one day, without accounts, of people with a value in each dimension."""
    made = []
    for n in range(number):
        at = _MONTH_START + n * _DAY // max(1, number)
        values = {name: _VALUE.format(dice.randrange(many)) for name, many in DIMENSIONS.items()}
        made.append(
            Response(f"{n:020x}-{n:010x}", "bench", f"{n:020x}", dice.randint(0, 10), at, at, properties=values)
        )
    return made


def changes(responses: Sequence[Response], rules: Rules) -> Iterator[Change]:
    """What the responses move, none of them counted before."""
    for one in responses:
        amounts = response_amounts(one, dimension_values(one, rules.project), rules)
        if step := change(f"response:{one.id}", 1, amounts, None):
            yield step


def speed(number: int = 20_000) -> float:
    """Responses a second of one core that are turned into transactions, in batches of a hundred."""
    rules, made = Rules(project()), answers(number, Random(1))  # noqa: S311  # the same each time
    began = time.process_time()
    for group in batched(made, 100, strict=False):
        for transaction in transactions(list(changes(group, rules))):
            total(transaction)
    return number / (time.process_time() - began)


def folded(batch: int, number: int = 2_000) -> Folded:
    """Write units of a response when so many are counted at once."""
    rules, made = Rules(project()), answers(number, Random(1))  # noqa: S311
    units = written = plain = 0
    for group in batched(made, batch, strict=False):
        for transaction in transactions(list(changes(group, rules))):
            units += _units(transaction)
            written += 1
        # An UpdateItem of its own for each counter row, one write unit each, and none to say what was counted.
        plain += sum(len({(key.month, key.row) for key in one.difference}) for one in changes(group, rules))
    return Folded(batch, units / number, plain / number, written)


def day(number: int = 1_000_000, *, shards: int = 4, seed: int = 1) -> Day:
    """A day of answers over a stream's shards, each with a worker that folds five seconds of them.

    A transaction holds its rows for 15 ms; one that finds a row held is a conflict, and comes again after a random
    pause that doubles, as `shared/store/table.py` has it. Arrivals follow a day's curve: twice the mean at its height.
    """
    dice, rules = Random(seed), Rules(project())  # noqa: S311
    window, mean = 5, number / _DAY
    sample = list(changes(answers(5_000, dice), rules))
    written = conflicts = retries = units = 0
    rows: Counter[str] = Counter()
    busiest: Counter[str] = Counter()
    steps = 720  # one window of every two minutes stands for all of them
    for step in range(steps):
        rate = mean * (1 + _curve(step / steps))
        queued: list[tuple[float, int, list[Change]]] = []
        here: Counter[str] = Counter()
        for shard in range(shards):
            batch = dice.choices(sample, k=max(1, round(rate * window / shards)))
            at = dice.uniform(0, 0.2)
            for transaction in transactions(batch):
                queued.append((at, shard, transaction))
                at += 0.015
        held: list[tuple[float, float, set[str]]] = []
        for begin, _, transaction in sorted(queued, key=lambda one: one[0]):
            touched = {key.row for one in transaction for key in one.difference}
            cost, moment, attempt, met = _units(transaction), begin, 0, False
            while any(start < moment + 0.015 and moment < end and touched & other for start, end, other in held):
                met, attempt = True, attempt + 1
                moment += 0.015 + dice.uniform(0, 0.02 * 2 ** min(attempt, 7))
            held.append((moment, moment + 0.015, touched))
            written, units, conflicts, retries = written + 1, units + cost, conflicts + met, retries + attempt
            here.update(touched)
        rows.update(here)
        for row, number_of in here.items():
            busiest[row] = max(busiest[row], number_of)
    every = _DAY / window / steps
    [(row, most)] = busiest.most_common(1)
    return Day(
        number, round(written * every), round(conflicts * every), round(retries * every), round(units * every),
        TRANSACTION * most / window, row,
    )  # fmt: skip


def _curve(share: float) -> float:
    """From -1 at night to 1 at midday."""
    return 1 - 4 * abs(share - 0.5)


def _units(transaction: Sequence[Change]) -> int:
    rows = {(key.month, key.row) for key in total(transaction)}
    return TRANSACTION * (len(rows) + sum(write_units(None, _ledger_item(one)) for one in transaction))


def _ledger_item(one: Change) -> dict[str, dict[str, object]]:
    key = keys.ledger(one.record)
    amounts = {"|".join(counter): amount for counter, amount in one.entry.amounts.items()}
    item = {"pk": key.pk, "sk": key.sk, "counted": 1, "amounts": amounts, "rules": 0, "rev": 1}
    wire: dict[str, dict[str, object]] = item_to_wire(item)

    return wire
