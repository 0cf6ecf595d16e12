"""A project's own questions as the page shows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from functools import lru_cache
from typing import NamedTuple

from markupsafe import Markup

from shared.domain.nps import Category, category
from shared.domain.questions import MAX_WORDS, Answer, Question, QuestionType, options_of
from shared.domain.responses import Response
from shared.render import engine
from shared.render.texts import foreign
from shared.render.words import Words


class Said(NamedTuple):
    """A text, and its language where that is not the page's."""

    text: str
    lang: str = ""


@dataclass(frozen=True, slots=True)
class ShownQuestion:
    """A question with its field's name, whom it is shown to (as CSS classes), and what stands in it."""

    name: str
    type: str
    text: Said
    shown: str
    options: tuple[tuple[str, Said], ...]
    steps: tuple[tuple[int, str], ...]
    low_label: Said
    high_label: Said
    typed: str
    ticked: tuple[str, ...]


def html(
    questions: tuple[Question, ...],
    own_locale: str,
    words: Words,
    *,
    picked: int | None,
    given: Mapping[str, Sequence[str]],
    earlier: Response | None,
    told: Mapping[str, str],
) -> Markup:
    """The questions, filled with what was just sent, else with the earlier answers; `told` says what is wrong.

    What is not translated is in the project's own locale.
    """
    known = {answer.question: answer for answer in earlier.answers} if earlier else {}
    if not given and not known:
        return _untouched(questions, own_locale, picked, words.locale)
    shown = [_shown(one, own_locale, picked, _values(one, given, known.get(one.id)), words) for one in questions]
    return _rendered(shown, told, words.locale)


@lru_cache(maxsize=256)
def _untouched(questions: tuple[Question, ...], own_locale: str, picked: int | None, locale: str) -> Markup:
    """The questions as everybody finds them; most visits stop here, and the gateways' all do."""
    shown = [_shown(one, own_locale, picked, (), Words(locale, UTC)) for one in questions]
    return _rendered(shown, dict.fromkeys([one.name for one in shown], ""), locale)


def _rendered(shown: Sequence[ShownQuestion], told: Mapping[str, str], locale: str) -> Markup:
    return Markup(engine.render("pages/questions.html", locale=locale, questions=shown, errors=told))  # noqa: S704


def not_said(words: Words) -> str:
    """The words for not answering a demographic question."""
    return words.say("Prefer not to say")


def refused(one: Question, words: Words) -> str:
    """Why an answer to a question was not taken."""
    if one.type is QuestionType.FREE_RESPONSE:
        return words.say("This answer is too long: at most %(most)s characters fit.", most=words.number(MAX_WORDS))
    return words.say("Please choose among the answers that are offered here.")


def _shown(asked: Question, own_locale: str, picked: int | None, values: Sequence[str], words: Words) -> ShownQuestion:
    one = asked.in_language(words.locale)
    own = {option.id: option.text for option in asked.options}

    def said(text: str, own_text: str, before: str = "") -> Said:
        return Said(f"{before}{text}", foreign(text, own_text, words.locale, own_locale)) if text else Said("")

    steps = range(one.low, one.high + 1) if one.type is QuestionType.SCALE else ()
    return ShownQuestion(
        name=f"q.{one.id}",
        type=one.type.value,
        text=said(one.text, asked.text),
        shown=_shown_for(one, picked),
        options=tuple((each.id, said(each.text, own.get(each.id, ""))) for each in options_of(one, not_said(words))),
        steps=tuple((step, _step_name(one, step, words)) for step in steps),
        low_label=said(one.low_label, asked.low_label, f"{one.low} = "),
        high_label=said(one.high_label, asked.high_label, f"{one.high} = "),
        typed=values[-1] if values else "",
        ticked=tuple(values),
    )


def _shown_for(one: Question, picked: int | None) -> str:
    if set(one.show_for) == set(Category):
        return ""
    now = picked is not None and category(picked) in one.show_for
    return " ".join(["for", *(which.value for which in one.show_for), *(["now"] if now else [])])


def _step_name(one: Question, step: int, words: Words) -> str:
    name = words.say("%(step)d of %(most)d", step=step, most=one.high)
    label = {one.low: one.low_label, one.high: one.high_label}.get(step, "")
    return f"{name}, {label}" if label else name


def _values(one: Question, given: Mapping[str, Sequence[str]], answer: Answer | None) -> Sequence[str]:
    if given or answer is None:
        return given.get(f"q.{one.id}", ())
    if isinstance(answer.value, tuple):
        return [option.id for option in answer.value]
    return [str(answer.value)]
