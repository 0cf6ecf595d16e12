"""The main job from end to end: people are asked, answer, are counted, followed up and reported on."""

import csv
import json
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import UTC, datetime
from typing import Any

import requests
from rich.table import Table

from local import access, deployment, respondent, stack
from local.api_client import Api
from local.inbox import Inbox, ReceivedMail
from local.places import SAMPLE_PEOPLE, StateDirectory
from local.problems import CommandError
from local.progress import console, counted, say, step
from local.respondent import link_to, survey_link
from local.verdict import Outcome, differences
from samples.answers import Answer, answers
from shared.domain.nps import Histogram
from shared.store import counters, keys, projects

_FUNNEL = ("sent", "delivered", "bounced", "answered")
_AT_ONCE = 8
_CALLED_TWICE = 20
_LIFE_ONCE = 900
_MAIL_SECONDS = 120
_SCORE_SECONDS = 60
_ALERT_SECONDS = 90
_REPORT_SECONDS = 120
_WAKE_EVERY = 4.0


def run(state: StateDirectory, *, once: bool, people: int | None, seed: int, port: int | None) -> int:
    """Plays the main job on a fresh local stack; returns 0 when all that should have happened did.

    Unless `once`, the stack then runs on until Ctrl-C. Nothing is left running.
    """
    with state.lock("demo.lock"):
        try:
            contract = stack.up(state, port=port, fresh=True, life=_LIFE_ONCE if once else 0)
            wrong = _run(contract, state, seed, people)
            if not once:
                _wait_for_interruption()
        except (requests.RequestException, TimeoutError) as error:
            raise CommandError(f"the demonstration stopped: {error}; logs are in {state.logs}") from error
        finally:
            with step("Stopping the stack"):
                stack.stop(state)
    return 1 if wrong else 0


def _run(contract: dict[str, Any], state: StateDirectory, seed: int, people: int | None) -> list[str]:
    outcome = _play(contract, seed, people)
    wrong = differences(outcome)
    _show(outcome, contract, state)
    for line in wrong:
        say(f"[red]✗[/red] {line}")
    if not wrong:
        say("Everything that should have happened has.")
    return wrong


def _play(contract: dict[str, Any], seed: int, limit: int | None) -> Outcome:
    with SAMPLE_PEOPLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))[:limit]
    api, inbox = Api(contract["api_url"], contract["api_key"]), Inbox(contract["inbox_url"])
    outcome = Outcome(people=rows)
    planned = answers(rows, seed)
    accounts = len({row["account_id"] for row in rows})

    outcome.sent = _each(f"A renewal workflow asks {len(rows)} people at {accounts} accounts", api.send, rows)
    again = rows[:_CALLED_TWICE]
    outcome.sent_again = _each(f"It calls again for {len(again)} of them, and is told", api.send, again)
    _receive_invitations(outcome, inbox)

    invitation = {address: mail for mail in outcome.invitations for address in mail.to}
    _unsubscribe_one(outcome, api, invitation, planned)

    def give(one: Answer) -> Answer:
        respondent.answer(invitation[one.email.lower()], one.score, one.comment)
        return one

    reached = [one for one in planned if one.email.lower() in invitation]
    outcome.answers = _each(f"{len(reached)} people click a score and say why", give, reached)
    _receive_figures(outcome, api, contract["project"])
    _receive_alerts(outcome, api, inbox)
    _receive_report(outcome, api, inbox, contract["project"])
    return outcome


def _receive_invitations(outcome: Outcome, inbox: Inbox) -> None:
    expected = len(outcome.scheduled())
    with counted(f"{expected} survey mails go out, no faster than SES would take them", expected) as tell:
        _until(lambda: _fetch(outcome, inbox), lambda: len(outcome.invitations) >= expected, _MAIL_SECONDS, tell)
    if len(outcome.invitations) < expected:
        raise TimeoutError(f"{len(outcome.invitations)} of {expected} survey mails came within {_MAIL_SECONDS} s")


def _unsubscribe_one(outcome: Outcome, api: Api, invitation: dict[str, ReceivedMail], planned: list[Answer]) -> None:
    answering = {one.email.lower() for one in planned}
    silent = [row for row in outcome.people if row["email"].lower() not in answering]
    row = next((row for row in silent if "@simulator." not in row["email"]), None)
    if row is None:
        raise CommandError("everybody answers; take more people with --people")
    with step("One person unsubscribes with their mail program's button"):
        respondent.unsubscribe(invitation[row["email"].lower()])
        outcome.sent_after_unsubscribing = api.send(row)


def _receive_figures(outcome: Outcome, api: Api, project_id: str) -> None:
    project = projects.load(project_id)
    month = f"{datetime.now(project.zone):%Y-%m}"

    def look() -> int:
        rows = counters.month_totals(project_id, list(keys.months(project.created_at - 86_400, int(time.time()))))
        outcome.counted = sum((counters.histogram(row) for row in rows.values()), start=Histogram())
        outcome.counters = {name: sum(int(row.get(name, 0)) for row in rows.values()) for name in _FUNNEL}
        return outcome.counted.n

    def is_complete() -> bool:
        told = outcome.counters
        settled = told["delivered"] + told["bounced"] >= told["sent"] >= len(outcome.invitations)
        return settled and min(outcome.counted.n, told["answered"]) >= len(outcome.answers)

    with counted("Answers and deliveries are counted", len(outcome.answers)) as tell:
        _until(look, is_complete, _SCORE_SECONDS, tell)
        outcome.metrics = api.metrics()
        outcome.responses = api.responses()
    outcome.report = {"month": month}


def _receive_alerts(outcome: Outcome, api: Api, inbox: Inbox) -> None:
    expected = len(outcome.detractors)
    with counted(f"{expected} detractors become cases, and their owners are alerted", expected) as tell:
        _until(lambda: _fetch(outcome, inbox), lambda: len(outcome.alerts) >= expected, _ALERT_SECONDS, tell)
        outcome.cases = api.cases()


def _receive_report(outcome: Outcome, api: Api, inbox: Inbox, project_id: str) -> None:
    month = outcome.report["month"]
    managers = len(projects.load(project_id).managers)

    def look() -> int:
        outcome.report = api.report(month) or {}
        _fetch(outcome, inbox)
        return len(outcome.reports)

    with step(f"The report of {month} is built and mailed to {managers} managers"):
        api.request_report(month)
        _until(look, lambda: len(outcome.reports) >= managers, _REPORT_SECONDS)


def _fetch(outcome: Outcome, inbox: Inbox) -> int:
    outcome.mails += inbox.mails(skip=len(outcome.mails))
    return len(outcome.mails)


def _until(
    look: Callable[[], int], is_done: Callable[[], bool], seconds: float, tell: Callable[[int], None] | None = None
) -> None:
    """Looks again and again until it is done or the time is over.

    A wake each few seconds saves waiting for the schedule's minute.
    """
    until, woken = time.monotonic() + seconds, 0.0
    wake = deployment.read().wake_function
    functions = access.client("lambda")
    while True:
        done = look()
        if tell:
            tell(done)
        if is_done() or time.monotonic() > until:
            return
        if time.monotonic() - woken > _WAKE_EVERY:
            woken = time.monotonic()
            functions.invoke(FunctionName=wake, InvocationType="Event", Payload=json.dumps({}).encode())
        time.sleep(0.5)


def _each[T, R](name: str, work: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """The results of a function for many things, several at once, in the order of the things."""
    wanted = list(items)
    with counted(name, len(wanted)) as tell, ThreadPoolExecutor(_AT_ONCE) as pool:
        futures = [pool.submit(work, item) for item in wanted]
        try:
            for done, future in enumerate(as_completed(futures), start=1):
                future.result()
                tell(done)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [future.result() for future in futures]


def _show(outcome: Outcome, contract: dict[str, Any], state: StateDirectory) -> None:
    told, counts = outcome.metrics, outcome.counters
    interval = told.get("interval") or [0, 0]
    table = Table(show_header=False)
    for name, value in (
        ("survey mails sent", counts["sent"]),
        ("delivered", counts["delivered"]),
        ("bounced", counts["bounced"]),
        ("answered", counts["answered"]),
        ("NPS, with its 95% interval", f"{told['nps']:+d} ({interval[0]:+.0f} to {interval[1]:+.0f})"),
        ("cases", len(outcome.cases)),
        ("alerts to account owners", len(outcome.alerts)),
        ("report", f"{outcome.report.get('month', '')} {outcome.report.get('state', 'not there')}"),
    ):
        table.add_row(name, str(value))
    console.print(table)
    answered = {one.email.lower() for one in outcome.answers}
    waiting = next((mail for mail in outcome.invitations if not answered & set(mail.to)), None)
    say("Where to click:")
    say(f"  a survey page   {survey_link(waiting) if waiting else 'none'}")
    say(f"  the inbox       {contract['inbox_url']}")
    say(f"  a case page     {link_to('case', outcome.alerts[0]) if outcome.alerts else 'none'}")
    say(f"  the report      {link_to('report', outcome.reports[0]) if outcome.reports else 'none'}")
    say(f"  the API's key   in {state.contract}")


def _wait_for_interruption() -> None:
    say(f"The stack runs on ({datetime.now(UTC):%H:%M} UTC); Ctrl-C stops it.")
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        return
