"""The local stack as a whole: brought up, taken down, looked at."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local import access, checks, deployment, emulator, inbox, keys, processes, projects, scratch, streams
from local.places import SAMPLE_PROJECT, StateDirectory, read_json, write_json
from local.ports import HOST, free_port
from local.problems import CommandError
from local.progress import say, step

DEFAULT_PORT = 4566
DEFAULT_INBOX_PORT = 1080
DEFAULT_SMTP_PORT = 1025

CONTRACT = (
    "api_url",
    "surveys_url",
    "api_key",
    "project",
    "inbox_url",
    "endpoint_url",
    "region",
    "records_table",
    "metrics_table",
    "reports_bucket",
)
"""What `hearback.json` holds, which other tools rely on."""

_PROOF_SECONDS = 60.0
_DRAIN_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the stack listens, on 127.0.0.1."""

    main: int
    inbox: int
    smtp: int

    @property
    def inbox_url(self) -> str:
        """Where the inbox is read."""
        return f"http://{HOST}:{self.inbox}/"


def up(
    state: StateDirectory,
    *,
    port: int | None = None,
    fresh: bool = False,
    life: float = 0,
    calls: Path | None = None,
) -> dict[str, Any]:
    """Brings the stack up, or up to date, and returns what stands in `hearback.json`.

    With `calls`, what the functions ask of AWS from now on is added to that file.

    When it fails or is interrupted, nothing that runs is left behind.
    """
    checks.check_machine()
    with state.lock():
        state.prepare()
        if fresh:
            with step("Dropping the data of the last run"):
                _end_all(state)
                state.forget_data()
                state.prepare()
        _refuse_another(state, port, calls)
        try:
            return _up(state, port, life, calls)
        except BaseException:
            with processes.interruptions_held_back():
                _end_all(state)
            raise


def down(state: StateDirectory) -> None:
    """Takes the stack down, after its consumers have caught up, and keeps its data."""
    if not state.path.exists():
        say(f"There is no local stack in {state.path}.")
        return
    with state.lock():
        if processes.find(emulator.record(state)) is None and processes.find(inbox.record(state)) is None:
            say("The local stack is not running.")
            return
        _drain(state)
        with step("Stopping, data kept"), processes.interruptions_held_back():
            _end_all(state)


def stop(state: StateDirectory) -> None:
    """Ends everything at once and keeps the data, but not what the stream's consumers had not read."""
    with processes.interruptions_held_back():
        _end_all(state)


def status(state: StateDirectory) -> bool:
    """Tells what runs; returns whether all of it does."""
    ports = _remembered(state)
    running = {
        "emulator": processes.find(emulator.record(state)),
        "inbox": processes.find(inbox.record(state)),
    }
    for name, process in running.items():
        say(f"{name:9} {f'running, process {process.pid}' if process else 'not running'}")
    healthy = all(running.values()) and ports is not None and emulator.answers(ports.main)
    if healthy:
        summary(access.contract_of(state))
    return healthy


def summary(contract: dict[str, Any]) -> None:
    """Prints where to find what runs."""
    say(f"  API      {contract['api_url']}  (key in hearback.json, project {contract['project']})")
    say(f"  surveys  {contract['surveys_url']}")
    say(f"  inbox    {contract['inbox_url']}")


def _up(state: StateDirectory, port: int | None, life: float, calls: Path | None) -> dict[str, Any]:
    if not emulator.is_installed():
        with step("Installing the emulator"):
            emulator.install(state.logs / "emulator-install.log")
    ports = _start(state, port, life, calls)
    access.enter_local(ports.main)
    _deploy(state, ports)
    deployed = deployment.read()
    contract = deployment.describe(deployed) | {
        "inbox_url": ports.inbox_url,
        "endpoint_url": access.endpoint(ports.main),
    }
    projects.enter_tables(contract)
    with step("Preparing the project and its key"):
        project = projects.prepare(SAMPLE_PROJECT, deployed.feedback_topic)
        contract |= {"project": project, "api_key": keys.prepare(project, read_json(state.contract).get("api_key", ""))}
    with step("Following one write to its counter"):
        streams.prove(project, seconds=_PROOF_SECONDS)
    write_json(state.contract, {name: contract[name] for name in CONTRACT})
    summary(contract)
    return contract


def _start(state: StateDirectory, port: int | None, life: float, calls: Path | None) -> Ports:
    known = _remembered(state)
    if known and _runs(state) and emulator.answers(known.main) and inbox.answers(known.inbox):
        say(f"Already running on port {known.main}.")
        return known
    _end_all(state)
    if state.open_mark.exists():
        say("The last run did not end cleanly: what it had not saved is lost.")
    ports = _choose(known, port)
    if known and known.main != ports.main:
        emulator.change_port(state.emulator, known.main, ports.main)
    write_json(state.ports, {"main": ports.main, "inbox": ports.inbox, "smtp": ports.smtp})
    with step(f"Starting the emulator on port {ports.main} and the inbox on port {ports.inbox}"):
        inbox_process = inbox.start(state, web_port=ports.inbox, smtp_port=ports.smtp, life=life)
        emulator_process = emulator.start(state, port=ports.main, smtp_port=ports.smtp, life=life, calls=calls)
        emulator.wait(state, emulator_process, ports.main)
        inbox.wait(state, inbox_process, ports.inbox)
    return ports


def _refuse_another(state: StateDirectory, port: int | None, calls: Path | None) -> None:
    """Raises CommandError, and leaves the running stack alone, when another one is wished for than runs already."""
    known = _remembered(state)
    if known is None or not _runs(state):
        return
    if port not in (None, known.main):
        raise CommandError(f"the stack already runs on port {known.main}; `hearback local down` stops it")
    if calls:
        raise CommandError("the stack already runs, unrecorded; `hearback local down` stops it")


def _runs(state: StateDirectory) -> bool:
    return processes.find(emulator.record(state)) is not None and processes.find(inbox.record(state)) is not None


def _choose(known: Ports | None, port: int | None) -> Ports:
    wished = port or (known.main if known else DEFAULT_PORT)
    main = free_port(wished)
    if main != wished:
        say(f"Port {wished} is busy; using {main}.")
    web = free_port(known.inbox if known else DEFAULT_INBOX_PORT, frozenset({main}))
    smtp = free_port(known.smtp if known else DEFAULT_SMTP_PORT, frozenset({main, web}))
    return Ports(main, web, smtp)


def _remembered(state: StateDirectory) -> Ports | None:
    kept = read_json(state.ports)
    return Ports(int(kept["main"]), int(kept["inbox"]), int(kept["smtp"])) if kept else None


def _deploy(state: StateDirectory, ports: Ports) -> None:
    wanted = deployment.fingerprint(ports.main)
    if deployment.deployed_fingerprint() == wanted:
        say("The deployment is up to date.")
        return
    if not deployment.is_bootstrapped():
        with step("cdk bootstrap"):
            deployment.bootstrap(state, ports.main)
    with step("cdk deploy"):
        deployment.deploy(state, ports.main, wanted)


def _drain(state: StateDirectory) -> None:
    ports, contract = _remembered(state), read_json(state.contract)
    if ports is None or not contract or not emulator.answers(ports.main):
        return
    access.enter_local(ports.main)
    projects.enter_tables(contract)
    with step("Waiting until queues and stream are consumed"):
        queues = deployment.read().queues
        left = streams.drain(contract["project"], queues, state.logs / "emulator.log", seconds=_DRAIN_SECONDS)
    for what in left:
        say(f"Still waiting after {_DRAIN_SECONDS:.0f} s: {what}.")


def _end_all(state: StateDirectory) -> None:
    if not emulator.end(state):
        say("The emulator had to be killed: what it had not saved is lost.")
    inbox.end(state)
    scratch.drop(state.scratch)
