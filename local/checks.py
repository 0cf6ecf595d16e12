"""What a machine needs, and the exact command for each thing that is missing."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from local.places import ROOT, TOOLS
from local.problems import CommandError

NODE_VERSION = 20
NODE_MODULES = ROOT / "node_modules"
CDK = NODE_MODULES / "aws-cdk" / "bin" / "cdk"
MAILDEV = NODE_MODULES / "maildev" / "bin" / "maildev"


def check_machine() -> None:
    """Raises CommandError naming everything that is missing and the command that brings it."""
    problems = list(_problems())
    if problems:
        raise CommandError("this machine is not ready:\n" + "\n".join(f"  - {problem}" for problem in problems))


def find_uv() -> Path | None:
    """The uv of the checkout, else one on the path."""
    for place in (os.environ.get("UV", ""), str(TOOLS / "uv" / "bin" / "uv"), shutil.which("uv") or ""):
        if place and Path(place).is_file():
            return Path(place)
    return None


def node() -> Path:
    """Where node is. Raises CommandError when it is nowhere."""
    place = shutil.which("node")
    if place is None:
        raise CommandError(_NODE_MISSING)
    return Path(place)


_NODE_MISSING = (
    f"Node {NODE_VERSION} or newer is missing: install it from https://nodejs.org "
    "(Debian and Ubuntu: `sudo apt-get install nodejs npm`, macOS: `brew install node`), then run `make setup`"
)


def _problems() -> Iterator[str]:
    yield from _node_problems()
    if sys.version_info[:2] != (3, 13):
        yield f"Python 3.13 is needed and this is {sys.version.split()[0]}: run `make setup`, which brings it"
    if importlib.util.find_spec("aws_cdk") is None:
        yield "the Python packages are not complete: run `make setup`"
    if find_uv() is None:
        yield "uv is missing: run `make setup`, which brings it into the checkout"


def _node_problems() -> Iterator[str]:
    place = shutil.which("node")
    if place is None:
        yield _NODE_MISSING
        return
    answer = subprocess.run([place, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    version = re.match(r"v(\d+)\.", answer)
    if version is None or int(version.group(1)) < NODE_VERSION:
        yield f"Node {NODE_VERSION} or newer is needed and `{place} --version` says {answer or 'nothing'}: update Node"
    missing = [path.parent.parent.name for path in (CDK, MAILDEV) if not path.exists()]
    if missing:
        yield f"npm packages are missing ({', '.join(missing)}): run `make setup`, or `npm ci` in {ROOT}"
