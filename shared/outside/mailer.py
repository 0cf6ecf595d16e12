"""SES: one call, whose outcome is one of four, told apart by what SES answered."""

from dataclasses import dataclass
from enum import StrEnum

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
)

from shared.domain.pace import Quota
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
    """The outcome with SES's message id, or the reason.

    `throttled`: the call came too early; `daily`: the day's quota is used up; `account_wide`: SES takes no mail at all.
    """

    outcome: Outcome
    message_id: str = ""
    reason: str = ""
    throttled: bool = False
    daily: bool = False
    account_wide: bool = False


_REFUSED = frozenset({"MessageRejected", "InvalidParameterValue", "ValidationError"})
# SES also rejects messages in these words; taken as a rejection, every survey of the account would be cancelled.
_STOPPED_WORDS = ("sending paused", "sending suspended", "sending is paused", "sending is suspended")
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
        return _refusal(error, sender)
    except BotoCoreError as error:
        return Result(Outcome.UNKNOWN, reason=type(error).__name__)
    return Result(Outcome.ACCEPTED, message_id=answer["MessageId"])


def quota() -> Quota:
    """What SES grants this account now."""
    answer = clients.ses().get_send_quota()
    return Quota(float(answer["MaxSendRate"]), float(answer["Max24HourSend"]), float(answer["SentLast24Hours"]))


def _refusal(error: ClientError, sender: str) -> Result:
    """What SES's refusal means.

    Only what speaks of this one mail ends it: a fault of the sender, of our credentials or of anything unknown would
    otherwise cancel every survey that is due.
    """
    code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "").lower()
    daily = "daily" in message
    if code in _THROTTLED:
        return Result(Outcome.LATER, reason=code, daily=daily, throttled=not daily)
    if error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
        return Result(Outcome.UNKNOWN, reason=code)
    unverified = "not verified" in message and sender.lower().rpartition("@")[2] in message
    if code not in _REFUSED or message.startswith(_STOPPED_WORDS) or unverified:
        return Result(Outcome.LATER, reason=code, account_wide=True)
    return Result(Outcome.REFUSED, reason=code)
