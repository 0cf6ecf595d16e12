"""SES: one call, whose outcome is one of four, told apart by what SES answered."""

from dataclasses import dataclass
from enum import StrEnum

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
)

from shared.outside import clients
from shared.outside.settings import setting


class Outcome(StrEnum):
    """What is known after a call to SES."""

    ACCEPTED = "accepted"
    LATER = "later"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome with SES's message id, or the reason. `account_wide` faults stop every mail, not this one."""

    outcome: Outcome
    message_id: str = ""
    reason: str = ""
    daily: bool = False
    account_wide: bool = False


_REFUSED = frozenset(
    {"MessageRejected", "MailFromDomainNotVerifiedException", "InvalidParameterValue", "ValidationError"}
)
_STOPPED = frozenset(
    {
        "AccountSendingPausedException",
        "ConfigurationSetSendingPausedException",
        "ConfigurationSetDoesNotExist",
        "AccessDenied",
        "AccessDeniedException",
    }
)
_THROTTLED = frozenset({"Throttling", "ThrottlingException", "TooManyRequestsException", "LimitExceededException"})


def send(*, sender: str, recipient: str, raw: bytes, tags: dict[str, str]) -> Result:
    """One SendRawEmail without any retry: SES has no idempotency token, so a repeated call may be a second mail."""
    try:
        answer = clients.ses().send_raw_email(
            Source=sender,
            Destinations=[recipient],
            RawMessage={"Data": raw},
            ConfigurationSetName=setting("CONFIGURATION_SET"),
            Tags=[{"Name": name, "Value": value} for name, value in tags.items()],
        )
    except (EndpointConnectionError, ConnectTimeoutError) as error:
        return Result(Outcome.LATER, reason=type(error).__name__)
    except ClientError as error:
        return _refusal(error)
    except BotoCoreError as error:
        return Result(Outcome.UNKNOWN, reason=type(error).__name__)
    return Result(Outcome.ACCEPTED, message_id=answer["MessageId"])


def rate() -> float:
    """How many mails a second SES takes from this account now."""
    return float(clients.ses().get_send_quota()["MaxSendRate"])


def _refusal(error: ClientError) -> Result:
    code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
    if code in _THROTTLED:
        return Result(Outcome.LATER, reason=code, daily="daily" in message.lower())
    if code in _STOPPED:
        return Result(Outcome.LATER, reason=code, daily=True, account_wide=True)
    if code in _REFUSED:
        return Result(Outcome.REFUSED, reason=code)
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    return Result(Outcome.UNKNOWN if status >= 500 else Outcome.REFUSED, reason=code)
