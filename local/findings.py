"""What a check of something found: one line each, with what to do about it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from botocore.exceptions import BotoCoreError, ClientError


class Level(StrEnum):
    """How a thing stands; only what is wrong fails a command."""

    OK = "ok"
    NOTE = "note"
    WRONG = "WRONG"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, how it stands, and what to do when that is not well."""

    level: Level
    what: str
    says: str
    to_do: str = ""

    def line(self) -> str:
        """The finding as it is printed."""
        return f"{self.level:<5}  {self.what:<18}  {self.says}" + (f". {self.to_do}" if self.to_do else "")


def ok(what: str, says: str) -> Finding:
    """All is well."""
    return Finding(Level.OK, what, says)


def note(what: str, says: str, to_do: str = "") -> Finding:
    """Worth knowing; nothing is broken."""
    return Finding(Level.NOTE, what, says, to_do)


def wrong(what: str, says: str, to_do: str) -> Finding:
    """Broken."""
    return Finding(Level.WRONG, what, says, to_do)


def looked(what: str, check: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    """What a check finds; that AWS refuses or does not answer is a finding too."""
    try:
        yield from check()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        yield wrong(what, f"{error.operation_name} was answered {code}", "Check the credentials' permissions")
    except BotoCoreError as error:
        yield wrong(what, f"AWS could not be asked ({type(error).__name__})", "Check the credentials and the network")


def told(findings: Iterable[Finding]) -> int:
    """Prints findings as they come; returns 1 when something is wrong."""
    failed = 0
    for one in findings:
        print(one.line(), flush=True)
        failed |= one.level is Level.WRONG
    return int(failed)
