"""Days on which nobody works."""

from __future__ import annotations

from django.contrib import admin

from bookings.models import Closure
from massagerx.lib.admin import KindFieldsMixin, ListMixin

from .stranding import StrandingMixin


@admin.register(Closure)
class ClosureAdmin(StrandingMixin, KindFieldsMixin, ListMixin):
    list_display = ["date", "name"]
    search_fields = ["name"]
    ordering = ["date"]
    stranding_fields = frozenset({"date"})
