"""Pictures as rows: a file in the media storage, and smaller ones made of it in the background.

An app's own table of pictures derives from `StoredPicture`; its worker calls `make_sizes` for it.
"""

from __future__ import annotations

import logging
import re
import secrets
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self, TypeVar

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.validators import MaxValueValidator
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from . import pictures

log = logging.getLogger("massagerx.media")

TOKEN = re.compile(r"[0-9a-f]{32}")
# A worker that died gives its picture back after this long.
CLAIM = timedelta(minutes=5)
# A burst of uploads doesn't keep one worker longer than a task may run.
AT_ONCE = 10


def new_token() -> str:
    """A name that nobody can guess: 128 random bits."""
    return secrets.token_hex(16)


def picture_name(token: str) -> str:
    """The stored file of a whole picture."""
    return f"pictures/{token}.webp"


_Row = TypeVar("_Row", bound="StoredPicture")


class StoredPictureQuerySet(models.QuerySet[_Row]):
    def unmade(self, now: datetime) -> Self:
        """Those whose smaller sizes are to be made, and whom nobody else is working on at the aware instant `now`."""
        return self.filter(sizes_due_at__lte=now).order_by("sizes_due_at", "pk")

    def claim(self, picture: _Row, *, now: datetime, until: datetime) -> bool:
        """Takes `picture` until the aware instant `until`; False when another was quicker. After that instant it is
        free again, so a worker that died costs only time."""
        due = self.filter(pk=picture.pk, sizes_due_at=picture.sizes_due_at, sizes_due_at__lte=now)
        if not due.update(sizes_due_at=until):
            return False
        picture.sizes_due_at = until
        return True


class StoredPicture(models.Model):
    """A picture, re-encoded on its way in. Smaller sizes are made in the background."""

    #: Widths in pixels of the uncut files; empty: none are made.
    whole_sizes: ClassVar[tuple[int, ...]] = pictures.WIDTHS
    #: Widths in pixels of the files that are cut around the focus.
    cover_sizes: ClassVar[tuple[int, ...]] = pictures.WIDTHS

    token = models.CharField(
        _("name of the file"), max_length=32, unique=True, default=new_token, editable=False
    )
    focal_x = models.PositiveSmallIntegerField(
        _("focus, from the left"),
        default=50,
        validators=[MaxValueValidator(100)],
        help_text=_("In percent. Press on the picture, or type the number."),
    )
    focal_y = models.PositiveSmallIntegerField(
        _("focus, from the top"),
        default=50,
        validators=[MaxValueValidator(100)],
        help_text=_("In percent. This point stays in sight when the picture is cut to fit."),
    )
    width = models.PositiveIntegerField(_("width in pixels"), editable=False)
    height = models.PositiveIntegerField(_("height in pixels"), editable=False)
    # Widths in pixels of the files that are there.
    whole_widths = models.JSONField(default=list, editable=False)
    cover_widths = models.JSONField(default=list, editable=False)
    # The focus that the files of `cover_widths` were cut around; it is part of their names.
    cover_focus = models.CharField(max_length=8, default="", blank=True, editable=False)
    # From when on the smaller sizes are to be made; none when all are there.
    sizes_due_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(_("added"), auto_now_add=True)

    class Meta:
        abstract = True

    @property
    def ratio(self) -> tuple[int, int]:
        """The shape that the picture is cut to, width to height."""
        raise NotImplementedError

    @property
    def focus(self) -> str:
        """The focal point in percent, as it stands in file names."""
        return f"{self.focal_x}-{self.focal_y}"

    @property
    def name(self) -> str:
        """The stored file of the whole picture."""
        return picture_name(self.token)

    def whole_name(self, width: int) -> str:
        """The stored name of the uncut picture `width` pixels wide."""
        return f"pictures/{self.token}-{width}.webp"

    def cover_name(self, width: int) -> str:
        """The stored name of the cut picture `width` pixels wide."""
        return f"pictures/{self.token}-cover-{self.cover_focus}-{width}.webp"

    def covers(self) -> list[tuple[str, int]]:
        """The cut files that are there, by width: stored name, width in pixels."""
        return [(self.cover_name(width), width) for width in self.cover_widths]

    def files(self) -> list[str]:
        """The names of all stored files of this picture."""
        return [
            self.name,
            *(self.whole_name(width) for width in self.whole_widths),
            *(name for name, _wide in self.covers()),
        ]

    def put_away(self, encoded: pictures.Encoded, *, now: datetime) -> None:
        """Stores the file of a new picture, and asks for its smaller sizes from the aware instant `now` on. The row
        is saved by the caller, after the file: a row without one would show a hole."""
        store(self.name, encoded.data)
        self.width, self.height = encoded.width, encoded.height
        self.sizes_due_at = now

    def sizes_made(self) -> None:
        """Called when the files named by this row are there and older ones still are, within one transaction."""

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Deletes the files too, after the commit."""
        names = self.files()
        deleted = super().delete(*args, **kwargs)
        # A file that stays behind because the store is away hurts nobody; the row is gone.
        transaction.on_commit(lambda: remove(names), robust=True)
        return deleted


def make_sizes(model: type[StoredPicture], *, now: datetime) -> int:
    """Makes what is due at the aware instant `now` in a table of pictures; returns how many pictures were finished.

    Can run twice at a time: each picture is claimed first.
    """
    finished = 0
    rows: StoredPictureQuerySet[StoredPicture] = model.objects  # type: ignore[attr-defined]
    for picture in rows.unmade(now)[:AT_ONCE]:
        until = now + CLAIM
        if not rows.claim(picture, now=now, until=until):
            continue
        try:
            _make_sizes_of(picture, rows, until)
            finished += 1
        # One file that can't be read must not hold up the others; its claim runs out, and it is tried again.
        except Exception as error:
            log.warning("a picture's sizes were not made", extra={"cause": type(error).__name__})
    return finished


def _make_sizes_of(
    picture: StoredPicture, rows: StoredPictureQuerySet[StoredPicture], claimed_until: datetime
) -> None:
    with default_storage.open(picture.name) as file:
        whole = file.read()
    before = picture.files()
    picture.whole_widths = [wanted for wanted in picture.whole_sizes if wanted < picture.width]
    for width in picture.whole_widths:
        store(picture.whole_name(width), pictures.resized(whole, width))
    part = pictures.cut(whole, picture.ratio, (picture.focal_x, picture.focal_y))
    picture.cover_focus = picture.focus
    picture.cover_widths = pictures.cover_widths(part, picture.cover_sizes)
    for name, width in picture.covers():
        store(name, pictures.cover(part, picture.ratio, width))
    with transaction.atomic():
        # Not `save()`: what the owner typed meanwhile stays. A focus that moved meanwhile keeps its own due time.
        row = rows.filter(pk=picture.pk)
        there = row.update(
            whole_widths=picture.whole_widths,
            cover_widths=picture.cover_widths,
            cover_focus=picture.cover_focus,
        )
        row.filter(sizes_due_at=claimed_until).update(sizes_due_at=None)
        if there:
            picture.sizes_made()
    remove(set(before) - set(picture.files()) if there else picture.files())


def store(name: str, data: bytes) -> None:
    """Under this very name: a file left by a worker that died is written anew. Raises OSError when it can't be
    kept; then no part of it is left."""
    remove([name])
    try:
        default_storage.save(name, ContentFile(data))
    except OSError:
        with suppress(OSError):  # a full disk took its beginning
            remove([name])
        raise


def remove(names: Any) -> None:
    """Deletes stored files, those that there are."""
    for name in names:
        if default_storage.exists(name):
            default_storage.delete(name)
