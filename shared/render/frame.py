"""What every hosted page has around its content: its colours, its style sheet and the policy that seals it."""

from base64 import b64encode
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from urllib.parse import urlencode

from markupsafe import Markup

from shared.domain.project import Brand, Project
from shared.render import engine
from shared.render.color import Tones, brand_tones
from shared.render.languages import direction, names, spoken
from shared.render.palette import DARK, FONT, LIGHT, Palette
from shared.render.texts import web_address
from shared.render.words import Words, one_line

_OWN_COLOR = Brand(name="").color


@dataclass(frozen=True, slots=True)
class LanguageLink:
    """A language to switch to: its tag, its name in itself, the direction of that name, and where it leads."""

    tag: str
    name: str
    dir: str
    href: str
    current: bool


def switch(words: Words, **kept: int) -> Markup:
    """The page's links to itself in every language; `kept` are the query's fields that stay as they are."""
    return _switch(spoken(words.locale), tuple(kept.items()))


@lru_cache(maxsize=256)
def _switch(current: str, kept: tuple[tuple[str, int], ...]) -> Markup:
    links = [
        LanguageLink(tag, name, direction(tag), f"?{urlencode([*kept, ('lang', tag)])}", tag == current)
        for tag, name in names().items()
    ]
    return Markup(engine.render("pages/languages.html", locale=current, links=links))  # noqa: S704


def render_page(template: str, project: Project | None, words: Words, *, title: str, **values: object) -> str:
    """A page in its project's colours, or in Hearback's own without one."""
    tones = brand_tones(project.brand.color if project else _OWN_COLOR)
    return engine.render(
        f"pages/{template}.html",
        locale=words.locale,
        project=project,
        title=one_line(title),
        fonts=FONT,
        light_variables=variables(LIGHT, tones.light),
        dark_variables=variables(DARK, tones.dark),
        privacy_url=web_address(project.brand.privacy_url) if project else "",
        **{"switch": "", **values},
    )


def content_security_policy(html: str) -> str:
    """The Content-Security-Policy header for a page made here: its own style sheets and script, by hash.

    What people wrote is escaped and so can be neither. A page with a script may speak to its own host.
    """
    script = f"script-src {hashes}; connect-src 'self'; " if (hashes := _hashes("script", html)) else ""
    return (
        f"default-src 'none'; style-src {_hashes('style', html) or "'none'"}; {script}img-src https: data:; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )


def _hashes(tag: str, html: str) -> str:
    """The hash of each element; an expression over the whole page would take longer than all else of the header."""
    inner = (rest.partition(f"</{tag}>")[0] for rest in html.split(f"<{tag}>")[1:])
    return " ".join(f"'sha256-{_digest(text)}'" for text in inner)


@lru_cache(maxsize=64)
def _digest(text: str) -> str:
    return b64encode(sha256(text.encode()).digest()).decode()


@lru_cache(maxsize=64)
def variables(palette: Palette, tones: Tones) -> str:
    """The colours as CSS custom properties: `--page`, `--ink`, …, and the brand's `--text`, `--fill`, `--edge`."""
    values = {name: getattr(source, name) for source in (palette, tones) for name in source.__slots__}
    return ";".join(f"--{name.replace('_', '-')}:{value}" for name, value in values.items())
