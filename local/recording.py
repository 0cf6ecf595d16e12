"""The emulator with a witness: writes down what the functions' roles ask of AWS. `python -P recording.py FILE`.

Runs in the emulator's own environment, which has the standard library and the emulator. One JSON line per answered
request that a role signed: who (`key`), what (`service`, `operation`, `method`, `path`, `body`), and what came of it
(`status`, and `error` when it was refused). Of mails, and of what is stored in S3, no content is kept.
"""

import importlib
import json
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

type Message = MutableMapping[str, Any]
type Receive = Callable[[], Awaitable[Message]]
type Send = Callable[[Message], Awaitable[None]]
type Application = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

# Access keys of sessions, which functions have, begin so; keys of users and of the account do not.
SESSION_KEY = "ASIA"
_ERROR_BYTES = 2000


class Witness:
    """An ASGI application around another one."""

    def __init__(self, application: Application, file: Path) -> None:
        self._application = application
        self._file = file.open("a", encoding="utf-8", buffering=1)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Lets the application answer and writes a role's request down."""
        credential = _credential(scope) if scope["type"] == "http" else ""
        if not credential.startswith(SESSION_KEY):
            await self._application(scope, receive, send)
            return
        asked: list[bytes] = []
        answered: list[bytes] = []
        statuses: list[int] = []

        async def receiving() -> Message:
            message = await receive()
            asked.append(message.get("body", b""))
            return message

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])
            elif statuses[-1] >= 400:
                answered.append(message.get("body", b""))
            await send(message)

        await self._application(scope, receiving, sending)
        line = _request(scope, credential, b"".join(asked)) | {
            "status": statuses[-1] if statuses else 0,
            "error": b"".join(answered)[:_ERROR_BYTES].decode(errors="replace"),
        }
        self._file.write(json.dumps(line) + "\n")


def _request(scope: MutableMapping[str, Any], credential: str, body: bytes) -> dict[str, str]:
    key, _day, _region, service, *_ = credential.split("/")
    target = _header(scope, b"x-amz-target")
    form = parse_qs(body.decode()) if body.startswith(b"Action=") else {}
    return {
        "key": key,
        "service": service,
        "operation": target.rpartition(".")[2] or form.get("Action", [""])[0],
        "method": scope["method"],
        "path": scope["path"],
        "body": body.decode() if target else "",
    }


def _credential(scope: MutableMapping[str, Any]) -> str:
    """`<access key>/<day>/<region>/<service>/aws4_request`, from the header or from a presigned address."""
    _, _, rest = _header(scope, b"authorization").partition("Credential=")
    signed: list[str] = parse_qs(scope["query_string"].decode()).get("X-Amz-Credential", [""])
    return rest.split(",")[0] or signed[0]


def _header(scope: MutableMapping[str, Any], name: bytes) -> str:
    return next((value.decode("latin-1") for known, value in scope["headers"] if known.lower() == name), "")


def main() -> None:
    """Runs the emulator, which reads its settings from the environment, with a witness in front."""
    emulator = importlib.import_module("ministack.app")
    file, sys.argv[1:] = Path(sys.argv[1]), []
    emulator.app = Witness(emulator.app, file)  # type: ignore[attr-defined]
    emulator.main()


if __name__ == "__main__":
    main()
