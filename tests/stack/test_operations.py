"""Day-to-day operation: what the logs tell and what they never tell, doctor, trace and redrive."""

import json
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests

from local.doctor import FAILURE_QUEUES
from shared.store import keys
from shared.store.attributes import item_to_wire
from tests.stack.conftest import Stack, first_link, hearback, survey_link
from tests.stack.uses import recorded

pytestmark = pytest.mark.stack

FUNCTIONS = ("api", "page", "desk", "wake", "deliver", "feedback", "score", "follow_up", "report", "transfer")
MARK = "Zwiebelfisch"
"""Stands in every name, address, word and link that a person gives or gets; in no id."""

RELAYED = r"\S+ \S+ INFO \[ses\] "
"""Lines of the emulator's own, which stands for SES here: no function wrote them."""

OWNER = f"{MARK}-owner-{time.time_ns()}@example.com"


def run(stack: Stack, *words: str) -> subprocess.CompletedProcess[str]:
    return hearback(*words, "--state", stack.state)


def log_lines(stack: Stack) -> Iterator[tuple[str, str]]:
    """Every line that there is, with its group."""
    logs = stack.client("logs")
    for group in logs.describe_log_groups(logGroupNamePrefix="/hearback/")["logGroups"]:
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"]):
            for event in page["events"]:
                yield group["logGroupName"], event["message"]


def told(stack: Stack, function: str) -> list[dict[str, Any]]:
    """The structured lines of a function."""
    group = f"/hearback/local/{function}"
    found = []
    for name, line in log_lines(stack):
        if name == group and line.startswith("{"):
            found.append(json.loads(line))
    return [line for line in found if "level" in line]


def services_that_tell(stack: Stack, record: str) -> set[str]:
    return {name.rpartition("/")[2] for name, line in log_lines(stack) if record in line}


@dataclass(slots=True)
class Loop:
    """One turn of the loop by people whose every word is marked, and the records that it made."""

    stack: Stack
    request: str = ""
    person: str = ""
    case: str = ""
    promoter: str = ""
    address: str = ""
    secrets: set[str] = field(default_factory=lambda: {MARK, MARK.lower()})

    def new_address(self, tag: str, domain: str = "people.example.org") -> str:
        address = f"{tag}-{MARK}-{time.time_ns()}@{domain}"
        self.secrets |= {address, address.partition("@")[0]}
        return address

    def keep(self, link: str) -> str:
        self.secrets.add(link.rpartition("/")[2])
        return link

    def send(self, address: str) -> dict[str, Any]:
        properties = {
            "account_id": f"operations-{time.time_ns()}",
            "account_name": f"{MARK} Clinic",
            "owner_email": OWNER,
            "owner_name": f"Olga {MARK}",
            "motto": f"always {MARK}",
        }
        person = {"email": address, "name": f"Ada {MARK}", "phone_number": "+4930555", "properties": properties}
        answer = self.stack.call("POST", "people", json=person)
        assert answer.status_code == 201, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def answer(self, address: str, score: int) -> str:
        """Sends, opens and answers a survey; the request's id."""
        request = str(self.send(address)["survey_request"]["id"])
        link = self.keep(survey_link(self.stack.mail_to(address)))
        assert requests.get(f"{link}?score={score}", timeout=30).status_code == 200
        form = {"score": str(score), "comment": f"The {MARK} release lost our templates"}
        assert requests.post(link, data=form, timeout=30).status_code == 200
        return request


@pytest.fixture(scope="module")
def loop(stack: Stack) -> Loop:
    one = Loop(stack)
    one.address = one.new_address("ada")
    one.request = one.answer(one.address, 3)
    one.person = one.request.partition("-")[0]
    alert = stack.until(lambda: [m for m in stack.inbox.to(OWNER) if "3 of 10" in m.subject])[0]
    case_link = one.keep(first_link(alert, "c"))
    found = [c for c in stack.call("GET", "cases").json() if one.request in c["responses"]]
    one.case = found[0]["id"]
    act(one, case_link)
    one.promoter = one.answer(promoter := one.new_address("paul"), 10)
    stack.mail_to(promoter, containing="Thank you")
    bounce(one)
    misuse(one)
    return one


def act(one: Loop, link: str) -> None:
    """The owner writes a note, forgets what is needed, and contacts."""
    assert requests.get(link, timeout=30).status_code == 200
    note = {"action": "note", "note": f"{MARK} called back"}
    assert requests.post(link, data=note, timeout=30).status_code == 200
    broken = {"action": "resolve", "root_cause": f"{MARK}", "note": ""}
    assert requests.post(link, data=broken, timeout=30).status_code == 422
    contacted = {"action": "contacted", "how": "call", "note": f"{MARK} is not amused"}
    assert requests.post(link, data=contacted, timeout=30).status_code == 200


def bounce(one: Loop) -> None:
    """One mailbox refuses, one person unsubscribes, one is erased."""
    stack = one.stack
    refusing = one.new_address("bounce+x", "simulator.amazonses.com")
    one.send(refusing)
    stack.mail_to(refusing)
    stack.until(lambda: one.send(refusing)["survey_request"]["reason"] == "bounced")
    leaving = one.new_address("leaving")
    one.send(leaving)
    link = one.keep(stack.mail_to(leaving).headers["list-unsubscribe"].strip("<>"))
    assert requests.post(link, data={"List-Unsubscribe": "One-Click"}, timeout=30).status_code == 200
    erased = one.new_address("erased")
    one.answer(erased, 9)
    assert stack.call("DELETE", f"people/email:{erased}").status_code == 202


def misuse(one: Loop) -> None:
    """Calls that are refused, each with something in it that must not be logged."""
    stack = one.stack
    bad = {"email": f"{MARK} at home", "name": f"Ada {MARK}", f"{MARK}@example.com": "x"}
    assert stack.call("POST", "people", json=bad).status_code == 422
    assert stack.call("POST", "people", data=f'{{"email": "{MARK}').status_code == 422
    assert stack.call("GET", f"survey_responses/{MARK}@example.com").status_code == 404
    assert stack.call("DELETE", f"people/email:{MARK}@example.com").status_code == 404
    assert stack.call("GET", f"{MARK}/{MARK}").status_code == 404
    assert stack.call("GET", "people", key=f"hb_{MARK}").status_code == 401
    surveys = stack.contract["surveys_url"]
    assert requests.get(f"{surveys}/r/v1.k1.{MARK}.x?score={MARK}", timeout=30).status_code == 404
    assert requests.get(f"{surveys}/{MARK}", timeout=30).status_code == 404


def change(stack: Stack, key: keys.Key, **attributes: Any) -> None:
    """Writes into a record past every rule, its revision unchanged."""
    names = {f"#{n}": name for n, name in enumerate(attributes)}
    values = item_to_wire({f":{n}": value for n, value in enumerate(attributes.values())})
    stack.client("dynamodb").update_item(
        TableName=stack.contract["records_table"],
        Key=key.item(),
        UpdateExpression="SET " + ", ".join(f"#{n} = :{n}" for n in range(len(names))),
        ExpressionAttributeNames=names,
        ExpressionAttributeValues=values,
    )


def deliver(stack: Stack, request: str) -> None:
    """Has a request sent now, past the queue, in which a failure would wait for minutes."""
    change(stack, keys.request(request), timer_at=int(time.time()))
    message = {"messageId": "m-1", "eventSource": "aws:sqs", "body": json.dumps({"request": request})}
    event = json.dumps({"Records": [message]}).encode()
    answer = stack.client("lambda").invoke(FunctionName="hearback-local-deliver", Payload=event)
    assert "FunctionError" in answer


def put(stack: Stack, item: dict[str, Any]) -> None:
    stack.client("dynamodb").put_item(TableName=stack.contract["records_table"], Item=item_to_wire(item))


def queue(stack: Stack, name: str) -> str:
    [found] = stack.client("cloudformation").describe_stacks(StackName="hearback-local")["Stacks"]
    return next(one["OutputValue"] for one in found["Outputs"] if one["OutputKey"] == f"{name}Queue")


def depth(stack: Stack, name: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = stack.client("sqs").get_queue_attributes(QueueUrl=queue(stack, name), AttributeNames=names)
    return sum(int(answer["Attributes"][each]) for each in names)


def stir(stack: Stack) -> None:
    """Gives the workers of `deliver` and `wake` something harmless to do.

    The emulator at times tells what a worker has printed only when the same worker runs again.
    """
    for number in range(6):
        body = json.dumps({"mail": f"stirs-{number}"})
        stack.client("sqs").send_message(QueueUrl=queue(stack, "Bulk"), MessageBody=body)
    stack.invoke("wake")


def test_one_id_leads_from_the_call_to_the_case(stack: Stack, loop: Loop) -> None:
    seven = {"api", "wake", "deliver", "feedback", "page", "score", "follow_up"}
    stack.until(lambda: seven <= services_that_tell(stack, loop.request), meanwhile=lambda: stir(stack))
    assert "desk" in services_that_tell(stack, loop.case)

    def mails_of(kind: str, record: str) -> list[dict[str, Any]]:
        return [line for line in told(stack, "deliver") if line.get("mail", "").startswith(f"{kind}-{record}")]

    for kind, record in (("alert", loop.request), ("thanks", loop.promoter)):
        stack.until(
            lambda kind=kind, record=record: [line for line in mails_of(kind, record) if line["done"] == "sent"],
            meanwhile=lambda: stir(stack),
            what=kind,
        )
    for function in ("api", "page"):
        lines = [line for line in told(stack, function) if line.get("request") == loop.request]
        assert lines
        assert all(line["correlation_id"] and line["function_request_id"] for line in lines)
    [alert] = mails_of("alert", loop.request)
    assert (alert["request"], alert["case"], alert["done"]) == (loop.request, loop.case, "sent")
    thanks = [line for line in mails_of("thanks", loop.promoter) if line["done"] == "sent"]
    assert [line["request"] for line in thanks] == [loop.promoter]


def test_every_structured_line_names_its_invocation_and_service(stack: Stack, loop: Loop) -> None:
    for function in FUNCTIONS:
        lines = told(stack, function)
        nameless = [line for line in lines if not line.get("function_request_id") or line.get("service") != function]
        # A record of a batch that failed is told of by the line that names its message.
        assert [line for line in nameless if not line.get("sqs_message")] == [], function
    assert {"api", "page", "desk", "deliver"} <= {function for function in FUNCTIONS if told(stack, function)}


def test_unexpected_errors_are_told_by_type_and_place_and_no_line_tells_of_a_person(stack: Stack, loop: Loop) -> None:
    # given broken records: the message of the error that each function meets holds a word of a person
    victim = loop.new_address("victim")
    sent = loop.send(victim)
    link = loop.keep(survey_link(stack.mail_to(victim)))
    request, case = keys.request(sent["survey_request"]["id"]), keys.case(loop.case)
    change(stack, request, state=f"of {MARK}")
    waiting = loop.new_address("waiting")
    late = loop.stack.call("POST", "people", json={"email": waiting, "delay": 3600}).json()
    change(stack, keys.person(late["id"]), email=f"{MARK} <not an address>")
    change(stack, case, state=f"of {MARK}")
    alert = next(m for m in stack.inbox.to(OWNER) if "3 of 10" in m.subject)

    # when each meets its own
    def meet(function: str) -> None:
        match function:
            case "page":
                assert requests.get(link, timeout=30).status_code == 500
            case "api":
                assert stack.call("GET", f"cases/{loop.case}").status_code == 500
            case "desk":
                assert requests.get(first_link(alert, "c"), timeout=30).status_code == 500
            case "deliver":
                deliver(stack, late["survey_request"]["id"])

    # then it tells of its error, by type and place; a worker that fails to start fails as well, and tells nothing
    def failed(function: str) -> list[dict[str, Any]]:
        meet(function)
        return [line for line in told(stack, function) if line["level"] == "ERROR" and line.get("where")]

    try:
        for function in ("page", "api", "desk", "deliver"):
            lines = stack.until(lambda function=function: failed(function), what=f"an error of {function}")
            assert all(line["error"] and ".py:" in line["where"] for line in lines), function
    finally:
        change(stack, request, state="active")
        change(stack, keys.person(late["id"]), email=waiting)
        change(stack, case, state="contacted")

    # and neither these nor any other line, nor what the emulator prints of the functions, has a word of a person
    lines_of_logs = list(log_lines(stack))
    assert len(lines_of_logs) > 100
    leaks = [(name, word, line[:300]) for name, line in lines_of_logs for word in loop.secrets if word in line]
    assert leaks == []
    log = (stack.state / "logs" / "emulator.log").read_text(errors="replace")
    printed = [line for line in log.splitlines() if not re.match(RELAYED, line)]
    assert len(printed) > 100
    leaks = [("emulator", word, line[:300]) for line in printed for word in loop.secrets if word in line]
    assert leaks == []


def test_trace_tells_one_story_by_whatever_name_without_a_word_of_a_person(stack: Stack, loop: Loop) -> None:
    names = (
        *(loop.request, loop.person, loop.case, f"{loop.request}-0"),
        *(f"alert-{loop.request}-1", loop.address, loop.address.upper()),
    )
    stories = []
    for name in names:
        done = run(stack, "trace", name, "--json")
        assert done.returncode == 0, (name, done.stderr)
        stories.append(json.loads(done.stdout))
        assert not [word for word in loop.secrets if word in done.stdout], name
    assert all(story == stories[0] for story in stories)
    [story] = stories[0]
    told_of = [one["what"] for one in story["happenings"] if one["what"] not in {"due", "timer"}]
    assert {"asked for", "made", "sent", "delivered", "given", "answered", "opened", "noted", "contacted"} <= set(
        told_of
    )
    first = {what: told_of.index(what) for what in ("asked for", "sent", "given", "opened", "noted", "contacted")}
    assert list(first.values()) == sorted(first.values())
    assert set(story["counted"]) == {f"request:{loop.request}", f"response:{loop.request}"}
    assert all(how.startswith("counted, revision") for how in story["counted"].values())
    table = run(stack, "trace", loop.request)
    assert table.returncode == 0
    assert len(table.stdout.splitlines()) == 1 + len(story["happenings"]) + 2
    assert run(stack, "trace", f"nobody-{MARK}").returncode == 1


def test_a_parked_record_is_found_mended_and_made_to_happen(stack: Stack, loop: Loop) -> None:
    # given a response that cannot be read
    name = f"{time.time_ns():020x}-poison"
    key = keys.response(name)
    now = int(time.time())
    item = {"pk": key.pk, "sk": key.sk, "kind": "response", "id": name, "project": stack.contract["project"]}
    item |= {"person": name.partition("-")[0], "score": f"{MARK} of ten", "comment": MARK, "rev": 1}
    item |= {"created_at": now, "updated_at": now, "commented": True, "account_id": name}
    item |= {"properties": {"owner_email": OWNER}}
    item |= keys.listed("response", stack.contract["project"], name, now)
    put(stack, item)
    stack.until(lambda: (depth(stack, "ScoreParked"), depth(stack, "FollowUpParked")) == (1, 1))

    # then the doctor says so, and redriving it leaves it where it is
    ill = run(stack, "doctor")
    assert ill.returncode == 1
    assert "WRONG  queues              1 in ScoreParked. Mend the cause" in ill.stdout
    vain = run(stack, "redrive", "ScoreParked")
    assert vain.returncode == 1
    assert "ScoreParked: 1 left" in vain.stdout
    assert MARK not in vain.stdout
    assert "still cannot be read" in vain.stdout
    assert depth(stack, "ScoreParked") == 1

    # when it is mended, its stream says nothing new, but redriving counts it, once, and alerts
    put(stack, item | {"score": 1})
    assert run(stack, "audit").returncode == 1
    done = run(stack, "redrive")
    assert done.returncode == 0, done.stdout
    assert "ScoreParked: 1 made to happen again" in done.stdout
    assert "FollowUpParked: 1 made to happen again" in done.stdout
    assert run(stack, "audit").returncode == 0
    stack.until(lambda: [c for c in stack.call("GET", "cases").json() if name in c["responses"]])
    assert all(line.endswith(": empty") for line in run(stack, "redrive").stdout.splitlines())


def test_a_parked_record_that_is_gone_leaves_nothing_to_do(stack: Stack) -> None:
    message = {"pk": "PERSON#nobody", "sk": "ASK#nobody-1#RESPONSE", "rev": "1", "why": "ValueError"}
    stack.client("sqs").send_message(QueueUrl=queue(stack, "ScoreParked"), MessageBody=json.dumps(message))
    done = run(stack, "redrive", "score-parked")
    assert (done.returncode, done.stdout) == (
        0,
        "ScoreParked: 1 dropped, what they speak of is no longer there\n",
    )
    assert depth(stack, "ScoreParked") == 0


def test_failed_messages_go_back_to_their_queue(stack: Stack) -> None:
    numbers = [f"none-{time.time_ns()}-{n}" for n in range(12)]
    for number in numbers:
        body = json.dumps({"mail": number})
        stack.client("sqs").send_message(QueueUrl=queue(stack, "BulkFailed"), MessageBody=body)
    done = run(stack, "redrive", "BulkFailed")
    assert (done.returncode, done.stdout) == (0, "BulkFailed: 12 made to happen again\n")

    def worked_on() -> bool:
        asked = " ".join(call["body"] for call in recorded(stack.calls) if call["operation"] == "GetItem")
        return all(f'"MAIL#{number}"' in asked for number in numbers)

    stack.until(worked_on)
    assert depth(stack, "BulkFailed") == 0


def test_a_batch_that_the_stream_gave_up_is_located_and_kept(stack: Stack) -> None:
    batch = {"shardId": "shardId-7", "startSequenceNumber": "111", "endSequenceNumber": "222", "batchSize": 3}
    arn = "arn:aws:lambda:eu-west-1:000000000000:function:hearback-local-score"
    body = {"requestContext": {"functionArn": arn}, "DDBStreamBatchInfo": batch}
    sqs, url = stack.client("sqs"), queue(stack, "StreamsFailed")
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps(body))
    done = run(stack, "redrive", "StreamsFailed")
    assert done.returncode == 1
    for word in ("hearback-local-score", "3 records", "shardId-7", "111 to 222", "hearback audit"):
        assert word in done.stdout
    assert depth(stack, "StreamsFailed") == 1
    sqs.purge_queue(QueueUrl=url)


def test_a_wish_for_a_report_that_failed_is_made_again(stack: Stack) -> None:
    month = time.strftime("%Y-%m", time.gmtime())
    wish = {"requestPayload": {"project": stack.contract["project"], "month": month}}
    sqs, url = stack.client("sqs"), queue(stack, "InvocationsFailed")
    began = int(time.time())
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps(wish))
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"requestPayload": {}}))
    done = run(stack, "redrive", "InvocationsFailed")
    assert done.returncode == 0
    assert "1 made to happen again" in done.stdout
    assert "1 dropped, a later run does the same" in done.stdout
    key = keys.report(stack.contract["project"], month)
    stack.until(lambda: int((stack.item(*key) or {}).get("built_at", 0)) >= began)


def test_the_doctor_finds_a_healthy_stack_healthy_and_names_what_is_not(stack: Stack) -> None:
    assert [name for name in FAILURE_QUEUES if depth(stack, name)] == []
    well = run(stack, "doctor")
    assert well.returncode == 0, well.stdout
    assert "WRONG" not in well.stdout

    # when a reader is switched off, a mail is unsettled, and its timer was not looked at
    functions = stack.client("lambda")
    [reader] = functions.list_event_source_mappings(FunctionName="hearback-local-score")["EventSourceMappings"]
    functions.update_event_source_mapping(UUID=reader["UUID"], Enabled=False)
    due = keys.due(stack.contract["project"], keys.Lane.PROMPT, "mail:nobody", int(time.time()) - 900)
    forgotten = {"pk": "MAIL#late", "sk": "MAIL", "kind": "invitation", "id": "late", "state": "unsettled", "rev": 1}
    forgotten |= {"project": stack.contract["project"], "subject_id": "nobody-1", "created_at": int(time.time())}
    forgotten |= keys.unsettled(stack.contract["project"], "late", int(time.time()))
    # whoever holds the lease of wake keeps it from claiming what is due
    lease = keys.wake_lease(stack.contract["project"])
    put(
        stack,
        {"pk": lease.pk, "sk": lease.sk, "kind": "lease", "held_by": "another", "held_until": int(time.time()) + 600},
    )
    put(stack, forgotten | due)
    try:
        ill = run(stack, "doctor")
        assert ill.returncode == 1
        assert "Score reads 0 of 1 sources" in ill.stdout
        assert f"{stack.contract['project']} (prompt) waits for 15 minutes" in ill.stdout
        assert re.search(r"unsettled mails .*\blate\b", ill.stdout)
        assert "hearback mails unsettled" in ill.stdout
    finally:
        functions.update_event_source_mapping(UUID=reader["UUID"], Enabled=True)
        for key in (keys.mail("late"), lease):
            stack.client("dynamodb").delete_item(TableName=stack.contract["records_table"], Key=key.item())
    stack.until(lambda: run(stack, "doctor").returncode == 0)
