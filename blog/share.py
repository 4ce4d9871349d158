"""The picture that links to a post are shown with: the site's own drawing, with the post's title on it."""

from __future__ import annotations

from io import BytesIO

from django.conf import settings
from PIL import Image, ImageDraw, ImageFont

_STATIC = settings.BASE_DIR / "static"
_LEFT, _WIDTH = 84, 500
_TOP, _BOTTOM = 150, 500
_INK, _MUTED = "#1c2b29", "#4f625f"
_SIZES = range(72, 33, -4)
# A code point that no typeface draws: what it looks like is what a missing letter looks like.
_MISSING = "\U0010fffe"


def words_of(title: str, business_name: str) -> str:
    """The words on the picture; it is drawn again when they change."""
    return f"{business_name}\n{title}"


def draw(title: str, business_name: str) -> bytes | None:
    """A PNG of 1200 × 630 pixels, or None when our typefaces lack letters of the words or they don't fit."""
    title = " ".join(title.split())
    sans = ImageFont.truetype(_STATIC / "fonts/figtree.woff2", 32)
    if not (_can_write(title, _serif(40)) and _can_write(business_name, sans)):
        return None
    with Image.open(_STATIC / "img/share-blank.png") as blank:
        picture = blank.convert("RGB")
    canvas = ImageDraw.Draw(picture)
    for size in _SIZES:
        font = _serif(size)
        lines = _wrap(title, font)
        height = round(len(lines) * size * 1.12)
        if lines and height <= _BOTTOM - _TOP:
            break
    else:
        return None
    canvas.text((_LEFT, 92), business_name[:40], font=sans, fill=_MUTED)
    for number, line in enumerate(lines):
        canvas.text((_LEFT - 2, _TOP + round(number * size * 1.12)), line, font=font, fill=_INK)
    out = BytesIO()
    picture.quantize(128, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()


def _serif(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(_STATIC / "fonts/fraunces.woff2", size)


def _wrap(text: str, font: ImageFont.FreeTypeFont) -> list[str]:
    """`text` in lines that fit; none when a word alone is too long."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= _WIDTH:
            lines[-1] = longer
        elif font.getlength(word) <= _WIDTH:
            lines.append(word)
        else:
            return []
    return [line for line in lines if line]


def _can_write(text: str, font: ImageFont.FreeTypeFont) -> bool:
    missing = bytes(font.getmask(_MISSING))
    return all(bytes(font.getmask(letter)) != missing for letter in set(text) - {" "})
