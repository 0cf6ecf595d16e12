"""What all tests share: a closed network, the functions' settings, forgotten caches, and two kinds of AWS.

`world` is an installation in memory, fast and strict, into which faults can be put; `aws` is moto, a second opinion.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_socket
from botocore.session import get_session
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from shared.outside import clients, clock
from shared.store import table
from tests.fakes.caches import forget
from tests.fakes.dynamodb import INDEXES
from tests.fakes.world import World

SETTINGS = {
    "RECORDS_TABLE": "records",
    "METRICS_TABLE": "metrics",
    "STAGE": "test",
    "LOG_LEVEL": "INFO",
    "PROMPT_QUEUE": "https://sqs.example.com/prompt",
    "BULK_QUEUE": "https://sqs.example.com/bulk",
    "SCORE_PARKED_QUEUE": "https://sqs.example.com/score-parked",
    "FOLLOW_UP_PARKED_QUEUE": "https://sqs.example.com/follow-up-parked",
    "LINKS_SECRET": "links",
    "SURVEYS_URL": "https://surveys.example.com",
    "CONFIGURATION_SET": "hearback",
    "REPORTS_BUCKET": "hearback-reports",
    "REPORT_FUNCTION": "report",
    "TRANSFERS_BUCKET": "hearback-transfers",
    "TRANSFER_QUEUE": "https://sqs.example.com/transfer",
    "POWERTOOLS_SERVICE_NAME": "test",
    "POWERTOOLS_METRICS_NAMESPACE": "Hearback",
    "POWERTOOLS_DEV": "false",
}
"""What the stack sets for its functions, which read it when they are imported."""

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}

LOOPBACK = ("stack", "browser", "unit/local")
"""Directories whose tests may speak to this machine; the others open no socket at all."""

for _name, _value in SETTINGS.items():
    os.environ.setdefault(_name, _value)

hypothesis_settings.register_profile(
    "hearback",
    derandomize="HEARBACK_SOAK" not in os.environ,  # a soak looks at other examples each time
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)
hypothesis_settings.load_profile("hearback")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Closes the network, or leaves this machine's own address, by the test's directory."""
    folder = item.path.relative_to(Path(__file__).parent).parent.as_posix()
    if any(folder == open_one or folder.startswith(f"{open_one}/") for open_one in LOOPBACK):
        pytest_socket.socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)
    else:
        pytest_socket.disable_socket(allow_unix_socket=True)


@pytest.fixture
def fresh() -> Iterator[None]:
    """A function that has just started, before and after the test."""
    forget()
    yield
    forget()


@pytest.fixture
def world(make_world: Callable[[], World]) -> World:
    """An empty installation in memory; its clock stands until a test moves `world.now`."""
    return make_world()


@pytest.fixture
def make_world(monkeypatch: pytest.MonkeyPatch, fresh: None) -> Callable[[], World]:
    """Makes an installation in memory; the one made last is the one that is acted in."""

    def make() -> World:
        forget()
        return _enter(World(), monkeypatch)

    return make


def _enter(one: World, monkeypatch: pytest.MonkeyPatch) -> World:
    for service in ("dynamodb", "ses", "sqs", "s3", "secrets", "functions"):
        monkeypatch.setattr(clients, service, lambda service=service: getattr(one, service))
    monkeypatch.setattr(clock, "now", lambda: one.now)
    monkeypatch.setattr(clock, "exact", lambda: one.exact)
    monkeypatch.setattr(clock, "wait_until", one.wait_until)
    monkeypatch.setattr(table.time, "sleep", lambda seconds: None)
    return one


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Moto with the stack's tables, queues, bucket, link secret and sender."""
    from moto import mock_aws  # noqa: PLC0415  # slow to load, and most tests do without

    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    forget()
    with mock_aws():
        session = get_session()
        _make(session)
        for name in ("PROMPT_QUEUE", "BULK_QUEUE", "SCORE_PARKED_QUEUE", "FOLLOW_UP_PARKED_QUEUE"):
            made = session.create_client("sqs").create_queue(QueueName=name.lower().replace("_", "-"))
            monkeypatch.setenv(name, made["QueueUrl"])
        yield session
    forget()


def _make(session: Any) -> None:
    dynamodb = session.create_client("dynamodb")
    names = {"pk", "sk"} | {name for index in INDEXES.values() for name in index[:2]}
    dynamodb.create_table(
        TableName="records",
        KeySchema=_schema("pk", "sk"),
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in sorted(names)],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        GlobalSecondaryIndexes=[
            {
                "IndexName": name,
                "KeySchema": _schema(pk, sk),
                "Projection": {"ProjectionType": "ALL" if whole else "KEYS_ONLY"},
            }
            for name, (pk, sk, whole) in INDEXES.items()
        ],
    )
    dynamodb.create_table(
        TableName="metrics",
        KeySchema=_schema("pk", "sk"),
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        BillingMode="PAY_PER_REQUEST",
    )
    session.create_client("s3").create_bucket(Bucket="hearback-reports")
    session.create_client("secretsmanager").create_secret(Name="links", SecretString='{"k1": "a secret"}')
    session.create_client("ses").verify_email_identity(EmailAddress="survey@acme.example.com")


def _schema(pk: str, sk: str) -> list[dict[str, str]]:
    return [{"AttributeName": pk, "KeyType": "HASH"}, {"AttributeName": sk, "KeyType": "RANGE"}]
