"""A project's own words for one send: what the send call said, else the project, else Hearback's defaults."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote

from shared.domain.locales import lookup
from shared.domain.people import handle
from shared.domain.project import Project, Texts

_WEB_ADDRESS = re.compile(r"https?://[^\s\"'<>\\\x00-\x20]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Link:
    """A button: its words (empty: the default ones) and where it leads."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class SendTexts:
    """The words of one send. An empty one means Hearback's default in the person's language."""

    product: str
    subject: str
    intro: str
    thank_you_message: str
    thank_you_link: Link | None


def send_texts(project: Project, properties: Mapping[str, str], locale: str) -> SendTexts:
    """The words for a request or a response with these properties, to a reader of a locale."""
    texts = _project_texts(project, locale)

    def own(name: str, default: str) -> str:
        return properties.get(name, "").strip() or default

    url = web_address(own("thank_you_link_url", "")) or web_address(texts.thank_you_link_url)
    return SendTexts(
        product=own("question_product_name", texts.product),
        subject=own("delighted_email_subject", texts.subject),
        intro=own("delighted_intro_message", texts.intro),
        thank_you_message=own("thank_you_message", texts.thank_you_message),
        thank_you_link=Link(own("thank_you_link_text", texts.thank_you_link_text), url) if url else None,
    )


@lru_cache(maxsize=128)
def _project_texts(project: Project, locale: str) -> Texts:
    return project.texts_in(locale)


def foreign(shown: str, own: str, locale: str, own_locale: str) -> str:
    """The language of a project's text where it is not the page's: what nobody has translated is shown as it is.

    Screen readers need to be told (WCAG 2.2, 3.1.2). Empty for a text in the language of the page.
    """
    return own_locale if shown == own and not lookup(locale, [own_locale]) and not lookup(own_locale, [locale]) else ""


def web_address(url: str) -> str:
    """The address when it is one a link may lead to, else an empty string: no `javascript:`, no `data:`."""
    return url if _WEB_ADDRESS.fullmatch(url) else ""


def call_to(number: str) -> str:
    """The link that calls a telephone number."""
    return f"tel:{handle('', number)}"


def mail_to(address: str) -> str:
    """The link that writes to an address."""
    return f"mailto:{quote(address, safe='@+', errors='replace')}"
