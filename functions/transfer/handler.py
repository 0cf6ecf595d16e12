"""SQS messages in, S3's about uploads and our own; rows of imports worked off."""

import json
from typing import Any
from urllib.parse import unquote_plus

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.transfer.work import Done, work
from shared.outside import log, queues
from shared.outside.settings import setting
from shared.store.import_files import id_in

logger = Logger()
metrics = Metrics()

METRICS = {Done.FINISHED: "ImportsFinished", Done.FAILED: "ImportsFailed"}

RESERVE_MILLISECONDS = 10_000
"""What a group of rows and the storing of its progress may take at most."""

for _name in ("RECORDS_TABLE", "TRANSFERS_BUCKET", "TRANSFER_QUEUE"):
    setting(_name)


@logger.inject_lambda_context
@metrics.log_metrics
@log.without_words
def handle(event: dict[str, Any], context: LambdaContext) -> None:
    """Works on the imports that a message names; what the time does not suffice for is left to a message of its own.

    The mapping delivers one message at a time: one that failed, or whose worker died, comes again by itself.
    """
    for record in event["Records"]:
        log.begin(sqs_message=record["messageId"], function_request_id=context.aws_request_id)
        for import_id in _named(json.loads(record["body"])):
            done = work(import_id, record["messageId"], lambda: _time_left(context))
            if done is Done.MORE:
                queues.send(setting("TRANSFER_QUEUE"), [{"import": import_id}])
            if done in METRICS:
                metrics.add_metric(name=METRICS[done], unit=MetricUnit.Count, value=1)
            logger.info("import", done=done.value, **log.concerns())


def _named(body: dict[str, Any]) -> list[str]:
    """The imports that a message is about: our own names one, S3's tell of files, S3's test of none."""
    if "import" in body:
        return [str(body["import"])]
    return [id_in(unquote_plus(each["s3"]["object"]["key"])) for each in body.get("Records", [])]


def _time_left(context: LambdaContext) -> bool:
    return context.get_remaining_time_in_millis() > RESERVE_MILLISECONDS
