"""The faces of the people who visit, and the owner's other photos: each a photo or, without one, a drawing."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django import template
from django.core.files.storage import default_storage
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from bookings.domain.faces import doorway_of
from bookings.domain.soonest import Soonest
from bookings.models import Therapist
from massagerx.lib.stored_picture import StoredPicture

register = template.Library()

# Of a portrait that is as wide as its place allows.
_FULL = 420


@register.simple_tag
def portrait(therapist: Therapist | None, size: int | str, *, eager: bool = False) -> SafeString:
    """An arch `size` pixels wide (40, 64, 96, 160, or "full"), with the therapist's photo or lines that are their own;
    for None, anyone's. It says nothing that the name beside it doesn't. `eager` is for one at the top of a page."""
    if therapist is not None and therapist.portrait:
        width = _FULL if size == "full" else int(size)
        return _portrait(size=size, eager=eager, sizes=f"{width}px", **_files(therapist.portrait))
    return doorway(therapist.pk if therapist is not None else None, size, eager=eager)


@lru_cache(maxsize=1024)
def doorway(key: int | None, size: int | str, *, eager: bool) -> SafeString:
    """The drawing for a therapist's key, `size` pixels wide, rendered once a process: a page may show many."""
    drawn = doorway_of(key)
    lines = "".join(f"M18 {y}C32 {y - drawn.bend} 48 {y + drawn.bend} 62 {y}" for y in drawn.heights)
    return _portrait(size=size, eager=eager, tone=drawn.tone, lines=lines, sun=drawn.sun)


def _portrait(**context: Any) -> SafeString:
    return mark_safe(render_to_string("components/portrait.html", context))  # a file of ours, which escapes


@register.simple_tag
def photo(photo: StoredPicture, *, alt: str, sizes: str) -> SafeString:
    """A picture whose sizes are made, cut to its shape; `sizes` as in HTML."""
    files = _files([list(cover) for cover in photo.covers()])
    width, height = photo.ratio
    return format_html(
        '<img class="photo" src="{}"{} width="{}" height="{}" alt="{}" loading="lazy" decoding="async">',
        files["src"],
        format_html(' srcset="{}" sizes="{}"', files["srcset"], sizes) if files["srcset"] else "",
        width * 100,
        height * 100,
        alt,
    )


@register.simple_tag
def soonest_of(therapist: Therapist, soonest: Mapping[int, Soonest] | str) -> Soonest | None:
    """When a therapist is free next, of those asked about; None where nobody was."""
    return soonest.get(therapist.pk) if isinstance(soonest, Mapping) else None


def _files(covers: list[list[Any]]) -> dict[str, Any]:
    """`src` and `srcset` of cut files, given by name and width, ascending."""
    offered = [(default_storage.url(name), width) for name, width in covers]
    return {
        "src": offered[min(1, len(offered) - 1)][0],
        "srcset": ", ".join(f"{address} {width}w" for address, width in offered) if len(offered) > 1 else "",
    }
