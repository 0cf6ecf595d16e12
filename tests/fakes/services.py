"""The other AWS services as the functions use them: SES, SQS, S3, Secrets Manager and Lambda."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from io import BytesIO
from typing import Any

from botocore.exceptions import ClientError

from tests.fakes.dynamodb import fail_after, fail_before, refusal

LINK_SECRETS = {"k1": "an old secret of this test", "k2": "the current secret of this test"}


@dataclass(frozen=True, slots=True)
class SentMail:
    """A mail that SES took."""

    message_id: str
    sender: str
    recipient: str
    tags: dict[str, str]
    message: EmailMessage
    raw: bytes

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
        self.sent.append(SentMail(name, call["Source"], recipient, tags, message, call["RawMessage"]["Data"]))
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
    """S3. `fail` holds what the next calls raise; `fault` is asked before each call for one of DynamoDB's faults."""

    objects: dict[str, bytes] = field(default_factory=dict)
    uploads: dict[str, tuple[str, dict[int, bytes]]] = field(default_factory=dict)
    fail: list[BaseException] = field(default_factory=list)
    fault: Callable[[str], str | None] | None = None
    least_part: int = 5 << 20

    def put_object(self, *, Key: str, Body: bytes, **_: Any) -> dict[str, Any]:  # noqa: N803
        """PutObject."""

        def put() -> dict[str, Any]:
            self.objects[Key] = Body
            return {"ETag": _tag(Body)}

        return self._run("put_object", put)

    def get_object(self, *, Key: str, **more: Any) -> dict[str, Any]:  # noqa: N803
        """GetObject, whole or a range of bytes, perhaps of one version only."""

        def get() -> dict[str, Any]:
            if Key not in self.objects:
                raise refusal("NoSuchKey", "The specified key does not exist.", "GetObject")
            body = self.objects[Key]
            if more.get("IfMatch") not in {None, _tag(body)}:
                raise refusal("PreconditionFailed", "At least one of the pre-conditions did not hold", "GetObject")
            if "Range" in more:
                first, _, last = more["Range"].removeprefix("bytes=").partition("-")
                if int(first) >= len(body):
                    raise refusal("InvalidRange", "The requested range is not satisfiable", "GetObject")
                body = body[int(first) : int(last) + 1]
            return {"Body": BytesIO(body)}

        return self._run("get_object", get)

    def head_object(self, *, Key: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        """HeadObject."""

        def head() -> dict[str, Any]:
            if Key not in self.objects:
                raise refusal("404", "Not Found", "HeadObject")
            return {"ETag": _tag(self.objects[Key]), "ContentLength": len(self.objects[Key])}

        return self._run("head_object", head)

    def delete_object(self, *, Key: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        """DeleteObject, which minds no missing one."""
        return self._run("delete_object", lambda: {"was": self.objects.pop(Key, None)})

    def create_multipart_upload(self, *, Key: str, **_: Any) -> dict[str, str]:  # noqa: N803
        """CreateMultipartUpload."""

        def create() -> dict[str, str]:
            name = f"upload-{len(self.uploads) + 1}"
            self.uploads[name] = (Key, {})
            return {"UploadId": name}

        return self._run("create_multipart_upload", create)

    def upload_part(self, *, UploadId: str, PartNumber: int, Body: bytes, **_: Any) -> dict[str, str]:  # noqa: N803
        """UploadPart."""

        def put() -> dict[str, str]:
            self._parts(UploadId, "UploadPart")[PartNumber] = Body
            return {"ETag": _tag(Body)}

        return self._run("upload_part", put)

    def complete_multipart_upload(self, *, Key: str, UploadId: str, MultipartUpload: Any, **_: Any) -> dict[str, str]:  # noqa: N803
        """CompleteMultipartUpload: the parts named, in order, none but the last too small."""

        def complete() -> dict[str, str]:
            parts = self._parts(UploadId, "CompleteMultipartUpload")
            wanted = [(one["PartNumber"], one["ETag"]) for one in MultipartUpload["Parts"]]
            assert wanted == [(number, _tag(parts.get(number, b""))) for number, _ in wanted]
            bodies = [parts[number] for number, _ in wanted]
            if any(len(body) < self.least_part for body in bodies[:-1]):
                raise refusal("EntityTooSmall", "A part is too small", "CompleteMultipartUpload")
            self.objects[Key] = b"".join(bodies)
            del self.uploads[UploadId]
            return {}

        return self._run("complete_multipart_upload", complete)

    def _parts(self, upload: str, operation: str) -> dict[int, bytes]:
        if upload not in self.uploads:
            raise refusal("NoSuchUpload", "The specified multipart upload does not exist.", operation)
        return self.uploads[upload][1]

    def _run(self, operation: str, work: Callable[[], dict[str, Any]]) -> Any:
        if self.fail:
            raise self.fail.pop(0)
        fault = self.fault(operation) if self.fault else None
        fail_before(fault or "", operation, None)
        answer = work()
        fail_after(fault or "", "https://s3.example.com")
        return answer

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


def _tag(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def ses_refusal(code: str, message: str = "", status: int = 400) -> ClientError:
    """What the client raises when SES refuses a mail."""
    error = refusal(code, message, "SendRawEmail")
    error.response["ResponseMetadata"]["HTTPStatusCode"] = status
    return error
