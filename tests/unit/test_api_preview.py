"""GET project/preview: each page and mail in each state, in the project's brand; nothing is written or followed."""

import json
import re
from html import unescape
from typing import Any

import pytest

from functions.api import handler, preview
from shared.store.api_keys import Scope
from tests.fakes.calls import SECRET, Api
from tests.fakes.world import World, http_event

EVERY = [(what, state) for what, states in preview.STATES.items() for state in states]
HOSTILE = '</style><script>alert(1)</script>"><a href="https://evil.example.com">'


@pytest.fixture
def api(world: World) -> Api:
    world.project(
        brand={
            "name": "Acme Works",
            "color": "#0b6e6e",
            "logo_url": "https://acme.example.com/logo.png",
            "privacy_url": "https://acme.example.com/privacy",
        },
        texts={"thank_you_link_url": "https://acme.example.com/review"},
        opt_in={"enabled": True, "consent": "Acme may ask me."},
        dimensions=["plan"],
    )
    return Api.of(world)


def look(world: World, query: str = "", headers: dict[str, str] | None = None) -> dict[str, Any]:
    sent = {"Authorization": f"Bearer {SECRET}"} | (headers or {})
    event = http_event("GET", "/v1/project/preview", query=query, headers=sent)
    answer: dict[str, Any] = handler.handle(event, world.context)
    single = {name.lower(): values[-1] for name, values in answer.get("multiValueHeaders", {}).items()}
    answer["headers"] = single | {name.lower(): value for name, value in answer["headers"].items()}
    return answer


@pytest.mark.parametrize(("what", "state"), EVERY)
@pytest.mark.parametrize("locale", ["", "ar", "de-CH"])
def test_given_each_state_then_it_is_shown_in_the_projects_brand(
    world: World, api: Api, what: str, state: str, locale: str
) -> None:
    before = world.dynamodb.snapshot("records")
    answer = look(world, f"what={what}&state={state}" + (f"&locale={locale}" if locale else ""))
    assert answer["statusCode"] == 200
    if (what, state) != ("text", "alert"):
        assert ("Acme renewals" if "report" in {what, state} else "Acme Works") in answer["body"]
    assert world.dynamodb.snapshot("records") == before
    assert (world.ses.sent, world.sqs.queues) == ([], {})
    kind = "text/plain" if what == "text" else "text/html"
    assert answer["headers"]["content-type"] == f"{kind}; charset=utf-8"
    if kind == "text/html":
        spoken = {"": "en", "ar": "ar", "de-CH": "de"}[locale if what != "report" else ""]
        direction = "rtl" if spoken == "ar" else "ltr"
        assert f'<html lang="{spoken}" dir="{direction}">' in answer["body"]
        targets = re.findall(r'<(?:a|form)\b[^>]*?\b(?:href|action)="([^"]*)"', answer["body"])
        assert set(targets) <= {"#"}


@pytest.mark.parametrize(("what", "state"), EVERY)
def test_given_a_preview_then_its_policy_lets_it_load_and_do_nothing(
    world: World, api: Api, what: str, state: str
) -> None:
    headers = look(world, f"what={what}&state={state}")["headers"]
    policy = headers["content-security-policy"]
    for part in ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "sandbox"):
        assert part in policy
    assert "script" not in policy
    assert ("unsafe-inline" in policy) is (what in {"mail", "text", "report"})
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"


def test_given_words_and_a_score_of_ones_own_then_they_are_shown(world: World, api: Api) -> None:
    query = "what=page&state=chosen&score=4&properties[question_product_name]=Acme%20Rockets&properties[plan]=Gold"
    html = look(world, query)["body"]
    assert "recommend Acme Rockets to a friend" in html
    assert re.findall(r'value="(\d+)"[^>]* required checked', html) == ["4"]
    query = "what=mail&state=alert&name=Dana%20Okafor&comment=Too%20slow&properties[plan]=Gold"
    alert = look(world, query)["body"]
    for words in ("Dana Okafor", "Too slow", "Gold", "3 of 10"):
        assert words in alert
    for score, words in ((10, "good to hear"), (7, "do better for you"), (2, "Frank words help")):
        assert words in look(world, f"what=thank_you&score={score}")["body"]


def test_given_nothing_then_the_page_that_asks(world: World, api: Api) -> None:
    assert look(world)["body"] == look(world, "what=page&state=new")["body"]
    assert "How likely are you to recommend Acme Works" in look(world)["body"]


@pytest.mark.parametrize(("query", "field"), [
    ("what=everything", "what"), ("what=page&state=sent", "state"), ("what=mail&state=new", "state"),
    ("score=11", "score"), ("score=x", "score"), ("locale=english!", "locale"), ("name=", "name"),
    ("properties=x", "properties"), ("colour=red", "colour"), ("properties[owner_email]=x", "properties"),
])  # fmt: skip
def test_given_bad_parameters_then_the_apis_error(world: World, api: Api, query: str, field: str) -> None:
    answer = look(world, query)
    assert answer["statusCode"] == 422
    assert list(json.loads(answer["body"])["errors"]) == [field]


@pytest.mark.parametrize(("what", "state"), EVERY)
def test_given_hostile_words_then_they_are_text(world: World, api: Api, what: str, state: str) -> None:
    from urllib.parse import quote  # noqa: PLC0415

    words = quote(HOSTILE)
    query = f"what={what}&state={state}&name={words}&comment={words}&properties[question_product_name]={words}"
    answer = look(world, query + f"&properties[plan]={words}")
    assert answer["statusCode"] == 200
    if what != "text":
        assert "<script" not in answer["body"]
        assert '<a href="https://evil' not in unescape(answer["body"]).replace(HOSTILE, "")


def test_given_a_key_that_may_not_read_then_403(world: World, api: Api) -> None:
    Api.of(world, secret="narrow", scopes=(Scope.SEND,))
    assert look(world, headers={"Authorization": "Bearer narrow"})["statusCode"] == 403
    assert look(world, headers={"Authorization": "Bearer none"})["statusCode"] == 401


@pytest.mark.parametrize(("accept", "status"), [
    ("text/html,application/xhtml+xml,*/*;q=0.8", 200), ("text/html", 200), ("text/*", 200), ("", 200),
    ("application/json", 406), ("image/png", 406),
])  # fmt: skip
def test_given_what_the_caller_takes_then_only_that(world: World, api: Api, accept: str, status: int) -> None:
    assert look(world, headers={"Accept": accept})["statusCode"] == status
