"""What a warm function remembers between calls, and how a test makes it forget."""

from functions.api import auth
from shared.outside import clients, clock, link_keys
from shared.store import counters, pace, projects, table


def forget() -> None:
    """Empties every cache that outlives a call: as if the function had just started."""
    for cached in (
        clients._session, clients.dynamodb, clients.ses, clients.sqs, clients.s3, clients.secrets, clients.ssm,
        clients.functions, table.records, table.metrics,
    ):  # fmt: skip
        if clear := getattr(cached, "cache_clear", None):
            clear()
    projects._cache.clear()
    auth._cache.clear()
    pace._known.clear()
    counters._known_values.clear()
    link_keys._Cache.keys = None
    clock._Offset.read_at = float("-inf")
