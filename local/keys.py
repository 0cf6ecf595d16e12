"""API keys, made and revoked by the operator: shown once, stored as their SHA-256."""

import secrets
import time
from collections.abc import Iterable

from local import projects
from local.problems import CommandError
from shared.domain.errors import NotFoundError
from shared.store import api_keys
from shared.store.api_keys import Scope

PREFIX = "hb_"
LOCAL_LABEL = "local stack"


def create(project: str, scopes: Iterable[Scope], label: str) -> str:
    """Makes a key for a project and returns its secret, which is kept nowhere.

    Raises CommandError when there is no such project.
    """
    if not projects.exists(project):
        raise CommandError(f"there is no project {project}; `hearback project create FILE` makes one")
    secret = PREFIX + secrets.token_urlsafe(32)
    api_keys.create(api_keys.digest_of(secret), project, list(scopes), label, int(time.time()))
    return secret


def revoke(secret_or_digest: str) -> None:
    """Ends a key, named by its secret or by its SHA-256. Raises CommandError when there is none."""
    is_secret = secret_or_digest.startswith(PREFIX)
    digest = api_keys.digest_of(secret_or_digest) if is_secret else secret_or_digest.lower()
    try:
        api_keys.revoke(digest, int(time.time()))
    except NotFoundError as error:
        raise CommandError("there is no such key") from error


def prepare(project: str, known: str) -> str:
    """A key with all scopes for the local stack: the known one while it is good, else a new one."""
    if known:
        key = api_keys.find(api_keys.digest_of(known))
        if key is not None and key.project == project and not key.revoked_at:
            return known
    return create(project, Scope, LOCAL_LABEL)


def read_scopes(text: str) -> list[Scope]:
    """Scopes from a comma-separated list. Raises CommandError for an unknown one."""
    try:
        return [Scope(name.strip()) for name in text.split(",")]
    except ValueError:
        raise CommandError(f"scopes are {', '.join(Scope)}, with commas between; not {text!r}") from None
