"""Where things are: the checkout, its tools, and what one local stack keeps."""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.problems import CommandError

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
EMULATOR_PROJECT = ROOT / "local" / "emulator"
EMULATOR_ENVIRONMENT = TOOLS / "emulator"
DEFAULT_STATE = ROOT / ".local"
DEMO_STATE = DEFAULT_STATE / "demo"
SAMPLE_PEOPLE = ROOT / "samples" / "people.csv"
SAMPLE_PROJECT = ROOT / "samples" / "projects" / "haldora.toml"


@dataclass(frozen=True, slots=True)
class StateDirectory:
    """Everything one local stack keeps; two stacks have two of them."""

    path: Path

    @property
    def contract(self) -> Path:
        """`hearback.json`: what clients of the stack read."""
        return self.path / "hearback.json"

    @property
    def ports(self) -> Path:
        """The ports of the last run, taken again so that links in old mails go on working."""
        return self.path / "ports.json"

    @property
    def processes(self) -> Path:
        """What was started, by name."""
        return self.path / "processes"

    @property
    def logs(self) -> Path:
        """What the processes and the deployment print."""
        return self.path / "logs"

    @property
    def emulator(self) -> Path:
        """What the emulator saves at a clean stop."""
        return self.path / "emulator"

    @property
    def buckets(self) -> Path:
        """The objects in S3."""
        return self.path / "buckets"

    @property
    def mails(self) -> Path:
        """The inbox."""
        return self.path / "mails"

    @property
    def scratch(self) -> Path:
        """Temporary files of the emulator and its functions, such as unpacked code."""
        return self.path / "scratch"

    @property
    def assembly(self) -> Path:
        """What `cdk synth` writes."""
        return self.path / "cdk.out"

    @property
    def open_mark(self) -> Path:
        """There while the emulator holds data that it has not saved."""
        return self.path / "not-saved"

    def prepare(self) -> None:
        """Makes the folders that last."""
        for folder in (self.processes, self.logs, self.emulator, self.buckets, self.mails):
            folder.mkdir(parents=True, exist_ok=True)

    def forget_data(self) -> None:
        """Drops all data and keeps the ports and logs."""
        for folder in (self.emulator, self.buckets, self.mails):
            shutil.rmtree(folder, ignore_errors=True)
        self.contract.unlink(missing_ok=True)
        self.open_mark.unlink(missing_ok=True)

    @contextmanager
    def lock(self, name: str = "lock") -> Iterator[None]:
        """Holds the directory for one command. Raises CommandError when another one has it."""
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / name).open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise CommandError(
                    f"another `hearback` command is at work on the stack in {self.path}; wait until it is done"
                ) from None
            yield


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object in a file; an empty one when there is no file or it is broken."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Replaces a file in one move; only its owner can read it."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=2)
        file.write("\n")
    draft.replace(path)
