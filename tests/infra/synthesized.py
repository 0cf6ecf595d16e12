"""A stage of the stack as a template, and questions to it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk.assertions import Template

from infra.bundle import Bundle
from infra.settings import Settings
from infra.stack import HearbackStack

NAMED_BY_TYPE = {
    "AWS::SecretsManager::Secret": "links secret",
    "AWS::SSM::Parameter": "clock",
    "AWS::SES::ConfigurationSet": "configuration set",
}

AWS_ENVIRONMENT = {
    "HEARBACK_ACCOUNT": "123456789012",
    "HEARBACK_REGION": "eu-west-1",
    "HEARBACK_SENDER": "example.com",
    "HEARBACK_ALARM_ADDRESS": "operations@example.com",
}


@dataclass(frozen=True)
class Stage:
    """A synthesized template, asked by type, property and reference."""

    template: Mapping[str, Any]

    def all(self, resource_type: str) -> dict[str, Any]:
        """The properties of every resource of a type, by logical id."""
        return {
            name: resource.get("Properties", {})
            for name, resource in self.template["Resources"].items()
            if resource["Type"] == resource_type
        }

    def resources(self) -> Iterator[tuple[str, str, Any]]:
        """Logical id, type and properties of every resource."""
        for name, resource in self.template["Resources"].items():
            yield name, resource["Type"], resource.get("Properties", {})

    @cached_property
    def functions(self) -> dict[str, Any]:
        """The functions' properties by name: `api`, `follow_up`, …"""
        return {each["Handler"].split(".")[1]: each for each in self.all("AWS::Lambda::Function").values()}

    @cached_property
    def names(self) -> dict[str, str]:
        """What each resource is, by logical id, told from its properties and from what refers to it."""
        known = self._stored() | self._of_functions() | self._failing()
        return known | self._topics() | self._dead_letters(known)

    def _stored(self) -> dict[str, str]:
        tables = self.all("AWS::DynamoDB::Table").items()
        found = {name: "records" if "StreamSpecification" in table else "metrics" for name, table in tables}
        for name, bucket in self.all("AWS::S3::Bucket").items():
            found[name] = "files" if "NotificationConfiguration" in bucket else "bucket"
        for kind, meaning in NAMED_BY_TYPE.items():
            found |= dict.fromkeys(self.all(kind), meaning)
        return found

    def _of_functions(self) -> dict[str, str]:
        found = {}
        for name, function in self.all("AWS::Lambda::Function").items():
            found[name] = function["Handler"].split(".")[1]
            found[function["Role"]["Fn::GetAtt"][0]] = f"role of {found[name]}"
            found[function["LoggingConfig"]["LogGroup"]["Ref"]] = f"log of {found[name]}"
            for variable, value in function["Environment"]["Variables"].items():
                if variable.endswith("_QUEUE"):
                    found[value["Ref"]] = variable.removesuffix("_QUEUE").lower().replace("_", " ")
        for mapping in self.all("AWS::Lambda::EventSourceMapping").values():
            found.setdefault(mapping["EventSourceArn"]["Fn::GetAtt"][0], found[mapping["FunctionName"]["Ref"]])
        return {name: meaning for name, meaning in found.items() if name not in self.all("AWS::DynamoDB::Table")}

    def _failing(self) -> dict[str, str]:
        found = {}
        for mapping in self.all("AWS::Lambda::EventSourceMapping").values():
            for target in mapping.get("DestinationConfig", {}).values():
                found[target["Destination"]["Fn::GetAtt"][0]] = "streams failed"
        for invoke in self.all("AWS::Lambda::EventInvokeConfig").values():
            found[invoke["DestinationConfig"]["OnFailure"]["Destination"]["Fn::GetAtt"][0]] = "invocations failed"
        for schedule in self.all("AWS::Scheduler::Schedule").values():
            found[schedule["Target"]["DeadLetterConfig"]["Arn"]["Fn::GetAtt"][0]] = "schedules failed"
        return found

    def _topics(self) -> dict[str, str]:
        meanings = {"sqs": "events topic", "email": "alarms topic"}
        subscriptions = self.all("AWS::SNS::Subscription").values()
        return {each["TopicArn"]["Ref"]: meanings[each["Protocol"]] for each in subscriptions}

    def _dead_letters(self, known: Mapping[str, str]) -> dict[str, str]:
        found = {}
        for name, queue in self.all("AWS::SQS::Queue").items():
            if target := queue.get("RedrivePolicy"):
                found[target["deadLetterTargetArn"]["Fn::GetAtt"][0]] = f"{known[name]} failed"
        for each in self.all("AWS::SNS::Subscription").values():
            if target := each.get("RedrivePolicy"):
                found[target["deadLetterTargetArn"]["Fn::GetAtt"][0]] = "events failed"
        return found

    def name_of(self, value: Any) -> str:
        """A resource in a policy: `records`, `records/index/due`, `records stream`, or its text as it is."""
        match value:
            case str():
                return value
            case {"Ref": target}:
                return self.names.get(target, target)
            case {"Fn::GetAtt": [target, "StreamArn"]}:
                return f"{self.names[target]} stream"
            case {"Fn::GetAtt": [target, *_]}:
                return self.names.get(target, target)
            case {"Fn::Join": [_, parts]}:
                return "".join(self.name_of(part) for part in parts)
        raise AssertionError(f"a policy names {value}")

    def grants(self, role: str) -> dict[str, set[str]]:
        """What a function's role may do, by resource."""
        found: dict[str, set[str]] = {}
        for policy in self.all("AWS::IAM::Policy").values():
            if f"role of {role}" in [self.name_of(each) for each in policy["Roles"]]:
                for statement in policy["PolicyDocument"]["Statement"]:
                    for resource in listed(statement["Resource"]):
                        found.setdefault(self.name_of(resource), set()).update(listed(statement["Action"]))
        return found


def listed(value: Any) -> list[Any]:
    """What CloudFormation writes as one or as several."""
    return value if isinstance(value, list) else [value]


def synthesize(settings: Settings, folder: Path) -> Stage:
    """The template of a stage, from an empty bundle."""
    bundle = Bundle(layer=folder, layer_hash="1" * 64, code=folder, code_hash="2" * 64)
    stack = HearbackStack(cdk.App(tree_metadata=False), settings=settings, bundle=bundle)
    return Stage(Template.from_stack(stack).to_json())
