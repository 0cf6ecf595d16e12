"""The neutral colours of mails, pages and reports, and the colours of the three categories.

Categories are told apart by hue and lightness that survive the common colour-vision deficiencies
(orange, slate, blue), and always by a word or a figure beside them too.
"""

from dataclasses import dataclass

from shared.domain.nps import Category
from shared.render.color import DARK_SURFACES, LIGHT_SURFACES
from shared.render.words import msgid


@dataclass(frozen=True, slots=True)
class Palette:
    """Neutral tones: `page` behind, `card` in front, `ink` and `muted` for words, `line` between, `control` around."""

    page: str
    card: str
    ink: str
    muted: str
    line: str
    control: str
    promoter: str
    passive: str
    detractor: str
    promoter_soft: str
    passive_soft: str
    detractor_soft: str


LIGHT = Palette(
    page=LIGHT_SURFACES[1],
    card=LIGHT_SURFACES[0],
    ink="#1b2430",
    muted="#566273",
    line="#e1e5ea",
    control="#8792a2",
    promoter="#0369a1",
    passive="#64748b",
    detractor="#c2410c",
    promoter_soft="#e6f2fa",
    passive_soft="#eef1f5",
    detractor_soft="#fdefe6",
)

DARK = Palette(
    page=DARK_SURFACES[1],
    card=DARK_SURFACES[0],
    ink="#e8ebf0",
    muted="#a5afbc",
    line="#2b333f",
    control="#727d8d",
    promoter="#5cb8f0",
    passive="#a9b4c2",
    detractor="#fb9a5b",
    promoter_soft="#10293a",
    passive_soft="#262d37",
    detractor_soft="#3a2113",
)

CATEGORY_WORDS = {
    Category.PROMOTER: msgid("Promoter"),
    Category.PASSIVE: msgid("Passive"),
    Category.DETRACTOR: msgid("Detractor"),
}
CATEGORY_IN_TEXT = {
    Category.PROMOTER: msgid("promoter"),
    Category.PASSIVE: msgid("passive"),
    Category.DETRACTOR: msgid("detractor"),
}

FONT = "Inter,-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif"
