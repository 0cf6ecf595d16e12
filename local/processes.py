"""Processes that outlive the command: started apart, found again by id and start time, ended in order."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local import bounded
from local.places import read_json, write_json

_INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_PROC = Path("/proc")
_ENDED = frozenset("ZX")
_POLL_SECONDS = 0.05
_GROUP_PATIENCE = 3.0


@dataclass(frozen=True, slots=True)
class Process:
    """One process of ours. The start time tells it from a later one that got the same id."""

    pid: int
    started: str

    def is_alive(self) -> bool:
        """Whether this very process still runs."""
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, os.WNOHANG)
        return start_time(self.pid) == self.started


def start(
    record: Path,
    command: Sequence[str | Path],
    *,
    environment: Mapping[str, str],
    log: Path,
    folder: Path,
    life: float = 0,
) -> Process:
    """Starts a process in a session of its own and keeps in `record` who it is.

    `life` is for how many seconds it may run at most; 0 means for ever.
    """
    words = [str(word) for word in command]
    if life:
        words = [sys.executable, str(Path(bounded.__file__)), str(life), *words]
    with interruptions_held_back(), log.open("ab") as output:
        child = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            cwd=folder,
            start_new_session=True,
        )
        process = Process(child.pid, start_time(child.pid) or "")
        write_json(record, {"pid": process.pid, "started": process.started, "command": words[0]})
    return process


def find(record: Path) -> Process | None:
    """The process of a record, if it still runs."""
    kept = read_json(record)
    if not kept:
        return None
    process = Process(int(kept["pid"]), str(kept["started"]))
    return process if process.is_alive() else None


def end(record: Path, *, patience: float, is_done: Callable[[], bool] = lambda: False) -> bool:
    """Ends the process of a record and all that it started.

    It is asked, waited for (`patience` seconds, or until `is_done` says that it has done all that matters), then
    killed. Returns False when it was killed before.
    """
    process = find(record)
    clean = True
    if process is not None:
        _signal(process.pid, signal.SIGTERM)
        clean = _wait(process, patience, is_done)
        if process.is_alive():
            _signal(process.pid, signal.SIGKILL)
            _wait(process, _GROUP_PATIENCE)
        _end_group(process.pid)
    record.unlink(missing_ok=True)
    return clean


@contextmanager
def interruptions_held_back() -> Iterator[None]:
    """Lets a few steps be done together: Ctrl-C and the like take effect after them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    known = {number: signal.signal(number, lambda n, _: came.append(n)) for number in _INTERRUPTIONS}
    try:
        yield
    finally:
        for number, handler in known.items():
            signal.signal(number, handler)
    if came:
        raise KeyboardInterrupt


def start_time(pid: int) -> str | None:
    """When a process was started, in the system's own words; None when there is no such process."""
    if _PROC.exists():
        try:
            stat = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None
        fields = stat.rpartition(")")[2].split()
        return None if fields[0] in _ENDED else fields[19]
    ps = ["ps", "-o", "stat=,lstart=", "-p", str(pid)]
    answer = subprocess.run(ps, capture_output=True, text=True, check=False).stdout.strip()
    state, _, started = answer.partition(" ")
    return None if not answer or state[0] in _ENDED else started.strip()


def run(command: Sequence[str | Path], *, environment: Mapping[str, str], folder: Path, log: Path, limit: float) -> int:
    """Runs a command to its end with its output in a log; if we are stopped, so is all that it started.

    Returns the exit code. Raises TimeoutError after `limit` seconds.
    """
    with log.open("wb") as output:
        child = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            cwd=folder,
            start_new_session=True,
        )
        try:
            return child.wait(timeout=limit)
        except subprocess.TimeoutExpired:
            _end_group(child.pid)
            raise TimeoutError(f"{command[0]} did not end within {limit:.0f} s") from None
        except BaseException:
            _end_group(child.pid)
            child.wait()
            raise


def _wait(process: Process, seconds: float, is_done: Callable[[], bool] = lambda: False) -> bool:
    until = time.monotonic() + seconds
    while process.is_alive() and not is_done():
        if time.monotonic() > until:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def _end_group(group: int) -> None:
    """Ends what is left of a session that `start` or `run` opened."""
    _signal(-group, signal.SIGTERM)
    until = time.monotonic() + _GROUP_PATIENCE
    while _has_members(group) and time.monotonic() < until:
        time.sleep(_POLL_SECONDS)
    _signal(-group, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(group, os.WNOHANG)


def _has_members(group: int) -> bool:
    """Whether anything of a process group still runs; the ended whose parents have not noticed do not count."""
    if not _PROC.exists():
        return _signal(-group, 0)
    for stat in _PROC.glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        if fields[2] == str(group) and fields[0] not in _ENDED:
            return True
    return False


def _signal(target: int, number: int) -> bool:
    try:
        os.kill(target, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True
