"""What people do with their mail: read it, click, fill in the page's form, press its button."""

import base64
import re
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import requests

from local.inbox import ReceivedMail

_SECONDS = 30
_SURVEY_LINK = re.compile(r'href="([^"]+/r/[^"?]+)\?score=0"')
_LINK = {
    "case": re.compile(r"https?://[^\s\"<>]+/c/[\w.~-]+"),
    "report": re.compile(r"https?://[^\s\"<>]+/m/[\w.~-]+"),
}


def survey_link(mail: ReceivedMail) -> str:
    """The link to the survey in an invitation, without a score; an empty string in any other mail."""
    found = _SURVEY_LINK.search(mail.html)
    return unescape(found.group(1)) if found else ""


def link_to(what: str, mail: ReceivedMail) -> str:
    """The link to the `case` or `report` in a mail, or an empty string."""
    found = _LINK[what].search(mail.text)
    return found.group(0) if found else ""


def subject_of(link: str) -> str:
    """The id of what a link is about."""
    middle = urlsplit(link).path.rpartition("/")[2].split(".")[2]
    return base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)).decode()


def answer(mail: ReceivedMail, score: int, comment: str) -> None:
    """Clicks a score in an invitation, looks at the page, adds a comment and presses Send."""
    with requests.Session() as browser:
        page = browser.get(f"{survey_link(mail)}?score={score}", timeout=_SECONDS)
        page.raise_for_status()
        form = read_form(page.text)
        content = form.hidden | {"score": str(score), "comment": comment}
        browser.post(urljoin(page.url, form.action), data=content, timeout=_SECONDS).raise_for_status()


def unsubscribe(mail: ReceivedMail) -> None:
    """Does what a mail program's own unsubscribe button does (RFC 8058)."""
    header = str(mail.headers["list-unsubscribe"])
    link = header.strip().removeprefix("<").removesuffix(">")
    requests.post(link, data={"List-Unsubscribe": "One-Click"}, timeout=_SECONDS).raise_for_status()


@dataclass(slots=True)
class Form:
    """A page's form: where it goes, and what it carries besides what a person enters."""

    action: str = ""
    hidden: dict[str, str] = field(default_factory=dict)


def read_form(page: str) -> Form:
    """The form of a page. Raises ValueError when it has none that is posted."""
    reader = _FormReader()
    reader.feed(page)
    if reader.form is None:
        raise ValueError("the page has no form to post")
    return reader.form


class _FormReader(HTMLParser):
    form: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form" and values.get("method", "").lower() == "post":
            self.form = Form(action=values.get("action", ""))
        elif tag == "input" and values.get("type") == "hidden" and self.form is not None:
            self.form.hidden[values.get("name", "")] = values.get("value", "")
