"""Header fields of mails, whatever people and products are called.

A line with encoded words is at most 76 characters long, an encoded word 75, and no character is cut (RFC 2047); plain
text is folded at blanks. What only looks encoded is encoded, so that readers see it as it was written. Python's own
policies fold links and addresses as they fold text, or fold nothing.
"""

import re
import textwrap
from dataclasses import dataclass
from email.header import Header
from email.policy import Policy
from email.utils import quote

from shared.domain.people import address_problem
from shared.render.words import one_line

LINE = 76

_LONGEST_WORD = 60
_PLAIN = re.compile(r"[ -~]*")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")


@dataclass(frozen=True, slots=True)
class Field:
    """A header field as a mail policy takes it: what has a name is neither parsed nor folded again."""

    name: str
    lines: tuple[str, ...]

    def fold(self, *, policy: Policy) -> str:
        """The field as it is sent."""
        return "".join(line + policy.linesep for line in self.lines)


def text(name: str, value: str) -> Field:
    """A field of free text, such as a subject: one line to its reader."""
    line = one_line(value)
    return Field(name, _plain(name, line) if _stands_as_it_is(line) else _encoded(name, line))


def mailbox(name: str, address: str, person: str = "") -> Field:
    """A field with one address, which is never cut, and its owner's name if that is known.

    Raises ValueError for what is no mail address.
    """
    if address_problem(address):
        raise ValueError("not a mail address")
    line = one_line(person)
    if not line:
        return Field(name, (f"{name}: {address}",))
    *before, last = _phrase(name, line)
    end = f" <{address}>"
    return Field(name, (*before, last + end) if len(last + end) <= LINE else (*before, last, end))


def whole(name: str, value: str) -> Field:
    """A field that is never folded: nobody could follow a link that is encoded because it is longer than a line."""
    return Field(name, (f"{name}: {value}",))


def _phrase(name: str, line: str) -> tuple[str, ...]:
    if not _stands_as_it_is(line):
        return _encoded(name, line)
    if _ATOMS.fullmatch(line):
        return _plain(name, line)
    quoted = quote(line)
    return (f'{name}: "{quoted}"',) if len(quoted) <= _LONGEST_WORD else _encoded(name, line)


def _stands_as_it_is(line: str) -> bool:
    return bool(_PLAIN.fullmatch(line)) and "=?" not in line and all(len(w) <= _LONGEST_WORD for w in line.split())


def _plain(name: str, line: str) -> tuple[str, ...]:
    whole = f"{name}: {line}"
    return tuple(textwrap.wrap(whole, LINE, subsequent_indent=" ", break_long_words=False, break_on_hyphens=False))


def _encoded(name: str, line: str) -> tuple[str, ...]:
    return tuple(f"{name}: {Header(line, 'utf-8', LINE, name).encode()}".split("\n"))
