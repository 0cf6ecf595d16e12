"""Reports of SES in, through SNS and SQS; states of mails, requests and people out."""

from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.feedback import events
from functions.feedback.settle import settle
from shared.domain.mails import MailState
from shared.outside import clock, log
from shared.outside.settings import setting

logger = Logger()
metrics = Metrics()
processor = BatchProcessor(event_type=EventType.SQS)

METRICS = {
    MailState.SENT: "SesSent",
    MailState.DELIVERED: "SesDelivered",
    MailState.BOUNCED: "SesBounced",
    MailState.COMPLAINED: "SesComplained",
    MailState.FAILED: "SesRejected",
}

setting("RECORDS_TABLE")


@logger.inject_lambda_context
@metrics.log_metrics
def handle(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Settles each report; one that failed comes again, and one that cannot be read ends in the dead-letter queue."""
    return process_partial_response(event=event, record_handler=_one, processor=processor, context=context)


@log.without_words
def _one(record: SQSRecord) -> None:
    log.begin(sqs_message=record.message_id)
    report = events.read(record.body)
    if report is None:
        return
    known = settle(report, clock.now())
    if not report.delayed:
        metrics.add_metric(name=METRICS[report.state], unit=MetricUnit.Count, value=1)
    told = "delayed" if report.delayed else report.state.value
    logger.info("report of SES", state=told, reason=report.reason, known=known, **log.concerns())
