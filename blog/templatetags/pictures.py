"""Pictures of the library in templates."""

from __future__ import annotations

from typing import Any

from django import template
from django.core.files.storage import default_storage
from django.utils.html import format_html
from django.utils.safestring import SafeString

from blog.models import Picture
from blog.models.pictures import COVER_RATIO

register = template.Library()


@register.simple_tag
def picture(
    picture: Picture, sizes: str, *, cover: bool = False, eager: bool = False, alt: Any = None
) -> SafeString:
    """The picture in all its sizes; the browser takes the one that fits `sizes` (as in HTML).

    `cover` cuts it to 16:9 around its focus, and brings its dark twin. `eager` is for the one at the top of a page.
    `alt=""` where the words beside it say the same.
    """
    offered = _offered(picture, cover)
    width, height = picture.width, picture.height
    if cover:
        width = max(picture.cover_widths, default=1600)
        height = round(width * COVER_RATIO[1] / COVER_RATIO[0])
    image = format_html(
        '<img src="{}"{} width="{}" height="{}" alt="{}"{} decoding="async">',
        # Until they are made the whole picture stands in; the style sheet cuts it in the middle.
        offered[-1][0],
        format_html(' srcset="{}" sizes="{}"', _srcset(offered), sizes) if len(offered) > 1 else "",
        width,
        height,
        picture.shown_alt if alt is None else alt,
        SafeString(' fetchpriority="high"' if eager else ' loading="lazy"'),
    )
    if not cover or picture.dark is None:
        return image
    return format_html(
        '<picture><source media="(prefers-color-scheme: dark)" srcset="{}" sizes="{}">{}</picture>',
        _srcset(_offered(picture.dark, cover)),
        sizes,
        image,
    )


def _offered(picture: Picture, cover: bool) -> list[tuple[str, int]]:
    """Addresses and widths in pixels of the files that are there, the whole picture last; of a cover the cut ones, or
    the whole one until they are made."""
    names = (
        picture.covers() if cover else [(picture.whole_name(width), width) for width in picture.whole_widths]
    )
    if not (cover and names):
        names = [*names, (picture.name, picture.width)]
    return [(default_storage.url(name), width) for name, width in names]


def _srcset(offered: list[tuple[str, int]]) -> str:
    return ", ".join(f"{address} {width}w" for address, width in offered)
