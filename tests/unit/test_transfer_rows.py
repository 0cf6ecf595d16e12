"""The reader: the csv module's rows, from any piece and any byte on."""

import csv
from io import BytesIO, StringIO, TextIOWrapper
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.transfer.rows import MAX_ROW, header, rows
from shared.domain.errors import InvalidError

CELLS = st.text(st.sampled_from('ab,;"\r\n é😀\t\u2028'), max_size=6)
TABLES = st.lists(st.lists(CELLS, min_size=1, max_size=4), max_size=8)


def written(table: list[list[str]], ends: str) -> bytes:
    text = StringIO()
    csv.writer(text, lineterminator=ends).writerows(table)
    return text.getvalue().encode()


def by_the_module(data: bytes) -> list[list[str]]:
    return [row for row in csv.reader(TextIOWrapper(BytesIO(data), "utf-8", newline="")) if row]


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    at = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[first:last] for first, last in pairwise(at)]


@given(TABLES, st.sampled_from(["\r\n", "\n", "\r"]), st.lists(st.integers(0, 10_000), max_size=6))
def test_given_any_file_in_any_pieces_then_the_rows_are_the_csv_modules(
    table: list[list[str]], ends: str, cuts: list[int]
) -> None:
    data = written(table, ends)
    assert [row.cells for row in rows(pieces(data, cuts), 0, ",")] == by_the_module(data)


@given(TABLES, st.sampled_from(["\r\n", "\n"]), st.lists(st.integers(0, 10_000), max_size=3))
def test_given_a_start_after_any_row_then_the_rest_follows(table: list[list[str]], ends: str, cuts: list[int]) -> None:
    data = written(table, ends)
    every = list(rows([data], 0, ","))
    for at, row in enumerate(every):
        rest = list(rows(pieces(data[row.end :], cuts), row.end, ","))
        assert rest == every[at + 1 :]
    assert sum(row.length for row in every) == (every[-1].end if every else 0)


@given(st.binary(max_size=60), st.lists(st.integers(0, 100), max_size=4))
def test_given_any_bytes_then_nothing_fails_and_no_byte_is_read_twice(data: bytes, cuts: list[int]) -> None:
    found = list(rows(pieces(data, cuts), 0, ","))
    assert [row.end for row in found] == sorted({row.end for row in found})
    assert all(row.end <= len(data) for row in found)


@pytest.mark.parametrize(
    ("data", "delimiter", "cells"),
    [
        (b"email,name\r\n", ",", ["email", "name"]),
        (b"\xef\xbb\xbfemail;name\n", ";", ["email", "name"]),
        (b"email\tname", "\t", ["email", "name"]),
        (b'"a,b";c;d\n', ";", ["a,b", "c", "d"]),
        (b"\r\n\r\nemail\r\n", ",", ["email"]),
    ],
)
def test_given_a_header_then_its_delimiter_is_seen(data: bytes, delimiter: str, cells: list[str]) -> None:
    found, row = header([data[:3], data[3:]])
    assert (found, row.cells) == (delimiter, cells)


def test_given_a_row_that_never_ends_then_it_is_refused_before_it_fills_the_memory() -> None:
    endless = (b"x" * 100_000 for _ in range(100))
    with pytest.raises(InvalidError):
        list(rows(endless, 0, ","))
    assert len(list(endless)) >= 100 - MAX_ROW // 100_000 - 2
