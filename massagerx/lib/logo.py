"""A logo as bytes: what comes in is checked and encoded anew, with the picture for links that goes with it."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import IO

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from PIL import Image

from .palette import PAPER
from .pictures import Encoded, encode_upload

#: What a page shows at most 40 points high and 200 wide, for screens with three pixels to a point.
_SIZE = (600, 120)
#: A smaller side is a blur on every screen.
LEAST_SIDE = 32
# The picture that links to the site are shown with, and how much of it the logo takes.
_SHARE_SIZE, _SHARE_PART = (1200, 630), (760, 300)
_SHAPE = 8


@dataclass(frozen=True, slots=True)
class EncodedLogo:
    """The logo as WebP with its size in pixels, and a PNG of 1200 × 630 with it in the middle."""

    picture: Encoded
    share: bytes


def encode_logo(file: IO[bytes], size: int) -> EncodedLogo:
    """The uploaded `file` of `size` bytes. Raises ValidationError with words for the person who uploads: what no
    picture may be (`encode_upload`), and for a logo also one that moves, one for print, and one too small or long."""
    whole = encode_upload(file, size, refuse=_refuse)
    with Image.open(BytesIO(whole.data), formats=("WEBP",)) as opened:
        image = opened.convert("RGBA")
    share = Image.new("RGB", _SHARE_SIZE, PAPER)
    scale = min(part / side for part, side in zip(_SHARE_PART, image.size, strict=True))
    large = image.resize([max(1, round(side * scale)) for side in image.size], Image.Resampling.LANCZOS)
    share.paste(
        large, ((_SHARE_SIZE[0] - large.width) // 2, (_SHARE_SIZE[1] - large.height) // 2), mask=large
    )
    image.thumbnail(_SIZE, Image.Resampling.LANCZOS)
    shown, shared = BytesIO(), BytesIO()
    image.save(shown, "WEBP", quality=90, method=4)
    share.quantize(128, dither=Image.Dither.NONE).save(shared, "PNG", optimize=True)
    return EncodedLogo(Encoded(shown.getvalue(), *image.size), shared.getvalue())


def _refuse(image: Image.Image) -> None:
    if getattr(image, "is_animated", False):
        raise ValidationError(_("This picture moves. Use one that stands still."), code="animated")
    if image.mode == "CMYK":
        raise ValidationError(
            _(
                "This file is made for print (CMYK), and its colors would look wrong on a screen. Save it as RGB."
            ),
            code="for_print",
        )
    short, long = sorted(image.size)
    if short < LEAST_SIDE:
        words = _("This picture is too small: each side needs %(least)d pixels.")
        raise ValidationError(words, code="too_small", params={"least": LEAST_SIDE})
    if long > _SHAPE * short:
        words = _("This picture is too long for its height: use one that is at most %(times)d times as long.")
        raise ValidationError(words, code="too_long", params={"times": _SHAPE})
