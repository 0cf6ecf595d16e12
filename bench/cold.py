"""Cold import of each function, as a ratio to botocore with one DynamoDB client.

Both are loaded from the bundle, with the bytecode that is deployed, each in a fresh interpreter, one after the other;
what is told is the median of the pairs' ratios.
"""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from bench.surroundings import FUNCTIONS, ROOT, environment, interpreter
from infra.bundle import Bundle

SCRIPT = ROOT / "bench" / "one_import.py"
_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Cold:
    """The ratios of one function: its import alone, and its import with a DynamoDB client made."""

    function: str
    imported: float
    ready: float


def measure(bundle: Bundle, *, pairs: int, pairs_of_page: int) -> list[Cold]:
    """Every function's ratios; the rounds go through all functions, so that a slow moment meets all of them."""
    ratios: dict[str, list[tuple[float, float]]] = {name: [] for name in FUNCTIONS}
    for number in range(max(pairs, pairs_of_page)):
        for name in FUNCTIONS:
            if number < (pairs_of_page if name == "page" else pairs):
                ratios[name].append(_pair(bundle, name, ours_first=number % 2 == 0))
    return [Cold(name, _median(found, 0), _median(found, 1)) for name, found in ratios.items()]


def _pair(bundle: Bundle, name: str, *, ours_first: bool) -> tuple[float, float]:
    if ours_first:
        (imported, ready), (base,) = _run(bundle, name), _run(bundle, "baseline")
    else:
        (base,), (imported, ready) = _run(bundle, "baseline"), _run(bundle, name)
    return imported / base, ready / base


def _run(bundle: Bundle, what: str) -> list[float]:
    surroundings = environment(bundle.code, bundle.layer / "python")
    done = subprocess.run(
        interpreter(str(SCRIPT), what), env=surroundings, capture_output=True, text=True, check=True, timeout=_SECONDS
    )
    return [float(one) for one in done.stdout.split()]


def _median(found: Sequence[tuple[float, float]], position: int) -> float:
    return median(pair[position] for pair in found)
