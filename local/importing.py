"""`hearback people import` and `hearback responses import`: a file brought in through the API, as any caller may."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import requests

from local import keys
from local.api_client import Api
from local.problems import CommandError
from local.progress import counted, say
from shared.store.api_keys import Scope

_PIECE = 1 << 16
_ATTEMPTS = 4
_UPLOAD_SECONDS = 60
_LOOK_SECONDS = 0.5
_NO_PROGRESS_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be imported, and how. The results go to `results`."""

    file: Path
    kind: str
    project: str
    results: Path
    send: bool = False
    dry_run: bool = False
    columns: Mapping[str, str] = field(default_factory=dict)


def run(api_url: str, wish: Wish) -> int:
    """Imports a file with a key made for it; returns 1 when it failed, or a row of it did.

    May be interrupted and run again at any time: what has been brought in already changes nothing.
    """
    if not wish.file.is_file():
        raise CommandError(f"there is no file {wish.file}")
    if not wish.file.stat().st_size:
        raise CommandError(f"{wish.file} is empty")
    key = keys.create(wish.project, (Scope.ADMIN, Scope.READ), f"import of {wish.kind}")
    try:
        return _import(Api(api_url, key), wish)
    finally:
        keys.revoke(key)


def read_columns(words: Sequence[str]) -> dict[str, str]:
    """The map of `COLUMN=FIELD` words. Raises CommandError for one without an equals sign."""
    if wrong := [word for word in words if "=" not in word]:
        raise CommandError(f"a column is given as COLUMN=FIELD, not {wrong[0]!r}")
    return {name: target for name, _, target in (word.rpartition("=") for word in words)}


def _import(api: Api, wish: Wish) -> int:
    options = {"columns": dict(wish.columns), "send": wish.send, "dry_run": wish.dry_run}
    try:
        one = api.ask_for_import(wish.kind, **options)
    except requests.HTTPError as error:
        raise CommandError(str(error)) from error
    _upload(wish.file, one["upload_url"])
    say(f"import {one['id']}: uploaded; it goes on by itself, whether or not this command waits for it")
    one = _await_end(api, one["id"], wish.file.stat().st_size)
    wish.results.write_bytes(_results(api, one))
    counts = ", ".join(f"{number} {name}" for name, number in one["counts"].items()) or "no rows"
    say(f"{one['rows_done']} rows: {counts}{'; nothing was written (a dry run)' if wish.dry_run else ''}")
    say(f"a line for each row: {wish.results}")
    if one["state"] == "failed":
        raise CommandError(f"the import failed: {one['problem']}")
    return 1 if one["counts"].get("failed") else 0


def _results(api: Api, one: dict[str, Any]) -> bytes:
    """The result file, asked for again under a fresh address when S3 does not give it."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            answer = requests.get(one["result_url"], timeout=_UPLOAD_SECONDS)
            if answer.ok:
                return answer.content
            problem = f"S3 answered {answer.status_code}"
            one = api.find_import(one["id"])
        except requests.RequestException as error:
            problem = type(error).__name__
        time.sleep(2**attempt if attempt < _ATTEMPTS else 0)
    raise CommandError(f"the import has ended, but its results could not be fetched: {problem}")


def _upload(file: Path, url: str) -> None:
    size = file.stat().st_size
    with counted(f"Uploading {file.name} (bytes)", size) as tell:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                with file.open("rb") as opened:
                    answer = requests.put(url, data=_Told(opened, size, tell), timeout=_UPLOAD_SECONDS)
                if answer.ok:
                    return
                problem = f"S3 answered {answer.status_code}"
            except requests.RequestException as error:
                problem = type(error).__name__
            time.sleep(2**attempt if attempt < _ATTEMPTS else 0)
    raise CommandError(f"the upload failed: {problem}; run the command again")


def _await_end(api: Api, import_id: str, size: int) -> dict[str, Any]:
    with counted("Importing (bytes)", size) as tell:
        last, moved = -1, time.monotonic()
        while True:
            try:
                one = api.find_import(import_id)
            except requests.RequestException:
                # It goes on whether or not it can be looked at; what lasts ends in the complaint below.
                one = {"bytes_done": last, "result_url": None}
            tell(max(0, one["bytes_done"]))
            if one["result_url"]:
                return one
            if one["bytes_done"] != last:
                last, moved = one["bytes_done"], time.monotonic()
            if time.monotonic() - moved > _NO_PROGRESS_SECONDS:
                raise CommandError(f"import {import_id} does not go on; `hearback doctor` tells what waits")
            time.sleep(_LOOK_SECONDS)


class _Told:
    """A file that tells how much of it was read; requests sends it piece by piece."""

    def __init__(self, opened: BinaryIO, size: int, tell: Callable[[int], None]) -> None:
        self._opened, self._size, self._tell, self._done = opened, size, tell, 0

    def __len__(self) -> int:
        return self._size

    def read(self, amount: int = -1) -> bytes:
        """The next piece."""
        piece = self._opened.read(_PIECE if amount < 0 else amount)
        self._done += len(piece)
        self._tell(self._done)
        return piece
