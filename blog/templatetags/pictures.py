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

    `cover` cuts it to 16:9 around its focus. `eager` is for the one at the top of a page. `alt=""` where the words
    beside it say the same.
    """
    names = (
        [(picture.cover_name(width), width) for width in picture.cover_widths]
        if cover
        else [
            *((picture.whole_name(width), width) for width in picture.whole_widths),
            (picture.name, picture.width),
        ]
    )
    offered = [(default_storage.url(name), width) for name, width in names]
    # Until they are made the whole picture stands in; the style sheet cuts it in the middle.
    plain = offered[-1][0] if offered else default_storage.url(picture.name)
    width, height = picture.width, picture.height
    if cover:
        width = max(picture.cover_widths, default=1600)
        height = round(width * COVER_RATIO[1] / COVER_RATIO[0])
    srcset = ", ".join(f"{address} {wide}w" for address, wide in offered)
    return format_html(
        '<img src="{}"{} width="{}" height="{}" alt="{}"{} decoding="async">',
        plain,
        format_html(' srcset="{}" sizes="{}"', srcset, sizes) if len(offered) > 1 else "",
        width,
        height,
        picture.shown_alt if alt is None else alt,
        SafeString(' fetchpriority="high"' if eager else ' loading="lazy"'),
    )
