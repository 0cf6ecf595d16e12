"""What becomes of a group of rows: people or earlier responses, some at a time."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from functions.transfer.rows import Row
from shared.domain.errors import BusyError, InvalidError
from shared.domain.imports import Import, ImportKind, values_of
from shared.domain.people import handle, normalise_address
from shared.domain.project import Project
from shared.domain.send_calls import Outcome, SendCall
from shared.inputs.checking import check
from shared.inputs.history import Answer, read_answer
from shared.inputs.person import PersonInput
from shared.outside.log import log, place_of
from shared.store import imports, projects, send_calls
from shared.store.imports import Earlier, Mark

# As many as the client has connections.
AT_ONCE = 8
FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Line:
    """What came of a row: a line of the result file."""

    row: int
    email: str
    outcome: dict[str, Any]

    def cells(self) -> dict[str, Any]:
        """The line's cells by their columns."""
        return {"row": self.row, "email": self.email, **self.outcome}

    def counted(self) -> list[str]:
        """What it counts as: its status, and what became of the survey if one was asked for."""
        return [self.outcome[name] for name in ("status", "survey") if self.outcome.get(name)]


@dataclass(frozen=True, slots=True)
class _Given:
    """A row as it was read: whom it is about, what it wants done, or why that cannot be."""

    number: int
    email: str
    who: str
    wish: SendCall | Answer | None
    problem: str = ""


def work_off(one: Import, project: Project, group: Sequence[Row], now: int, *, repeated: bool) -> list[Line]:
    """Does what the rows that follow on the import's progress say, and tells what came of each, in order.

    Rows of one person follow one another, the others go side by side. When the group may have been begun by a worker
    that died (`repeated`), rows that have their mark are not done again. An error that may pass is raised: the whole
    group then comes again.
    """
    given = [_read(one, project, number, row, now) for number, row in enumerate(group, start=one.rows + 1)]
    if not one.dry_run and (answers := [each.wish for each in given if isinstance(each.wish, Answer)]):
        projects.reach_back(project, min(answer.created_at for answer in answers))
    marks = imports.read_marks(one, [each.number for each in given]) if repeated and not one.dry_run else {}
    of_one: dict[str, list[_Given]] = defaultdict(list)
    for each in given:
        of_one[normalise_address(each.who)].append(each)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        done = pool.map(lambda rows: list(_in_order(one, project, rows, marks, now)), of_one.values())
        lines = [line for some in done for line in some]
    if repeated:
        lines = _told_late(one, lines, marks)
    return sorted(lines, key=lambda line: line.row)


def _told_late(one: Import, lines: Sequence[Line], marks: Collection[int]) -> list[Line]:
    """A write of the worker that died may have come through after the marks were read: then its row has one by now."""
    silent = [line.row for line in lines if line.outcome.get("status") == "unchanged" and line.row not in marks]
    late = imports.read_marks(one, silent) if silent and not one.dry_run else {}
    return [replace(line, outcome=late.get(line.row, line.outcome)) for line in lines]


def _read(one: Import, project: Project, number: int, row: Row, now: int) -> _Given:
    if row.problem:
        return _Given(number, "", "", None, f"row {row.problem}")
    try:
        fields, properties = values_of(one.targets, row.cells)
    except InvalidError as error:
        return _Given(number, "", "", None, words(error))
    email = fields.get("email", "")
    who = handle(email, fields.get("phone_number", ""))
    try:
        if one.kind is ImportKind.RESPONSES:
            return _Given(number, email, who, read_answer(fields, properties, now))
        flags = {"send": one.send, "dry_run": one.dry_run}
        person = check(PersonInput, {**fields, "properties": properties, **flags})
        return _Given(number, email, who, person.call(project, now))
    except InvalidError as error:
        return _Given(number, email, who, None, words(error))


def _in_order(
    one: Import, project: Project, rows: Sequence[_Given], marks: dict[int, dict[str, Any]], now: int
) -> Iterator[Line]:
    last_marked = max((row.number for row in rows if row.number in marks), default=0)
    for row in rows:
        if row.wish is None:
            yield Line(row.number, row.email, {"status": FAILED, "reason": row.problem})
            continue
        mark = Mark(one, row.number, marks.get(row.number))
        # A later row of this address has been done: this one was done before it, and has changed nothing.
        passed = row.number < last_marked and row.number not in marks
        yield Line(row.number, row.email, _done(project, row.wish, mark, now, passed=passed))


def _done(project: Project, wish: SendCall | Answer, mark: Mark, now: int, *, passed: bool) -> dict[str, Any]:
    try:
        if isinstance(wish, Answer):
            return imports.bring_in(project, _earlier(project, wish, now), None if mark.one.dry_run else mark, now)
        if passed:
            send_calls.send(project, replace(wish, dry_run=True), now, _told)
            return {"status": "unchanged"}
        return send_calls.send(project, wish, now, _told, None if wish.dry_run else mark)
    except InvalidError as error:
        return {"status": FAILED, "reason": words(error)}
    except (BusyError, BotoCoreError):
        raise
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationException":
            raise
        return {"status": FAILED, "reason": "row is more than the table takes"}
    except Exception as error:  # noqa: BLE001  # one row's fault must not hold up all that follow
        log("a row failed", "ERROR", row=mark.number, error=type(error).__name__, where=place_of(error))
        return {"status": FAILED, "reason": "row failed unexpectedly"}


def _told(outcome: Outcome) -> dict[str, Any]:
    told: dict[str, Any] = {"status": outcome.change.value if outcome.change else ""}
    if outcome.decision:
        told |= {"survey": outcome.decision.state.value, "reason": outcome.decision.reason}
    return told


def _earlier(project: Project, answer: Answer, now: int) -> Earlier:
    call = answer.person.call(project, now)
    known = {name: value for name, value in call.properties.items() if value is not None}
    person = imports.newcomer(
        project,
        call.email,
        now,
        answered_at=answer.created_at,
        name=call.name or "",
        phone_number=call.phone_number or "",
        locale=call.locale or "",
        properties=known,
    )
    return Earlier(answer.name, person, answer.score, answer.comment, answer.created_at)


def words(error: InvalidError) -> str:
    """What is wrong, in one line."""
    return "; ".join(f"{name} {', '.join(why)}" for name, why in error.fields.items())
