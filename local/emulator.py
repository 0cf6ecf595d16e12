"""The AWS emulator: its environment, its start, and what it must forget between two runs."""

import hashlib
import time
from pathlib import Path

import requests

from local import checks, processes, recording, scratch
from local.access import REGION, endpoint, neutral_environment
from local.places import EMULATOR_ENVIRONMENT, EMULATOR_PROJECT, ROOT, StateDirectory, read_json, write_json
from local.ports import HOST
from local.problems import CommandError
from local.processes import Process

NAME = "emulator"

_STAMP = EMULATOR_ENVIRONMENT / "locked"
_INSTALL_SECONDS = 600
_START_SECONDS = 60
_SAVE_SECONDS = 60.0
_SAVED_FOR = 3.0


def is_installed() -> bool:
    """Whether the emulator's environment is what its lock file says."""
    return _STAMP.exists() and _STAMP.read_text(encoding="utf-8") == _locked()


def install(log: Path) -> None:
    """Makes the emulator's own Python 3.13 environment from its lock file."""
    uv = checks.find_uv()
    if uv is None:
        raise CommandError("uv is missing: run `make setup`")
    log.parent.mkdir(parents=True, exist_ok=True)
    # From the checkout's root, where .python-version lets pyenv's python be found.
    code = processes.run(
        [uv, "sync", "--frozen", "--project", EMULATOR_PROJECT],
        environment=neutral_environment() | {"UV_PROJECT_ENVIRONMENT": str(EMULATOR_ENVIRONMENT)},
        folder=ROOT,
        log=log,
        limit=_INSTALL_SECONDS,
    )
    if code:
        raise CommandError(f"the emulator could not be installed; see {log}")
    _STAMP.write_text(_locked(), encoding="utf-8")


def record(state: StateDirectory) -> Path:
    """Where the emulator's process is written down."""
    return state.processes / f"{NAME}.json"


def start(state: StateDirectory, *, port: int, smtp_port: int, life: float, calls: Path | None = None) -> Process:
    """Starts the emulator on the data of its last clean stop; `wait` tells when it answers.

    `calls` is a file to which what the functions ask of AWS is added.
    """
    scratch.make(state.scratch)
    forget_stream_positions(state.emulator / "lambda.json")
    environment = neutral_environment() | {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": HOST,
        "MINISTACK_REGION": REGION,
        "AUTH": "true",
        "PERSIST_STATE": "1",
        "STATE_DIR": str(state.emulator),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(state.buckets),
        "SMTP_HOST": f"{HOST}:{smtp_port}",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "TMPDIR": str(state.scratch),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        # A path, so that nothing of the emulator looks for a Docker daemon.
        "DOCKER_HOST": f"unix://{state.scratch}/no-docker",
    }
    environment.pop("PYTHONPATH", None)
    environment.pop("PYTHONHOME", None)
    state.open_mark.touch()
    run = ["-P", str(Path(recording.__file__)), str(calls.resolve())] if calls else ["-m", "ministack"]
    return processes.start(
        record(state),
        [EMULATOR_ENVIRONMENT / "bin" / "python", *run],
        environment=environment,
        log=state.logs / f"{NAME}.log",
        folder=state.path,
        life=life,
    )


def wait(state: StateDirectory, process: Process, port: int) -> None:
    """Returns when the emulator answers. Raises CommandError when it ended or stays silent."""
    until = time.monotonic() + _START_SECONDS
    while not answers(port):
        if not process.is_alive():
            raise CommandError(f"the emulator ended at its start; see {state.logs / f'{NAME}.log'}")
        if time.monotonic() > until:
            raise CommandError(f"the emulator did not answer in {_START_SECONDS} s; see {state.logs / f'{NAME}.log'}")
        time.sleep(0.1)


def answers(port: int) -> bool:
    """Whether an emulator answers on a port."""
    try:
        return requests.get(f"{endpoint(port)}/_ministack/ready", timeout=2).status_code == 200
    except requests.RequestException:
        return False


def end(state: StateDirectory) -> bool:
    """Ends the emulator, which saves its data first. Returns False when it had to be killed, and lost what was new."""
    if processes.find(record(state)) is None:
        return True
    asked_at = time.time()
    # Functions that still run keep the emulator from exiting, for minutes, long after it has saved.
    saved = processes.end(record(state), patience=_SAVE_SECONDS, is_done=lambda: _has_saved(state, asked_at))
    if saved:
        state.open_mark.unlink(missing_ok=True)
    return saved


def forget_stream_positions(saved: Path) -> None:
    """Lets stream consumers begin at the beginning.

    Stream records do not outlive the emulator, the consumers' positions in them do: kept, they would
    make the consumers skip as many new records as there were old ones.
    """
    content = read_json(saved)
    positions = content.get("payload", {}).get("dynamodb_stream_positions")
    if isinstance(positions, dict) and positions.get("data"):
        positions["data"] = {}
        write_json(saved, content)


def change_port(saved: Path, before: int, now: int) -> None:
    """Moves what an emulator has saved to another port.

    The port stands in the addresses of its queues, by which it knows them: a queue of another port is one that
    nobody works off.
    """
    for file in saved.glob("*.json"):
        text = file.read_text(encoding="utf-8")
        moved = text
        for host in ("localhost", HOST):
            moved = moved.replace(f"http://{host}:{before}/", f"http://{host}:{now}/")
        if moved != text:
            file.write_text(moved, encoding="utf-8")


def _has_saved(state: StateDirectory, asked_at: float) -> bool:
    """Whether the emulator has written its data since it was asked to stop, and writes no more."""
    written = [path.stat().st_mtime for path in state.emulator.glob("*.json")]
    if not written or max(written) < asked_at or list(state.emulator.glob("*.tmp")):
        return False
    return time.time() - max(written) > _SAVED_FOR


def _locked() -> str:
    return hashlib.sha256((EMULATOR_PROJECT / "uv.lock").read_bytes()).hexdigest()
