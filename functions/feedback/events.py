"""What SES says, in either of its two shapes, as one."""

import json
from dataclasses import dataclass
from typing import Any

from shared.domain.mails import MailState, is_permanent

# What SES writes, as plain text, to the topic of a new event destination.
_GREETING = "Successfully validated SNS topic"


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one mail. `mail` is our name for it when SES tells our tags, else empty.

    `delayed` says that SES has the mail, could not deliver it yet and goes on trying.
    """

    state: MailState
    reason: str
    mail: str
    message_id: str
    recipients: tuple[str, ...]
    delayed: bool = False

    @property
    def address_dead(self) -> bool:
        """True for the bounces that block an address at once: permanent ones."""
        return self.state is MailState.BOUNCED and is_permanent(self.reason)


def read(body: str) -> Report | None:
    """The report in an SQS message, wrapped by SNS or not; None for events that change nothing.

    Configuration sets say `eventType` and carry tags, identities say `notificationType` and carry none.
    """
    event = _event(body)
    kind = str(event.get("eventType") or event.get("notificationType") or "").lower()
    mail: dict[str, Any] = event.get("mail", {})
    tags = mail.get("tags", {})
    state, reason = _meaning(kind, event)
    if state is None:
        return None
    return Report(
        state=state,
        reason=reason,
        mail=(tags.get("mail") or [""])[0],
        message_id=mail.get("messageId", ""),
        recipients=tuple(mail.get("destination", [])),
        delayed=kind == "deliverydelay",
    )


def _event(body: str) -> dict[str, Any]:
    if body.startswith(_GREETING):
        return {}
    event: dict[str, Any] = json.loads(body)
    return _event(event["Message"]) if "Message" in event and "mail" not in event else event


def _meaning(kind: str, event: dict[str, Any]) -> tuple[MailState | None, str]:
    match kind:
        case "send" | "deliverydelay":
            return MailState.SENT, ""
        case "delivery":
            return MailState.DELIVERED, ""
        case "reject":
            return MailState.FAILED, str(event.get("reject", {}).get("reason", "rejected"))
        case "complaint" if event["complaint"].get("complaintFeedbackType") == "not-spam":
            return None, ""
        case "complaint":
            return MailState.COMPLAINED, str(event["complaint"].get("complaintFeedbackType") or "complaint")
        case "bounce":
            bounce = event["bounce"]
            unknown = "Undetermined"
            return MailState.BOUNCED, f"{bounce.get('bounceType', unknown)}/{bounce.get('bounceSubType', unknown)}"
    return None, ""
