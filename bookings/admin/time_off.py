"""Time off, everybody's for the desk and one's own for a therapist; and extra hours on single dates."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Max, Min, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.domain import operations
from bookings.enums import WishState
from bookings.forms.staff import day_asked
from bookings.forms.time_off import TimeOffForm
from bookings.models import Booking, ExtraHours, Therapist, TimeOff, TimeOffWish, WorkingHours
from bookings.notifications.wording import span_of_days
from bookings.staff.labels import rescue_url
from bookings.staff.visibility import only_seen_by, sees_every_visit
from massagerx.lib.admin import KindFieldsMixin, ListMixin
from massagerx.lib.localtime import day_bounds, local

from .people import HoursForm
from .stranding import StrandingMixin


@admin.register(TimeOff)
class TimeOffAdmin(StrandingMixin, KindFieldsMixin, ListMixin):
    form = TimeOffForm
    list_display = ["therapist", "starts_at", "ends_at", "reason"]
    list_filter = ["therapist"]
    list_select_related = ["therapist"]
    ordering = ["-starts_at"]
    change_list_template = "admin/bookings/time_off_list.html"
    fields = ["therapist", "first_day", "last_day", "all_day", "from_time", "until_time", "reason"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[TimeOff]:
        return only_seen_by(request.user, super().get_queryset(request), "therapist")

    def get_list_filter(self, request: HttpRequest) -> Any:
        return super().get_list_filter(request) if sees_every_visit(request.user) else []

    def get_list_display(self, request: HttpRequest) -> Any:
        shown = super().get_list_display(request)
        return shown if sees_every_visit(request.user) else shown[1:]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """All of today for the desk, which somebody has just called, and of tomorrow for a therapist, whose own page of
        today has a press for it; with `?day=2026-11-27` all of that day. Without the tick, the hours that a therapist
        would have worked then."""
        today, is_desk = timezone.localdate(), sees_every_visit(request.user)
        day = day_asked(request.GET) or (today if is_desk else today + timedelta(days=1))
        own = only_seen_by(request.user, WorkingHours.objects.all(), "therapist")
        hours = {} if is_desk else _hours_of(day, own)
        return {"first_day": day, **hours, **super().get_changeform_initial_data(request)}

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

    def only_asks(self, request: HttpRequest) -> bool:
        return not sees_every_visit(request.user)

    def way_out(self, request: HttpRequest, row: TimeOff, first: Booking) -> tuple[str, str]:
        """The rescue of a day writes down new time off of that day alone, for who may add it; other time off is saved
        first."""
        if not (sees_every_visit(request.user) and request.user.has_perm("bookings.change_booking")):
            return "", ""
        start, end = day_bounds(local(first.starts_at).date())
        is_of_that_day = start <= row.starts_at and row.ends_at <= end
        is_new = not TimeOff.objects.filter(pk=row.pk).exists()
        if is_of_that_day and is_new and request.user.has_perm("bookings.add_timeoff"):
            words = _(
                "It finds another therapist or time for each visit, and writes the time off down with the reason that "
                "you give there."
            )
            return rescue_url(row, first), words
        return "", _(
            "Press “Save anyway” first. Then “Rescue the day”, beside each visit on the front page, finds another "
            "therapist or time, day by day."
        )

    def ask_the_desk(self, request: HttpRequest, row: TimeOff) -> HttpResponse:
        operations.wish_for_time_off(
            therapist=row.therapist,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            reason=row.reason,
            now=timezone.now(),
        )
        words = _("The desk has been asked. Until it answers, the visits stay yours.")
        self.message_user(request, words)
        return redirect("admin:bookings_timeoff_changelist")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """With what was asked of the desk and is still to come, for who asked and who answers."""
        wishes = only_seen_by(
            request.user, TimeOffWish.objects.filter(ends_at__gt=timezone.now()), "therapist"
        )
        rows = (
            wishes.exclude(state=WishState.APPROVED).select_related("therapist").order_by("starts_at", "pk")
        )
        context = {
            "wishes": [
                {
                    "row": row,
                    "span": span_of_days(row.starts_at, row.ends_at),
                    "is_open": row.state == WishState.OPEN,
                }
                for row in rows
            ],
            "may_answer": sees_every_visit(request.user),
        }
        return super().changelist_view(request, {**context, **(extra_context or {})})


def _hours_of(day: date, rows: QuerySet[WorkingHours]) -> dict[str, Any]:
    """From when to when these weekly hours go on a local day."""
    in_force = rows.filter(
        Q(valid_from=None) | Q(valid_from__lte=day),
        Q(valid_until=None) | Q(valid_until__gte=day),
        weekday=day.weekday(),
    )
    return in_force.aggregate(from_time=Min("starts_at"), until_time=Max("ends_at"))


class ExtraHoursForm(HoursForm):
    class Meta:
        model = ExtraHours
        fields = ["therapist", "date", "starts_at", "ends_at", "zones"]
        widgets = {"zones": forms.CheckboxSelectMultiple}


@admin.register(ExtraHours)
class ExtraHoursAdmin(StrandingMixin, KindFieldsMixin, ListMixin):
    """A page of their own: on the therapist's page some years of them would be more fields than one form may send."""

    form = ExtraHoursForm
    list_display = ["therapist", "date", "starts_at", "ends_at"]
    list_filter = ["therapist"]
    list_select_related = ["therapist"]
    ordering = ["-date", "starts_at"]
    fields = ["therapist", "date", "starts_at", "ends_at", "zones"]

    def stranding_therapists(self, obj: ExtraHours) -> Collection[int]:
        return {obj.therapist_id}
