"""The whole flow through the real clients: every call's form is one that AWS's own models accept."""

import json
from os import environ
from typing import Any

from moto.ses.models import ses_backends

from functions.api import figures, outputs
from functions.deliver.work import Done, work
from functions.follow_up.act import act
from functions.page import answering
from functions.report.build import build
from functions.score import fold
from functions.wake.release import release
from shared.domain.links import Purpose
from shared.domain.mails import Mail, MailState
from shared.domain.monthly import month_of
from shared.domain.people import Person
from shared.domain.requests import RequestState, SurveyRequest
from shared.domain.responses import Response
from shared.domain.send_calls import SendCall
from shared.outside import clock, link_keys
from shared.store import erasures, lists, people, projects, send_calls
from shared.store.records import load
from tests.fakes.world import http_event, settings

ACCOUNT = "123456789012"
"""The account that moto plays."""


def taken(session: Any, url: str) -> list[dict[str, str]]:
    sqs = session.create_client("sqs")
    got = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(message["Body"]) for message in got]


def test_given_real_clients_when_a_survey_is_asked_answered_counted_and_reported_then_each_step_holds(
    aws: Any, monkeypatch: Any
) -> None:
    now = clock.now()
    manager = {"email": "m@acme.example.com"}
    project = projects.save(settings(dimensions=["plan"], managers=[manager]), now=now - 60)
    asked = SendCall("p1@example.com", now, properties={"plan": "gold"})

    first, second = (send_calls.send(project, asked, now, outputs.sent) for _ in range(2))
    assert [one["survey_request"]["status"] for one in (first, second)] == ["scheduled", "throttled"]
    name = first["survey_request"]["id"]

    assert release(now, "w").handed_on == 1
    assert taken(aws, environ["BULK_QUEUE"]) == [{"request": name}]
    monkeypatch.setenv("CONFIGURATION_SET", "hearback")
    aws.create_client("ses").create_configuration_set(ConfigurationSet={"Name": "hearback"})
    assert work({"request": name})[0] is Done.SENT
    (message,) = ses_backends[ACCOUNT]["us-east-1"].sent_messages
    assert set(message.destinations) == {"p1@example.com"}

    token = link_keys.link_keys().make(Purpose.SURVEY, name)
    event = http_event("POST", f"/r/{token}", form={"score": "3", "comment": "too slow"})
    assert answering.respond("POST", token, event, now)["statusCode"] == 303
    request, response = load(SurveyRequest, name), load(Response, name)
    assert request is not None
    assert response is not None
    assert (request.state, response.score) == (RequestState.RESPONDED, 3)

    alert = act(response, project, lambda day: False, now).mail
    assert work({"mail": alert})[0] is Done.SENT
    mail = load(Mail, alert)
    assert mail is not None
    assert mail.state is MailState.SENT

    assert fold.count(project.id, [response, request]) == 2
    assert fold.count(project.id, [response, request]) == 0
    assert figures.range_histogram(project, now - 60, now, now).detractors == 1

    build(project, month_of(now, project.zone), now)
    listed = aws.create_client("s3").list_objects_v2(Bucket="hearback-reports")["Contents"]
    assert [one["Key"].rpartition("/")[2] for one in listed] == ["report.html", "report.json"]

    _, person = people.find("acme", "P1@example.com")
    assert person is not None
    assert [one.id for one in lists.by_time(Person, "person", "acme", since=now, until=now)] == [person.id]
    erasures.erase(person, now)
    tombstone = load(Response, name)
    assert tombstone is not None
    assert (tombstone.erased, tombstone.comment, tombstone.score) == (True, "", 3)
    assert load(Person, person.id) is None
