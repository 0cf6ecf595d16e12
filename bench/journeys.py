"""What a survey asks of AWS, from the send call to the follow-up, counted at the server.

`python -m bench.journeys SURVEYS ANSWERS FILE` plays surveys through the functions' handlers and writes what they used.
Played singly, every mail, event and stream record is an invocation of its own: the dearest case. Played in bulk, the
sends, mails and reports of mails fill their batches (ten messages, a hundred stream records), as when a year's renewals
go out in one go; answers come singly in any case.
"""

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import batched
from pathlib import Path
from typing import Any

from bench import scene
from bench.aws import RECORDS, Aws, Usage
from bench.stub import serve_on_a_free_port
from functions.api import handler as api
from functions.deliver import handler as deliver
from functions.feedback import handler as feedback
from functions.follow_up import handler as follow_up
from functions.page import handler as page
from functions.report import handler as report
from functions.score import handler as score
from functions.wake import handler as wake

SQS_BATCH, STREAM_BATCH = 10, 100
PROMPT, BULK = os.environ.get("PROMPT_QUEUE", ""), os.environ.get("BULK_QUEUE", "")


@dataclass(slots=True)
class Step:
    """What a step used: of AWS, of Lambda (invocations by function, CPU seconds), of logs (bytes)."""

    usage: Usage = field(default_factory=Usage)
    invocations: Counter[str] = field(default_factory=Counter)
    cpu: float = 0.0
    logged: int = 0

    def told(self) -> dict[str, Any]:
        """The figures, for a file."""
        calls = dict(self.usage.calls)
        units = {"reads": self.usage.reads, "writes": self.usage.writes}
        return {"calls": calls, **units, "invocations": dict(self.invocations), "cpu": self.cpu, "logged": self.logged}


@dataclass(slots=True)
class Play:
    """An installation in which surveys are played; `batch` is how many messages and records meet, at most."""

    aws: Aws
    batch: bool
    steps: dict[str, Step] = field(default_factory=dict)
    position: dict[str, int] = field(default_factory=dict)
    first_page: str = ""

    def __post_init__(self) -> None:
        """The streams are followed from here on."""
        self.position = dict.fromkeys(("score", "follow_up"), len(self.aws.dynamodb.stream[RECORDS]))

    def survey(self, names: list[str], scores: Mapping[str, int]) -> None:
        """Asks the people of these names; those with a score answer, and what follows from that follows."""
        requests = {name: self._send(name) for name in names}
        self._score()
        self._mail("deliver")
        for name, given in scores.items():
            self._answer(requests[name], given)
            self._score()
            kind = "detractor" if given < 7 else "promoter" if given > 8 else "passive"
            self._stream(f"follow up, {kind}", "follow_up", follow_up.handle, _is_response)
            self._mail(f"follow up, {kind}")

    def idle_minute(self) -> None:
        """A minute in which nothing is due."""
        self._run("a minute with nothing due", "wake", wake.handle, {})

    def report(self, project: str) -> None:
        """This month's report, and its mails."""
        month = datetime.now(UTC).strftime("%Y-%m")
        self._run("report", "report", report.handle, {"project": project, "month": month})
        self._mail("report", tick=False)

    def _send(self, name: str) -> str:
        answer = self._run("send", "api", api.handle, scene.post_person(name))
        return str(json.loads(answer["body"])["survey_request"]["id"])

    def _answer(self, request: str, given: int) -> None:
        shown = self._run("answer", "page", page.handle, scene.page(request))
        self.first_page = self.first_page or shown["body"]
        self._run("answer", "page", page.handle, scene.page(request, score=given))
        self._run("answer", "page", page.handle, scene.page(request, query="done=1"))

    def _score(self) -> None:
        self._stream("score", "score", score.handle, _is_counted)

    def _mail(self, step: str, *, tick: bool = True) -> None:
        """Mails what is due and settles it. An answer's thanks wait for the minute; an alert does not."""
        messages = self.aws.sqs.take(PROMPT)
        if tick and not messages and self._is_due():
            self._run(step, "wake", wake.handle, {})
            messages = self.aws.sqs.take(PROMPT) + self.aws.sqs.take(BULK)
        sent = len(self.aws.ses.sent)
        for group in batched(messages, SQS_BATCH if self.batch else 1, strict=False):
            self._run(step, "deliver", deliver.handle, scene.sqs(list(group)))
        self._score()
        mails = [one.tags["mail"] for one in self.aws.ses.sent[sent:]]
        events = [scene.ses_event(kind, mail) for mail in mails for kind in ("Send", "Delivery")]
        for reports in batched(events, SQS_BATCH if self.batch else 1, strict=False):
            self._run(step, "feedback", feedback.handle, scene.sqs(list(reports)))
        self._score()

    def _is_due(self) -> bool:
        rows = self.aws.dynamodb.tables[RECORDS].values()
        now = f"{int(time.time()):010d}~"
        return any("due_sk" in item and item["due_sk"]["S"] <= now for items in rows for item in items.values())

    def _stream(
        self, step: str, function: str, handle: Callable[..., Any], reaches: Callable[[Mapping[str, Any]], bool]
    ) -> None:
        every = self.aws.dynamodb.stream[RECORDS]
        fresh = every[self.position[function] :]
        self.position[function] = len(every)
        wanted = [one.event() for one in fresh if one.new and reaches(one.new)]
        for group in batched(wanted, STREAM_BATCH if self.batch else 1, strict=False):
            self._run(step, function, handle, {"Records": list(group)})

    def _run(self, step: str, function: str, handle: Callable[..., Any], event: dict[str, Any]) -> Any:
        mine = self.steps.setdefault(step, Step())
        self.aws.taken()
        logged, start = _logged(), time.thread_time()
        answer = handle(event, scene.CONTEXT)
        mine.cpu += time.thread_time() - start
        mine.logged += _logged() - logged
        mine.invocations[function] += 1
        mine.usage.add(self.aws.taken())
        failed = isinstance(answer, dict) and (answer.get("statusCode", 200) >= 400 or answer.get("batchItemFailures"))
        if failed:
            raise RuntimeError(f"{step}: {function} failed: {answer}")
        return answer


def _is_response(image: Mapping[str, Any]) -> bool:
    return bool(image["kind"]["S"] == "response")


def _is_counted(image: Mapping[str, Any]) -> bool:
    """As the filters of the stream have it."""
    return _is_response(image) or (image["kind"]["S"] == "request" and image["state"]["S"] != "scheduled")


def one(aws: Aws, name: str, given: int) -> Play:
    """One survey, answered with a score, everything singly; the functions are warm and know the project."""
    play = Play(aws, batch=False)
    play.survey([name], {name: given})
    return play


def campaign(aws: Aws, scores: list[int], surveys: int, *, batch: bool) -> Play:
    """So many surveys, answered with these scores."""
    play = Play(aws, batch=batch)
    names = [f"{'bulk' if batch else 'singly'}.{number:04d}" for number in range(surveys)]
    answered = dict(zip(names, scores, strict=False))
    for group in [names] if batch else [[name] for name in names]:
        play.survey(group, {name: answered[name] for name in group if name in answered})
    return play


def mix(answers: int) -> list[int]:
    """Scores of so many answers: half promoters, 35% passives, 15% detractors."""
    detractors, passives = round(0.15 * answers), round(0.35 * answers)
    return [3] * detractors + [7] * passives + [9] * (answers - detractors - passives)


def run(surveys: int, answers: int) -> dict[str, Any]:
    """Everything that is told, over HTTP."""
    aws = Aws()
    server = serve_on_a_free_port(aws)
    os.environ["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        project = scene.seed(int(time.time()))
        # Three names, one row of the sample: what is only done for an account's first answer is done for the first.
        one(aws, "a2", 7)
        promoter, detractor = one(aws, "b1", 10), one(aws, "c0", 3)
        singles = {**promoter.steps, **detractor.steps}
        detractor.idle_minute()
        singly = campaign(aws, mix(answers), surveys, batch=False)
        bulk = campaign(aws, mix(answers), surveys, batch=True)
        bulk.report(project.id)
        report_step = bulk.steps.pop("report")
    finally:
        server.shutdown()
    singles |= {"report": report_step, "a minute with nothing due": detractor.steps["a minute with nothing due"]}
    told = {name: {step: each.told() for step, each in steps.items()} for name, steps in (
        ("one", singles), ("singly", singly.steps), ("bulk", bulk.steps),
    )}  # fmt: skip
    return told | {"page": promoter.first_page, "surveys": surveys}


def _logged() -> int:
    """How many bytes were written to standard output, when that is a file."""
    sys.stdout.flush()
    try:
        return os.fstat(sys.stdout.fileno()).st_size
    except (OSError, ValueError):
        return 0


if __name__ == "__main__":
    found = run(int(sys.argv[1]), int(sys.argv[2]))
    Path(sys.argv[3]).write_text(json.dumps(found), encoding="utf-8")
