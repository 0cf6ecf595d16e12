"""The hosted pages of opting in: the form, the way to the inbox, the confirmation and the welcome."""

from collections.abc import Mapping, Sequence

from shared.domain.locales import NO_PREFERENCE, Preference
from shared.domain.opt_ins import CONFIRM_DAYS, OptIn
from shared.domain.project import Project, consent_version
from shared.render.frame import render_page, switch
from shared.render.pages import query
from shared.render.texts import foreign
from shared.render.wording import from_whom
from shared.render.words import Words, words_for


def form(
    project: Project,
    preference: Preference = NO_PREFERENCE,
    *,
    stamp: str,
    name: str = "",
    email: str | None = None,
    errors: Mapping[str, Sequence[str]] | None = None,
) -> str:
    """The form that asks for a name and an address. It posts them, with `stamp`, to its own address.

    Given an address without errors, it asks for one more press: the first came too soon or too late for a person.
    """
    words, told = words_for(project, "", preference), dict(errors or {})
    title = words.say("Have your say at %(brand)s", brand=project.brand.name)
    alert = ""
    terms = project.consent_in(words.locale)
    if told:
        alert = words.say("Not sent yet: please look at what is marked below.")
    elif email is not None:
        alert = words.say("Not sent yet: please press the button once more.")
    return render_page(
        "join",
        project,
        words,
        title=f"{words.say('Error: ')}{title}" if told else title,
        heading=title,
        lead=words.say(
            "Now and then %(brand)s asks a short question: would you recommend %(product)s, and why? "
            "Leave your address if you would like to be asked.",
            brand=project.brand.name,
            product=project.texts_in(words.locale).product,
        ),
        alert=alert,
        name=name,
        email=email or "",
        stamp=stamp,
        email_error=words.say("Please enter an email address such as name@example.com.") if "email" in told else "",
        name_error=_name_error(told, words),
        terms=terms,
        terms_lang=foreign(terms, project.opt_in.consent, words.locale, project.locale),
        hint=words.say("You will get one email first, to confirm that the address is yours."),
        switch=switch(words),
    )


def sent(project: Project, preference: Preference = NO_PREFERENCE) -> str:
    """The page after the form: the same for everybody, whatever is known of the address."""
    words = words_for(project, "", preference)
    return render_page(
        "join_told",
        project,
        words,
        title=words.say("Check your inbox"),
        paragraphs=[
            words.say(
                "An email from %(sender)s is on its way to the address that you gave. "
                "Open it and confirm within %(days)s days, and you are in.",
                sender=from_whom(project, words),
                days=words.number(CONFIRM_DAYS),
            ),
            words.say(
                "Nothing there in a few minutes? Look in your spam folder, too. After an hour you can ask again."
            ),
        ],
        again=words.say("Back to the form"),
        back=query(preference),
        switch=switch(words, sent=1),
    )


def confirm(
    project: Project,
    opt_in: OptIn,
    preference: Preference = NO_PREFERENCE,
    *,
    name: str | None = None,
    text_changed: bool = False,
    errors: Mapping[str, Sequence[str]] | None = None,
) -> str:
    """The page that the mail leads to. Its form posts `name` and the version of the text that it shows."""
    words, told = words_for(project, opt_in.locale, preference), dict(errors or {})
    terms = project.consent_in(words.locale)
    alert = ""
    if text_changed:
        alert = words.say("The text below has changed meanwhile. Please read it, and confirm once more.")
    elif told:
        alert = words.say("Not sent yet: please look at what is marked below.")
    return render_page(
        "join_confirm",
        project,
        words,
        title=words.say("One more click, and you are in"),
        lead=words.say("%(brand)s may send its surveys to this address:", brand=project.brand.name),
        alert=alert,
        email=opt_in.email,
        name=opt_in.name if name is None else name,
        name_error=_name_error(told, words),
        terms=terms,
        terms_lang=foreign(terms, project.opt_in.consent, words.locale, project.locale),
        version=consent_version(terms),
        otherwise=words.say(
            "Was it not you? Close this page: nothing will be sent, and the address is deleted on %(day)s.",
            day=words.day(opt_in.expires_at),
        ),
        switch=switch(words),
    )


def welcome(project: Project, opt_in: OptIn, preference: Preference = NO_PREFERENCE) -> str:
    """The page once an opt-in is confirmed."""
    words = words_for(project, opt_in.locale, preference)
    return render_page(
        "join_told",
        project,
        words,
        title=words.say("You are in"),
        paragraphs=[
            words.say(
                "Thank you. %(brand)s will ask you now and then, and read what you say.", brand=project.brand.name
            ),
            words.say("Every survey email has a link to stop them, should you change your mind."),
        ],
        again="",
        back="",
        switch=switch(words),
    )


def _name_error(told: Mapping[str, Sequence[str]], words: Words) -> str:
    return words.say("This name is too long.") if "name" in told else ""
