"""Stems of words, by Snowball; loading it costs a cold start, so only what reads comments imports this."""

from collections.abc import Callable
from functools import cache, lru_cache

import snowballstemmer

_ALGORITHMS = {
    "ar": "arabic",
    "ca": "catalan",
    "cs": "czech",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "et": "estonian",
    "eu": "basque",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "nb": "norwegian",
    "ne": "nepali",
    "nl": "dutch",
    "no": "norwegian",
    "pl": "polish",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
    "yi": "yiddish",
}
_WORDS_KEPT = 20_000


@cache
def stemmer(language: str) -> Callable[[str], str]:
    """The stemmer of a language (`de`); a language that Snowball does not know keeps its words as they are."""
    algorithm = _ALGORITHMS.get(language)
    if algorithm is None:
        return str
    snowball = snowballstemmer.stemmer(algorithm)
    return lru_cache(_WORDS_KEPT)(lambda word: str(snowball.stemWord(word)))
