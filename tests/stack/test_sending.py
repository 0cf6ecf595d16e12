"""What a renewal workflow relies on: decisions told, keys that make calls repeatable, batches, reminders, lists."""

import json
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from threading import Barrier

import pytest
import requests

from tests.stack.conftest import Stack, survey_link

pytestmark = pytest.mark.stack

DAY = 86_400
_CALLS, _CONNECTIONS = 300, 30


def at_once(stack: Stack, body: dict[str, str], headers: dict[str, str]) -> list[requests.Response]:
    """Three hundred identical calls on several connections, begun together: more would wait for cold starts alone."""
    together, auth = Barrier(_CONNECTIONS), (stack.contract["api_key"], "")

    def calls(_: int) -> list[requests.Response]:
        answers = []
        with requests.Session() as session:
            together.wait(timeout=60)
            for _number in range(_CALLS // _CONNECTIONS):
                answer = session.post(
                    f"{stack.contract['api_url']}people", json=body, headers=headers, auth=auth, timeout=120
                )
                answers.append(answer)
        return answers

    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        return list(chain.from_iterable(pool.map(calls, range(_CONNECTIONS))))


def made(stack: Stack, person: str) -> int:
    """How many survey requests a person has."""
    answer = stack.client("dynamodb").query(
        TableName=stack.contract["records_table"],
        KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
        ExpressionAttributeValues={":pk": {"S": f"PERSON#{person}"}, ":sk": {"S": "ASK#"}},
        ConsistentRead=True,
    )
    return len([item for item in answer["Items"] if item["kind"]["S"] == "request"])


def test_300_calls_at_once_with_one_idempotency_key_make_one_request_one_mail_and_have_one_answer(
    stack: Stack,
) -> None:
    # given 300 calls with one key, and one with another body
    body, headers = {"email": stack.address(), "name": "Ann"}, {"Idempotency-Key": f"renewal {time.time_ns()}"}
    answers = at_once(stack, body, headers)
    other = stack.call("POST", "people", json=body | {"name": "Eve"}, headers=headers)

    # then all have one answer, byte for byte, and the other is told
    assert len(answers) == 300
    assert {answer.status_code for answer in answers} <= {201, 503}
    [content] = {answer.content for answer in answers if answer.status_code == 201}
    told = json.loads(content)
    assert told["survey_request"]["status"] == "scheduled"
    assert (other.status_code, list(other.json()["errors"])) == (422, ["idempotency_key"])
    assert made(stack, told["id"]) == 1
    stack.mail_to(body["email"])
    assert len(stack.inbox.to(body["email"])) == 1


def test_300_calls_at_once_without_a_key_make_one_request_and_one_mail(stack: Stack) -> None:
    body = {"email": stack.address(), "name": "Ann"}
    answers = at_once(stack, body, {})

    assert len(answers) == 300
    assert {answer.status_code for answer in answers} <= {201, 503}
    told = [answer.json() for answer in answers if answer.status_code == 201]
    statuses = Counter(one["survey_request"]["status"] for one in told)
    assert (statuses["scheduled"], set(statuses)) == (1, {"scheduled", "throttled"})
    [person] = {one["id"] for one in told}
    stack.mail_to(body["email"])
    assert len(stack.inbox.to(body["email"])) == 1
    sent = [one["survey_request"]["id"] for one in told if one["survey_request"]["status"] == "scheduled"]
    assert (stack.item(f"PERSON#{person}", "PERSON") or {})["pending_request"] == sent[0]


def test_a_scheduled_survey_goes_to_the_person_s_new_address(stack: Stack) -> None:
    old, new = stack.address(), stack.address()
    person = stack.call("POST", "people", json={"email": old, "delay": 2}).json()
    update = {"email": old, "email_update": new, "send": False}
    told = stack.call("POST", "people", json=update)
    assert (told.status_code, told.json()["id"], told.json()["email"]) == (201, person["id"], new)
    stack.mail_to(new)
    assert stack.inbox.to(old) == []
    taken = stack.call("POST", "people", json={"email": stack.send(stack.address())["email"], "email_update": new})
    assert (taken.status_code, list(taken.json()["errors"])) == (422, ["email_update"])


def test_a_dry_run_tells_and_does_nothing(stack: Stack) -> None:
    address = stack.address()
    told = stack.call("POST", "people", json={"email": address, "dry_run": True, "send_at": time.time() // 1 + 3600})
    assert told.json()["survey_request"]["status"] == "scheduled"
    assert stack.call("GET", "people", params={"email": address}).json() == []


def test_a_renewal_date_schedules_the_survey_the_lead_time_before_it(stack: Stack) -> None:
    renewal = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 100 * DAY))
    answer = stack.call("POST", "people", json={"email": stack.address(), "renewal_date": renewal}).json()
    ahead = (answer["survey_scheduled_at"] - time.time()) / DAY
    assert 38 < ahead < 42
    assert answer["properties"]["renewal_date"] == renewal


def test_a_batch_of_1000_with_40_bad_rows_gives_960_requests_and_40_explained_rows(stack: Stack) -> None:
    stamp = time.time_ns()
    rows = [{"email": f"batch{n}-{stamp}@people.example.org", "delay": 30 * DAY} for n in range(1000)]
    for n in range(0, 1000, 25):
        rows[n] = {"email": f"batch{n}", "delay": 30 * DAY}
    answer = stack.call("POST", "people/batch", json={"people": rows})
    assert answer.status_code == 207
    results = answer.json()["results"]
    assert [one["status"] for one in results] == [422 if n % 25 == 0 else 201 for n in range(1000)]
    assert all(one["errors"] == {"email": ["is not a mail address"]} for one in results[::25])
    asked = [one["person"]["survey_request"]["status"] for one in results if one["status"] == 201]
    assert asked == ["scheduled"] * 960


def test_unsubscribes_and_bounces_are_listed(stack: Stack) -> None:
    address = stack.address()
    person = stack.send(address)
    stack.call("POST", "unsubscribes", json={"person_email": address})
    newest = stack.call("GET", "unsubscribes", params={"per_page": 100}).json()[-1]
    assert (newest["person_id"], newest["email"]) == (person["id"], address)
    mailbox = f"bounce+{time.time_ns()}@simulator.amazonses.com"
    stack.send(mailbox)
    stack.mail_to(mailbox)
    stack.until(lambda: mailbox in {b["email"] for b in stack.call("GET", "bounces", params={"per_page": 100}).json()})


def test_who_has_not_answered_is_reminded_twice_and_who_has_is_not(stack: Stack) -> None:
    # given two people with a survey, of whom one answers
    silent, quick = stack.address(), stack.address()
    begun = int(time.time()) - 60
    links = {}
    for address in (silent, quick):
        stack.send(address)
        links[address] = survey_link(stack.mail_to(address))
    assert requests.post(links[quick], data={"score": "8"}, timeout=60).status_code == 200

    # when the days go by
    try:
        for number, days in ((1, 3), (2, 7), (2, 20)):
            stack.set_clock(days * DAY + 120)
            stack.until(
                lambda number=number: len(stack.inbox.to(silent)) == 1 + number,
                meanwhile=lambda: stack.invoke("wake"),
            )
    finally:
        stack.set_clock(0)

    # then the list of those who have not answered says how often each was reminded, and has only one of them
    asked = {}
    for state in ("active", "responded"):
        rows = stack.call("GET", "survey_requests", params={"state": state, "since": begun, "per_page": 100}).json()
        asked[state] = {row["person"]["email"]: row["reminders"] for row in rows}
    assert (asked["active"].get(silent), quick in asked["active"]) == (2, False)
    assert asked["responded"].get(quick) == 0

    # and the reminders are in the first mail's thread, lead to the same question, and only one person got them
    first, *reminders = stack.inbox.to(silent)
    assert len(reminders) == 2
    for reminder in reminders:
        assert reminder.subject == first.subject
        assert reminder.headers["in-reply-to"] == first.headers["message-id"]
        assert "This is a reminder" in reminder.text
        assert survey_link(reminder) == links[silent]
    assert len(stack.inbox.to(quick)) == 1
