"""Work handed to another function through SQS."""

import json
from collections.abc import Iterable, Sequence
from itertools import batched
from typing import Any

from shared.outside import clients

_BATCH = 10


class QueueError(RuntimeError):
    """SQS refused some messages; the records they speak of keep their timers and come again."""


def send(queue_url: str, messages: Iterable[Any]) -> None:
    """Sends JSON messages, ten a call. Raises QueueError when SQS takes only some."""
    for group in batched(messages, _BATCH, strict=False):
        answer = clients.sqs().send_message_batch(QueueUrl=queue_url, Entries=_entries(group))
        if failed := answer.get("Failed"):
            raise QueueError(f"{len(failed)} of {len(group)} messages not taken: {failed[0].get('Code')}")


def waiting(queue_url: str) -> int:
    """About how many messages a queue holds, those in a worker's hands included."""
    names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer: Any = clients.sqs().get_queue_attributes(QueueUrl=queue_url, AttributeNames=names)
    return sum(int(answer["Attributes"][name]) for name in names)


def _entries(group: Sequence[Any]) -> Any:
    return [{"Id": str(n), "MessageBody": json.dumps(message)} for n, message in enumerate(group)]
