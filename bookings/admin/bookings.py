"""The list of bookings, with what can be done to many of them at once."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import F, QuerySet
from django.db.models.expressions import Combinable
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.enums import Tier
from bookings.models import Booking
from bookings.staff.labels import local_when, status_mark, tier_mark, two_lines
from bookings.staff.search import search_visits
from bookings.staff.status_actions import CONFIRM, STATUS_ACTIONS, ReasonForm, StatusAction, perform
from bookings.staff.visibility import only_seen_by, sees_every_visit, sees_own_visits, sees_reports
from bookings.templatetags.portraits import portrait

from .base import RowsOnly
from .filters import AHEAD, DayFilter, TierFilter, ZoneFilter, days_shown

# More rows than this in one go are a slip of the finger: one may be sorry for 'select all 5,000'.
MOST_AT_ONCE = 100


@admin.register(Booking)
class BookingAdmin(RowsOnly):
    list_title = gettext_lazy("Visits")
    list_display = ["who", "when", "comes", "zone", "state", "reference"]
    list_select_related = ["client", "therapist", "service", "area__zone"]
    list_filter = ["status", DayFilter, "therapist", "service", ZoneFilter, TierFilter]
    # Most of the page's time goes into its rows.
    list_per_page = 25
    search_fields = ["reference"]
    is_found_in_bar = True
    search_help_text = gettext_lazy("Name, email, phone in any format, reference, street or ZIP code.")
    actions = [
        "confirm_selected",
        "decline_selected",
        "complete_selected",
        "no_show_selected",
        "cancel_selected",
    ]

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

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        may_export = sees_reports(request.user) and sees_every_visit(request.user)
        return super().changelist_view(request, {"may_export": may_export, **(extra_context or {})})

    @admin.display(description=gettext_lazy("when"), ordering="starts_at")
    def when(self, booking: Booking) -> str:
        return two_lines(booking.starts_at)

    @admin.display(description=gettext_lazy("client"), ordering="client__name")
    def who(self, booking: Booking) -> str:
        service = booking.service.name
        if booking.recipient_name:
            service = _("for %(name)s · %(service)s") % {"name": booking.recipient_name, "service": service}
        return format_html('{}<br><span class="quiet">{}</span>', booking.client.name, service)

    @admin.display(description=gettext_lazy("therapist"), ordering="therapist")
    def comes(self, booking: Booking) -> str:
        face = portrait(booking.therapist, 40)
        return format_html('<span class="comes">{}<span>{}</span></span>', face, booking.therapist.name)

    @admin.display(description=gettext_lazy("zone"), ordering="area__zone__position")
    def zone(self, booking: Booking) -> str:
        zone, code = booking.area.zone.name, booking.area.zip_code
        return format_html('{}<br><span class="quiet">{}</span>', zone, code)

    @admin.display(description=gettext_lazy("status"), ordering="status")
    def state(self, booking: Any) -> str:
        status = status_mark(booking, timezone.now())
        if booking.tier == Tier.CLEAR:
            return status
        return format_html("{}<br>{}", status, tier_mark(booking.tier))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_view_permission(request, obj) or sees_own_visits(request.user)

    def has_finish_permission(self, request: HttpRequest) -> bool:
        """Whether this member of staff may say how a visit ended."""
        return STATUS_ACTIONS["complete"].is_open_to(request.user)

    # Many rows -------------------------------------------------------------------------------------------------------

    @admin.action(description=gettext_lazy("Confirm"), permissions=["change"])
    def confirm_selected(self, request: HttpRequest, queryset: QuerySet[Booking]) -> HttpResponse | None:
        return self._do_many(request, queryset, STATUS_ACTIONS["confirm"])

    @admin.action(description=gettext_lazy("Decline"), permissions=["change"])
    def decline_selected(self, request: HttpRequest, queryset: QuerySet[Booking]) -> HttpResponse | None:
        return self._do_many(request, queryset, STATUS_ACTIONS["decline"])

    @admin.action(description=gettext_lazy("Mark as completed"), permissions=["finish"])
    def complete_selected(self, request: HttpRequest, queryset: QuerySet[Booking]) -> HttpResponse | None:
        return self._do_many(request, queryset, STATUS_ACTIONS["complete"])

    @admin.action(description=gettext_lazy("Mark as no-show"), permissions=["finish"])
    def no_show_selected(self, request: HttpRequest, queryset: QuerySet[Booking]) -> HttpResponse | None:
        return self._do_many(request, queryset, STATUS_ACTIONS["no-show"])

    @admin.action(description=gettext_lazy("Cancel the visits"), permissions=["change"])
    def cancel_selected(self, request: HttpRequest, queryset: QuerySet[Booking]) -> HttpResponse | None:
        return self._do_many(request, queryset, STATUS_ACTIONS["cancel"])

    def _do_many(
        self, request: HttpRequest, queryset: QuerySet[Booking], action: StatusAction
    ) -> HttpResponse | None:
        """Does it to each visit, in the order of their starts. What can't be taken back is asked about first."""
        rows = queryset.select_related("client", "therapist").order_by("starts_at")
        chosen = list(rows[: MOST_AT_ONCE + 1])
        if len(chosen) > MOST_AT_ONCE:
            sentence = _("Choose at most %(most)d bookings at a time; nothing was changed.")
            self.message_user(request, sentence % {"most": MOST_AT_ONCE}, messages.ERROR)
            return None
        form = ReasonForm(request.POST if "sure" in request.POST or not action.asks_first else None)
        if not form.is_valid():
            return self._ask(request, chosen, action, form)
        confirmed: set[Any] = set()
        for booking in chosen:
            pair = (booking.together or booking.pk, booking.starts_at)
            if pair in confirmed:
                continue  # with the one beside it, whose sentence names both
            ok, sentence = perform(
                action,
                booking,
                actor=request.user,  # type: ignore[arg-type]  # the admin lets nobody else in
                now=timezone.now(),
                told=form.cleaned_data,
            )
            self.message_user(request, sentence, messages.SUCCESS if ok else messages.ERROR)
            if ok and action.slug == CONFIRM:
                confirmed.add(pair)
        return None

    def _ask(
        self, request: HttpRequest, chosen: list[Booking], action: StatusAction, form: ReasonForm
    ) -> HttpResponse:
        """Names the visits and asks why: the clients get an email, and none of it can be taken back."""
        context = {
            **self.admin_site.each_context(request),
            "title": _("%(status_action)s: are you sure?") % {"status_action": action.label},
            "status_action": action,
            "action": request.POST["action"],
            "checkbox": ACTION_CHECKBOX_NAME,
            "form": form,
            "visits": [
                {
                    "pk": booking.pk,
                    "reference": booking.reference,
                    "who": booking.visit_for,
                    "when": local_when(booking.starts_at),
                    "therapist": booking.therapist.name,
                    "status": status_mark(booking, timezone.now()),
                }
                for booking in chosen
            ],
        }
        return TemplateResponse(request, "admin/bookings/booking/sure.html", context)
