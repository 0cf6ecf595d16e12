"""The proxy of the fault run: it passes on, throttles, delays, cuts, answers 5xx, and kills exactly who asks."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random

import pytest

from bench.faults import Faults

ASK = """
import http.client, sys
connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=10)
connection.request("POST", "/", b"{}", {"X-Amz-Target": "DynamoDB_20120810.PutItem"})
connection.getresponse().read()
"""


class Dice(Random):
    """Rolls what a test wants: whether something goes wrong, how, and what."""

    def __init__(self, *rolls: float, fault: str = "") -> None:
        super().__init__(1)
        self.rolls, self.fault = list(rolls), fault

    def random(self) -> float:
        return self.rolls.pop(0)

    def choice(self, seq: object) -> str:  # type: ignore[override]
        return self.fault


class Behind(ThreadingHTTPServer):
    """Answers whatever it is asked, and counts."""

    asked = 0


class _Answering(BaseHTTPRequestHandler):
    server: Behind

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked += 1
        self.send_response(200)
        self.send_header("x-amz-crc32", "7")
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"done")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Says nothing."""


@pytest.fixture
def behind() -> Iterator[Behind]:
    server = Behind(("127.0.0.1", 0), _Answering)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def ask(behind: Behind, dice: Random, *, share: float = 1, kills: float = 0, by: str = "here") -> tuple[object, Faults]:
    """The status and body of one call through the proxy, or the exit code of the process that made it."""
    faults = Faults(f"http://127.0.0.1:{behind.server_address[1]}", dice, share=share, kills=kills)
    threading.Thread(target=faults.serve_forever, daemon=True).start()
    try:
        port = faults.server_address[1]
        if by == "child":
            return subprocess.run([sys.executable, "-c", ASK, str(port)], check=False, timeout=30).returncode, faults
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("POST", "/", b"{}", {"X-Amz-Target": "DynamoDB_20120810.TransactWriteItems"})
            answer = connection.getresponse()
            return (answer.status, answer.read().decode()), faults
        except (OSError, HTTPException):
            return "nothing", faults
        finally:
            connection.close()
    finally:
        faults.shutdown()
        faults.server_close()


def test_given_good_dice_then_the_call_is_passed_on(behind: Behind) -> None:
    found, faults = ask(behind, Dice(0.5, 0.5), share=0.2)
    assert (found, behind.asked, dict(faults.told)) == ((200, "done"), 1, {"calls": 1})


@pytest.mark.parametrize(
    ("fault", "status", "asked"),
    [("throttled", 400, 0), ("busy", 500, 0), ("conflict", 400, 0), ("delayed", 200, 1)],
)
def test_given_a_fault_then_the_answer_is_as_dynamodb_gives_it(
    behind: Behind, fault: str, status: int, asked: int
) -> None:
    found, faults = ask(behind, Dice(0, 0.01, fault=fault))
    assert isinstance(found, tuple)
    assert (found[0], behind.asked, faults.told[fault]) == (status, asked, 1)
    if status != 200:
        assert json.loads(found[1])["__type"].startswith("com.amazonaws.dynamodb.v20120810#")


@pytest.mark.parametrize(("fault", "asked"), [("cut before", 0), ("cut after", 1)])
def test_given_a_cut_then_nobody_hears_whether_it_was_done(behind: Behind, fault: str, asked: int) -> None:
    found, _ = ask(behind, Dice(0, 0, fault=fault))
    assert (found, behind.asked) == ("nothing", asked)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="finds the caller of a connection in /proc")
@pytest.mark.parametrize(("how", "asked"), [(0.0, 0), (0.9, 1)])
def test_given_a_kill_then_the_caller_dies_before_or_after_its_call_was_done(
    behind: Behind, how: float, asked: int
) -> None:
    found, faults = ask(behind, Dice(0, how), kills=1, by="child")
    assert (found, behind.asked, faults.told["workers killed"]) == (-9, asked, 1)
