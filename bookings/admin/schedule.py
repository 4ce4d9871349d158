"""Days on which nobody works."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _

from bookings.models import Booking, Closure
from massagerx.lib.admin import KindFieldsMixin, ListMixin

from .words import booking_links


@admin.register(Closure)
class ClosureAdmin(KindFieldsMixin, ListMixin):
    list_display = ["date", "name"]
    search_fields = ["name"]
    ordering = ["date"]

    def save_model(self, request: HttpRequest, obj: Closure, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        booked = Booking.objects.occupying().on(obj.date).values_list("pk", "reference")
        if booked:
            sentence = _("Visits are booked on that day: {references}. Move or cancel them.")
            told = format_html(sentence, references=booking_links(booked))
            self.message_user(request, told, messages.WARNING)
