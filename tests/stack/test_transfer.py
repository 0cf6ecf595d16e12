"""Imports on the deployed stack: a file of any size, a worker that is killed, a history that is counted."""

import csv
import os
import signal
import time
from collections import Counter
from contextlib import suppress
from io import StringIO
from math import ceil
from pathlib import Path
from typing import Any

import pytest
import requests

from functions.transfer.handler import RESERVE_MILLISECONDS
from functions.transfer.work import GROUP_ROWS
from tests.stack.conftest import Stack, hearback
from tests.stack.uses import recorded

pytestmark = pytest.mark.stack

ROWS = 5_000
HISTORY = 20
MORE_ROWS = 600


def kill_workers(stack: Stack, function: str) -> int:
    """Kills the processes that run a function, as a machine that dies would; how many there were.

    Each has a folder of this stack's, named after its function, as its working directory.
    """
    folders = (stack.state / "scratch").resolve()
    killed = 0
    for process in Path("/proc").iterdir():
        with suppress(OSError):
            place = (process / "cwd").readlink()
            if place.is_relative_to(folders) and f"-hearback-local-{function}-" in str(place):
                os.kill(int(process.name), signal.SIGKILL)
                killed += 1
    return killed


def test_given_5000_rows_and_a_worker_killed_twice_then_there_are_5000_people(stack: Stack) -> None:
    mark = f"row-{time.time_ns()}"
    addresses = [f"{mark}-{n}@people.example.org" for n in range(ROWS)]
    file = text("email", "name", *[f"{address},Person {n}" for n, address in enumerate(addresses)], header=2)

    one = upload(stack, file, kind="people")
    for part in (0.1, 0.5):
        at = stack.until(lambda part=part: rows_done(stack, one["id"], ROWS * part), seconds=120)
        assert at < ROWS
        assert kill_workers(stack, "transfer") > 0
    one = stack.until(lambda: ended(stack, one["id"]), seconds=180)
    assert (one["state"], one["rows_done"], one["counts"]) == ("done", ROWS, {"created": ROWS})
    assert Counter(row["status"] for row in results(one)) == {"created": ROWS}
    assert [row["email"] for row in results(one)] == addresses
    assert len(claims(stack, mark)) == ROWS
    assert len(set(claims(stack, mark))) == ROWS


def test_given_more_rows_than_a_run_has_time_for_then_the_next_goes_on(stack: Stack) -> None:
    mark = f"more-{time.time_ns()}"
    addresses = [f"{mark}-{n}@people.example.org" for n in range(MORE_ROWS)]
    functions, name = stack.client("lambda"), "hearback-local-transfer"
    timeout = functions.get_function_configuration(FunctionName=name)["Timeout"]
    functions.update_function_configuration(FunctionName=name, Timeout=RESERVE_MILLISECONDS // 1000)
    try:
        one = upload(stack, text("email", *addresses, header=1), kind="people")
        one = stack.until(lambda: ended(stack, one["id"]), seconds=120)
    finally:
        functions.update_function_configuration(FunctionName=name, Timeout=timeout)
    assert (one["state"], one["rows_done"], one["counts"]) == ("done", MORE_ROWS, {"created": MORE_ROWS})
    assert [row["email"] for row in results(one)] == addresses
    handed_on = [call for call in recorded(stack.calls) if call["service"] == "sqs" and one["id"] in call["body"]]
    assert len(handed_on) == ceil(MORE_ROWS / GROUP_ROWS)


def test_given_the_same_file_twice_then_the_second_adds_nothing_and_the_command_tells(
    stack: Stack, tmp_path: Path
) -> None:
    mark = f"twice-{time.time_ns()}"
    file = tmp_path / "people.csv"
    file.write_bytes(text("Mail", "Plan", *[f"{mark}-{n}@people.example.org,pro" for n in range(300)], header=2))
    here = ("--project", stack.contract["project"], "--state", stack.state)
    words = ("people", "import", file, "--column", "Mail=email", *here)
    first = hearback(*words)
    assert first.returncode == 0, first.stdout + first.stderr
    assert "300 rows: 300 created" in first.stdout
    second = hearback(*words)
    assert "300 rows: 300 unchanged" in second.stdout
    assert len(list(csv.DictReader((tmp_path / "people.results.csv").open()))) == 300
    file.write_bytes(text("Mail", "x@example.org,", "nobody", header=1))
    third = hearback(*words, "--dry-run")
    assert third.returncode == 1
    assert "1 failed" in third.stdout


def test_given_history_then_it_counts_in_its_months_and_nobody_hears_of_it(stack: Stack, tmp_path: Path) -> None:
    mark = f"history-{time.time_ns()}"
    first = 1_583_020_800  # 1 March 2020, long before the project
    # Some answered twice.
    people = [f"{mark}-{n % (HISTORY - 3)}@people.example.org" for n in range(HISTORY)]
    rows = [f"{person},{n % 11},too slow,{first + n * 3600}" for n, person in enumerate(people)]
    file = tmp_path / "history.csv"
    file.write_bytes(text("email,score,comment,created_at", *rows, header=1))
    words = ("responses", "import", file, "--project", stack.contract["project"], "--state", stack.state)
    done = hearback(*words)
    assert f"{HISTORY} rows: {HISTORY} created" in done.stdout, done.stdout + done.stderr

    def counted() -> dict[str, Any] | None:
        found: dict[str, Any] = stack.call(
            "GET", "metrics", params={"since": first, "until": first + 30 * 86_400}
        ).json()
        return found if found["response_count"] == HISTORY else None

    # A function may know the project as it was half a minute ago.
    found = stack.until(counted, seconds=60)
    assert (found["promoter_count"], found["detractor_count"]) == (2, 14)
    listed = stack.call("GET", "survey_responses", params={"until": first + 30 * 86_400, "per_page": 100}).json()
    assert [one["created_at"] for one in listed] == [first + n * 3600 for n in range(HISTORY)]
    assert f"{HISTORY} unchanged" in hearback(*words).stdout
    stack.invoke("wake")
    assert [one for one in stack.inbox.mails() if any(mark in address for address in one.to)] == []
    assert [
        case for case in stack.call("GET", "cases").json() if case["responses"][0] in {r["id"] for r in listed}
    ] == []
    assert hearback("audit", "--state", stack.state).returncode == 0


def text(*lines: str, header: int) -> bytes:
    """A file; its first line is made of so many of the words."""
    return "".join(f"{line}\r\n" for line in (",".join(lines[:header]), *lines[header:])).encode()


def upload(stack: Stack, file: bytes, **asked: Any) -> dict[str, Any]:
    answer = stack.call("POST", "imports", json=asked)
    assert answer.status_code == 201, answer.text
    one: dict[str, Any] = answer.json()
    assert requests.put(one["upload_url"], data=file, timeout=60).ok
    return one


def find(stack: Stack, import_id: str) -> dict[str, Any]:
    found: dict[str, Any] = stack.call("GET", f"imports/{import_id}").json()
    return found


def rows_done(stack: Stack, import_id: str, least: float) -> int:
    done: int = find(stack, import_id)["rows_done"]
    return done if done >= least else 0


def ended(stack: Stack, import_id: str) -> dict[str, Any] | None:
    one = find(stack, import_id)
    return one if one["result_url"] else None


def results(one: dict[str, Any]) -> list[dict[str, str]]:
    answer = requests.get(one["result_url"], timeout=60)
    assert answer.ok
    return list(csv.DictReader(StringIO(answer.text)))


def claims(stack: Stack, mark: str) -> list[str]:
    """The addresses of all people of a test, from the table itself."""
    pages = (
        stack.client("dynamodb")
        .get_paginator("scan")
        .paginate(
            TableName=stack.contract["records_table"],
            FilterExpression="kind = :person AND begins_with(email, :mark)",
            ExpressionAttributeValues={":person": {"S": "person"}, ":mark": {"S": mark}},
            ProjectionExpression="email",
        )
    )
    return [item["email"]["S"] for page in pages for item in page["Items"]]
