"""What a deployment needs to know: one stage, typed, read once.

Each setting is looked up as an environment variable `HEARBACK_<NAME>` first, then as a key of
`infra/stages/<stage>.toml` (`example.toml` there explains each). The stage `local` has no file: `hearback local up`
sets

    HEARBACK_LOCAL_PORT   the emulator's port on 127.0.0.1 (required)
    HEARBACK_SENDER       the domain or address that may send (default example.com)

and any other setting it wants to change.
"""

import platform
import re
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self, get_origin

STAGES = Path(__file__).parent / "stages"
LOCAL = "local"
LOCAL_ACCOUNT = "000000000000"
LAMBDA_PLATFORM = "aarch64-manylinux2014"
LOG_LEVELS = ("DEBUG", "INFO", "WARN", "ERROR")
LOG_DAYS = (1, 3, 7, 14, 30, 60, 90, 180, 365)


class SettingsError(Exception):
    """A setting is missing or cannot be used; the message names it and says how to set it."""


@dataclass(frozen=True, kw_only=True)
class LocalStage:
    """What only the local stage has: the emulator's port, and API ids that are known before deploying.

    The emulator serves an API by host name only when its id has eight hexadecimal digits.
    """

    port: int
    api_id: str = "ca11ab1e"
    surveys_id: str = "feedbac0"

    def url(self, api_id: str) -> str:
        """Where any client of this machine reaches an API; no trailing slash."""
        return f"http://127.0.0.1:{self.port}/_aws/execute-api/{api_id}"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One stage of Hearback. `local` is set on the local stage and nowhere else."""

    stage: str
    account: str
    region: str
    sender: str
    sender_exists: bool = False
    sandbox_recipients: tuple[str, ...] = ()
    alarm_address: str = ""
    api_url: str = ""
    surveys_url: str = ""
    log_days: int = 30
    log_level: str = "INFO"
    send_rate: int = 14
    local: LocalStage | None = None

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9-]{0,19}", self.stage):
            raise SettingsError(f"stage is {self.stage!r}; use up to 20 small letters, digits and hyphens")
        if not re.fullmatch(r"\d{12}", self.account):
            raise SettingsError(f"account is {self.account!r}; an AWS account id has twelve digits")
        if self.log_days not in LOG_DAYS:
            raise SettingsError(f"log_days is {self.log_days}; use one of {', '.join(map(str, LOG_DAYS))}")
        if self.log_level not in LOG_LEVELS:
            raise SettingsError(f"log_level is {self.log_level!r}; use one of {', '.join(LOG_LEVELS)}")
        if not 1 <= self.send_rate <= 1000:
            raise SettingsError(f"send_rate is {self.send_rate}; use 1 to 1000 mails a second")
        for name in ("api_url", "surveys_url"):
            url = getattr(self, name)
            if url and (url.endswith("/") or not url.startswith("http://" if self.local else "https://")):
                raise SettingsError(f"{name} is {url!r}; it begins with https:// and has no trailing slash")

    @property
    def platform(self) -> str:
        """The platform that dependencies are bundled for: Lambda's, or this machine's on the local stage."""
        return f"{sys.platform}-{platform.machine()}" if self.local else LAMBDA_PLATFORM

    @classmethod
    def read(cls, stage: str | None, environment: Mapping[str, str], *, folder: Path = STAGES) -> Self:
        """The settings of a stage.

        Args:
            stage: from `-c stage=…`; without it, HEARBACK_STAGE names the stage.
            environment: the process's environment variables.
            folder: where the stages' files are.

        Raises:
            SettingsError: a setting is missing, unknown or malformed.
        """
        stage = stage or environment.get("HEARBACK_STAGE")
        if not stage:
            raise SettingsError("Missing setting `stage`: pass `-c stage=<name>` or set HEARBACK_STAGE.")
        if stage == LOCAL:
            return cls(**_local_defaults(environment) | _from_environment(environment))
        file = folder / f"{stage}.toml"
        found: dict[str, Any] = {
            "account": environment.get("CDK_DEFAULT_ACCOUNT"),
            "region": environment.get("CDK_DEFAULT_REGION"),
        }
        found |= _from_file(file) | _from_environment(environment) | {"stage": stage}
        for name in ("account", "region", "sender"):
            if not found.get(name):
                raise SettingsError(
                    f"Missing setting `{name}` of stage `{stage}`: "
                    f"write it into infra/stages/{file.name} (see example.toml there) or set HEARBACK_{name.upper()}."
                )
        return cls(**found)


_KINDS: dict[str, Any] = {
    field.name: get_origin(field.type) or field.type
    for field in fields(Settings)
    if field.name not in {"stage", "local"}
}


def _local_defaults(environment: Mapping[str, str]) -> dict[str, Any]:
    port = environment.get("HEARBACK_LOCAL_PORT", "")
    if not port.isdecimal():
        raise SettingsError(
            "Missing setting `local_port`: set HEARBACK_LOCAL_PORT to the emulator's port; `hearback local up` does so."
        )
    local = LocalStage(port=int(port))
    return {
        "stage": LOCAL,
        "account": LOCAL_ACCOUNT,
        "region": environment.get("CDK_DEFAULT_REGION") or environment.get("AWS_REGION") or "eu-west-1",
        "sender": "example.com",
        "api_url": local.url(local.api_id),
        "surveys_url": local.url(local.surveys_id),
        "log_days": 1,
        "local": local,
    }


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    variables = {name: environment.get(f"HEARBACK_{name.upper()}") for name in _KINDS}
    return {name: _parsed(name, text) for name, text in variables.items() if text}


def _from_file(file: Path) -> dict[str, Any]:
    if not file.exists():
        return {}
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{file.name} is not valid TOML: {error}") from error
    for name, value in values.items():
        if name not in _KINDS:
            raise SettingsError(f"{file.name} sets `{name}`, which is no setting; there are {', '.join(_KINDS)}.")
        expected = list if _KINDS[name] is tuple else _KINDS[name]
        if type(value) is not expected:
            raise SettingsError(f"{file.name} sets `{name}` to {value!r}; it takes a {expected.__name__}.")
    return {name: tuple(value) if _KINDS[name] is tuple else value for name, value in values.items()}


def _parsed(name: str, text: str) -> str | int | bool | tuple[str, ...]:
    variable = f"HEARBACK_{name.upper()}"
    match _KINDS[name].__name__:
        case "int":
            if not text.isdecimal():
                raise SettingsError(f"{variable} is {text!r}; it takes a whole number")
            return int(text)
        case "bool":
            if text not in ("true", "false"):
                raise SettingsError(f"{variable} is {text!r}; it takes true or false")
            return text == "true"
        case "tuple":
            return tuple(part.strip() for part in text.split(",") if part.strip())
        case _:
            return text
