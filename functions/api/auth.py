"""Who calls: the API key, checked by the function because a gateway's refusal has no body."""

import base64
import time
from collections.abc import Mapping

from shared.store import api_keys
from shared.store.api_keys import ApiKey, Scope

_SECONDS_KEPT = 30.0
_MOST_KEPT = 1_000
_cache: dict[str, tuple[float, ApiKey]] = {}


class UnauthorizedError(Exception):
    """No key, or one that is unknown or revoked."""


class ForbiddenError(Exception):
    """A key without the scope that the call needs."""


def authenticate(headers: Mapping[str, str]) -> ApiKey:
    """The key in an Authorization header: Basic with or without the trailing colon, or Bearer.

    Raises UnauthorizedError. A key that was good is trusted for 30 seconds; a bad one is looked up every time.
    """
    secret = _secret(headers.get("authorization", ""))
    if not secret:
        raise UnauthorizedError
    digest = api_keys.digest_of(secret)
    kept = _cache.get(digest)
    if kept and time.monotonic() - kept[0] < _SECONDS_KEPT:
        return kept[1]
    key = api_keys.find(digest)
    if key is None or key.revoked_at:
        _cache.pop(digest, None)
        raise UnauthorizedError
    if len(_cache) >= _MOST_KEPT:
        _cache.clear()
    _cache[digest] = (time.monotonic(), key)
    return key


def authorize(key: ApiKey, scope: Scope) -> None:
    """Raises ForbiddenError when the key may not do this."""
    if scope.value not in key.scopes:
        raise ForbiddenError(scope.value)


def _secret(authorization: str) -> str:
    scheme, _, value = authorization.strip().partition(" ")
    value = value.strip()
    if scheme.lower() == "bearer":
        return value
    if scheme.lower() != "basic":
        return ""
    try:
        text = base64.b64decode(value, validate=True).decode()
    except ValueError:
        return ""
    return text.partition(":")[0]
