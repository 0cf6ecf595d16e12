"""What a recorded request used of a role's permissions, and what the roles of a deployed stack permit."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

REFUSED = ("AccessDenied", "not authorized", "UnrecognizedClient", "InvalidClientTokenId", "SignatureDoesNotMatch")
# IAM knows no transaction: each of its items is the single-item action that it does.
TRANSACTION_ITEMS = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
    "Get": "GetItem",
}
ITEM_BATCHES = ("BatchGetItem", "BatchWriteItem")


@dataclass(frozen=True, order=True, slots=True)
class Use:
    """An action on a resource, as IAM names them."""

    action: str
    resource: str


@dataclass(frozen=True, order=True, slots=True)
class Grant:
    """What a function's role permits; the resource may hold wildcards."""

    function: str
    action: str
    resource: str

    def covers(self, use: Use) -> bool:
        return self.action == use.action and fnmatchcase(use.resource, self.resource)


@dataclass(frozen=True, slots=True)
class Arns:
    """The names of resources in one account and region."""

    region: str
    account: str = "000000000000"

    def of(self, service: str, name: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.account}:{name}"

    def queue(self, url: str) -> str:
        return self.of("sqs", urlsplit(url).path.rpartition("/")[2])


def uses_of(request: dict[str, Any], arns: Arns) -> set[Use]:
    """What one request needed permission for."""
    operation, service = request["operation"], request["service"]
    body = json.loads(request["body"] or "{}")
    if not body and service == "dynamodb":
        # A worker that was killed sent no more than the beginning.
        return set()
    match service:
        case "dynamodb":
            return {Use(f"dynamodb:{action}", arns.of("dynamodb", name)) for action, name in _items(operation, body)}
        case "sqs":
            # In AWS the permission to send covers batches; the emulator asks for one of that name too.
            actions = {operation, operation.removesuffix("Batch")}
            return {Use(f"sqs:{action}", arns.queue(body["QueueUrl"])) for action in actions}
        case "secretsmanager":
            return {Use(f"secretsmanager:{operation}", body["SecretId"])}
        case "ssm":
            return {Use(f"ssm:{operation}", arns.of("ssm", "parameter" + body["Name"]))}
        case "ses" | "email":
            return {Use(f"ses:{operation}", "*")}
        case "s3":
            verb = {"GET": "GetObject", "HEAD": "GetObject", "PUT": "PutObject", "DELETE": "DeleteObject"}[
                request["method"]
            ]
            return {Use(f"s3:{verb}", "arn:aws:s3:::" + request["path"].lstrip("/"))}
        case "lambda" if request["path"].endswith("/invocations"):
            name = request["path"].split("/")[-2]
            return {Use("lambda:InvokeFunction", arns.of("lambda", f"function:{name}"))}
    raise AssertionError(f"nobody has said yet which permission this needs: {service} {operation} {request['path']}")


def _items(operation: str, body: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if operation.startswith("Transact"):
        for item in body["TransactItems"]:
            [(what, detail)] = item.items()
            yield TRANSACTION_ITEMS[what], f"table/{detail['TableName']}"
    elif operation in ITEM_BATCHES:
        for table in body["RequestItems"]:
            yield operation, f"table/{table}"
    else:
        index = f"/index/{body['IndexName']}" if "IndexName" in body else ""
        yield operation, f"table/{body['TableName']}{index}"


def key_of(function_arn: str, role_arn: str) -> str:
    """The access key under which the emulator runs a function with its role."""
    return "ASIA" + hashlib.sha256(f"{function_arn}:{role_arn}".encode()).hexdigest()[:16].upper()


def recorded(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def is_refused(request: dict[str, Any]) -> bool:
    return request["status"] == 403 or any(word in request["error"] for word in REFUSED)


def grants_of(iam: Any, function: str, role: str) -> Iterator[Grant]:
    """Everything that a role permits."""
    assert not iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        for statement in iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]["Statement"]:
            assert statement["Effect"] == "Allow"
            for action in _listed(statement["Action"]):
                for resource in _listed(statement["Resource"]):
                    yield Grant(function, action, resource)


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]
