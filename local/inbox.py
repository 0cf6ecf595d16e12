"""The local inbox: every mail that the stack sends, read over maildev's HTTP API."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import requests

from local import checks, processes
from local.access import neutral_environment
from local.places import ROOT, StateDirectory
from local.ports import HOST
from local.problems import CommandError
from local.processes import Process

NAME = "inbox"

_START_SECONDS = 30
_SETTLING_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class ReceivedMail:
    """A mail as it arrived. Header names are in small letters."""

    id: str
    subject: str
    to: tuple[str, ...]
    html: str
    text: str
    headers: dict[str, Any]

    @classmethod
    def read(cls, found: dict[str, Any]) -> Self:
        """The mail in one entry of maildev's list."""
        recipients = found.get("envelope", {}).get("to") or found.get("to") or []
        return cls(
            id=found["id"],
            subject=found.get("subject") or "",
            to=tuple(recipient["address"].lower() for recipient in recipients),
            html=found.get("html") or "",
            text=found.get("text") or "",
            headers={name.lower(): value for name, value in (found.get("headers") or {}).items()},
        )


class Inbox:
    """The mails of one stack."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._session = requests.Session()

    def mails(self, *, skip: int = 0) -> list[ReceivedMail]:
        """Every mail but the first `skip`, oldest first."""
        return [ReceivedMail.read(found) for found in self._get(f"/email?skip={skip}").json()]

    def to(self, address: str) -> list[ReceivedMail]:
        """The mails to an address, oldest first."""
        return [mail for mail in self.mails() if address.lower() in mail.to]

    def source(self, mail_id: str) -> str:
        """A mail as it came over the wire: headers and body."""
        return self._get(f"/email/{mail_id}/source").text

    def delete(self, mail_id: str) -> None:
        """Drops one mail."""
        self._session.delete(f"{self._url}/email/{mail_id}", timeout=10).raise_for_status()

    def empty(self) -> None:
        """Drops every mail."""
        self._session.delete(f"{self._url}/email/all", timeout=30).raise_for_status()

    def wait_for(self, address: str, *, seconds: float, subject: str = "") -> ReceivedMail:
        """The newest mail to an address, and with a word in its subject. Raises TimeoutError when none comes."""
        until = time.monotonic() + seconds
        while True:
            found = [mail for mail in self.to(address) if subject.lower() in mail.subject.lower()]
            if found:
                return found[-1]
            if time.monotonic() > until:
                raise TimeoutError(f"no mail came to {address} within {seconds:.0f} s")
            time.sleep(0.2)

    def _get(self, path: str) -> requests.Response:
        answer = self._session.get(self._url + path, timeout=30)
        answer.raise_for_status()
        return answer


def record(state: StateDirectory) -> Path:
    """Where the inbox's process is written down."""
    return state.processes / f"{NAME}.json"


def start(state: StateDirectory, *, web_port: int, smtp_port: int, life: float) -> Process:
    """Starts the inbox on the mails it had; `wait` tells when it answers."""
    command: list[str | Path] = [checks.node(), checks.MAILDEV, *_options(state, web_port, smtp_port)]
    return processes.start(
        record(state),
        command,
        environment=neutral_environment(),
        log=state.logs / f"{NAME}.log",
        folder=ROOT,
        life=life,
    )


def wait(state: StateDirectory, process: Process, web_port: int) -> None:
    """Returns when the inbox answers. Raises CommandError when it ended or stays silent."""
    until = time.monotonic() + _START_SECONDS
    while not answers(web_port):
        if not process.is_alive() or time.monotonic() > until:
            raise CommandError(f"the inbox did not start; see {state.logs / f'{NAME}.log'}")
        time.sleep(0.1)
    # Another program's inbox answers as well, while ours is just finding its port taken.
    time.sleep(_SETTLING_SECONDS)
    if not process.is_alive():
        raise CommandError(f"port {web_port} was taken meanwhile; run it again, or see {state.logs / f'{NAME}.log'}")


def answers(web_port: int) -> bool:
    """Whether an inbox answers on a port."""
    try:
        return requests.get(f"http://{HOST}:{web_port}/healthz", timeout=2).status_code == 200
    except requests.RequestException:
        return False


def end(state: StateDirectory) -> None:
    """Ends the inbox."""
    processes.end(record(state), patience=10)


def _options(state: StateDirectory, web_port: int, smtp_port: int) -> Iterator[str | Path]:
    yield from ("--ip", HOST, "--web-ip", HOST)
    yield from ("--smtp", str(smtp_port), "--web", str(web_port))
    yield from ("--mail-directory", state.mails)
