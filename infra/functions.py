"""One Lambda function, with a role and a log group of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.accepted import accept
from infra.settings import Settings

RUNTIME = lambda_.Runtime.PYTHON_3_13
RETENTION = {
    1: logs.RetentionDays.ONE_DAY,
    3: logs.RetentionDays.THREE_DAYS,
    7: logs.RetentionDays.ONE_WEEK,
    14: logs.RetentionDays.TWO_WEEKS,
    30: logs.RetentionDays.ONE_MONTH,
    60: logs.RetentionDays.TWO_MONTHS,
    90: logs.RetentionDays.THREE_MONTHS,
    180: logs.RetentionDays.SIX_MONTHS,
    365: logs.RetentionDays.ONE_YEAR,
}


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """What all functions share: the code, the dependencies, the architecture and the common environment."""

    code: lambda_.Code
    dependencies: lambda_.LayerVersion
    architecture: lambda_.Architecture
    environment: Mapping[str, str]


def log_group(scope: Construct, construct: str, name: str, *, settings: Settings) -> logs.LogGroup:
    """The log group `/hearback/<stage>/<name>`; it goes when the stack goes."""
    return logs.LogGroup(
        scope,
        construct,
        log_group_name=f"/hearback/{settings.stage}/{name}",
        retention=RETENTION[settings.log_days],
        removal_policy=RemovalPolicy.DESTROY,
    )


class Function(Construct):
    """A function called `hearback-<stage>-<name>`. It may write its own log, and nothing else until `may` says so."""

    def __init__(
        self, scope: Construct, name: str, *, settings: Settings, runtime: Runtime, seconds: int, megabytes: int
    ) -> None:
        super().__init__(scope, name.title().replace("_", ""))
        self.name = name
        self.logs = log_group(self, "Logs", name, settings=settings)
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=f"hearback-{settings.stage}-{name.replace('_', '-')}",
            runtime=RUNTIME,
            architecture=runtime.architecture,
            handler=f"functions.{name}.handler.handle",
            code=runtime.code,
            layers=[runtime.dependencies],
            role=self.role,
            log_group=self.logs,
            logging_format=lambda_.LoggingFormat.JSON,
            application_log_level_v2=lambda_.ApplicationLogLevel[settings.log_level],
            tracing=lambda_.Tracing.DISABLED,
            recursive_loop=lambda_.RecursiveLoop.TERMINATE,
            timeout=Duration.seconds(seconds),
            memory_size=megabytes,
            environment={**runtime.environment, "POWERTOOLS_SERVICE_NAME": name},
        )
        accept(self.function, "L1", "the lock file, the bundle's bytecode and .python-version are all of Python 3.13")
        self.may("logs:CreateLogStream", "logs:PutLogEvents", on=[self.logs.log_group_arn])

    @property
    def arn(self) -> str:
        """The function's ARN."""
        return self.function.function_arn

    def may(self, *actions: str, on: Sequence[str], because: str = "") -> None:
        """Allow the function these actions on exactly these resources.

        Args:
            actions: what it may do.
            on: the resources' ARNs.
            because: why an action or a resource has a wildcard; needed when one has.

        Raises:
            ValueError: there is a wildcard and no reason.
        """
        self.role.add_to_policy(iam.PolicyStatement(actions=list(actions), resources=list(on)))
        resources = [_written(Stack.of(self).resolve(resource)) for resource in on]
        named = [f"Action::{action}" for action in actions] + [f"Resource::{resource}" for resource in resources]
        for wildcard in (name for name in named if "*" in name):
            if not because:
                raise ValueError(f"{self.name} is granted {wildcard} without a reason")
            accept(self.role, "IAM5", because, finding=wildcard)

    def goes_on_by_itself(self) -> None:
        """Let the function send itself messages until its work is done: Lambda would stop it after sixteen."""
        cfn = self.function.node.default_child
        if isinstance(cfn, lambda_.CfnFunction):
            cfn.recursive_loop = "Allow"

    def knows(self, **environment: str) -> None:
        """Give the function environment variables of its own."""
        for name, value in environment.items():
            self.function.add_environment(name, value)

    def reads_queue(self, queue: sqs.Queue, *, concurrency: int, batch: int = 10) -> None:
        """Work off a queue, some messages at a time; of several, the answer names those that have to come again."""
        self.may("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", on=[queue.queue_arn])
        lambda_.CfnEventSourceMapping(
            self,
            f"{queue.node.id}Mapping",
            function_name=self.function.function_name,
            event_source_arn=queue.queue_arn,
            batch_size=batch,
            function_response_types=["ReportBatchItemFailures"] if batch > 1 else None,
            scaling_config=lambda_.CfnEventSourceMapping.ScalingConfigProperty(maximum_concurrency=concurrency),
        ).node.add_dependency(self.role)

    def reads_stream(self, stream_arn: str, *, patterns: Sequence[str], window: int, failures: sqs.Queue) -> None:
        """Follow a table's stream from its beginning.

        Args:
            stream_arn: the table's stream.
            patterns: the filters; what matches none never reaches the function.
            window: seconds to wait for a batch to fill.
            failures: where the position of a batch goes that still fails after 50 attempts or a day.
        """
        self.may(
            "dynamodb:DescribeStream",
            "dynamodb:GetRecords",
            "dynamodb:GetShardIterator",
            "dynamodb:ListStreams",
            on=[stream_arn],
        )
        self.may("sqs:SendMessage", on=[failures.queue_arn])
        lambda_.CfnEventSourceMapping(
            self,
            "StreamMapping",
            function_name=self.function.function_name,
            event_source_arn=stream_arn,
            starting_position="TRIM_HORIZON",
            batch_size=100,
            maximum_batching_window_in_seconds=window,
            maximum_retry_attempts=50,
            maximum_record_age_in_seconds=86_400,
            bisect_batch_on_function_error=True,
            function_response_types=["ReportBatchItemFailures"],
            filter_criteria=lambda_.CfnEventSourceMapping.FilterCriteriaProperty(
                filters=[lambda_.CfnEventSourceMapping.FilterProperty(pattern=pattern) for pattern in patterns]
            ),
            destination_config=lambda_.CfnEventSourceMapping.DestinationConfigProperty(
                on_failure=lambda_.CfnEventSourceMapping.OnFailureProperty(destination=failures.queue_arn)
            ),
        ).node.add_dependency(self.role)

    def invoked_later(self, *, failures: sqs.Queue, retries: int, max_age: Duration) -> None:
        """Bound asynchronous invocations, and keep the event of one that failed for good."""
        self.may("sqs:SendMessage", on=[failures.queue_arn])
        lambda_.CfnEventInvokeConfig(
            self,
            "InvokedLater",
            function_name=self.function.function_name,
            qualifier="$LATEST",
            maximum_retry_attempts=retries,
            maximum_event_age_in_seconds=int(max_age.to_seconds()),
            destination_config=lambda_.CfnEventInvokeConfig.DestinationConfigProperty(
                on_failure=lambda_.CfnEventInvokeConfig.OnFailureProperty(destination=failures.queue_arn)
            ),
        ).node.add_dependency(self.role)


def _written(value: Any) -> str:
    """A resolved ARN as the rules of AWS Solutions write it: `<logical id.attribute>` is what is not yet known."""
    match value:
        case {"Fn::Join": [str(between), [*parts]]}:
            return between.join(_written(part) for part in parts)
        case {"Fn::GetAtt": [str(name), str(attribute)]}:
            return f"<{name}.{attribute}>"
        case {"Ref": str(name)}:
            return f"<{name}>"
        case _:
            return str(value)
