"""Names for new records."""

import secrets


def new_id() -> str:
    """A name of 80 random bits; the write that first uses it checks that it is new."""
    return secrets.token_hex(10)


def new_request_id(person_id: str) -> str:
    """A name for a request or response of a person; it begins with the person's."""
    return f"{person_id}-{secrets.token_hex(5)}"


def new_trend_id() -> str:
    """A short name for one of a project's few trends: it stands in every ledger row that is counted in it."""
    return secrets.token_hex(4)
