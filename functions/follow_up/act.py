"""What an answer calls for: a case and an alert, thanks, or the word that a customer has recovered.

What was done about a response stands in its own record, written in the same transaction as the doing.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Protocol

from shared.domain import cases
from shared.domain.business_time import BusinessTime
from shared.domain.cases import Case, CaseState, Duty, FollowUp
from shared.domain.errors import BusyError
from shared.domain.mails import Mail, MailKind
from shared.domain.project import Project
from shared.domain.responses import Response
from shared.outside import log
from shared.store import follow_ups
from shared.store.keys import open_case as claim_key
from shared.store.records import changed, created, load
from shared.store.table import ChangedError, Put, Write, records

_ATTEMPTS = 10

HolidayTest = Callable[[date], bool]


@dataclass(frozen=True, slots=True)
class Matter:
    """A response, its project, what was done about it before, and the time."""

    response: Response
    project: Project
    known: FollowUp | None
    is_holiday: HolidayTest
    now: int

    @property
    def done(self) -> FollowUp:
        """What will have been done once this revision is dealt with, before what it calls for is added."""
        if self.known:
            return replace(self.known, rev=self.response.rev)
        return FollowUp(response=self.response.id, rev=self.response.rev)


@dataclass(frozen=True, slots=True)
class Done:
    """What was done; `mail` is the one that is to go out now, if any."""

    duty: Duty
    mail: str = ""


def act(response: Response, project: Project, is_holiday: HolidayTest, now: int) -> Done:
    """Does what a response calls for, once for each of its states, however often it is told of it.

    A choice that does not count calls for nothing yet.
    """
    if not response.counts:
        return Done(Duty.NOTHING)
    for _ in range(_ATTEMPTS):
        known = follow_ups.find(response.id)
        if known is not None and known.rev >= response.rev:
            return Done(Duty.NOTHING)
        matter = Matter(response, project, known, is_holiday, now)
        duty = cases.decide_follow_up(response, known, project)
        log.concern(case=matter.done.case)
        try:
            mail = _do(duty, matter)
        except ChangedError:
            continue
        return Done(duty, mail)
    raise BusyError("others are at this account's case; the batch comes again")


def _do(duty: Duty, matter: Matter) -> str:
    match duty:
        case Duty.CASE:
            return _case(matter)
        case Duty.THANKS:
            mail = _thanks(matter)
            done = replace(matter.done, thanked=True, mail=mail.id)
            records().write(created(mail), *_better_since(matter), _noted(done, matter))
            return mail.id
        case Duty.RECOVERED:
            records().write(*_told(matter, cases.recover), _noted(matter.done, matter))
        case Duty.RELAPSED:
            records().write(*_told(matter, cases.relapse), _noted(matter.done, matter))
        case Duty.NOTHING:
            if better := _better_since(matter):
                records().write(*better, _noted(matter.done, matter))
            elif matter.known:
                records().write(_noted(matter.done, matter))
    return ""


def _noted(done: FollowUp, matter: Matter) -> Put:
    return follow_ups.write(done, matter.known)


def _case(matter: Matter) -> str:
    """Opens the account's case or joins the open one, and alerts its owner, in one write."""
    response, project, now = matter.response, matter.project, matter.now
    held = records().get(claim_key(project.id, response.account_id, response.person))
    current = load(Case, held["case"]) if held else None
    writes: list[Write]
    if current and current.state is not CaseState.RESOLVED:
        case = cases.join(current, response, now=now)
        writes = [changed(case)]
    else:
        case_id, due_at = f"{response.id}-{response.rev}", _due(matter)
        case = cases.open_case(case_id, response, project, now=now, due_at=due_at)
        writes = [created(case), _claim(case, held["rev"] if held else 0)]
    log.concern(case=case.id)
    alert = Mail(
        id=f"{MailKind.ALERT.value}-{response.id}-{response.rev}",
        project=project.id,
        kind=MailKind.ALERT,
        subject_id=case.id,
        reference=response.id,
        to=case.owner_email,
        created_at=now,
        timer_at=now,
    )
    done = replace(matter.done, case=case.id, mail=alert.id)
    records().write(*writes, created(alert), _noted(done, matter))
    return alert.id


def _due(matter: Matter) -> int:
    business = BusinessTime(matter.project.calendar, matter.project.zone, matter.is_holiday)
    return business.after(matter.response.updated_at, matter.project.case_days)


def _claim(case: Case, rev: int) -> Put:
    """The account's one open case. A resolved one's claim is taken over."""
    key = claim_key(case.project, case.account_id, case.person)
    return Put({"pk": key.pk, "sk": key.sk, "kind": "open_case", "case": case.id, "rev": rev + 1}, rev=rev)


def _thanks(matter: Matter) -> Mail:
    response, now = matter.response, matter.now
    return Mail(
        id=f"{MailKind.THANKS.value}-{response.id}-{response.rev}",
        project=response.project,
        kind=MailKind.THANKS,
        subject_id=response.id,
        person=response.person,
        created_at=now,
        timer_at=now,
    )


class _Tell(Protocol):
    def __call__(self, case: Case, response: Response, *, now: int) -> Case: ...


def _told(matter: Matter, tell: _Tell) -> list[Write]:
    """The response's own case with the word that its score has changed."""
    case = load(Case, matter.done.case)
    return _rewritten(case, tell(case, matter.response, now=matter.now)) if case else []


def _better_since(matter: Matter) -> list[Write]:
    """The account's last case with the word that the person it is about has answered a later survey better.

    An answer from before the case was opened is an old one, told again.
    """
    response = matter.response
    if response.history or response.erased:
        return []
    held = records().get(claim_key(matter.project.id, response.account_id, response.person))
    case = load(Case, held["case"]) if held else None
    if case is None or response.created_at <= case.opened_at:
        return []
    if response.id in case.responses or not cases.is_about(case, response.person):
        return []
    return _rewritten(case, cases.recover(case, response, now=matter.now))


def _rewritten(case: Case, after: Case) -> list[Write]:
    return [changed(after)] if after != case else []
