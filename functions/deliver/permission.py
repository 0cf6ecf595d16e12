"""Whether a person may be mailed: known when a mail is begun, and a condition of the write that takes it."""

from shared.domain import requests
from shared.domain.people import Person
from shared.store.keys import person as person_key
from shared.store.table import Check


def why_barred(person: Person | None) -> str:
    """Why nothing is sent to a person: suppressed, without an address, or no longer there; empty for all others."""
    if person is None:
        return requests.ERASED
    if person.suppression:
        return person.suppression.value
    return "" if person.email else requests.NO_ADDRESS


def may_be_mailed(person: Person) -> Check:
    """The last moment at which an unsubscribe, a bounce or a complaint still stops the mail."""
    return Check(
        person_key(person.id),
        "attribute_exists(pk) AND attribute_not_exists(unsubscribed_at)"
        " AND attribute_not_exists(bounced_at) AND attribute_not_exists(complained_at)",
        {},
    )
