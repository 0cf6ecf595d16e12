"""SQS messages in, mails out."""

import json
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.deliver.work import Done, work
from shared.outside.settings import setting

logger = Logger()
metrics = Metrics()
processor = BatchProcessor(event_type=EventType.SQS)

for _name in ("RECORDS_TABLE", "SURVEYS_URL", "LINKS_SECRET", "CONFIGURATION_SET", "REPORTS_BUCKET"):
    setting(_name)


@logger.inject_lambda_context
@metrics.log_metrics
def handle(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Sends what the messages name; a message that failed comes again, the others do not."""
    return process_partial_response(event=event, record_handler=_one, processor=processor, context=context)


def _one(record: SQSRecord) -> None:
    message = json.loads(record.body)
    done, result = work(message)
    metrics.add_metric(name=f"Mails{done.value.title().replace(' ', '')}", unit=MetricUnit.Count, value=1)
    logger.info("mail", about=message, done=done.value, reason=result.reason if result else "")
    if result and result.account_wide:
        logger.error("SES refuses all mail of this account", reason=result.reason)
        metrics.add_metric(name="SendingStopped", unit=MetricUnit.Count, value=1)
    if done is Done.UNKNOWN:
        logger.warning("the outcome of a call to SES is unknown", about=message)
