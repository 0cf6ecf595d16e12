"""Imports: a file of people or of earlier responses, brought in row by row, from any byte on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from shared.domain.errors import InvalidError
from shared.domain.people import MAX_PROPERTY_NAME
from shared.domain.project import DAY

KEPT_DAYS = 7
"""How long S3 keeps files and results, and how long an import is known."""

MAX_COLUMNS = 100
IGNORED = ""
PROPERTY = "properties."


class ImportKind(StrEnum):
    """What the rows are."""

    PEOPLE = "people"
    RESPONSES = "responses"


class ImportState(StrEnum):
    """Where an import stands: `waiting` for its file, then `running` until `done` or `failed`."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


MOVES: Mapping[ImportState, frozenset[ImportState]] = {
    ImportState.WAITING: frozenset({ImportState.RUNNING}),
    ImportState.RUNNING: frozenset({ImportState.DONE, ImportState.FAILED}),
    ImportState.DONE: frozenset(),
    ImportState.FAILED: frozenset(),
}

_PERSON = frozenset({"email", "name", "phone_number", "locale"})
FIELDS: Mapping[ImportKind, frozenset[str]] = {
    ImportKind.PEOPLE: _PERSON | {"delay", "send_at", "renewal_date", "last_sent_at"},
    ImportKind.RESPONSES: _PERSON | {"id", "score", "comment", "created_at"},
}
"""What a column may be, besides a property."""

_NEEDED: Mapping[ImportKind, tuple[str, ...]] = {
    ImportKind.PEOPLE: ("email",),
    ImportKind.RESPONSES: ("email", "score", "created_at"),
}


@dataclass(frozen=True, slots=True)
class Import:
    """One import, and how far it is. Times are Unix seconds; `rev` counts the writes of the record.

    Rows before byte `offset` of the file are done and are `rows` many; `counts` says what came of them. Their results
    lie in the `parts` of an unfinished `upload` to S3, each known by its tag, and in the last `tail`. One `worker` at a
    time may go on, until its `lease_until`. `columns` is the caller's map, `targets` what each column of the file is.
    """

    id: str
    project: str
    kind: ImportKind
    created_at: int
    columns: Mapping[str, str] = field(default_factory=dict)
    send: bool = False
    dry_run: bool = False
    state: ImportState = ImportState.WAITING
    worker: str = ""
    lease_until: int = 0
    etag: str = ""
    size: int = 0
    delimiter: str = ""
    targets: tuple[str, ...] = ()
    offset: int = 0
    rows: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    upload: str = ""
    parts: tuple[str, ...] = ()
    tail: str = ""
    problem: str = ""
    started_at: int = 0
    ended_at: int = 0
    forget_at: int = 0
    rev: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", ImportKind(self.kind))
        object.__setattr__(self, "state", ImportState(self.state))
        object.__setattr__(self, "targets", tuple(self.targets))
        object.__setattr__(self, "parts", tuple(self.parts))

    @property
    def ended(self) -> bool:
        """Whether nothing more happens to it."""
        return not MOVES[self.state]


def asked(
    import_id: str, project: str, kind: ImportKind, columns: Mapping[str, str], *, send: bool, dry_run: bool, now: int
) -> Import:
    """A new import, which waits for its file. Raises InvalidError when the columns are none that this kind has."""
    check_columns(kind, columns)
    if send and kind is ImportKind.RESPONSES:
        raise InvalidError({"send": ["is for people; nobody is asked because of an earlier response"]})
    return Import(
        id=import_id,
        project=project,
        kind=kind,
        created_at=now,
        columns=dict(columns),
        send=send,
        dry_run=dry_run,
        forget_at=now + KEPT_DAYS * DAY,
    )


def check_columns(kind: ImportKind, columns: Mapping[str, str]) -> None:
    """Raises InvalidError naming `columns` for a target that is neither a field, a property nor empty."""
    if len(columns) > MAX_COLUMNS:
        raise InvalidError({"columns": [f"may have at most {MAX_COLUMNS} entries"]})
    for target in columns.values():
        name = target.removeprefix(PROPERTY)
        is_property = target != name and 0 < len(name.strip()) <= MAX_PROPERTY_NAME
        if target != IGNORED and target not in FIELDS[kind] and not is_property:
            fields = ", ".join(sorted(FIELDS[kind]))
            raise InvalidError({"columns": [f"may lead to {fields}, properties.… or nothing; not to {target[:40]!r}"]})


def targets_of(kind: ImportKind, header: Sequence[str], columns: Mapping[str, str]) -> tuple[str, ...]:
    """What each column of a file is: what the caller said, else the field of its name, else a property.

    A field's name is known in any case and with blanks for underscores. Raises InvalidError naming `header`.
    """
    if len(header) > MAX_COLUMNS:
        raise InvalidError({"header": [f"has more than {MAX_COLUMNS} columns"]})
    names = [name.strip() for name in header]
    if unknown := [name for name in columns if name not in names]:
        raise InvalidError({"header": [f"has no column {unknown[0][:40]!r}"]})
    targets = tuple(columns[name] if name in columns else _target(kind, name) for name in names)
    for target in set(targets) - {IGNORED}:
        if targets.count(target) > 1:
            raise InvalidError({"header": [f"has several columns for {target[:40]}"]})
    if missing := [name for name in _NEEDED[kind] if name not in targets]:
        raise InvalidError({"header": [f"has no column for {', '.join(missing)}"]})
    return targets


def _target(kind: ImportKind, name: str) -> str:
    plain = name.lower().replace(" ", "_")
    if not plain or plain in FIELDS[kind]:
        return plain
    return name if name.startswith(PROPERTY) else PROPERTY + name


def values_of(targets: Sequence[str], cells: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]:
    """A row's fields and properties; an empty cell says nothing. Raises InvalidError for cells beyond the header."""
    if any(cell.strip() for cell in cells[len(targets) :]):
        raise InvalidError({"row": ["has more cells than the header"]})
    given = {target: cell.strip() for target, cell in zip(targets, cells, strict=False) if target and cell.strip()}
    properties = {name.removeprefix(PROPERTY): value for name, value in given.items() if name.startswith(PROPERTY)}
    return {name: value for name, value in given.items() if not name.startswith(PROPERTY)}, properties
