"""Who looked at health answers, when and why: for the owner to read, and for nobody to change."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.models import HealthAccess
from bookings.staff.labels import two_lines
from massagerx.lib.localtime import day_bounds

from .base import RowsOnly


class PersonFilter(admin.SimpleListFilter):
    """Those who ever looked."""

    title = gettext_lazy("person")
    parameter_name = "person"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        people = User.objects.filter(pk__in=HealthAccess.objects.values("user")).order_by("username")
        return [(str(user.pk), user.get_username()) for user in people]

    def queryset(self, request: HttpRequest, queryset: QuerySet[HealthAccess]) -> QuerySet[HealthAccess]:
        known = {value for value, _name in self.lookup_choices}
        return queryset.filter(user=int(self.value() or 0)) if self.value() in known else queryset


class HealthAccessDayFilter(admin.SimpleListFilter):
    """By local day."""

    title = gettext_lazy("day")
    parameter_name = "day"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        return [
            ("today", _("Today")),
            ("yesterday", _("Yesterday")),
            ("week", _("The last seven days")),
            ("month", _("The last thirty days")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[HealthAccess]) -> QuerySet[HealthAccess]:
        today = timezone.localdate()
        spans = {"today": (0, 0), "yesterday": (1, 1), "week": (6, 0), "month": (29, 0)}
        if self.value() not in spans:
            return queryset
        first, last = spans[self.value() or ""]
        start, _end = day_bounds(today - timedelta(days=first))
        _start, end = day_bounds(today - timedelta(days=last))
        return queryset.filter(at__gte=start, at__lt=end)


@admin.register(HealthAccess)
class HealthAccessAdmin(RowsOnly):
    list_title = gettext_lazy("Who looked at health answers")
    list_display = ["when", "user", "visit", "what", "reason"]
    list_display_links = None
    list_filter = [PersonFilter, HealthAccessDayFilter]
    list_select_related = ["user", "booking"]
    search_fields = ["booking__reference", "user__username"]
    search_help_text = gettext_lazy("Reference of the visit, or a log-in.")
    ordering = ["-at", "-pk"]
    readonly_fields = ["when", "user", "visit", "what", "reason"]
    fields = tuple(readonly_fields)

    @admin.display(description=gettext_lazy("when"), ordering="at")
    def when(self, access: HealthAccess) -> str:
        return two_lines(access.at)

    @admin.display(description=gettext_lazy("visit"), ordering="booking__reference")
    def visit(self, access: HealthAccess) -> str:
        address = reverse("admin:bookings_booking_change", args=[access.booking_id])
        return format_html('<a href="{}">{}</a>', address, access.booking.reference)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
