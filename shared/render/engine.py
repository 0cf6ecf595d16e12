"""The one template engine: HTML always escaped, text parts never, every missing name an error.

A deployed bundle holds the templates as Python modules (`compile_all`), so that no Lambda parses one.
"""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, Environment, FileSystemLoader, ModuleLoader, StrictUndefined, pass_context
from jinja2.runtime import Context

from shared.render.languages import direction, spoken, translations

TEMPLATES = Path(__file__).parent / "templates"
COMPILED = Path(__file__).parent / "compiled"
"""Where `environment` looks for compiled templates first; absent in a checkout."""


def render(template: str, *, locale: str, **values: object) -> str:
    """A template in a locale's words and direction.

    Raises jinja2.UndefinedError when the template needs a value that is not given. What UTF-8 cannot
    carry (lone surrogates, which JSON lets through) becomes a question mark.
    """
    lang = spoken(locale)
    text = environment().get_template(template).render(locale=locale, lang=lang, dir=direction(lang), **values)
    return text.encode("utf-8", "replace").decode("utf-8")


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The engine of this process: from compiled templates where there are any, else from their sources."""
    loader: BaseLoader = ModuleLoader(COMPILED) if COMPILED.is_dir() else FileSystemLoader(TEMPLATES)
    return make_environment(loader)


def make_environment(loader: BaseLoader) -> Environment:
    """An engine over any loader."""
    made = Environment(
        loader=loader,
        autoescape=_escapes,  # noqa: S701  # on for all but text parts
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n"],
    )
    install: Callable[..., None] = vars(made)["install_gettext_callables"]
    install(_gettext, _ngettext, newstyle=True)
    return made


def compile_all(target: Path | str) -> None:
    """Writes every template as a Python module into a folder; in a bundle, the one named by `COMPILED`."""
    sources = make_environment(FileSystemLoader(TEMPLATES))
    sources.compile_templates(str(target), zip=None, ignore_errors=False)


def _escapes(template: str | None) -> bool:
    return template is None or not template.endswith(".txt")


@pass_context
def _gettext(context: Context, message: str) -> str:
    return translations(_locale(context)).gettext(message)


@pass_context
def _ngettext(context: Context, singular: str, plural: str, n: int) -> str:
    return translations(_locale(context)).ngettext(singular, plural, n)


def _locale(context: Context) -> str:
    locale: Any = context["locale"]
    return str(locale)
