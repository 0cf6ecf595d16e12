"""The whole of Hearback, put together. Every grant is made here, and only here."""

import math
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from infra.bundle import Bundle
from infra.data import Data
from infra.functions import RUNTIME, Function, Runtime
from infra.mail import Mail
from infra.queues import failure_queue
from infra.schedules import Schedules
from infra.settings import Settings
from infra.transfers import EACH_FILE, TIMEOUT_SECONDS, Transfers
from infra.watch import NAMESPACE, Watch
from infra.web import Web

GET, BATCH_GET, QUERY = "dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"
PUT, UPDATE, DELETE = "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"
CHECK = "dynamodb:ConditionCheckItem"
# A second: a mail is about ten calls of AWS, one of them to SES, on a third of a processor.
MAILS_PER_WORKER = 3
EACH_REPORT = "each report is a few files of its own, and nothing else stands below reports/"

RESPONSES = '{"dynamodb":{"NewImage":{"kind":{"S":["response"]}}}}'
# A request counts from when it has been sent or refused; nothing comes back to `scheduled`.
COUNTED_REQUESTS = '{"dynamodb":{"NewImage":{"kind":{"S":["request"]},"state":{"S":[{"anything-but":["scheduled"]}]}}}}'


class HearbackStack(cdk.Stack):
    """One stage of Hearback in one account and region."""

    def __init__(self, scope: Construct, *, settings: Settings, bundle: Bundle) -> None:
        super().__init__(
            scope,
            f"hearback-{settings.stage}",
            env=cdk.Environment(account=settings.account, region=settings.region),
            description="Hearback: a closed-loop Net Promoter Score service",
            # The emulator enforces IAM, and the credentials at hand are allowed everything there.
            synthesizer=cdk.CliCredentialsStackSynthesizer() if settings.local else None,
            termination_protection=not settings.local,
        )
        self.settings = settings
        # The CDK lets a function wait for its role and for the role's policy; the policy's name implies the role.
        self.template_options.metadata = {"cfn-lint": {"config": {"ignore_checks": ["W3005"]}}}
        self.data = Data(self, "Data", settings=settings)
        self.mail = Mail(self, "Mail", settings=settings)
        self.transfers = Transfers(self, "Transfers", settings=settings)
        self.streams_failed = failure_queue(self, "StreamsFailed", settings=settings)
        self.schedules_failed = failure_queue(self, "SchedulesFailed", settings=settings)
        self.invocations_failed = failure_queue(self, "InvocationsFailed", settings=settings)
        self.score_parked = failure_queue(self, "ScoreParked", settings=settings)
        self.follow_up_parked = failure_queue(self, "FollowUpParked", settings=settings)
        self.clock = self._clock()
        self.runtime = self._runtime(bundle)
        self.functions: list[Function] = []

        self.api = self._function("api", seconds=29, megabytes=1024)
        self.page = self._function("page", seconds=15, megabytes=512)
        self.desk = self._function("desk", seconds=15, megabytes=512)
        self.wake = self._function("wake", seconds=55, megabytes=1024)
        self.deliver = self._function("deliver", seconds=60, megabytes=512)
        self.feedback = self._function("feedback", seconds=30, megabytes=512)
        self.score = self._function("score", seconds=60, megabytes=512)
        self.follow_up = self._function("follow_up", seconds=60, megabytes=512)
        self.report = self._function("report", seconds=300, megabytes=1024)
        self.transfer = self._function("transfer", seconds=TIMEOUT_SECONDS, megabytes=1024)
        self.web = Web(self, "Web", settings=settings, api=self.api, page=self.page, desk=self.desk)

        self._answer_workflows()
        self._show_pages()
        self._send_mails()
        self._follow_responses()
        self._make_reports()
        self._bring_in()
        self._keep_time()
        self._watch()
        self._tell()

    def _answer_workflows(self) -> None:
        self.api.may(GET, BATCH_GET, PUT, DELETE, CHECK, QUERY, on=[self.data.records.table_arn])
        self.api.may(QUERY, on=[self.data.index_arn("by_project"), self.data.index_arn("by_updated")])
        self.api.may(QUERY, on=[self.data.metrics.table_arn])
        self.api.may("lambda:InvokeFunction", on=[self.report.arn])
        self.api.knows(REPORT_FUNCTION=self.report.function.function_name, SURVEYS_URL=self.web.surveys_url)
        if self.settings.api_url:
            self.api.knows(API_URL=self.settings.api_url)

    def _show_pages(self) -> None:
        self.page.may(GET, PUT, UPDATE, DELETE, CHECK, QUERY, on=[self.data.records.table_arn])
        self._fills(self.page, self.mail.prompt)
        self.page.knows(PROMPT_QUEUE=self.mail.prompt.queue_url)
        self.desk.may(GET, BATCH_GET, PUT, on=[self.data.records.table_arn])
        self._reads_reports(self.desk)
        for function in (self.page, self.desk):
            self._reads_links_secret(function)

    def _send_mails(self) -> None:
        records, mail = self.data.records.table_arn, self.mail
        self.wake.may(GET, PUT, UPDATE, QUERY, on=[records])
        self.wake.may(QUERY, on=[self.data.index_arn("due")])
        self._fills(self.wake, mail.prompt, mail.bulk)
        self.wake.may("sqs:GetQueueAttributes", on=[mail.bulk.queue_arn])
        self.wake.may("ses:GetSendQuota", on=["*"], because="SES has no resource for an account's quota")
        self.wake.knows(PROMPT_QUEUE=mail.prompt.queue_url, BULK_QUEUE=mail.bulk.queue_url)

        self.deliver.may(GET, BATCH_GET, PUT, UPDATE, CHECK, DELETE, QUERY, on=[records])
        senders = [mail.identity_arn, mail.configuration_set_arn, *mail.recipient_arns]
        self.deliver.may(
            "ses:SendRawEmail",
            on=["*"] if self.settings.local else senders,
            because="the emulator knows no ARN of SES",
        )
        self.deliver.knows(SURVEYS_URL=self.web.surveys_url, CONFIGURATION_SET=mail.configuration_set.ref)
        self._reads_reports(self.deliver)
        self._reads_links_secret(self.deliver)
        self.deliver.reads_queue(mail.prompt, concurrency=2)
        self.deliver.reads_queue(mail.bulk, concurrency=max(2, math.ceil(self.settings.send_rate / MAILS_PER_WORKER)))

        self.feedback.may(GET, BATCH_GET, PUT, QUERY, on=[records])
        self.feedback.reads_queue(mail.feedback, concurrency=2)

    def _follow_responses(self) -> None:
        records, stream = self.data.records.table_arn, str(self.data.records.table_stream_arn)
        self.score.may(GET, BATCH_GET, PUT, UPDATE, QUERY, on=[self.data.metrics.table_arn])
        self.score.may(BATCH_GET, PUT, QUERY, on=[records])
        self.score.may(QUERY, on=[self.data.index_arn("by_project")])
        self._fills(self.score, self.score_parked)
        self.score.knows(SCORE_PARKED_QUEUE=self.score_parked.queue_url)
        self.score.reads_stream(
            stream,
            patterns=[RESPONSES, COUNTED_REQUESTS],
            window=1 if self.settings.local else 5,
            failures=self.streams_failed,
        )
        self.follow_up.may(GET, PUT, on=[records])
        self._fills(self.follow_up, self.mail.prompt, self.follow_up_parked)
        self.follow_up.knows(
            PROMPT_QUEUE=self.mail.prompt.queue_url, FOLLOW_UP_PARKED_QUEUE=self.follow_up_parked.queue_url
        )
        self.follow_up.reads_stream(stream, patterns=[RESPONSES], window=0, failures=self.streams_failed)

    def _make_reports(self) -> None:
        self.report.may(GET, BATCH_GET, PUT, QUERY, on=[self.data.records.table_arn])
        self.report.may(QUERY, on=[self.data.index_arn("by_project")])
        self.report.may(BATCH_GET, QUERY, on=[self.data.metrics.table_arn])
        self.report.may("s3:PutObject", on=[self._report_files], because=EACH_REPORT)
        self._fills(self.report, self.mail.prompt)
        self.report.knows(REPORTS_BUCKET=self.data.reports.bucket_name, PROMPT_QUEUE=self.mail.prompt.queue_url)

    def _bring_in(self) -> None:
        transfers = self.transfers
        self.transfer.goes_on_by_itself()
        self.api.may("s3:PutObject", on=[transfers.files("uploads")], because=EACH_FILE)
        self.api.may("s3:GetObject", on=[transfers.files("results")], because=EACH_FILE)
        self.api.knows(TRANSFERS_BUCKET=transfers.bucket.bucket_name)

        self.transfer.may(GET, BATCH_GET, PUT, CHECK, on=[self.data.records.table_arn])
        for folder, actions in {
            "uploads": ["s3:GetObject", "s3:DeleteObject"],
            "tails": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
            "results": ["s3:PutObject"],
        }.items():
            self.transfer.may(*actions, on=[transfers.files(folder)], because=EACH_FILE)
        self._fills(self.transfer, transfers.queue)
        self.transfer.knows(TRANSFERS_BUCKET=transfers.bucket.bucket_name, TRANSFER_QUEUE=transfers.queue.queue_url)
        # A message is an import: each has a worker of its own.
        self.transfer.reads_queue(transfers.queue, concurrency=2, batch=1)

    def _keep_time(self) -> None:
        schedules = Schedules(self, "Schedules", settings=self.settings, failures=self.schedules_failed)
        schedules.every("1 minute", self.wake, retry_for=Duration.minutes(1))
        schedules.every("1 minute", self.score, retry_for=Duration.minutes(1))
        schedules.nightly("Audit", self.score, hour=2, event='{"audit": true}')
        schedules.every("1 hour", self.report, retry_for=Duration.minutes(30))
        # The next minute's wake does what this one could not; a report has to come.
        self.wake.invoked_later(failures=self.invocations_failed, retries=0, max_age=Duration.minutes(1))
        self.score.invoked_later(failures=self.invocations_failed, retries=0, max_age=Duration.minutes(1))
        self.report.invoked_later(failures=self.invocations_failed, retries=2, max_age=Duration.hours(6))
        if self.clock:
            for function in self.functions:
                function.may("ssm:GetParameter", on=[self.clock.parameter_arn])

    def _watch(self) -> None:
        watch = Watch(self, "Watch", settings=self.settings)
        watch.loop()
        watch.failures(self._failure_queues)
        watch.waiting(self.mail.prompt, Duration.minutes(2))
        watch.waiting(self.mail.bulk, Duration.minutes(15))
        watch.waiting(self.mail.feedback, Duration.minutes(15))
        watch.waiting(self.transfers.queue, Duration.minutes(15))
        watch.functions(self.functions)
        watch.streams([self.score, self.follow_up])
        watch.reputation()
        watch.hidden_errors([self.api, self.page, self.desk])
        watch.sending()
        watch.drift()
        watch.alarms()

    def _tell(self) -> None:
        outputs = {
            "ApiUrl": f"{self.web.api_url}/v1/",
            "SurveysUrl": self.web.surveys_url,
            "RecordsTable": self.data.records.table_name,
            "MetricsTable": self.data.metrics.table_name,
            "ReportsBucket": self.data.reports.bucket_name,
            "TransfersBucket": self.transfers.bucket.bucket_name,
            "PromptQueue": self.mail.prompt.queue_url,
            "BulkQueue": self.mail.bulk.queue_url,
            "FeedbackQueue": self.mail.feedback.queue_url,
            "TransferQueue": self.transfers.queue.queue_url,
            "FeedbackTopic": self.mail.topic.topic_arn,
            "Sender": self.settings.sender,
            "LinksSecret": self.data.links_secret.attr_id,
        }
        outputs |= {f"{each.node.id}Queue": each.queue_url for each in self._failure_queues}
        outputs |= {f"{each.node.id}Function": each.function.function_name for each in self.functions}
        if self.clock:
            outputs["ClockParameter"] = self.clock.parameter_name
        elif self.mail.identity:
            outputs |= self.mail.dns_records(self.mail.identity)
        for name, value in outputs.items():
            cdk.CfnOutput(self, name, value=value)

    def _function(self, name: str, *, seconds: int, megabytes: int) -> Function:
        made = Function(self, name, settings=self.settings, runtime=self.runtime, seconds=seconds, megabytes=megabytes)
        self.functions.append(made)
        return made

    def _runtime(self, bundle: Bundle) -> Runtime:
        architecture = lambda_.Architecture.ARM_64
        environment = {
            "RECORDS_TABLE": self.data.records.table_name,
            "METRICS_TABLE": self.data.metrics.table_name,
            "STAGE": self.settings.stage,
            "LOG_LEVEL": self.settings.log_level,
            "POWERTOOLS_METRICS_NAMESPACE": NAMESPACE,
        }
        if self.clock:
            environment["CLOCK_PARAMETER"] = self.clock.parameter_name
        return Runtime(
            code=_asset(bundle.code, bundle.code_hash),
            dependencies=lambda_.LayerVersion(
                self,
                "Dependencies",
                code=_asset(bundle.layer, bundle.layer_hash),
                compatible_runtimes=[RUNTIME],
                compatible_architectures=[architecture],
            ),
            architecture=architecture,
            environment=environment,
        )

    def _clock(self) -> ssm.StringParameter | None:
        """How many seconds the local stage's clock is ahead; no other stage has a clock that can be set."""
        if not self.settings.local:
            return None
        return ssm.StringParameter(
            self, "Clock", parameter_name=f"/hearback/{self.settings.stage}/clock-offset", string_value="0"
        )

    @property
    def _failure_queues(self) -> list[sqs.Queue]:
        """Every queue in which something waits for an operator."""
        return [
            *self.mail.failures,
            self.transfers.failed,
            self.streams_failed,
            self.schedules_failed,
            self.invocations_failed,
            self.score_parked,
            self.follow_up_parked,
        ]

    @property
    def _report_files(self) -> str:
        return self.data.reports.arn_for_objects("reports/*")

    def _fills(self, function: Function, *queues: sqs.Queue) -> None:
        # In AWS one permission covers single messages and batches; the emulator tells them apart.
        batches = ["sqs:SendMessageBatch"] if self.settings.local else []
        function.may("sqs:SendMessage", *batches, on=[queue.queue_arn for queue in queues])

    def _reads_reports(self, function: Function) -> None:
        function.may("s3:GetObject", on=[self._report_files], because=EACH_REPORT)
        function.knows(REPORTS_BUCKET=self.data.reports.bucket_name)

    def _reads_links_secret(self, function: Function) -> None:
        function.may("secretsmanager:GetSecretValue", on=[self.data.links_secret.attr_id])
        function.knows(LINKS_SECRET=self.data.links_secret.attr_id)


def _asset(folder: Path, key: str) -> lambda_.Code:
    return lambda_.Code.from_asset(str(folder), asset_hash=key, asset_hash_type=cdk.AssetHashType.CUSTOM)
