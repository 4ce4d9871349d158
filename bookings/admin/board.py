"""The day board, the week of one therapist, and the sheet to print. All of it is a list; a script draws it to scale."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy

from bookings.domain import operations
from bookings.domain.day_board import Column, Visit, load_columns
from bookings.domain.scheduling import Drive
from bookings.models import Booking, Therapist
from massagerx.lib.admin import FIRST_DAY, LAST_DAY
from massagerx.lib.localtime import day_bounds, local

from .labels import clock, clock_span, drive_words, local_span, long_day, week_start
from .visibility import sees_every_visit, sees_own_visits, therapists_seen_by

# The board shows at least these hours, as minutes after local midnight, and more where there is more.
_FROM, _UNTIL = 8 * 60, 19 * 60


class DayForm(forms.Form):
    """Which day, and of whom. What can't be read counts as not given."""

    day = forms.DateField(
        label=gettext_lazy("Day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )


class BoardMixin(admin.ModelAdmin):
    """Adds the board's pages to the admin of bookings."""

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [
            path("day/", wrap(self.day_view), name="bookings_booking_day"),
            path("day/sheet/", wrap(self.sheet_view), name="bookings_booking_sheet"),
            path("week/", wrap(self.week_view), name="bookings_booking_week"),
        ]
        return own + super().get_urls()

    def day_view(self, request: HttpRequest) -> HttpResponse:
        """One day, a column for each therapist who works or visits then."""
        day, now = self._day(request), timezone.now()
        therapists = self._seen(request)
        columns = load_columns(therapists=therapists, first_day=day, last_day=day, now=now)
        shown = [column for column in columns if column.visits or column.plan.hours]
        return self._board(request, "day", shown, day=day, now=now)

    def week_view(self, request: HttpRequest) -> HttpResponse:
        """One therapist's week, Sunday to Saturday, a column for each day."""
        day, now = self._day(request), timezone.now()
        therapists = [row for row in self._seen(request) if row.is_active or self._asked(request) == row.pk]
        sunday = week_start(day)
        chosen = next((row for row in therapists if row.pk == self._asked(request)), None)
        chosen = chosen or next(iter(therapists), None)
        columns = load_columns(
            therapists=[chosen] if chosen else [],
            first_day=sunday,
            last_day=sunday + timedelta(days=6),
            now=now,
        )
        return self._board(request, "week", columns, day=day, now=now, therapists=therapists, chosen=chosen)

    def sheet_view(self, request: HttpRequest) -> HttpResponse:
        """One therapist's day on paper: who, where, how to get in, when to leave."""
        day, now = self._day(request), timezone.now()
        therapists = [row for row in self._seen(request) if self._asked(request) in (None, row.pk)]
        columns = load_columns(therapists=therapists, first_day=day, last_day=day, now=now)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": long_day(day),
            "day": day,
            "columns": [self._column(request, column, now) for column in columns if column.visits],
            "back": f"{reverse('admin:bookings_booking_day')}?day={day}",
        }
        return TemplateResponse(request, "admin/bookings/board/sheet.html", context)

    # Parts -------------------------------------------------------------------------------------------------------

    def _seen(self, request: HttpRequest) -> Sequence[Therapist]:
        if not (sees_every_visit(request.user) or sees_own_visits(request.user)):
            raise PermissionDenied
        return list(therapists_seen_by(request.user))

    @staticmethod
    def _day(request: HttpRequest) -> date:
        form = DayForm(request.GET)
        day = form.cleaned_data["day"] if form.is_valid() else None
        if day is None or not FIRST_DAY <= day <= LAST_DAY:
            return timezone.localdate()
        return day

    @staticmethod
    def _asked(request: HttpRequest) -> int | None:
        value = request.GET.get("therapist", "")
        return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else None

    def _board(
        self,
        request: HttpRequest,
        kind: str,
        columns: Sequence[Column],
        *,
        day: date,
        now: datetime,
        therapists: Sequence[Therapist] = (),
        chosen: Therapist | None = None,
    ) -> HttpResponse:
        step = timedelta(days=1 if kind == "day" else 7)
        first, last = _span(columns)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": long_day(day) if kind == "day" else _week_title(week_start(day)),
            "kind": kind,
            "day": day,
            "form": DayForm(initial={"day": day}),
            "therapists": therapists,
            "chosen": chosen,
            "columns": [self._column(request, column, now) for column in columns],
            "first_minute": first,
            "last_minute": last,
            "hours": [(minute, _hour(minute)) for minute in range(first, last, 60)],
            "now": clock(now),
            "now_minute": _minute(now, local(now).date()),
            "may_move": self.has_change_permission(request),
            "earlier": self._address(kind, day - step, chosen),
            "today": self._address(kind, timezone.localdate(now), chosen),
            "later": self._address(kind, day + step, chosen),
            "week": self._address("week", day, chosen),
            "day_address": self._address("day", day, None),
            "sheet": self._address("sheet", day, chosen if kind == "week" else None),
        }
        # The same page for the script that keeps it fresh: only the part that changes.
        part = request.headers.get("X-Part") == "board"
        name = "admin/bookings/board/_columns.html" if part else "admin/bookings/board/board.html"
        response = TemplateResponse(request, name, context)
        response["Cache-Control"] = "no-store"
        response["Vary"] = "X-Part"
        return response

    @staticmethod
    def _address(kind: str, day: date, therapist: Therapist | None) -> str:
        query = {"day": str(day), **({"therapist": str(therapist.pk)} if therapist else {})}
        return f"{reverse(f'admin:bookings_booking_{kind}')}?{urlencode(query)}"

    def _column(self, request: HttpRequest, column: Column, now: datetime) -> dict[str, Any]:
        day, may_change = column.day, self.has_change_permission(request)
        items = [self._card(visit, day, may_change=may_change, now=now) for visit in column.visits]
        book = self._address("book", day, None) + f"&therapist={column.therapist.slug}" if may_change else ""
        items += [
            {**_stretch("gap", start, end, day), "book": book if end > now else ""}
            for start, end in column.gaps
        ]
        items += [_stretch("hold", start, end, day) for start, end in column.plan.holds]
        items += [_stretch("off", start, end, day) for start, end in column.plan.off]
        home = column.way_home
        return {
            "therapist": column.therapist,
            "day": day,
            "day_words": long_day(day),
            "short_day": f"{day:%a} {day.day}",
            "is_today": day == timezone.localdate(),
            "count": len(column.visits),
            "treatment_minutes": column.treatment_minutes,
            "drive_minutes": column.drive_minutes,
            "hours": [
                {"from": _minute(start, day), "until": _minute(end, day), "words": clock_span(start, end)}
                for start, end in column.plan.hours
            ],
            "items": sorted(items, key=lambda item: (item["from"], item["until"])),
            "home": _drive(home, day) if home else None,
        }

    @staticmethod
    def _card(visit: Visit, day: date, *, may_change: bool, now: datetime) -> dict[str, Any]:
        booking: Booking = visit.booking
        may_move = may_change and booking.status in operations.MOVABLE and booking.starts_at > now
        return {
            "kind": "visit",
            "booking": booking,
            "from": _minute(booking.blocked_from, day),
            "until": _minute(booking.blocked_until, day),
            "treatment_from": _minute(booking.starts_at, day),
            "treatment_until": _minute(booking.ends_at, day),
            "treatment": local_span(booking.starts_at, booking.ends_at),
            "clocks": clock_span(booking.starts_at, booking.ends_at),
            "door": clock_span(booking.blocked_from, booking.blocked_until),
            "at_door": local_span(booking.blocked_from, booking.blocked_until),
            "drive": _drive(visit.drive, day) if visit.drive else None,
            "needs_a_look": visit.needs_a_look,
            "has_caution": visit.has_caution,
            "map_url": map_url(booking),
            "address": reverse("admin:bookings_booking_change", args=[booking.pk]),
            "move": reverse("admin:bookings_booking_move", args=[booking.pk]) if may_move else "",
        }


def map_url(booking: Booking) -> str:
    """Where a map shows the address; opened only when somebody presses it."""
    return f"https://www.openstreetmap.org/search?{urlencode({'query': _door(booking)})}"


def way_url(booking: Booking) -> str:
    """What a phone opens in its own map app, with the way from where it is; opened only when somebody presses it."""
    query = urlencode({"api": "1", "destination": _door(booking), "travelmode": "driving"})
    return f"https://www.google.com/maps/dir/?{query}"


def _door(booking: Booking) -> str:
    return f"{booking.street}, {booking.city}, CA {booking.area.zip_code}"


def _drive(drive: Drive, day: date) -> dict[str, Any]:
    return {
        "minutes": drive.minutes,
        "length": drive_words(drive),
        "fits": drive.fits,
        "from": _minute(drive.leaves_at, day) if drive.leaves_at else None,
        "until": _minute(drive.arrives_at, day) if drive.arrives_at else None,
        "leave_by": clock(drive.leaves_at) if drive.leaves_at else "",
        "arrive": clock(drive.arrives_at) if drive.arrives_at else "",
    }


def _stretch(kind: str, start: datetime, end: datetime, day: date) -> dict[str, Any]:
    first, last = day_bounds(day)
    start, end = max(start, first), min(end, last)
    return {
        "kind": kind,
        "from": _minute(start, day),
        "until": _minute(end, day),
        "words": clock_span(start, end),
    }


def _minute(instant: datetime, day: date) -> int:
    """Where an instant stands on the day's scale: real minutes since local midnight."""
    return int((instant - day_bounds(day)[0]).total_seconds() // 60)


def _span(columns: Sequence[Column]) -> tuple[int, int]:
    """From which whole hour to which the board is drawn."""
    marks = [_FROM, _UNTIL]
    for column in columns:
        spans = [
            *column.plan.hours,
            *((v.booking.blocked_from, v.booking.blocked_until) for v in column.visits),
        ]
        marks += [_minute(instant, column.day) for span in spans for instant in span]
        marks += [
            _minute(instant, column.day)
            for drive in column.plan.drives
            for instant in (drive.leaves_at, drive.arrives_at)
            if instant is not None
        ]
    return min(marks) // 60 * 60, -(-max(marks) // 60) * 60


def _hour(minute: int) -> str:
    hour = minute // 60 % 24
    return f"{hour % 12 or 12} {'AM' if hour < 12 else 'PM'}"


def _week_title(sunday: date) -> str:
    saturday = sunday + timedelta(days=6)
    return f"{sunday:%b} {sunday.day} – {saturday:%b} {saturday.day}, {saturday.year}"
