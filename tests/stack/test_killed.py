"""A worker that is killed after SES took its mail and before it wrote so: still one mail, settled by SES's event."""

import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from shared.domain.mails import GRACE_SECONDS, LEASE_SECONDS
from shared.store import keys
from tests.stack.conftest import Stack, hearback

pytestmark = [
    pytest.mark.stack,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="finds the worker of a connection in /proc"),
]

DAY = 86_400
EVENT = Path(__file__).parents[1] / "events" / "ses_send.json"


def process_behind(port: int, ours: int) -> int:
    """The process that holds the other end of a connection to this machine, by the ports there and here.

    One port may be in use towards several others, and for a while after.
    """
    ends = [f"0100007F:{port:04X}", f"0100007F:{ours:04X}"]
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    [inode] = [row[9] for row in rows if row[1:3] == ends]
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if str(link.readlink()) == f"socket:[{inode}]":
                return int(link.parts[2])
        except OSError:
            continue
    raise AssertionError("nobody holds the connection")


class Between(ThreadingHTTPServer):
    """Stands between a function and SES: passes calls on, and kills who mails to one address once SES has answered.

    Mails that tests before this one have left behind go through.
    """

    daemon_threads = True

    def __init__(self, endpoint: str, address: str) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        self.address = quote(address, safe="").encode()
        self.behind = urlsplit(endpoint).netloc
        self.killed: list[int] = []
        self.answers: list[int] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Passing(BaseHTTPRequestHandler):
    server: Between

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        connection = HTTPConnection(self.server.behind, timeout=30)
        # The host stays as it was signed.
        connection.request("POST", self.path, body, dict(self.headers))
        answer = connection.getresponse()
        told = answer.read()
        if self.server.address not in body:
            self.send_response(answer.status)
            for name in ("Content-Type", "x-amzn-RequestId"):
                self.send_header(name, answer.getheader(name) or "")
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)
            return
        self.server.answers.append(answer.status)
        worker = process_behind(self.client_address[1], self.server.server_address[1])
        os.kill(worker, signal.SIGKILL)
        self.server.killed.append(worker)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class names it so
        """Says nothing."""


def output(stack: Stack, name: str) -> str:
    """An output of the deployed stack."""
    [found] = stack.client("cloudformation").describe_stacks(StackName="hearback-local")["Stacks"]
    return next(str(one["OutputValue"]) for one in found["Outputs"] if one["OutputKey"] == name)


@pytest.fixture
def silent(stack: Stack) -> Iterator[None]:
    """SES reports no delivery: the emulator's report would settle the mail at once."""
    ses, known = stack.client("ses"), {"Identity": "example.com", "NotificationType": "Delivery"}
    ses.set_identity_notification_topic(**known)
    yield
    ses.set_identity_notification_topic(**known, SnsTopic=output(stack, "FeedbackTopic"))


@contextmanager
def killing_after_ses(stack: Stack, address: str) -> Iterator[Between]:
    """While this lasts, who calls SES for `deliver` with a mail to this address does not live to hear the answer."""
    functions, name = stack.client("lambda"), "hearback-local-deliver"
    known: dict[str, Any] = functions.get_function_configuration(FunctionName=name)["Environment"]
    between = Between(stack.contract["endpoint_url"], address)
    threading.Thread(target=between.serve_forever, daemon=True).start()
    changed = {"Variables": known["Variables"] | {"AWS_ENDPOINT_URL_SES": between.url}}
    functions.update_function_configuration(FunctionName=name, Environment=changed)
    try:
        yield between
    finally:
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": known["Variables"]})
        between.shutdown()
        between.server_close()


def until_given_up(stack: Stack, mail: keys.Key) -> None:
    """Sets the clock behind lease and grace, and has each timer looked at."""
    stack.set_clock(LEASE_SECONDS + GRACE_SECONDS + 60)
    stack.until(lambda: (stack.item(*mail) or {})["state"] == "unsettled", meanwhile=lambda: stack.invoke("wake"))


def event_of(stack: Stack, mail: str, address: str) -> None:
    """SES's Send event of a mail, as recorded, in the queue of `feedback`."""
    event = json.loads(EVENT.read_text())
    event["mail"] |= {"destination": [address]}
    event["mail"]["tags"] |= {"mail": [mail]}
    stack.client("sqs").send_message(QueueUrl=output(stack, "FeedbackQueue"), MessageBody=json.dumps(event))


def test_a_worker_killed_between_ses_and_its_own_write_sends_one_mail_and_the_event_settles_it(
    stack: Stack, silent: None
) -> None:
    address = stack.address()
    request = str(stack.send(address)["survey_request"]["id"])
    mail = keys.mail(f"{request}-0")

    # given a worker that is killed when SES has its mail
    with killing_after_ses(stack, address) as between:
        stack.until(lambda: between.killed, meanwhile=lambda: stack.invoke("wake"))
    assert between.answers == [200]
    stack.until(lambda: stack.inbox.to(address))
    assert (stack.item(*mail) or {})["state"] == "sending"

    # when its lease and the grace have passed, and every timer was looked at
    try:
        until_given_up(stack, mail)

        # then there is one mail, which is unsettled, and the operator sees it
        assert len(stack.inbox.to(address)) == 1
        listed = hearback("mails", "unsettled", "--state", stack.state)
        assert [line for line in listed.stdout.splitlines() if f"{request}-0" in line and address in line]

        # when SES's event comes, the mail is sent, and its reminder due
        event_of(stack, f"{request}-0", address)
        stack.until(lambda: (stack.item(*mail) or {})["state"] == "sent")
        asked = stack.item(*keys.request(request)) or {}
        assert asked["state"] == "active"
        assert 2.9 * DAY < int(asked["timer_at"]) - int(asked["sent_at"]) < 3.1 * DAY
        assert not [line for line in hearback("mails", "unsettled", "--state", stack.state).stdout.splitlines()
                    if f"{request}-0" in line]  # fmt: skip
        assert len(stack.inbox.to(address)) == 1
    finally:
        stack.set_clock(0)


def test_an_operator_settles_a_mail_that_was_not_sent_and_the_person_is_asked_again(stack: Stack, silent: None) -> None:
    # given an invitation that nobody knows about
    address = stack.address()
    person = stack.send(address)
    request = str(person["survey_request"]["id"])
    mail = keys.mail(f"{request}-0")
    with killing_after_ses(stack, address) as between:
        stack.until(lambda: between.killed, meanwhile=lambda: stack.invoke("wake"))
    try:
        until_given_up(stack, mail)
        assert stack.send(address)["survey_request"]["status"] == "throttled"

        # when the operator says that it failed
        done = hearback("mails", "settle", f"{request}-0", "--as", "failed", "--state", stack.state)
        assert done.returncode == 0, done.stderr
        again = hearback("mails", "settle", f"{request}-0", "--as", "sent", "--state", stack.state)

        # then it is settled for good, and the person may be asked again
        assert (again.returncode, "not unsettled" in again.stderr) == (1, True)
        assert (stack.item(*keys.request(request)) or {})["state"] == "cancelled"
        assert stack.send(address)["survey_request"]["status"] == "scheduled"
    finally:
        stack.set_clock(0)
