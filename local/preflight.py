"""`hearback preflight`: whether an AWS account is ready for a stage, before anything is deployed to it."""

import os
from collections.abc import Iterator, Mapping
from functools import partial

from local import access
from local.doctor import sending
from local.findings import Finding, Level, looked, note, ok, told, wrong
from local.problems import CommandError

BOOTSTRAP_STACK = "CDKToolkit"
BOOTSTRAP_VERSION = "/cdk-bootstrap/hnb659fds/version"
OLDEST_BOOTSTRAP = 6
SMALL_CONCURRENCY = 100


def run(stage: str) -> int:
    """Looks, one line each; returns 1 and names what is missing when the stage cannot be deployed."""
    return told(examine(stage, os.environ))


def examine(stage: str, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Everything that is found; without credentials or settings, nothing else is looked at."""
    account = ""
    for one in looked("credentials", _credentials):
        yield one
        if one.level is Level.WRONG:
            return
        account = one.says.partition(" ")[0]
    settings = _settings(stage, dict(environment) | {"CDK_DEFAULT_ACCOUNT": account})
    os.environ["AWS_DEFAULT_REGION"] = os.environ["AWS_REGION"] = settings["region"]
    if settings["account"] != account:
        says = f"the stage {stage} belongs to {settings['account']}, the credentials to {account}"
        yield wrong("account", says, "Take the credentials of the stage's account")
        return
    yield ok("account", f"{account}, {settings['region']}")
    yield from looked("bootstrap", partial(_bootstrap, stage))
    yield from looked("SES", _ses)
    yield from looked("sender", partial(_sender, stage, settings["sender"], settings["sender_exists"] == "true"))
    yield from looked("concurrency", _concurrency)


def _settings(stage: str, environment: dict[str, str]) -> dict[str, str]:
    """What the stage's file says. Raises CommandError when it says too little."""
    # Loaded only here: every other command does without the infrastructure.
    from infra.settings import Settings, SettingsError  # noqa: PLC0415

    if region := os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"):
        environment.setdefault("CDK_DEFAULT_REGION", region)
    try:
        settings = Settings.read(stage, environment)
    except SettingsError as error:
        raise CommandError(str(error)) from error
    return {
        "account": settings.account,
        "region": settings.region,
        "sender": settings.sender,
        "sender_exists": str(settings.sender_exists).lower(),
    }


def _credentials() -> Iterator[Finding]:
    caller = access.client("sts").get_caller_identity()
    yield ok("credentials", f"{caller['Account']} as {caller['Arn'].rpartition(':')[2]}")


def _bootstrap(stage: str) -> Iterator[Finding]:
    ssm = access.client("ssm")
    try:
        version = int(ssm.get_parameter(Name=BOOTSTRAP_VERSION)["Parameter"]["Value"])
    except ssm.exceptions.ParameterNotFound:
        says = "the account and region are not bootstrapped for the CDK"
        yield wrong("bootstrap", says, f"Once: make bootstrap STAGE={stage}")
        return
    if version < OLDEST_BOOTSTRAP:
        says = f"version {version}; the CDK needs {OLDEST_BOOTSTRAP}"
        yield wrong("bootstrap", says, f"Renew it: make bootstrap STAGE={stage}")
    else:
        yield ok("bootstrap", f"version {version}")


def _ses() -> Iterator[Finding]:
    yield from sending(access.client("sesv2").get_account())


def _sender(stage: str, sender: str, must_exist: bool) -> Iterator[Finding]:
    ses = access.client("sesv2")
    try:
        verified = ses.get_email_identity(EmailIdentity=sender)["VerifiedForSendingStatus"]
    except ses.exceptions.NotFoundException:
        if must_exist:
            yield wrong("sender", f"SES does not know {sender}", "Verify it, or set sender_exists = false")
        else:
            yield ok("sender", f"{sender} will be made; then put the outputs Dkim1 to Dkim3 into DNS")
        return
    if not must_exist and access.find_outputs(f"hearback-{stage}") is None:
        yield wrong("sender", f"{sender} is in SES already", "Set sender_exists = true")
    elif verified:
        yield ok("sender", f"{sender} is verified")
    else:
        yield note("sender", f"{sender} is not verified: no mail goes out", "Put its DKIM records into DNS")


def _concurrency() -> Iterator[Finding]:
    most = access.client("lambda").get_account_settings()["AccountLimit"]["ConcurrentExecutions"]
    if most < SMALL_CONCURRENCY:
        says = f"{most} functions at once in the whole account: pages may be refused while mail goes out"
        yield note("concurrency", says, "Ask for 1,000 in Service Quotas (Lambda, concurrent executions)")
    else:
        yield ok("concurrency", f"{most} functions at once")
