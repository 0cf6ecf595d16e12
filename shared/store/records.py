"""Every kind of record: its key, the indexes that list it, and how it is read and written back."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from shared.domain import requests
from shared.domain.people import Person
from shared.domain.requests import SurveyRequest
from shared.domain.responses import Response
from shared.store import keys
from shared.store.attributes import Item, pack, unpack
from shared.store.keys import Key
from shared.store.table import Put, records

if TYPE_CHECKING:
    from shared.domain.autopilot import Membership
    from shared.domain.cases import Case
    from shared.domain.erasure import Erasure
    from shared.domain.imports import Import
    from shared.domain.mails import Mail
    from shared.domain.opt_ins import OptIn


@dataclass(frozen=True, slots=True)
class _Shape:
    kind: str
    key: Callable[[str], Key]
    indexes: Callable[[Any], dict[str, str]]


def _person_indexes(person: Person) -> dict[str, str]:
    indexes = keys.listed("person", person.project, person.id, person.created_at)
    if account := person.properties.get("account_id"):
        indexes |= keys.of_account(person.project, account, "person", person.id)
    return indexes


def _request_indexes(request: SurveyRequest) -> dict[str, str]:
    return keys.listed("request", request.project, request.id, request.created_at) | _timer(request)


def _mail_indexes(mail: "Mail") -> dict[str, str]:
    if mail.state == "unsettled":
        return _timer(mail) | keys.unsettled(mail.project, mail.id, mail.lease_until)
    return _timer(mail)


def _response_indexes(response: Response) -> dict[str, str]:
    """What does not count is in a list of its own: no list, figure or report sees it."""
    if not response.counts:
        return keys.listed("held", response.project, response.id, response.created_at) | _timer(response)
    indexes = keys.listed("response", response.project, response.id, response.created_at)
    indexes |= keys.updated("response", response.project, response.id, response.updated_at)
    if response.account_id:
        indexes |= keys.of_account(response.project, response.account_id, "response", response.id)
    return indexes


def _case_indexes(case: "Case") -> dict[str, str]:
    indexes = keys.listed("case", case.project, case.id, case.opened_at)
    if case.account_id:
        indexes |= keys.of_account(case.project, case.account_id, "case", case.id)
    return indexes


def _membership_indexes(member: "Membership") -> dict[str, str]:
    turn = keys.due(member.project, keys.Lane.BULK, f"membership:{member.id}", member.timer_at)
    return keys.listed("membership", member.project, member.id, member.created_at) | turn


def _opt_in_indexes(opt_in: "OptIn") -> dict[str, str]:
    if not opt_in.timer_at:
        return {}
    return keys.due(opt_in.project, keys.Lane.SILENT, f"opt_in:{opt_in.id}", opt_in.timer_at)


def _erasure_indexes(erasure: "Erasure") -> dict[str, str]:
    return keys.due(erasure.project, keys.Lane.SILENT, f"erasure:{erasure.id}", erasure.timer_at)


def _no_indexes(_: "Import") -> dict[str, str]:
    return {}


def _timer(record: "SurveyRequest | Response | Mail") -> dict[str, str]:
    if not record.timer_at:
        return {}
    if isinstance(record, Response):
        return keys.due(record.project, keys.Lane.SILENT, f"response:{record.id}", record.timer_at)
    if isinstance(record, SurveyRequest):
        lane = keys.Lane.SILENT if requests.only_expires(record) else keys.Lane.BULK
        return keys.due(record.project, lane, f"request:{record.id}", record.timer_at)
    lane = keys.Lane.PROMPT if record.kind.is_prompt else keys.Lane.BULK
    return keys.due(record.project, lane, f"mail:{record.id}", record.timer_at)


# By the name of the class: a page that never sees a case or a mail does not load them.
_SHAPES: dict[str, _Shape] = {
    "Person": _Shape("person", keys.person, _person_indexes),
    "SurveyRequest": _Shape("request", keys.request, _request_indexes),
    "Mail": _Shape("mail", keys.mail, _mail_indexes),
    "Response": _Shape("response", keys.response, _response_indexes),
    "Case": _Shape("case", keys.case, _case_indexes),
    "Membership": _Shape("membership", keys.membership, _membership_indexes),
    "OptIn": _Shape("opt_in", keys.opt_in, _opt_in_indexes),
    "Import": _Shape("import", keys.imported, _no_indexes),
    "Erasure": _Shape("erasure", keys.erasure, _erasure_indexes),
}

type Record = Person | SurveyRequest | Mail | Response | Case | Membership | OptIn | Import | Erasure


def load[R: Record](cls: type[R], record_id: str) -> R | None:
    """The record as it is now, or None."""
    item = records().get(_SHAPES[cls.__name__].key(record_id))
    return unpack(cls, item) if item else None


def load_many[R: Record](cls: type[R], ids: list[str]) -> list[R]:
    """The records that there are, in the order of the ids."""
    wanted = [_SHAPES[cls.__name__].key(record_id) for record_id in ids]
    found = records().get_many(wanted)
    return [unpack(cls, found[key]) for key in wanted if key in found]


def load_both[A: Record, B: Record](
    cls: type[A], record_id: str, other_cls: type[B], other_id: str
) -> tuple[A | None, B | None]:
    """Two records of different kinds as they are now, in one call."""
    key, other_key = _SHAPES[cls.__name__].key(record_id), _SHAPES[other_cls.__name__].key(other_id)
    found = records().get_many([key, other_key])
    return (
        unpack(cls, found[key]) if key in found else None,
        unpack(other_cls, found[other_key]) if other_key in found else None,
    )


def created(record: Record) -> Put:
    """The write of a new record; it fails when there is one of this id."""
    return Put(to_item(replace(record, rev=1)), rev=0)


def changed(record: Record) -> Put:
    """The write of a changed record; it fails when the stored one is no longer the one that was read."""
    return Put(to_item(replace(record, rev=record.rev + 1)), rev=record.rev)


def to_item(record: Record) -> Item:
    """The whole item of a record: key, kind, indexes and fields. A mail's kind is what it is for."""
    shape = _SHAPES[type(record).__name__]
    key = shape.key(record.id)
    return {"pk": key.pk, "sk": key.sk, "kind": shape.kind, **shape.indexes(record), **pack(record)}
