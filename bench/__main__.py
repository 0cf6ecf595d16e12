"""`python -m bench`: measures, prints one table and writes it to docs/performance.md."""

import json
import os
import platform
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from bench import cold, counting, page_size, snapshot, table, usable, warm
from bench.cost import cost
from bench.pacing import Simulation
from bench.surroundings import ROOT, environment
from bench.table import Row

DOCUMENT = ROOT / "docs" / "performance.md"
START, END = "<!-- table -->", "<!-- end of the table -->"

PAIRS, PAIRS_OF_PAGE, CALLS, SURVEYS, ANSWERS = 7, 21, 400, 100, 30
SES_ANSWERS = (0, 100)
"""Milliseconds that SES takes to answer: none, which leaves our own work alone, and about what it really takes."""
MAILS, RATES, PACED = 100, (14, 200, 1_000), 100_000
READ = (1_000, 1_000_000)
_SECONDS = 120


def main() -> None:
    """Measures everything, in about three minutes."""
    _say("bundle")
    with snapshot.bundle() as bundle:
        _say("cold imports")
        rows = table.cold_rows(cold.measure(bundle, pairs=PAIRS, pairs_of_page=PAIRS_OF_PAGE))
        _say("warm calls")
        rows += table.warm_rows(warm.measure(bundle, calls=CALLS))
    _say("journeys")
    played = _child("bench.journeys", str(SURVEYS), str(ANSWERS))
    rows += _journey_rows(played)
    _say("a slow connection")
    rows.append(table.usable_row(usable.measure(played["page"])))
    _say("sending")
    for milliseconds in SES_ANSWERS:
        with warm.server(milliseconds) as port:
            rows.append(table.worker_row(milliseconds, _child("bench.one_worker", str(MAILS), port=port)))
    dice = Random(1)  # noqa: S311  # a simulation, and the same each time
    rows += [table.pace_row(Simulation(rate, PACED, dice).run()) for rate in RATES]
    _say("counting")
    rows += table.counting_rows(counting.speed(), [counting.folded(n) for n in counting.BATCHES], counting.day())
    rows += table.reading_rows(_child("bench.reading", *map(str, READ)))
    told = f"{_circumstances()}\n\n{table.markdown(rows)}"
    sys.stdout.write(f"{told}\n")
    DOCUMENT.write_text(_with_table(DOCUMENT.read_text(encoding="utf-8"), told), encoding="utf-8")
    _say(f"written to {DOCUMENT.relative_to(ROOT)}")


def _child(module: str, *arguments: str, port: int = 0) -> Any:
    """What a module of the bench finds in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        result, log = Path(folder) / "result.json", Path(folder) / "log"
        command = [sys.executable, "-W", "ignore", "-m", module, *arguments, str(result)]
        with log.open("w") as output:
            subprocess.run(
                command, cwd=ROOT, env=environment(ROOT, port=port), stdout=output, check=True, timeout=_SECONDS
            )
        return json.loads(result.read_text(encoding="utf-8"))


def _journey_rows(found: dict[str, Any]) -> list[Row]:
    rows = table.journey_rows(found["one"])
    rows += table.cost_rows(*(cost(found[name], found["surveys"]) for name in ("singly", "bulk")))
    return [*rows, table.size_row(page_size.sent(found["page"]))]


def _circumstances() -> str:
    day = datetime.now(UTC).strftime("%-d %B %Y")
    return f"{day}, {os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}"


def _with_table(document: str, told: str) -> str:
    before, _, rest = document.partition(START)
    _, _, after = rest.partition(END)
    return f"{before}{START}\n\n{told}\n\n{END}{after}"


def _say(what: str) -> None:
    sys.stderr.write(f"{what}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
