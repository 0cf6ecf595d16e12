"""`hearback redrive`: what failed for good is made to happen again, once its cause is mended.

A message is deleted only after what it asks for has happened. Everything here may happen twice: counting follows the
ledger, following up its own record, and mails their states.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from botocore.config import Config

from local import access
from local.doctor import FAILURE_QUEUES, Installation, waiting
from local.problems import CommandError
from shared.domain.errors import InvalidError, NotFoundError
from shared.outside import holidays
from shared.store import keys, projects, stream
from shared.store.attributes import Item, item_to_wire
from shared.store.keys import Key
from shared.store.table import records

MOST = 1000
"""At most so many messages of one queue in one run."""

_HIDDEN_SECONDS = 300
_INVOKE_SECONDS = 90
_BATCH = 10
_EMPTY_ANSWERS = 3
_BACK_TO = {"PromptFailed": "Prompt", "BulkFailed": "Bulk", "FeedbackFailed": "Feedback", "EventsFailed": "Feedback"}
_BACK_TO |= {"TransferFailed": "Transfer"}
_PARKED = {"ScoreParked": "Score", "FollowUpParked": "FollowUp"}


class Outcome(StrEnum):
    """What became of a message."""

    AGAIN = "made to happen again"
    GONE = "dropped, what they speak of is no longer there"
    DONE = "dropped, a later run does the same"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Step:
    """The outcome for one message, and what to tell about one that is left."""

    outcome: Outcome
    says: str = ""


@dataclass(frozen=True, slots=True)
class Redriven:
    """The outcomes of a queue's messages."""

    queue: str
    outcomes: Counter[Outcome]
    says: tuple[str, ...]


def run(installation: Installation, queue: str | None) -> int:
    """Redrives one queue or all; tells the counts, and returns 1 when something is left."""
    left = 0
    for name in chosen(queue):
        done = redrive(installation, name)
        counts = ", ".join(f"{number} {outcome.value}" for outcome, number in done.outcomes.items()) or "empty"
        print(f"{name}: {counts}")
        for line in done.says:
            print(f"  {line}")
        left += done.outcomes[Outcome.LEFT]
    return 1 if left else 0


def chosen(queue: str | None) -> Sequence[str]:
    """The queues that a name means. Raises CommandError for a name that is none."""
    if queue is None:
        return FAILURE_QUEUES
    found = [name for name in FAILURE_QUEUES if name.lower() == queue.lower().replace("-", "").replace("_", "")]
    if not found:
        raise CommandError(f"there is no failure queue {queue}; there are {', '.join(FAILURE_QUEUES)}")
    return found


def redrive(installation: Installation, name: str) -> Redriven:
    """Goes once through the messages that a queue holds now."""
    step = _STEPS[name]
    sqs, queue = access.client("sqs"), installation.queue(name)
    outcomes: Counter[Outcome] = Counter()
    says: dict[str, None] = {}
    left: list[str] = []
    for message in _messages(queue, min(waiting(queue), MOST)):
        done = step(installation, name, message)
        outcomes[done.outcome] += 1
        if done.outcome is Outcome.LEFT:
            left.append(message["ReceiptHandle"])
            says[done.says] = None
        else:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    for handle in left:
        sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=handle, VisibilityTimeout=0)
    return Redriven(name, outcomes, tuple(says))


def _messages(queue: str, most: int) -> Iterator[dict[str, Any]]:
    """At most so many different messages; each is hidden from others while it is dealt with."""
    sqs = access.client("sqs")
    seen: set[str] = set()
    silent = 0
    while len(seen) < most and silent < _EMPTY_ANSWERS:
        answer = sqs.receive_message(
            QueueUrl=queue,
            MaxNumberOfMessages=min(_BATCH, most - len(seen)),
            VisibilityTimeout=_HIDDEN_SECONDS,
            WaitTimeSeconds=1,
            MessageAttributeNames=["All"],
        )
        new = [message for message in answer.get("Messages", []) if message["MessageId"] not in seen]
        silent = 0 if new else silent + 1
        seen.update(message["MessageId"] for message in new)
        yield from new


def _send_back(installation: Installation, name: str, message: Mapping[str, Any]) -> Step:
    """A message of a work queue goes back to where it came from."""
    attributes = {
        key: {part: value[part] for part in ("DataType", "StringValue", "BinaryValue") if part in value}
        for key, value in message.get("MessageAttributes", {}).items()
    }
    access.client("sqs").send_message(
        QueueUrl=installation.queue(_BACK_TO[name]), MessageBody=message["Body"], MessageAttributes=attributes
    )
    return Step(Outcome.AGAIN)


def _take_again(installation: Installation, name: str, message: Mapping[str, Any]) -> Step:
    """A parked record, as it is now, is given to the function that parked it, as if the stream told of it."""
    key = _key_of(json.loads(message["Body"]))
    item = records().get(key)
    if item is None:
        return Step(Outcome.GONE)
    event = {"Records": [_told(key, item)]}
    if problem := _still_wrong(event, calendar=name == "FollowUpParked"):
        return Step(Outcome.LEFT, f"{key.pk} / {key.sk}: {problem}")
    return _invoked(installation.function(_PARKED[name]), event, f"{key.pk} / {key.sk}")


def _key_of(parked: Mapping[str, Any]) -> Key:
    if "pk" in parked:
        return Key(parked["pk"], parked["sk"])
    kind, _, record_id = parked["record"].partition(":")
    return keys.response(record_id) if kind == "response" else keys.request(record_id)


def _told(key: Key, item: Item) -> dict[str, Any]:
    image = {"Keys": key.item(), "NewImage": item_to_wire(item), "StreamViewType": "NEW_AND_OLD_IMAGES"}
    return {"eventName": "MODIFY", "eventSource": "aws:dynamodb", "dynamodb": image}


def _still_wrong(event: Mapping[str, Any], *, calendar: bool) -> str:
    """Why the function would park the record again, or nothing."""
    images = stream.read(event["Records"])
    if images.poison:
        return f"still cannot be read ({images.poison[0]['why']}); mend the record"
    try:
        for one in images.records:
            project = projects.load(one.project)
            if calendar:
                holidays.test_for(project.calendar)
    except NotFoundError as error:
        return f"{error}; make it, or delete the record"
    except InvalidError as error:
        return f"its project's {error}"
    return ""


def _invoked(function: str, event: Mapping[str, Any], about: str) -> Step:
    client = access.client("lambda", Config(read_timeout=_INVOKE_SECONDS, retries={"total_max_attempts": 1}))
    answer = client.invoke(FunctionName=function, Payload=json.dumps(event).encode())
    if "FunctionError" in answer:
        return Step(Outcome.LEFT, f"{about}: {function} failed; read its log")
    return Step(Outcome.AGAIN)


def _locate(_installation: Installation, _name: str, message: Mapping[str, Any]) -> Step:
    """A batch that the stream gave up holds positions only; they end when the stream's day does."""
    body = json.loads(message["Body"])
    batch = body.get("DDBStreamBatchInfo", {})
    function = body.get("requestContext", {}).get("functionArn", "").partition(":function:")[2].partition(":")[0]
    return Step(
        Outcome.LEFT,
        f"{function or 'a reader'} gave up {batch.get('batchSize', 'some')} records of shard {batch.get('shardId')}, "
        f"{batch.get('startSequenceNumber')} to {batch.get('endSequenceNumber')}, which arrived from "
        f"{batch.get('approximateArrivalOfFirstRecord')} to {batch.get('approximateArrivalOfLastRecord')}: "
        "run `hearback audit` to see what is not counted, then delete the message",
    )


def _tick_again(_installation: Installation, _name: str, _message: Mapping[str, Any]) -> Step:
    """Whatever a missed tick should have done, the next one does."""
    return Step(Outcome.DONE)


def _ask_again(installation: Installation, _name: str, message: Mapping[str, Any]) -> Step:
    """An invocation that nobody waited for: a wish for a report is made again, a tick comes by itself."""
    wish = json.loads(message["Body"]).get("requestPayload") or {}
    if "month" not in wish:
        return Step(Outcome.DONE)
    access.client("lambda").invoke(
        FunctionName=installation.function("Report"), InvocationType="Event", Payload=json.dumps(wish).encode()
    )
    return Step(Outcome.AGAIN)


_STEPS: Mapping[str, Callable[[Installation, str, Mapping[str, Any]], Step]] = {
    **dict.fromkeys(_BACK_TO, _send_back),
    **dict.fromkeys(_PARKED, _take_again),
    "StreamsFailed": _locate,
    "SchedulesFailed": _tick_again,
    "InvocationsFailed": _ask_again,
}
