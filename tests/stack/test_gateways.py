"""From the mail to the answer in a real browser, after mail gateways have been at every link of it."""

import re
import time
from collections.abc import Iterator

import pytest
import requests
from playwright.sync_api import Browser, sync_playwright

from local.inbox import ReceivedMail
from tests.browser import chromium
from tests.stack.conftest import Stack, hearback, survey_link

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)


@pytest.fixture
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        one = playwright.chromium.launch(executable_path=chromium.find(), args=chromium.launch_arguments())
        yield one
        one.close()


def links(mail: ReceivedMail) -> list[str]:
    """Every address in a mail, of its headers and the one that no person sees among them."""
    told = mail.html + mail.text + str(mail.headers["list-unsubscribe"])
    found = {one.replace("&amp;", "&") for one in re.findall(r"http://[^\"'\s<>]+/[ru]/[^\"'\s<>]+", told)}
    assert sum("score=" in one for one in found) >= 11
    assert any("trap=1" in one for one in found)
    assert any("/u/" in one for one in found)
    return sorted(found)


def test_gateways_change_nothing_and_the_persons_own_click_counts_once(stack: Stack, browser: Browser) -> None:
    # given a mail, a gateway that gets all its links twice, and one that opens each in a browser, with scripts
    address, owner = stack.address(), f"owner-{time.time_ns()}@example.com"
    sent = stack.send(address, owner_email=owner, account_name="Gateway Clinic", account_id=f"gateway-{time.time_ns()}")
    mail = stack.mail_to(address)
    before = stack.call("GET", "metrics", params={"since": 0}).json()["response_count"]
    for link in links(mail) * 2:
        assert requests.get(link, headers={"User-Agent": CHROME}, timeout=30).status_code == 200
    scanner = browser.new_context(user_agent=CHROME)
    page = scanner.new_page()
    for link in links(mail):
        page.goto(link)
        page.evaluate("() => { scrollTo(0, 9999); document.querySelector('input[name=score]')?.click() }")
    page.wait_for_timeout(5_000)
    scanner.close()

    # then there is no answer, not even one that waits, nobody is alerted, and the person is still asked
    stack.invoke("wake")
    assert stack.call("GET", "survey_responses", params={"person_email": address}).json() == []
    told = hearback("quarantine", "list", "--project", stack.contract["project"], "--state", stack.state)
    assert str(sent["id"]) not in told.stdout
    assert stack.inbox.to(owner) == []
    assert address not in stack.call("GET", "unsubscribes").text
    assert not (stack.item(f"PERSON#{sent['id']}", "PERSON") or {}).get("unsubscribed_at")

    # when the person clicks a score in the mail and presses Send
    page = browser.new_context().new_page()
    page.goto(f"{survey_link(mail)}?score=2")
    assert page.get_by_role("radio", name="2 of 10").is_checked()
    page.locator("#comment").fill("Refills take four clicks where one was enough.")
    page.locator("main button[type=submit]").click()
    page.locator(".given").wait_for()

    # then it counts once, and the owner is alerted once
    stack.until(lambda: stack.inbox.to(owner))
    stack.until(lambda: stack.call("GET", "metrics", params={"since": 0}).json()["response_count"] == before + 1)
    stack.invoke("wake")
    (response,) = stack.call("GET", "survey_responses", params={"person_email": address}).json()
    assert response["score"] == 2
    assert len(stack.inbox.to(owner)) == 1
    assert hearback("audit", "--state", stack.state).returncode == 0
