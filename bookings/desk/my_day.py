"""A therapist's own pages, made for a phone between two doors: the day with what to do at this moment, and "Me"."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import F, Q, Subquery
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from bookings.domain import operations
from bookings.domain.check_ins import is_at_a_door
from bookings.domain.day_board import Column, Visit, load_columns, read_visits
from bookings.enums import BookingStatus, StepKind
from bookings.exceptions import BookingError
from bookings.models import AccessNotes, Booking, VisitStep
from bookings.models.steps import waits_until
from bookings.refusals import stranding_words
from bookings.staff.client_notes import notes_on
from bookings.staff.labels import (
    ACCESS_LABELS,
    access_lines,
    clock,
    clock_span,
    drive_words,
    local_when,
    long_day,
    way_url,
)
from bookings.staff.visibility import FINISH_OWN, sees_own_visits, sees_way_in, therapists_seen_by
from massagerx.lib.localtime import day_bounds, local
from services.models import Business

from .check_ins import check_in_at
from .frame import CHANGE, StaffRequest, desk_page, page, say
from .steps import walk_of

ADD_TIME_OFF = "bookings.add_timeoff"

# Visits of so many days back are asked about while nobody has said how they ended.
LOOKS_BACK = timedelta(days=14)
MOST_OPEN = 10


def day_page(request: StaffRequest, changes: Sequence[dict[str, Any]]) -> HttpResponse:
    """What a therapist needs to know now. `changes` are rows of late changes that wait for an answer."""
    now = timezone.now()
    day = local(now).date()
    context = {
        "title": f"{day:%a}, {day:%b} {day.day}",
        "changes": changes,
        **my_day(request.user, now),
    }
    return page(request, "my/day", context)


@desk_page(sees_own_visits)
@require_safe
def me_page(request: StaffRequest) -> HttpResponse:
    """What is a therapist's own and not the day's: log-in, second factor, and the lists they may open."""
    context = {
        **frame(),
        "title": _("Me"),
        "therapist": therapists_seen_by(request.user).first(),
        "app_list": admin.site.get_app_list(request),
    }
    return page(request, "my/me", context)


@desk_page(sees_own_visits, ADD_TIME_OFF)
def stay_away(request: StaffRequest) -> HttpResponse:
    """“I can’t come today”: one press takes the rest of the day off, and the desk hears of each visit at once."""
    therapist = therapists_seen_by(request.user).first()
    if request.method != "POST" or therapist is None:
        return redirect("admin:index")
    try:
        found = operations.stay_away_today(
            therapist=therapist, now=timezone.now(), reason=_("Can’t come today")
        )
    except BookingError:
        words = _("Somebody is changing one of your visits at this moment. Please press once more.")
        say(request, False, words)
        return redirect("admin:index")
    if not found:
        say(request, True, _("You are off for the rest of today. No visits were booked."))
        return redirect("admin:index")
    words = ngettext(
        "You are off for the rest of today. The desk has been told that %(count)d visit needs somebody else.",
        "You are off for the rest of today. The desk has been told that %(count)d visits need somebody else.",
        len(found),
    )
    say(request, True, words % {"count": len(found)})
    return redirect("admin:index")


def frame() -> dict[str, Any]:
    """What the frame of these pages needs: whom to call."""
    return {"business": Business.load()}


# The day -------------------------------------------------------------------------------------------------------------


def my_day(user: User, now: datetime) -> dict[str, Any]:
    """The moment, today and tomorrow. Without a therapist behind the log-in only `is_unknown` is there. As many
    queries on a full day as on an empty one: five, and one each where there are steps, corrected drives, and notes on
    the next client."""
    phone = Business.objects.order_by().values("phone")[:1]
    seen = therapists_seen_by(user)
    therapist = seen.annotate(desk_phone=Subquery(phone), is_at_a_door=is_at_a_door(now)).first()
    if therapist is None:
        return {**frame(), "is_unknown": True}
    today = local(now).date()
    tomorrow = today + timedelta(days=1)
    over = Q(status=BookingStatus.CONFIRMED, starts_at__gt=now - LOOKS_BACK, ends_at__lte=now)
    rows = read_visits(
        [therapist],
        today,
        tomorrow,
        beside=over,
        # The next visit's alone are opened.
        sealed_access=AccessNotes.sealed(),
        wait_minutes=F("terms_version__wait_minutes"),
    )
    columns = load_columns(
        therapists=[therapist],
        first_day=today,
        last_day=tomorrow,
        now=now,
        visits=[row for row in rows if local(row.starts_at).date() >= today],
    )
    coming = [visit for visit in columns[0].visits if visit.is_ahead(now)]
    after = [visit for visit in columns[1].visits if visit.is_ahead(now)]
    following = next(iter([*coming, *after]), None)
    open_ones = _over(rows, now)
    steps = _steps([row for row in rows if row.has_steps])
    return {
        "business": Business(phone=therapist.desk_phone),
        "count": len(columns[0].visits),
        "next": _next(user, following, steps[following.booking.pk], now) if following is not None else None,
        "next_is_tomorrow": not coming,
        "over": [
            {
                "booking": row,
                "when": local_when(row.starts_at),
                "walk": walk_of(row, steps[row.pk], now),
                "waits": _waits(row, row.wait_minutes, steps[row.pk], now),
            }
            for row in open_ones
        ],
        "check_in": check_in_at(therapist, now) if therapist.is_at_a_door else None,
        "asks_first": _asks_first(open_ones, coming, now),
        "may_finish": user.has_perm(FINISH_OWN),
        "may_stay_away": user.has_perm(ADD_TIME_OFF) and not _is_off(columns[0], now),
        "course": list(_course(columns[0], now)),
        "tomorrow": list(_course(columns[1], now)),
        "tomorrow_count": len(columns[1].visits),
    }


def _is_off(column: Column, now: datetime) -> bool:
    """Whether the rest of the day is off already."""
    ends_at = day_bounds(column.day)[1]
    return any(start <= now and end >= ends_at for start, end in column.plan.off)


def _steps(visits: Sequence[Booking]) -> dict[int, list[VisitStep]]:
    """What was pressed for these visits, by visit; one query, and none where there are none."""
    found: dict[int, list[VisitStep]] = defaultdict(list)
    if visits:
        for step in VisitStep.objects.filter(booking__in=[visit.pk for visit in visits]).standing():
            found[step.booking_id].append(step)
    return found


def _over(rows: Sequence[Any], now: datetime) -> list[Any]:
    """Visits that are over and of which nobody has said how they ended, the latest first."""
    over = [row for row in rows if row.status == BookingStatus.CONFIRMED and row.ends_at <= now]
    return sorted(over, key=lambda row: row.starts_at, reverse=True)[:MOST_OPEN]


def _asks_first(over: Sequence[Booking], coming: Sequence[Visit], now: datetime) -> bool:
    """Whether to ask how a visit went is the moment's one thing: nobody has to be on the road or at a door, and what
    is asked about was today wherever another visit is still to come."""
    if not over:
        return False
    if not coming:
        return True
    was_today = local(over[0].starts_at).date() == local(now).date()
    return was_today and now < _leaves_at(coming[0])


def _leaves_at(visit: Visit) -> datetime:
    """The latest moment to leave for it, or where nobody knows the drive, to be at the door."""
    leaves_at = visit.drive.leaves_at if visit.drive is not None else None
    return leaves_at or visit.booking.blocked_from


def _next(user: User, visit: Visit, steps: list[VisitStep], now: datetime) -> dict[str, Any]:
    """The next visit, or the one that goes on."""
    booking, drive = visit.booking, visit.drive
    walk = walk_of(booking, steps, now)
    state = _state(booking, walk, now)
    return {
        "booking": booking,
        "url": reverse("admin:bookings_booking_change", args=[booking.pk]),
        "span": clock_span(booking.starts_at, booking.ends_at),
        "state": state,
        "walk": walk,
        "waits": _waits(booking, booking.wait_minutes, steps, now),
        "leave_by": clock(drive.leaves_at) if drive is not None and drive.leaves_at is not None else "",
        "is_late": state == "before" and not walk["has_left"] and now > _leaves_at(visit),
        "drive": drive_words(drive) if drive is not None else "",
        "stranded": stranding_words(visit.stranded) if visit.stranded else "",
        "is_request": booking.status == BookingStatus.REQUESTED,
        "needs_a_look": visit.needs_a_look,
        "has_caution": visit.has_caution,
        "notes": notes_on(user, [booking.client_id])[booking.client_id] if booking.has_door_note else [],
        **way_in(user, booking),
    }


def _state(booking: Booking, walk: dict[str, Any], now: datetime) -> str:
    """What its times and presses make of a visit: `before` the door, `at_door`, or `begun`."""
    if now >= booking.starts_at:
        return "begun"
    return "at_door" if walk["is_there"] or now >= booking.blocked_from else "before"


def _waits(booking: Booking, minutes: int, steps: list[VisitStep], now: datetime) -> str:
    """Until when the therapist waits at the door for a client who isn't there, as a clock shows it; empty before the
    visit's start as long as they haven't arrived, and once it is over."""
    until = waits_until(booking.starts_at, minutes, steps)
    is_there = now >= booking.starts_at or any(step.kind == StepKind.ARRIVED for step in steps)
    return clock(until) if is_there and now < until else ""


def way_in(user: User, booking: Any) -> dict[str, Any]:
    """How to get to the door and through it, as `my/_door.html` shows it. One query at most, and none where the notes
    came sealed with the visit."""
    lines, is_lost = access_lines(booking) if sees_way_in(user) else ([], False)
    gate = ACCESS_LABELS["gate_code"]
    return {
        "gate": next((text for label, text in lines if label == gate), ""),
        "access": [(label, text) for label, text in lines if label != gate],
        "access_lost": is_lost,
        "way_url": way_url(booking),
    }


def _course(column: Column, now: datetime) -> Iterator[dict[str, Any]]:
    """A day's stations by time: drives, visits, free stretches, time off, the way home. Of what is past only the
    visits stay."""
    stations = [*_visit_stations(column), *_other_stations(column)]
    for at, kind, more in sorted(stations, key=lambda station: station[0]):
        is_past = more.pop("ends_at", at) <= now
        if kind == "visit" or not is_past:
            yield {"at": clock(at), "kind": kind, "is_past": is_past, **more}


def _visit_stations(column: Column) -> Iterator[tuple[datetime, str, dict[str, Any]]]:
    for visit in column.visits:
        booking, drive = visit.booking, visit.drive
        if drive is not None and drive.leaves_at is not None and drive.minutes:
            yield drive.leaves_at, "drive", {"drive": drive_words(drive)}
        if booking.blocked_from < booking.starts_at:
            yield booking.blocked_from, "set_up", {"zip_code": booking.area.zip_code}
        words = {
            "booking": booking,
            "ends_at": booking.ends_at,
            "until": clock(booking.ends_at),
            "url": reverse("admin:bookings_booking_change", args=[booking.pk]),
            "is_request": booking.status == BookingStatus.REQUESTED,
            "needs_a_look": visit.needs_a_look,
            "has_caution": visit.has_caution,
            "has_notes": booking.has_door_note,
            "stranded": stranding_words(visit.stranded) if visit.stranded else "",
        }
        yield booking.starts_at, "visit", words


def _other_stations(column: Column) -> Iterator[tuple[datetime, str, dict[str, Any]]]:
    # First: one is home before one is free.
    if column.visits and column.way_home is not None and column.way_home.arrives_at is not None:
        yield column.way_home.arrives_at, "home", {}
    for start, end in column.gaps:
        yield start, "free", {"ends_at": end, "until": clock(end)}
    for start, end in column.plan.off:
        yield start, "off", {"ends_at": end, "until": clock(end)}


# A visit -------------------------------------------------------------------------------------------------------------


def therapist_visit(user: User, booking: Any, now: datetime) -> dict[str, Any]:
    """What a visit's page says to the therapist beside the facts that staff see."""
    steps = _steps([booking])[booking.pk]
    walk = walk_of(booking, steps, now)
    check_in = check_in_at(booking.therapist, now) if walk["is_there"] else None
    return {
        **frame(),
        **way_in(user, booking),
        "day": long_day(local(booking.starts_at).date()),
        "span": clock_span(booking.starts_at, booking.ends_at),
        "may_finish": user.has_perm(FINISH_OWN) or user.has_perm(CHANGE),
        "walk": walk,
        "waits": _waits(booking, booking.terms_version.wait_minutes, steps, now)
        if booking.status == BookingStatus.CONFIRMED
        else "",
        "state": _state(booking, walk, now),
        "is_on_the_way": booking.status == BookingStatus.CONFIRMED
        and operations.is_near(booking, now)
        and (not walk["is_there"] or walk["undo"] is not None),
        "check_in": check_in if check_in is not None and check_in["booking"] == booking else None,
        "ended_open": booking.status == BookingStatus.CONFIRMED and booking.starts_at <= now,
        "is_over": booking.ends_at <= now,
        "ends_now": booking.ends_at <= now or walk["is_there"],
        "last_visit": _last_visit(booking),
    }


def _last_visit(booking: Any) -> dict[str, str] | None:
    """The client's last visit before this one: its local day, what it was, and who made it; None for the first."""
    earlier = Booking.objects.filter(
        client=booking.client_id, status=BookingStatus.COMPLETED, starts_at__lt=booking.starts_at
    )
    found = (
        earlier.order_by("-starts_at").values_list("starts_at", "service__name", "therapist__name").first()
    )
    if found is None:
        return None
    starts_at, service, name = found
    return {"day": long_day(local(starts_at).date()), "service": service, "by": name}
