"""Imports: the bucket that files come in and results go out by, and the queue that tells of both."""

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.accepted import accept
from infra.queues import work_queue
from infra.settings import Settings

TIMEOUT_SECONDS = 20
KEPT = Duration.days(7)
EACH_FILE = "each import has a file of its own in its folder"


class Transfers(Construct):
    """S3 tells the queue of every upload. The queue hides a message no longer than its function may run.

    So a worker that died is followed by another within twenty seconds, and never joined by one while it lives.
    Everything in the bucket is personal data: it has no versions, and goes after a week.
    """

    def __init__(self, scope: Construct, name: str, *, settings: Settings) -> None:
        super().__init__(scope, name)
        self.queue, self.failed = work_queue(
            self, "Transfer", settings=settings, visibility=Duration.seconds(TIMEOUT_SECONDS)
        )
        told = self.queue.add_to_resource_policy(
            iam.PolicyStatement(
                sid="UploadsOfThisAccount",
                principals=[iam.ServicePrincipal("s3.amazonaws.com")],
                actions=["sqs:SendMessage"],
                resources=[self.queue.queue_arn],
                conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
            )
        )
        self.bucket = s3.Bucket(
            self,
            "Files",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            encryption=s3.BucketEncryption.S3_MANAGED,
            # The emulator speaks plain HTTP on the loopback interface, and presigned links go there.
            enforce_ssl=not settings.local,
            lifecycle_rules=[
                s3.LifecycleRule(expiration=KEPT, abort_incomplete_multipart_upload_after=KEPT),
            ],
            removal_policy=RemovalPolicy.DESTROY if settings.local else RemovalPolicy.RETAIN,
        )
        accept(self.bucket, "S1", "an access log would keep the addresses of operators, and files stay for a week")
        bucket = self.bucket.node.default_child
        assert isinstance(bucket, s3.CfnBucket)  # noqa: S101  # what a Bucket is made of
        # The CDK's own notifications would bring a function of the CDK's, with a role over every bucket.
        bucket.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
            queue_configurations=[
                s3.CfnBucket.QueueConfigurationProperty(
                    event="s3:ObjectCreated:*",
                    queue=self.queue.queue_arn,
                    filter=s3.CfnBucket.NotificationFilterProperty(
                        s3_key=s3.CfnBucket.S3KeyFilterProperty(
                            rules=[s3.CfnBucket.FilterRuleProperty(name="prefix", value="uploads/")]
                        )
                    ),
                )
            ]
        )
        # S3 tries the queue when the bucket is made.
        if told.policy_dependable:
            self.bucket.node.add_dependency(told.policy_dependable)

    def files(self, folder: str) -> str:
        """The ARN of everything in a folder."""
        return self.bucket.arn_for_objects(f"{folder}/*")
