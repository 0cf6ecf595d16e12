"""One worker of `deliver` beside a bare loop of calls to SES, both against the server in another process.

`python -m bench.one_worker MAILS FILE` writes the seconds that each took for so many mails. The loop sends the very
letters that the worker sent.
"""

import json
import sys
import time
from itertools import batched
from pathlib import Path
from typing import Any

from bench import scene
from functions.api import handler as api
from functions.deliver import handler as deliver
from shared.domain.pace import Quota
from shared.outside import clients, mailer
from shared.outside.settings import setting
from shared.store import pace

SQS_BATCH = 10
WARM_UP = 10
UNBOUNDED = 250.0
"""Mails a second: far more than one worker sends, so that it waits for no slot but its own lead."""


def run(mails: int) -> dict[str, float]:
    """The seconds of the worker and of the loop."""
    scene.seed(int(time.time()))
    pace.learn(Quota(UNBOUNDED, -1, 0))
    letters: list[Any] = []
    send = mailer.send

    def noted(**letter: Any) -> mailer.Result:
        letters.append(letter)
        return send(**letter)

    mailer.send = noted
    asked = [_asked(f"worker.{number:04d}") for number in range(WARM_UP + mails)]
    _work(asked[:WARM_UP])
    letters.clear()
    start = time.perf_counter()
    _work(asked[WARM_UP:])
    worker = time.perf_counter() - start
    start = time.perf_counter()
    for letter in letters:
        clients.ses().send_raw_email(
            Source=letter["sender"],
            Destinations=[letter["recipient"]],
            RawMessage={"Data": letter["raw"]},
            ConfigurationSetName=setting("CONFIGURATION_SET"),
            Tags=[{"Name": name, "Value": value} for name, value in letter["tags"].items()],
        )
    return {"worker": worker, "loop": time.perf_counter() - start, "mails": len(letters)}


def _asked(name: str) -> dict[str, Any]:
    answer = api.handle(scene.post_person(name), scene.CONTEXT)
    return {"request": json.loads(answer["body"])["survey_request"]["id"]}


def _work(messages: list[dict[str, Any]]) -> None:
    for group in batched(messages, SQS_BATCH, strict=False):
        failed = deliver.handle(scene.sqs(list(group)), scene.CONTEXT)["batchItemFailures"]
        if failed:
            raise RuntimeError(f"{len(failed)} messages failed")


if __name__ == "__main__":
    found = run(int(sys.argv[1]))
    Path(sys.argv[2]).write_text(json.dumps(found), encoding="utf-8")
