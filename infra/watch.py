"""What an operator is told: alarms, and one dashboard."""

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.functions import Function
from infra.settings import Settings

MINUTE = Duration.minutes(1)
NAMESPACE = "Hearback"
# SES reviews an account at 5% bounces or 0.1% complaints; the alarm comes before.
SES_LIMITS = {"BounceRate": 0.04, "ComplaintRate": 0.0008}


def counted(name: str, service: str, *, period: Duration | None = None) -> cloudwatch.Metric:
    """A metric that a function writes into its log; docs/operating.md lists them."""
    return cloudwatch.Metric(
        namespace=NAMESPACE,
        metric_name=name,
        dimensions_map={"service": service},
        period=period or Duration.minutes(5),
        statistic="sum",
    )


class Watch(Construct):
    """Alarms go to the stage's alarm address; without one they show in CloudWatch only."""

    def __init__(self, scope: Construct, name: str, *, settings: Settings) -> None:
        super().__init__(scope, name)
        self._alarms: list[cloudwatch.IAlarm] = []
        self._topic: sns.Topic | None = None
        if settings.alarm_address:
            self._topic = self._alarm_topic(settings)
            self._topic.add_subscription(subscriptions.EmailSubscription(settings.alarm_address))
        self._dashboard = cloudwatch.Dashboard(self, "Dashboard", dashboard_name=f"hearback-{settings.stage}")

    def failures(self, queues: Sequence[sqs.Queue]) -> None:
        """Alarm as soon as anything stands in one of these queues."""
        for queue in queues:
            self._alarm(
                f"{queue.node.id}Filled",
                queue.metric_approximate_number_of_messages_visible(period=MINUTE, statistic="max"),
                above=0,
                says=f"Something failed for good and waits in {queue.node.id}",
            )

    def waiting(self, queue: sqs.Queue, limit: Duration) -> None:
        """Alarm when the oldest message of a queue has waited longer than this."""
        self._alarm(
            f"{queue.node.id}Waits",
            queue.metric_approximate_age_of_oldest_message(period=MINUTE, statistic="max"),
            above=limit.to_seconds(),
            minutes=2,
            says=f"Messages wait too long in {queue.node.id}",
        )
        self._graph(f"{queue.node.id} waiting", [queue.metric_approximate_number_of_messages_visible()])

    def functions(self, functions: Sequence[Function]) -> None:
        """Alarm when a function fails."""
        for function in functions:
            self._alarm(
                f"{function.node.id}Errors",
                function.function.metric_errors(period=MINUTE),
                above=0,
                says=f"{function.name} failed",
            )
        self._graph("Errors", [each.function.metric_errors() for each in functions])
        self._graph("Duration", [each.function.metric_duration(statistic="p95") for each in functions])

    def loop(self) -> None:
        """Show what goes through the loop: surveys out, answers in, answers counted and followed up."""
        self._graph(
            "Surveys and other mails",
            [
                counted("MailsSent", "deliver"),
                counted("MailsRefused", "deliver"),
                counted("MailsUnsettled", "deliver"),
                counted("SesBounced", "feedback"),
                counted("SesComplained", "feedback"),
            ],
        )
        self._graph(
            "Answers",
            [
                counted("Answers", "page"),
                counted("AnswersEdited", "page"),
                counted("RecordsCounted", "score"),
                counted("FollowUpCases", "follow_up"),
            ],
        )
        self._graph("Parked records", [counted("RecordsParked", "score"), counted("RecordsParked", "follow_up")])

    def hidden_errors(self, functions: Sequence[Function]) -> None:
        """Alarm when a function answered a person with an error page: the invocation itself counts as good."""
        errors = [counted("UnexpectedErrors", each.name, period=MINUTE) for each in functions]
        for function, metric in zip(functions, errors, strict=True):
            self._alarm(f"{function.node.id}Unexpected", metric, above=0, says=f"{function.name} answered with a 500")
        self._graph("Unexpected errors behind answers", errors)

    def sending(self) -> None:
        """Alarm when SES takes no mail of the account or the configuration set.

        One mail tries it every ten minutes: between two of them the alarm stays.
        """
        stopped = counted("SendingStopped", "deliver", period=MINUTE)
        says = "SES refuses all mail: see its account dashboard"
        self._alarm("SendingStopped", stopped, above=0, says=says, minutes=15, of_them=1)

    def drift(self) -> None:
        """Alarm when the nightly audit finds counters that are not what the responses add up to."""
        drifted = counted("CounterDrift", "score", period=Duration.days(1))
        self._alarm("CounterDrift", drifted, above=0, says="Counters drifted: hearback audit tells which")
        self._graph("Counters drifted", [drifted, counted("AuditsUnfinished", "score", period=Duration.days(1))])

    def alarms(self) -> None:
        """Show the state of every alarm; to be called when all are there."""
        widget = cloudwatch.AlarmStatusWidget(title="Alarms", alarms=self._alarms, width=24, height=6)
        self._dashboard.add_widgets(widget)

    def streams(self, functions: Sequence[Function]) -> None:
        """Alarm when a stream's reader falls two minutes behind: an alert is due within one."""
        ages = [self._iterator_age(function) for function in functions]
        for function, age in zip(functions, ages, strict=True):
            self._alarm(
                f"{function.node.id}Behind",
                age,
                above=120_000,
                minutes=2,
                says=f"{function.name} is behind the records table's stream",
            )
        self._graph("Stream readers behind (ms)", ages)

    def reputation(self) -> None:
        """Alarm before SES reviews the account."""
        for rate, limit in SES_LIMITS.items():
            metric = cloudwatch.Metric(
                namespace="AWS/SES", metric_name=f"Reputation.{rate}", period=Duration.hours(1), statistic="max"
            )
            self._alarm(rate, metric, above=limit, says=f"SES {rate} nears the limit at which SES reviews the account")

    def _alarm_topic(self, settings: Settings) -> sns.Topic:
        topic = sns.Topic(self, "Alarms", enforce_ssl=not settings.local)
        # A policy of a topic's own replaces the one by which everything of the account may publish.
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsOfThisAccount",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": settings.account}},
            )
        )
        return topic

    @staticmethod
    def _iterator_age(function: Function) -> cloudwatch.Metric:
        return function.function.metric("IteratorAge", period=MINUTE, statistic="max")

    def _alarm(
        self, name: str, metric: cloudwatch.IMetric, *, above: float, says: str, minutes: int = 1, of_them: int = 0
    ) -> None:
        """Alarm when a metric was above a limit in `of_them` of the last so many minutes; 0: in all of them."""
        alarm = cloudwatch.Alarm(
            self,
            name,
            metric=metric,
            threshold=above,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=minutes,
            datapoints_to_alarm=of_them or None,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            alarm_description=says,
        )
        self._alarms.append(alarm)
        if self._topic:
            alarm.add_alarm_action(actions.SnsAction(self._topic))

    def _graph(self, title: str, metrics: Sequence[cloudwatch.IMetric]) -> None:
        self._dashboard.add_widgets(cloudwatch.GraphWidget(title=title, left=list(metrics), width=12))
