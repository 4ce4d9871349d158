"""Stored files that no row speaks of any more: left by a process that died, or while the store was away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

from django.core.files.storage import default_storage

from blog.models import Picture, Post, Upload
from bookings.models import Photo
from bookings.program.models import ExercisePicture
from services.models import Business

# A file is stored before its row is written, and an older size goes after a newer one is there.
YOUNG = timedelta(days=1)
_FOLDER = "pictures/"
_AT_ONCE = 500
_OF_PICTURE = re.compile(r"pictures/([0-9a-f]{32})(-share\.png|(-[0-9a-z-]+)?\.webp)")
_SHARED = re.compile(r"pictures/share-[0-9a-f]{32}\.png")


def orphans(*, now: datetime) -> Iterator[str]:
    """The names of files of ours, a day old at least, that no row names. What has another kind of name is not ours to
    judge. Six queries for 500 files; raises OSError where the store is away."""
    try:
        _folders, found = default_storage.listdir(_FOLDER)
    except FileNotFoundError:
        return  # nothing was ever stored
    for names in _batches(f"{_FOLDER}{name}" for name in found):
        named = _named(names)
        for name in names:
            is_ours = _OF_PICTURE.fullmatch(name) or _SHARED.fullmatch(name)
            if is_ours and name not in named and _is_old(name, now):
                yield name


def delete(name: str) -> None:
    """Deletes one of them, unless a row has come to name it since it was found."""
    if name not in _named([name]):
        default_storage.delete(name)


def _batches(names: Iterator[str]) -> Iterator[list[str]]:
    while batch := list(islice(names, _AT_ONCE)):
        yield batch


def _named(names: list[str]) -> set[str]:
    """The files that rows name, among which are all of `names` that any does."""
    tokens = {match[1] for name in names if (match := _OF_PICTURE.fullmatch(name))}
    shared = Post.objects.filter(share_name__in=names).order_by()
    named = set(shared.values_list("share_name", flat=True))
    named |= {upload.name for upload in Upload.objects.filter(token__in=tokens).order_by()}
    for business in Business.objects.filter(logo__in=tokens).order_by():
        named.update(business.logo_files)
    for model in (Picture, Photo, ExercisePicture):
        for picture in model.objects.filter(token__in=tokens).order_by():
            named.update(picture.files())
    return named


def _is_old(name: str, now: datetime) -> bool:
    try:
        return default_storage.get_modified_time(name) < now - YOUNG
    except FileNotFoundError:
        return False  # it has just gone
