"""The rows of a CSV file from any byte on, and the byte at which each ends."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from shared.domain.errors import InvalidError

MAX_ROW = 1_000_000
"""Bytes of the longest row: longer means that a quote was not closed."""

_BOM = b"\xef\xbb\xbf"
_DELIMITERS = ",;\t"
_SURROGATES = range(0xDC80, 0xDD00)

csv.field_size_limit(MAX_ROW)


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of a row, its length in bytes, the byte after it, and what is wrong with its text, if anything is."""

    cells: list[str]
    length: int
    end: int
    problem: str = ""


def rows(pieces: Iterable[bytes], offset: int, delimiter: str) -> Iterator[Row]:
    """The rows in the bytes of a file that follow one another from an offset on; empty lines are none.

    As the csv module reads them, whatever the pieces. Raises InvalidError naming `file` for a row over a megabyte.
    """
    feed = _Feed(pieces, offset)
    for cells in csv.reader(feed.lines(), delimiter=delimiter):
        problem = ""
        if any(ord(c) in _SURROGATES for cell in cells for c in cell):
            problem = "is not UTF-8"
        elif feed.ended_inside:
            problem = "has a quote that is not closed"
        length, feed.row_bytes = feed.row_bytes, 0
        if cells:
            yield Row(cells, length, feed.end, problem)


def header(pieces: Iterable[bytes]) -> tuple[str, Row]:
    """The delimiter (`,`, `;` or a tab: the one that makes most columns) and the first row of a file.

    Raises InvalidError naming `file` when there is none that can be read.
    """
    begun = list(_until_line(pieces))
    found = [(delimiter, next(rows(begun, 0, delimiter), None)) for delimiter in _DELIMITERS]
    delimiter, row = max(found, key=lambda one: len(one[1].cells) if one[1] else 0)
    if row is None:
        raise InvalidError({"file": ["is empty"]})
    if row.problem:
        raise InvalidError({"file": ["has a header that is not UTF-8, or not closed"]})
    return delimiter, row


def _until_line(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """As much as may hold the header: a megabyte."""
    length = 0
    for piece in pieces:
        yield piece
        length += len(piece)
        if length > MAX_ROW:
            return


class _Feed:
    """Lines for the csv module, which asks for one at a time and never for more than its row needs."""

    def __init__(self, pieces: Iterable[bytes], offset: int) -> None:
        self._pieces, self.end, self.row_bytes, self.ended_inside = pieces, offset, 0, False

    def lines(self) -> Iterator[str]:
        """Decoded lines with their ends; a byte that is not UTF-8 becomes a surrogate."""
        for line in _lines(self._pieces):
            text = line.removeprefix(_BOM) if self.end == 0 else line
            self.end += len(line)
            self.row_bytes += len(line)
            if self.row_bytes > MAX_ROW:
                raise _too_long()
            yield text.decode("utf-8", "surrogateescape")
        self.ended_inside = self.row_bytes > 0


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        # A carriage return at the end may be the first half of a line end.
        whole = (rest + piece).splitlines(keepends=True)
        rest = b"" if not whole or whole[-1].endswith(b"\n") else whole.pop()
        yield from whole
        if len(rest) > MAX_ROW:
            raise _too_long()
    if rest:
        yield rest


def _too_long() -> InvalidError:
    return InvalidError({"file": [f"has a row of more than {MAX_ROW} bytes; is a quote not closed?"]})
