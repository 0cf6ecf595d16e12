"""Mail: the SES identity, where SES reports what became of each mail, and the queues in front of SES and behind it."""

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_ses as ses
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.queues import failure_queue, work_queue
from infra.settings import Settings

# No open and no click: nobody is tracked, and links stay on our domain.
EVENTS = ("send", "delivery", "bounce", "complaint", "reject", "deliveryDelay", "renderingFailure")
VISIBILITY = Duration.seconds(180)


class Mail(Construct):
    """`prompt` and `bulk` wait for `deliver`; SES's events go through a topic into `feedback`.

    The topic is not encrypted with a key: SES cannot publish to one under AWS's own key, and a key of our own costs
    more than all else at a small company. Its messages go straight on into an encrypted queue.
    """

    def __init__(self, scope: Construct, name: str, *, settings: Settings) -> None:
        super().__init__(scope, name)
        self.prompt, prompt_failed = work_queue(self, "Prompt", settings=settings, visibility=VISIBILITY)
        self.bulk, bulk_failed = work_queue(self, "Bulk", settings=settings, visibility=VISIBILITY)
        self.feedback, feedback_failed = work_queue(self, "Feedback", settings=settings, visibility=VISIBILITY)
        events_failed = failure_queue(self, "EventsFailed", settings=settings)
        self.topic = sns.Topic(self, "Events", enforce_ssl=not settings.local)
        self.topic.add_subscription(
            subscriptions.SqsSubscription(
                self.feedback,
                raw_message_delivery=True,
                dead_letter_queue=events_failed,
            )
        )
        self.failures = [prompt_failed, bulk_failed, feedback_failed, events_failed]
        self.configuration_set = ses.CfnConfigurationSet(
            self,
            "ConfigurationSet",
            delivery_options=ses.CfnConfigurationSet.DeliveryOptionsProperty(tls_policy="OPTIONAL"),
            suppression_options=ses.CfnConfigurationSet.SuppressionOptionsProperty(
                suppressed_reasons=["BOUNCE", "COMPLAINT"]
            ),
        )
        self.identity_arn = _identity_arn(settings, settings.sender)
        self.configuration_set_arn = _ses_arn(settings, f"configuration-set/{self.configuration_set.ref}")
        self.recipient_arns = [_identity_arn(settings, address) for address in settings.sandbox_recipients]
        self.identity = None if settings.sender_exists else self._identity(settings)
        self._report_events(settings)

    @staticmethod
    def dns_records(identity: ses.CfnEmailIdentity) -> dict[str, str]:
        """The DKIM records that prove the sender's domain, by output name."""
        names = (
            identity.attr_dkim_dns_token_name1,
            identity.attr_dkim_dns_token_name2,
            identity.attr_dkim_dns_token_name3,
        )
        values = (
            identity.attr_dkim_dns_token_value1,
            identity.attr_dkim_dns_token_value2,
            identity.attr_dkim_dns_token_value3,
        )
        pairs = zip(names, values, strict=True)
        return {f"Dkim{at}": f"{name} CNAME {value}" for at, (name, value) in enumerate(pairs, start=1)}

    def _identity(self, settings: Settings) -> ses.CfnEmailIdentity:
        return ses.CfnEmailIdentity(
            self,
            "Sender",
            email_identity=settings.sender,
            configuration_set_attributes=ses.CfnEmailIdentity.ConfigurationSetAttributesProperty(
                configuration_set_name=self.configuration_set.ref
            ),
            feedback_attributes=ses.CfnEmailIdentity.FeedbackAttributesProperty(email_forwarding_enabled=False),
        )

    def _report_events(self, settings: Settings) -> None:
        permission = self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="EventsOfOurMails",
                principals=[iam.ServicePrincipal("ses.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
                conditions={
                    "StringEquals": {
                        "aws:SourceAccount": settings.account,
                        "aws:SourceArn": self.configuration_set_arn,
                    }
                },
            )
        )
        destination = ses.CfnConfigurationSetEventDestination(
            self,
            "ReportEvents",
            configuration_set_name=self.configuration_set.ref,
            event_destination=ses.CfnConfigurationSetEventDestination.EventDestinationProperty(
                enabled=True,
                matching_event_types=list(EVENTS),
                sns_destination=ses.CfnConfigurationSetEventDestination.SnsDestinationProperty(
                    topic_arn=self.topic.topic_arn
                ),
            ),
        )
        if permission.policy_dependable:
            destination.node.add_dependency(permission.policy_dependable)


def _identity_arn(settings: Settings, identity: str) -> str:
    return _ses_arn(settings, f"identity/{identity}")


def _ses_arn(settings: Settings, resource: str) -> str:
    return f"arn:aws:ses:{settings.region}:{settings.account}:{resource}"
