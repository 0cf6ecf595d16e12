"""The Chromium that the tests look with: one that is installed. Playwright brings none."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
INSTALL = ("apt-get", "install", "--yes", "--no-install-recommends", "chromium", "fonts-dejavu-core")
_MINUTES = 10


class MissingError(Exception):
    """There is no Chromium; the message says which command brings one."""


def find() -> str:
    """The program: `$CHROMIUM`, else one on the path, else Debian's own package, which root installs at once.

    Raises MissingError when there is none and it cannot be installed here.
    """
    if (named := os.environ.get("CHROMIUM")) is not None:
        if not shutil.which(named):
            raise MissingError(f"CHROMIUM={named} is no program. Unset it, or let it name Chromium or Google Chrome.")
        return named
    return _installed() or _install()


def launch_arguments() -> list[str]:
    """What Chromium needs on a machine without a screen, whose names it finds none of; its sandbox refuses root."""
    return [
        "--disable-gpu",
        "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
        *(["--no-sandbox"] if os.geteuid() == 0 else []),
    ]


def _installed() -> str | None:
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def _install() -> str:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise MissingError(
            "Chromium is missing. Debian: sudo apt-get install --yes chromium. Ubuntu: sudo snap install chromium. "
            "macOS: brew install --cask google-chrome, then "
            "export CHROMIUM='/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'"
        )
    # Of several test processes one installs, the others wait for it.
    with (Path(tempfile.gettempdir()) / "hearback-chromium.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if found := _installed():
            return found
        for words in (("apt-get", "update", "--quiet"), INSTALL):
            done = subprocess.run(
                words,
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
                capture_output=True,
                text=True,
                timeout=60 * _MINUTES,
                check=False,
            )
            if done.returncode != 0:
                raise MissingError(f"Chromium is missing, and `{' '.join(words)}` failed: {done.stderr[-500:]}")
    if not (found := _installed()):
        raise MissingError(f"`{' '.join(INSTALL)}` ran, and there is still no Chromium on the path")
    return found
