"""What the rules of AWS Solutions (`cdk-nag`) object to and is meant so; each with its reason, beside the resource."""

from aws_cdk import Acknowledgment, Validations
from constructs import Construct


def accept(construct: Construct, rule: str, reason: str, *, finding: str = "") -> None:
    """Keep something that a rule objects to.

    Args:
        construct: what the rule looks at, or something around it.
        rule: its name without prefix: `S1`.
        reason: why it is right here.
        finding: which of the rule's findings, where it may have several: `Resource::*`.
    """
    which = f"AwsSolutions::AwsSolutions-{rule}" + (f"[{finding}]" if finding else "")
    Validations.of(construct).acknowledge(Acknowledgment(id=which, reason=reason))
