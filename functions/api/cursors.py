"""Pages of a list that go on where the last one ended, wherever that is by now."""

import base64
import binascii
from typing import Protocol
from urllib.parse import urlencode

from functions.api.inputs import CursorQuery
from shared.domain.errors import InvalidError


class Listed(Protocol):
    """A record that lists hold by the time of its making."""

    @property
    def id(self) -> str: ...  # noqa: D102
    @property
    def created_at(self) -> int: ...  # noqa: D102


def next_page(url: str, query: CursorQuery, last: Listed) -> dict[str, str]:
    """The header that leads to what comes after a record, for a list at an address."""
    position = f"{last.created_at:010d}#{last.id}"
    cursor = base64.urlsafe_b64encode(position.encode()).rstrip(b"=").decode()
    again = query.model_dump(exclude_none=True, exclude={"auto_handle_rate_limits"}) | {"cursor": cursor}
    return {"Link": f'<{url}?{urlencode(again)}>; rel="next"'}


def read(text: str | None) -> str:
    """The position that a cursor stands for. Raises InvalidError for what is none."""
    if not text:
        return ""
    try:
        position = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii")
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise InvalidError({"cursor": ["is not one that this API gave"]}) from error
    if not position[:10].isdigit() or position[10:11] != "#":
        raise InvalidError({"cursor": ["is not one that this API gave"]})
    return position
