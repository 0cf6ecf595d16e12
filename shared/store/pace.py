"""The lines of slots, one item each. A lease is one atomic update, so that a thousand workers need not meet.

The first free slot moves without a new `rev`; everything else of a line changes under the `rev` that was read.
"""

from collections.abc import Callable
from dataclasses import fields, replace

from shared.domain import pace
from shared.domain.pace import Line, Quota
from shared.store import keys
from shared.store.attributes import Item, pack, unpack
from shared.store.table import ChangedError, Put, records

_SETTINGS = tuple(field.name for field in fields(Line) if field.name not in {"number", "next_at"})

_ATTEMPTS = 10
"""Who is overtaken so often leaves a line to the next minute, which has all lines say what the first says."""

_known: dict[int, Line] = {}
"""What this process saw last; a lease that builds on something older is refused, and told what is so now."""


def line(number: int) -> Line:
    """A line as it was last seen; one that is not there is made, with the least rate that an account has."""
    if number not in _known:
        item = records().get(keys.pace(number))
        _known[number] = unpack(Line, item) if item else _made(Line(number))
    return _known[number]


def lease(known: Line, now: int, ahead: int) -> tuple[int, Line]:
    """Leases the first free slot that begins at `now` or a little sooner, unless it is more than `ahead` away.

    Sooner by what a slot may be missed: so a line whose first free slot is about now is known well enough either way.
    Returns the slot, or 0 when the line is no longer as it was known to be; and the line as it is now.
    """
    step, soonest = pace.spacing(known, now), now - pace.LATE
    if known.next_at < soonest:
        expression, condition = "SET next_at = :after", "rev = :rev AND next_at < :now"
        values = {":after": now + step, ":rev": known.rev, ":now": now}
    else:
        expression, condition = "ADD next_at :step", "rev = :rev AND next_at >= :soonest AND next_at <= :far"
        values = {":step": step, ":rev": known.rev, ":soonest": soonest, ":far": now + ahead}
    try:
        item = records().update(keys.pace(known.number), expression, condition=condition, values=values)
    except ChangedError as error:
        return 0, _after(error, known)
    after = _remember(item)
    return after.next_at - step, after


def again(known: Line) -> Line:
    """A line as it is now."""
    return _read(known.number) or known


def learn(quota: Quota) -> Line:
    """Lets the lines have the rate that SES grants now; the first of them as it is afterwards.

    The first is written last: it says how many there are. And it is read last: whoever stops or resumes sending begins
    with it.
    """
    count = (_read(0) or _made(Line(0))).lines
    others = [_read(number) or _made(Line(number)) for number in range(1, count)]
    known = [again(line(0)) if others else line(0), *others]
    for wanted in reversed(pace.learned(known, quota.rate)):
        before = known[wanted.number] if wanted.number < len(known) else _read(wanted.number)
        if before is None:
            _made(wanted)
        else:
            _change(before, replace(wanted, rev=before.rev, next_at=before.next_at))
    return _known[0]


def slow_down(known: Line, now: int) -> None:
    """SES throttled a call that was made in its slot."""
    _change(known, pace.slowed(known, now))


def stop(reason: str, today: int, *, everything: bool) -> None:
    """SES refused a mail for the account's sake, or for the day's quota: every line stops."""
    _on_every_line(lambda known: pace.stopped(known, reason, today, everything=everything))


def resume(tried: Line) -> None:
    """A mail got through that was tried on a line that had been stopped."""
    _on_every_line(lambda known: pace.resumed(known, tried))


def _on_every_line(decide: Callable[[Line], Line]) -> None:
    """Changes each line as it is now, the first of them first; what this process saw of it before may be long past."""
    for number in range(again(line(0)).lines):
        for _ in range(_ATTEMPTS):
            known = again(line(number))
            after = decide(known)
            if after == known or _change(known, after):
                break


def _change(before: Line, after: Line) -> bool:
    """Writes all but the first free slot; False when somebody else changed the line meanwhile."""
    if before == after:
        return True
    values = {f":{name}": getattr(after, name) for name in _SETTINGS} | {":read": before.rev, ":rev": before.rev + 1}
    expression = "SET " + ", ".join(f"#{name} = :{name}" for name in _SETTINGS)
    names = {f"#{name}": name for name in _SETTINGS}
    try:
        key = keys.pace(before.number)
        _remember(records().update(key, expression, condition="rev = :read", values=values, names=names))
    except ChangedError as error:
        _after(error, before)
        return False
    return True


def _after(error: ChangedError, known: Line) -> Line:
    """The line as it is now, when it was not as it was known to be."""
    if current := error.items[0]:
        return _remember(current)
    _known.pop(known.number, None)
    return line(known.number)


def _made(one: Line) -> Line:
    key = keys.pace(one.number)
    new = replace(one, rev=1)
    item = {"pk": key.pk, "sk": key.sk, "kind": "pace", "next_at": 0, **pack(new)}
    try:
        records().write(Put(item, rev=0))
    except ChangedError as error:
        return _remember(error.items[0])
    return _remember(item)


def _read(number: int) -> Line | None:
    item = records().get(keys.pace(number))
    return _remember(item) if item else None


def _remember(item: Item) -> Line:
    found = unpack(Line, item)
    _known[found.number] = found
    return found
