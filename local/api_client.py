"""A client of the API, as a renewal workflow would write one."""

import threading
from collections.abc import Iterator, Mapping
from typing import Any

import requests

_SECONDS = 30
_PAGE = 100
_OWN_FIELDS = ("email", "name", "locale")


class Api:
    """Calls with one key. May be used by several threads."""

    def __init__(self, url: str, key: str) -> None:
        self._url, self._key = url, key
        self._local = threading.local()

    def send(self, row: Mapping[str, str]) -> dict[str, Any]:
        """Asks for a survey of one person of a table; columns that are no fields become properties."""
        properties = {name: value for name, value in row.items() if name not in _OWN_FIELDS and value}
        own = {name: row[name] for name in _OWN_FIELDS if row.get(name)}
        sent: dict[str, Any] = self._call("POST", "people", json=own | {"properties": properties})
        return sent

    def metrics(self, **query: Any) -> dict[str, Any]:
        """The score."""
        found: dict[str, Any] = self._call("GET", "metrics", params=query)
        return found

    def responses(self) -> list[dict[str, Any]]:
        """Every response, with its person."""
        return list(self._pages("survey_responses", {"expand[]": "person"}))

    def cases(self) -> list[dict[str, Any]]:
        """Every case."""
        return list(self._pages("cases", {}))

    def request_report(self, month: str) -> None:
        """Has a month's report built."""
        self._call("POST", "reports", json={"month": month})

    def report(self, month: str) -> dict[str, Any] | None:
        """A month's report, or None."""
        found: list[dict[str, Any]] = self._call("GET", "reports")
        return next((report for report in found if report["month"] == month), None)

    def ask_for_import(self, kind: str, **options: Any) -> dict[str, Any]:
        """A new import, with the address to upload its file to."""
        made: dict[str, Any] = self._call("POST", "imports", json={"kind": kind, **options})
        return made

    def find_import(self, import_id: str) -> dict[str, Any]:
        """How far an import is."""
        found: dict[str, Any] = self._call("GET", f"imports/{import_id}")
        return found

    def _pages(self, path: str, query: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        number = 1
        while page := self._call("GET", path, params={**query, "per_page": _PAGE, "page": number}):
            yield from page
            if len(page) < _PAGE:
                return
            number += 1

    def _call(self, method: str, path: str, **what: Any) -> Any:
        answer = self._session().request(method, self._url + path, timeout=_SECONDS, **what)
        if not answer.ok:
            raise requests.HTTPError(f"{method} {path}: {answer.status_code} {answer.text[:500]}", response=answer)
        return answer.json()

    def _session(self) -> requests.Session:
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
            self._local.session.auth = (self._key, "")
        session: requests.Session = self._local.session
        return session
