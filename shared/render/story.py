"""What a month's figures say, in sentences and in the groups that charts draw."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise

from shared.domain.figures import CaseFigures, Figures
from shared.domain.nps import Category
from shared.render.words import Words, msgid, property_title

FEW_ANSWERS = 10

# What `quality` of shared/domain/monthly.py says; the stored figures have it in English.
_QUALITY = (
    msgid("Recount"),
    msgid("matches"),
    msgid("The counters against the month's responses, one by one."),
    msgid("Response rate"),
    msgid("Answers to the surveys sent in the month, so far."),
    msgid("Few answers"),
    msgid("With fewer than ten answers the score says little; read the words."),
)


@dataclass(frozen=True, slots=True)
class Group:
    """A category's part of the answers; `share` is a whole percent and the three shares make 100."""

    category: str
    name: str
    count: int
    percent: str
    share: int


@dataclass(frozen=True, slots=True)
class ScoredSegment:
    """A segment that is large enough for a score."""

    dimension: str
    value: str
    responses: int
    score: int


def sentences(figures: Figures, words: Words) -> list[str]:
    """The month in two or three sentences: how sure the score is, what changed, how many answered."""
    if figures["score"] is None:
        return list(_empty_month(figures, words))
    told = [words.say_many("%(n)s answer.", "%(n)s answers.", figures["responses"])]
    interval = figures["interval"]
    if interval:
        told[0] += " " + words.say(
            "The true score lies between %(low)s and %(high)s, 19 times out of 20.",
            low=words.points(interval[0]),
            high=words.points(interval[1]),
        )
    if figures["responses"] < FEW_ANSWERS:
        told.append(
            words.say("With so few answers a single one moves the score a lot: read the words, not the number.")
        )
    told.append(change_sentence(figures, words))
    return told


def change_sentence(figures: Figures, words: Words) -> str:
    """What became of the score since the month before, and whether it means anything."""
    previous, change = figures["previous"], figures["change"]
    if previous is None or change is None:
        return words.say("There is no earlier month to compare with.")
    values = {
        "points": words.say_many("%(n)s point", "%(n)s points", abs(change["points"])),
        "before": words.points(previous["score"]),
        "month": words.month(previous["month"]),
    }
    if change["points"] == 0:
        return words.say("Unchanged from %(month)s (%(before)s).", **values)
    direction = (
        words.say("Up %(points)s from %(before)s in %(month)s", **values)
        if change["points"] > 0
        else words.say("Down %(points)s from %(before)s in %(month)s", **values)
    )
    meaning = (
        words.say("more than chance explains.")
        if change["significant"]
        else words.say("which chance alone may explain.")
    )
    return words.say("%(change)s, %(meaning)s", change=direction, meaning=meaning)


def groups(figures: Figures, words: Words) -> list[Group]:
    """Promoters, passives and detractors, in that order."""
    counts = {
        Category.PROMOTER: (words.say("promoters"), figures["promoters"]),
        Category.PASSIVE: (words.say("passives"), figures["passives"]),
        Category.DETRACTOR: (words.say("detractors"), figures["detractors"]),
    }
    shares = _shares([count for _, count in counts.values()])
    return [
        Group(category.value, name, count, words.share(count, figures["responses"]), share)
        for (category, (name, count)), share in zip(counts.items(), shares, strict=True)
    ]


def extremes(figures: Figures, each: int = 3) -> list[ScoredSegment]:
    """The lowest and the highest segments among those that may show a score, lowest first."""
    scored = sorted(
        (
            ScoredSegment(property_title(segment["dimension"]), value["value"], value["responses"], value["score"])
            for segment in figures["segments"]
            for value in segment["values"]
            if value["shown"] == "score" and value["score"] is not None
        ),
        key=lambda one: (one.score, one.dimension, one.value),
    )
    return scored if len(scored) <= 2 * each else scored[:each] + scored[-each:]


def overdue_sentence(cases: CaseFigures, words: Words) -> str:
    """What is owed to customers now, or an empty string when nothing is late."""
    if not cases["overdue"]:
        return ""
    return words.say_many(
        "%(n)s case is overdue: a customer who told us something is waiting for an answer.",
        "%(n)s cases are overdue: customers who told us something are waiting for an answer.",
        cases["overdue"],
    )


def signed_interval(interval: list[float] | None, words: Words) -> str:
    """An interval as `+21 to +43`, or a dash."""
    if interval is None:
        return "\N{EN DASH}"
    return words.say("%(low)s to %(high)s", low=words.points(interval[0]), high=words.points(interval[1]))


def quality(figures: Figures, words: Words) -> list[tuple[str, str, str]]:
    """What a reader should know of the data: name, value and note of each."""

    def told(text: str) -> str:
        return words.say(text) if text in _QUALITY else text

    return [(told(one["name"]), told(one["value"]), told(one["note"])) for one in figures["quality"]]


def in_brief(figures: Figures, words: Words) -> str:
    """The month in a subject line's few words: `+32, up 5`."""
    if figures["score"] is None:
        return words.say("no answers")
    score, change = words.points(figures["score"]), figures["change"]
    if change is None:
        return score
    if change["points"] == 0:
        return words.say("%(score)s, unchanged", score=score)
    if change["points"] > 0:
        return words.say("%(score)s, up %(points)d", score=score, points=change["points"])
    return words.say("%(score)s, down %(points)d", score=score, points=-change["points"])


def _empty_month(figures: Figures, words: Words) -> Iterator[str]:
    sent = figures["funnel"]["sent"]
    if sent:
        yield words.say_many(
            "%(n)s survey email went out and nobody has answered.",
            "%(n)s survey emails went out and nobody has answered.",
            sent,
        )
        yield words.say("A shorter subject, a known sender and a reminder usually help.")
    else:
        yield words.say("No survey emails went out, so there is nothing to score.")
        yield words.say("Check that the renewal workflow still calls the send API.")


def _shares(counts: list[int]) -> list[int]:
    whole = sum(counts)
    if not whole:
        return [0] * len(counts)
    ends = [0, *(round(100 * part / whole) for part in accumulate(counts))]
    return [end - start for start, end in pairwise(ends)]
