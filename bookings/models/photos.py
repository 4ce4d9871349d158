"""The owner's photos: a few slots with a purpose and a shape each. A slot without a photo is a drawing."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from massagerx.lib.stored_picture import StoredPicture, StoredPictureQuerySet

from .people import Therapist

_RATIOS = {"portrait": (4, 5), "hands": (3, 2), "table": (4, 3), "car": (3, 2), "owner": (1, 1)}


class Photo(StoredPicture):
    """A photo for one slot: a therapist's own, or one of the site's. It is shown once its sizes are made."""

    class Slot(models.TextChoices):
        PORTRAIT = "portrait", _("Portrait")
        HANDS = "hands", _("Hands at work")
        TABLE = "table", _("The table in a real room")
        CAR = "car", _("The car, boot open")
        OWNER = "owner", _("The owner")

    #: Slots that each therapist has; the site has the others.
    OF_A_THERAPIST = (Slot.PORTRAIT, Slot.HANDS)

    whole_sizes = ()
    cover_sizes = (96, 200, 400, 800)

    slot = models.CharField(_("what for"), max_length=8, choices=Slot.choices)
    therapist = models.ForeignKey(
        Therapist,
        on_delete=models.CASCADE,
        related_name="photos",
        verbose_name=_("therapist"),
        null=True,
        blank=True,
    )

    objects = StoredPictureQuerySet["Photo"].as_manager()

    class Meta:
        ordering = ["therapist", "slot"]
        verbose_name = _("photo")
        verbose_name_plural = _("photos")
        indexes = [
            models.Index(
                fields=["sizes_due_at"], name="photo_sizes_due", condition=Q(sizes_due_at__isnull=False)
            )
        ]
        constraints = [
            models.UniqueConstraint(fields=["slot", "therapist"], name="photo_one_a_slot_and_therapist"),
            models.UniqueConstraint(
                fields=["slot"], condition=Q(therapist=None), name="photo_one_a_slot_of_the_site"
            ),
            models.CheckConstraint(
                condition=Q(slot__in=["portrait", "hands"], therapist__isnull=False)
                | Q(slot__in=["table", "car", "owner"], therapist__isnull=True),
                name="photo_is_someones_or_the_sites",
            ),
            models.CheckConstraint(
                condition=Q(focal_x__lte=100, focal_y__lte=100), name="photo_focus_is_within"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.therapist} · {self.get_slot_display()}" if self.therapist else self.get_slot_display()

    def clean(self) -> None:
        """Raises `ValidationError` where the slot and the therapist don't go together."""
        if (self.slot in self.OF_A_THERAPIST) != (self.therapist_id is not None):
            raise ValidationError(_("Choose a slot of the shoot list."))

    @property
    def address(self) -> str:
        """Where the whole photo is found, for the admin."""
        return default_storage.url(self.name)

    @property
    def ratio(self) -> tuple[int, int]:
        """The shape of the slot."""
        return _RATIOS[self.slot]

    def sizes_made(self) -> None:
        """Puts a portrait's files where every page that shows the therapist finds them."""
        if self.slot == self.Slot.PORTRAIT:
            Therapist.objects.filter(photos=self).update(portrait=self.covers())

    @transaction.atomic
    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Deletes the files too; the therapist's portrait is a drawing again."""
        if self.slot == self.Slot.PORTRAIT:
            Therapist.objects.filter(photos=self).update(portrait=[])
        return super().delete(*args, **kwargs)
