"""CPU of warm calls, as a ratio to bare handlers that make the same AWS calls."""

import json
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench.surroundings import ROOT, environment, interpreter
from infra.bundle import Bundle

_SECONDS = 90
_SAME = 0.02


class DifferentCallsError(RuntimeError):
    """A bare handler asked something else of AWS than ours: the ratio would mean nothing."""


@dataclass(frozen=True, slots=True)
class Warm:
    """One call: the ratio to the bare handler, to the one with our client's settings, and the calls it makes."""

    call: str
    ratio: float
    to_tuned: float
    aws_calls: int


def measure(bundle: Bundle, *, calls: int) -> list[Warm]:
    """The ratios of the medians. Raises DifferentCallsError when the contestants did not do the same."""
    with tempfile.TemporaryDirectory() as folder, server() as port:
        result = Path(folder) / "result.json"
        # boto3 is no part of the bundle; the botocore under it is the bundle's on both sides.
        paths = (bundle.code, bundle.layer / "python", ROOT, Path(sysconfig.get_path("purelib")))
        surroundings = environment(*paths, port=port)
        client = interpreter("-m", "bench.one_warm", str(calls), str(result))
        subprocess.run(client, env=surroundings, stdout=subprocess.DEVNULL, check=True, timeout=_SECONDS, cwd=folder)
        found = json.loads(result.read_text(encoding="utf-8"))
    return [_one(call, found["seconds"][call], found["asked"][call]) for call in found["seconds"]]


@contextmanager
def server(milliseconds: int = 0) -> Iterator[int]:
    """A server in a process of its own; gives its port. It ends with the block, and in any case after its time.

    Its SES takes so many milliseconds to answer.
    """
    command = [sys.executable, "-m", "bench.stub", str(_SECONDS + 10), str(milliseconds)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line:
                raise RuntimeError("the server did not start")
            yield int(line)
        finally:
            process.terminate()


def check_same(call: str, asked: Mapping[str, Any]) -> None:
    """Raises DifferentCallsError unless all asked the same of AWS, to within two percent of the bytes."""
    (calls, *sizes), *others = asked.values()
    for other_calls, *other_sizes in others:
        near = all(abs(a - b) <= _SAME * a for a, b in zip(sizes, other_sizes, strict=True))
        if other_calls != calls or not near:
            raise DifferentCallsError(f"{call}: {dict(asked)}")


def _one(call: str, seconds: Mapping[str, list[float]], asked: Mapping[str, Any]) -> Warm:
    check_same(call, asked)
    ours, bare, tuned = (median(seconds[who]) for who in ("ours", "bare", "tuned"))
    return Warm(call, ours / bare, ours / tuned, sum(asked["ours"][0].values()))
