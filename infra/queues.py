"""Queues: one for work, with the queue its failures end in, or one for failures alone."""

from aws_cdk import Duration
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.accepted import accept
from infra.settings import Settings

MAX_RECEIVES = 5


def failure_queue(scope: Construct, name: str, *, settings: Settings) -> sqs.Queue:
    """A queue where something waits for an operator; it keeps messages for the 14 days that SQS allows."""
    queue = _queue(scope, name, settings=settings, retention_period=Duration.days(14))
    accept(queue, "SQS3", "failures end here, nothing works this queue off, and an alarm tells of its first message")
    return queue


def work_queue(scope: Construct, name: str, *, settings: Settings, visibility: Duration) -> tuple[sqs.Queue, sqs.Queue]:
    """A queue that a function works off, and `<name>Failed`, where a message goes after five deliveries.

    Args:
        scope: the construct it belongs to.
        name: its construct id.
        settings: the stage.
        visibility: how long a delivered message is hidden; at least its function's timeout.
    """
    failed = failure_queue(scope, f"{name}Failed", settings=settings)
    queue = _queue(
        scope,
        name,
        settings=settings,
        visibility_timeout=visibility,
        dead_letter_queue=sqs.DeadLetterQueue(queue=failed, max_receive_count=MAX_RECEIVES),
    )
    return queue, failed


def _queue(
    scope: Construct,
    name: str,
    *,
    settings: Settings,
    visibility_timeout: Duration | None = None,
    retention_period: Duration | None = None,
    dead_letter_queue: sqs.DeadLetterQueue | None = None,
) -> sqs.Queue:
    return sqs.Queue(
        scope,
        name,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        # The emulator speaks plain HTTP on the loopback interface.
        enforce_ssl=not settings.local,
        visibility_timeout=visibility_timeout,
        retention_period=retention_period,
        dead_letter_queue=dead_letter_queue,
    )
