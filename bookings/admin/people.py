"""Therapists with their hours and time off, and clients."""

from __future__ import annotations

from collections.abc import Collection
from datetime import time, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.models import Client, ExtraHours, Therapist, TimeOff, WorkingHours
from massagerx.lib.admin import KindFieldsMixin, ListMixin
from massagerx.lib.admin_history import HistoryMixin

from .search import search
from .stranding import StrandingMixin
from .words import mark

# Longer ago than this, time off and extra hours stay on record but leave the therapist's page: with some years of
# them it would send more fields than one form may have, and could not be saved at all.
SHOWN_AFTER = timedelta(days=31)


class SpanForm(forms.ModelForm):
    """For rows with a start and an end, so that the fault is told beside the field."""

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        start, end = cleaned.get("starts_at"), cleaned.get("ends_at")
        # Hours that end at 00:00 end with the day.
        if start is not None and end is not None and end <= start and end != time.min:
            self.add_error("ends_at", _("The end must be later than the start."))
        return cleaned


class WorkingHoursForm(SpanForm):
    class Meta:
        model = WorkingHours
        fields = ["weekday", "starts_at", "ends_at", "valid_from", "valid_until"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        first, last = cleaned.get("valid_from"), cleaned.get("valid_until")
        if first and last and last < first:
            self.add_error("valid_until", _("The last day can't be before the first day."))
        return cleaned


class WorkingHoursInline(KindFieldsMixin, admin.TabularInline):
    model = WorkingHours
    form = WorkingHoursForm
    extra = 1
    verbose_name_plural = gettext_lazy("weekly hours, Los Angeles time")


class ExtraHoursInline(KindFieldsMixin, admin.TabularInline):
    model = ExtraHours
    form = SpanForm
    extra = 0
    verbose_name_plural = gettext_lazy("extra hours on one date, Los Angeles time")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ExtraHours]:
        return super().get_queryset(request).filter(date__gte=timezone.localdate() - SHOWN_AFTER)


class TimeOffInline(KindFieldsMixin, admin.TabularInline):
    model = TimeOff
    form = SpanForm
    extra = 0
    verbose_name_plural = gettext_lazy("time off, Los Angeles time")

    def get_queryset(self, request: HttpRequest) -> QuerySet[TimeOff]:
        return super().get_queryset(request).filter(ends_at__gt=timezone.now() - SHOWN_AFTER)


@admin.register(Therapist)
class TherapistAdmin(HistoryMixin, StrandingMixin, KindFieldsMixin, ListMixin):
    list_display = ["name", "gender", "certificate", "home_zip", "waiting", "is_active", "position"]
    list_filter = ["is_active", "services", "gender"]
    list_select_related = ["home_zip"]
    search_fields = ["name", "certificate_number"]
    prepopulated_fields = {"slug": ["name"]}
    filter_horizontal = ["services"]
    inlines = [WorkingHoursInline, ExtraHoursInline, TimeOffInline]
    fieldsets = [
        (None, {"fields": ["name", "slug", "gender", "bio", "is_active", "position", "user"]}),
        (
            gettext_lazy("Certificate"),
            {
                "description": gettext_lazy(
                    "Without a number, or after the last day, nobody sees or books this therapist."
                ),
                "fields": ["certificate_number", "certificate_expires_on"],
            },
        ),
        (gettext_lazy("What and where"), {"fields": ["services", "home_zip", "reach_minutes"]}),
        (
            gettext_lazy("Limits of a day"),
            {
                "fields": [
                    "max_visits_per_day",
                    "max_work_minutes_per_day",
                    "break_minutes",
                    "break_after_minutes",
                ]
            },
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Therapist]:
        waiting = Count("bookings", filter=Q(bookings__status="requested"))
        return super().get_queryset(request).annotate(waiting_count=waiting)

    def get_prepopulated_fields(self, request: HttpRequest, obj: Therapist | None = None) -> dict[str, Any]:
        return {} if obj else super().get_prepopulated_fields(request, obj)

    @admin.display(description=gettext_lazy("certificate"), ordering="certificate_expires_on")
    def certificate(self, therapist: Therapist) -> str:
        until = therapist.certificate_expires_on
        if not therapist.certificate_number:
            return mark("bad", "✕", _("none: not on the site"))
        if until is not None and until < timezone.localdate():
            return mark("bad", "✕", _("%(number)s, lapsed %(day)s: not on the site") % self._facts(therapist))
        return mark("good", "✓", _("%(number)s until %(day)s") % self._facts(therapist))

    @staticmethod
    def _facts(therapist: Therapist) -> dict[str, str]:
        until = therapist.certificate_expires_on
        return {
            "number": therapist.certificate_number,
            "day": f"{until:%b} {until.day}, {until.year}" if until else _("further notice"),
        }

    @admin.display(description=gettext_lazy("requests waiting"), ordering="waiting_count")
    def waiting(self, therapist: Any) -> int:
        return int(therapist.waiting_count)

    def stranding_therapists(self, obj: Therapist) -> Collection[int]:
        return {obj.pk} if obj.pk else set()


class ClientForm(forms.ModelForm):
    class Meta:
        model = Client
        fields = ["name", "email", "phone", "is_blocked"]

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()


@admin.register(Client)
class ClientAdmin(KindFieldsMixin, ListMixin):
    form = ClientForm
    list_display = ["name", "email", "phone", "visits", "is_blocked", "created_at"]
    list_filter = ["is_blocked"]
    list_per_page = 50
    show_full_result_count = False
    search_fields = ["name"]
    search_help_text = gettext_lazy("Name, email, or phone in any format.")
    readonly_fields = ["created_at", "bookings_link"]
    fields = ["name", "email", "phone", "is_blocked", "created_at", "bookings_link"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Client]:
        return super().get_queryset(request).annotate(visit_count=Count("bookings"))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Client], search_term: str
    ) -> tuple[QuerySet[Client], bool]:
        return search(queryset, search_term, words=["name", "email"], phone="phone"), False

    @admin.display(description=gettext_lazy("visits"), ordering="visit_count")
    def visits(self, client: Any) -> int:
        return int(client.visit_count)

    @admin.display(description=gettext_lazy("visits"))
    def bookings_link(self, client: Any) -> str:
        address = reverse("admin:bookings_booking_changelist")
        return format_html(
            '<a href="{}?client__id__exact={}">{}</a>', address, client.pk, _("All visits of this client")
        )

    # A client comes to be by booking, and stays with the visits.
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
