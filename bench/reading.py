"""What a year's figures read: as much with a million answers as with a thousand.

`python -m bench.reading ANSWERS … FILE` counts answers of a year, reads the year's score as GET metrics does, and
writes what that took for each of the numbers: calls, read units, and the counter rows that there are.
"""

import json
import sys
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from bench.aws import METRICS, Aws
from bench.counting import project
from functions.api import figures
from shared.outside import clients
from shared.store import keys, table
from shared.store.table import Add

_DAY, _DAYS = 86_400, 365
_BEGIN = 1_740_787_200
_ROWS = 90


def year(answers: int) -> dict[str, float]:
    """What it takes to read the score of a year with so many answers, evenly over its days."""
    aws = Aws()
    clients.dynamodb = lambda: aws.client("dynamodb")  # type: ignore[assignment]
    table.metrics.cache_clear()
    _count(answers)
    aws.taken()
    end = _BEGIN + _DAYS * _DAY - 1
    found = figures.range_histogram(replace(project(), created_at=_BEGIN), _BEGIN, end, end + _DAY)
    if found.n != answers:
        raise AssertionError(f"{found.n} answers were read, not {answers}")
    usage = aws.taken()
    rows = sum(1 for pk in aws.dynamodb.tables[METRICS] for sk in aws.dynamodb.tables[METRICS][pk])
    return {"answers": answers, "calls": sum(usage.calls.values()), "rows": rows, "units": usage.reads}


def _count(answers: int) -> None:
    dice = Random(1)  # noqa: S311  # the same each time
    scores = range(11)
    writes = []
    for number in range(_DAYS):
        day = datetime.fromtimestamp(_BEGIN + number * _DAY, UTC).date().isoformat()
        given = answers * (number + 1) // _DAYS - answers * number // _DAYS
        counted = Counter(dice.choices(scores, k=given))
        row = {f"h{score}": many for score, many in counted.items()}
        if row:
            writes.append(Add(keys.counters("bench", day[:7], f"day#{day}"), row))
    for start in range(0, len(writes), _ROWS):
        table.metrics().write(*writes[start : start + _ROWS])


if __name__ == "__main__":
    told: list[dict[str, Any]] = [year(int(number)) for number in sys.argv[1:-1]]
    Path(sys.argv[-1]).write_text(json.dumps(told), encoding="utf-8")
