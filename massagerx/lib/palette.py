"""The owner's colors: which keep the contrast that reading needs, and what the site's other tones become beside them.

Pure: knows numbers and no rows. A color is `#rrggbb` in small letters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from hashlib import sha256

COLOR = re.compile(r"#[0-9a-f]{6}")
#: What WCAG 2.2 asks of text (level AA).
LEAST = 4.5
# Tones of static/css/tokens.css on which the owner's stand, bright and dark; the test of this file compares.
PAPER, RAISED, SUNKEN, MUTED = "#faf6f0", "#fffdfa", "#f2ece2", "#4f625f"
DARK_PAPER, DARK_RAISED, DARK_SUNKEN = "#101b1a", "#172524", "#0b1413"
ON_DEEP_MUTED = "#c3d6cf"
#: The site's own, which stand where the owner has chosen none: links, marks and bands; the press that books.
OWN_MAIN, OWN_PRESS = "#1f5c57", "#a8482a"
_WHITE, _BLACK = "#ffffff", "#000000"

Tones = dict[str, str]


def contrast(one: str, other: str) -> float:
    """From 1 (the same) to 21 (black on white), as WCAG counts."""
    dark, bright = sorted((_luminance(one), _luminance(other)))
    return (bright + 0.05) / (dark + 0.05)


def main_holds(color: str) -> bool:
    """Whether links and marks of this color can be read on all of the site's bright grounds."""
    return min(contrast(color, ground) for ground in (PAPER, RAISED, SUNKEN, _pale(color))) >= LEAST


def press_holds(color: str) -> bool:
    """Whether white words can be read on a button of this color."""
    return contrast(color, _WHITE) >= LEAST


def nearest(color: str, holds: Callable[[str], bool]) -> str:
    """The color itself, or as little darker of it as holds. Black always does."""
    return _step(color, _BLACK, holds)


def tones(main: str, press: str) -> tuple[Tones, Tones]:
    """The site's tones by their names in tokens.css (with `_` for `-`), bright and dark, that follow from the owner's
    colors; those of an empty color are left out. One that doesn't hold counts as the nearest that does."""
    bright: Tones = {}
    dark: Tones = {}
    if main:
        main = nearest(main, main_holds)
        light = _step(main, _WHITE, lambda tone: contrast(tone, DARK_RAISED) >= 7)
        deep = _step(main, _BLACK, lambda tone: contrast(tone, ON_DEEP_MUTED) >= 6.5)
        bright |= {"eucalyptus": main, "pale": _pale(main), "deep": deep, "focus": main}
        dark |= {
            "eucalyptus": light,
            "pale": mixed(DARK_RAISED, light, 0.14),
            "deep": mixed(deep, _BLACK, 0.25),
            "focus": mixed(light, _WHITE, 0.4),
        }
    if press:
        press = nearest(press, press_holds)
        light = _step(press, _WHITE, lambda tone: contrast(tone, DARK_RAISED) >= 6)
        bright |= {"clay": press, "clay_pressed": mixed(press, _BLACK, 0.18), "on_clay": _WHITE}
        dark |= {
            "clay": light,
            "clay_pressed": mixed(light, _WHITE, 0.25),
            "on_clay": mixed(press, _BLACK, 0.8),
        }
    return bright, dark


def sheet(main: str, press: str) -> str:
    """The style sheet that puts the owner's tones in place of the site's; "" where both colors are empty."""
    bright, dark = tones(main, press)
    if not bright:
        return ""
    dark_rule = f"@media(prefers-color-scheme:dark){{:root{{{_declared(dark.items())}}}}}"
    return f"@layer tokens{{:root{{{_declared(bright.items())}}}{dark_rule}}}\n"


def sheet_name(main: str, press: str) -> str:
    """What its address says of the sheet: both colors, and its digest, so that a copy can be kept for good."""
    colors = (color.removeprefix("#") or "own" for color in (main, press))
    return "-".join([*colors, sha256(sheet(main, press).encode()).hexdigest()[:8]])


def mixed(one: str, other: str, share: float) -> str:
    """The color that lies so far on the way from one to the other."""
    pairs = zip(_parts(one), _parts(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def _declared(named: Iterable[tuple[str, str]]) -> str:
    return "".join(f"--{name.replace('_', '-')}:{tone};" for name, tone in named)


def _pale(main: str) -> str:
    return mixed(RAISED, main, 0.14)


def _step(color: str, towards: str, holds: Callable[[str], bool]) -> str:
    """The first of the colors on the way that holds, or its end."""
    way = (mixed(color, towards, step / 100) for step in range(100))
    return next((tone for tone in way if holds(tone)), towards)


def _parts(color: str) -> bytes:
    return bytes.fromhex(color.removeprefix("#"))


def _luminance(color: str) -> float:
    red, green, blue = (
        part / 12.92 if (part := value / 255) <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for value in _parts(color)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
