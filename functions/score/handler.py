"""Stream records in, counters out."""

from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.score import fold, nightly, recount
from shared.domain.errors import NotFoundError
from shared.outside import clock, log, queues
from shared.outside.settings import setting
from shared.store import counters, stream

_LAST_MILLISECONDS = 8_000

logger = Logger()
metrics = Metrics()

for _name in ("RECORDS_TABLE", "METRICS_TABLE", "SCORE_PARKED_QUEUE"):
    setting(_name)


@logger.inject_lambda_context
@metrics.log_metrics
@log.without_words
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, int] | None:
    """Counts a batch, or at a tick goes on with what has to be counted again, and once a night audits.

    A fault raises and the batch comes again; a record that can never be counted is parked.
    """
    log.begin(function_request_id=context.aws_request_id)
    if event.get("audit"):
        return _audit(context)
    if "Records" not in event:
        return _recount(context)
    images = stream.read(event["Records"])
    poison = images.poison
    moved = 0
    for project_id, group in fold.newest(images.records).items():
        try:
            moved += fold.count(project_id, group)
        except NotFoundError:
            poison += [{"record": counters.name_of(one), "rev": one.rev, "why": "no such project"} for one in group]
    if poison:
        queues.send(setting("SCORE_PARKED_QUEUE"), poison)
        logger.error("records parked", parked=len(poison), first=poison[0])
        metrics.add_metric(name="RecordsParked", unit=MetricUnit.Count, value=len(poison))
    metrics.add_metric(name="RecordsCounted", unit=MetricUnit.Count, value=moved)
    about = sorted({one.id for one in images.records})
    logger.info("counted", received=len(event["Records"]), moved=moved, requests=about)
    return None


def _audit(context: LambdaContext) -> dict[str, int]:
    drift = 0
    for one in nightly.run(clock.now(), lambda: context.get_remaining_time_in_millis() < _LAST_MILLISECONDS):
        if one.audit is None:
            logger.warning("not audited: no time left, or just counted again", project=one.project)
            metrics.add_metric(name="AuditsUnfinished", unit=MetricUnit.Count, value=1)
            continue
        drift += len(one.audit.drift)
        metrics.add_metric(name="CounterDrift", unit=MetricUnit.Count, value=len(one.audit.drift))
        logger.info("audited", project=one.project, read=one.audit.records, drift=len(one.audit.drift))
    return {"drift": drift}


def _recount(context: LambdaContext) -> dict[str, int]:
    moved = 0
    for one in recount.run(clock.now(), lambda: context.get_remaining_time_in_millis() < _LAST_MILLISECONDS):
        metrics.add_metric(name="RecordsCounted", unit=MetricUnit.Count, value=one.moved)
        moved += one.moved
        logger.info("recounted", project=one.project, read=one.read, moved=one.moved, done=one.done)
    return {"moved": moved}
