"""Any brand colour gives legible words, visible controls and legible buttons, on light and on dark."""

from itertools import product

import pytest

from shared.render.color import (
    CONTROL_CONTRAST,
    DARK_SURFACES,
    LIGHT_SURFACES,
    TEXT_CONTRAST,
    brand_tones,
    contrast,
    luminance,
    mix,
)
from shared.render.palette import DARK, LIGHT

EXTREMES = ["#ffff00", "#000000", "#ffffff", "#777777", "#ff0000", "#00ff00", "#0000ff", "#808080", "#1f5fbf"]
GRID = [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in product(range(0, 256, 51), repeat=3)]


@pytest.mark.parametrize("color", EXTREMES + GRID)
def test_every_colour_becomes_legible(color):
    tones = brand_tones(color)
    for tone, surfaces in ((tones.light, LIGHT_SURFACES), (tones.dark, DARK_SURFACES)):
        assert tone.fill == color
        assert contrast(tone.on_fill, tone.fill) >= TEXT_CONTRAST
        for surface in surfaces:
            assert contrast(tone.text, surface) >= TEXT_CONTRAST
            assert contrast(tone.edge, surface) >= CONTROL_CONTRAST


def test_a_colour_that_is_legible_already_stays_as_it_is():
    assert brand_tones("#1f5fbf").light.text == "#1f5fbf"
    assert brand_tones("#1F5FBF").light.edge == "#1f5fbf"


def test_contrast_is_that_of_wcag():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=0.001)
    assert contrast("#ffffff", "#ffffff") == 1
    assert luminance("#ff0000") == pytest.approx(0.2126)


def test_mixing_goes_from_one_colour_to_the_other():
    assert [mix("#000000", "#ffffff", share) for share in (0, 0.5, 1)] == ["#000000", "#808080", "#ffffff"]


@pytest.mark.parametrize("bad", ["", "red", "#fff", "#12345g", "#1234567", "1f5fbf", "#1f5fbf;}"])
def test_what_is_no_colour_is_refused(bad):
    with pytest.raises(ValueError, match="#rrggbb"):
        brand_tones(bad)


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_the_neutral_and_category_colours_are_legible(palette):
    for surface in (palette.page, palette.card):
        assert contrast(palette.ink, surface) >= 7
        assert contrast(palette.muted, surface) >= TEXT_CONTRAST
        assert contrast(palette.control, palette.card) >= CONTROL_CONTRAST
    assert contrast(palette.ink, palette.passive_soft) >= TEXT_CONTRAST
    assert contrast(palette.promoter, palette.promoter_soft) >= TEXT_CONTRAST
    assert contrast(palette.detractor, palette.detractor_soft) >= TEXT_CONTRAST
    for category in (palette.promoter, palette.passive, palette.detractor):
        assert contrast(category, palette.card) >= CONTROL_CONTRAST


def test_the_white_words_on_a_mail_s_chips_are_legible():
    for category in (LIGHT.promoter, LIGHT.passive, LIGHT.detractor):
        assert contrast("#ffffff", category) >= TEXT_CONTRAST
