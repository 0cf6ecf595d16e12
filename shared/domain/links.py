"""Links that carry their own proof: whoever holds one may do what it is for, and nothing else.

`v1.<key id>.<id>.<mac>`, where id is base64url text and mac the first 16 bytes of HMAC-SHA256 under a key
derived for the purpose. Whether a link has expired stands in the record it names, never in the link.
"""

import binascii
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from shared.domain.errors import BadLinkError

MAC_BYTES = 16
MAX_LENGTH = 400


class Purpose(StrEnum):
    """What a link lets its holder do."""

    SURVEY = "survey"
    UNSUBSCRIBE = "unsubscribe"
    CASE = "case"
    REPORT = "report"
    JOIN = "join"
    FORM = "form"


@dataclass(frozen=True, slots=True)
class Stop:
    """What an unsubscribe link names: the request or response that the mail was about, and its address under a hash.

    Nothing that is kept leads from an erased person to their address. Their link does: it still ends mail to it.
    """

    about: str
    address: str = ""

    @classmethod
    def read(cls, text: str) -> "Stop":
        """What `str()` wrote; links of mails about an address that is not told name no address."""
        about, _, address = text.partition("/")
        return cls(about, address)

    def __str__(self) -> str:
        """The text that a link carries."""
        return f"{self.about}/{self.address}" if self.address else self.about


@dataclass(frozen=True, slots=True, repr=False)
class LinkKeys:
    """Secrets by key id. New links are made with `current`; links of every key here are still read."""

    current: str
    secrets: Mapping[str, bytes]

    def make(self, purpose: Purpose, record_id: str) -> str:
        """A link token for a record."""
        head = f"v1.{self.current}.{_encode(record_id.encode())}"
        return f"{head}.{_encode(self._mac(purpose, self.current, head))}"

    def read(self, purpose: Purpose, token: str) -> str:
        """The record's id. Raises BadLinkError for anything that `make` has not made for this purpose."""
        if len(token) > MAX_LENGTH or not token.isascii():
            raise BadLinkError("not a link")
        head, _, mac = token.rpartition(".")
        version, _, rest = head.partition(".")
        key_id, _, encoded = rest.partition(".")
        if version != "v1" or key_id not in self.secrets:
            raise BadLinkError("not a link")
        if not hmac.compare_digest(_encode(self._mac(purpose, key_id, head)), mac):
            raise BadLinkError("not a link")
        try:
            return urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
        except (binascii.Error, UnicodeDecodeError) as error:
            raise BadLinkError("not a link") from error

    def disguise(self, text: str) -> str:
        """A name for what must not be told: the same text has the same name, which leads to it for nobody else."""
        derived = hmac.digest(self.secrets[self.current], b"hearback/disguise", "sha256")
        return _encode(hmac.digest(derived, text.encode(), "sha256")[:MAC_BYTES])

    def _mac(self, purpose: Purpose, key_id: str, head: str) -> bytes:
        derived = hmac.digest(self.secrets[key_id], f"hearback/{purpose.value}".encode(), "sha256")
        return hmac.digest(derived, head.encode(), "sha256")[:MAC_BYTES]


def _encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
