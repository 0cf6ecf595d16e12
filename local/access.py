"""How commands reach an installation: the local one with made-up credentials, one in AWS with the operator's own."""

import os
from typing import Any

import boto3
from botocore.config import Config

from local.places import StateDirectory, read_json
from local.ports import HOST
from local.problems import CommandError

REGION = "eu-west-1"

_FOREIGN = ("AWS_", "HEARBACK_", "CDK_", "MINISTACK_", "LOCALSTACK_", "LAMBDA_")


def endpoint(port: int) -> str:
    """The emulator's address; an IP, so that S3 is addressed by path."""
    return f"http://{HOST}:{port}"


def neutral_environment() -> dict[str, str]:
    """The environment without anything that leads to a real AWS account or changes the emulator."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    for name in ("NO_PROXY", "no_proxy"):
        kept[name] = ",".join(filter(None, [kept.get(name, ""), HOST, "localhost"]))
    return kept


def local_environment(port: int) -> dict[str, str]:
    """The environment for whatever talks to the emulator on a port."""
    return neutral_environment() | {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": endpoint(port),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def enter_local(port: int) -> None:
    """Points this process at the emulator on a port and at nothing else."""
    environment = local_environment(port)
    os.environ.clear()
    os.environ.update(environment)


def stack_of(stage: str | None) -> str:
    """The name of a stage's stack."""
    return f"hearback-{stage or 'local'}"


def contract_of(state: StateDirectory) -> dict[str, Any]:
    """What `hearback.json` says. Raises CommandError when there is no stack."""
    contract = read_json(state.contract)
    if not contract:
        raise CommandError(f"there is no local stack in {state.path}; start it with `hearback local up`")
    return contract


def enter_installation(state: StateDirectory, stage: str | None) -> None:
    """Points this process, and with it `shared.store`, at an installation.

    Without a stage that is the local stack; with one, the stack of that stage in the operator's AWS account.
    """
    if is_local(stage):
        contract = contract_of(state)
        enter_local(int(contract["endpoint_url"].rpartition(":")[2]))
        os.environ["RECORDS_TABLE"] = contract["records_table"]
        os.environ["METRICS_TABLE"] = contract["metrics_table"]
        return
    outputs = stack_outputs(stack_of(stage))
    os.environ["RECORDS_TABLE"] = outputs["RecordsTable"]
    os.environ["METRICS_TABLE"] = outputs["MetricsTable"]


def is_local(stage: str | None) -> bool:
    """Whether a `--stage` option means the local stack."""
    return stage is None or stage == "local"


def client(service: str, config: Config | None = None) -> Any:
    """A client with this process's environment."""
    return boto3.client(service, config=config)  # type: ignore[call-overload]


def stack_outputs(stack: str) -> dict[str, str]:
    """The outputs of a deployed stack. Raises CommandError when there is none."""
    outputs = find_outputs(stack)
    if outputs is None:
        raise CommandError(f"there is no stack {stack} in this account and region; deploy it with `make deploy`")
    return outputs


def find_outputs(stack: str) -> dict[str, str] | None:
    """The outputs of a deployed stack, or None."""
    cloudformation = client("cloudformation")
    try:
        found = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    except cloudformation.exceptions.ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            return None
        raise
    return {output["OutputKey"]: output["OutputValue"] for output in found[0].get("Outputs", [])}
