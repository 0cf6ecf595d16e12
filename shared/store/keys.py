"""Every key of both tables is built here, and nowhere else.

`records` holds one item per thing (`pk`, `sk`) and four sparse indexes; `metrics` holds counters and the ledger.
Times inside keys are Unix seconds, padded to ten digits so that text order is time order.
"""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple

from shared.domain.people import address_hash


class Key(NamedTuple):
    """A primary key."""

    pk: str
    sk: str

    def item(self) -> dict[str, dict[str, str]]:
        """The key in DynamoDB's wire form."""
        return {"pk": {"S": self.pk}, "sk": {"S": self.sk}}


DUE = "due"
BY_PROJECT = "by_project"
BY_UPDATED = "by_updated"
BY_ACCOUNT = "by_account"


class Lane(StrEnum):
    """Where a timer stands: an alert that is due must not wait behind a hundred thousand surveys.

    What is `silent` sends no mail, and need not wait for SES.
    """

    SILENT = "silent"
    PROMPT = "prompt"
    BULK = "bulk"


def project(project_id: str) -> Key:
    """A project; all projects stand in one partition, so that `wake` finds them in one query."""
    return Key("PROJECTS", project_id)


def api_key(digest: str) -> Key:
    """An API key, by the SHA-256 of its secret."""
    return Key(f"KEY#{digest}", "KEY")


def address(project_id: str, mail_address: str) -> Key:
    """The claim of an address in a project: it leads to the person, and outlives them as a suppression."""
    return hashed_address(project_id, address_hash(project_id, mail_address))


def hashed_address(project_id: str, hashed: str) -> Key:
    """The claim of an address that is known by its hash only."""
    return Key(f"ADDRESS#{project_id}#{hashed}", "ADDRESS")


def opt_in(opt_in_id: str) -> Key:
    """What somebody asked for on the opt-in page."""
    return Key(f"OPT_IN#{opt_in_id}", "OPT_IN")


def opt_in_of(project_id: str, mail_address: str) -> Key:
    """The claim that keeps an address to one opt-in."""
    return Key(address(project_id, mail_address).pk, "OPT_IN")


def opt_in_count(project_id: str, hour: int, source: str) -> Key:
    """How often the opt-in page was used in an hour (since 1970), from one source or, without one, in all."""
    return Key(f"OPT_IN_COUNT#{project_id}#{hour}", source or "ALL")


def consent(project_id: str, version: str) -> Key:
    """A text that people of a project have agreed to."""
    return Key(f"CONSENT#{project_id}", version)


def idempotency(project_id: str, key: str) -> Key:
    """That a caller's key was used, and for whom."""
    return Key(f"IDEMPOTENCY#{project_id}#{hashlib.sha256(key.encode()).hexdigest()}", "IDEMPOTENCY")


def kept_answer(person_id: str, project_id: str, key: str) -> Key:
    """The answer itself: it tells of the person, and is erased with them."""
    return Key(f"PERSON#{person_id}", idempotency(project_id, key).pk)


def suppression(person_id: str, reason: str) -> Key:
    """The entry of a person in the list of a reason's suppressions."""
    return Key(f"PERSON#{person_id}", f"SUPPRESSED#{reason}")


def person(person_id: str) -> Key:
    """A person."""
    return Key(f"PERSON#{person_id}", "PERSON")


def membership(person_id: str) -> Key:
    """A person's membership of Autopilot."""
    return Key(f"PERSON#{person_id}", "MEMBERSHIP")


def request(request_id: str) -> Key:
    """A survey request. Its id begins with its person's, so that all of a person's data is one partition."""
    return Key(person_of(request_id), f"ASK#{request_id}#REQUEST")


def asked(request_id: str) -> Key:
    """The common beginning of a request, its response, and what belongs to them."""
    return Key(person_of(request_id), f"ASK#{request_id}#")


def person_of(request_id: str) -> str:
    """The partition of the person whom a request or response belongs to."""
    return f"PERSON#{person_id_of(request_id)}"


def person_id_of(request_id: str) -> str:
    """The id of the person whom a request or response belongs to."""
    return request_id.partition("-")[0]


def mail(mail_id: str) -> Key:
    """A mail."""
    return Key(f"MAIL#{mail_id}", "MAIL")


def response(response_id: str) -> Key:
    """A response's newest version; a response to a request has the request's id."""
    return Key(person_of(response_id), f"ASK#{response_id}#RESPONSE")


def response_edit(response_id: str, rev: int) -> Key:
    """An earlier version of a response."""
    return Key(person_of(response_id), f"ASK#{response_id}#EDIT#{rev:06d}")


def moved(person_id: str, response_id: str) -> Key:
    """That a response which belongs to another person's id is this person's now."""
    return Key(f"PERSON#{person_id}", f"MOVED#{response_id}")


def follow_up(response_id: str) -> Key:
    """What was done about a response."""
    return Key(person_of(response_id), f"ASK#{response_id}#FOLLOW_UP")


def case(case_id: str) -> Key:
    """A case."""
    return Key(f"CASE#{case_id}", "CASE")


def open_case(project_id: str, account_id: str, person_id: str) -> Key:
    """The claim that keeps an account, or a person without one, to one open case."""
    holder = f"ACCOUNT#{account_id}" if account_id else f"PERSON#{person_id}"
    return Key(f"OPEN_CASE#{project_id}#{holder}", "OPEN_CASE")


def report(project_id: str, month: str) -> Key:
    """A month's report (YYYY-MM)."""
    return Key(f"REPORT#{project_id}", month)


def imported(import_id: str) -> Key:
    """An import."""
    return Key(f"IMPORT#{import_id}", "IMPORT")


def imported_row(import_id: str, number: int) -> Key:
    """What came of a row of an import that wrote something."""
    return Key(f"IMPORT#{import_id}", f"ROW#{number:010d}")


def erasure(person_id: str) -> Key:
    """An erasure under way; all of them stand in one partition, so that one query finds whoever is no longer found."""
    return Key("ERASURES", person_id)


def wake_lease(project_id: str) -> Key:
    """The lease under which one `wake` releases what is due in a project."""
    return Key(f"WAKE#{project_id}", "WAKE")


def pace(line: int) -> Key:
    """One of the lines of slots in which mails are sent."""
    return Key("PACE", str(line))


def due_partition(project_id: str, lane: Lane) -> str:
    """The partition of the due index in which a lane's timers stand."""
    return f"DUE#{project_id}#{lane.value}"


def due(project_id: str, lane: Lane, name: str, due_at: int) -> dict[str, str]:
    """The attributes that put a record into the due index."""
    return {"due_pk": due_partition(project_id, lane), "due_sk": moment(due_at, name)}


def listed(kind: str, project_id: str, record_id: str, at: int) -> dict[str, str]:
    """The attributes that list a record by time in its month (UTC) of the project."""
    return {"list_pk": list_partition(kind, project_id, month_of(at)), "list_sk": moment(at, record_id)}


def unsettled(project_id: str, mail_id: str, at: int) -> dict[str, str]:
    """The attributes that list a mail while nobody knows whether it was sent. There are few: no month divides them."""
    return {"list_pk": unsettled_partition(project_id), "list_sk": moment(at, mail_id)}


def unsettled_partition(project_id: str) -> str:
    """The partition of a project's unsettled mails."""
    return f"unsettled#{project_id}"


def updated(kind: str, project_id: str, record_id: str, at: int) -> dict[str, str]:
    """The attributes that list a record by its last update."""
    return {"updated_pk": list_partition(kind, project_id, month_of(at)), "updated_sk": moment(at, record_id)}


def of_account(project_id: str, account_id: str, kind: str, record_id: str) -> dict[str, str]:
    """The attributes that list a record under its account."""
    return {"account_pk": f"ACCOUNT#{project_id}#{account_id}", "account_sk": f"{kind}#{record_id}"}


def list_partition(kind: str, project_id: str, month: str) -> str:
    """The partition of a project's records of one kind and month."""
    return f"{kind}#{project_id}#{month}"


def moment(at: int, record_id: str = "") -> str:
    """A time, and who shares it, as a sort key."""
    return f"{at:010d}#{record_id}"


def month_of(at: int) -> str:
    """The month (UTC, YYYY-MM) of a Unix time."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m")


def months(first: int, last: int) -> Iterator[str]:
    """Every month (UTC) from one Unix time to another, both included."""
    year, month = map(int, month_of(first).split("-"))
    end = month_of(last)
    while (name := f"{year:04d}-{month:02d}") <= end:
        yield name
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)


_APART = frozenset({"account", "trend"})


def counters(project_id: str, month: str, row: str) -> Key:
    """A row of counters in a project's month (of the project's time zone).

    Rows that may be many and that the month's report does not need stand in a partition of their own.
    """
    family = row.partition("#")[0]
    return Key(f"COUNT#{project_id}#{month}" + (f"#{family}" if family in _APART else ""), row)


def trends(project_id: str) -> Key:
    """A project's trends."""
    return Key(f"TRENDS#{project_id}", "TRENDS")


def recount(project_id: str) -> Key:
    """What of a project is to be counted again; all projects stand in one partition, so that one query finds them."""
    return Key("RECOUNTS", project_id)


def ledger(record: str) -> Key:
    """What is counted of a record."""
    return Key(f"LEDGER#{record}", "LEDGER")


def repair(project_id: str) -> Key:
    """How often a project's counters were repaired; it keeps two repairs apart."""
    return Key(f"REPAIR#{project_id}", "REPAIR")


def registry(project_id: str, dimension: str) -> Key:
    """The values of a dimension that have counters of their own."""
    return Key(f"REGISTRY#{project_id}", dimension)
