"""What the recording keeps of a call, and which permissions a recorded call stands for."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from local.recording import Witness
from tests.stack.uses import Arns, Use, is_refused, uses_of

ARNS = Arns("eu-west-1")
ROLE = b"AWS4-HMAC-SHA256 Credential=ASIA0123456789ABCDEF/20270105/eu-west-1/%s/aws4_request, SignedHeaders=host"
ROOT = b"AWS4-HMAC-SHA256 Credential=test/20270105/eu-west-1/%s/aws4_request, SignedHeaders=host"


def recorded(
    folder: Path,
    *,
    signed: bytes = b"",
    target: bytes = b"",
    method: str = "POST",
    path: str = "/",
    query: bytes = b"",
    parts: tuple[bytes, ...] = (b"",),
    status: int = 200,
    answer: bytes = b"{}",
) -> list[dict[str, Any]]:
    """The lines that one request leaves, whose body comes in parts."""
    heard: list[bytes] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        heard.extend([(await receive())["body"] for _ in parts])
        await send({"type": "http.response.start", "status": status})
        await send({"type": "http.response.body", "body": answer})

    async def talk() -> list[Any]:
        waiting, sent = list(parts), []

        async def receive() -> Any:
            return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting)}

        async def send(message: Any) -> None:
            sent.append(message)

        headers = [(b"Authorization", signed)] * bool(signed) + [(b"x-amz-target", target)] * bool(target)
        scope = {"type": "http", "method": method, "path": path, "query_string": query, "headers": headers}
        await Witness(application, folder / "calls.jsonl")(scope, receive, send)
        return sent

    sent = asyncio.run(talk())
    assert b"".join(heard) == b"".join(parts)
    assert [message.get("status", message.get("body")) for message in sent] == [status, answer]
    return [json.loads(line) for line in (folder / "calls.jsonl").read_text().splitlines()]


def test_a_transaction_is_kept_with_its_items_and_stands_for_each_of_them(tmp_path: Path) -> None:
    items = [
        {"Put": {"TableName": "records"}},
        {"ConditionCheck": {"TableName": "records"}},
        {"Update": {"TableName": "metrics"}},
        {"Delete": {"TableName": "records"}},
    ]
    body = json.dumps({"TransactItems": items}).encode()
    [call] = recorded(
        tmp_path,
        signed=ROLE % b"dynamodb",
        target=b"DynamoDB_20120810.TransactWriteItems",
        parts=(body[:20], body[20:]),
    )
    assert (call["key"], call["operation"]) == ("ASIA0123456789ABCDEF", "TransactWriteItems")
    records, metrics = ARNS.of("dynamodb", "table/records"), ARNS.of("dynamodb", "table/metrics")
    assert uses_of(call, ARNS) == {
        Use("dynamodb:PutItem", records),
        Use("dynamodb:ConditionCheckItem", records),
        Use("dynamodb:UpdateItem", metrics),
        Use("dynamodb:DeleteItem", records),
    }


def test_a_mail_is_kept_without_its_content(tmp_path: Path) -> None:
    form = b"Action=SendRawEmail&RawMessage.Data=U2VjcmV0"
    [call] = recorded(tmp_path, signed=ROLE % b"ses", parts=(form,))
    assert "U2VjcmV0" not in json.dumps(call)
    assert uses_of(call, ARNS) == {Use("ses:SendRawEmail", "*")}


def test_a_presigned_address_counts_for_the_role_that_signed_it(tmp_path: Path) -> None:
    query = b"X-Amz-Credential=ASIA0123456789ABCDEF%2F20270105%2Feu-west-1%2Fs3%2Faws4_request"
    [call] = recorded(tmp_path, method="GET", path="/bucket/reports/a.html", query=query)
    assert uses_of(call, ARNS) == {Use("s3:GetObject", "arn:aws:s3:::bucket/reports/a.html")}


def test_what_is_not_a_roles_is_not_kept(tmp_path: Path) -> None:
    assert recorded(tmp_path, signed=ROOT % b"dynamodb") == []
    assert recorded(tmp_path) == []


def test_a_refusal_is_told_from_a_condition_that_does_not_hold(tmp_path: Path) -> None:
    call = {"signed": ROLE % b"dynamodb", "target": b"DynamoDB_20120810.PutItem", "status": 400}
    [refused] = recorded(tmp_path, **call, answer=b'{"__type": "AccessDeniedException"}')
    [_, failed] = recorded(tmp_path, **call, answer=b'{"__type": "ConditionalCheckFailedException"}')
    assert (is_refused(refused), is_refused(failed)) == (True, False)


@pytest.mark.parametrize(
    ("call", "uses"),
    [
        (
            {"service": "dynamodb", "operation": "Query", "body": '{"TableName": "records", "IndexName": "due"}'},
            {Use("dynamodb:Query", ARNS.of("dynamodb", "table/records/index/due"))},
        ),
        (
            {
                "service": "dynamodb",
                "operation": "BatchGetItem",
                "body": '{"RequestItems": {"records": {}, "metrics": {}}}',
            },
            {Use("dynamodb:BatchGetItem", ARNS.of("dynamodb", f"table/{name}")) for name in ("records", "metrics")},
        ),
        (
            {
                "service": "sqs",
                "operation": "SendMessageBatch",
                "body": '{"QueueUrl": "http://127.0.0.1:4566/000000000000/prompt"}',
            },
            {Use(f"sqs:{name}", ARNS.of("sqs", "prompt")) for name in ("SendMessage", "SendMessageBatch")},
        ),
        (
            {"service": "lambda", "operation": "", "path": "/2015-03-31/functions/report/invocations", "body": ""},
            {Use("lambda:InvokeFunction", ARNS.of("lambda", "function:report"))},
        ),
    ],
)
def test_a_call_stands_for_its_permissions(call: dict[str, Any], uses: set[Use]) -> None:
    assert uses_of({"path": "/", "method": "POST"} | call, ARNS) == uses


def test_a_call_that_nobody_has_thought_of_is_not_passed_over() -> None:
    with pytest.raises(AssertionError, match="kms Decrypt"):
        uses_of({"service": "kms", "operation": "Decrypt", "path": "/", "method": "POST", "body": ""}, ARNS)
