"""Backups, and what is kept beside them."""

from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_save
from django.utils.translation import gettext_lazy as _


class BackupsConfig(AppConfig):
    name = "massagerx.backups"
    label = "backups"
    verbose_name = _("Backups")

    def ready(self) -> None:
        """Has erasures noted beside the backups."""
        from bookings.models import Erasure

        from . import erased

        post_save.connect(erased.note, sender=Erasure, dispatch_uid="massagerx.backups")
