"""The minute's tick in, messages to the send queues out."""

from itertools import batched
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.wake.release import release
from shared.outside import clock, log
from shared.outside.settings import setting

logger = Logger()
metrics = Metrics()

for _name in ("RECORDS_TABLE", "PROMPT_QUEUE", "BULK_QUEUE"):
    setting(_name)


_NAMES_A_LINE = 100


@logger.inject_lambda_context
@metrics.log_metrics
@log.without_words
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001
    """Releases what is due."""
    log.begin(function_request_id=context.aws_request_id)
    released = release(clock.now(), context.aws_request_id, lambda: context.get_remaining_time_in_millis() / 1000)
    metrics.add_metric(name="Released", unit=MetricUnit.Count, value=released.handed_on)
    for names in batched(released.names, _NAMES_A_LINE, strict=False):
        logger.info("handed on", names=names)
    logger.info("released", handed_on=released.handed_on, more=released.more)
    if released.stopped_for:
        logger.warning("SES takes no mail; one tries now and then", reason=released.stopped_for)
    return {"handed_on": released.handed_on, "more": released.more}
