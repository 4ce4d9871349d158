"""Who is alerted when a therapist at a door doesn't answer."""

from __future__ import annotations

from django.contrib import admin

from bookings.models import SafetyContact
from massagerx.lib.admin import KindFieldsMixin, ListMixin


@admin.register(SafetyContact)
class SafetyContactAdmin(KindFieldsMixin, ListMixin):
    list_display = ["user", "position"]
    list_select_related = ["user"]
    fields = ["user", "position"]
