"""The secrets behind the links, from Secrets Manager."""

import json
import time

from shared.domain.links import LinkKeys
from shared.outside import clients
from shared.outside.settings import setting

_SECONDS_KEPT = 300.0


class _Cache:
    keys: LinkKeys | None = None
    read_at = 0.0


def link_keys() -> LinkKeys:
    """The keys of this installation, read at most every five minutes.

    The secret is a JSON object of key id (k1, k2, …) to text; the highest number signs new links.
    """
    if _Cache.keys is None or time.monotonic() - _Cache.read_at > _SECONDS_KEPT:
        secret = json.loads(clients.secrets().get_secret_value(SecretId=setting("LINKS_SECRET"))["SecretString"])
        current = max(secret, key=lambda key_id: int(key_id[1:]))
        _Cache.keys = LinkKeys(current=current, secrets={name: text.encode() for name, text in secret.items()})
        _Cache.read_at = time.monotonic()
    return _Cache.keys
