"""How often one link may write: enough for every person, an end for every script, and no cost to those who look."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.page import handler
from shared.domain.answering import (
    HOUR,
    MOST_CHOICES,
    MOST_CHOICES_AN_HOUR,
    MOST_VERSIONS,
    MOST_VERSIONS_AN_HOUR,
    check_pace,
    sent,
)
from shared.domain.entered import Correction
from shared.domain.errors import TooManyError
from shared.domain.links import Purpose
from shared.domain.requests import RequestState, SurveyRequest
from shared.domain.responses import Response
from shared.store import entered, projects
from tests.fakes.world import World, http_event

REQUEST = SurveyRequest(
    id="p1-1",
    project="acme",
    person="p1",
    created_at=0,
    state=RequestState.ACTIVE,
    scheduled_at=0,
    expires_at=2_000_000_000,
)


def post(world: World, **form: Any) -> dict[str, Any]:
    path = f"/r/{world.link(Purpose.SURVEY, 'p1-1')}"
    return handler.handle(http_event("POST", path, form={k: str(v) for k, v in form.items()}), world.context)


def get(world: World) -> dict[str, Any]:
    return handler.handle(http_event("GET", f"/r/{world.link(Purpose.SURVEY, 'p1-1')}"), world.context)


def choose(world: World, score: int) -> dict[str, Any]:
    return post(world, score=score, partial=1)


def response_of(world: World) -> Response:
    return world.stored(Response, "p1-1")


@pytest.fixture
def read(world: World) -> World:
    """A mail that arrived an hour ago."""
    world.project()
    world.active(name="Ada Example")
    world.now += HOUR
    return world


def test_given_a_link_used_too_often_then_choices_end_first_and_send_has_room_until_its_own_limit(read: World) -> None:
    statuses = [choose(read, n % 11)["statusCode"] for n in range(MOST_CHOICES_AN_HOUR + 1)]
    assert statuses == [204] * MOST_CHOICES_AN_HOUR + [429]
    room = MOST_VERSIONS_AN_HOUR - MOST_CHOICES_AN_HOUR
    answers = [post(read, score=n % 11, comment=f"words {n}") for n in range(room + 1)]
    assert [one["statusCode"] for one in answers] == [303] * room + [429]
    refused = answers[-1]
    assert refused["headers"]["retry-after"] == str(HOUR)
    assert f'name="comment" value="words {room}"' in refused["body"]
    assert response_of(read).comment == f"words {room - 1}"
    assert "haldora" not in refused["body"]
    assert "survey@acme.example.com" in refused["body"]
    read.now += HOUR
    assert post(read, score=1, comment="later")["statusCode"] == 303


def test_given_the_same_answer_sent_over_and_over_then_nobody_is_told_to_wait(read: World) -> None:
    assert {post(read, score=5, comment="same")["statusCode"] for _ in range(2 * MOST_VERSIONS_AN_HOUR)} == {303}


def test_given_the_most_changes_then_a_visit_and_a_send_read_two_items_and_no_version(
    read: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(40):
        post(read, score=n % 11, comment="x" * 10_000)
        read.now += 121
    assert len(read.items("edit")) == 39
    found: list[int] = []
    query = read.dynamodb.query

    def counted(**call: Any) -> dict[str, Any]:
        answer = query(**call)
        found.append(len(answer["Items"]))
        return answer

    monkeypatch.setattr(type(read.dynamodb), "query", lambda _, **call: counted(**call))
    before = len(read.dynamodb.calls)
    get(read)
    assert (read.dynamodb.calls[before:], found) == (["query"], [2])
    post(read, score=1, comment="again")
    assert (read.dynamodb.calls[before:], found) == (["query", "query", "transact_write_items"], [2, 2])


def test_given_a_script_that_holds_the_link_then_its_writes_end_and_what_was_sent_last_stays(read: World) -> None:
    statuses = []
    for n in range(1_000):
        statuses.append(post(read, score=n % 11, comment=f"words {n}")["statusCode"])
        read.now += HOUR // MOST_VERSIONS_AN_HOUR
    assert statuses == [303] * MOST_VERSIONS + [429] * (1_000 - MOST_VERSIONS)
    assert (len(read.items("edit")), response_of(read).comment) == (MOST_VERSIONS - 1, f"words {MOST_VERSIONS - 1}")
    refused = post(read, score=1, comment="one more")
    assert "retry-after" not in refused["headers"]
    assert "it takes no more changes" in refused["body"]
    assert "Try again" not in refused["body"]
    assert get(read)["statusCode"] == 200
    assert post(read, score=(MOST_VERSIONS - 1) % 11, comment=f"words {MOST_VERSIONS - 1}")["statusCode"] == 303


def test_given_a_machine_that_chooses_on_and_on_then_its_writes_end_and_the_person_s_send_is_taken(read: World) -> None:
    statuses = []
    for n in range(2 * MOST_CHOICES):
        statuses.append(choose(read, n % 11)["statusCode"])
        read.now += HOUR // MOST_CHOICES_AN_HOUR
    assert (statuses[:MOST_CHOICES], response_of(read).rev) == ([204] * MOST_CHOICES, MOST_CHOICES)
    assert choose(read, 1)["statusCode"] == 429
    assert post(read, score=4, comment="it is me")["statusCode"] == 303
    assert (response_of(read).comment, response_of(read).counts) == ("it is me", True)


def test_given_corrections_by_the_api_then_they_take_nothing_from_the_person_s_room(read: World) -> None:
    project = projects.load("acme")
    post(read, score=3, comment="first")
    for n in range(MOST_VERSIONS + 1):
        entered.correct(project, "p1-1", Correction(comment=f"typed over {n}"), read.now)
    assert response_of(read).rev > MOST_VERSIONS
    assert post(read, score=9, comment="second")["statusCode"] == 303


def test_given_writes_at_any_times_then_a_link_is_stopped_exactly_when_the_hour_is_full() -> None:
    @settings(max_examples=300)
    @given(steps=st.lists(st.tuples(st.booleans(), st.sampled_from((0, 1, 30, 119, 121, 1_700, HOUR))), max_size=90))
    def check(steps: list[tuple[bool, int]]) -> None:
        now, before, written = 1_700_000_000, None, list[int]()
        for sends, pause in steps:
            now += pause
            most = MOST_VERSIONS_AN_HOUR if sends else MOST_CHOICES_AN_HOUR
            within = [at for at in written if at > now - HOUR]
            if len(within) >= most:
                with pytest.raises(TooManyError) as refused:
                    check_pace(before, most=most, now=now)
                free = now + refused.value.seconds
                assert len([at for at in within if at > free - HOUR]) < most
                assert len([at for at in within if at > free - 1 - HOUR]) >= most
                continue
            check_pace(before, most=most, now=now)
            before = sent(REQUEST, before, score=1, comment="", now=now)
            written.append(now)
            assert (before.changes, len(before.recent) < MOST_VERSIONS_AN_HOUR) == (len(written) - 1, True)

    check()
