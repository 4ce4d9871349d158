"""The body chart: its regions, each with its place on a plane of 200 by 372. Above are the front (left half) and the
back of a person; below are the left side and the right. Left and right are the person's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Region:
    """A region: its key, its name, and the ellipse that stands for it."""

    key: str
    name: Any
    x: int
    y: int
    wide: int = 6
    high: int = 7


# Where the sides begin, and where the back does.
_BELOW, _BEHIND = 190, 100
#: By view: the middle of the person, and whether the person's left is on the viewer's right.
_FRONT, _BACK = (50, 1), (150, -1)
_MIDDLE = (
    ("front_neck", _("Neck, front"), 50, 27, 5, 4),
    ("chest", _("Chest"), 50, 47, 9, 8),
    ("belly", _("Belly"), 50, 74, 9, 9),
    ("back_neck", _("Neck, back"), 150, 27, 5, 4),
    ("upper_back", _("Between the shoulder blades"), 150, 46, 4, 9),
    ("lower_back", _("Lower back"), 150, 76, 9, 8),
)
# The names of left and right, the view, and how far from its middle and how low.
_PAIRS = (
    ("front_shoulder", _("Left shoulder, front"), _("Right shoulder, front"), _FRONT, 17, 40),
    ("elbow", _("Left elbow"), _("Right elbow"), _FRONT, 23, 66),
    ("wrist", _("Left wrist and hand"), _("Right wrist and hand"), _FRONT, 28, 92),
    ("front_hip", _("Left hip, front"), _("Right hip, front"), _FRONT, 9, 93),
    ("thigh", _("Left thigh, front"), _("Right thigh, front"), _FRONT, 9, 114),
    ("knee", _("Left knee"), _("Right knee"), _FRONT, 9, 134),
    ("shin", _("Left shin"), _("Right shin"), _FRONT, 9, 152),
    ("foot", _("Left foot"), _("Right foot"), _FRONT, 11, 174),
    ("shoulder_blade", _("Left shoulder blade"), _("Right shoulder blade"), _BACK, 11, 51),
    ("back_shoulder", _("Left shoulder, back"), _("Right shoulder, back"), _BACK, 20, 36),
    ("seat", _("Left buttock"), _("Right buttock"), _BACK, 8, 95),
    ("hamstring", _("Left thigh, back"), _("Right thigh, back"), _BACK, 9, 115),
    ("calf", _("Left calf"), _("Right calf"), _BACK, 9, 148),
    ("heel", _("Left heel"), _("Right heel"), _BACK, 10, 175),
)
# Seen from each side, in the middle of the view: the names of left and right, and how low.
_SIDES = (
    ("side_neck", _("Left side of the neck"), _("Right side of the neck"), 215),
    ("upper_arm", _("Left upper arm"), _("Right upper arm"), 238),
    ("waist", _("Left side of the waist"), _("Right side of the waist"), 260),
    ("side_hip", _("Left hip, side"), _("Right hip, side"), 280),
    ("side_thigh", _("Left thigh, outside"), _("Right thigh, outside"), 301),
    ("side_knee", _("Left knee, outside"), _("Right knee, outside"), 321),
    ("side_shin", _("Left lower leg, outside"), _("Right lower leg, outside"), 341),
    ("ankle", _("Left ankle"), _("Right ankle"), 361),
)

REGIONS: tuple[Region, ...] = (
    tuple(Region(*middle) for middle in _MIDDLE)
    + tuple(
        Region(f"{side}_{key}", name, middle + sign * toward * apart, y)
        for key, left, right, (middle, sign), apart, y in _PAIRS
        for side, name, toward in (("left", left, 1), ("right", right, -1))
    )
    + tuple(
        Region(f"{side}_{key}", name, x, y)
        for key, left, right, y in _SIDES
        for side, name, x in (("left", left, 50), ("right", right, 150))
    )
)
#: The views of the chart in their order, each with its name and its regions.
VIEWS: tuple[tuple[Any, tuple[Region, ...]], ...] = (
    (_("From the front"), tuple(one for one in REGIONS if one.y < _BELOW and one.x < _BEHIND)),
    (_("From behind"), tuple(one for one in REGIONS if one.y < _BELOW and one.x >= _BEHIND)),
    (_("From the side"), tuple(one for one in REGIONS if one.y >= _BELOW)),
)
