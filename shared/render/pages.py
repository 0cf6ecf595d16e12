"""The hosted pages of respondents, as HTML. Every address in them is relative or foreign.

Only the question's page has a script, and it works without it.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from urllib.parse import urlencode

from markupsafe import Markup

from shared.domain.locales import NO_PREFERENCE, Preference
from shared.domain.nps import SCORES, Category, category
from shared.domain.project import Project
from shared.domain.requests import SurveyRequest
from shared.domain.responses import MAX_COMMENT, Response
from shared.render import engine, languages, survey_questions
from shared.render.frame import content_security_policy, render_page, switch
from shared.render.languages import SOURCE
from shared.render.texts import SendTexts, mail_to, send_texts
from shared.render.wording import (
    Problem,
    follow_up_question,
    from_whom,
    link_text,
    problem_words,
    recommendation_question,
    thank_you_words,
)
from shared.render.words import Words, words_for

__all__ = ["Problem", "Wish", "content_security_policy", "not_said", "problem", "survey", "thank_you", "unsubscribe"]


def survey(
    project: Project,
    request: SurveyRequest,
    *,
    response: Response | None,
    chosen: int | None,
    comment: str = "",
    given: Mapping[str, Sequence[str]] = MappingProxyType({}),
    errors: Mapping[str, Sequence[str]] = MappingProxyType({}),
    preference: Preference = NO_PREFERENCE,
) -> str:
    """The page that asks. Its form posts `score`, `comment` and `q.<id>` for other questions to its own address.

    `chosen` preselects a score; without it, and without `comment` and `given`, an earlier response fills the form.
    """
    words = words_for(project, own_locale(request, response), preference)
    texts = send_texts(project, request.properties, words.locale)
    earlier = response if response and not response.erased else None
    if earlier or comment or given or errors:
        return _survey(project, texts, words, earlier, chosen, comment=comment, given=given, errors=errors)
    return _untouched(project, texts, words, chosen)


@lru_cache(maxsize=128)
def _untouched(project: Project, texts: SendTexts, words: Words, chosen: int | None) -> str:
    """The page as everybody finds it who has not answered: the first visit of people, and every one of gateways."""
    return _survey(project, texts, words, None, chosen)


def _survey(
    project: Project,
    texts: SendTexts,
    words: Words,
    earlier: Response | None,
    chosen: int | None,
    *,
    comment: str = "",
    given: Mapping[str, Sequence[str]] = MappingProxyType({}),
    errors: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> str:
    question = recommendation_question(texts, words)
    sent = earlier if earlier and not earlier.partial else None
    picked = earlier.score if chosen is None and earlier else chosen
    told = _told(project, errors, words)
    return render_page(
        "survey",
        project,
        words,
        title=f"{words.say('Error: ')}{question}" if errors else question,
        texts=texts,
        question=question,
        given=bool(earlier and earlier.counts),
        scores=_scores(words.locale, picked),
        now="" if picked is None else category(picked).value,
        follow_ups=_follow_ups(project, texts, words),
        comment=comment or (sent.comment if sent and not errors else ""),
        questions=survey_questions.html(
            project.questions,
            project.locale,
            words,
            picked=picked,
            given=given,
            earlier=sent if not errors else None,
            told=told,
        ),
        errors=told,
        alert=_alert(errors, words),
        welcome_back=_welcome_back(earlier, chosen, words) if earlier else "",
        hint=words.say("One line is plenty. Your words go to %(brand)s.", brand=project.brand.name),
        send=words.say("Save the change") if sent else words.say("Send"),
        trouble=words.say(
            "Not sent yet: something on the way is not answering. What you wrote is still here; "
            "please press the button again in a moment."
        ),
        why=words.say("Asked by %(sender)s.", sender=from_whom(project, words)),
        switch=switch(words, **({} if chosen is None else {"score": chosen})),
    )


def not_said(project: Project) -> str:
    """The words for not answering a demographic question as answers keep them: in the project's language."""
    return survey_questions.not_said(words_for(project))


def thank_you(
    project: Project, request: SurveyRequest, response: Response, preference: Preference = NO_PREFERENCE
) -> str:
    """The page after an answer: the project's thanks, its button for promoters, and the way back."""
    words = words_for(project, own_locale(request, response), preference)
    texts = send_texts(project, request.properties, words.locale)
    return render_page(
        "thank_you",
        project,
        words,
        title=words.say("Thank you"),
        message=texts.thank_you_message or thank_you_words(response, project, words),
        link=texts.thank_you_link if response.category is Category.PROMOTER else None,
        link_text=link_text(texts, words),
        given=words.say("Your answer: %(score)d of 10.", score=response.score),
        back=query(preference),
        switch=switch(words, done=1),
    )


class Wish(StrEnum):
    """How a person stands to survey mail: nothing was said, they want none, or they want it again."""

    UNKNOWN = "unknown"
    NONE = "none"
    AGAIN = "again"


def unsubscribe(project: Project, wish: Wish, *, own: str = "", preference: Preference = NO_PREFERENCE) -> str:
    """The page that asks before it stops survey mail, the one that says it is done, and the one that takes it back.

    `own` is the person's locale.
    """
    words = words_for(project, own, preference)
    brand = project.brand.name
    match wish:
        case Wish.NONE:
            title = words.say("You will get no more surveys")
            paragraphs = [
                words.say("From now on %(brand)s will send you no more surveys by email.", brand=brand),
                words.say("A survey you already have stays open, should you want to answer it."),
            ]
        case Wish.AGAIN:
            title = words.say("You will get surveys again")
            paragraphs = [words.say("%(brand)s may send you surveys by email again, now and then.", brand=brand)]
        case Wish.UNKNOWN:
            title = words.say("No more surveys?")
            paragraphs = [
                words.say("Press the button, and %(brand)s will stop sending you surveys by email.", brand=brand),
                words.say("Other email, such as invoices, is not affected."),
            ]
    kept = {Wish.NONE: {"done": 1}, Wish.AGAIN: {"again": 1}}.get(wish, {})
    return render_page(
        "unsubscribe",
        project,
        words,
        title=title,
        paragraphs=paragraphs,
        stopped=wish is Wish.NONE,
        again=wish is Wish.AGAIN,
        switch=switch(words, **kept),
    )


def problem(
    kind: Problem,
    project: Project | None = None,
    preference: Preference = NO_PREFERENCE,
    *,
    typed: Sequence[tuple[str, str]] = (),
) -> str:
    """The page for what went wrong. It is the same whether or not a person, request or case exists.

    `typed` are the fields of a form that was not taken: a button sends them again.
    """
    words = words_for(project, "", preference) if project else Words(languages.chosen(SOURCE, "", preference), UTC)
    title, paragraphs = problem_words(kind, words)
    contact = (project.sender.reply_to or project.sender.email) if project else ""
    return render_page(
        "problem",
        project,
        words,
        title=title,
        paragraphs=paragraphs,
        contact=contact,
        mail_to=mail_to(contact),
        contact_words=words.say("Questions? Write to:"),
        switch=switch(words),
        typed=typed,
    )


def own_locale(request: SurveyRequest, response: Response | None) -> str:
    """The locale in which a person has answered, else the one they were asked in."""
    return (response.locale if response else "") or request.locale


def query(preference: Preference, **fields: object) -> str:
    """The query of a page that follows this one, in the language that was picked here."""
    return f"?{urlencode(fields | ({'lang': preference.switched} if preference.switched else {}))}"


@lru_cache(maxsize=128)
def _follow_ups(project: Project, texts: SendTexts, words: Words) -> tuple[tuple[str, str], ...]:
    """What is asked after the score: of whoever has picked none yet, and of each category."""
    return tuple(
        (which.value if which else "", follow_up_question(which, project, texts, words)) for which in (None, *Category)
    )


@lru_cache(maxsize=256)
def _scores(locale: str, picked: int | None) -> Markup:
    """The eleven buttons, which are the same on every project's page."""
    words = Words(locale, UTC)
    scores = [(score, category(score).value, _score_name(score, words)) for score in SCORES]
    return Markup(engine.render("pages/scores.html", locale=locale, scores=scores, picked=picked))  # noqa: S704


def _score_name(score: int, words: Words) -> str:
    """What a screen reader says of a score: the ends are told with it."""
    match score:
        case 0:
            return words.say("0 of 10, not at all likely")
        case 10:
            return words.say("10 of 10, extremely likely")
    return words.say("%(score)d of 10", score=score)


def _told(project: Project, errors: Mapping[str, Sequence[str]], words: Words) -> dict[str, str]:
    """What is wrong with each field, an empty string where nothing is."""
    told = dict.fromkeys(["score", "comment", *(f"q.{one.id}" for one in project.questions)], "")
    if "score" in errors:
        told["score"] = words.say("Please choose a score from 0 to 10.")
    if "comment" in errors:
        told["comment"] = words.say(
            "Your comment is too long: at most %(most)s characters fit.", most=words.number(MAX_COMMENT)
        )
    return told | {
        f"q.{one.id}": survey_questions.refused(one, words) for one in project.questions if f"q.{one.id}" in errors
    }


def _alert(errors: Mapping[str, Sequence[str]], words: Words) -> str:
    if not errors:
        return ""
    if "score" in errors:
        return words.say("Not sent yet: please choose a score from 0 to 10.")
    return words.say("Not sent yet: please look at what is marked below.")


def _welcome_back(earlier: Response, chosen: int | None, words: Words) -> str:
    day = words.day(earlier.updated_at)
    if earlier.partial:
        return words.say(
            "Good to see you again. You picked %(score)d on %(day)s; here is what is left to say, if you like.",
            score=earlier.score,
            day=day,
        )
    if chosen is None or chosen == earlier.score:
        return words.say(
            "Good to see you again. You gave a score of %(score)d on %(day)s; "
            "here it is, should you want to change it.",
            score=earlier.score,
            day=day,
        )
    return words.say(
        "Good to see you again. You gave a score of %(score)d on %(day)s and have now picked %(chosen)d: "
        "nothing changes until you save it.",
        score=earlier.score,
        day=day,
        chosen=chosen,
    )
