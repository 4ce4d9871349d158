"""Days on which nobody works."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.translation import gettext as _

from bookings.models import Booking, Closure
from massagerx.lib.admin import KindFieldsMixin, ListMixin


@admin.register(Closure)
class ClosureAdmin(KindFieldsMixin, ListMixin):
    list_display = ["date", "name"]
    search_fields = ["name"]
    ordering = ["date"]

    def save_model(self, request: HttpRequest, obj: Closure, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        booked = Booking.objects.occupying().on(obj.date).values_list("reference", flat=True)
        if booked:
            sentence = _("Visits are booked on that day: %(references)s. Move or cancel them.")
            self.message_user(request, sentence % {"references": ", ".join(sorted(booked))}, messages.WARNING)
