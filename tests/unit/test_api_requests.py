"""GET survey_requests: who was asked, who has not answered, and what comes next."""

from urllib.parse import urlsplit

import pytest

from functions.api import routes
from functions.deliver.work import work
from functions.feedback import handler as feedback
from shared.domain.people import Person
from shared.domain.requests import RequestState, SurveyRequest
from shared.store.keys import person as person_key
from shared.store.table import Delete, records
from tests.fakes.calls import Api
from tests.fakes.scenes import MESSAGE
from tests.fakes.ses_events import event
from tests.fakes.world import DAY, START, World, sqs_batch


@pytest.fixture
def api(world: World) -> Api:
    world.project()
    return Api.of(world)


def ids(api: Api, query: str = "") -> list[str]:
    return [one["id"] for one in api.call("GET", "survey_requests", query=query).body]


def pages(api: Api, query: str) -> list[list[str]]:
    """The ids on each page, following the links."""
    found = []
    while query:
        reply = api.call("GET", "survey_requests", query=query)
        found.append([one["id"] for one in reply.body])
        link = reply.headers.get("link", "")
        assert not link or link.endswith('>; rel="next"')
        query = urlsplit(link[1:].partition(">")[0]).query
        assert len(found) < 20
    return found


def test_given_one_who_was_asked_then_the_row_tells_all_about_it(world: World, api: Api) -> None:
    world.invited(name="Ada Example")
    world.now += 30
    work(MESSAGE)
    feedback.handle(sqs_batch(event("delivery")), world.context)
    (row,) = api.call("GET", "survey_requests", query="state=active").body
    assert row.pop("person")["email"] == "p1@example.com"
    assert row == {
        "id": "p1-1",
        "status": "active",
        "reason": None,
        "created_at": START,
        "scheduled_at": START,
        "sent_at": START + 30,
        "delayed_at": None,
        "delivered_at": START + 30,
        "bounced_at": None,
        "responded_at": None,
        "reminders": 0,
        "next_reminder_at": START + 30 + 3 * DAY,
        "expires_at": START + 30 + 90 * DAY,
    }
    for day, reminders, following in ((3, 1, START + 30 + 7 * DAY), (7, 2, None)):
        world.now = START + 30 + day * DAY
        work(MESSAGE)
        (row,) = api.call("GET", "survey_requests").body
        assert (row["reminders"], row["next_reminder_at"]) == (reminders, following)


def test_given_requests_in_all_states_then_each_is_listed_under_its_own_and_oldest_first(
    world: World, api: Api
) -> None:
    for number, state in enumerate(RequestState, start=1):
        world.request(world.person(f"p{number}"), state=state, created_at=START - number, timer_at=0)
    for number, state in enumerate(RequestState, start=1):
        assert ids(api, f"state={state.value}") == [f"p{number}-1"]
    assert ids(api) == [f"p{number}-1" for number in range(len(RequestState), 0, -1)]
    assert ids(api, f"since={START - 2}") == ["p2-1", "p1-1"]
    assert ids(api, f"until={START - 7}") == ["p7-1"]


def test_given_one_who_answers_then_they_are_no_longer_among_those_who_have_not(world: World, api: Api) -> None:
    request = world.active()
    assert ids(api, "state=active") == ["p1-1"]
    world.answer(request, 9)
    assert (ids(api, "state=active"), ids(api, "state=responded")) == ([], ["p1-1"])
    assert world.stored(SurveyRequest, "p1-1").state is RequestState.RESPONDED


def test_given_many_then_links_lead_through_all_of_them_over_the_months(world: World, api: Api) -> None:
    expected = []
    for number in range(1, 8):
        state = RequestState.ACTIVE if number % 3 else RequestState.EXPIRED
        at = START - (8 - number) * 20 * DAY
        world.request(world.person(f"p{number}"), state=state, created_at=at, timer_at=0)
        expected += [f"p{number}-1"] * (state is RequestState.ACTIVE)
    assert pages(api, "state=active&per_page=2") == [expected[:2], expected[2:4], expected[4:]]
    assert pages(api, "state=expired&per_page=2") == [["p3-1", "p6-1"]]
    assert [one for page in pages(api, "per_page=3") for one in page] == [f"p{number}-1" for number in range(1, 8)]


def test_given_a_seldom_state_then_a_call_looks_at_so_many_and_its_link_goes_on(
    world: World, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "_MOST_LOOKED_AT", 2)
    for number in range(1, 6):
        state = RequestState.EXPIRED if number == 4 else RequestState.ACTIVE
        world.request(world.person(f"p{number}"), state=state, created_at=START - 10 + number, timer_at=0)
    assert pages(api, "state=expired") == [[], ["p4-1"], []]


def test_given_another_project_s_and_an_erased_person_s_then_the_one_is_not_listed_and_the_other_without_a_name(
    world: World, api: Api
) -> None:
    world.project("other")
    world.request(world.person("p2", "other"))
    world.active()
    person = world.stored(Person, "p1")
    records().write(Delete(person_key("p1"), rev=person.rev))
    (row,) = api.call("GET", "survey_requests").body
    assert (row["id"], row["person"]) == ("p1-1", None)


@pytest.mark.parametrize("query", ["state=waiting", "state=", "cursor=x", "per_page=0", "page=2"])
def test_given_what_is_no_parameter_then_422(api: Api, query: str) -> None:
    reply = api.call("GET", "survey_requests", query=query)
    assert (reply.status, list(reply.body["errors"])) == (422, [query.partition("=")[0]])
