"""The library of pictures and videos that posts and pages draw from."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from massagerx.lib.stored_picture import TOKEN, StoredPicture, StoredPictureQuerySet, picture_name
from massagerx.lib.videos import VideoAddress, parse_video

#: Covers are cut to this, width to height.
COVER_RATIO = (16, 9)
#: How long the file of a refused form waits for the form to be sent again.
KEPT_FOR = timedelta(days=1)


class Picture(StoredPicture):
    """A picture of the library. Until its smaller sizes are made it shows whole."""

    alt = models.CharField(
        _("what it shows"),
        max_length=200,
        blank=True,
        help_text=_("Say it as you would on the phone. Read aloud to people who can't see the picture."),
    )
    is_decorative = models.BooleanField(
        _("only decoration"),
        default=False,
        help_text=_("Tick this only if nothing is lost when the picture can't be seen."),
    )
    credit = models.CharField(
        _("credit"), max_length=120, blank=True, help_text=_("Who made it, if they want to be named.")
    )
    dark = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("its dark twin"),
        help_text=_(
            "As a cover, shown in its place on devices that are set to dark. Without one it is dimmed."
        ),
    )
    objects = StoredPictureQuerySet["Picture"].as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = _("picture")
        verbose_name_plural = _("pictures")
        indexes = [
            models.Index(
                fields=["sizes_due_at"], name="picture_sizes_due", condition=Q(sizes_due_at__isnull=False)
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(is_decorative=True) | ~Q(alt=""),
                name="picture_says_what_it_shows",
                violation_error_message=_("Say what the picture shows, or tick that it is only decoration."),
            ),
            models.CheckConstraint(
                condition=Q(focal_x__lte=100, focal_y__lte=100), name="picture_focus_is_within"
            ),
        ]

    def __str__(self) -> str:
        return self.alt or str(_("Decoration %(number)s")) % {"number": self.pk}

    def clean(self) -> None:
        """Raises `ValidationError` unless there is an alternative text or the picture is decoration, and for a picture
        that is its own twin."""
        if self.dark_id is not None and self.dark_id == self.pk:
            raise ValidationError({"dark": _("Choose another picture: this one is the bright one.")})
        self.alt = self.alt.strip()
        if not self.alt and not self.is_decorative:
            raise ValidationError(
                {"alt": _("Say what the picture shows, or tick that it is only decoration.")}
            )

    @property
    def ratio(self) -> tuple[int, int]:
        """That of covers."""
        return COVER_RATIO

    @property
    def shown_alt(self) -> str:
        """The words in place of the picture: none for decoration."""
        return "" if self.is_decorative else self.alt

    @property
    def address(self) -> str:
        """What stands for this picture in a text, wherever the file itself is kept."""
        return f"/media/{self.name}"


class UploadQuerySet(models.QuerySet["Upload"]):
    def kept_for(self, user: User, token: str, now: datetime) -> Upload | None:
        """The upload of that token, if `user` made it and its time isn't over at the aware instant `now`.
        Within a transaction."""
        if not TOKEN.fullmatch(token):
            return None
        rows = self.filter(added_by=user, token=token, created_at__gt=now - KEPT_FOR)
        # Locked: of two presses only one can use it.
        return rows.select_for_update().first()

    def stale(self, now: datetime) -> UploadQuerySet:
        """Those that nobody came back for."""
        return self.filter(created_at__lte=now - KEPT_FOR)


class Upload(models.Model):
    """A picture that came with a form that was refused for another reason: it need not be chosen again. Its file has
    the name that it will have in the library."""

    token = models.CharField(max_length=32, unique=True)
    file_name = models.CharField(max_length=120)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField()

    objects = UploadQuerySet.as_manager()

    class Meta:
        verbose_name = _("upload")
        verbose_name_plural = _("uploads")
        indexes = [models.Index(fields=["created_at"], name="upload_created")]

    def __str__(self) -> str:
        return self.file_name

    @property
    def name(self) -> str:
        """The stored file."""
        return picture_name(self.token)


class Video(models.Model):
    """A video at YouTube or Vimeo. A link to it, alone on a line of a text, becomes a picture to press."""

    class Provider(models.TextChoices):
        YOUTUBE = "youtube", "YouTube"
        VIMEO = "vimeo", "Vimeo"

    url = models.URLField(
        _("address"),
        max_length=300,
        help_text=_("Copy it from the browser, on the page of the video at YouTube or Vimeo."),
    )
    provider = models.CharField(max_length=10, choices=Provider.choices, editable=False)
    code = models.CharField(max_length=40, editable=False)
    title = models.CharField(
        _("title"), max_length=140, help_text=_("What one will see. Shown on the picture, and read aloud.")
    )
    poster = models.ForeignKey(
        Picture,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="videos",
        verbose_name=_("picture"),
        help_text=_("Shown until someone presses. Left empty, a drawn one is shown."),
    )
    created_at = models.DateTimeField(_("added"), auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = _("video")
        verbose_name_plural = _("videos")
        constraints = [models.UniqueConstraint(fields=["provider", "code"], name="video_is_there_once")]

    def __str__(self) -> str:
        return self.title

    def clean(self) -> None:
        """Raises `ValidationError` for an address that is no video of a known provider, or is in the list."""
        address = parse_video(self.url)
        if address is None:
            raise ValidationError(
                {"url": _("Use the address of one video at YouTube or Vimeo, such as https://youtu.be/…")}
            )
        self.provider, self.code = address.provider, address.code
        others = Video.objects.exclude(pk=self.pk)
        if others.filter(provider=address.provider, code=address.code).exists():
            raise ValidationError({"url": _("This video is in the list already.")})

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Stores the address in its usual form. Raises `ValueError` when it is no video's."""
        # For what doesn't come through a form.
        address = parse_video(self.url)
        if address is None:
            raise ValueError("not the address of a video")
        self.provider, self.code, self.url = address.provider, address.code, address.watch_url
        super().save(*args, **kwargs)

    @property
    def where(self) -> VideoAddress:
        """Provider and code."""
        return VideoAddress(self.provider, self.code)  # type: ignore[arg-type]
