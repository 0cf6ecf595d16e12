"""What surveys cost in AWS, from what they used. Prices are us-east-1's, in USD, without any free tier."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

SES_MAIL = 0.10 / 1_000
WRITE_UNIT = 0.625 / 1_000_000
READ_UNIT = 0.125 / 1_000_000
GIGABYTE_SECOND = 0.0000133334
INVOCATION = 0.20 / 1_000_000
HTTP_REQUEST = 1.00 / 1_000_000
SQS_REQUEST = 0.40 / 1_000_000
SNS_REQUEST = 0.50 / 1_000_000
LOG_BYTE = 0.50 / 1_000_000_000

FLOOR_MAIL, FLOOR_REST = 0.10, 0.013
"""The floor for 1,000 surveys of which 30% are answered: the mails, and all else."""

# A function gets CPU in proportion to its memory, a whole one at 1,769 MB: a CPU second costs the same at any size.
GIGABYTE_SECONDS_OF_CPU = 1769 / 1024
WAITING = 0.005
GIGABYTES: Mapping[str, float] = {"api": 1.0, "report": 1.0}
GIGABYTES_ELSE = 0.5
# What Lambda itself writes of an invocation: START, END and REPORT, as JSON.
PLATFORM_LOG = 700

HTTP = frozenset({"api", "page", "desk"})
QUEUES = frozenset({"deliver", "feedback"})


@dataclass(frozen=True, slots=True)
class Cost:
    """USD, by what it is paid for."""

    invitations: float
    other_mails: float
    table: float
    functions: float
    requests: float
    logs: float

    @property
    def rest(self) -> float:
        """All but the mails."""
        return self.table + self.functions + self.requests + self.logs

    @property
    def total(self) -> float:
        """Everything."""
        return self.invitations + self.other_mails + self.rest


def cost(steps: Mapping[str, Mapping[str, Any]], surveys: int, *, per: int = 1_000) -> Cost:
    """The cost of so many surveys, from what a number of them used.

    Lambda is CPU as measured on this machine plus 5 ms of waiting for each AWS call. Each batch from a queue is a
    receive and a delete; SES's reports are one request of SNS and of SQS each.
    """
    every = list(steps.values())
    calls, runs = _summed(every, "calls"), _summed(every, "invocations")
    mails = calls["ses:send_raw_email"]
    gigabyte_seconds = sum(step["cpu"] for step in every) * GIGABYTE_SECONDS_OF_CPU
    gigabyte_seconds += sum(_waiting(step) for step in every)
    reports = 2 * mails
    polls = 2 * sum(runs[name] for name in QUEUES)
    scale = per / surveys
    return Cost(
        invitations=scale * surveys * SES_MAIL,
        other_mails=scale * (mails - surveys) * SES_MAIL,
        table=scale * sum(step["writes"] * WRITE_UNIT + step["reads"] * READ_UNIT for step in every),
        functions=scale * (gigabyte_seconds * GIGABYTE_SECOND + sum(runs.values()) * INVOCATION),
        requests=scale
        * (
            sum(runs[name] for name in HTTP) * HTTP_REQUEST
            + (calls["sqs:send_message_batch"] + reports + polls) * SQS_REQUEST
            + reports * SNS_REQUEST
        ),
        logs=scale * (sum(step["logged"] for step in every) + sum(runs.values()) * PLATFORM_LOG) * LOG_BYTE,
    )


def _summed(steps: Iterable[Mapping[str, Any]], what: str) -> Counter[str]:
    total: Counter[str] = Counter()
    for step in steps:
        total.update(step[what])
    return total


def _waiting(step: Mapping[str, Any]) -> float:
    """Gigabyte-seconds spent on waiting for AWS; a step's calls are spread over its functions by their invocations."""
    runs = step["invocations"]
    memory = sum(GIGABYTES.get(name, GIGABYTES_ELSE) * times for name, times in runs.items()) / sum(runs.values())
    return float(sum(step["calls"].values()) * WAITING * memory)
