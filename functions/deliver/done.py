"""What can become of a message."""

from enum import StrEnum


class Done(StrEnum):
    """What became of a message."""

    SENT = "sent"
    LATER = "later"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    SUPPRESSED = "suppressed"
    EXPIRED = "expired"
    FORGOTTEN = "forgotten"
    ERASED = "erased"
    GIVEN_UP = "given up"
    SKIPPED = "skipped"
    WAITING = "waiting"
    COUNTED = "counted"
    NOTHING = "nothing"
