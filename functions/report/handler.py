"""The hour's tick, or a wish for one month, in; reports out."""

from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.report.build import build
from functions.report.due import due_months
from shared.domain.monthly import Month
from shared.outside import clock, log
from shared.outside.log import place_of
from shared.outside.settings import setting
from shared.store import projects

logger = Logger()
metrics = Metrics()

for _name in ("RECORDS_TABLE", "METRICS_TABLE", "REPORTS_BUCKET", "PROMPT_QUEUE"):
    setting(_name)


class ReportsFailedError(RuntimeError):
    """Some projects' reports were not built; the next hour tries again."""

    def __init__(self, failures: list[str]) -> None:
        super().__init__(f"reports of {', '.join(failures)} failed")


@logger.inject_lambda_context
@metrics.log_metrics
@log.without_words
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Builds the month that `{"project": id, "month": "YYYY-MM"}` names, or all that are due."""
    now = clock.now()
    log.begin(function_request_id=context.aws_request_id)
    if "month" in event:
        log.concern(project=event["project"], month=event["month"])
        project = projects.load(event["project"])
        build(project, Month(event["month"], project.zone), now)
        metrics.add_metric(name="ReportsBuilt", unit=MetricUnit.Count, value=1)
        logger.info("report built", **log.concerns())
        return {"built": 1}
    built, failures = 0, []
    for project in projects.all_projects():
        try:
            for month in due_months(project, now):
                build(project, month, now)
                built += 1
                logger.info("report built", project=project.id, month=month.name)
        except Exception as error:  # noqa: BLE001  # one project's fault must not keep the others' reports
            failures.append(project.id)
            logger.error("report failed", project=project.id, error=type(error).__name__, where=place_of(error))
    if built:
        metrics.add_metric(name="ReportsBuilt", unit=MetricUnit.Count, value=built)
    if failures:
        raise ReportsFailedError(failures)
    return {"built": built}
