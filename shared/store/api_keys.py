"""API keys: stored as the SHA-256 of the secret, each for one project and some scopes."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from shared.domain.errors import NotFoundError
from shared.store import keys
from shared.store.attributes import unpack
from shared.store.table import Put, records


class Scope(StrEnum):
    """What a key may do."""

    SEND = "send"
    READ = "read"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key. `digest` is all that is kept of its secret."""

    digest: str
    project: str
    scopes: frozenset[str]
    created_at: int
    label: str = ""
    revoked_at: int = 0


def digest_of(secret: str) -> str:
    """The name under which a key is stored; the secret has 256 random bits, so one plain hash is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def create(digest: str, project: str, scopes: Iterable[Scope], label: str, now: int) -> None:
    """Stores a new key."""
    key = keys.api_key(digest)
    item = {
        "pk": key.pk,
        "sk": key.sk,
        "kind": "api_key",
        "digest": digest,
        "project": project,
        "scopes": {scope.value for scope in scopes},
        "label": label,
        "created_at": now,
        "rev": 1,
    }
    records().write(Put(item, rev=0))


def find(digest: str) -> ApiKey | None:
    """The key of a digest, revoked or not, or None."""
    item = records().get(keys.api_key(digest))
    return unpack(ApiKey, item) if item else None


def revoke(digest: str, now: int) -> None:
    """Ends a key; functions notice within 30 seconds. Raises NotFoundError when there is none."""
    key = keys.api_key(digest)
    item = records().get(key)
    if item is None:
        raise NotFoundError("there is no such key")
    records().write(Put(item | {"revoked_at": now, "rev": item["rev"] + 1}, rev=item["rev"]))
