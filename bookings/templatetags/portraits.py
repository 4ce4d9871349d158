"""A therapist's portrait."""

from __future__ import annotations

from typing import Any

from django import template

from bookings.models import Therapist

register = template.Library()

_BENDS = (-26, 12, -14, 26, -7, 19)
_GAPS = (9, 11, 13, 15)
_TONES = 4
_LINES = 5


@register.inclusion_tag("components/portrait.html")
def portrait(therapist: Therapist | None, size: int) -> dict[str, Any]:
    """An arch `size` pixels wide (40, 64 or 96) with lines that are this therapist's own; for None, anyone's. It says
    nothing that the name beside it doesn't."""
    key = (therapist.pk or 0) if therapist is not None else 0
    # Neighbors in a list differ in all three: of 24 patterns, each seventh.
    pattern = key * 7 % (len(_BENDS) * len(_GAPS))
    bend, gap = _BENDS[pattern % len(_BENDS)], _GAPS[pattern // len(_BENDS)]
    heights = [58 + gap * (number - _LINES // 2) for number in range(_LINES)]
    return {
        "size": size,
        "tone": key % _TONES,
        "lines": "".join(f"M-4 {y}C24 {y - bend} 56 {y + bend} 84 {y}" for y in heights),
        "sun": 26 if bend > 0 else 54,
    }
