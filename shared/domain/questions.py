"""The questions that a project asks besides the score: their settings, and what people answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from shared.domain.errors import InvalidError
from shared.domain.locales import localised
from shared.domain.nps import Category

MAX_QUESTIONS = 10
MAX_OPTIONS = 30
MAX_QUESTION = 300
MAX_OPTION = 150
MAX_WORDS = 2_000

NOT_SAID = "prefer_not_to_say"
"""The option that a demographic question always has."""


class QuestionType(StrEnum):
    """How a question is answered."""

    FREE_RESPONSE = "free_response"
    SCALE = "scale"
    SELECT_ONE = "select_one"
    SELECT_MANY = "select_many"

    @property
    def has_options(self) -> bool:
        """Whether its answer is chosen from a list."""
        return self in {QuestionType.SELECT_ONE, QuestionType.SELECT_MANY}


@dataclass(frozen=True, slots=True)
class Option:
    """One thing to choose. `text` is shown, `id` is kept and may not change."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class QuestionTexts:
    """A question's words for the readers of one more language; what is empty or missing is not translated."""

    language: str
    text: str = ""
    options: tuple[Option, ...] = ()
    low_label: str = ""
    high_label: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """One more question, always optional. Its texts are in the project's language, but those of `texts_by_language`.

    It can be hashed, so that what is rendered of it can be kept. `show_for` are the categories that are asked it. A
    scale runs from `low` to `high`, with words at both ends. A `demographic` one says that it is optional and may be
    answered with "prefer not to say".
    """

    id: str
    type: QuestionType
    text: str
    options: tuple[Option, ...] = ()
    show_for: tuple[Category, ...] = tuple(Category)
    demographic: bool = False
    low: int = 1
    high: int = 5
    low_label: str = ""
    high_label: str = ""
    texts_by_language: tuple[QuestionTexts, ...] = ()

    def in_language(self, locale: str) -> "Question":
        """The question as a reader sees it: each text in their language where there is one, else in the project's.

        Hearback has no words of its own for it, so that what is not translated is shown as it is.
        """
        if not self.texts_by_language:
            return self
        options = {one.language: {option.id: option.text for option in one.options} for one in self.texts_by_language}

        def said(own: str, texts: Mapping[str, str]) -> str:
            return localised(texts, locale) or own

        return replace(
            self,
            text=said(self.text, {one.language: one.text for one in self.texts_by_language}),
            options=tuple(
                Option(one.id, said(one.text, {tag: texts.get(one.id, "") for tag, texts in options.items()}))
                for one in self.options
            ),
            low_label=said(self.low_label, {one.language: one.low_label for one in self.texts_by_language}),
            high_label=said(self.high_label, {one.language: one.high_label for one in self.texts_by_language}),
            texts_by_language=(),
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody answered: words, a number or options. The question's texts are in the project's language.

    Whatever language it was asked in, whoever reads many answers reads one language.
    """

    question: str
    type: QuestionType
    text: str
    value: str | int | tuple[Option, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "type", QuestionType(self.type))
        if isinstance(self.value, list | tuple):
            options = tuple(one if isinstance(one, Option) else Option(**one) for one in self.value)
            object.__setattr__(self, "value", options)


def asked(questions: Sequence[Question], category: Category) -> list[Question]:
    """The questions that a category is asked."""
    return [question for question in questions if category in question.show_for]


def read_answers(
    questions: Sequence[Question], category: Category, given: Mapping[str, Sequence[str]], not_said: str
) -> tuple[Answer, ...]:
    """The answers in a form, whose fields have the questions' ids; what the category is not asked is left out.

    `not_said` are the words of a demographic question's last option, in the project's language too. Raises
    InvalidError naming each question whose answer cannot be: no such option, not on the scale, one too many, too long.
    """
    answers: list[Answer] = []
    problems: dict[str, list[str]] = {}
    for question in asked(questions, category):
        values = [cleaned for value in given.get(question.id, ()) if (cleaned := clean_words(value))]
        if not values:
            continue
        try:
            answers.append(Answer(question.id, question.type, question.text, _value(question, values, not_said)))
        except InvalidError as error:
            problems |= error.fields
    if problems:
        raise InvalidError(problems)
    return tuple(answers)


def _value(question: Question, values: Sequence[str], not_said: str) -> str | int | tuple[Option, ...]:
    match question.type:
        case QuestionType.FREE_RESPONSE:
            if len(values[-1]) > MAX_WORDS:
                raise InvalidError({question.id: [f"is too long (at most {MAX_WORDS} characters)"]})
            return values[-1]
        case QuestionType.SCALE:
            steps = {str(step): step for step in range(question.low, question.high + 1)}
            if len(set(values)) > 1 or values[0] not in steps:
                raise InvalidError({question.id: [f"must be one number from {question.low} to {question.high}"]})
            return steps[values[0]]
        case QuestionType.SELECT_ONE | QuestionType.SELECT_MANY:
            known = {option.id: option for option in options_of(question, not_said)}
            wanted = list(dict.fromkeys(values))
            if not set(wanted) <= known.keys() or (question.type is QuestionType.SELECT_ONE and len(wanted) > 1):
                raise InvalidError({question.id: ["must be one of the choices"]})
            # Who would rather not say has said nothing, whatever else is ticked.
            return tuple(known[value] for value in ([NOT_SAID] if NOT_SAID in wanted else wanted))


def options_of(question: Question, not_said: str) -> tuple[Option, ...]:
    """The choices of a question; a demographic one ends with the words for not saying."""
    return (*question.options, Option(NOT_SAID, not_said)) if question.demographic else question.options


def clean_words(text: str) -> str:
    """Text as it is kept: line ends unified, control characters and lone surrogates dropped, outer blanks trimmed."""
    unified = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(
        c for c in unified if c in "\n\t" or (ord(c) >= 32 and ord(c) != 127 and not 0xD800 <= ord(c) < 0xE000)
    ).strip()
