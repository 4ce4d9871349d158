"""The day board, the week of one therapist, and the sheet to print. All of it is a list; a script draws it to scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone

from bookings.domain.day_board import Column, load_columns
from bookings.forms.staff import DayForm, day_asked
from bookings.models import Therapist
from bookings.staff.labels import clock, long_day, week_start
from bookings.staff.visibility import sees_visits, therapists_seen_by
from massagerx.lib.localtime import local

from .board_columns import column_words, minute_of_day, span_of
from .frame import StaffRequest, desk_page, page, page_or_part, read_key

_PAGES = {"": "board", "board": "_board_columns"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address of a board asks for: a local day, a therapist's key, and when that was."""

    day: date
    therapist: int | None
    now: datetime

    @classmethod
    def of(cls, request: StaffRequest) -> Asked:
        now = timezone.now()
        day = day_asked(request.GET) or timezone.localdate(now)
        return cls(day, read_key(request.GET.get("therapist", "")), now)


@desk_page(sees_visits)
def day_board(request: StaffRequest) -> HttpResponse:
    """One day, a column for each therapist who visits then, or works then and still works for us."""
    asked = Asked.of(request)
    columns = load_columns(
        therapists=list(therapists_seen_by(request.user)),
        first_day=asked.day,
        last_day=asked.day,
        now=asked.now,
    )
    shown = [column for column in columns if column.is_worked]
    context = {
        "title": long_day(asked.day),
        "week": _address("week", asked.day),
        **_turns("day", asked, timedelta(days=1)),
    }
    return page_or_part(request, _PAGES, {**_board(request, "day", asked, shown), **context})


@desk_page(sees_visits)
def week_board(request: StaffRequest) -> HttpResponse:
    """One therapist's week, Sunday to Saturday, a column for each day."""
    asked = Asked.of(request)
    seen = list(therapists_seen_by(request.user))
    therapists = [row for row in seen if row.is_active or row.pk == asked.therapist]
    chosen = next((row for row in therapists if row.pk == asked.therapist), next(iter(therapists), None))
    sunday = week_start(asked.day)
    columns = load_columns(
        therapists=[chosen] if chosen else [],
        first_day=sunday,
        last_day=sunday + timedelta(days=6),
        now=asked.now,
    )
    context = {
        "title": _week_title(sunday),
        "therapists": therapists,
        "chosen": chosen,
        "day_address": _address("day", asked.day),
        **_turns("week", asked, timedelta(days=7), chosen),
    }
    return page_or_part(request, _PAGES, {**_board(request, "week", asked, columns), **context})


@desk_page(sees_visits)
def day_sheet(request: StaffRequest) -> HttpResponse:
    """One therapist's day on paper: who, where, how to get in, when to leave."""
    asked = Asked.of(request)
    therapists = [row for row in therapists_seen_by(request.user) if asked.therapist in (None, row.pk)]
    columns = load_columns(therapists=therapists, first_day=asked.day, last_day=asked.day, now=asked.now)
    context = {
        "title": long_day(asked.day),
        "columns": [column_words(column, now=asked.now) for column in columns if column.visits],
        "back": _address("day", asked.day),
    }
    return page(request, "sheet", context)


# Parts ---------------------------------------------------------------------------------------------------------------


def _board(request: StaffRequest, kind: str, asked: Asked, columns: Sequence[Column]) -> dict[str, Any]:
    """What the two boards show alike."""
    first, last = span_of(columns)
    may_move = request.user.has_perm("bookings.change_booking")
    return {
        "kind": kind,
        "form": DayForm(initial={"day": asked.day}),
        "columns": [column_words(column, may_change=may_move, now=asked.now) for column in columns],
        "first_minute": first,
        "last_minute": last,
        "hours": [(minute, _hour(minute)) for minute in range(first, last, 60)],
        "now": clock(asked.now),
        "shows_now": any(column.day == local(asked.now).date() for column in columns),
        "now_minute": minute_of_day(asked.now, local(asked.now).date()),
        "may_move": may_move,
    }


def _turns(kind: str, asked: Asked, step: timedelta, therapist: Therapist | None = None) -> dict[str, str]:
    """Where the board's buttons lead."""
    return {
        "earlier": _address(kind, asked.day - step, therapist),
        "today": _address(kind, timezone.localdate(asked.now), therapist),
        "later": _address(kind, asked.day + step, therapist),
        "sheet": _address("sheet", asked.day, therapist),
    }


def _address(kind: str, day: date, therapist: Therapist | None = None) -> str:
    query = {"day": str(day), **({"therapist": str(therapist.pk)} if therapist else {})}
    return f"{reverse(f'admin:bookings_booking_{kind}')}?{urlencode(query)}"


def _hour(minute: int) -> str:
    hour = minute // 60 % 24
    return f"{hour % 12 or 12} {'AM' if hour < 12 else 'PM'}"


def _week_title(sunday: date) -> str:
    saturday = sunday + timedelta(days=6)
    return f"{sunday:%b} {sunday.day} – {saturday:%b} {saturday.day}, {saturday.year}"
