"""The other AWS services as the functions use them: SES, SQS, S3, Secrets Manager and Lambda."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from io import BytesIO
from typing import Any

from botocore.exceptions import ClientError

from tests.fakes.dynamodb import refusal

LINK_SECRETS = {"k1": "an old secret of this test", "k2": "the current secret of this test"}


@dataclass(frozen=True, slots=True)
class SentMail:
    """A mail that SES took."""

    message_id: str
    sender: str
    recipient: str
    tags: dict[str, str]
    message: EmailMessage

    def part(self, kind: str) -> str:
        """The text of its `plain` or `html` part."""
        body = self.message.get_body((kind,))
        assert body is not None
        return str(body.get_content())


@dataclass(slots=True)
class FakeSes:
    """SES. `answers` holds what the next calls do: an exception to raise, "lost" (taken, no answer), None (taken)."""

    sent: list[SentMail] = field(default_factory=list)
    answers: list[BaseException | str | None] = field(default_factory=list)
    before: Callable[[], None] | None = None
    calls: int = 0
    max_send_rate: float = 14.0
    a_day: float = 50_000.0
    sent_today: float = 0.0

    def send_raw_email(self, **call: Any) -> dict[str, str]:
        """SendRawEmail."""
        self.calls += 1
        if self.before:
            self.before()
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, BaseException) and not getattr(answer, "taken", False):
            raise answer
        tags = {tag["Name"]: tag["Value"] for tag in call["Tags"]}
        message = message_from_bytes(call["RawMessage"]["Data"], policy=policy.default)
        assert isinstance(message, EmailMessage)
        (recipient,) = call["Destinations"]
        name = f"0100-{self.calls:04d}"
        self.sent.append(SentMail(name, call["Source"], recipient, tags, message))
        if isinstance(answer, BaseException):
            raise answer
        return {"MessageId": name}

    def get_send_quota(self) -> dict[str, float]:
        """GetSendQuota."""
        return {"MaxSendRate": self.max_send_rate, "Max24HourSend": self.a_day, "SentLast24Hours": self.sent_today}


@dataclass(slots=True)
class FakeSqs:
    """SQS. `refuse` makes it take none of the next call's messages; `fail` raises."""

    queues: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    refuse: bool = False
    fail: BaseException | None = None

    def send_message_batch(self, QueueUrl: str, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803
        """SendMessageBatch."""
        assert 0 < len(Entries) <= 10
        if self.fail:
            failure, self.fail = self.fail, None
            raise failure
        if self.refuse:
            self.refuse = False
            return {"Failed": [{"Id": one["Id"], "Code": "InternalError"} for one in Entries]}
        self.queues.setdefault(QueueUrl, []).extend(json.loads(one["MessageBody"]) for one in Entries)
        return {"Successful": []}

    def get_queue_attributes(self, QueueUrl: str, AttributeNames: list[str]) -> dict[str, Any]:  # noqa: N803
        """GetQueueAttributes, of how many messages there are; nobody has any in hand."""
        held = dict.fromkeys(AttributeNames, "0")
        return {"Attributes": held | {"ApproximateNumberOfMessages": str(len(self.queues.get(QueueUrl, [])))}}

    def take(self, url: str) -> list[dict[str, Any]]:
        """The messages of a queue, which is empty afterwards."""
        return self.queues.pop(url, [])


@dataclass(slots=True)
class FakeS3:
    """S3."""

    objects: dict[str, bytes] = field(default_factory=dict)
    fail: list[BaseException] = field(default_factory=list)

    def put_object(self, *, Key: str, Body: bytes, **_: Any) -> dict[str, Any]:  # noqa: N803
        """PutObject."""
        if self.fail:
            raise self.fail.pop(0)
        self.objects[Key] = Body
        return {}

    def get_object(self, *, Key: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        """GetObject."""
        if self.fail:
            raise self.fail.pop(0)
        if Key not in self.objects:
            raise refusal("NoSuchKey", "The specified key does not exist.", "GetObject")
        return {"Body": BytesIO(self.objects[Key])}

    def generate_presigned_url(self, operation: str, Params: dict[str, str], ExpiresIn: int) -> str:  # noqa: N803
        """A presigned address, without a signature."""
        return f"https://s3.example.com/{Params['Bucket']}/{Params['Key']}?expires={ExpiresIn}&for={operation}"


@dataclass(slots=True)
class FakeSecrets:
    """Secrets Manager with the link secrets."""

    fail: list[BaseException] = field(default_factory=list)

    def get_secret_value(self, **_: Any) -> dict[str, str]:
        """GetSecretValue."""
        if self.fail:
            raise self.fail.pop(0)
        return {"SecretString": json.dumps(LINK_SECRETS)}


@dataclass(slots=True)
class FakeFunctions:
    """Lambda; it notes who was started."""

    invoked: list[dict[str, Any]] = field(default_factory=list)

    def invoke(self, **call: Any) -> dict[str, int]:
        """Invoke."""
        self.invoked.append(call)
        return {"StatusCode": 202}


def ses_refusal(code: str, message: str = "", status: int = 400) -> ClientError:
    """What the client raises when SES refuses a mail."""
    error = refusal(code, message, "SendRawEmail")
    error.response["ResponseMetadata"]["HTTPStatusCode"] = status
    return error
