"""The only clock. On the local stage it can be set forward, so that a month can be played in minutes."""

import time

from shared.outside import clients
from shared.outside.settings import optional_setting

_OFFSET_SECONDS_KEPT = 1.0


class _Offset:
    seconds = 0
    read_at = float("-inf")


def now() -> int:
    """The Unix time in seconds, plus the local stage's offset."""
    return int(time.time()) + _offset()


def exact() -> int:
    """The real time in microseconds since 1970, which nobody sets forward: for what lasts less than a second."""
    return time.time_ns() // 1000


def wait_until(moment: int) -> None:
    """Returns at a moment of the real time, or at once when it is past."""
    if (left := moment - exact()) > 0:
        time.sleep(left / 1_000_000)


def _offset() -> int:
    parameter = optional_setting("CLOCK_PARAMETER")
    if not parameter:
        return 0
    if time.monotonic() - _Offset.read_at > _OFFSET_SECONDS_KEPT:
        _Offset.seconds = int(clients.ssm().get_parameter(Name=parameter)["Parameter"]["Value"])
        _Offset.read_at = time.monotonic()
    return _Offset.seconds
