"""Pictures as bytes: what comes in is checked and encoded anew, what goes out is made smaller and cut.

Knows files and pixels, and no rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import IO

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageCms, ImageOps

from .upload_limits import MEGABYTE, MOST_PICTURE_BYTES, MOST_PICTURE_PIXELS

#: The longest side that is kept: enough for a wide screen with two pixels to a point.
LONGEST_SIDE = 2400
#: Widths in pixels that are offered to browsers, where the picture is large enough.
WIDTHS = (480, 800, 1200, 1600)
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")
_TOO_LARGE = _("This picture is too large. Use one of at most %(most)d MB and %(pixels)d megapixels.")
_NO_PICTURE = _("We can't read this file as a picture. Use a JPEG, PNG or WebP.")


@dataclass(frozen=True, slots=True)
class Encoded:
    """A WebP file without a word about camera, place or time, and its size in pixels."""

    data: bytes
    width: int
    height: int


def encode_upload(
    file: IO[bytes],
    size: int,
    *,
    most_bytes: int = MOST_PICTURE_BYTES,
    refuse: Callable[[Image.Image], None] = lambda image: None,
) -> Encoded:
    """The uploaded `file` of `size` bytes, turned upright, at most 2400 pixels long, encoded anew as WebP.

    Raises ValidationError with words for the person who uploads: too large, or no picture that we take. SVG is
    none: it can carry scripts. `refuse` may raise one too, of what the file's head says.
    """
    most = {"most": most_bytes // MEGABYTE, "pixels": MOST_PICTURE_PIXELS // 10**6}
    too_large = ValidationError(_TOO_LARGE, code="too_large", params=most)
    if size > most_bytes:
        raise too_large
    try:
        # The head alone says how many pixels there are: a small file can unfold to gigabytes.
        with Image.open(file, formats=_FORMATS) as image:
            width, height = image.size
            if width * height > MOST_PICTURE_PIXELS:
                raise too_large
            refuse(image)
            image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
            image.load()
            upright = ImageOps.exif_transpose(image)
            plain = _plain(upright)
    except ValidationError:
        raise
    # The decoders raise whatever they stumble over, from OSError to SyntaxError and struct.error.
    except Exception as error:
        raise ValidationError(_NO_PICTURE, code="no_picture") from error
    plain.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    return Encoded(_webp(plain, quality=86), *plain.size)


def _plain(image: Image.Image) -> Image.Image:
    """The pixels alone, in sRGB: with transparency if there is some."""
    profile = image.info.get("icc_profile")
    if image.mode.startswith("I") or image.mode == "F":
        # 16 bits a pixel, which simple conversion would cut off at white.
        image = image.convert("I").point(lambda value: value / 256).convert("L")
    if profile and image.mode in ("RGB", "CMYK", "L"):
        try:
            ours = ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(
                image, ImageCms.ImageCmsProfile(BytesIO(profile)), ours, outputMode="RGB"
            )
            image = converted or image
        except (ImageCms.PyCMSError, OSError):
            pass  # a broken profile: the plain numbers are close
    see_through = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
    plain = image.convert("RGBA" if see_through else "RGB")
    plain.info = {}
    return plain


def resized(whole: bytes, width: int) -> bytes:
    """The WebP `whole`, `width` pixels wide."""
    with Image.open(BytesIO(whole), formats=("WEBP",)) as image:
        height = max(1, round(image.height * width / image.width))
        return _webp(image.resize((width, height), Image.Resampling.LANCZOS), quality=78)


def cut(whole: bytes, ratio: tuple[int, int], focus: tuple[int, int]) -> Image.Image:
    """The largest part of the WebP `whole` in the shape `ratio` (width, height), as near around `focus` (percent from
    the left and the top) as its edges allow."""
    with Image.open(BytesIO(whole), formats=("WEBP",)) as image:
        width, height = image.size
        part_width = min(width, round(height * ratio[0] / ratio[1])) or 1
        part_height = min(height, round(width * ratio[1] / ratio[0])) or 1
        left = _begin(width, part_width, focus[0])
        top = _begin(height, part_height, focus[1])
        return image.crop((left, top, left + part_width, top + part_height))


def cover_widths(part: Image.Image, widths: Sequence[int]) -> list[int]:
    """Which of these `widths` a cut `part` is offered in: at least one, its own if it is small."""
    return [width for width in widths if width <= part.width] or [part.width]


def cover(part: Image.Image, ratio: tuple[int, int], width: int) -> bytes:
    """The cut `part` in the shape `ratio`, `width` pixels wide, as WebP."""
    size = (width, max(1, round(width * ratio[1] / ratio[0])))
    return _webp(part.resize(size, Image.Resampling.LANCZOS), quality=78)


def as_jpeg(webp: bytes) -> bytes:
    """The same picture as JPEG, on white, which a PDF takes as it is."""
    out = BytesIO()
    with Image.open(BytesIO(webp), formats=("WEBP",)) as image:
        seen = image.convert("RGBA")
        plain = Image.new("RGB", seen.size, "white")
        plain.paste(seen, mask=seen)
        plain.save(out, "JPEG", quality=82)
    return out.getvalue()


def _begin(whole: int, part: int, percent: int) -> int:
    """Where a part must begin so that the point at `percent` of the whole is in its middle, or as near as can be."""
    return max(0, min(whole - part, round(whole * percent / 100 - part / 2)))


def _webp(image: Image.Image, quality: int) -> bytes:
    out = BytesIO()
    image.save(out, "WEBP", quality=quality, method=4, exif=b"", icc_profile=None)
    return out.getvalue()
