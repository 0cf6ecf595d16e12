"""The hosted pages: reading them writes nothing, pressing Send writes once, and a bad link tells nothing."""

import base64
import gzip
import re
from typing import Any

import pytest

from functions.page import handler
from shared.domain.links import LinkKeys, Purpose
from shared.domain.people import Person
from shared.domain.requests import RequestState, SurveyRequest
from shared.domain.responses import Response
from shared.store import suppression
from shared.store.keys import person as person_key
from shared.store.table import Delete, records
from tests.fakes.world import DAY, World, http_event

FORM = {"score": "9", "comment": "Works well"}


def visit(world: World, method: str = "GET", path: str = "", **more: Any) -> dict[str, Any]:
    return handler.handle(http_event(method, path or survey(world), **more), world.context)


def survey(world: World, request_id: str = "p1-1") -> str:
    return f"/r/{world.link(Purpose.SURVEY, request_id)}"


def stop(world: World, request_id: str = "p1-1") -> str:
    return f"/u/{world.link(Purpose.UNSUBSCRIBE, request_id)}"


@pytest.fixture
def open_(world: World) -> World:
    world.project()
    world.active(name="Ada Example")
    return world


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "query", ["", "score=9", "score=9&comment=hello", "done=1", "score=99", "score=9&score=3", "%ff=%00&x"]
)
def test_given_a_visit_then_nothing_is_written(open_: World, method: str, query: str) -> None:
    before = open_.dynamodb.snapshot("records")
    for path in (survey(open_), stop(open_)):
        assert visit(open_, method, path, query=query)["statusCode"] == 200
    assert open_.dynamodb.snapshot("records") == before


@pytest.mark.parametrize("score", range(11))
def test_given_a_score_in_the_link_then_it_is_preselected_and_not_kept(open_: World, score: int) -> None:
    html = visit(open_, query=f"score={score}")["body"]
    assert html.count(" checked") == 1
    (line,) = [part for part in html.split("<input")[1:] if " checked" in part.split(">")[0]]
    assert f'value="{score}"' in line.split(">")[0]


def test_given_the_hidden_link_then_only_that_a_robot_came_is_noted_once(open_: World) -> None:
    open_.now += 5
    visit(open_, query="trap=1")
    assert open_.stored(SurveyRequest, "p1-1").robot_at == open_.now
    before = open_.dynamodb.snapshot("records")
    open_.now += 5
    visit(open_, query="trap=1")
    assert open_.dynamodb.snapshot("records") == before
    assert open_.items("response") == []


def test_given_a_pressed_send_then_answer_and_request_are_kept_and_thanks_shown(open_: World) -> None:
    open_.now += 60
    answer = visit(open_, "POST", form=FORM)
    assert (answer["statusCode"], answer["headers"]["location"]) == (303, "?done=1")
    response, request = open_.stored(Response, "p1-1"), open_.stored(SurveyRequest, "p1-1")
    assert (response.score, response.comment, response.created_at, response.rev) == (9, "Works well", open_.now, 1)
    assert (request.state, request.responded_at, request.timer_at) == (RequestState.RESPONDED, open_.now, 0)
    assert "Your answer: 9 of 10." in visit(open_, query="done=1")["body"]


@pytest.mark.parametrize("form", ["score=9&score=3", "score=9&score=", "partial=1&score=9&score=3"])
def test_given_two_scores_in_one_form_then_neither_is_kept(open_: World, form: str) -> None:
    assert visit(open_, "POST", body=form)["statusCode"] == 422
    assert open_.items("response") == []
    assert visit(open_, "POST", body="score=9&score=9")["statusCode"] == 303


def test_given_send_pressed_twice_then_one_answer_and_no_edit(open_: World) -> None:
    visit(open_, "POST", form=FORM)
    before = open_.dynamodb.snapshot("records")
    assert visit(open_, "POST", form=FORM)["statusCode"] == 303
    assert open_.dynamodb.snapshot("records") == before


def test_given_two_sends_that_meet_at_any_point_then_one_answer_is_kept(world: World) -> None:
    for position in range(6):
        world.dynamodb.__init__()  # type: ignore[misc]
        world.project()
        world.active()
        at = len(world.dynamodb.calls) + position

        def other(operation: str, number: int, at: int = at) -> None:
            if number == at:
                visit(world, "POST", form=FORM)

        world.dynamodb.meanwhile = other
        assert visit(world, "POST", form=FORM)["statusCode"] == 303
        world.dynamodb.meanwhile = None
        assert world.stored(Response, "p1-1").rev == 1
        assert world.items("edit") == []


def test_given_the_link_opened_again_then_the_answer_is_edited_and_its_history_kept(open_: World) -> None:
    visit(open_, "POST", form=FORM)
    open_.now += DAY
    again = visit(open_)["body"]
    assert "Works well" in again
    visit(open_, "POST", form={"score": "3", "comment": "No longer"})
    response = open_.stored(Response, "p1-1")
    assert (response.score, response.comment, response.rev) == (3, "No longer", 2)
    assert response.updated_at - response.created_at == DAY
    (edit,) = open_.items("edit")
    assert (edit["score"], edit["comment"], edit["rev"]) == (9, "Works well", 1)
    assert open_.stored(SurveyRequest, "p1-1").state is RequestState.RESPONDED


@pytest.mark.parametrize("state", list(RequestState))
def test_given_a_request_in_any_state_then_only_answerable_ones_take_an_answer(
    world: World, state: RequestState
) -> None:
    world.project()
    world.request(world.person("p1"), state=state)
    takes = state in {"scheduled", "active", "responded", "suppressed"}
    assert visit(world)["statusCode"] == (200 if takes else 410)
    assert visit(world, "POST", form=FORM)["statusCode"] == (303 if takes else 410)
    assert len(world.items("response")) == takes


@pytest.mark.parametrize(("after", "status"), [(90 * DAY - 1, 200), (90 * DAY, 410)])
def test_given_a_link_at_the_end_of_its_life_then_it_expires_on_the_second(
    open_: World, after: int, status: int
) -> None:
    open_.now += after
    assert visit(open_)["statusCode"] == status
    assert visit(open_, "POST", form=FORM)["statusCode"] == (303 if status == 200 else 410)


def bad_links(world: World) -> list[str]:
    good = world.link(Purpose.SURVEY, "p1-1")
    foreign = LinkKeys("k2", {"k2": b"another installation"}).make(Purpose.SURVEY, "p1-1")
    return [
        "/r/", "/r/x", f"/r/{good[:-1]}", f"/r/{good}x", f"/r/{foreign}", f"/r/{world.link(Purpose.SURVEY, 'p9-9')}",
        f"/r/{world.link(Purpose.UNSUBSCRIBE, 'p1-1')}", f"/u/{good}", f"/r/{world.link(Purpose.CASE, 'p1-1')}",
        "/r/" + "x" * 5000, "/r/v1.k1.é.x", f"/x/{good}", "/", f"/r/{good}/more", "/r/v1.k9.cA.x", "/r/../../etc",
    ]  # fmt: skip


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_given_a_link_that_is_none_then_every_page_is_the_same_and_nothing_is_written(
    open_: World, method: str
) -> None:
    before = open_.dynamodb.snapshot("records")
    answers = [visit(open_, method, path, form=FORM) for path in bad_links(open_)]
    assert {answer["statusCode"] for answer in answers} == {404}
    assert len({answer["body"] for answer in answers}) == 1
    assert open_.dynamodb.snapshot("records") == before
    assert "Ada" not in answers[0]["body"]


@pytest.mark.parametrize(("site", "status"), [("cross-site", 403), ("same-origin", 303), ("none", 303), ("", 303)])
def test_given_another_sites_form_then_it_is_refused(open_: World, site: str, status: int) -> None:
    headers = {"Sec-Fetch-Site": site} if site else {}
    assert visit(open_, "POST", form=FORM, headers=headers)["statusCode"] == status
    assert len(open_.items("response")) == (status == 303)


@pytest.mark.parametrize("score", ["", "11", "-1", "7.0", " 7", "٧", "seven", "7e0", "9" * 5000, "0x7", "None", "07"])
def test_given_a_score_that_is_none_then_the_page_says_so_and_keeps_the_words(open_: World, score: str) -> None:
    answer = visit(open_, "POST", form={"score": score, "comment": "my words"})
    assert answer["statusCode"] == 422
    assert "my words" in answer["body"]
    assert "choose a score" in answer["body"]
    assert open_.items("response") == []


def test_given_words_without_a_score_then_they_are_asked_for_it(open_: World) -> None:
    assert visit(open_, "POST", form={"comment": "my words"})["statusCode"] == 422


@pytest.mark.parametrize(("length", "status"), [(10_000, 303), (10_001, 422)])
def test_given_a_long_comment_then_its_limit_is_exact(open_: World, length: int, status: int) -> None:
    assert visit(open_, "POST", form={"score": "1", "comment": "x" * length})["statusCode"] == status


@pytest.mark.parametrize(("sent", "kept"), [
    ("<script>alert(1)</script>", "<script>alert(1)</script>"), ("a\x00b\x07c\x7f", "abc"), ("a\r\nb\rc", "a\nb\nc"),
    ("=1+1", "=1+1"), ("  trimmed \n", "trimmed"), ("{{ 7*7 }}", "{{ 7*7 }}"), ("\u202eevil", "\u202eevil"),
    ("😀" * 10, "😀" * 10), ("\ud800".encode("utf-8", "surrogatepass").decode("latin-1"), None),
])  # fmt: skip
def test_given_hostile_words_then_they_are_text_everywhere(open_: World, sent: str, kept: str | None) -> None:
    assert visit(open_, "POST", form={"score": "2", "comment": sent})["statusCode"] == 303
    if kept is not None:
        assert open_.stored(Response, "p1-1").comment == kept
    for query in ("", "done=1"):
        html = visit(open_, query=query)["body"]
        assert "<script>alert" not in html
        html.encode()


@pytest.mark.parametrize(("body", "status"), [(b"\xff\xfe", 422), ("score=9&" + "&".join(["a=1"] * 400), 400)])
def test_given_a_form_that_no_page_of_ours_sends_then_it_is_refused_and_nothing_is_kept(
    open_: World, body: str | bytes, status: int
) -> None:
    assert visit(open_, "POST", body=body)["statusCode"] == status
    assert open_.items("response") == []


def test_given_bytes_that_are_no_text_then_the_answer_is_kept_all_the_same(open_: World) -> None:
    assert visit(open_, "POST", body=b"score=9&comment=good%ff%fe")["statusCode"] == 303
    assert (open_.stored(Response, "p1-1").score, open_.stored(Response, "p1-1").comment) == (9, "good\ufffd\ufffd")


def test_given_a_body_in_base64_then_it_is_read(open_: World) -> None:
    assert visit(open_, "POST", body=b"score=8&comment=caf%C3%A9")["statusCode"] == 303
    assert open_.stored(Response, "p1-1").comment == "café"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_given_another_method_then_405(open_: World, method: str) -> None:
    assert visit(open_, method)["statusCode"] == 405


def test_given_any_page_then_its_headers_let_it_load_and_tell_nothing(open_: World) -> None:
    for answer in (
        visit(open_),
        visit(open_, path="/r/x"),
        visit(open_, path=stop(open_)),
        visit(open_, "POST", form=FORM),
    ):
        headers = answer["headers"]
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-robots-tag"] == "noindex, nofollow"
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        policy = headers.get("content-security-policy", "")
        if answer["body"]:
            for part in ("default-src 'none'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"):
                assert part in policy
            assert "unsafe" not in policy


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "cross-site"}])
@pytest.mark.parametrize("form", [{"List-Unsubscribe": "One-Click"}, {}, {"anything": "else"}])
def test_given_a_one_click_post_then_the_person_gets_no_more_surveys(
    open_: World, headers: dict[str, str], form: dict[str, str]
) -> None:
    answer = visit(open_, "POST", stop(open_), headers=headers, form=form)
    assert answer["statusCode"] == 200
    assert open_.stored(Person, "p1").suppression == "unsubscribed"
    assert open_.stored(SurveyRequest, "p1-1").state is RequestState.SUPPRESSED
    before = open_.dynamodb.snapshot("records")
    open_.now += 60
    assert visit(open_, "POST", stop(open_), form=form)["body"] == answer["body"]
    assert open_.dynamodb.snapshot("records") == before


def again(world: World, **more: Any) -> dict[str, Any]:
    return visit(world, "POST", stop(world), form={"subscribe": "yes"}, **more)


def test_given_an_unsubscribed_person_when_they_press_the_button_then_they_are_asked_again_and_are_off_the_list(
    open_: World,
) -> None:
    before = open_.stored(Person, "p1")
    stopped = visit(open_, "POST", stop(open_))
    assert visit(open_, path=stop(open_))["body"] == stopped["body"]
    assert "Send me surveys again" in stopped["body"]
    assert len(open_.items("unsubscribe")) == 1

    answer = again(open_, headers={"sec-fetch-site": "same-origin"})
    assert (answer["statusCode"], "You will get surveys again" in answer["body"]) == (200, True)
    person = open_.stored(Person, "p1")
    assert (person.unsubscribed_at, person.rev) == (0, before.rev + 2)
    assert open_.items("unsubscribe") == []
    assert open_.stored(SurveyRequest, "p1-1").state is RequestState.SUPPRESSED
    assert "Volverá a recibir encuestas" in visit(open_, path=stop(open_), query="again=1&lang=es")["body"]

    # and each way again
    unchanged = open_.dynamodb.snapshot("records")
    assert again(open_)["body"] == answer["body"]
    assert open_.dynamodb.snapshot("records") == unchanged
    open_.now += 60
    visit(open_, "POST", stop(open_))
    assert open_.stored(Person, "p1").unsubscribed_at == open_.now
    assert [one["at"] for one in open_.items("unsubscribe")] == [open_.now]


@pytest.mark.parametrize("mark", [suppression.bounced, suppression.complained])
def test_given_a_bounce_or_a_complaint_then_wishing_for_surveys_lifts_neither(open_: World, mark: Any) -> None:
    suppression.unsubscribe("p1", open_.now)
    mark("p1", open_.now)
    again(open_)
    person = open_.stored(Person, "p1")
    assert (person.unsubscribed_at, person.suppression) == (0, mark.__name__)
    assert len(open_.items("bounce")) == (mark is suppression.bounced)


def test_given_another_site_then_it_cannot_have_surveys_sent_again(open_: World) -> None:
    suppression.unsubscribe("p1", open_.now)
    before = open_.dynamodb.snapshot("records")
    assert again(open_, headers={"Sec-Fetch-Site": "cross-site"})["statusCode"] == 403
    assert open_.dynamodb.snapshot("records") == before


def test_given_a_one_click_post_that_also_asks_for_surveys_then_it_unsubscribes(open_: World) -> None:
    both = {"subscribe": "yes", "List-Unsubscribe": "One-Click"}
    assert visit(open_, "POST", stop(open_), form=both)["statusCode"] == 200
    assert open_.stored(Person, "p1").suppression == "unsubscribed"


def test_given_a_post_that_nobody_can_read_then_it_unsubscribes(open_: World) -> None:
    visit(open_, "POST", stop(open_), body="&".join(f"a{n}=1" for n in range(99)))
    assert open_.stored(Person, "p1").suppression == "unsubscribed"


@pytest.mark.parametrize("form", [{"List-Unsubscribe": "One-Click"}, {"subscribe": "yes"}])
def test_given_an_erased_person_then_the_page_answers_as_to_anybody(open_: World, form: dict[str, str]) -> None:
    known = visit(open_, path=stop(open_))["body"], visit(open_, "POST", stop(open_), form=form)["body"]
    person = open_.stored(Person, "p1")
    records().write(Delete(person_key("p1"), rev=person.rev))
    before = open_.dynamodb.snapshot("records")
    assert (visit(open_, path=stop(open_))["body"], visit(open_, "POST", stop(open_), form=form)["body"]) == known
    assert open_.dynamodb.snapshot("records") == before
    for query, words in (
        ("done=1&lang=en", "You will get no more surveys"),
        ("again=1&lang=en", "You will get surveys again"),
    ):
        assert words in visit(open_, path=stop(open_), query=query)["body"]


def test_given_a_bounce_between_reading_and_writing_then_both_count(open_: World) -> None:
    suppression.unsubscribe("p1", open_.now)
    told = [lambda: suppression.bounced("p1", open_.now)]
    open_.dynamodb.meanwhile = lambda operation, number: (
        told.pop()() if operation == "transact_write_items" and told else None
    )
    again(open_)
    person = open_.stored(Person, "p1")
    assert (told, person.unsubscribed_at, person.bounced_at) == ([], 0, open_.now)
    assert open_.items("unsubscribe") == []


def test_given_an_unsubscribed_person_then_the_survey_they_hold_can_still_be_answered(open_: World) -> None:
    suppression.unsubscribe("p1", open_.now)
    assert visit(open_, "POST", form=FORM)["statusCode"] == 303
    assert open_.stored(SurveyRequest, "p1-1").state is RequestState.RESPONDED


@pytest.mark.parametrize(("position", "contact"), [(0, False), (2, True)])
def test_given_a_table_that_does_not_answer_then_the_page_keeps_what_was_typed_and_sends_it_again(
    open_: World, capsys: pytest.CaptureFixture[str], position: int, contact: bool
) -> None:
    first = len(open_.dynamodb.calls)
    open_.dynamodb.fault = lambda operation, number: "throttled" if number >= first + position else None
    answer = visit(open_, "POST", form={"score": "1", "comment": "confidential <words>\nof two lines"})
    assert (answer["statusCode"], answer["headers"]["retry-after"]) == (503, "5")
    assert 'name="score" value="1"' in answer["body"]
    assert 'name="comment" value="confidential &lt;words&gt;\nof two lines"' in answer["body"]
    assert ("survey@acme.example.com" in answer["body"]) == contact
    assert "confidential" not in capsys.readouterr().out
    assert open_.items("response") == []


def test_given_a_table_that_does_not_answer_to_a_visit_then_there_is_nothing_to_send_again(open_: World) -> None:
    open_.dynamodb.fault = lambda operation, number: "throttled"
    answer = visit(open_)
    assert (answer["statusCode"], answer["headers"]["retry-after"]) == (503, "5")
    assert "<form" not in answer["body"]


def test_given_a_closed_project_then_its_page_says_so_and_whom_to_write_to(world: World) -> None:
    world.project(open=False)
    world.active()
    for method in ("GET", "POST"):
        answer = visit(world, method, form=FORM)
        assert answer["statusCode"] == 410
        assert "This survey is closed" in answer["body"]
        assert "survey@acme.example.com" in answer["body"]
    assert world.items("response") == []


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [
        ("gzip, deflate, br", True), ("br;q=1.0, gzip;q=0.8", True), ("*", True), ("GZIP", True),
        ("", False), ("br", False), ("gzip;q=0", False), ("identity, gzip; q=0.0", False),
    ],
)  # fmt: skip
def test_given_a_browser_that_takes_gzip_then_the_page_is_the_same_and_smaller(
    open_: World, accepted: str, packed: bool
) -> None:
    plain = visit(open_)
    answer = visit(open_, headers={"Accept-Encoding": accepted})
    assert answer["headers"]["vary"] == "accept-encoding"
    assert answer.get("isBase64Encoded", False) == packed
    assert answer["headers"].get("content-encoding") == ("gzip" if packed else None)
    body = base64.b64decode(answer["body"]) if packed else answer["body"].encode()
    assert (gzip.decompress(body) if packed else body).decode() == plain["body"]
    if packed:
        assert len(body) <= 8_000


@pytest.mark.parametrize(("score", "question"), [
    (9, "What do you like best?"), (7, "What would make Acme better for you?"), (0, "What broke?"),
])  # fmt: skip
def test_given_a_score_then_the_question_after_it_is_its_categorys_without_a_script(
    world: World, score: int, question: str
) -> None:
    world.project(follow_up={"promoter": "What do you like best?", "detractor": "What broke?"})
    world.active()
    html = visit(world, query=f"score={score}")["body"]
    (now,) = re.findall(r'<span class="for \w+ now">([^<]*)', html)
    assert now == question
    assert '<span class="for now">Why did you give that score?</span>' in visit(world)["body"]


def test_given_pages_then_no_log_line_tells_the_link_or_the_person(
    open_: World, capsys: pytest.CaptureFixture[str]
) -> None:
    visit(open_, "POST", form=FORM)
    visit(open_, path="/r/secret-token")
    told = capsys.readouterr().out
    assert told.count("answered") == 2
    for word in ("Works well", "Ada", "p1@example.com", survey(open_)[3:], "secret-token"):
        assert word not in told


def language(answer: dict[str, Any]) -> str:
    return str(answer["body"].partition('<html lang="')[2].partition('"')[0])


GERMAN = {"accept-language": "de-AT,de;q=0.9,en;q=0.8"}


def test_given_a_browser_s_language_then_pages_speak_it_unless_the_person_has_their_own(world: World) -> None:
    world.project()
    world.active("p1")
    world.active("p2", locale="fr-CA")
    assert language(visit(world)) == "en"
    assert language(visit(world, headers=GERMAN)) == "de"
    assert language(visit(world, path=survey(world, "p2-1"), headers=GERMAN)) == "fr"
    assert language(visit(world, path=stop(world, "p2-1"), headers=GERMAN)) == "fr"
    assert language(visit(world, path="/r/v1.none", headers=GERMAN)) == "de"
    assert language(visit(world, path="/nowhere", headers=GERMAN)) == "de"


def test_given_an_unknown_language_then_the_project_s_is_spoken(world: World) -> None:
    world.project(locale="ar")
    world.active(locale="pt-BR")
    html = visit(world, headers={"accept-language": "zh-CN, *;q=0.1"})["body"]
    assert '<html lang="ar" dir="rtl">' in html


def test_given_a_language_picked_on_the_page_then_it_stays_to_the_thanks_and_is_kept(open_: World) -> None:
    before = open_.dynamodb.snapshot("records")
    assert language(visit(open_, query="lang=es&score=9", headers=GERMAN)) == "es"
    assert open_.dynamodb.snapshot("records") == before

    sent = visit(open_, "POST", query="lang=es&score=9", form=FORM)

    assert sent["headers"]["location"] == "?done=1&lang=es"
    assert open_.stored(Response, "p1-1").locale == "es"
    thanks = visit(open_, query="done=1&lang=es")["body"]
    assert 'href="?lang=es"' in thanks  # the way back to the answer
    # Whoever comes back is spoken to as they answered.
    assert language(visit(open_, headers=GERMAN)) == "es"


def test_given_the_switch_then_the_score_stays_preselected(open_: World) -> None:
    html = visit(open_, query="score=0&lang=de")["body"]
    for tag in ("ar", "de", "en", "es", "fr"):
        assert f'href="?score=0&amp;lang={tag}"' in html
    assert html.count('aria-current="true"') == 1
    assert 'hreflang="ar" dir="rtl"' in html


def test_given_a_wrong_form_then_it_comes_back_in_the_language_picked(open_: World) -> None:
    refused = visit(open_, "POST", query="lang=fr", form={"score": "", "comment": "Rien \u00e0 dire"})
    assert (refused["statusCode"], language(refused)) == (422, "fr")
    assert "Veuillez choisir une note" in refused["body"]


def test_given_an_unsubscribed_person_then_done_is_told_in_every_language_and_to_nobody_else(open_: World) -> None:
    done = "Sie erhalten keine Umfragen mehr"
    assert done not in visit(open_, path=stop(open_), query="done=1&lang=de")["body"]
    posted = visit(open_, "POST", stop(open_), query="lang=de", form={"unsubscribe": "yes"})["body"]
    assert done in posted
    assert 'href="?done=1&amp;lang=de"' in posted
    assert done in visit(open_, path=stop(open_), query="done=1&lang=de")["body"]
