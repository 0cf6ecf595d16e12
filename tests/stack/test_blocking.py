"""What stops mail: the person's word, a bounce, a complaint; and links that lead nowhere."""

import pytest
import requests

from tests.stack.conftest import Stack, first_link, survey_link

pytestmark = pytest.mark.stack

NOT_FOUND_WORDS = "link"


@pytest.mark.parametrize(
    ("mailbox", "reason"), [("bounce", "bounced"), ("suppressionlist", "bounced"), ("complaint", "complained")]
)
def test_what_ses_reports_blocks_all_later_survey_mail(stack: Stack, mailbox: str, reason: str) -> None:
    address = f"{mailbox}+{stack.address().partition('@')[0]}@simulator.amazonses.com"
    owner = f"owner-{stack.address()}"
    assert stack.send(address, owner_email=owner)["survey_request"]["status"] == "scheduled"
    stack.mail_to(address)

    def told() -> bool:
        request = stack.send(address)["survey_request"]
        return (request["status"], request["reason"]) == ("suppressed", reason)

    stack.until(told)
    assert len(stack.inbox.to(address)) == 1
    if reason == "bounced":
        assert address in stack.mail_to(owner, containing="do not arrive").text
    assert len(stack.inbox.to(owner)) == (reason == "bounced")


def test_one_click_unsubscribe_works_without_cookies_and_only_by_post(stack: Stack) -> None:
    address = stack.address()
    stack.send(address)
    mail = stack.mail_to(address)
    link = mail.headers["list-unsubscribe"].strip("<>")
    assert first_link(mail, "u") == link
    assert requests.get(link, timeout=30).status_code == 200
    assert requests.head(link, timeout=30).status_code == 200
    assert stack.send(address)["survey_request"]["status"] == "throttled"
    headers = {"Sec-Fetch-Site": "cross-site"}
    one_click = {"List-Unsubscribe": "One-Click"}
    assert requests.post(link, data=one_click, headers=headers, timeout=30).status_code == 200
    refused = stack.send(address)["survey_request"]
    assert (refused["status"], refused["reason"]) == ("suppressed", "unsubscribed")


def test_who_unsubscribed_can_have_surveys_again_from_the_same_page_but_no_other_site_can(stack: Stack) -> None:
    address = stack.address()
    stack.send(address)
    link = first_link(stack.mail_to(address), "u")
    requests.post(link, timeout=30)
    wish = {"subscribe": "yes"}
    assert requests.post(link, data=wish, headers={"Sec-Fetch-Site": "cross-site"}, timeout=30).status_code == 403
    assert stack.send(address)["survey_request"]["reason"] == "unsubscribed"
    assert "Send me surveys again" in requests.get(link, timeout=30).text
    assert requests.post(link, data=wish, timeout=30).status_code == 200
    assert stack.send(address)["survey_request"]["status"] == "throttled"
    newest = stack.call("GET", "unsubscribes", params={"per_page": 100}).json()
    assert address not in {one["email"] for one in newest}


def test_an_unsubscribe_stops_a_survey_that_waits(stack: Stack) -> None:
    address = stack.address()
    answer = stack.call("POST", "people", json={"email": address, "delay": 3600}).json()
    assert stack.call("POST", "unsubscribes", json={"person_email": address}).json() == {"ok": True}
    request = answer["survey_request"]["id"]
    assert (stack.item(f"PERSON#{answer['id']}", f"ASK#{request}#REQUEST") or {})["state"] == "suppressed"


def test_broken_old_and_foreign_links_get_a_helpful_page(stack: Stack) -> None:
    address = stack.address()
    stack.send(address)
    mail = stack.mail_to(address)
    link, stop = survey_link(mail), first_link(mail, "u")
    unsubscribe_token = stop.rpartition("/")[2]
    surveys = stack.contract["surveys_url"]
    for broken in (
        link + "x",
        link[:-1],
        f"{surveys}r/{unsubscribe_token}",
        f"{surveys}r/v1.k1.YQ.YQ",
        surveys,
    ):
        page = requests.get(broken, timeout=30)
        assert page.status_code == 404, broken
        assert "text/html" in page.headers["content-type"]
        assert page.headers["referrer-policy"] == "no-referrer"
    assert requests.post(link, data={"score": "11"}, timeout=30).status_code == 422
    assert (
        requests.post(link, data={"score": "1"}, headers={"Sec-Fetch-Site": "cross-site"}, timeout=30).status_code
        == 403
    )
    stack.set_clock(91 * 86_400)
    try:
        expired = requests.get(link, timeout=30)
        assert expired.status_code == 410
        assert requests.post(link, data={"score": "1"}, timeout=30).status_code == 410
    finally:
        stack.set_clock(0)
    assert stack.call("GET", "survey_responses", params={"person_email": address}).json() == []


def test_erasing_a_person_keeps_the_score_and_nothing_else(stack: Stack) -> None:
    address = stack.address()
    person = stack.send(address, plan="Gold", nickname="Secret")
    mail = stack.mail_to(address)
    link, stop = survey_link(mail), first_link(mail, "u")
    requests.post(link, data={"score": "7", "comment": "My name is Secret"}, timeout=30)
    response = person["survey_request"]["id"]
    assert stack.call("DELETE", f"people/email:{address}").status_code == 202
    left = stack.call("GET", f"survey_responses/{response}").json()
    assert (left["score"], left["comment"], left["person_properties"]) == (7, None, {"plan": "Gold"})
    assert stack.call("GET", "people", params={"email": address}).json() == []
    assert requests.get(link, timeout=30).status_code == 410

    # and by the link they still have, they are not asked when they are added again
    assert requests.post(stop, data={"List-Unsubscribe": "One-Click"}, timeout=30).status_code == 200
    told = stack.call("POST", "people", json={"email": address}).json()["survey_request"]
    assert (told["status"], told["reason"]) == ("suppressed", "unsubscribed")
