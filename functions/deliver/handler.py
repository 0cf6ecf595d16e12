"""SQS messages in, mails out."""

import json
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.deliver.turn import SecondsLeft
from functions.deliver.work import Done, work
from shared.outside import log
from shared.outside.settings import setting

logger = Logger()
metrics = Metrics()
processor = BatchProcessor(event_type=EventType.SQS)

METRICS = {
    Done.SENT: "MailsSent",
    Done.LATER: "MailsLater",
    Done.REFUSED: "MailsRefused",
    Done.UNKNOWN: "MailsUnknown",
    Done.SUPPRESSED: "MailsSuppressed",
    Done.EXPIRED: "SurveysExpired",
    Done.GIVEN_UP: "MailsUnsettled",
}

for _name in ("RECORDS_TABLE", "SURVEYS_URL", "LINKS_SECRET", "CONFIGURATION_SET", "REPORTS_BUCKET"):
    setting(_name)


@logger.inject_lambda_context
@metrics.log_metrics
def handle(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Sends what the messages name; a message that failed comes again, the others do not."""
    return process_partial_response(
        event=event,
        record_handler=lambda record: _one(record, lambda: context.get_remaining_time_in_millis() / 1000),
        processor=processor,
        context=context,
    )


@log.without_words
def _one(record: SQSRecord, seconds_left: SecondsLeft) -> None:
    log.begin(sqs_message=record.message_id)
    done, result = work(json.loads(record.body), seconds_left)
    if done in METRICS:
        metrics.add_metric(name=METRICS[done], unit=MetricUnit.Count, value=1)
    logger.info("mail", done=done.value, reason=result.reason if result else "", **log.concerns())
    if result and result.account_wide:
        logger.error("SES refuses all mail of this account", reason=result.reason, **log.concerns())
        metrics.add_metric(name="SendingStopped", unit=MetricUnit.Count, value=1)
    if done is Done.UNKNOWN:
        logger.warning("the outcome of a call to SES is unknown", **log.concerns())
