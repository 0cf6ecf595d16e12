"""A server on 127.0.0.1 that answers as DynamoDB, Secrets Manager, SES, SQS and S3 do, at once, from memory.

`python -m bench.stub SECONDS [MILLISECONDS]` runs it as a process of its own; with milliseconds, SES answers so much
later. It ends after so many seconds, or as soon as its standard input is closed, so that it never outlives who started
it.
"""

import base64
import json
import os
import re
import sys
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from botocore.exceptions import ClientError

from bench.aws import Aws

HOST = "127.0.0.1"
PORTS = range(4821, 4830)
USAGE_PATH = "/_bench/usage"

_SERVICES = {"DynamoDB_20120810": "dynamodb", "secretsmanager": "secrets", "AmazonSQS": "sqs"}
_XML = "http://ses.amazonaws.com/doc/2010-12-01/"
_METADATA = "<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>"


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int, aws: Aws) -> None:
        super().__init__((HOST, port), _Handler)
        self.aws = aws
        self.lock = threading.Lock()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def do_POST(self) -> None:
        body = self._body()
        if self.path == USAGE_PATH:
            usage = self.server.aws.taken()
            self._answer(200, json.dumps([dict(usage.calls), usage.bytes_in, usage.bytes_out]).encode())
        elif target := self.headers.get("X-Amz-Target"):
            self._json(target, json.loads(body))
        else:
            self._ses({name: values[-1] for name, values in parse_qs(body.decode()).items()})

    def do_PUT(self) -> None:
        self._call("s3", "put_object", {"Key": self._object_key(), "Body": self._body()})
        self._answer(200, b"")

    def do_GET(self) -> None:
        self._answer(200, self._call("s3", "get_object", {"Key": self._object_key()})["Body"].read())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class names it so
        """Says nothing."""

    def _json(self, target: str, arguments: Mapping[str, Any]) -> None:
        service, _, operation = target.partition(".")
        try:
            answer = self._call(_SERVICES[service], _snake(operation), arguments)
        except ClientError as error:
            told = {name: value for name, value in error.response.items() if name not in {"Error", "ResponseMetadata"}}
            fault = {"__type": f"#{error.response['Error']['Code']}", "message": error.response["Error"]["Message"]}
            self._answer(400, json.dumps(fault | told).encode())
        else:
            self._answer(200, json.dumps(answer).encode())

    def _ses(self, form: Mapping[str, str]) -> None:
        action = form["Action"]
        answer = self._call("ses", _snake(action), _ses_arguments(form) if action == "SendRawEmail" else {})
        result = "".join(f"<{name}>{value}</{name}>" for name, value in answer.items())
        inner = f"<{action}Result>{result}</{action}Result>{_METADATA}"
        self._answer(200, f'<{action}Response xmlns="{_XML}">{inner}</{action}Response>'.encode(), "text/xml")

    def _call(self, service: str, operation: str, arguments: Mapping[str, Any]) -> Any:
        with self.server.lock:
            return self.server.aws.call(service, operation, arguments)

    def _object_key(self) -> str:
        return self.path.partition("?")[0].strip("/").partition("/")[2]

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _answer(self, status: int, body: bytes, kind: str = "application/x-amz-json-1.0") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("x-amzn-RequestId", "r")
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()


def serve(port: int, aws: Aws) -> ThreadingHTTPServer:
    """Starts a server on a thread; the caller shuts it down. Raises OSError when the port is busy."""
    server = _Server(port, aws)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def serve_on_a_free_port(aws: Aws) -> ThreadingHTTPServer:
    """Like `serve`, on the first free port of ours. Raises OSError when all are busy."""
    for port in PORTS:
        try:
            return serve(port, aws)
        except OSError:
            continue
    raise OSError(f"all ports from {PORTS[0]} to {PORTS[-1]} are busy")


def main(seconds: str, milliseconds: str = "0") -> None:
    """Serves until the time is over or standard input is closed; prints its port first."""
    aws = Aws()
    aws.ses.before = lambda: time.sleep(int(milliseconds) / 1000)
    server = serve_on_a_free_port(aws)
    limit = threading.Timer(float(seconds), os._exit, [1])
    limit.daemon = True
    limit.start()
    sys.stdout.write(f"{server.server_address[1]}\n")
    sys.stdout.flush()
    sys.stdin.read()
    server.shutdown()


def _ses_arguments(form: Mapping[str, str]) -> dict[str, Any]:
    numbers = range(1, sum(name.startswith("Tags.member.") and name.endswith(".Name") for name in form) + 1)
    return {
        "Source": form["Source"],
        "Destinations": [form["Destinations.member.1"]],
        "RawMessage": {"Data": base64.b64decode(form["RawMessage.Data"])},
        "Tags": [{"Name": form[f"Tags.member.{n}.Name"], "Value": form[f"Tags.member.{n}.Value"]} for n in numbers],
    }


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


if __name__ == "__main__":
    main(*sys.argv[1:])
