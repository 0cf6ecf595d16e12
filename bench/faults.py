"""A proxy between the functions and DynamoDB: throttles, delays, cuts, answers 5xx, and kills the worker that asks."""

import json
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

FAULTS = ("throttled", "busy", "delayed", "cut before", "cut after", "conflict")
LONGEST_DELAY = 1.5

_ANSWERS: Mapping[str, tuple[int, str]] = {
    "throttled": (400, "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"),
    "busy": (500, "com.amazonaws.dynamodb.v20120810#InternalServerError"),
}
_CONFLICT = {
    "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
    "message": "Transaction cancelled, please refer cancellation reasons for specific reasons [TransactionConflict]",
    "CancellationReasons": [{"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"}],
}


class Faults(ThreadingHTTPServer):
    """Passes calls on to an endpoint, but for a share of them; `kills` is the share whose caller is killed.

    A caller is killed before its call is passed on, or after: then what it asked for is done, and nobody knows.
    """

    daemon_threads = True

    def __init__(self, endpoint: str, dice: Random, *, share: float, kills: float) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        self.behind = urlsplit(endpoint).netloc
        self.share, self.kills = share, kills
        self.told: Counter[str] = Counter()
        self._dice, self._lock = dice, threading.Lock()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def note(self, what: str) -> None:
        """Counts something that happened."""
        with self._lock:
            self.told[what] += 1

    def fate(self, operation: str) -> tuple[str, float]:
        """What becomes of a call, and a number from 0 to 1 that goes with it."""
        with self._lock:
            self.told["calls"] += 1
            roll, how = self._dice.random(), self._dice.random()
            if roll < self.kills:
                fault = "killed before" if how < 0.5 else "killed after"
            elif roll < self.kills + self.share:
                names = FAULTS if operation == "TransactWriteItems" else FAULTS[:-1]
                fault = self._dice.choice(names)
            else:
                return "", how
            self.told[fault] += 1
            return fault, how


class _Passing(BaseHTTPRequestHandler):
    server: Faults
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Passes one call on, or does with it what the dice say."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        fault, how = self.server.fate(self.headers.get("X-Amz-Target", "").rpartition(".")[2])
        match fault:
            case "throttled" | "busy":
                status, name = _ANSWERS[fault]
                self._answer(status, json.dumps({"__type": name, "message": "injected"}).encode())
                return
            case "conflict":
                self._answer(400, json.dumps(_CONFLICT).encode())
                return
            case "cut before":
                self.close_connection = True
                return
            case "killed before":
                self._kill()
                return
            case "delayed":
                time.sleep(LONGEST_DELAY * how)
        try:
            status, headers, answer = self._pass_on(body)
        except (OSError, HTTPException):
            self.close_connection = True
            return
        if fault == "killed after":
            self._kill()
        elif fault == "cut after":
            self.close_connection = True
        else:
            self._answer(status, answer, headers)

    def _pass_on(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        connection = HTTPConnection(self.server.behind, timeout=30)
        try:
            # The host stays as it was signed.
            connection.request("POST", self.path, body, dict(self.headers))
            answer = connection.getresponse()
            kept = {
                name: value for name, value in answer.getheaders() if name.lower().startswith(("x-amz", "content-t"))
            }
            return answer.status, kept, answer.read()
        finally:
            connection.close()

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        try:
            self.send_response(status)
            for name, value in (headers or {"Content-Type": "application/x-amz-json-1.0"}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            self.close_connection = True

    def _kill(self) -> None:
        """Ends the worker at the other end of this connection as a lost machine would; it is never this process."""
        self.close_connection = True
        worker = process_behind(self.client_address[1])
        if worker and worker != os.getpid():
            os.kill(worker, signal.SIGKILL)
            self.server.note("workers killed")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class names it so
        """Says nothing."""


def process_behind(port: int) -> int:
    """The process that holds the other end of a connection to this machine, by its port there; 0 when it is gone."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
    inodes = [row[9] for row in rows if row[1].endswith(f":{port:04X}") and row[1].startswith("0100007F")]
    for link in Path("/proc").glob("[0-9]*/fd/*") if inodes else ():
        try:
            if str(link.readlink()) == f"socket:[{inodes[0]}]":
                return int(link.parts[2])
        except OSError:
            continue
    return 0
