"""A project's own questions: their settings, who is asked them, and what is kept of the answers."""

from typing import Any

import pytest

from functions.api import outputs
from functions.page import handler
from shared.domain.errors import InvalidError
from shared.domain.links import Purpose
from shared.domain.nps import Category
from shared.domain.project_settings import parse_project
from shared.domain.questions import asked, read_answers
from shared.domain.responses import Response
from tests.fakes.world import World, http_event, settings

OPTIONS = [{"id": "a", "text": "Alpha"}, {"id": "b", "text": "Beta"}]
QUESTIONS: list[dict[str, Any]] = [
    {"id": "why", "type": "free_response", "text": "Why now?"},
    {"id": "ease", "type": "scale", "text": "How easy?", "low_label": "Hard", "show_for": ["detractor"]},
    {"id": "one", "type": "select_one", "text": "Which one?", "options": OPTIONS},
    {"id": "many", "type": "select_many", "text": "Which ones?", "options": OPTIONS, "show_for": ["promoter"]},
    {"id": "age", "type": "select_one", "text": "How old?", "options": OPTIONS, "demographic": True},
]


@pytest.fixture
def open_(world: World) -> World:
    world.project(questions=QUESTIONS)
    world.active()
    return world


def visit(world: World, method: str = "GET", body: str | None = None, **more: Any) -> dict[str, Any]:
    path = f"/r/{world.link(Purpose.SURVEY, 'p1-1')}"
    return handler.handle(http_event(method, path, body=body, **more), world.context)


def test_given_answers_then_those_of_the_category_are_kept_in_the_shape_of_the_api(open_: World) -> None:
    form = "score=9&q.why=%20Renewal%20&q.ease=5&q.one=b&q.many=b&q.many=a&q.many=b&q.age=prefer_not_to_say"
    assert visit(open_, "POST", form)["statusCode"] == 303
    shown = outputs.response(open_.stored(Response, "p1-1"), "https://x.example.com/")["additional_answers"]
    assert shown == [
        {
            "id": "why",
            "value": {"free_response": "Renewal"},
            "question": {"id": "why", "type": "free_response", "text": "Why now?"},
        },
        {
            "id": "one",
            "value": {"select_one": {"id": "b", "text": "Beta"}},
            "question": {"id": "one", "type": "select_one", "text": "Which one?"},
        },
        {
            "id": "many",
            "value": {"select_many": [{"id": "b", "text": "Beta"}, {"id": "a", "text": "Alpha"}]},
            "question": {"id": "many", "type": "select_many", "text": "Which ones?"},
        },
        {
            "id": "age",
            "value": {"select_one": {"id": "prefer_not_to_say", "text": "Prefer not to say"}},
            "question": {"id": "age", "type": "select_one", "text": "How old?"},
        },
    ]


def test_given_a_scale_then_its_number_is_kept(open_: World) -> None:
    visit(open_, "POST", "score=2&q.ease=5&q.many=a")
    shown = outputs.response(open_.stored(Response, "p1-1"), "https://x.example.com/")["additional_answers"]
    assert [(one["id"], one["value"]) for one in shown] == [("ease", {"scale": 5})]


def test_given_no_answers_then_none_are_kept_and_none_is_required(open_: World) -> None:
    assert visit(open_, "POST", "score=9&q.why=%20&q.one=")["statusCode"] == 303
    assert open_.stored(Response, "p1-1").answers == ()


def test_given_answers_when_the_page_is_opened_again_then_they_stand_in_it_and_an_edit_replaces_them(
    open_: World,
) -> None:
    visit(open_, "POST", "score=9&q.why=Renewal&q.one=b")
    html = visit(open_)["body"]
    assert ">\nRenewal</textarea>" in html
    assert 'name="q.one" value="b" checked' in html
    visit(open_, "POST", "score=9&q.one=a")
    assert [answer.question for answer in open_.stored(Response, "p1-1").answers] == ["one"]
    assert [len(edit["answers"]) for edit in open_.items("edit")] == [2]


@pytest.mark.parametrize(
    ("field", "why"),
    [
        ("q.one=c", "Please choose among the answers"),
        ("q.age=zzz", "Please choose among the answers"),
        ("q.ease=6", "Please choose among the answers"),
        ("q.ease=0", "Please choose among the answers"),
        ("q.ease=4&q.ease=5", "Please choose among the answers"),
        ("q.one=a&q.one=b", "Please choose among the answers"),
        ("q.why=" + "x" * 2001, "at most 2,000 characters fit"),
    ],
)
def test_given_an_answer_that_cannot_be_then_the_page_says_where_and_keeps_the_rest(
    open_: World, field: str, why: str
) -> None:
    answer = visit(open_, "POST", f"score=2&comment=my+words&{field}")
    assert answer["statusCode"] == 422
    assert why in answer["body"]
    assert f'id="{field.partition("=")[0]}-error"' in answer["body"]
    assert "my words" in answer["body"]
    assert open_.items("response") == []


def test_given_a_question_that_only_some_are_asked_then_the_others_answer_to_it_is_left_out() -> None:
    project = parse_project(settings(questions=QUESTIONS))
    assert [one.id for one in asked(project.questions, Category.PASSIVE)] == ["why", "one", "age"]
    assert read_answers(project.questions, Category.PASSIVE, {"ease": ["99"], "many": ["a"]}, "No") == ()


def test_given_many_choices_of_which_one_is_not_to_say_then_nothing_else_is_kept() -> None:
    many = {"id": "m", "type": "select_many", "text": "Which?", "options": OPTIONS, "demographic": True}
    project = parse_project(settings(questions=[many]))
    (answer,) = read_answers(project.questions, Category.PASSIVE, {"m": ["a", "prefer_not_to_say", "b"]}, "No")
    assert [(one.id, one.text) for one in answer.value] == [("prefer_not_to_say", "No")]  # type: ignore[union-attr]


def test_given_questions_then_the_page_shows_each_as_what_it_is_to_the_category_alone(open_: World) -> None:
    html = visit(open_, query="score=3")["body"]
    assert '<fieldset class="more for detractor now">' in html
    assert '<fieldset class="more for promoter">' in html
    assert html.count('type="checkbox"') == 2
    assert html.count("Prefer not to say") == 1
    assert html.count("(optional)") == 6
    assert 'aria-label="1 of 5, Hard"' in html


IN_SPANISH = [
    {
        "id": "ease",
        "type": "scale",
        "text": "How easy?",
        "low_label": "Hard",
        "high_label": "Easy",
        "es": {"text": "¿Es fácil?", "low_label": "Difícil"},
        "es-MX": {"high_label": "Facilito"},
    },
    {
        "id": "one",
        "type": "select_one",
        "text": "Which one?",
        "options": OPTIONS,
        "demographic": True,
        "es": {"text": "¿Cuál?", "options": [{"id": "b", "text": "Beta, en español"}]},
    },
]


@pytest.mark.parametrize(
    ("locale", "said", "unsaid"),
    [
        (
            "es",
            ["¿Es fácil?", "1 = Difícil", "5 = Easy", "¿Cuál?", "Alpha", "Beta, en español"],
            ["How easy?", ">Beta<"],
        ),
        ("es-MX", ["¿Es fácil?", "1 = Difícil", "5 = Facilito", "Beta, en español"], ["How easy?", "5 = Easy"]),
        ("en", ["How easy?", "1 = Hard", "5 = Easy", "Which one?", "Alpha", ">Beta<"], ["fácil", "español"]),
        ("fr", ["How easy?", "1 = Hard", "5 = Easy", "Which one?", "Alpha", ">Beta<"], ["fácil", "español"]),
    ],
)
def test_given_texts_for_a_language_then_its_readers_see_them_and_what_is_left_out_is_the_projects(
    world: World, locale: str, said: list[str], unsaid: list[str]
) -> None:
    world.project(questions=IN_SPANISH)
    world.active(locale=locale)
    # Twice, and once filled in: what is rendered is kept.
    for query in ("", "", "score=3"):
        html = visit(world, query=query)["body"]
        assert [text for text in said if text not in html] == []
        assert [text for text in unsaid if text in html] == []


def test_given_an_answer_in_another_language_then_it_is_kept_in_the_projects_and_shown_again_in_theirs(
    world: World,
) -> None:
    world.project(questions=IN_SPANISH)
    world.active(locale="es")
    assert visit(world, "POST", "score=3&q.one=b")["statusCode"] == 303
    response = world.stored(Response, "p1-1")
    (kept,) = outputs.response(response, "https://x.example.com/")["additional_answers"]
    assert (response.locale, kept["question"]["text"]) == ("es", "Which one?")
    assert kept["value"] == {"select_one": {"id": "b", "text": "Beta"}}
    html = visit(world)["body"]
    assert 'name="q.one" value="b" checked' in html
    assert "Beta, en español" in html
    visit(world, "POST", "score=3&q.one=prefer_not_to_say")
    (kept,) = outputs.response(world.stored(Response, "p1-1"), "https://x.example.com/")["additional_answers"]
    assert kept["value"]["select_one"]["text"] == "Prefer not to say"


def test_given_texts_in_languages_then_the_questions_can_be_hashed_and_those_texts_are_part_of_it() -> None:
    known, other = (
        parse_project(settings(questions=[scale(es={"text": text})])).questions for text in ("¿Fácil?", "¿Difícil?")
    )
    again = parse_project(settings(questions=[scale(es={"text": "¿Fácil?"})])).questions
    assert hash(known) == hash(again)
    assert {known: 1, other: 2}[again] == 1


def scale(**more: Any) -> dict[str, Any]:
    return {"id": "x", "type": "scale", "text": "X", **more}


@pytest.mark.parametrize(
    ("questions", "blamed"),
    [
        ("no list", {"questions": ["must be a list of tables with an id, a type and a text"]}),
        (["no table"], {"questions": ["must be a list of tables with an id, a type and a text"]}),
        ([scale() | {"id": f"x{n}"} for n in range(11)], {"questions": ["may have at most 10 entries"]}),
        ([{}], {f"questions.0.{name}": ["can't be blank"] for name in ("id", "type", "text")}),
        ([scale(), scale()], {"questions.1.id": ["is another question's already"]}),
        ([scale(type="stars")], {"questions.0.type": ["must be one of free_response, scale, select_one, select_many"]}),
        ([scale(text="x" * 301)], {"questions.0.text": ["is too long (at most 300 characters)"]}),
        ([scale(high=11)], {"questions.0.high": ["must be a whole number from 2 to 10"]}),
        ([scale(colour="red")], {"questions.0.colour": ["is not a setting of a project"]}),
        ([scale(show_for=["fans"])], {"questions.0.show_for": ["must be a list of promoter, passive, detractor"]}),
        ([scale(options=OPTIONS)], {"questions.0.options": ["are not for a scale question"]}),
        ([scale(type="select_one")], {"questions.0.options": ["can't be blank"]}),
        (
            [scale(demographic=True)],
            {"questions.0.demographic": ["is for questions with options, to which it adds not saying"]},
        ),
        (
            [scale(type="select_one", options=[*OPTIONS, {"id": "a", "text": "Again"}])],
            {"questions.0.options.2.id": ["is another option's already"]},
        ),
        (
            [scale(type="select_one", options=[{"id": f"o{n}", "text": "O"} for n in range(31)])],
            {"questions.0.options": ["may have at most 30 entries"]},
        ),
        ([scale(es={"text": "x" * 301})], {"questions.0.es.text": ["is too long (at most 300 characters)"]}),
        ([scale(es={"low_label": "x" * 151})], {"questions.0.es.low_label": ["is too long (at most 150 characters)"]}),
        ([scale(es={"colour": "rojo"})], {"questions.0.es.colour": ["is not a setting of a project"]}),
        (
            [scale(spanish={"text": "¿?"})],
            {
                "questions.0.spanish": ["is not a language such as es or pt-BR"],
                "questions.0.spanish.text": ["is not a setting of a project"],
            },
        ),
        (
            [scale(es={"options": [{"id": "a", "text": "Alfa"}]})],
            {"questions.0.es.options.0.id": ["is no option of this question"]},
        ),
        (
            [scale(type="select_one", options=OPTIONS, es={"options": [*OPTIONS, {"id": "c", "text": "Gamma"}]})],
            {"questions.0.es.options.2.id": ["is no option of this question"]},
        ),
        (
            [scale(type="select_one", options=OPTIONS, es={"options": [OPTIONS[0], OPTIONS[0]]})],
            {"questions.0.es.options.1.id": ["is another option's already"]},
        ),
        (
            [scale(type="select_one", options=OPTIONS, es={"options": [{"text": "Alfa"}]})],
            {"questions.0.es.options.0.id": ["can't be blank"]},
        ),
    ],
)
def test_given_questions_that_cannot_be_then_each_is_named(questions: Any, blamed: dict[str, list[str]]) -> None:
    with pytest.raises(InvalidError) as error:
        parse_project(settings(questions=questions))
    assert error.value.fields == blamed
