"""The deployment of the CDK app into the emulator: bootstrap, deploy, and whether either is needed."""

import hashlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from local import access, checks, processes
from local.places import ROOT, StateDirectory
from local.problems import CommandError

STACK = "hearback-local"
BOOTSTRAP_STACK = "CDKToolkit"

_DEPLOYED = "/hearback/local/deployed"
_ACCOUNT = "000000000000"
_BOOTSTRAP_SECONDS = 180
_DEPLOY_SECONDS = 600
_INPUTS = ("app.py", "cdk.json", "pyproject.toml", "uv.lock", "infra", "functions", "shared")


@dataclass(frozen=True, slots=True)
class Deployed:
    """What the stack tells about itself."""

    api_url: str
    surveys_url: str
    records_table: str
    metrics_table: str
    reports_bucket: str
    feedback_topic: str
    wake_function: str
    queues: tuple[str, ...]

    @classmethod
    def read(cls, outputs: dict[str, str]) -> Self:
        """From the outputs of the stack."""
        return cls(
            api_url=outputs["ApiUrl"],
            surveys_url=outputs["SurveysUrl"],
            records_table=outputs["RecordsTable"],
            metrics_table=outputs["MetricsTable"],
            reports_bucket=outputs["ReportsBucket"],
            feedback_topic=outputs["FeedbackTopic"],
            wake_function=outputs["WakeFunction"],
            queues=(outputs["PromptQueue"], outputs["BulkQueue"], outputs["FeedbackQueue"]),
        )


def fingerprint(port: int, root: Path = ROOT) -> str:
    """What is to be deployed, in one word: the app's sources, its lock file and the port in its links."""
    digest = hashlib.sha256(f"{port}\n{sys.version}\n".encode())
    for path in _files(root):
        digest.update(f"{path.relative_to(root)}\n".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def deployed_fingerprint() -> str:
    """What the emulator holds: the fingerprint of its last complete deployment, or an empty string."""
    ssm = access.client("ssm")
    try:
        value: str = ssm.get_parameter(Name=_DEPLOYED)["Parameter"]["Value"]
    except ssm.exceptions.ParameterNotFound:
        return ""
    return value if access.find_outputs(STACK) is not None else ""


def bootstrap(state: StateDirectory, port: int) -> None:
    """Runs `cdk bootstrap`, once for the life of the data."""
    words = ["bootstrap", f"aws://{_ACCOUNT}/{access.REGION}"]
    _cdk(state, port, words, folder=state.path, limit=_BOOTSTRAP_SECONDS)


def is_bootstrapped() -> bool:
    """Whether `cdk bootstrap` has run."""
    return access.find_outputs(BOOTSTRAP_STACK) is not None


def deploy(state: StateDirectory, port: int, what: str) -> None:
    """Runs `cdk deploy` and keeps its fingerprint in the emulator, beside what it is the fingerprint of."""
    words = ["deploy", STACK, "--require-approval", "never", "--method", "direct", "--progress", "events"]
    words += ["--app", f'"{sys.executable}" app.py', "--output", str(state.assembly)]
    _cdk(state, port, words, folder=ROOT, limit=_DEPLOY_SECONDS)
    access.client("ssm").put_parameter(Name=_DEPLOYED, Value=what, Type="String", Overwrite=True)


def read() -> Deployed:
    """What is deployed."""
    return Deployed.read(access.stack_outputs(STACK))


def _cdk(state: StateDirectory, port: int, words: list[str], *, folder: Path, limit: float) -> None:
    """Runs the CDK's command. It synthesizes the app only in a folder where it finds cdk.json."""
    name = words[0]
    log = state.logs / f"cdk-{name}.log"
    environment = access.local_environment(port) | {
        "HEARBACK_STAGE": "local",
        "HEARBACK_LOCAL_PORT": str(port),
        "CDK_DEFAULT_ACCOUNT": _ACCOUNT,
        "CDK_DEFAULT_REGION": access.REGION,
        "CDK_HOME": str(state.path / "cdk-home"),
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "NO_COLOR": "1",
    }
    if uv := checks.find_uv():
        environment["UV"] = str(uv)
    command: list[str | Path] = [checks.node(), checks.CDK, *words, "--no-notices", "--ci"]
    try:
        code = processes.run(command, environment=environment, folder=folder, log=log, limit=limit)
    except TimeoutError as error:
        raise CommandError(f"`cdk {name}`: {error}; see {log}") from error
    if code:
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        raise CommandError(f"`cdk {name}` failed; the end of {log}:\n" + "\n".join(lines[-15:]))


def _files(root: Path) -> Iterator[Path]:
    for name in _INPUTS:
        place = root / name
        if place.is_file():
            yield place
        elif place.is_dir():
            yield from sorted(path for path in place.rglob("*") if path.is_file() and "__pycache__" not in path.parts)


def describe(deployed: Deployed) -> dict[str, Any]:
    """The part of `hearback.json` that the deployment decides."""
    return {
        "api_url": deployed.api_url,
        "surveys_url": f"{deployed.surveys_url}/",
        "region": access.REGION,
        "records_table": deployed.records_table,
        "metrics_table": deployed.metrics_table,
        "reports_bucket": deployed.reports_bucket,
    }
