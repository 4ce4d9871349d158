"""Where we drive: zones with their fee, and the ZIP codes in them; and the owner's booking rules."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.drives.rows import ask_for_rows
from bookings.models import BookingRules, ServiceArea, Zone
from massagerx.lib.admin import KindFieldsMixin, ListMixin, SingletonMixin
from massagerx.lib.admin_history import HistoryMixin
from massagerx.lib.zips import centroid
from services.templatetags.money import dollars

from .stranding import StrandingMixin


@admin.register(Zone)
class ZoneAdmin(HistoryMixin, KindFieldsMixin, ListMixin):
    list_display = ["name", "fee", "zip_codes", "position"]
    search_fields = ["name"]
    money_labels = {"travel_fee_cents": gettext_lazy("travel fee")}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Zone]:
        """Zones with the number of ZIP codes served."""
        return super().get_queryset(request).annotate(zip_count=Count("zips", filter=Q(zips__is_active=True)))

    @admin.display(description=gettext_lazy("travel fee"), ordering="travel_fee_cents")
    def fee(self, zone: Zone) -> str:
        """The travel fee in dollars."""
        return dollars(zone.travel_fee_cents)

    @admin.display(description=gettext_lazy("ZIP codes served"), ordering="zip_count")
    def zip_codes(self, zone: Any) -> int:
        """How many ZIP codes are served."""
        return int(zone.zip_count)


class ServiceAreaForm(forms.ModelForm):
    class Meta:
        model = ServiceArea
        fields = ["zip_code", "zone", "is_active", "city", "latitude", "longitude"]

    def clean_zip_code(self) -> str:
        """A Californian ZIP code with homes."""
        code: str = self.cleaned_data["zip_code"]
        known = centroid(code)
        if known is None or known.state != "CA":
            raise forms.ValidationError(_("There is no such ZIP code in California."))
        if not known.is_standard:
            raise forms.ValidationError(_("This ZIP code has no homes: it is for PO boxes or for one firm."))
        return code

    def clean_latitude(self) -> float | None:
        """Degrees within California."""
        return self._degrees("latitude", 32.0, 43.0)

    def clean_longitude(self) -> float | None:
        """Degrees within California."""
        return self._degrees("longitude", -125.0, -114.0)

    def _degrees(self, name: str, low: float, high: float) -> float | None:
        value: float | None = self.cleaned_data[name]
        if value is not None and not low <= value <= high:
            raise forms.ValidationError(_("That is outside California. Leave it blank to have it filled in."))
        return value


@admin.register(ServiceArea)
class ServiceAreaAdmin(StrandingMixin, KindFieldsMixin, ListMixin):
    stranding_fields = frozenset({"zip_code", "zone", "latitude", "longitude"})
    form = ServiceAreaForm
    list_display = ["zip_code", "city", "zone", "is_active"]
    list_filter = ["zone", "is_active"]
    list_select_related = ["zone"]
    search_fields = ["zip_code", "city"]
    actions = ["serve", "stop_serving"]
    fieldsets = [
        (None, {"fields": ["zip_code", "zone", "is_active"]}),
        (
            gettext_lazy("Filled in by itself when left blank"),
            {"fields": ["city", "latitude", "longitude"]},
        ),
    ]

    def save_model(self, request: HttpRequest, obj: ServiceArea, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        ask_for_rows()

    @admin.action(description=gettext_lazy("Serve these ZIP codes"), permissions=["change"])
    def serve(self, request: HttpRequest, queryset: QuerySet[ServiceArea]) -> None:
        count = queryset.update(is_active=True)
        self.message_user(request, _("Served now: %(count)d.") % {"count": count})

    @admin.action(description=gettext_lazy("Stop serving these ZIP codes"), permissions=["change"])
    def stop_serving(self, request: HttpRequest, queryset: QuerySet[ServiceArea]) -> None:
        count = queryset.update(is_active=False)
        self.message_user(
            request, _("No longer served: %(count)d. Visits already booked stay.") % {"count": count}
        )


@admin.register(BookingRules)
class BookingRulesAdmin(HistoryMixin, StrandingMixin, KindFieldsMixin, SingletonMixin):
    stranding_fields = frozenset({"stairs_minutes", "elevator_minutes"})
    readonly_fields = ["online_booking"]
    fieldsets = [
        (
            gettext_lazy("When visits can be booked"),
            {"fields": ["online_booking", "minimum_notice_minutes", "horizon_days", "granularity_minutes"]},
        ),
        (
            gettext_lazy("Answering requests"),
            {
                "fields": [
                    "confirm_known_clients",
                    "request_expires_after_minutes",
                    "answer_before_minutes",
                    "desk_opens_at",
                    "desk_closes_at",
                    "open_requests_per_client",
                    "prove_within_minutes",
                    "unproved_per_address",
                    "unproved_in_all",
                    "alert_email",
                ]
            },
        ),
        (
            gettext_lazy("How long we keep what people tell us"),
            {
                "fields": [
                    "area_requests_kept_days",
                    "health_kept_months",
                    "clients_kept_years",
                    "health_fresh_days",
                ]
            },
        ),
        (
            gettext_lazy("When we run late"),
            {"fields": ["late_grace_minutes", "late_free_minutes"]},
        ),
        (
            gettext_lazy("Safe at the door"),
            {"fields": ["check_in_overdue_minutes", "check_in_turn_minutes"]},
        ),
        (
            gettext_lazy("Evenings"),
            {"fields": ["evening_starts_at", "evening_ends_at", "evening_fee_cents"]},
        ),
        (
            gettext_lazy("The way to the door"),
            {
                "description": gettext_lazy(
                    "The client tells the way to the door after choosing a time. These minutes are kept free for the "
                    "therapist; the client doesn't pay for them."
                ),
                "fields": ["stairs_minutes", "elevator_minutes"],
            },
        ),
    ]

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The row; locked by a save, which writes all of it, so that a press of the switch meanwhile is not undone."""
        if request.method == "POST":
            list(BookingRules.objects.select_for_update().order_by().values_list("pk"))
        return super().get_object(request, object_id, from_field)

    @admin.display(description=gettext_lazy("online booking"))
    def online_booking(self, rules: BookingRules) -> str:
        """Whether it is on, with a link to its switch."""
        words = _("On: clients can book") if rules.is_open else _("Off: only staff book")
        return format_html('{} · <a href="{}">{}</a>', words, reverse("admin:opening"), _("Change"))
