"""One local stack for all stack tests: a real deployment, on ports and in a directory of its own."""

import itertools
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests

from local.inbox import Inbox, ReceivedMail

ROOT = Path(__file__).parents[2]
HEARBACK = Path(sys.executable).parent / "hearback"
LIFE_SECONDS = 1500


def hearback(*words: str | Path, timeout: float = 300) -> subprocess.CompletedProcess[str]:
    """Runs the command as an operator would."""
    return subprocess.run([HEARBACK, *words], cwd=ROOT, capture_output=True, text=True, timeout=timeout, check=False)


@dataclass(slots=True)
class Stack:
    """A running stack and what a test does with it."""

    state: Path
    contract: dict[str, Any]
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def calls(self) -> Path:
        """What the functions have asked of AWS, recorded for `test_roles.py`."""
        return calls_of(self.state)

    @property
    def inbox(self) -> Inbox:
        return Inbox(self.contract["inbox_url"])

    def call(self, method: str, path: str, *, key: str | None = None, **what: Any) -> requests.Response:
        auth = (self.contract["api_key"] if key is None else key, "")
        return requests.request(method, self.contract["api_url"] + path, auth=auth, timeout=60, **what)

    def send(self, address: str, **properties: str) -> dict[str, Any]:
        """Asks for a survey; the answer of POST people, which must be 201."""
        answer = self.call("POST", "people", json={"email": address, "properties": properties})
        assert answer.status_code == 201, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def address(self) -> str:
        """An address that no other test uses."""
        return f"person{next(self.numbers)}-{time.time_ns()}@people.example.org"

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.contract["endpoint_url"],
            region_name=self.contract["region"],
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def invoke(self, function: str, payload: dict[str, Any] | None = None) -> dict[str, Any]:
        """Runs a function as its schedule would."""
        answer = self.client("lambda").invoke(
            FunctionName=f"hearback-local-{function}", Payload=json.dumps(payload or {}).encode()
        )
        body: dict[str, Any] = json.loads(answer["Payload"].read())
        assert "errorType" not in body, body
        return body

    def mail_to(self, address: str, *, containing: str = "", seconds: float = 60) -> ReceivedMail:
        """The first mail to an address; whatever waits for the minute's tick is released while we look."""

        def look() -> ReceivedMail | None:
            return next((m for m in self.inbox.to(address) if containing in m.subject), None)

        return self.until(look, seconds=seconds, meanwhile=lambda: self.invoke("wake"))

    def until[T](
        self,
        look: Callable[[], T | None],
        *,
        seconds: float = 60,
        meanwhile: Callable[[], object] = lambda: None,
        what: str = "it",
    ) -> T:
        """What `look` finds, as soon as it finds something."""
        end = time.monotonic() + seconds
        while not (found := look()):
            assert time.monotonic() < end, f"{what} not found within {seconds:.0f} s"
            meanwhile()
            time.sleep(0.3)
        return found

    def settled(self, address: str, field_name: str, seconds: float = 60) -> Any:
        """A field of the person in the API, once it is set."""
        return self.until(
            lambda: self.call("GET", "people", params={"email": address}).json()[0][field_name], seconds=seconds
        )

    def set_clock(self, ahead: int) -> None:
        """Sets the stack's clock so many seconds ahead."""
        self.client("ssm").put_parameter(Name="/hearback/local/clock-offset", Value=str(ahead), Overwrite=True)
        time.sleep(1.2)

    def item(self, pk: str, sk: str) -> dict[str, Any] | None:
        answer = self.client("dynamodb").get_item(
            TableName=self.contract["records_table"], Key={"pk": {"S": pk}, "sk": {"S": sk}}, ConsistentRead=True
        )
        found = answer.get("Item")
        return {name: next(iter(wire.values())) for name, wire in found.items()} if found else None


def key_of(stack: Stack, project: str, scopes: str = "send,read,admin") -> str:
    made = hearback("keys", "create", "--state", stack.state, "--project", project, "--scopes", scopes)
    assert made.returncode == 0, made.stderr
    return next(word for word in made.stdout.split() if word.startswith("hb_"))


def survey_link(mail: ReceivedMail) -> str:
    """The address of the question in a mail, without a score."""
    return first_link(mail, "r")


def first_link(mail: ReceivedMail, kind: str) -> str:
    found = re.search(rf"https?://[^\s\"<>]+/{kind}/[\w.\-]+", mail.text)
    assert found, f"no link of kind {kind} in {mail.subject}"
    return found.group(0)


def calls_of(state: Path) -> Path:
    return state.with_name("calls.jsonl")


def bring_up(state: Path, *words: str) -> None:
    """Starts a stack that records what its functions ask of AWS."""
    started = hearback("local", "up", "--state", state, "--record", calls_of(state), *words)
    assert started.returncode == 0, started.stdout + started.stderr


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Runs the tests of the roles last: they look at what all the others made the functions do."""
    items.sort(key=lambda item: item.path.name == "test_roles.py")


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    state = tmp_path_factory.mktemp("stack") / "state"
    bring_up(state, "--port", os.environ.get("HEARBACK_TEST_PORT", "4620"))
    yield Stack(state, json.loads((state / "hearback.json").read_text()))
    hearback("local", "down", "--state", state)
