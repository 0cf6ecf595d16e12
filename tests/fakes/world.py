"""One installation in memory: the clock, the services, a project, and the ways in which things come about."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from shared.domain.links import LinkKeys, Purpose
from shared.domain.mails import Mail
from shared.domain.people import Person
from shared.domain.project import Project
from shared.domain.requests import RequestState, SurveyRequest
from shared.domain.responses import Response
from shared.store import keys, pace, projects, responses
from shared.store.attributes import item_from_wire
from shared.store.records import created, load
from shared.store.table import records
from tests.fakes.dynamodb import FakeDynamoDb, StreamRecord
from tests.fakes.services import LINK_SECRETS, FakeFunctions, FakeS3, FakeSecrets, FakeSes, FakeSqs

RECORDS, METRICS = "records", "metrics"
DAY = 86_400
START = 1_772_445_600
"""Monday 2 March 2026, 10:00 UTC."""


def settings(name: str = "acme", **more: Any) -> dict[str, Any]:
    """A project's settings as a file holds them; `more` replaces whole settings."""
    return {
        "id": name,
        "name": "Acme renewals",
        "brand": {"name": "Acme"},
        "sender": {"email": "survey@acme.example.com", "name": "Acme"},
        "owner": {"email": "owner@acme.example.com", "name": "Olga Owner"},
        **more,
    }


@dataclass(slots=True, repr=False)
class World:
    """What a test acts in."""

    now: int = START
    exact: int = START * 1_000_000
    dynamodb: FakeDynamoDb = field(default_factory=FakeDynamoDb)
    ses: FakeSes = field(default_factory=FakeSes)
    sqs: FakeSqs = field(default_factory=FakeSqs)
    s3: FakeS3 = field(default_factory=FakeS3)
    secrets: FakeSecrets = field(default_factory=FakeSecrets)
    functions: FakeFunctions = field(default_factory=FakeFunctions)
    context: Any = field(
        default_factory=lambda: SimpleNamespace(
            function_name="test",
            memory_limit_in_mb=128,
            invoked_function_arn="arn:aws:lambda:us-east-1:123456789012:function:test",
            aws_request_id="request-1",
            get_remaining_time_in_millis=lambda: 60_000,
        )
    )

    def begin_again(self) -> None:
        """Empties the tables and the outbox, as for a new installation with workers that know nothing yet."""
        self.dynamodb.__init__()  # type: ignore[misc]
        self.ses.sent.clear()
        pace._known.clear()

    def wait_until(self, moment: int) -> None:
        """The real clock in microseconds, which stands but when somebody waits."""
        self.exact = max(self.exact, moment)

    def project(self, name: str = "acme", **more: Any) -> Project:
        """A project, saved a year ago."""
        return projects.save(settings(name, **more), now=self.now - 365 * DAY)

    def person(self, person_id: str = "p1", project: str = "acme", **more: Any) -> Person:
        """A person who can be found by address, as POST people leaves them."""
        email = more.pop("email", f"{person_id}@example.com")
        one = Person(id=person_id, project=project, created_at=self.now, email=email, **more)
        key = keys.address(project, email)
        claim = {"pk": {"S": key.pk}, "sk": {"S": key.sk}, "kind": {"S": "address"}, "person": {"S": person_id}}
        self.dynamodb.put_item(TableName=RECORDS, Item=claim | {"rev": {"N": "1"}})
        records().write(created(one))
        return self.stored(Person, person_id)

    def request(self, person: Person, request_id: str = "", **more: Any) -> SurveyRequest:
        """A request of a person, due now unless said otherwise."""
        values: dict[str, Any] = {
            "state": RequestState.SCHEDULED,
            "created_at": self.now,
            "scheduled_at": self.now,
            "expires_at": self.now + 90 * DAY,
            "timer_at": self.now,
            "properties": person.properties,
            "locale": person.locale,
        }
        one = SurveyRequest(
            id=request_id or f"{person.id}-1", project=person.project, person=person.id, **(values | more)
        )
        records().write(created(one))
        return self.stored(SurveyRequest, one.id)

    def invited(self, person_id: str = "p1", project: str = "acme", **more: Any) -> tuple[Person, SurveyRequest]:
        """A person with a request that is due, known to them as their pending one."""
        person = self.person(person_id, project, pending_request=f"{person_id}-1", **more)
        return person, self.request(person)

    def active(self, person_id: str = "p1", project: str = "acme", **more: Any) -> SurveyRequest:
        """A request whose mail was sent."""
        person = self.person(person_id, project, pending_request=f"{person_id}-1", **more)
        return self.request(
            person, state=RequestState.ACTIVE, sent_at=self.now, timer_at=self.now + 90 * DAY, scheduled_at=self.now
        )

    def answer(self, request: SurveyRequest, score: int, comment: str = "") -> Response:
        """An answer, or the edit of one, as the page writes it."""
        return responses.give(responses.find(request.id), score=score, comment=comment, now=self.now)

    def stored[R: (Person, SurveyRequest, Mail, Response)](self, cls: type[R], record_id: str) -> R:
        """A record that must be there."""
        found = load(cls, record_id)
        assert found is not None, f"no {cls.__name__} {record_id}"
        return found

    def items(self, kind: str) -> list[dict[str, Any]]:
        """All stored records of a kind."""
        every = (item_from_wire(item) for item in self.dynamodb.snapshot(RECORDS).values())
        return sorted((item for item in every if item.get("kind") == kind), key=lambda item: (item["pk"], item["sk"]))

    def mails(self, state: str = "") -> list[dict[str, Any]]:
        """All mails, or those in a state."""
        every = (item_from_wire(item) for item in self.dynamodb.snapshot(RECORDS).values())
        found = [item for item in every if item["pk"].startswith("MAIL#")]
        return sorted((m for m in found if m.get("state", "queued").startswith(state)), key=lambda m: m["id"])

    def stream(self, *kinds: str) -> list[StreamRecord]:
        """The records table's stream, of the kinds that a mapping lets through."""
        return [one for one in self.dynamodb.stream[RECORDS] if one.new and one.new["kind"]["S"] in kinds]

    def link(self, purpose: Purpose, record_id: str) -> str:
        """A link's token."""
        return LinkKeys("k2", {name: text.encode() for name, text in LINK_SECRETS.items()}).make(purpose, record_id)


def batch(records_of_stream: list[StreamRecord]) -> dict[str, Any]:
    """A stream batch as Lambda delivers it."""
    return {"Records": [one.event() for one in records_of_stream]}


def sqs_batch(*bodies: Any) -> dict[str, Any]:
    """SQS messages as Lambda delivers them."""
    return {
        "Records": [
            {
                "messageId": f"m{n}",
                "receiptHandle": "r",
                "body": body if isinstance(body, str) else json.dumps(body),
                "attributes": {},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:queue",
                "awsRegion": "us-east-1",
            }
            for n, body in enumerate(bodies)
        ]
    }


def http_event(
    method: str,
    path: str,
    *,
    query: str = "",
    headers: Mapping[str, str] | None = None,
    source: str = "192.0.2.1",
    form: Mapping[str, str] | None = None,
    body: str | bytes | None = None,
) -> dict[str, Any]:
    """A request as an HTTP API's payload 2.0."""
    sent = dict(headers or {})
    if form is not None:
        body = urlencode(form)
        sent.setdefault("content-type", "application/x-www-form-urlencoded")
    encoded = isinstance(body, bytes)
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": sent,
        "requestContext": {
            "requestId": "http-1",
            "domainName": "api.example.com",
            "stage": "$default",
            "http": {"method": method, "path": path, "sourceIp": source, "userAgent": "test"},
        },
        "body": base64.b64encode(body).decode() if isinstance(body, bytes) else body,
        "isBase64Encoded": encoded,
    }


def moment(text: str, zone: str = "UTC") -> int:
    """The Unix time of a local date and time such as `2026-03-29 01:59:59`."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp())


__all__ = ["DAY", "METRICS", "RECORDS", "START", "World", "batch", "http_event", "moment", "settings", "sqs_batch"]
