"""What stands for a therapist without a photo: a doorway with a sun and lines of their own, never their letters."""

from __future__ import annotations

from dataclasses import dataclass

_BENDS = (-18, 9, -11, 18, -6, 13)
_GAPS = (7, 8, 9, 10)
_TONES = 4
_LINES = 5


@dataclass(frozen=True, slots=True)
class Doorway:
    """A drawing 80 wide and 100 high. `tone` is one of four pairs of colors, `sun` how far from the left the sun
    stands, `heights` where each line begins and ends, `bend` how far it swings up and then down in between."""

    tone: int
    sun: int
    heights: tuple[int, ...]
    bend: int


def doorway_of(key: int | None) -> Doorway:
    """The drawing of the therapist with this key; for None, anyone's."""
    key = key or 0
    # Neighbors in a list differ in all three: of 24 patterns, each seventh.
    pattern = key * 7 % (len(_BENDS) * len(_GAPS))
    bend, gap = _BENDS[pattern % len(_BENDS)], _GAPS[pattern // len(_BENDS)]
    return Doorway(
        # Who has the lines of somebody 24 keys before has other colors; 96 follow each other before any two are alike.
        tone=(key + key // (len(_BENDS) * len(_GAPS))) % _TONES,
        sun=33 if bend > 0 else 47,
        heights=tuple(96 - gap * number for number in range(_LINES)),
        bend=bend,
    )
