"""Brand colours made legible: contrast as in WCAG 2.2, success criteria 1.4.3 (text) and 1.4.11 (controls)."""

import re
from dataclasses import dataclass
from functools import lru_cache

TEXT_CONTRAST = 4.5
TEXT_CONTRAST_ON_DARK = 7.0
CONTROL_CONTRAST = 3.0
"""The least contrasts. Coloured words on dark look fainter than their ratio says, so they get more than 4.5."""

LIGHT_SURFACES = ("#ffffff", "#f5f6f8")
DARK_SURFACES = ("#171c24", "#0e1217")
"""What text and controls stand on: a card and the page behind it."""

BLACK, WHITE = "#000000", "#ffffff"

_STEPS = 100


@dataclass(frozen=True, slots=True)
class Tones:
    """A brand colour on light or on dark surfaces.

    `text` is for words and links, `fill` for a button, `on_fill` for the words on it, `edge` for its
    outline, for focus rings and for bars.
    """

    text: str
    fill: str
    on_fill: str
    edge: str


@dataclass(frozen=True, slots=True)
class BrandTones:
    """A brand's tones for both colour schemes."""

    light: Tones
    dark: Tones


@lru_cache(maxsize=256)
def brand_tones(brand: str) -> BrandTones:
    """The tones of a colour `#rrggbb`.

    A button keeps the brand's exact colour; where that would drown in the surface, its edge shows it.
    Raises ValueError for anything that is not `#rrggbb`.
    """
    return BrandTones(
        light=_tones(brand, LIGHT_SURFACES, BLACK, TEXT_CONTRAST),
        dark=_tones(brand, DARK_SURFACES, WHITE, TEXT_CONTRAST_ON_DARK),
    )


def luminance(color: str) -> float:
    """Relative luminance, 0 (black) to 1 (white), by the formula of WCAG 2.2."""
    red, green, blue = (_linear(channel / 255) for channel in _channels(color))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21, by the formula of WCAG 2.2."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def on(fill: str) -> str:
    """White where it is legible on a fill, else black; one of the two always is."""
    return WHITE if contrast(WHITE, fill) >= TEXT_CONTRAST else BLACK


def mix(color: str, other: str, share: float) -> str:
    """A colour with a share (0 to 1) of another mixed in."""
    channels = zip(_channels(color), _channels(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in channels)


def _tones(brand: str, surfaces: tuple[str, ...], towards: str, text_contrast: float) -> Tones:
    fill = brand.lower()
    return Tones(
        text=_until(fill, surfaces, towards, text_contrast),
        fill=fill,
        on_fill=on(fill),
        edge=_until(fill, surfaces, towards, CONTROL_CONTRAST),
    )


def _until(color: str, surfaces: tuple[str, ...], towards: str, enough: float) -> str:
    for step in range(_STEPS + 1):
        mixed = mix(color, towards, step / _STEPS)
        if all(contrast(mixed, surface) >= enough for surface in surfaces):
            return mixed
    raise ValueError(f"{towards} is not legible on {surfaces}")


def _channels(color: str) -> tuple[int, int, int]:
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", color):
        raise ValueError(f"a colour is #rrggbb, not {color!r}")
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)
