"""Opting in: somebody asks to be surveyed, and shows by mail that the address is theirs before they become a person."""

import unicodedata
from dataclasses import dataclass, replace

from shared.domain.errors import InvalidError
from shared.domain.mails import Mail, MailKind
from shared.domain.people import Person
from shared.domain.project import DAY

MAX_NAME = 200
MOST_MAILS = 3
CONFIRM_DAYS = 7
"""How long an opt-in waits for its confirmation; then nothing of it is kept."""

HOUR = 3600
ASKS_PER_SOURCE = 20
"""How often one network may ask in an hour, for all of a project's addresses."""

QUICKEST_SECONDS = 2
SLOWEST_SECONDS = DAY
"""A form sent sooner after it was shown than a person reads it, or a day later, is shown once more."""

# Controls, line breaks, halves of characters, and what turns the direction of the text after it.
_NO_PART_OF_A_NAME = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# What joins or parts letters within names of several scripts.
_JOINERS = "\u200c\u200d"


@dataclass(frozen=True, slots=True)
class OptIn:
    """What somebody asked for with an address that nobody has confirmed yet, or has just confirmed.

    One address of a project has at most one. `asked_at` is when the last confirmation mail was called for, `mails` how
    many were. `timer_at` is when it is forgotten. Once confirmed, `person` is who came of it.
    """

    id: str
    project: str
    created_at: int
    email: str = ""
    name: str = ""
    locale: str = ""
    asked_at: int = 0
    mails: int = 0
    expires_at: int = 0
    confirmed_at: int = 0
    person: str = ""
    timer_at: int = 0
    rev: int = 0


def may_ask_again(opt_in: OptIn, now: int) -> bool:
    """Whether another confirmation mail may go to the address: one an hour, three until it is forgotten."""
    return now >= opt_in.asked_at + HOUR and (opt_in.mails < MOST_MAILS or bool(opt_in.confirmed_at))


def asked(opt_in: OptIn, *, name: str, locale: str, now: int) -> OptIn:
    """The opt-in once it is asked for, again or for the first time; it waits for its confirmation from now on."""
    until = now + CONFIRM_DAYS * DAY
    return replace(
        opt_in,
        name=name,
        locale=locale,
        asked_at=now,
        mails=opt_in.mails + 1,
        expires_at=until,
        timer_at=until,
        confirmed_at=0,
        person="",
    )


def confirmation(opt_in: OptIn) -> Mail:
    """The mail that asks to confirm; its name follows from how often it was asked for. It holds no address."""
    return Mail(
        id=confirmation_id(opt_in),
        project=opt_in.project,
        kind=MailKind.CONFIRMATION,
        subject_id=opt_in.id,
        created_at=opt_in.asked_at,
        timer_at=opt_in.asked_at,
    )


def confirmation_id(opt_in: OptIn) -> str:
    """The name of the last confirmation mail."""
    return f"{MailKind.CONFIRMATION.value}-{opt_in.id}-{opt_in.mails}"


def confirmed(opt_in: OptIn, person: Person, now: int) -> OptIn:
    """The opt-in once a person came of it. Until it is forgotten, its link tells that all is done."""
    return replace(opt_in, name="", confirmed_at=now, person=person.id)


def joined(person: Person, opt_in: OptIn, *, name: str, consent: str, now: int) -> Person:
    """The person once they have confirmed: their own word lifts an unsubscribe, but no bounce and no complaint.

    `consent` is the version of the text that they agreed to.
    """
    return replace(
        person,
        name=name or person.name,
        locale=opt_in.locale or person.locale,
        consented_at=now,
        consented_to=consent,
        unsubscribed_at=0,
    )


def clean_name(text: str) -> str:
    """A name on one line, or an empty one. Raises InvalidError when it is too long."""
    kept = (" " if unicodedata.category(c) in _NO_PART_OF_A_NAME and c not in _JOINERS else c for c in text)
    name = " ".join("".join(kept).split())
    if len(name) > MAX_NAME:
        raise InvalidError({"name": [f"is too long (at most {MAX_NAME} characters)"]})
    return name


def was_read(shown_at: int, now: int) -> bool:
    """Whether a form shown at a time may come from a person who read it."""
    return QUICKEST_SECONDS <= now - shown_at <= SLOWEST_SECONDS
