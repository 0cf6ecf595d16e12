"""`hearback doctor`: whether an installation can do its work, from the tables to the mails."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from local import access
from local.findings import Finding, looked, note, ok, told, wrong
from shared.outside import clock
from shared.store import keys, mails, projects
from shared.store.table import metrics, records

FUNCTIONS = ("Api", "Page", "Desk", "Wake", "Deliver", "Feedback", "Score", "FollowUp", "Report", "Transfer")
WORK_QUEUES = ("Prompt", "Bulk", "Feedback", "Transfer")
FAILURE_QUEUES = (
    *("PromptFailed", "BulkFailed", "FeedbackFailed", "EventsFailed", "StreamsFailed"),
    *("SchedulesFailed", "InvocationsFailed", "ScoreParked", "FollowUpParked", "TransferFailed"),
)
READERS = {"Deliver": 2, "Feedback": 1, "Score": 1, "FollowUp": 1, "Transfer": 1}
"""How many event sources each function has."""

LATE_SECONDS = 300
ERRORS_SECONDS = 3600

_HEALTHY_STACK = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE")
_QUOTA_SHARE = 0.8
_PAGE = 100


@dataclass(frozen=True, slots=True)
class Installation:
    """What is looked at: a stage's stack, by its outputs."""

    stage: str
    outputs: dict[str, str]

    @property
    def stack(self) -> str:
        """The stack's name."""
        return f"hearback-{self.stage}"

    def queue(self, name: str) -> str:
        """A queue's address."""
        return self.outputs[f"{name}Queue"]

    def function(self, name: str) -> str:
        """A function's name in AWS."""
        return self.outputs[f"{name}Function"]

    def log_group(self, name: str) -> str:
        """The log group of a function."""
        short = self.function(name).removeprefix(f"{self.stack}-").replace("-", "_")
        return f"/hearback/{self.stage}/{short}"


def run(installation: Installation) -> int:
    """Looks at everything, one line each; returns 1 when something is wrong."""
    return told(examine(installation))


def examine(installation: Installation) -> Iterator[Finding]:
    """Everything that is found."""
    for what, check in CHECKS.items():
        yield from looked(what, partial(check, installation))


def _stack(one: Installation) -> Iterator[Finding]:
    [stack] = access.client("cloudformation").describe_stacks(StackName=one.stack)["Stacks"]
    wanted = {f"{name}Function" for name in FUNCTIONS}
    wanted |= {f"{name}Queue" for name in (*WORK_QUEUES, *FAILURE_QUEUES)}
    wanted |= {
        "ApiUrl",
        "SurveysUrl",
        "RecordsTable",
        "MetricsTable",
        "ReportsBucket",
        "TransfersBucket",
        "LinksSecret",
        "Sender",
    }
    if missing := sorted(wanted - set(one.outputs)):
        yield wrong("stack", f"{one.stack} lacks the outputs {', '.join(missing)}", "Deploy this version")
    elif stack["StackStatus"] not in _HEALTHY_STACK:
        yield wrong("stack", f"{one.stack} is {stack['StackStatus']}", "Deploy again, or look at its events")
    else:
        yield ok("stack", f"{one.stack} is {stack['StackStatus']}")


def _tables(_: Installation) -> Iterator[Finding]:
    dynamodb = access.client("dynamodb")
    for name, table in (("records", records()), ("metrics", metrics())):
        described = dynamodb.describe_table(TableName=table.name)["Table"]
        table.get(keys.project("-"))
        if described["TableStatus"] not in {"ACTIVE", "UPDATING"}:
            yield wrong("tables", f"{name} is {described['TableStatus']}", "Wait, or restore it from its backup")
        elif name == "records" and not described.get("StreamSpecification", {}).get("StreamEnabled"):
            yield wrong("tables", "the stream of records is off: nothing is counted", "Deploy again")
        else:
            yield ok("tables", f"{name} answers")


def _projects(one: Installation) -> Iterator[Finding]:
    found = projects.all_projects()
    sender = one.outputs["Sender"]
    strangers = [each.id for each in found if not _belongs(each.sender.email, sender)] if one.stage != "local" else []
    if not found:
        yield wrong("projects", "there is none", "Make one: hearback project create FILE")
    elif strangers:
        yield wrong("projects", f"{', '.join(strangers)} send from outside {sender}", "SES will refuse their mails")
    else:
        yield ok("projects", ", ".join(each.id for each in found))


def _belongs(address: str, sender: str) -> bool:
    domain = address.rpartition("@")[2].lower()
    return address.lower() == sender.lower() or domain == sender.lower() or domain.endswith(f".{sender.lower()}")


def _links(one: Installation) -> Iterator[Finding]:
    secret = access.client("secretsmanager").get_secret_value(SecretId=one.outputs["LinksSecret"])["SecretString"]
    try:
        known = sorted(json.loads(secret), key=lambda name: int(name[1:]))
    except ValueError:
        yield wrong("link secret", "is not a JSON object of k1, k2, …", "Put the last good version back")
        return
    yield ok("link secret", f"is readable; {known[-1]} signs")


def _reports(one: Installation) -> Iterator[Finding]:
    access.client("s3").head_bucket(Bucket=one.outputs["ReportsBucket"])
    yield ok("reports", "the bucket answers")


def _mail(one: Installation) -> Iterator[Finding]:
    ses, sender = access.client("sesv2"), one.outputs["Sender"]
    yield from sending(ses.get_account())
    try:
        verified = ses.get_email_identity(EmailIdentity=sender)["VerifiedForSendingStatus"]
    except ses.exceptions.NotFoundException:
        yield wrong("sender", f"SES does not know {sender}", "Verify it in SES, or deploy with sender_exists = false")
        return
    if verified:
        yield ok("sender", f"{sender} is verified")
    else:
        yield wrong("sender", f"{sender} is not verified", "Put the stack's outputs Dkim1 to Dkim3 into DNS")


def sending(account: dict[str, Any]) -> Iterator[Finding]:
    """What SES says of an account: may it send, to whom, how much."""
    quota = account["SendQuota"]
    sent, most = quota["SentLast24Hours"], quota["Max24HourSend"]
    says = f"{sent:.0f} of {most:.0f} mails in 24 hours, {quota['MaxSendRate']:g} a second"
    if not account.get("SendingEnabled", True):
        yield wrong("SES", "sending is switched off", "Look at SES's account dashboard; it says why")
    elif account.get("EnforcementStatus", "HEALTHY") != "HEALTHY":
        yield wrong("SES", f"the account is {account['EnforcementStatus']}", "Answer AWS's mail about it")
    elif not account.get("ProductionAccessEnabled"):
        yield note("SES", f"is in the sandbox: {says}, to verified recipients only", "Ask for production access")
    elif 0 < most <= sent / _QUOTA_SHARE:
        yield note("SES", says, "Ask for a higher quota; mails above it wait an hour at a time")
    else:
        yield ok("SES", says)


def _queues(one: Installation) -> Iterator[Finding]:
    depths = {name: waiting(one.queue(name)) for name in (*WORK_QUEUES, *FAILURE_QUEUES)}
    yield ok("queues", ", ".join(f"{name} {depths[name]}" for name in WORK_QUEUES))
    filled = [name for name in FAILURE_QUEUES if depths[name]]
    for name in filled:
        yield wrong("queues", f"{depths[name]} in {name}", f"Mend the cause, then: hearback redrive {name}")
    if not filled:
        yield ok("queues", "nothing failed for good, nothing is parked")


def waiting(queue: str) -> int:
    """About how many messages a queue holds, those being worked on included."""
    names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
    answer = access.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=list(names))
    return sum(int(answer["Attributes"][name]) for name in names)


def _schedules(one: Installation) -> Iterator[Finding]:
    found = access.client("scheduler").list_schedules(GroupName=one.stack)["Schedules"]
    enabled = {each["Target"]["Arn"].rpartition(":")[2] for each in found if each["State"] == "ENABLED"}
    for name in ("Wake", "Report"):
        if one.function(name) in enabled:
            yield ok("schedules", f"{name} is on")
        else:
            yield wrong("schedules", f"{name} is off or not there", "Enable it in EventBridge Scheduler, or deploy")


def _mappings(one: Installation) -> Iterator[Finding]:
    client = access.client("lambda")
    for name, count in READERS.items():
        found = client.list_event_source_mappings(FunctionName=one.function(name))["EventSourceMappings"]
        off = [each["State"] for each in found if each["State"] not in {"Enabled", "Updating", "Enabling"}]
        if off or len(found) != count:
            says = f"{name} reads {len(found) - len(off)} of {count} sources"
            yield wrong("event sources", says, "Enable the function's triggers, or deploy")
    yield ok("event sources", "looked at those of " + ", ".join(READERS))


def _timers(_: Installation) -> Iterator[Finding]:
    now = clock.now()
    oldest = {
        f"{project.id} ({lane.value})": int(str(item["due_sk"])[:10])
        for project in projects.all_projects()
        for lane in keys.Lane
        for item in records().query(
            keys.due_partition(project.id, lane), index=keys.DUE, attribute_names=("due_pk", "due_sk"), limit=1
        )
    }
    late = {name: now - at for name, at in oldest.items() if now - at > LATE_SECONDS}
    for name, seconds in late.items():
        says = f"{name} waits for {seconds // 60} minutes"
        yield wrong("timers", says, "Look at the logs of wake and deliver, and at SES's quota")
    if not late:
        yield ok("timers", f"nothing is more than {LATE_SECONDS // 60} minutes late")


def _unsettled(_: Installation) -> Iterator[Finding]:
    found = [mail.id for project in projects.all_projects() for mail in mails.unsettled(project.id)]
    if found:
        names = ", ".join(found[:3]) + (", …" if len(found) > 3 else "")
        to_do = "They may or may not have arrived: hearback mails unsettled, then hearback mails settle"
        yield note("unsettled mails", f"{len(found)}: {names}", to_do)
    else:
        yield ok("unsettled mails", "none")


def _errors(one: Installation) -> Iterator[Finding]:
    since = int((time.time() - ERRORS_SECONDS) * 1000)
    found = {name: lines for name in FUNCTIONS if (lines := _error_lines(one.log_group(name), since))}
    for name, lines in found.items():
        at = datetime.fromtimestamp(max(line["timestamp"] for line in lines) / 1000, UTC)
        many = "at least " if len(lines) == _PAGE else ""
        says = f"{name} logged {many}{len(lines)} in the last hour, the last at {at:%H:%M:%S} UTC"
        yield note("errors", says, f"Read {one.log_group(name)}")
    if not found:
        yield ok("errors", "none in the last hour")


def _error_lines(group: str, since: int) -> Sequence[dict[str, Any]]:
    # Not every implementation of the service filters by field: the level is looked at here as well.
    answer = access.client("logs").filter_log_events(
        logGroupName=group, startTime=since, filterPattern='{ $.level = "ERROR" }'
    )
    return [event for event in answer["events"] if _level(event["message"]) == "ERROR"][:_PAGE]


def _level(message: str) -> str:
    try:
        line = json.loads(message)
    except ValueError:
        return ""
    return str(line.get("level", "")) if isinstance(line, dict) else ""


CHECKS: dict[str, Callable[[Installation], Iterator[Finding]]] = {
    "stack": _stack,
    "tables": _tables,
    "projects": _projects,
    "link secret": _links,
    "reports": _reports,
    "SES": _mail,
    "queues": _queues,
    "schedules": _schedules,
    "event sources": _mappings,
    "timers": _timers,
    "unsettled mails": _unsettled,
    "errors": _errors,
}
"""Everything that is looked at, in this order."""
