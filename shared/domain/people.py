"""People: who is asked, how an address is recognised, and how properties merge."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

MAX_PROPERTIES = 50
MAX_PROPERTY_NAME = 100
MAX_PROPERTY_VALUE = 1000

# A mailbox as mail systems really accept it: RFC 5321's dot-string, no quoted local parts, no comments.
_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)

_NUMBER = re.compile(r"\+?[0-9](?:[ ()./-]*[0-9]){4,19}")


class Suppression(StrEnum):
    """Why a person gets no more survey mail; the reasons are kept apart and may hold together."""

    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    COMPLAINED = "complained"


@dataclass(frozen=True, slots=True)
class Person:
    """One who is asked. Times are Unix seconds; `rev` counts the writes of the record.

    Without an `email` they are known by their telephone number, and no survey goes to them.
    `next_eligible_at` is the throttle: no survey may be requested for the person before it. Who opted in did so at
    `consented_at`, to the version `consented_to` of the project's text.
    """

    id: str
    project: str
    created_at: int
    email: str = ""
    phone_number: str = ""
    name: str = ""
    locale: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)
    next_eligible_at: int = 0
    last_sent_at: int = 0
    last_responded_at: int = 0
    next_survey_scheduled_at: int = 0
    pending_request: str = ""
    unsubscribed_at: int = 0
    bounced_at: int = 0
    complained_at: int = 0
    consented_at: int = 0
    consented_to: str = ""
    rev: int = 0

    @property
    def handle(self) -> str:
        """By what a call finds the person: see `handle`."""
        return handle(self.email, self.phone_number)

    @property
    def suppression(self) -> Suppression | None:
        """The reason why survey mail to this person is blocked; the person's own word comes first."""
        if self.unsubscribed_at:
            return Suppression.UNSUBSCRIBED
        if self.complained_at:
            return Suppression.COMPLAINED
        return Suppression.BOUNCED if self.bounced_at else None


def address_problem(address: str) -> str | None:
    """What is wrong with a mail address, in words that follow its field's name, or None."""
    local, _, _ = address.partition("@")
    if len(address) > 254 or len(local) > 64:
        return "is too long for a mail address"
    if not _ADDRESS.fullmatch(address):
        return "is not a mail address"
    return None


def number_problem(number: str) -> str | None:
    """What is wrong with a telephone number, in words that follow its field's name, or None."""
    return None if _NUMBER.fullmatch(number.strip()) else "is not a telephone number"


def handle(email: str, phone_number: str) -> str:
    """By what somebody is known: their address or, without one, the digits of their telephone number."""
    return email or re.sub(r"[^0-9+]", "", phone_number)


def normalise_address(address: str) -> str:
    """The form in which two spellings of one address are equal: no outer blanks, lower case.

    RFC 5321 allows case to matter before the @; no provider lets it.
    """
    return address.strip().lower()


def address_hash(project: str, address: str) -> str:
    """The name under which an address is known in a project, without telling the address."""
    return hashlib.sha256(f"{project}\n{normalise_address(address)}".encode()).hexdigest()[:40]


def merge_properties(known: Mapping[str, str], given: Mapping[str, str | None]) -> dict[str, str]:
    """Known properties with the given ones laid over them; a value of None removes the property."""
    merged = dict(known)
    for name, value in given.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = value
    return merged
