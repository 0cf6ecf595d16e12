"""Scores picked and not sent, on a real deployment: what a gateway does, what a person does, what an operator does."""

import requests

from tests.stack.conftest import Stack, first_link, hearback, survey_link

HOUR = 3_600


def totals(stack: Stack) -> int:
    count: int = stack.call("GET", "metrics", params={"since": 0}).json()["response_count"]
    return count


def choose(link: str, score: int) -> int:
    return requests.post(link, data={"score": str(score), "partial": "1"}, timeout=30).status_code


def test_a_choice_counts_once_when_its_time_has_come_and_opens_the_case_then(stack: Stack) -> None:
    # given a mail that came a minute ago
    address, owner = stack.address(), "owner-of-choice@example.com"
    asked = stack.send(address, account_id="choice", account_name="Choice Clinic", owner_email=owner)
    link = survey_link(stack.mail_to(address))
    key = (f"PERSON#{asked['id']}", f"ASK#{asked['survey_request']['id']}#REQUEST")
    stack.until(lambda: "delivered_at" in (stack.item(*key) or {}))
    before = totals(stack)
    try:
        stack.set_clock(60)

        # when a score is picked and not sent, nothing counts yet
        assert choose(f"{link}?score=2", 2) == 204
        assert "You picked 2" in requests.get(link, timeout=30).text
        stack.invoke("wake")
        assert stack.call("GET", "survey_responses", params={"person_email": address}).json() == []
        assert stack.inbox.to(owner) == []

        # when a day has passed, it counts once, and its case is opened
        stack.set_clock(25 * HOUR)
        alert = stack.until(lambda: stack.inbox.to(owner), meanwhile=lambda: stack.invoke("wake"))[0]
        assert "Choice Clinic" in alert.subject
        stack.until(lambda: totals(stack) == before + 1)
        stack.invoke("wake")
        (response,) = stack.call("GET", "survey_responses", params={"person_email": address}).json()
        assert (response["score"], response["comment"]) == (2, None)
        assert choose(link, 9) == 204
        assert stack.call("GET", f"survey_responses/{response['id']}").json()["score"] == 2

        # when the person sends after all, the same answer is changed
        assert requests.post(link, data={"score": "9", "comment": "Solved"}, timeout=30).status_code == 200
        stack.until(lambda: "Recovered" in requests.get(first_link(alert, "c"), timeout=30).text)
        assert totals(stack) == before + 1
    finally:
        stack.set_clock(0)
    audited = hearback("audit", "--state", stack.state)
    assert audited.returncode == 0, audited.stdout


def test_a_gateway_that_follows_every_link_and_runs_scripts_is_listed_and_counts_for_nothing(stack: Stack) -> None:
    # given a gateway that follows every link of a mail, the hidden one among them, and lets scripts choose
    address = stack.address()
    stack.send(address)
    mail = stack.mail_to(address)
    link, before = survey_link(mail), totals(stack)
    for score in range(11):
        assert requests.get(f"{link}?score={score}", timeout=30).status_code == 200
        assert requests.head(f"{link}?score={score}", timeout=30).status_code == 200
    requests.get(first_link(mail, "u"), timeout=30)
    requests.get(f"{link}?trap=1", timeout=30)
    assert [choose(link, score) for score in (0, 5, 10)] == [204] * 3

    # then nothing counts, and operators see it with its reason
    assert stack.call("GET", "survey_responses", params={"person_email": address}).json() == []
    person = stack.call("GET", "people", params={"email": address}).json()[0]["id"]
    told = hearback("quarantine", "list", "--project", stack.contract["project"], "--state", stack.state)
    (line,) = [line for line in told.stdout.splitlines() if person in line]
    assert "score 10  hidden link followed" in line
    assert totals(stack) == before
    assert stack.call("GET", "unsubscribes").json() == [] or address not in stack.call("GET", "unsubscribes").text

    # when an operator releases it, it counts once
    name = next(word for word in line.split() if word.startswith(person))
    assert hearback("quarantine", "release", name, "--state", stack.state).returncode == 0
    stack.until(lambda: totals(stack) == before + 1)
    again = hearback("quarantine", "release", name, "--state", stack.state)
    assert (again.returncode, "is not quarantined" in again.stderr) == (1, True)
    assert hearback("audit", "--state", stack.state).returncode == 0
