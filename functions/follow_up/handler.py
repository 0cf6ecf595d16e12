"""Stream records in, cases and mails out."""

from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import ClientError

from functions.follow_up.act import act
from shared.domain.cases import Duty
from shared.domain.errors import InvalidError, NotFoundError
from shared.domain.responses import Response
from shared.outside import clock, holidays, log, queues
from shared.outside.settings import setting
from shared.store import people, projects, stream

logger = Logger()
metrics = Metrics()

METRICS = {
    Duty.CASE: "FollowUpCases",
    Duty.THANKS: "FollowUpThanks",
    Duty.RECOVERED: "FollowUpRecovered",
    Duty.RELAPSED: "FollowUpRelapsed",
}

for _name in ("RECORDS_TABLE", "PROMPT_QUEUE", "FOLLOW_UP_PARKED_QUEUE"):
    setting(_name)


@logger.inject_lambda_context
@metrics.log_metrics
@log.without_words
def handle(event: dict[str, Any], context: LambdaContext) -> None:
    """Follows a batch up. A fault raises and the batch comes again; a record that can never be followed up is parked.

    An alert's message goes to its queue at once; should that fail, the mail's timer brings it a minute later.
    """
    images = stream.read(event["Records"])
    poison = images.poison
    alerts: list[str] = []
    for response in images.records:
        if not isinstance(response, Response):
            continue
        log.begin(request=response.id, project=response.project, function_request_id=context.aws_request_id)
        try:
            project = projects.load(response.project)
            done = act(response, project, holidays.test_for(project.calendar), clock.now())
        except (NotFoundError, InvalidError, ClientError) as error:
            if isinstance(error, ClientError) and error.response["Error"]["Code"] != "ValidationException":
                raise
            poison.append({"record": f"response:{response.id}", "rev": response.rev, "why": type(error).__name__})
            continue
        if response.counts and not response.erased:
            people.note_answer(response.person, response.created_at)
        if done.duty is Duty.CASE:
            alerts.append(done.mail)
        if done.duty in METRICS:
            metrics.add_metric(name=METRICS[done.duty], unit=MetricUnit.Count, value=1)
        log.concern(mail=done.mail)
        logger.info("followed up", duty=done.duty.value, **log.concerns())
    queues.send(setting("PROMPT_QUEUE"), [{"mail": mail} for mail in alerts])
    if poison:
        queues.send(setting("FOLLOW_UP_PARKED_QUEUE"), poison)
        logger.error("records parked", parked=len(poison), first=poison[0])
        metrics.add_metric(name="RecordsParked", unit=MetricUnit.Count, value=len(poison))
