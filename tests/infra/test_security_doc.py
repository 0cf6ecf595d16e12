"""docs/security.md says what is so."""

from pathlib import Path

from synthesized import Stage

import infra
from shared.render.web import page

DOCUMENT = Path(infra.__file__).parent.parent / "docs" / "security.md"
IDENTITY = "arn:aws:ses:eu-west-1:123456789012:identity/example.com"
CONFIGURATION_SET = "arn:aws:ses:eu-west-1:123456789012:configuration-set/configuration set"
LOG = {"logs:CreateLogStream", "logs:PutLogEvents"}


def rows(first_heading: str) -> list[list[str]]:
    """The cells of the table whose first column is headed so."""
    lines = DOCUMENT.read_text(encoding="utf-8").splitlines()
    start = next(at for at, line in enumerate(lines) if line.startswith(f"| {first_heading} |"))
    table = lines[start + 2 :]
    end = next(at for at, line in enumerate(table) if not line.startswith("|"))
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[:end]]


def test_table_of_roles_is_the_templates(aws: Stage) -> None:
    told: dict[tuple[str, str], set[str]] = {}
    for function, resource, actions, reason in rows("function"):
        assert reason
        assert (function, resource) not in told
        told[function, resource] = {word if ":" in word else f"dynamodb:{word}" for word in actions.split()}
    names = {IDENTITY: "identity", CONFIGURATION_SET: "configuration set"}
    granted = {
        (function, names.get(resource, resource)): actions
        for function in aws.functions
        for resource, actions in aws.grants(function).items()
        if actions != LOG
    }
    assert told == granted


def test_table_of_headers_is_what_pages_send() -> None:
    sent = page("<p>A page</p>")["headers"]
    special = {"content-type", "content-security-policy"}
    assert dict(rows("header")) == {n: v for n, v in sent.items() if n not in special}
