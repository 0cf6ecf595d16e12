"""A mail that was taken: one call to SES in its slot, and what the answer means for it and for those behind it."""

from collections.abc import Callable
from dataclasses import replace

from functions.deliver.compose import Letter
from functions.deliver.done import Done
from functions.deliver.turn import Turn
from shared.domain import mails, pace
from shared.domain.mails import Mail, MailState
from shared.outside import clock, mailer
from shared.outside.mailer import Outcome, Result
from shared.store import mails as store
from shared.store import pace as pace_store
from shared.store.mails import Matter

_DONE = {
    Outcome.ACCEPTED: Done.SENT,
    Outcome.LATER: Done.LATER,
    Outcome.REFUSED: Done.REFUSED,
    Outcome.UNKNOWN: Done.UNKNOWN,
}


def send(matter: Matter, letter: Letter, mine: Turn) -> tuple[Done, Result | None]:
    """Calls SES once, unless the slot was missed, and writes down what came of it, for the pace of others too.

    An outcome that nobody knows is not written: SES's event, or the end of the mail's lease, settles it.
    """
    mail = matter.mail
    tags = {"mail": mail.id, "attempt": str(mail.attempt)}
    if mine.has_come():
        result = mailer.send(sender=letter.sender, recipient=letter.recipient, raw=letter.raw, tags=tags)
    else:
        result = Result(Outcome.LATER, reason="no slot")
    now = clock.now()
    match result.outcome:
        case Outcome.ACCEPTED:
            store.move(mail.id, lambda known: _accepted(known, result.message_id, now), now, matter)
        case Outcome.LATER:
            later = now + _pause(result, mail.attempt)
            store.move(mail.id, _if_held(mail, lambda known: mails.put_off(known, later, result.reason)), now, matter)
        case Outcome.REFUSED:
            store.move(mail.id, _if_held(mail, lambda known: mails.refused(known, result.reason, now)), now, matter)
    _keep_pace(result, mine, now)
    return _DONE[result.outcome], result


def _pause(result: Result, attempt: int) -> int:
    """Seconds until a mail that SES surely did not take is looked at again."""
    if result.account_wide:
        return pace.ACCOUNT_STOP_SECONDS
    return pace.QUOTA_STOP_SECONDS if result.daily else mails.backoff(attempt)


def _keep_pace(result: Result, mine: Turn, now: int) -> None:
    """What SES's answer means for the mails behind this one."""
    if result.account_wide or result.daily:
        pace_store.stop(result.reason, now, everything=result.account_wide)
    elif result.throttled:
        pace_store.slow_down(mine.line, clock.exact())
    elif result.outcome is Outcome.ACCEPTED and mine.line.stopped_for and (mine.line.stopped_all or not mine.urgent):
        pace_store.resume(mine.line)


def _if_held(taken: Mail, step: Callable[[Mail], Mail]) -> Callable[[Mail], Mail]:
    """A step that is left out when an event of SES or another attempt moved the mail meanwhile."""
    return lambda known: step(known) if mails.is_held(known, taken) else known


def _accepted(mail: Mail, message_id: str, now: int) -> Mail:
    """SES took the mail; when its event was faster, only the message's name is news."""
    if mail.state is MailState.SENDING:
        return mails.accepted(mail, message_id, now)
    return replace(mail, message_id=mail.message_id or message_id)
