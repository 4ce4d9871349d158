"""Whatever color an owner chooses, words can be read on every page, by day and by night."""

from __future__ import annotations

import re
from itertools import product

import pytest

from massagerx.lib import palette
from massagerx.lib.palette import contrast, main_holds, nearest, press_holds, sheet, sheet_name, tones
from tests.support import ROOT

TOKENS = (ROOT / "static/css/tokens.css").read_text()
BRIGHT, DARK = (
    dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6});", part))
    for part in TOKENS.split("@media (prefers-color-scheme: dark)")
)
# Two hundred and sixteen colors, from black to white.
EVERY = [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in product(range(0, 256, 51), repeat=3)]


def test_the_grounds_are_those_of_the_style_sheet() -> None:
    assert tuple(BRIGHT[name] for name in ("paper", "raised", "sunken", "muted")) == (
        palette.PAPER,
        palette.RAISED,
        palette.SUNKEN,
        palette.MUTED,
    )
    assert tuple(DARK[name] for name in ("paper", "raised", "sunken")) == (
        palette.DARK_PAPER,
        palette.DARK_RAISED,
        palette.DARK_SUNKEN,
    )
    assert BRIGHT["on-deep-muted"] == palette.ON_DEEP_MUTED
    assert (BRIGHT["eucalyptus"], BRIGHT["clay"]) == (palette.OWN_MAIN, palette.OWN_PRESS)


def test_contrast_is_counted_as_wcag_counts() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)
    assert contrast("#777777", "#ffffff") < palette.LEAST
    assert contrast("#1f5c57", "#1f5c57") == 1


@pytest.mark.parametrize("color", EVERY)
def test_what_follows_from_any_color_can_be_read(color: str) -> None:
    bright, dark = tones(color, color)
    pairs = [(bright["eucalyptus"], ground) for ground in (palette.PAPER, palette.RAISED, palette.SUNKEN)]
    pairs += [(bright[word], bright["pale"]) for word in ("eucalyptus", "deep")]
    pairs += [(BRIGHT[word], bright["pale"]) for word in ("ink", "muted", "danger")]
    night = (palette.DARK_PAPER, palette.DARK_RAISED, palette.DARK_SUNKEN, dark["pale"])
    pairs += [(dark["eucalyptus"], ground) for ground in night]
    pairs += [(DARK[word], dark["pale"]) for word in ("ink", "muted", "danger")]
    for tone in (bright, dark):
        pairs += [(tone["on_clay"], tone["clay"]), (tone["on_clay"], tone["clay_pressed"])]
        pairs += [(BRIGHT[word], tone["deep"]) for word in ("on-deep", "on-deep-muted")]
    assert [pair for pair in pairs if contrast(*pair) < 4.5] == []


def test_a_color_that_fails_gets_the_nearest_that_holds() -> None:
    assert (main_holds("#ffd400"), press_holds("#ffd400")) == (False, False)
    assert nearest("#ffd400", main_holds) == "#7a6600"
    assert nearest("#ffd400", press_holds) == "#8c7500"
    # A step brighter would not hold.
    assert not main_holds(palette.mixed("#ffd400", "#000000", 0.51))
    assert nearest("#23527c", main_holds) == "#23527c"
    assert nearest("#ffffff", press_holds) == "#757575"


def test_the_sheet_says_what_was_chosen_and_nothing_else() -> None:
    assert sheet("", "") == ""
    assert "--eucalyptus:#23527c;" in sheet("#23527c", "")
    assert "--clay" not in sheet("#23527c", "")
    both = sheet("#23527c", "#8a2f5b")
    assert re.fullmatch(
        r"@layer tokens\{:root\{(--[a-z-]+:#[0-9a-f]{6};)+\}"
        r"@media\(prefers-color-scheme:dark\)\{:root\{(--[a-z-]+:#[0-9a-f]{6};)+\}\}\}\n",
        both,
    )
    assert set(re.findall("--([a-z-]+):", both)) <= BRIGHT.keys()
    assert re.fullmatch(r"23527c-own-[0-9a-f]{8}", sheet_name("#23527c", ""))
    assert sheet_name("#23527c", "") != sheet_name("#23527c", "#8a2f5b")
