"""Autopilot on the stack: Delighted's own client enrols people, and they are asked once a period."""

import time
import warnings
from pathlib import Path

import pytest

from tests.stack.conftest import Stack, hearback, key_of

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import delighted

pytestmark = pytest.mark.stack

DAY = 86_400
PROJECT = """
id = "weekly"
name = "A survey each week"
throttle_days = 7
reminder_days = []
autopilot = { active = true, frequency_days = 7 }
brand = { name = "Haldora Health" }
sender = { email = "haldora@example.com", name = "Haldora Health" }
owner = { email = "desmond.achterveld@haldora.example.com" }
"""


@pytest.fixture
def members(stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> type[delighted.AutopilotMembership]:
    """Delighted's client, with a key of a project that asks each week."""
    file = tmp_path / "weekly.toml"
    file.write_text(PROJECT)
    made = hearback("project", "create", file, "--state", stack.state)
    assert made.returncode == 0, made.stderr
    monkeypatch.setattr(delighted, "api_key", key_of(stack, "weekly"))
    monkeypatch.setattr(delighted, "api_base_url", stack.contract["api_url"])
    monkeypatch.setattr(delighted, "shared_client", None)
    return delighted.AutopilotMembership.forEmail()


def test_delighteds_client_enrols_lists_and_ends_and_members_are_asked_once_a_period(
    stack: Stack, members: type[delighted.AutopilotMembership]
) -> None:
    # given three members and one who has left
    told = delighted.AutopilotConfiguration.retrieve("email")
    assert (told.platform_id, told.active, told.frequency) == ("email", True, 7 * DAY)
    asked, silent, gone = (delighted.Person.create(email=stack.address(), send=False) for _ in range(3))
    made = members.create(person_id=asked.id, properties={"question_product_name": "Haldora Lab"})
    assert made["person"]["email"] == asked.email
    assert made.next_survey_request["properties"] == {"question_product_name": "Haldora Lab"}
    for person in (silent, gone):
        members.create(person_email=person.email)
    for options in ({"per_page": 1}, {"auto_handle_rate_limits": True}):
        listed = [one["person"]["id"] for one in members.list(**options).auto_paging_iter()]
        assert sorted(listed) == sorted([asked.id, silent.id, gone.id])
    assert members.delete(person_email=gone.email)["person"]["id"] == gone.id
    with pytest.raises(delighted.errors.GeneralAPIError):
        members.delete(person_id=gone.id)
    with pytest.raises(delighted.errors.ResourceValidationError):
        members.create(person_email="nobody@example.org")
    delighted.Unsubscribe.create(person_email=silent.email)

    # when two periods pass
    def turn() -> int:
        [one] = members.list(person_id=asked.id).auto_paging_iter()
        assert one.next_survey_request["id"] is None
        return int(one.next_survey_request["survey_scheduled_at"])

    turns = []
    try:
        for count in (1, 2):
            turns.append(turn())
            stack.set_clock(turns[-1] - int(time.time()) + 2)
            stack.until(
                lambda count=count: len(stack.inbox.to(asked.email)) == count, meanwhile=lambda: stack.invoke("wake")
            )
        stack.set_clock(turn() - int(time.time()) - 60)
        stack.invoke("wake")
    finally:
        stack.set_clock(0)

    # then each brought one mail, and none to those who left or want none
    assert 0 < turns[0] - int(time.time()) <= 7 * DAY
    assert turns[1] - turns[0] == 7 * DAY
    mails = stack.inbox.to(asked.email)
    assert ["Haldora Lab" in mail.subject for mail in mails] == [True, True]
    assert stack.inbox.to(silent.email) == stack.inbox.to(gone.email) == []
