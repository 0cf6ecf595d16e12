"""The clock: what runs each minute, each hour and each night."""

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.functions import Function
from infra.settings import Settings


class Schedules(Construct):
    """Schedules of EventBridge Scheduler, in a group of their own, under one role that may invoke their functions."""

    def __init__(self, scope: Construct, name: str, *, settings: Settings, failures: sqs.Queue) -> None:
        super().__init__(scope, name)
        self._failures = failures
        self._group = scheduler.CfnScheduleGroup(self, "Group", name=f"hearback-{settings.stage}")
        self._role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal(
                "scheduler.amazonaws.com",
                conditions={
                    "StringEquals": {
                        "aws:SourceAccount": settings.account,
                        "aws:SourceArn": (
                            f"arn:aws:scheduler:{settings.region}:{settings.account}:schedule-group/hearback-{settings.stage}"
                        ),
                    }
                },
            ),
        )
        self._role.add_to_policy(iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[failures.queue_arn]))

    def every(self, rate: str, function: Function, *, retry_for: Duration) -> None:
        """Invoke a function at a rate, and try again for as long as the next turn does not replace this one.

        Args:
            rate: as in `rate(…)`: `1 minute`.
            function: what to invoke.
            retry_for: how long to try; at least a minute, which is the least that Scheduler takes.
        """
        self._schedule(function.name.title(), f"rate({rate})", function, retry_for=retry_for)

    def nightly(self, name: str, function: Function, *, hour: int, event: str) -> None:
        """Invoke a function with an event, JSON, once a day at an hour (UTC)."""
        self._schedule(name, f"cron(0 {hour} * * ? *)", function, retry_for=Duration.hours(1), event=event)

    def _schedule(
        self, name: str, expression: str, function: Function, *, retry_for: Duration, event: str | None = None
    ) -> None:
        self._role.add_to_policy(iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[function.arn]))
        schedule = scheduler.CfnSchedule(
            self,
            name,
            group_name=self._group.ref,
            schedule_expression=expression,
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=function.arn,
                role_arn=self._role.role_arn,
                input=event,
                dead_letter_config=scheduler.CfnSchedule.DeadLetterConfigProperty(arn=self._failures.queue_arn),
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                    maximum_event_age_in_seconds=int(retry_for.to_seconds()), maximum_retry_attempts=3
                ),
            ),
        )
        schedule.node.add_dependency(self._role)
