"""Each role permits what its function does and nothing more.

These tests run last: they hold what all others made the functions ask of AWS against the deployed policies. It was
recorded by the stack itself, which enforces IAM.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.stack.conftest import Stack
from tests.stack.uses import Arns, Grant, Use, grants_of, is_refused, key_of, recorded, uses_of

pytestmark = pytest.mark.stack

# What Lambda does with a function's role, outside of any call that the function makes; the emulator does it by itself.
DONE_BY_LAMBDA = {
    "logs:CreateLogStream": "Lambda writes the function's log",
    "logs:PutLogEvents": "Lambda writes the function's log",
    "sqs:ReceiveMessage": "Lambda polls the queue",
    "sqs:DeleteMessage": "Lambda polls the queue",
    "sqs:GetQueueAttributes": "Lambda polls the queue",
    "dynamodb:DescribeStream": "Lambda reads the stream",
    "dynamodb:GetRecords": "Lambda reads the stream",
    "dynamodb:GetShardIterator": "Lambda reads the stream",
    "dynamodb:ListStreams": "Lambda reads the stream",
}
# Why a resource is named by a pattern: by action.
WILDCARDS = {
    "logs:CreateLogStream": "a log group's ARN ends in `:*`, which are its streams",
    "logs:PutLogEvents": "a log group's ARN ends in `:*`, which are its streams",
    "ses:GetSendQuota": "SES has no resource for an account's quota",
    "ses:SendRawEmail": "the emulator knows no ARN of SES; on AWS the grant names identity and configuration set",
    "s3:GetObject": "each report and each import is a few files of its own, in folders of their kind",
    "s3:PutObject": "each report and each import is a few files of its own, in folders of their kind",
    "s3:DeleteObject": "each import is a few files of its own, in folders of their kind",
}


@dataclass(frozen=True, slots=True)
class Roles:
    """The functions' roles as deployed, and the calls made with them."""

    functions: dict[str, str]
    grants: list[Grant]
    destinations: set[Grant]
    calls: list[dict[str, Any]]
    arns: Arns

    def uses(self) -> dict[str, set[Use]]:
        """What each function used: nothing counts that was refused."""
        found: dict[str, set[Use]] = {name: set() for name in self.functions.values()}
        for call in self.calls:
            if not is_refused(call):
                found[self.functions[call["key"]]] |= uses_of(call, self.arns)
        return found


@pytest.fixture(scope="module")
def roles(stack: Stack, request: pytest.FixtureRequest) -> Roles:
    ran = {item.path.name for item in request.session.items}
    if left_out := {path.name for path in Path(__file__).parent.glob("test_*.py")} - ran:
        pytest.skip(f"this session leaves out {', '.join(sorted(left_out))}")
    functions, iam = stack.client("lambda"), stack.client("iam")
    keys, grants, destinations = {}, [], set()
    for function in functions.list_functions()["Functions"]:
        name = function["FunctionName"].removeprefix("hearback-local-")
        keys[key_of(function["FunctionArn"], function["Role"])] = name
        grants += grants_of(iam, name, function["Role"].rpartition("/")[2])
        destinations |= {Grant(name, "sqs:SendMessage", arn) for arn in _destinations(functions, function)}
    return Roles(keys, grants, destinations, recorded(stack.calls), Arns(stack.contract["region"]))


def test_every_call_was_permitted_and_of_a_known_function(roles: Roles) -> None:
    assert roles.calls
    assert {call["key"] for call in roles.calls} <= set(roles.functions)
    assert [(roles.functions[call["key"]], call["operation"]) for call in roles.calls if is_refused(call)] == []
    assert {name for name, used in roles.uses().items() if not used} == set()


def test_every_grant_was_used(roles: Roles) -> None:
    used = roles.uses()
    unused = [
        grant
        for grant in roles.grants
        if grant.action not in DONE_BY_LAMBDA
        and grant not in roles.destinations
        and not any(grant.covers(use) for use in used[grant.function])
    ]
    assert sorted(unused) == []


def test_every_call_is_read_as_something_that_was_granted(roles: Roles) -> None:
    # The emulator permitted all of them: one that no grant covers was read wrongly from its recording.
    misread = [
        (name, use)
        for name, uses in roles.uses().items()
        for use in uses
        if not any(grant.function == name and grant.covers(use) for grant in roles.grants)
    ]
    assert misread == []


def test_no_grant_has_a_wildcard_without_a_reason(roles: Roles) -> None:
    assert [grant for grant in roles.grants if "*" in grant.action] == []
    assert {grant.action for grant in roles.grants if "*" in grant.resource} <= set(WILDCARDS)


def _destinations(functions: Any, function: dict[str, Any]) -> Iterator[str]:
    """Where Lambda, with the function's role, puts what failed for good."""
    mappings = functions.list_event_source_mappings(FunctionName=function["FunctionName"])["EventSourceMappings"]
    configs = functions.list_function_event_invoke_configs(FunctionName=function["FunctionName"])
    for each in mappings + configs["FunctionEventInvokeConfigs"]:
        if target := each.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination"):
            yield target
