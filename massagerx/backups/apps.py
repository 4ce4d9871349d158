"""Backups, and what is kept beside them."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BackupsConfig(AppConfig):
    name = "massagerx.backups"
    label = "backups"
    verbose_name = _("Backups")

    def ready(self) -> None:
        """Has erasures noted beside the backups."""
        from bookings.domain import listeners

        from . import erased

        listeners.listen(listeners.ClientErased, erased.note)
