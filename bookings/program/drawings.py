"""Line drawings of exercises, made from few words each: joints on a square of 96, joined by parallel lines.

A pose is parts between semicolons, back to front: a letter and the points x y that it goes through. `h` is a head, `b`
a limb or the back, `p` a thing such as the floor, a wall or a band.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from massagerx.lib.content_files import read_toml

POSES: dict[str, str] = read_toml(Path(__file__).parent / "sample_data" / "poses.toml")["poses"]
#: The choices of a column.
NAMES = [(key, key.replace("-", " ").capitalize()) for key in sorted(POSES)]


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a drawing: a path for lines, or the middle of a head."""

    kind: str
    path: str = ""
    x: str = ""
    y: str = ""


@cache
def parts_of(key: str) -> tuple[Part, ...]:
    """The parts of a drawing, back to front; none for a key that is no drawing's. Raises `ValueError` for a pose that
    can't be read."""
    return tuple(_part(words.split()) for words in POSES.get(key, "").split(";") if words.strip())


def _part(words: list[str]) -> Part:
    kind, *numbers = words
    fits = len(numbers) == 2 if kind == "h" else kind in {"b", "p"} and len(numbers) >= 4
    if not fits or len(numbers) % 2 or not all(number.isdigit() for number in numbers):
        raise ValueError(f"not a part of a pose: {' '.join(words)}")
    if kind == "h":
        return Part(kind, x=numbers[0], y=numbers[1])
    return Part(kind, path=f"M{' '.join(numbers[:2])}L{' '.join(numbers[2:])}")
