"""The themes and phrases of comments, in the language in which they were written. Snowball is loaded with the first."""

from collections.abc import Mapping
from functools import lru_cache

from shared.domain import taxonomy, themes
from shared.domain.project import Project
from shared.domain.responses import Response
from shared.domain.themes import Matcher, Theme

_MATCHERS_KEPT = 64
_NO_WORDS: frozenset[str] = frozenset()


def themes_of(response: Response, project: Project) -> tuple[str, ...]:
    """What a response's comment is about, by the project's taxonomy.

    The language is that in which the page was read. Comments in English are written on pages of any language: where
    nothing is found in the one, English is tried.
    """
    if not response.comment:
        return ()
    for language in dict.fromkeys((_language(response, project), "en")):
        if found := _matcher(project.themes, language).themes(response.comment):
            return found
    return ()


def phrases_of(response: Response, project: Project) -> Mapping[str, str]:
    """The comment's phrases of one and two words, by their stems."""
    from shared.outside.stemming import stemmer  # noqa: PLC0415  # loads Snowball

    language = _language(response, project)
    return themes.phrases_of(response.comment, stemmer(language), taxonomy.STOP_WORDS.get(language, _NO_WORDS))


def _language(response: Response, project: Project) -> str:
    return (response.locale or project.locale).replace("_", "-").partition("-")[0].lower()


@lru_cache(_MATCHERS_KEPT)
def _matcher(own: tuple[Theme, ...], language: str) -> Matcher:
    from shared.outside.stemming import stemmer  # noqa: PLC0415  # loads Snowball

    return Matcher(themes.taxonomy_of(taxonomy.DEFAULT, own), language, stemmer(language))
