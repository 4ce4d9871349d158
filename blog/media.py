"""The library's files: put away, and made smaller in the background."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from . import pictures, share
from .models import Picture, Post, Upload
from .models.pictures import COVER_RATIO, new_token

log = logging.getLogger("massagerx.media")

# A worker that died gives its picture back after this long.
CLAIM = timedelta(minutes=5)
# A burst of uploads doesn't keep one worker longer than a task may run.
AT_ONCE = 10


def put_away(picture: Picture, encoded: pictures.Encoded, *, now: datetime) -> None:
    """Stores the file of a new `picture`, and asks for its smaller sizes from the aware instant `now` on. The row is
    saved by the caller, after the file: a row without one would show a hole."""
    _save(picture.name, encoded.data)
    picture.width, picture.height = encoded.width, encoded.height
    picture.sizes_due_at = now


def keep_upload(encoded: pictures.Encoded, file_name: str, *, by: User, now: datetime) -> Upload:
    """Keeps the file of a form that was refused for another reason, from the aware instant `now` on."""
    upload = Upload(
        token=new_token(),
        file_name=file_name[-120:],
        width=encoded.width,
        height=encoded.height,
        added_by=by,
        created_at=now,
    )
    _save(upload.name, encoded.data)
    upload.save()
    return upload


def take_up(picture: Picture, upload: Upload, *, now: datetime) -> None:
    """Makes the file of `upload` that of a new `picture`, which the caller saves; asks for its smaller sizes from the
    aware instant `now` on."""
    picture.token, picture.width, picture.height = upload.token, upload.width, upload.height
    picture.sizes_due_at = now
    upload.delete()


def forget_uploads(*, now: datetime) -> int:
    """Deletes files that nobody came back for by the aware instant `now`; returns how many there were."""
    done = 0
    for upload in Upload.objects.stale(now)[:AT_ONCE]:
        # Its name may have become a picture's in the meantime: the row decides, and only one can delete it.
        if Upload.objects.filter(pk=upload.pk).delete()[0]:
            default_storage.delete(upload.name)
            done += 1
    return done


def make_sizes(*, now: datetime) -> int:
    """Makes what is due at the aware instant `now`; returns how many pictures were finished.

    Can run twice at a time: each picture is claimed first.
    """
    finished = 0
    for picture in Picture.objects.unmade(now)[:AT_ONCE]:
        until = now + CLAIM
        if not Picture.objects.claim(picture, now=now, until=until):
            continue
        try:
            _make_sizes_of(picture, until)
            finished += 1
        # One file that can't be read must not hold up the others; its claim runs out, and it is tried again.
        except Exception as error:
            log.warning("a picture's sizes were not made", extra={"cause": type(error).__name__})
    return finished


def _make_sizes_of(picture: Picture, claimed_until: datetime) -> None:
    with default_storage.open(picture.name) as file:
        whole = file.read()
    before = picture.files()
    picture.whole_widths = pictures.fitting_widths(picture.width)
    for width in picture.whole_widths:
        _save(picture.whole_name(width), pictures.resized(whole, width))
    part = pictures.cut(whole, COVER_RATIO, (picture.focal_x, picture.focal_y))
    picture.cover_focus = picture.focus
    picture.cover_widths = pictures.cover_widths(part)
    for width in picture.cover_widths:
        _save(picture.cover_name(width), pictures.cover(part, COVER_RATIO, width))
    # Not `save()`: what the owner typed meanwhile stays. A focus that moved meanwhile keeps its own due time.
    rows = Picture.objects.filter(pk=picture.pk)
    rows.update(
        whole_widths=picture.whole_widths, cover_widths=picture.cover_widths, cover_focus=picture.cover_focus
    )
    rows.filter(sizes_due_at=claimed_until).update(sizes_due_at=None)
    for name in set(before) - set(picture.files()):
        default_storage.delete(name)


def draw_share_pictures(business_name: str) -> int:
    """Draws the share picture of each post whose title is not what was drawn last; returns how many there were.

    A title with letters that our typeface lacks keeps the site's own picture.
    """
    done = 0
    for post in Post.objects.only("title", "share_words", "share_name"):
        words = share.words_of(post.title, business_name)
        if post.share_words == words:
            continue
        drawn = share.draw(post.title, business_name)
        name = f"pictures/share-{new_token()}.png" if drawn else ""
        if drawn:
            _save(name, drawn)
        # Not `save()`: readers see no change of the post's own words.
        Post.objects.filter(pk=post.pk).update(share_words=words, share_name=name)
        if post.share_name:
            default_storage.delete(post.share_name)
        done += 1
        if done == AT_ONCE:
            break
    return done


def _save(name: str, data: bytes) -> None:
    """Under this very name: a file left by a worker that died is written anew."""
    if default_storage.exists(name):
        default_storage.delete(name)
    default_storage.save(name, ContentFile(data))
