"""What every call of the API is made of."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from shared.domain.errors import NotFoundError
from shared.domain.project import Project
from shared.inputs.checking import Input
from shared.store.api_keys import Scope

_LONGEST_ID = 100


@dataclass(frozen=True, slots=True)
class Call[Q: Input]:
    """One authenticated call: its key's project and scopes, its checked parameters, the time, and the API's own URL."""

    project: Project
    given: Q
    now: int
    base_url: str
    idempotency_key: str | None = None
    scopes: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call is answered with."""

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Shown:
    """An answer that is no JSON: a page or a text to look at, with the headers it needs."""

    content_type: str
    body: str
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Route:
    """A method and path of the API, what it takes, what does it, and the kind of its answer."""

    method: str
    path: str
    scope: Scope
    input: type[Input]
    run: Callable[..., Answer | Shown]
    media: str = "application/json"


def record_id(text: str) -> str:
    """An id out of a path. Raises NotFoundError for what no record is named."""
    if len(text) > _LONGEST_ID or not text.isascii():
        raise NotFoundError("there is no such thing")
    return text
