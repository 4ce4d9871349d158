"""The list of bookings, and the parts that make its admin: a page per visit, the board, moving, the phone, reports."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import F, QuerySet
from django.db.models.expressions import Combinable
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.models import Booking
from massagerx.lib.admin import ListMixin

from .board import BoardMixin
from .filters import AHEAD, DayFilter, TierFilter, ZoneFilter, days_shown
from .labels import status_mark, tier_mark, two_lines
from .moving import MovingMixin
from .reports import ReportsMixin, sees_reports
from .search import search_visits
from .staff_booking import StaffBookingMixin
from .visibility import only_seen_by, sees_every_visit, sees_own_visits
from .visit import VisitMixin


@admin.register(Booking)
class BookingAdmin(BoardMixin, MovingMixin, StaffBookingMixin, ReportsMixin, VisitMixin, ListMixin):
    list_display = ["reference", "when", "who", "therapist", "zone", "state", "screened"]
    list_select_related = ["client", "therapist", "service", "area__zone"]
    list_filter = ["status", DayFilter, "therapist", "service", ZoneFilter, TierFilter]
    # Most of the page's time goes into its rows.
    list_per_page = 25
    show_full_result_count = False
    search_fields = ["reference"]
    search_help_text = gettext_lazy("Name, email, phone in any format, reference, street or ZIP code.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Booking]:
        # The tier alone: to join the whole screening would decrypt the answers of every row.
        rows = super().get_queryset(request).annotate(tier=F("screening__tier"))
        return only_seen_by(request.user, rows, "therapist")

    def get_ordering(self, request: HttpRequest) -> list[str | Combinable]:
        """The next visit first, or where the past is shown the latest."""
        return ["starts_at" if days_shown(request) in AHEAD else "-starts_at"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Booking], search_term: str
    ) -> tuple[QuerySet[Booking], bool]:
        return search_visits(queryset, search_term), False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        may_export = sees_reports(request.user) and sees_every_visit(request.user)
        context = {"title": _("Bookings"), "may_export": may_export, **(extra_context or {})}
        response: HttpResponse = super().changelist_view(request, context)
        return response

    @admin.display(description=gettext_lazy("when"), ordering="starts_at")
    def when(self, booking: Booking) -> str:
        return two_lines(booking.starts_at)

    @admin.display(description=gettext_lazy("client"), ordering="client__name")
    def who(self, booking: Booking) -> str:
        name, service = booking.client.name, booking.service.name
        return format_html('{}<br><span class="quiet">{}</span>', name, service)

    @admin.display(description=gettext_lazy("zone"), ordering="area__zone__position")
    def zone(self, booking: Booking) -> str:
        zone, code = booking.area.zone.name, booking.area.zip_code
        return format_html('{}<br><span class="quiet">{}</span>', zone, code)

    @admin.display(description=gettext_lazy("status"), ordering="status")
    def state(self, booking: Booking) -> str:
        return status_mark(booking.status)

    @admin.display(description=gettext_lazy("screening"), ordering="screening__tier")
    def screened(self, booking: Any) -> str:
        return tier_mark(booking.tier)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_view_permission(request, obj) or sees_own_visits(request.user)
