"""Anybody may opt in on a page; and whoever sets a project up may look at everything first."""

import html
import re
import time
import uuid

import pytest
import requests

from functions.api.preview import STATES
from shared.domain.people import address_hash
from tests.stack.conftest import Stack, first_link

pytestmark = pytest.mark.stack

WORDS = "Please confirm your address"


def join(stack: Stack, address: str, **more: str) -> requests.Response:
    page = f"{stack.contract['surveys_url'].rstrip('/')}/join/haldora"
    stamp = re.search(r'name="stamp" value="([^"]+)"', requests.get(page, timeout=30).text)
    assert stamp
    time.sleep(2.1)
    form = {"email": address, "name": "Joan <b>Example</b>", "stamp": stamp[1]} | more
    return requests.post(page, data=form, timeout=30)


def people(stack: Stack, address: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = stack.call("GET", "people", params={"email": address}).json()
    return found


def opt_in_of(stack: Stack, address: str) -> dict[str, str] | None:
    claim = stack.item(f"ADDRESS#haldora#{address_hash('haldora', address)}", "OPT_IN")
    return stack.item(f"OPT_IN#{claim['opt_in']}", "OPT_IN") if claim else None


def test_who_confirms_by_mail_is_a_person_with_their_consent(stack: Stack) -> None:
    # given the form sent twice
    address = stack.address()
    answers = [join(stack, address) for _ in range(2)]
    assert [(answer.status_code, "Check your inbox" in answer.text) for answer in answers] == [(200, True)] * 2
    assert people(stack, address) == []

    # then one mail comes, without waiting for the minute's tick, and without what was typed
    mail = stack.until(lambda: stack.inbox.to(address), seconds=20)[0]
    assert WORDS in mail.subject
    assert "Joan" not in mail.text + mail.html
    time.sleep(1)
    assert len(stack.inbox.to(address)) == 1

    # when a gateway looks, nothing happens; when the person presses, they are in
    link = first_link(mail, "j")
    for look in (requests.get, requests.head, requests.get):
        assert look(link, timeout=30).status_code == 200
    page = requests.get(link, timeout=30).text
    assert people(stack, address) == []
    version = re.search(r'name="consent" value="(\w+)"', page)
    assert version
    form = {"consent": version[1], "name": "Joan <b>Example</b>"}
    assert requests.post(link, data=form, headers={"Sec-Fetch-Site": "cross-site"}, timeout=30).status_code == 403
    assert people(stack, address) == []
    done = requests.post(link, data=form, timeout=30)
    assert (done.status_code, "You are in" in done.text) == (200, True)
    (person,) = people(stack, address)
    kept = stack.item(f"PERSON#{person['id']}", "PERSON") or {}
    assert (kept["name"], kept["consented_to"]) == ("Joan <b>Example</b>", version[1])
    assert abs(int(kept["consented_at"]) - time.time()) < 60
    text = (stack.item("CONSENT#haldora", version[1]) or {})["text"]
    assert html.escape(text.splitlines()[-1], quote=False) in page

    # and a member of Autopilot
    member = stack.call("GET", "autopilot/email/memberships", params={"person_email": address}).json()
    assert [one["person"]["email"] for one in member] == [address]

    # and an erasure leaves neither of them
    assert stack.call("DELETE", f"people/email:{address}").status_code == 202
    assert (people(stack, address), opt_in_of(stack, address)) == ([], None)
    assert requests.get(link, timeout=30).status_code == 404


def test_who_does_not_confirm_is_forgotten_after_a_week(stack: Stack) -> None:
    address = stack.address()
    join(stack, address)
    stack.until(lambda: stack.inbox.to(address), seconds=20)
    waiting = opt_in_of(stack, address)
    assert waiting
    assert waiting["email"] == address
    stack.set_clock(7 * 86_400 + 60)
    try:
        link = first_link(stack.inbox.to(address)[0], "j")
        assert requests.get(link, timeout=30).status_code == 410
        sqs = stack.client("sqs")
        [found] = stack.client("cloudformation").describe_stacks(StackName="hearback-local")["Stacks"]
        queue = next(one["OutputValue"] for one in found["Outputs"] if one["OutputKey"] == "PromptQueue")
        sqs.send_message(QueueUrl=queue, MessageBody=f'{{"opt_in": "{waiting["id"]}"}}')
        stack.until(lambda: opt_in_of(stack, address) is None, seconds=20)
    finally:
        stack.set_clock(0)
    assert requests.get(link, timeout=30).status_code == 404


def test_an_address_that_bounces_is_barred_before_anybody_is_a_person(stack: Stack) -> None:
    address = f"bounce+{uuid.uuid4().hex}@simulator.amazonses.com"
    join(stack, address)
    stack.until(lambda: stack.inbox.to(address), seconds=20)
    claim = f"ADDRESS#haldora#{address_hash('haldora', address)}"
    stack.until(lambda: "bounced_at" in (stack.item(claim, "ADDRESS") or {}), seconds=20)
    request = stack.send(address)["survey_request"]
    assert (request["status"], request["reason"]) == ("suppressed", "bounced")


def test_a_robot_and_a_project_that_takes_nobody_in(stack: Stack) -> None:
    address = stack.address()
    assert "Check your inbox" in join(stack, address, website="https://example.org").text
    assert opt_in_of(stack, address) is None
    nowhere = requests.get(f"{stack.contract['surveys_url'].rstrip('/')}/join/nobody", timeout=30)
    assert nowhere.status_code == 404


def test_everything_can_be_looked_at_before_it_is_sent(stack: Stack) -> None:
    for what, states in STATES.items():
        for state in states:
            seen = stack.call("GET", "project/preview", params={"what": what, "state": state})
            assert seen.status_code == 200, (what, state, seen.text)
            assert "Haldora" in seen.text or (what, state) == ("text", "alert")
    refused = stack.call("GET", "project/preview", params={"what": "mail", "state": "new"})
    assert (refused.status_code, list(refused.json()["errors"])) == (422, ["state"])
