"""Warm calls in one process: ours, a bare handler's, and a bare handler's whose client is set up as ours.

`python -m bench.one_warm CALLS FILE` writes to the file, for every call and contestant, the CPU seconds of each call
and what one call asked of DynamoDB. The server answers from another process, whose CPU is not counted.
"""

import json
import os
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from bench import scene
from bench.bare import Bare
from functions.api import handler as api
from functions.page import handler as page

WARM_UP = 20
OURS, BARE, TUNED = "ours", "bare", "tuned"
PEOPLE, GET, POST, AGAIN = "POST people", "page GET", "page POST", "page GET, answered before"

Handler = Callable[[dict[str, Any]], Mapping[str, Any]]


def contestants() -> dict[str, dict[str, Handler]]:
    """Who answers each call. `tuned` has our client's settings: no check of parameters, standard retries."""
    bare = Bare(boto3.client("dynamodb"))
    tuned = Bare(boto3.client("dynamodb", config=Config(parameter_validation=False, retries={"mode": "standard"})))
    ours_api: Handler = lambda event: api.handle(event, scene.CONTEXT)  # noqa: E731
    ours_page: Handler = lambda event: page.handle(event, scene.CONTEXT)  # noqa: E731
    return {
        PEOPLE: {OURS: ours_api, BARE: bare.post_person, TUNED: tuned.post_person},
        GET: {OURS: ours_page, BARE: bare.show_page, TUNED: tuned.show_page},
        POST: {OURS: ours_page, BARE: bare.take_answer, TUNED: tuned.take_answer},
        AGAIN: {OURS: ours_page, BARE: bare.show_page, TUNED: tuned.show_page},
    }


def run(calls: int) -> dict[str, Any]:
    """Every call by every contestant in turn, on requests of their own."""
    scene.seed(int(time.time()))
    handlers = contestants()
    seconds: dict[str, dict[str, list[float]]] = {call: {who: [] for who in handlers[call]} for call in handlers}
    asked: dict[str, dict[str, Any]] = {call: {} for call in handlers}
    requests: dict[str, list[str]] = {who: [] for who in handlers[PEOPLE]}
    for call, by_whom in handlers.items():
        for number in range(WARM_UP + calls):
            for who in _in_turn(list(by_whom), number):
                event = _event(call, who, number, requests)
                _usage()
                start = time.process_time()
                answer = by_whom[who](event)
                spent = time.process_time() - start
                if number >= WARM_UP:
                    seconds[call][who].append(spent)
                    asked[call][who] = _usage()
                if call == PEOPLE:
                    requests[who].append(json.loads(answer["body"])["survey_request"]["id"])
                elif answer["statusCode"] >= 400:
                    raise RuntimeError(f"{call} by {who} was answered with {answer['statusCode']}")
    return {"seconds": seconds, "asked": asked}


def _in_turn(names: list[str], number: int) -> list[str]:
    first = number % len(names)
    return names[first:] + names[:first]


def _event(call: str, who: str, number: int, requests: Mapping[str, list[str]]) -> dict[str, Any]:
    if call == PEOPLE:
        return scene.post_person(f"{number:05d}.{who:5s}".replace(" ", "x"))
    return scene.page(requests[who][number], score=9 if call == POST else None)


def _usage() -> Any:
    """What the server was asked since the last time."""
    asked = urllib.request.Request(f"{os.environ['AWS_ENDPOINT_URL']}/_bench/usage", data=b"", method="POST")  # noqa: S310
    with urllib.request.urlopen(asked, timeout=5) as answer:  # noqa: S310
        return json.load(answer)


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(json.dumps(run(int(sys.argv[1]))), encoding="utf-8")
