"""Runs a command for at most so many seconds: `python bounded.py SECONDS COMMAND…`. Standard library only.

The command takes this process's place; a child of it keeps the time.
"""

import os
import signal
import sys
import time

PATIENCE = 30.0
_LOOK_EVERY = 1.0


def main() -> None:
    """Starts the time-keeper and becomes the command."""
    seconds, command = float(sys.argv[1]), sys.argv[2:]
    bounded = os.getpid()
    if os.fork() == 0:
        _keep_time(bounded, seconds)
        os._exit(0)
    os.execvp(command[0], command)  # noqa: S606


def _keep_time(bounded: int, seconds: float) -> None:
    until = time.monotonic() + seconds
    for end, number in ((until, signal.SIGTERM), (until + PATIENCE, signal.SIGKILL)):
        while time.monotonic() < end:
            if os.getppid() != bounded:
                return
            time.sleep(_LOOK_EVERY)
        os.kill(bounded, number)


if __name__ == "__main__":
    main()
