"""Imports of earlier responses: counted where they belong, told to nobody."""

from typing import Any

import pytest

from functions.follow_up.act import act
from functions.score import fold
from shared.domain.cases import Duty
from shared.domain.people import Person
from shared.domain.responses import Response
from shared.store import api_keys, projects
from shared.store.attributes import unpack
from tests.fakes.calls import Api
from tests.fakes.world import DAY, START, World, moment
from tests.unit.test_transfer import bring, notice, results, run, text, upload

JANUARY_2024 = moment("2024-01-15 12:00:00")


@pytest.fixture
def api(world: World) -> Api:
    world.project(dimensions=["plan"])
    world.context.get_remaining_time_in_millis = lambda: 60_000
    return Api.of(world)


def responses(world: World) -> list[Response]:
    return [unpack(Response, item) for item in world.items("response")]


def history(world: World, api: Api, *rows: str, header: str = "email,score,comment,created_at,plan") -> dict[str, Any]:
    return bring(world, api, text(header, *rows), kind="responses")


def test_given_history_then_each_row_is_a_response_of_its_date_and_the_person_is_known(world: World, api: Api) -> None:
    one = history(world, api, f"a@example.com,2,too slow,{JANUARY_2024},pro", "b@example.com,9,,2024-02-01,")
    assert (one["state"], one["counts"]) == ("done", {"created": 2})
    found = sorted(responses(world), key=lambda r: r.created_at)
    assert [(r.score, r.comment, r.created_at, r.history) for r in found] == [
        (2, "too slow", JANUARY_2024, True),
        (9, "", moment("2024-02-01 00:00:00"), True),
    ]
    assert found[0].properties == {"plan": "pro"}
    assert sorted(item["email"] for item in world.items("person")) == ["a@example.com", "b@example.com"]


def test_given_the_same_file_again_then_nothing_is_added(world: World, api: Api) -> None:
    rows = [f"p{n % 7}@example.com,{n % 11},word {n},{JANUARY_2024 + n}," for n in range(40)]
    assert history(world, api, *rows)["counts"] == {"created": 40}
    world.now += DAY
    before = world.dynamodb.writes
    again = history(world, api, *rows)
    assert again["counts"] == {"unchanged": 40}
    assert len(responses(world)) == 40
    assert world.dynamodb.writes - before == 4  # the import itself: asked for, begun, one group, ended


def test_given_ids_then_they_name_the_answers_and_another_word_under_one_is_refused(world: World, api: Api) -> None:
    header = "id,email,score,created_at"
    history(world, api, f"r1,a@example.com,2,{JANUARY_2024}", header=header)
    same = history(world, api, f"r1,a@example.com,2,{JANUARY_2024 + 5}", header=header)
    other = history(world, api, f"r1,a@example.com,10,{JANUARY_2024}", header=header)
    assert (same["counts"], other["counts"]) == ({"unchanged": 1}, {"failed": 1})
    assert results(world, other)[0]["reason"] == "id: was imported before, with another score or comment"
    assert [r.score for r in responses(world)] == [2]


def test_given_a_known_person_then_they_stay_as_they_are(world: World, api: Api) -> None:
    world.person("p1", email="a@example.com", name="Ada", properties={"plan": "free"})
    history(world, api, f"A@example.com,2,,{JANUARY_2024},pro")
    person = world.stored(Person, "p1")
    assert (person.name, person.properties) == ("Ada", {"plan": "free"})
    [response] = responses(world)
    assert (response.person, response.properties) == ("p1", {"plan": "pro"})


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (f"a@example.com,11,,{JANUARY_2024},", "score must be a whole number from 0 to 10"),
        (f"a@example.com,,,{JANUARY_2024},", "score can't be blank"),
        ("a@example.com,9,,,", "created_at can't be blank"),
        (f"a@example.com,9,,{START + 60},", "created_at must lie in the past, and not before the year 2000"),
        ("a@example.com,9,,1999-12-31,", "created_at must lie in the past, and not before the year 2000"),
        (f",9,,{JANUARY_2024},", "email can't be blank"),
        (f"a@example.com,9,{'x' * 10_001},{JANUARY_2024},", "comment is too long (at most 10000 characters)"),
    ],
)
def test_given_a_wrong_row_then_it_fails_and_says_why(world: World, api: Api, row: str, reason: str) -> None:
    one = history(world, api, row)
    assert (one["counts"], results(world, one)[0]["reason"]) == ({"failed": 1}, reason)
    assert world.items("person") == []


def test_given_history_from_before_the_project_then_figures_and_lists_begin_there(world: World, api: Api) -> None:
    history(world, api, *[f"p{n}@example.com,{n},,{JANUARY_2024 + n}," for n in range(11)])
    project = projects.load("acme")
    assert (project.since, project.created_at) == (JANUARY_2024, START - 365 * DAY)
    fold.count(project.id, responses(world))
    query = f"since={JANUARY_2024 - DAY}&until={JANUARY_2024 + DAY}"
    assert api.call("GET", "metrics", query=query).body["response_count"] == 11
    listed = api.call("GET", "survey_responses", query="per_page=100").body
    assert [one["score"] for one in listed] == list(range(11))
    world.project(dimensions=["plan"], throttle_days=40)
    assert projects.load("acme").since == JANUARY_2024


def test_given_history_that_another_worker_brought_then_whoever_looks_sees_it_at_once(world: World, api: Api) -> None:
    assert api.call("GET", "survey_responses").body == []
    warm = dict(projects._cache)
    history(world, api, f"a@example.com,9,,{JANUARY_2024},")
    projects._cache.update(warm)
    assert [one["score"] for one in api.call("GET", "survey_responses").body] == [9]
    fold.count("acme", responses(world))
    projects._cache.update(warm)
    assert api.call("GET", "metrics").body["response_count"] == 1


def test_given_a_detractor_of_long_ago_then_there_is_no_case_no_mail_and_no_thanks(world: World, api: Api) -> None:
    history(world, api, f"a@example.com,0,awful,{JANUARY_2024},", f"b@example.com,10,,{JANUARY_2024},")
    for response in responses(world):
        done = act(response, projects.load("acme"), lambda day: False, world.now)
        assert done.duty is Duty.NOTHING
    assert world.mails() == []
    assert world.items("case") == []


def test_given_a_dry_run_then_the_project_does_not_reach_back(world: World, api: Api) -> None:
    one = bring(
        world, api, text("email,score,created_at", f"a@example.com,9,{JANUARY_2024}"), kind="responses", dry_run=True
    )
    assert one["counts"] == {"created": 1}
    assert (responses(world), projects.load("acme").history_at) == ([], 0)


def test_given_send_for_responses_then_422(world: World, api: Api) -> None:
    reply = api.call("POST", "imports", json_body={"kind": "responses", "send": True})
    assert list(reply.body["errors"]) == ["send"]


def test_given_another_projects_import_then_404(world: World, api: Api) -> None:
    asked = api.call("POST", "imports", json_body={"kind": "people"}).body
    world.project("other")
    api_keys.create(api_keys.digest_of("other"), "other", tuple(api_keys.Scope), "test", world.now)
    assert Api(world, "other").call("GET", f"imports/{asked['id']}").status == 404
    assert api.call("GET", f"imports/{asked['id']}").body["upload_url"]


def test_given_an_erasure_meanwhile_then_no_answer_is_left_where_nobody_finds_it(world: World, api: Api) -> None:
    world.person("p1", email="a@example.com")
    erased: list[str] = []

    def erase(operation: str, number: int) -> None:
        if operation == "transact_write_items" and not erased:
            erased.append("p1")
            assert api.call("DELETE", "people/email:a@example.com").status == 202

    import_id = upload(world, api, text("email,score,created_at", f"a@example.com,2,{JANUARY_2024}"), kind="responses")
    world.dynamodb.meanwhile = erase
    run(world, notice(world, import_id))
    [response] = responses(world)
    assert response.person != "p1"
    assert world.stored(Person, response.person).email == "a@example.com"
