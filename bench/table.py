"""The one table, for the terminal and for the documentation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.cold import Cold
from bench.cost import FLOOR_MAIL, FLOOR_REST, Cost
from bench.counting import Day, Folded
from bench.pacing import Paced
from bench.page_size import LOADER, PEERS
from bench.usable import KBIT_A_SECOND, ROUND_TRIP, Usable
from bench.warm import Warm

HEAD = ("What", "Figure", "Target, or beside it")
TARGET_COLD, TARGET_WARM = 1.25, 1.5

STEPS = {
    "send": "send: POST people",
    "deliver": "deliver: wake, deliver, two reports of SES",
    "answer": "answer: page GET, POST, thanks",
    "score": "score: the request's changes and the answer",
    "follow up, detractor": "follow up a detractor: case, alert mailed",
    "follow up, promoter": "follow up a promoter: thanks mailed",
    "report": "report, mailed to 3 managers",
    "a minute with nothing due": "a minute with nothing due",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A line: what, its figure, and what it is to be held against."""

    what: str
    figure: str
    beside: str = ""


def cold_rows(found: Sequence[Cold]) -> list[Row]:
    """Ratios of cold imports; the function with a target comes first."""
    ordered = sorted(found, key=lambda one: (one.function != "page", one.function))
    return [
        Row(
            f"cold import: {one.function}",
            f"{one.imported:.2f}, with its client {one.ready:.2f}",
            f"≤ {TARGET_COLD} × (botocore + DynamoDB client), the first figure" if one.function == "page" else "",
        )
        for one in ordered
    ]


def counting_rows(speed: float, folded: Sequence[Folded], day: Day) -> list[Row]:
    """What counting costs, and how a day of many answers goes."""
    rows = [Row("counting: answers a second on one core, no I/O", f"{speed:,.0f}")]
    rows += [
        Row(f"counting: WU per answer, {one.batch:,} at once", f"{one.ours:.1f}", f"plain design: {one.plain:.1f}")
        for one in folded
    ]
    met = f"{day.conflicts:,} of {day.transactions:,} transactions met another"
    rows.append(Row(f"counting: {day.responses:,} answers in a day, 4 shards", met, f"{day.retries:,} repetitions"))
    busiest = f"{day.units:,} WU; its busiest row {day.hottest:.1f} a second"
    rows.append(Row("counting: units of that day", busiest, "a partition takes 1,000 a second"))
    return rows


def reading_rows(found: Sequence[Mapping[str, float]]) -> list[Row]:
    """What a year's figures read, by the number of answers."""
    few = found[0]
    return [
        Row(
            f"reading a year's score: {one['answers']:,.0f} answers",
            f"{one['rows']:.0f} counter rows in {one['calls']:.0f} calls, {one['units']:.0f} RU",
            f"{one['units'] / few['units']:.2f} × the units of {few['answers']:,.0f}, ≤ 1.1" if one is not few else "",
        )
        for one in found
    ]


def warm_rows(found: Sequence[Warm]) -> list[Row]:
    """Ratios of warm CPU."""
    return [
        Row(
            f"warm CPU: {one.call} ({_counted(one.aws_calls, 'AWS call')})",
            f"{one.ratio:.2f}",
            f"≤ {TARGET_WARM} × bare boto3; {one.to_tuned:.2f} × with our client's settings",
        )
        for one in found
    ]


def journey_rows(steps: Mapping[str, Mapping[str, Any]]) -> list[Row]:
    """Calls and units of one survey, played singly."""
    return [
        Row(
            title,
            f"{sum(steps[name]['calls'].values())} calls, {steps[name]['reads']:g} RU, {steps[name]['writes']:g} WU",
            _counted(sum(steps[name]["invocations"].values()), "invocation"),
        )
        for name, title in STEPS.items()
    ]


def cost_rows(singly: Cost, bulk: Cost) -> list[Row]:
    """The estimate for 1,000 surveys, 30% answered."""
    named = (("singly", singly), ("sent in bulk", bulk))
    return [
        Row(
            f"1,000 surveys, 30% answered, {name}",
            f"${cost.total:.3f} = mails {cost.invitations + cost.other_mails:.3f} + rest {cost.rest:.3f}",
            f"floor: {FLOOR_MAIL:.2f} + {FLOOR_REST}",
        )
        for name, cost in named
    ] + [
        Row(
            f"  of the rest, {name}",
            f"tables {cost.table:.3f}, functions {cost.functions:.3f}, HTTP and queues {cost.requests:.3f},"
            f" logs {cost.logs:.3f}",
            f"thanks and alerts: {cost.other_mails:.3f} of the mails",
        )
        for name, cost in named
    ]


def size_row(size: int) -> Row:
    """The survey page's bytes beside others'."""
    least, bytes_ = min(PEERS.items(), key=lambda peer: peer[1])
    return Row(
        "survey page, as sent (gzip)",
        f"{size:,} bytes",
        f"≤ 8,000; {least} {bytes_:,} ({bytes_ / size:.0f} ×); {LOADER[0]} {LOADER[1]:,}",
    )


def usable_row(found: Usable) -> Row:
    """How soon the survey page is there on a slow connection, beside what no page can do without."""
    return Row(
        f"survey page on a slow connection ({KBIT_A_SECOND} kbit/s, {ROUND_TRIP} ms)",
        f"usable after {found.usable / 1000:.2f} s, painted after {found.painted / 1000:.2f} s",
        f"floor: {ROUND_TRIP / 1000:.2f} s, one round trip",
    )


def worker_row(milliseconds: int, found: Mapping[str, float]) -> Row:
    """The throughput of a worker beside that of a bare loop."""
    answer = f"after {milliseconds} ms" if milliseconds else "at once"
    return Row(
        f"deliver, one worker, SES answers {answer}",
        f"{found['loop'] / found['worker']:.2f}",
        f"× a bare loop of SES calls; {found['mails'] / found['worker']:.1f} mails a second",
    )


def pace_row(found: Paced) -> Row:
    """How well a rate is used, and how far it is exceeded."""
    return Row(
        f"pace: {found.mails:,} mails at {found.rate:,} a second",
        f"{found.utilisation:.1%} used, overshoot {found.overshoot}",
        f"≥ 90%, 0; {found.workers} workers, worst second {found.worst:,}",
    )


def markdown(rows: Sequence[Row]) -> str:
    """The table, aligned, as Markdown; a terminal shows the same."""
    lines = [HEAD, *((row.what, row.figure, row.beside) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    lines.insert(1, ("-" * widths[0], "-" * widths[1], "-" * widths[2]))
    padded = ([cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in lines)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in padded)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
