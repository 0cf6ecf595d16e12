"""Scores that were picked and not sent: each counts once, late, or not at all; what a person sends always counts."""

from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.deliver.work import Done, work
from functions.follow_up.act import act
from functions.page import handler
from functions.score import fold
from functions.wake.release import release as wake
from shared.domain import requests
from shared.domain.answering import HOUR, QUICK_SECONDS
from shared.domain.errors import ConflictError, NotFoundError
from shared.domain.links import Purpose
from shared.domain.people import Person
from shared.domain.requests import RequestState, SurveyRequest
from shared.domain.responses import Response
from shared.store import counters, projects, responses
from shared.store import stream as stream_store
from shared.store.erasures import erase as forget_person
from shared.store.keys import months
from shared.store.records import changed, load
from shared.store.table import records
from tests.fakes.caches import forget
from tests.fakes.chaos import Chaos
from tests.fakes.dynamodb import StreamRecord
from tests.fakes.world import DAY, World, http_event

ONCE = {"response": "p1-1"}


def post(world: World, request_id: str = "p1-1", **form: Any) -> dict[str, Any]:
    path = f"/r/{world.link(Purpose.SURVEY, request_id)}"
    return handler.handle(http_event("POST", path, form={k: str(v) for k, v in form.items()}), world.context)


def get(world: World, query: str = "") -> dict[str, Any]:
    path = f"/r/{world.link(Purpose.SURVEY, 'p1-1')}"
    return handler.handle(http_event("GET", path, query=query), world.context)


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


def test_given_a_score_picked_and_not_sent_then_it_is_kept_and_counts_a_day_later_once(read: World) -> None:
    assert (choose(read, 3)["statusCode"], choose(read, 3)["body"]) == (204, "")
    one = response_of(read)
    assert (one.score, one.partial, one.counts, one.rev, one.timer_at) == (3, True, False, 1, read.now + 24 * HOUR)
    assert read.stored(SurveyRequest, "p1-1").state is RequestState.ACTIVE
    read.now += 24 * HOUR - 1
    assert work(ONCE)[0] is Done.NOTHING
    read.now += 1
    assert [work(ONCE)[0], work(ONCE)[0]] == [Done.COUNTED, Done.NOTHING]
    one, request = response_of(read), read.stored(SurveyRequest, "p1-1")
    assert (one.counts, one.matured_at, one.created_at, one.timer_at, one.rev) == (True, read.now, read.now, 0, 2)
    assert (request.state, request.responded_at, request.timer_at) == (RequestState.RESPONDED, read.now, 0)


def test_given_a_projects_own_time_then_a_choice_counts_after_it(world: World) -> None:
    world.project(partial_hours=2)
    world.active()
    world.now += HOUR
    choose(world, 9)
    assert response_of(world).timer_at == world.now + 2 * HOUR


def test_given_a_choice_whose_time_has_come_then_wake_hands_it_on(read: World) -> None:
    choose(read, 3)
    read.now += 24 * HOUR
    assert "response:p1-1" in wake(read.now, "w").names
    assert {"response": "p1-1"} in read.sqs.take("https://sqs.example.com/prompt")


@pytest.mark.parametrize("kind", ["choice", "quarantined"])
def test_given_what_does_not_count_then_no_list_and_no_call_of_the_api_tells_of_it(world: World, kind: str) -> None:
    project = world.project()
    world.active()
    world.now += HOUR if kind == "choice" else 1
    choose(world, 3)
    assert list(responses.lists.by_time(Response, "response", project.id, since=0, until=world.now)) == []
    assert list(responses.lists.by_update(Response, "response", project.id, since=0, until=world.now)) == []
    assert [one.id for one in responses.quarantined(project, until=world.now)] == ["p1-1"] * (kind != "choice")


def test_given_a_choice_when_another_follows_a_minute_later_then_it_takes_its_place_and_history_is_kept(
    read: World,
) -> None:
    choose(read, 3)
    read.now += 61
    choose(read, 8)
    one = response_of(read)
    assert (one.score, one.quarantine, one.timer_at, one.rev) == (8, "", read.now + 24 * HOUR, 2)
    assert [(edit["score"], edit["rev"]) for edit in read.items("edit")] == [(3, 1)]


@pytest.mark.parametrize(("after", "doubted"), [(0, True), (59, True), (60, False)])
def test_given_two_scores_within_a_minute_then_the_choice_is_quarantined(
    read: World, after: int, doubted: bool
) -> None:
    choose(read, 3)
    read.now += after
    choose(read, 9)
    assert response_of(read).quarantine == ("several scores within a minute" if doubted else "")


@pytest.mark.parametrize("arrival", ["sent", "delivered", "unknown"])
@pytest.mark.parametrize(("after", "doubted"), [(0, True), (QUICK_SECONDS - 1, True), (QUICK_SECONDS, False)])
def test_given_a_choice_within_seconds_of_delivery_then_it_is_quarantined(
    world: World, arrival: str, after: int, doubted: bool
) -> None:
    world.project()
    person = world.person("p1")
    times = {"sent": {"sent_at": world.now}, "delivered": {"sent_at": world.now - DAY, "delivered_at": world.now}}
    state = RequestState.SCHEDULED if arrival == "unknown" else RequestState.ACTIVE
    world.request(person, state=state, **times.get(arrival, {}))
    world.now += after
    choose(world, 9)
    assert response_of(world).quarantine == ("within seconds of delivery" if doubted or arrival == "unknown" else "")


def test_given_the_hidden_link_followed_before_then_a_choice_is_quarantined(read: World) -> None:
    get(read, "trap=1")
    read.now += DAY
    choose(read, 9)
    assert (response_of(read).quarantine, response_of(read).timer_at) == ("hidden link followed", 0)


def test_given_the_hidden_link_followed_after_a_choice_then_it_is_quarantined_when_it_would_count(read: World) -> None:
    choose(read, 9)
    get(read, "trap=1")
    read.now += 24 * HOUR
    assert work(ONCE)[0] is Done.NOTHING
    assert (response_of(read).quarantine, response_of(read).counts) == ("hidden link followed", False)
    assert read.stored(SurveyRequest, "p1-1").state is RequestState.ACTIVE


@pytest.mark.parametrize(("later", "doubted"), [(0, True), (QUICK_SECONDS - 1, True), (QUICK_SECONDS, False)])
def test_given_the_word_of_delivery_right_after_a_choice_then_it_is_quarantined_when_it_would_count(
    read: World, later: int, doubted: bool
) -> None:
    choose(read, 9)
    read.now += later
    request = read.stored(SurveyRequest, "p1-1")
    records().write(changed(requests.delivered(request, projects.load("acme"), now=read.now)))
    read.now += 24 * HOUR
    assert work(ONCE)[0] is (Done.NOTHING if doubted else Done.COUNTED)
    assert response_of(read).quarantine == ("within seconds of delivery" if doubted else "")
    post(read, score=9, comment="it is me")
    assert response_of(read).counts


@pytest.mark.parametrize("seconds", [0, 1, HOUR])
def test_given_a_pressed_send_then_it_is_never_doubted(world: World, seconds: int) -> None:
    world.project()
    world.active()
    get(world, "trap=1")
    world.now += seconds
    choose(world, 2)
    choose(world, 4)
    assert not response_of(world).counts
    post(world, score=7, comment="really")
    one = response_of(world)
    assert (one.score, one.counts, one.partial, one.quarantine, one.comment) == (7, True, False, "", "really")
    assert world.stored(SurveyRequest, "p1-1").state is RequestState.RESPONDED


def test_given_a_quarantined_choice_when_another_follows_much_later_then_it_stays_quarantined(world: World) -> None:
    world.project()
    world.active()
    choose(world, 2)
    world.now += DAY
    choose(world, 4)
    assert (response_of(world).score, response_of(world).quarantine) == (4, "within seconds of delivery")


def test_given_an_operators_release_then_the_choice_counts_from_then_on_once(world: World) -> None:
    project = world.project()
    world.active()
    choose(world, 2)
    world.now += 3 * DAY
    responses.release("p1-1", world.now)
    one = response_of(world)
    assert (one.counts, one.created_at, one.quarantine) == (True, world.now, "")
    assert world.stored(SurveyRequest, "p1-1").state is RequestState.RESPONDED
    assert list(responses.quarantined(project, until=world.now)) == []
    with pytest.raises(ConflictError):
        responses.release("p1-1", world.now)
    with pytest.raises(NotFoundError):
        responses.release("p9-1", world.now)


@pytest.mark.parametrize("how", ["sent", "matured", "released"])
def test_given_what_counts_then_a_choice_changes_nothing_and_a_send_does(world: World, how: str) -> None:
    world.project()
    world.active()
    world.now += HOUR if how == "matured" else 0
    if how == "sent":
        post(world, score=3, comment="first")
    else:
        choose(world, 3)
    if how == "matured":
        world.now += DAY
        work(ONCE)
    if how == "released":
        responses.release("p1-1", world.now)
    began, before = response_of(world).created_at, world.dynamodb.snapshot("records")
    world.now += DAY
    assert choose(world, 9)["statusCode"] == 204
    assert world.dynamodb.snapshot("records") == before
    post(world, score=9, comment="second")
    one = response_of(world)
    assert (one.score, one.partial, one.created_at, one.updated_at) == (9, False, began, world.now)


def test_given_a_link_that_expires_before_a_choice_counts_then_it_counts_all_the_same(world: World) -> None:
    world.project()
    world.active()
    world.now += 90 * DAY - 1
    choose(world, 6)
    world.now += 1
    assert choose(world, 7)["statusCode"] == 410
    assert work({"request": "p1-1"})[0] is Done.EXPIRED
    world.now += DAY
    assert work(ONCE)[0] is Done.COUNTED
    assert world.stored(SurveyRequest, "p1-1").state is RequestState.RESPONDED


def test_given_a_choice_that_does_not_count_then_the_person_is_still_reminded(read: World) -> None:
    timer = read.stored(SurveyRequest, "p1-1").timer_at
    choose(read, 9)
    assert read.stored(SurveyRequest, "p1-1").timer_at == timer


def test_given_a_choice_then_the_page_shows_it_and_asks_on_and_there_are_no_thanks(read: World) -> None:
    choose(read, 9)
    for query in ("", "done=1"):
        html = get(read, query)["body"]
        assert "You picked 9 on" in html
        assert 'value="9" class="promoter" aria-label="9 of 10" required checked' in html
        assert ">Send</button>" in html
        assert 'data-choice="open"' in html
    read.now += DAY
    work(ONCE)
    assert 'data-choice="closed"' in get(read)["body"]


@pytest.mark.parametrize("form", [{"score": ""}, {"score": "11"}, {}])
def test_given_a_choice_that_is_none_then_nothing_is_kept(read: World, form: dict[str, str]) -> None:
    assert post(read, partial=1, **form)["statusCode"] == 422
    assert read.items("response") == []


def test_given_an_erased_person_then_their_choice_never_counts(read: World) -> None:
    choose(read, 3)
    erase(read)
    read.now += 2 * DAY
    assert work(ONCE)[0] is Done.NOTHING
    one = response_of(read)
    assert (one.erased, one.counts, one.timer_at) == (True, False, 0)
    assert list(responses.quarantined(projects.load("acme"), until=read.now)) == []
    with pytest.raises(ConflictError):
        responses.release("p1-1", read.now)


def erase(world: World) -> None:
    forget_person(world.stored(Person, "p1"), world.now)


def test_given_a_choice_that_meets_the_erasure_then_nothing_is_kept_that_was_not_there(read: World) -> None:
    asked = responses.find("p1-1")
    erase(read)
    with pytest.raises(ConflictError):
        responses.choose(asked, projects.load("acme"), score=3, now=read.now)
    assert read.items("response") == []


def test_given_two_choices_that_meet_at_any_point_then_one_is_kept_and_the_other_is_doubted(world: World) -> None:
    for position in range(6):
        forget()
        world.dynamodb.__init__()  # type: ignore[misc]
        world.project()
        world.active()
        world.now += HOUR
        at = len(world.dynamodb.calls) + position

        def other(operation: str, number: int, at: int = at) -> None:
            if number == at:
                choose(world, 4)

        world.dynamodb.meanwhile = other
        choose(world, 9)
        world.dynamodb.meanwhile = None
        if not world.items("response"):
            continue
        one = response_of(world)
        scores = {one.score, *(edit["score"] for edit in world.items("edit"))}
        assert (bool(one.quarantine), one.rev) == ((True, 2) if len(scores) == 2 else (False, 1))


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("choose"), st.integers(0, 10)),
        st.tuples(st.just("send"), st.integers(0, 10)),
        st.tuples(st.sampled_from(("robot", "message", "release")), st.just(0)),
        st.tuples(st.just("wait"), st.sampled_from((5, 61, HOUR, 24 * HOUR))),
    ),
    min_size=1,
    max_size=14,
)


def play(world: World, what: str, amount: int) -> None:
    match what:
        case "choose":
            choose(world, amount)
        case "send":
            post(world, score=amount)
        case "robot":
            get(world, "trap=1")
        case "message":
            work(ONCE)
        case "release" if load(Response, "p1-1") and response_of(world).quarantine:
            responses.release("p1-1", world.now)
        case "wait":
            world.now += amount


@settings(max_examples=400)
@given(steps=STEPS, seed=st.integers(0, 2**32))
def test_given_any_course_of_events_then_an_answer_is_counted_once_and_followed_up_once_or_not_at_all(
    world: World, steps: list[tuple[str, int]], seed: int
) -> None:
    forget()
    world.dynamodb.__init__()  # type: ignore[misc]
    project = world.project()
    world.active()
    ever: list[int] = []  # the scores that ever counted
    sent = False
    for what, amount in steps:
        play(world, what, amount)
        sent = sent or what == "send"
        now = load(Response, "p1-1")
        if now and now.counts and (not ever or ever[-1] != now.score):
            ever.append(now.score)

    for handle in (_count, _follow_up(world)):
        Chaos(world.dynamodb, Random(seed), ordered=True, on_death=counters._known_values.clear).deliver(
            world.stream("response"), handle
        )

    one = load(Response, "p1-1")
    counts = bool(one and one.counts)
    assert counts or not sent
    told = counters.all_months(project.id, list(months(world.now - 60 * DAY, world.now + DAY)))
    histogram = {key.name: value for key, value in told.items() if key.row == "all" and key.name.startswith("h")}
    assert histogram == ({f"h{one.score}": 1} if one and counts else {})
    assert (world.stored(SurveyRequest, "p1-1").state is RequestState.RESPONDED) == counts
    alerts = [mail for mail in world.mails() if mail["id"].startswith("alert-")]
    thanks = [mail for mail in world.mails() if mail["id"].startswith("thanks-")]
    assert len(alerts) == len(world.items("case")) == any(score <= 6 for score in ever)
    assert len(thanks) <= any(score >= 9 for score in ever)
    if ever and min(ever) > 6:
        assert len(thanks) == (max(ever) >= 9)


def _count(batch: Sequence[StreamRecord]) -> None:
    images = stream_store.read([one.event() for one in batch])
    for project_id, group in fold.newest(images.records).items():
        fold.count(project_id, group)


def _follow_up(world: World) -> Any:
    def handle(batch: Sequence[StreamRecord]) -> None:
        for one in stream_store.read([record.event() for record in batch]).records:
            if isinstance(one, Response):
                act(one, projects.load("acme"), lambda day: False, world.now)

    return handle
