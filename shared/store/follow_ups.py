"""What was done about a response."""

from dataclasses import asdict

from shared.domain.cases import FollowUp
from shared.store import keys
from shared.store.attributes import unpack
from shared.store.table import Put, records


def find(response_id: str) -> FollowUp | None:
    """What was done about a response, or None."""
    item = records().get(keys.follow_up(response_id))
    return unpack(FollowUp, item) if item else None


def write(done: FollowUp, known: FollowUp | None) -> Put:
    """The write of what was done; it fails when somebody else did something since."""
    key = keys.follow_up(done.response)
    item = {"pk": key.pk, "sk": key.sk, "kind": "follow_up", **asdict(done)}
    return Put(item, rev=known.rev if known else 0)
