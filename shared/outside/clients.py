"""The AWS clients: low-level, made when first used, with time-outs that fit a function's life.

botocore's own session is used because importing boto3 around it costs a cold start for nothing.
"""

from functools import cache
from typing import TYPE_CHECKING, Any, cast

from botocore.config import Config
from botocore.session import Session, get_session

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_lambda import LambdaClient
    from types_boto3_s3 import S3Client
    from types_boto3_secretsmanager import SecretsManagerClient
    from types_boto3_ses import SESClient
    from types_boto3_sqs import SQSClient
    from types_boto3_ssm import SSMClient

_CONFIG = Config(
    connect_timeout=2,
    read_timeout=5,
    retries={"mode": "standard", "total_max_attempts": 4},
    parameter_validation=False,
    max_pool_connections=10,
)
# SES has no idempotency token: a repeated call may be a second mail, so nothing here repeats one.
_ONCE = Config(connect_timeout=2, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 1})


@cache
def _session() -> Session:
    return get_session()


def _client(service: str, config: Config) -> Any:
    return _session().create_client(service, config=config)


@cache
def dynamodb() -> "DynamoDBClient":
    """DynamoDB."""
    return cast("DynamoDBClient", _client("dynamodb", _CONFIG))


@cache
def ses() -> "SESClient":
    """SES, without retries."""
    return cast("SESClient", _client("ses", _ONCE))


@cache
def sqs() -> "SQSClient":
    """SQS."""
    return cast("SQSClient", _client("sqs", _CONFIG))


@cache
def s3() -> "S3Client":
    """S3."""
    return cast("S3Client", _client("s3", _CONFIG.merge(Config(signature_version="s3v4"))))


@cache
def secrets() -> "SecretsManagerClient":
    """Secrets Manager."""
    return cast("SecretsManagerClient", _client("secretsmanager", _CONFIG))


@cache
def ssm() -> "SSMClient":
    """Systems Manager's parameters; the local stage alone uses it, for the clock."""
    return cast("SSMClient", _client("ssm", _CONFIG))


@cache
def functions() -> "LambdaClient":
    """Lambda, to start another function."""
    return cast("LambdaClient", _client("lambda", _CONFIG))
