"""Time off: everybody's for the desk, one's own for a therapist."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy

from bookings.models import Therapist, TimeOff
from massagerx.lib.admin import FIRST_DAY, LAST_DAY, KindFieldsMixin, ListMixin
from massagerx.lib.localtime import day_bounds, local

from .board import DayForm
from .people import SpanForm
from .stranding import StrandingMixin
from .visibility import only_seen_by, sees_every_visit


@admin.register(TimeOff)
class TimeOffAdmin(StrandingMixin, KindFieldsMixin, ListMixin):
    form = SpanForm
    list_display = ["therapist", "starts_at", "ends_at", "reason"]
    list_filter = ["therapist"]
    list_select_related = ["therapist"]
    ordering = ["-starts_at"]
    fields = ["therapist", "starts_at", "ends_at", "reason"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[TimeOff]:
        return only_seen_by(request.user, super().get_queryset(request), "therapist")

    def get_list_filter(self, request: HttpRequest) -> Any:
        return super().get_list_filter(request) if sees_every_visit(request.user) else []

    def get_list_display(self, request: HttpRequest) -> Any:
        shown = super().get_list_display(request)
        return shown if sees_every_visit(request.user) else shown[1:]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Nine to six tomorrow; with `?day=2026-11-27` that whole day."""
        tomorrow = timezone.localtime().replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=1)
        start, end = tomorrow, tomorrow + timedelta(hours=9)
        form = DayForm(request.GET)
        day = form.cleaned_data["day"] if form.is_valid() else None
        if day is not None and FIRST_DAY <= day <= LAST_DAY:
            start, end = (local(instant) for instant in day_bounds(day))
        return {
            "starts_at": start,
            "ends_at": end,
            **super().get_changeform_initial_data(request),
        }

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """A therapist can choose nobody but themselves, also by altering the form."""
        if db_field.name == "therapist":
            own = only_seen_by(request.user, Therapist.objects.all(), "")
            kwargs["queryset"] = own
            if not sees_every_visit(request.user):
                kwargs["initial"] = own.first()
                kwargs["empty_label"] = None
                kwargs["help_text"] = gettext_lazy("Your own time off.")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def stranding_therapists(self, obj: TimeOff) -> Collection[int]:
        return {obj.therapist_id}
