"""The minute's tick in, messages to the send queues out."""

from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.wake.release import release
from shared.outside import clock
from shared.outside.settings import setting

logger = Logger()
metrics = Metrics()

for _name in ("RECORDS_TABLE", "PROMPT_QUEUE", "BULK_QUEUE"):
    setting(_name)


@logger.inject_lambda_context
@metrics.log_metrics
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001
    """Releases what is due."""
    released = release(clock.now(), context.aws_request_id)
    metrics.add_metric(name="Released", unit=MetricUnit.Count, value=released.handed_on)
    logger.info("released", handed_on=released.handed_on, more=released.more)
    return {"handed_on": released.handed_on, "more": released.more}
