"""Calls of the HTTP API, as a client makes them."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from functions.api import handler
from shared.store import api_keys
from shared.store.api_keys import Scope
from tests.fakes.world import World, http_event

SECRET = "a key of this test"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of the API."""

    status: int
    body: Any
    headers: dict[str, str]


@dataclass(slots=True)
class Api:
    """A client with a key of all scopes."""

    world: World
    secret: str = SECRET

    @classmethod
    def of(cls, world: World, *, secret: str = SECRET, scopes: tuple[Scope, ...] = tuple(Scope)) -> "Api":
        """A client of a project."""
        api_keys.create(api_keys.digest_of(secret), "acme", scopes, "test", world.now)
        return cls(world, secret)

    def call(
        self,
        method: str,
        path: str,
        *,
        query: str = "",
        json_body: Any = None,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> Reply:
        """One call; `path` without `/v1/`."""
        sent = {"Authorization": f"Basic {base64.b64encode(f'{self.secret}:'.encode()).decode()}", **(headers or {})}
        if json_body is not None:
            more["body"] = json.dumps(json_body)
            sent.setdefault("Content-Type", "application/json")
        answer = handler.handle(
            http_event(method, f"/v1/{path}", query=query, headers=sent, **more), self.world.context
        )
        answer["body"].encode()
        return Reply(answer["statusCode"], json.loads(answer["body"]), _headers(answer))

    def ask(self, **person: Any) -> Reply:
        """POST people."""
        return self.call("POST", "people", json_body={"email": "p1@example.com", **person})


def _headers(answer: Mapping[str, Any]) -> dict[str, str]:
    many = {name.lower(): ", ".join(values) for name, values in answer.get("multiValueHeaders", {}).items()}
    return many | {name.lower(): value for name, value in answer.get("headers", {}).items()}
