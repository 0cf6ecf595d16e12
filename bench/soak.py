"""`python -m bench.soak`: people answer, change answers and are erased while a fifth of DynamoDB's calls go wrong.

Workers are killed at random. A client repeats each call until it is acknowledged. At the end every acknowledged answer
must be stored as it was acknowledged, and counted exactly.
"""

import argparse
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import requests

from bench.faults import Faults
from local import access, audit, doctor, stack
from local.places import StateDirectory
from shared.domain.links import Purpose
from shared.domain.people import Person
from shared.domain.project import DAY, Project
from shared.domain.requests import RequestState, SurveyRequest
from shared.domain.responses import Response
from shared.outside.ids import new_id
from shared.outside.link_keys import link_keys
from shared.store import keys, projects
from shared.store.audits import Audit
from shared.store.records import created, load_many, to_item
from shared.store.table import Put, records

FUNCTIONS = ("api", "page", "score", "follow-up", "wake", "deliver", "feedback")
SHARE, KILLS = 0.2, 0.02
AT_ONCE = 6
EDITED, ERASED = 0.3, 0.05
LIFE_SECONDS = 5_400

_ACKNOWLEDGED = {"answer": {303}, "erase": {202, 404}}
_CALL_SECONDS = 60
_PATIENCE = 400
_GROUP = 90
_one_at_a_time = threading.Lock()


@dataclass(slots=True)
class Figures:
    """What a soak came to."""

    told: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """The figures, one a line."""
        yield f"{self.seconds:.0f} s"
        yield from (f"{number:>7}  {name}" for name, number in sorted(self.told.items()))
        yield from self.wrong or ["every acknowledged answer is stored as acknowledged, and nothing drifted"]


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody with an open survey, and what they will do."""

    person: str
    request: str
    answers: tuple[tuple[int, str], ...]
    erased: bool


def run(state: StateDirectory, *, responses: int, seed: int) -> Figures:
    """Soaks a running stack and returns what it came to; `wrong` is empty when nothing was lost or counted twice."""
    contract = access.contract_of(state)
    access.enter_installation(state, None)
    one = doctor.Installation("local", access.stack_outputs(access.stack_of(None)))
    os.environ |= {"LINKS_SECRET": one.outputs["LinksSecret"], "SURVEYS_URL": one.outputs["SurveysUrl"]}
    project, figures, began = projects.load(contract["project"]), Figures(), time.monotonic()
    people = _ask(project, responses, Random(seed))  # noqa: S311  # not a secret: a run is the same again
    with _between(contract["endpoint_url"], Random(seed + 1)) as faults, ThreadPoolExecutor(AT_ONCE) as pool:  # noqa: S311
        list(pool.map(lambda asked: _play(asked, contract, figures.told), people))
    figures.told.update(faults.told)
    audited = _settled(project)
    figures.seconds = time.monotonic() - began
    figures.told["records audited"], figures.told["counters drifted"] = audited.records, len(audited.drift)
    figures.wrong += [f"drift {key}: {values}" for key, values in audited.drift.items()]
    figures.wrong += _lost(people)
    for name in doctor.FAILURE_QUEUES:
        if depth := doctor.waiting(one.queue(name)):
            figures.told[f"messages in {name}"] = depth
            figures.wrong.append(f"{depth} messages in {name}")
    return figures


def _ask(project: Project, number: int, dice: Random) -> list[Asked]:
    """People whose survey was just sent."""
    now, writes, people = int(time.time()), [], []
    for _ in range(number):
        person = Person(new_id(), project.id, now, email=f"{new_id()}@people.example.org", properties=_properties(dice))
        request = SurveyRequest(
            id=f"{person.id}-soak",
            project=project.id,
            person=person.id,
            created_at=now,
            state=RequestState.ACTIVE,
            scheduled_at=now,
            sent_at=now,
            expires_at=now + 90 * DAY,
            timer_at=now + 90 * DAY,
            properties=person.properties,
        )
        claim = keys.address(project.id, person.email)
        item = {"pk": claim.pk, "sk": claim.sk, "kind": "address", "person": person.id, "rev": 1}
        writes += [created(person), created(request), Put(item, rev=0)]
        said = [(dice.randint(0, 10), f"words {dice.randint(0, 9)}") for _ in range(2 if dice.random() < EDITED else 1)]
        people.append(Asked(person.id, request.id, tuple(said), dice.random() < ERASED))
    for start in range(0, len(writes), _GROUP):
        records().write(*writes[start : start + _GROUP])
    return people


def _properties(dice: Random) -> dict[str, str]:
    plan, account = dice.choice(["Gold", "Silver", "Bronze"]), dice.randint(0, 40)
    return {"plan": plan, "region": dice.choice(["EU", "US"]), "account_id": f"soak-{account}"}


def _play(asked: Asked, contract: Mapping[str, Any], told: Counter[str]) -> None:
    link = f"{contract['surveys_url'].rstrip('/')}/r/{link_keys().make(Purpose.SURVEY, asked.request)}"
    for number, (score, comment) in enumerate(asked.answers):
        form = {"score": str(score), "comment": comment}
        _until("answer", partial(requests.post, link, data=form, allow_redirects=False, timeout=_CALL_SECONDS), told)
        _note(told, "edits acknowledged" if number else "answers acknowledged")
    if asked.erased:
        address, key = f"{contract['api_url']}people/{asked.person}", (contract["api_key"], "")
        _until("erase", partial(requests.delete, address, auth=key, timeout=_CALL_SECONDS), told)
        _note(told, "erasures acknowledged")


def _note(told: Counter[str], what: str) -> None:
    with _one_at_a_time:
        told[what] += 1


def _until(what: str, call: Callable[[], requests.Response], told: Counter[str]) -> None:
    """Repeats a call until it is acknowledged, as a person or a workflow does."""
    end = time.monotonic() + _PATIENCE
    pause = 0.1
    while time.monotonic() < end:
        _note(told, "calls of clients")
        try:
            status = call().status_code
        except requests.RequestException:
            status = 0
        if status in _ACKNOWLEDGED[what]:
            return
        _note(told, f"answered {status or 'by nobody'}")
        time.sleep(pause)
        pause = min(2 * pause, 2.0)
    raise RuntimeError(f"{what} was not acknowledged within {_PATIENCE} s; the last status was {status}")


@contextmanager
def _between(endpoint: str, dice: Random) -> Iterator[Faults]:
    """While this lasts, the functions reach DynamoDB through faults."""
    functions = access.client("lambda")
    faults = Faults(endpoint, dice, share=SHARE, kills=KILLS)
    threading.Thread(target=faults.serve_forever, daemon=True).start()
    known: dict[str, dict[str, str]] = {}
    try:
        for name in (f"hearback-local-{each}" for each in FUNCTIONS):
            known[name] = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
            changed = known[name] | {"AWS_ENDPOINT_URL_DYNAMODB": faults.url}
            functions.update_function_configuration(FunctionName=name, Environment={"Variables": changed})
        yield faults
    finally:
        for name, variables in known.items():
            functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
        faults.shutdown()
        faults.server_close()


def _settled(project: Project) -> Audit:
    """The audit once the stream is read to its end; after a while, whatever it says."""
    end = time.monotonic() + _PATIENCE
    while (found := audit.checked(project, int(time.time()) + audit.AHEAD)).drift and time.monotonic() < end:
        time.sleep(2)
    return found


def _lost(people: list[Asked]) -> list[str]:
    """What is not stored as it was acknowledged."""
    wrong = []
    for start in range(0, len(people), _GROUP):
        some = people[start : start + _GROUP]
        stored = {one.id: one for one in load_many(Response, [asked.request for asked in some])}
        for asked in some:
            one, (score, comment) = stored.get(asked.request), asked.answers[-1]
            wanted = (score, "" if asked.erased else comment, asked.erased)
            if one is None or (one.score, one.comment, one.erased) != wanted:
                wrong.append(f"{asked.request}: acknowledged {wanted}, stored {one and to_item(one).get('score')}")
    return wrong


def main() -> int:
    """Soaks a stack of its own; the exit code is 1 when anything was lost or miscounted."""
    parser = argparse.ArgumentParser(prog="make soak ARGS=…", description=__doc__)
    parser.add_argument("--responses", type=int, default=2_000, help="how many answers (default: 2000)")
    parser.add_argument("--seed", type=int, default=1, help="of the dice (default: 1)")
    parser.add_argument("--port", type=int, default=4640, help="the emulator's port (default: 4640)")
    parser.add_argument("--state", type=Path, default=Path(".local/soak"), metavar="DIR", help="default: .local/soak")
    parser.add_argument("--running", action="store_true", help="on the stack that runs there, with what it holds")
    options = parser.parse_args()
    state = StateDirectory(options.state.resolve())
    if not options.running:
        stack.up(state, port=options.port, fresh=True, life=LIFE_SECONDS)
    try:
        figures = run(state, responses=options.responses, seed=options.seed)
    finally:
        if not options.running:
            stack.stop(state)
    sys.stdout.write("\n".join(figures.lines()) + "\n")
    return 1 if figures.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
