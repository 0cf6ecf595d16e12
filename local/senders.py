"""On the local stage, whoever a project sends from may send, and hears of bounces.

The emulator reports bounces and complaints through an identity's topic only, which CloudFormation
cannot set; in AWS the configuration set does this, and identities are verified by their owners.
"""

from local import access


def let_send(address: str, topic: str) -> None:
    """Verifies a sender's domain in the emulator and sends its notifications to a topic."""
    domain = address.rpartition("@")[2]
    ses = access.client("ses")
    ses.verify_domain_identity(Domain=domain)
    for kind in ("Bounce", "Complaint", "Delivery"):
        ses.set_identity_notification_topic(Identity=domain, NotificationType=kind, SnsTopic=topic)
