"""What is kept: the two tables, the reports, and the secret that signs links."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.accepted import accept
from infra.settings import Settings

STRING = dynamodb.AttributeType.STRING
# Index name, its key attributes, and whether it carries whole items.
INDEXES = (
    ("due", "due_pk", "due_sk", False),
    ("by_project", "list_pk", "list_sk", True),
    ("by_updated", "updated_pk", "updated_sk", False),
    ("by_account", "account_pk", "account_sk", False),
)


class Data(Construct):
    """Tables, bucket and secret outlive the stack everywhere but on the local stage.

    The tables are encrypted with DynamoDB's own key, which costs nothing and cannot be switched off.
    """

    def __init__(self, scope: Construct, name: str, *, settings: Settings) -> None:
        super().__init__(scope, name)
        self._lasting = not settings.local
        self._removal = RemovalPolicy.RETAIN if self._lasting else RemovalPolicy.DESTROY
        self.records = self._table("Records", stream=dynamodb.StreamViewType.NEW_AND_OLD_IMAGES)
        for index, partition, sort, whole in INDEXES:
            self.records.add_global_secondary_index(
                index_name=index,
                partition_key=dynamodb.Attribute(name=partition, type=STRING),
                sort_key=dynamodb.Attribute(name=sort, type=STRING),
                projection_type=dynamodb.ProjectionType.ALL if whole else dynamodb.ProjectionType.KEYS_ONLY,
            )
        self.metrics = self._table("Metrics", stream=None)
        self.reports = self._reports()
        self.links_secret = self._links_secret()

    def index_arn(self, index: str) -> str:
        """The ARN under which an index of `records` is granted."""
        return f"{self.records.table_arn}/index/{index}"

    def _table(self, name: str, *, stream: dynamodb.StreamViewType | None) -> dynamodb.Table:
        return dynamodb.Table(
            self,
            name,
            partition_key=dynamodb.Attribute(name="pk", type=STRING),
            sort_key=dynamodb.Attribute(name="sk", type=STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            stream=stream,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=self._lasting,
            removal_policy=self._removal,
            # Answers kept under idempotency keys, for tidiness alone: nothing relies on their going.
            time_to_live_attribute="forget_at" if stream else None,
        )

    def _reports(self) -> s3.Bucket:
        bucket = s3.Bucket(
            self,
            "Reports",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            encryption=s3.BucketEncryption.S3_MANAGED,
            # The emulator speaks plain HTTP on the loopback interface, and presigned links go there.
            enforce_ssl=self._lasting,
            versioned=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    # A person's erasure rewrites reports: what was overwritten must not stay for long.
                    noncurrent_version_expiration=Duration.days(7),
                    abort_incomplete_multipart_upload_after=Duration.days(7),
                )
            ],
            removal_policy=self._removal,
        )
        accept(
            bucket, "S1", "an access log would keep the addresses of the managers who read a report, and nobody else"
        )
        return bucket

    def _links_secret(self) -> secretsmanager.CfnSecret:
        """Keys by key id; the highest signs. `attr_id` is its ARN, on AWS and on the emulator alike."""
        secret = secretsmanager.CfnSecret(
            self,
            "Links",
            description="Keys that sign the links in Hearback's mails",
            generate_secret_string=secretsmanager.CfnSecret.GenerateSecretStringProperty(
                secret_string_template="{}",  # noqa: S106 - a template, not a secret
                generate_string_key="k1",
                password_length=64,
                exclude_punctuation=True,
            ),
        )
        secret.apply_removal_policy(self._removal)
        accept(secret, "SMG4", "links stand in mails for months: a key is added by hand and the old ones stay valid")
        return secret
