"""What SES says, in either of its two shapes, as one."""

import json
from dataclasses import dataclass
from typing import Any

from shared.domain.mails import MailState

# What SES writes, as plain text, to the topic of a new event destination.
_GREETING = "Successfully validated SNS topic"


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one mail. `mail` is our name for it when SES tells our tags, else empty.

    `address_dead` is true for the bounces that block an address at once: permanent ones.
    """

    state: MailState
    reason: str
    mail: str
    message_id: str
    recipients: tuple[str, ...]
    address_dead: bool = False


def read(body: str) -> Report | None:
    """The report in an SQS message, wrapped by SNS or not; None for events that change nothing.

    Configuration sets say `eventType` and carry tags, identities say `notificationType` and carry none.
    """
    event = _event(body)
    kind = str(event.get("eventType") or event.get("notificationType") or "").lower()
    mail: dict[str, Any] = event.get("mail", {})
    tags = mail.get("tags", {})
    state, reason, dead = _meaning(kind, event)
    if state is None:
        return None
    return Report(
        state=state,
        reason=reason,
        mail=(tags.get("mail") or [""])[0],
        message_id=mail.get("messageId", ""),
        recipients=tuple(mail.get("destination", [])),
        address_dead=dead,
    )


def _event(body: str) -> dict[str, Any]:
    if body.startswith(_GREETING):
        return {}
    event: dict[str, Any] = json.loads(body)
    return _event(event["Message"]) if "Message" in event and "mail" not in event else event


def _meaning(kind: str, event: dict[str, Any]) -> tuple[MailState | None, str, bool]:
    match kind:
        case "send":
            return MailState.SENT, "", False
        case "delivery":
            return MailState.DELIVERED, "", False
        case "reject":
            return MailState.FAILED, str(event.get("reject", {}).get("reason", "rejected")), False
        case "complaint" if event["complaint"].get("complaintFeedbackType") == "not-spam":
            return None, "", False
        case "complaint":
            return MailState.COMPLAINED, str(event["complaint"].get("complaintFeedbackType") or "complaint"), False
        case "bounce":
            bounce = event["bounce"]
            kind_of_bounce = str(bounce.get("bounceType", "Undetermined"))
            reason = f"{kind_of_bounce}/{bounce.get('bounceSubType', 'Undetermined')}"
            return MailState.BOUNCED, reason, kind_of_bounce == "Permanent"
    return None, "", False
