"""A therapist's face, and the business's logo, as an email brings them along: small files of its own, so that nothing
is asked of any server.

A photo is a JPEG, which every mail program reads; a drawing is a PNG with nothing around its arch, so that it stands on
light and on dark grounds alike.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO

from django.core.files.storage import default_storage
from PIL import Image, ImageDraw

from bookings.domain.faces import Doorway, doorway_of
from bookings.models import Therapist
from services.models import Business

#: No portrait weighs more.
MOST_BYTES = 8 * 1024
# Twice as many pixels as it is shown with: 64 by 80.
_SIZE = (128, 160)
_QUALITIES = (82, 72, 60, 45, 30)
# Each line is drawn so many times larger, and made smaller: Pillow draws no soft edges.
_FINER = 4
# The site's light colors (tokens.css), ground and line of each tone.
_TONES = (("#dcebe6", "#2c6a63"), ("#f3dfcb", "#2c6a63"), ("#cfe3dc", "#1f5c57"), ("#f2ece2", "#6fa399"))
_EDGE, _SUN, _PAPER = "#b9d3c9", "#d27f57", "#faf6f0"
_IN_HTML = re.compile(r'src="cid:face-([-a-z0-9_]+)"', re.IGNORECASE)
_LOGO_IN_HTML = re.compile(r'src="cid:logo-[0-9a-f]{32}"')
# As high as it is shown, twice.
_LOGO_HEIGHT = 80


@dataclass(frozen=True, slots=True)
class Face:
    """A picture beside the text of an email, which names it as `cid:` and its name; `kind` is "jpeg" or "png"."""

    name: str
    kind: str
    data: bytes

    @property
    def address(self) -> str:
        """The picture as an address that holds it, for a page that shows the email."""
        return f"data:image/{self.kind};base64,{base64.b64encode(self.data).decode()}"


def face_of(therapist: Therapist) -> Face:
    """The therapist's photo, or their drawing where there is none or its file can't be read."""
    name = f"face-{therapist.slug}"
    if therapist.portrait:
        # Whatever the storage or the decoder stumbles over: a visit is confirmed without a photo too.
        with suppress(Exception):
            return Face(name, "jpeg", _photo(_file(therapist)))
    return Face(name, "png", drawing(doorway_of(therapist.pk)))


def logo_of(business: Business) -> Face | None:
    """The logo as a PNG, which every mail program reads; None without one, or where its file can't be read: then the
    email has the drawn mark and the name."""
    # Whatever the storage or the decoder stumbles over.
    with suppress(Exception):
        return Face(f"logo-{business.logo}", "png", _logo(business.logo_name)) if business.logo else None
    return None


def with_faces(html: str) -> str:
    """The HTML of an email with the faces and the logo in it that it names, as they look today; anyone's for one who
    has another address by now, and no picture for a logo that was taken away."""
    if _LOGO_IN_HTML.search(html):
        logo = logo_of(Business.load())
        html = _LOGO_IN_HTML.sub(f'src="{logo.address if logo else "data:,"}"', html)
    named = Therapist.objects.filter(slug__in=_IN_HTML.findall(html)).order_by()
    known = {therapist.slug: face_of(therapist).address for therapist in named}
    anyone = Face("", "png", drawing(doorway_of(None))).address
    return _IN_HTML.sub(lambda found: f'src="{known.get(found[1], anyone)}"', html)


def _file(therapist: Therapist) -> str:
    """The stored name of the smallest file that is wide enough, or of the widest; `portrait` is ascending."""
    return next((name for name, width in therapist.portrait if width >= _SIZE[0]), therapist.portrait[-1][0])


@lru_cache(maxsize=64)
def _photo(name: str) -> bytes:
    """A stored photo as a JPEG. A file's name never stands for other pixels, so it is made once."""
    with default_storage.open(name) as file, Image.open(file, formats=("WEBP",)) as image:
        small = image.convert("RGBA").resize(_SIZE, Image.Resampling.LANCZOS)
    flat = Image.new("RGB", _SIZE, _PAPER)
    flat.paste(small, mask=small)
    for quality in _QUALITIES:
        out = BytesIO()
        flat.save(out, "JPEG", quality=quality, optimize=True)
        if out.tell() <= MOST_BYTES:
            return out.getvalue()
    raise ValueError("no quality makes this photo small enough")


@lru_cache(maxsize=4)
def _logo(name: str) -> bytes:
    with default_storage.open(name) as file, Image.open(file, formats=("WEBP",)) as image:
        size = (max(1, round(image.width * _LOGO_HEIGHT / image.height)), _LOGO_HEIGHT)
        small = image.convert("RGBA").resize(size, Image.Resampling.LANCZOS)
    return _png(small)


@lru_cache(maxsize=64)
def drawing(doorway: Doorway) -> bytes:
    """The drawing as a PNG, as `components/portrait.html` draws it."""
    width, height = (side * _FINER for side in _SIZE)
    unit = width / 80
    ground, line = _TONES[doorway.tone]
    inside = Image.new("RGB", (width, height), ground)
    pen = ImageDraw.Draw(inside)
    faint = _between(ground, line, 0.45)
    for inset in (9, 14):
        box = (inset * unit, (42 - 40 + inset) * unit, (80 - inset) * unit, (42 + 40 - inset) * unit)
        pen.arc(box, 180, 360, faint, round(2 * unit))
        for x in (inset + 1, 80 - inset - 1):
            pen.line((x * unit, 42 * unit, x * unit, height), faint, round(2 * unit))
    pen.circle((doorway.sun * unit, 36 * unit), 6.5 * unit, _SUN)
    for y in doorway.heights:
        pen.line(
            [(x * unit, at * unit) for x, at in _wave(y, doorway.bend)], line, round(2.5 * unit), "curve"
        )
    arch = Image.new("L", (width, height), 0)
    shape = ImageDraw.Draw(arch)
    shape.pieslice((0, 0, width - 1, width - 1), 180, 360, 255)
    shape.rounded_rectangle(
        (0, width / 2, width - 1, height - 1), 8 * unit, 255, corners=(False, False, True, True)
    )
    inside.putalpha(arch)
    return _png(inside.resize(_SIZE, Image.Resampling.LANCZOS))


def _png(image: Image.Image) -> bytes:
    out = BytesIO()
    image.quantize(48, Image.Quantize.FASTOCTREE).save(out, "PNG", optimize=True)
    return out.getvalue()


def _wave(y: int, bend: int) -> Iterator[tuple[float, float]]:
    """Points of a line from 18 to 62 that swings by `bend` to one side and then to the other: a cubic curve."""
    for step in range(25):
        t = step / 24
        a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3
        yield a * 18 + b * 32 + c * 48 + d * 62, y + (c - b) * bend


def _between(one: str, other: str, share: float) -> tuple[int, ...]:
    """The color that lies so far on the way from one to the other."""
    pairs = zip(bytes.fromhex(one[1:]), bytes.fromhex(other[1:]), strict=True)
    return tuple(round(a + (b - a) * share) for a, b in pairs)
