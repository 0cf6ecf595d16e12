"""The fault run in small: sixty people answer while a fifth of DynamoDB's calls go wrong and workers are killed."""

import re
import subprocess
import sys

import pytest

from tests.stack.conftest import ROOT, Stack

pytestmark = [
    pytest.mark.stack,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="finds the worker of a connection in /proc"),
]

FAULTS = ("throttled", "busy", "delayed", "cut before", "cut after")


def test_given_faults_and_killed_workers_then_each_acknowledged_answer_is_stored_and_counted_once(
    stack: Stack,
) -> None:
    command = [sys.executable, "-m", "bench.soak", "--running", "--state", str(stack.state)]
    command += ["--responses", "60", "--seed", "7"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    told = {name: int(number) for number, name in re.findall(r"^ *(\d+)  (.+)$", done.stdout, re.MULTILINE)}
    assert (told["answers acknowledged"], told["counters drifted"]) == (60, 0)
    assert told["edits acknowledged"] > 5
    assert told["erasures acknowledged"] > 0
    assert told["workers killed"] > 0
    assert min(told[fault] for fault in FAULTS) > 0
    assert sum(told[fault] for fault in FAULTS) > told["calls"] / 8
