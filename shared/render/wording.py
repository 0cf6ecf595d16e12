"""Sentences that more than one mail or page says."""

from typing import Literal

from shared.domain.nps import Category
from shared.domain.project import Project
from shared.domain.responses import Response
from shared.render.texts import SendTexts
from shared.render.words import Words

Problem = Literal["unknown", "expired", "closed", "busy", "many", "enough", "too_many", "error"]
"""Why a link does not lead to what it should."""


def recommendation_question(texts: SendTexts, words: Words) -> str:
    """The one question, about a send's product."""
    return words.say("How likely are you to recommend %(product)s to a friend or colleague?", product=texts.product)


def follow_up_question(which: Category | None, project: Project, texts: SendTexts, words: Words) -> str:
    """What people are asked after the score: the project's words for their category, else Hearback's."""
    if which and (own := project.follow_up_in(which.value, words.locale)):
        return own
    match which:
        case Category.PROMOTER:
            return words.say("What do you like best about %(product)s?", product=texts.product)
        case Category.PASSIVE:
            return words.say("What would make %(product)s better for you?", product=texts.product)
        case Category.DETRACTOR:
            return words.say("What went wrong, and what should change first?")
        case None:
            return words.say("Why did you give that score?")


def from_whom(project: Project, words: Words) -> str:
    """Who asks: the sender, and the company unless the sender's name says it already."""
    sender, brand = project.sender.name, project.brand.name
    if brand.casefold() in sender.casefold():
        return sender
    return words.say("%(sender)s, %(brand)s", sender=sender, brand=brand)


def link_text(texts: SendTexts, words: Words) -> str:
    """The words on the thank-you button."""
    return (texts.thank_you_link.text if texts.thank_you_link else "") or words.say("Tell others about it")


def thank_you_words(response: Response, project: Project, words: Words) -> str:
    """The thanks when neither the send nor the project has its own."""
    brand = project.brand.name
    match response.category:
        case Category.PROMOTER:
            return words.say("That is good to hear, and it means a lot to the people at %(brand)s.", brand=brand)
        case Category.PASSIVE:
            return words.say("Your answer helps %(brand)s see what to do better for you.", brand=brand)
        case Category.DETRACTOR:
            return words.say(
                "Frank words help most. Your answer goes to a person at %(brand)s who can do something about it.",
                brand=brand,
            )


def problem_words(kind: Problem, words: Words) -> tuple[str, list[str]]:
    """The title and the paragraphs for a problem: what it is, and what to do."""
    match kind:
        case "unknown":
            return words.say("This link does not work"), [
                words.say("It may have been cut off on the way. Open it from the email again, or copy all of it."),
                words.say("If it still does not work, reply to the email it came in."),
            ]
        case "expired":
            return words.say("This link has expired"), [
                words.say("Links work for a limited time, and this one has run out. Thank you for coming by."),
                words.say("If you still have something to say, reply to the email it came in."),
            ]
        case "closed":
            return words.say("This survey is closed"), [
                words.say("It takes no more answers. Thank you for coming by."),
                words.say("If you still have something to say, reply to the email it came in."),
            ]
        case "busy":
            return words.say("One moment, please"), [
                words.say("There is a lot going on right now, and nothing has been saved."),
                words.say("Wait a few seconds and try again."),
            ]
        case "many":
            return words.say("That was a lot at once"), [
                words.say("This link has been used very often in the last hour, and nothing more has been saved."),
                words.say("What was saved before is safe. Please try again in an hour."),
            ]
        case "enough":
            return words.say("No more changes"), [
                words.say(
                    "This answer has been changed so often that it takes no more changes. What was saved last is safe."
                ),
                words.say("If you still have something to say, reply to the email it came in."),
            ]
        case "too_many":
            return words.say("Too many at once"), [
                words.say("More people came here than usual, and nothing has been saved."),
                words.say("Please come back in an hour."),
            ]
        case "error":
            return words.say("Something went wrong here"), [
                words.say("It is not your fault. It has been recorded, so that it can be fixed."),
                words.say("Go back and try again in a minute; doing it twice does no harm."),
            ]
