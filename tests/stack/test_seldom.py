"""What seldom happens: a lost message, a record nobody can read, a month's end; and the questions few clients ask."""

import json
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from shared.domain import erasure
from shared.domain.mails import Mail, MailKind
from shared.domain.nps import category
from shared.domain.people import Person
from shared.store import keys
from shared.store.records import created
from shared.store.table import Add, Table
from tests.stack.conftest import Stack, hearback, survey_link

pytestmark = pytest.mark.stack

DAY = 86_400


def answer(stack: Stack, score: str, **properties: str) -> str:
    """A person answers; the id of the response."""
    address = stack.address()
    person = stack.send(address, **properties)
    requests.post(survey_link(stack.mail_to(address)), data={"score": score}, timeout=30)
    return str(person["survey_request"]["id"])


def tallied(stack: Stack) -> dict[str, int]:
    """Promoters, passives and detractors among all responses that the API lists."""
    tally, page = Counter[str](), 1
    while listed := stack.call("GET", "survey_responses", params={"per_page": 100, "page": page}).json():
        tally.update(category(one["score"]).value for one in listed)
        page += 1
    return {f"{name}_count": tally[name] for name in ("promoter", "passive", "detractor")}


def test_whole_days_are_read_from_the_counters_and_tell_what_the_responses_tell(stack: Stack) -> None:
    answer(stack, "9")

    def counted() -> bool:
        told = stack.call("GET", "metrics", params={"since": 0}).json()
        return tallied(stack).items() <= told.items()

    # The day after tomorrow, today is a whole day.
    stack.set_clock(2 * DAY)
    try:
        stack.until(counted)
    finally:
        stack.set_clock(0)


def test_answers_are_listed_by_their_last_change(stack: Stack) -> None:
    before = int(time.time())
    response = answer(stack, "10")
    changed = stack.call("GET", "survey_responses", params={"updated_since": before}).json()
    assert response in {each["id"] for each in changed}
    assert all(each["updated_at"] >= before for each in changed)
    later = {"updated_since": before + DAY}
    assert stack.call("GET", "survey_responses", params=later).json() == []


def test_an_alert_whose_message_was_lost_goes_out_with_the_next_minute(stack: Stack) -> None:
    # given a detractor's case, and an alert about it that nobody was told to send
    owner = "owner-of-lost@example.com"
    response = answer(stack, "1", account_id="lost", account_name="Lost Lab", owner_email=owner)
    stack.until(lambda: stack.inbox.to(owner))
    case = next(each for each in stack.call("GET", "cases").json() if each["account_id"] == "lost")
    now = int(time.time())
    lost = Mail(
        id=f"alert-{response}-lost",
        project=stack.contract["project"],
        kind=MailKind.ALERT,
        subject_id=case["id"],
        reference=response,
        to=owner,
        created_at=now,
        timer_at=now,
    )
    Table(stack.client("dynamodb"), stack.contract["records_table"]).write(created(lost))

    # then it is sent
    stack.until(lambda: len(stack.inbox.to(owner)) == 2, meanwhile=lambda: stack.invoke("wake"))


def test_an_erasure_whose_call_was_cut_off_ends_with_the_next_minute(stack: Stack) -> None:
    # given somebody who answered, and an erasure of them that was begun two minutes ago
    response = answer(stack, "9", account_name="Cut Off Clinic")
    person = keys.person_id_of(response)
    who = Person(id=person, project=stack.contract["project"], created_at=0)
    begun = erasure.begun(who, int(time.time()) - erasure.FINISH_SECONDS)
    Table(stack.client("dynamodb"), stack.contract["records_table"]).write(created(begun))

    # then it ends: nothing of the person is left but the score
    def ended() -> bool:
        return stack.item("ERASURES", person) is None

    stack.until(ended, meanwhile=lambda: stack.invoke("wake"))
    assert stack.item(*keys.person(person)) is None
    told = stack.call("GET", f"survey_responses/{response}").json()
    assert (told["score"], told["person_properties"]) == (9, {})
    assert stack.call("DELETE", f"people/{person}").status_code == 404


def test_a_record_that_nobody_can_read_is_parked_and_holds_up_no_other(stack: Stack) -> None:
    dynamodb, table = stack.client("dynamodb"), stack.contract["records_table"]
    key = {"pk": {"S": "RESPONSE#unreadable"}, "sk": {"S": "RESPONSE"}}
    before = stack.call("GET", "metrics", params={"since": 0}).json()["response_count"]
    dynamodb.put_item(TableName=table, Item=key | {"kind": {"S": "response"}, "rev": {"N": "1"}})
    try:
        for queue in ("ScoreParked", "FollowUpParked"):
            parked = stack.until(lambda queue=queue: taken(stack, queue))
            assert parked["pk"] == "RESPONSE#unreadable"
            assert parked["rev"] == "1"
    finally:
        dynamodb.delete_item(TableName=table, Key=key)
    answer(stack, "8")
    stack.until(
        lambda: stack.call("GET", "metrics", params={"since": 0}).json()["response_count"] == before + 1 or None
    )


def test_the_hours_run_builds_last_months_report_once(stack: Stack) -> None:
    answer(stack, "9")
    today = datetime.now(UTC)
    following = (today.replace(day=1) + timedelta(days=31)).replace(day=10)
    stack.set_clock(int((following - today).total_seconds()))
    try:
        assert stack.invoke("report")["built"] >= 1
        assert stack.invoke("report") == {"built": 0}
    finally:
        stack.set_clock(0)
    months = {each["month"]: each["state"] for each in stack.call("GET", "reports").json()}
    assert months[today.strftime("%Y-%m")] == "built"


def taken(stack: Stack, name: str) -> dict[str, Any] | None:
    """The next message of the queue whose name has this in it, which it then leaves."""
    sqs = stack.client("sqs")
    [url] = [each for each in sqs.list_queues()["QueueUrls"] if name in each]
    for message in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", []):
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        body: dict[str, Any] = json.loads(message["Body"])
        return body
    return None


def test_drift_is_found_at_night_and_repaired_while_answers_come_in(stack: Stack) -> None:
    # given an answer that is counted
    answer(stack, "9")
    stack.until(lambda: hearback("audit", "--state", stack.state).returncode == 0)
    assert stack.invoke("score", {"audit": True}) == {"drift": 0}

    # when a counter is damaged
    month = datetime.now(UTC).strftime("%Y-%m")
    counters = Table(stack.client("dynamodb"), stack.contract["metrics_table"])
    counters.write(Add(keys.counters(stack.contract["project"], month, "all"), {"h9": 3}))

    # then the night's audit and the command tell of it, and the repair ends it
    assert stack.invoke("score", {"audit": True}) == {"drift": 1}
    assert hearback("audit", "--state", stack.state).returncode == 1
    repaired = hearback("audit", "--repair", "--state", stack.state)
    assert (repaired.returncode, "1 counters mended" in repaired.stdout) == (0, True), repaired.stdout
    rebuilt = hearback("audit", "--rebuild", "--state", stack.state)
    assert (rebuilt.returncode, ", 0 counters drifted" in rebuilt.stdout) == (0, True), rebuilt.stdout
