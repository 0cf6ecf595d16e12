"""Events of SES in the shapes that AWS documents, and their way into the feedback function."""

import json
from pathlib import Path
from typing import Any

from functions.deliver.work import work
from functions.feedback import handler
from tests.fakes.scenes import MESSAGE, ready
from tests.fakes.world import START, World, sqs_batch

EVENTS = Path(__file__).parents[1] / "events"
LATER = START + 60


def event(name: str) -> dict[str, Any]:
    """An event as SES publishes it."""
    told: dict[str, Any] = json.loads((EVENTS / f"ses_{name}.json").read_text())
    return told


def wrapped(told: Any) -> dict[str, Any]:
    """An event as SNS puts it into a queue without raw delivery."""
    text = told if isinstance(told, str) else json.dumps(told)
    return {"Type": "Notification", "TopicArn": "arn:aws:sns:us-east-1:123456789012:feedback", "Message": text}


def report(world: World, *names: str, wrap: bool = False) -> None:
    """Tells the feedback function of events, which must succeed."""
    bodies = [wrapped(event(name)) if wrap else event(name) for name in names]
    assert handler.handle(sqs_batch(*bodies), world.context) == {"batchItemFailures": []}


def sent(world: World) -> None:
    """A request whose invitation SES took, a minute ago."""
    ready(world)
    work(MESSAGE)
    world.now = LATER
