"""A trend made late counts what was answered early, on a deployed stack."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.stack.conftest import Stack, hearback, survey_link

pytestmark = pytest.mark.stack

ANSWERS = 30


def test_a_trend_made_after_thirty_answers_counts_them_and_those_that_follow(stack: Stack) -> None:
    # given thirty answers, twenty of them from one plan that no other test uses
    people = {stack.address(): "Late trend" if number < 20 else "Other" for number in range(ANSWERS)}
    scores = {address: number % 11 for number, address in enumerate(people)}
    for address, plan in people.items():
        stack.send(address, plan=plan, account_id=f"trend-{scores[address] % 3}")

    def answer(address: str) -> None:
        link = survey_link(stack.mail_to(address))
        requests.post(link, data={"score": str(scores[address])}, timeout=30)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(answer, people))
    wanted = [scores[address] for address, plan in people.items() if plan == "Late trend"]

    # when a trend is made, and counted again once no worker can hold the older rules
    made = stack.call("POST", "trends", json={"name": "Late", "filter": {"plan": ["Late trend"]}})
    assert (made.status_code, made.json()["counted"]) == (201, False)
    trend = made.json()["id"]
    assert stack.call("GET", "metrics", params={"trend": trend}).json()["response_count"] == len(wanted)
    stack.set_clock(130)
    stack.until(lambda: stack.call("GET", f"trends/{trend}").json()["counted"], meanwhile=lambda: stack.invoke("score"))

    # then its figures are those of the twenty
    told = stack.until(
        lambda: (
            found
            if (found := stack.call("GET", "metrics", params={"trend": trend}).json())["response_count"] == len(wanted)
            else None
        )
    )
    assert told["promoter_count"] == sum(score >= 9 for score in wanted)
    assert told["detractor_count"] == sum(score <= 6 for score in wanted)
    listed = stack.call("GET", "survey_responses", params={"trend": trend, "per_page": 100}).json()
    assert sorted(one["score"] for one in listed) == sorted(wanted)

    # and so are all others: nothing was counted twice, and a trend that goes takes its counters along
    segments = stack.call("GET", "metrics/segments", params={"property": "plan"}).json()["segments"]
    (late,) = [one for one in segments if one["value"] == "Late trend"]
    assert (late["response_count"], late["histogram"]) == (told["response_count"], told["histogram"])
    assert stack.call("GET", "metrics/accounts").json()["account_count"] >= 3
    assert stack.call("GET", "metrics/series", params={"interval": "day", "trend": trend}).json()["points"]
    audited = hearback("audit", "--state", stack.state)
    assert audited.returncode == 0, audited.stdout
    assert stack.call("DELETE", f"trends/{trend}").json() == {"ok": True}
    stack.set_clock(260)
    stack.invoke("score")
    stack.set_clock(0)
    audited = hearback("audit", "--state", stack.state)
    assert audited.returncode == 0, audited.stdout
