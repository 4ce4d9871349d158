"""Texts with which notes of staff begin."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from bookings.enums import NoteKind


class NoteTemplate(models.Model):
    """One of the owner's texts that a press puts into the field of a note, to be filled in there."""

    kind = models.CharField(_("for"), max_length=10, choices=NoteKind.choices, default=NoteKind.CLIENT)
    name = models.CharField(_("name"), max_length=40, help_text=_("What stands on the button."))
    text = models.TextField(
        _("text"),
        max_length=1000,
        help_text=_("Say nothing of a client here: it is put into every such note."),
    )
    position = models.PositiveSmallIntegerField(
        _("position"), default=0, help_text=_("Lower numbers come first.")
    )

    history = HistoricalRecords()

    class Meta:
        ordering = ["kind", "position", "name"]
        verbose_name = _("template of a note")
        verbose_name_plural = _("templates of notes")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "name"],
                name="notetemplate_one_per_name",
                violation_error_message=_("There is a template of that name already."),
            ),
            models.CheckConstraint(condition=Q(kind__in=NoteKind.values), name="notetemplate_kind_known"),
        ]

    def __str__(self) -> str:
        return self.name
