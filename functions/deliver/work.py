"""One message of a send queue: what it names is taken, done and settled.

Everything may happen twice or stop half way. A mail is taken by a conditional write before SES is
called, and its outcome written after; between the two a lease says that somebody is at it.
"""

from typing import Any

from functions.deliver import asking, mailing
from functions.deliver.done import Done
from functions.deliver.turn import SecondsLeft
from shared.domain.opt_ins import OptIn
from shared.outside import clock, log
from shared.outside.mailer import Result
from shared.store import opt_ins, responses
from shared.store.records import load

__all__ = ["Done", "work"]


def work(message: dict[str, Any], seconds_left: SecondsLeft = lambda: 60.0) -> tuple[Done, Result | None]:
    """Does what a message names, such as `{"request": id}`.

    It is of a `request`, `mail`, `response`, `membership`, `opt_in` or `erasure`. A repeated message does nothing.
    What finds no slot while there are seconds left keeps waiting in the table, and its message is done with.
    """
    if "membership" in message:
        return asking.take_turn(message["membership"], seconds_left)
    if "opt_in" in message:
        return _forget_opt_in(message["opt_in"]), None
    if "erasure" in message:
        return _erase(message["erasure"]), None
    if "response" in message:
        return _let_count(message["response"]), None
    if "request" in message:
        return asking.ask_when_due(message["request"], seconds_left)
    return mailing.send_when_due(message["mail"], seconds_left)


def _let_count(response_id: str) -> Done:
    """Lets a score that was picked and not sent count once its time has come."""
    log.concern(request=response_id)
    return Done.COUNTED if responses.mature(response_id, clock.now()) else Done.NOTHING


def _erase(person_id: str) -> Done:
    """Ends an erasure that nobody has ended who was called to."""
    # Loaded only here: it happens seldom, and every mail would wait for it at a cold start.
    from shared.store import erasures  # noqa: PLC0415

    log.concern(person=person_id)
    return Done.ERASED if erasures.finish(person_id, clock.now()) else Done.NOTHING


def _forget_opt_in(opt_in_id: str) -> Done:
    """Nobody confirmed within a week, or somebody did: either way nothing of the opt-in is needed any more."""
    one = load(OptIn, opt_in_id)
    log.concern(opt_in=opt_in_id)
    if one is None or clock.now() < one.timer_at:
        return Done.NOTHING
    log.concern(project=one.project)
    opt_ins.forget(one)
    return Done.FORGOTTEN
