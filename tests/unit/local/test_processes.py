import os
import subprocess
import sys
import time

import pytest

from local import processes
from local.places import write_json

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]
DEAF = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)",
]
CHILD_AND_WAIT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
time.sleep(60)
"""
PARENT = [sys.executable, "-c", CHILD_AND_WAIT]


def wait_for_output(log):
    until = time.monotonic() + 10
    while not log.read_text():
        assert time.monotonic() < until
        time.sleep(0.02)
    return log.read_text().strip()


@pytest.fixture
def start(tmp_path):
    record, log = tmp_path / "one.json", tmp_path / "one.log"

    def start(command, life=0):
        processes.start(record, command, environment=os.environ, log=log, folder=tmp_path, life=life)
        return record, log

    yield start
    processes.end(record, patience=0)


def test_a_started_process_is_found_again_and_ends_when_asked(start):
    record, _ = start(SLEEPER)
    found = processes.find(record)
    assert found is not None
    assert processes.end(record, patience=5)
    assert processes.start_time(found.pid) is None
    assert not record.exists()


def test_a_process_that_only_has_the_same_id_is_neither_found_nor_ended(tmp_path):
    with subprocess.Popen(SLEEPER) as other:
        record = tmp_path / "stale.json"
        write_json(record, {"pid": other.pid, "started": "another time", "command": "x"})
        assert processes.find(record) is None
        assert processes.end(record, patience=1)
        assert other.poll() is None
        other.kill()


def test_a_process_that_does_not_listen_is_killed_and_that_is_told(start):
    record, log = start(DEAF)
    wait_for_output(log)
    found = processes.find(record)
    assert not processes.end(record, patience=0.2)
    assert not found.is_alive()


def test_one_that_has_done_what_matters_is_not_waited_for(start):
    record, log = start(DEAF)
    wait_for_output(log)
    begun = time.monotonic()
    assert processes.end(record, patience=30, is_done=lambda: True)
    assert time.monotonic() - begun < 10


def test_what_a_process_started_ends_with_it(start):
    record, log = start(PARENT)
    child = int(wait_for_output(log))
    processes.end(record, patience=5)
    assert processes.start_time(child) is None


def test_a_bounded_life_ends_by_itself(start):
    record, _ = start(SLEEPER, life=0.5)
    found = processes.find(record)
    until = time.monotonic() + 10
    while found.is_alive():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_a_command_that_takes_too_long_is_ended(tmp_path):
    log = tmp_path / "log"
    with pytest.raises(TimeoutError):
        processes.run(SLEEPER, environment=os.environ, folder=tmp_path, log=log, limit=0.2)


def test_a_commands_output_and_exit_code_are_kept(tmp_path):
    log = tmp_path / "log"
    command = [sys.executable, "-c", "print('said'); raise SystemExit(3)"]
    assert processes.run(command, environment=os.environ, folder=tmp_path, log=log, limit=20) == 3
    assert log.read_text() == "said\n"


def test_an_interruption_waits_for_the_end_of_steps_that_belong_together():
    done = []

    def both_steps():
        with processes.interruptions_held_back():
            os.kill(os.getpid(), 2)
            time.sleep(0.05)
            done.append(True)

    with pytest.raises(KeyboardInterrupt):
        both_steps()
    assert done == [True]
