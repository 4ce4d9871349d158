"""The front page: who waits, what is in trouble, today by therapist. Its queries don't grow with how much there is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Q
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.domain import queries
from bookings.domain.day_board import Column, load_columns
from bookings.domain.operations import expires_at
from bookings.domain.outbox import LATE_MINUTES, may_send_again, oldest_due_minutes
from bookings.enums import ChangeState, LateFeeState, MessageState
from bookings.models import (
    AreaRequest,
    Booking,
    BookingRules,
    ChangeRequest,
    ContactMessage,
    ExtraHours,
    LateFee,
    Message,
    ScreeningVersion,
    Therapist,
    WorkingHours,
)
from bookings.models.intake import NEEDS_NO_NOTE
from bookings.staff.labels import clock, local_when, long_day, tier_mark, time_left
from bookings.staff.late_changes import change_words
from bookings.staff.messages import message_mark
from bookings.staff.visibility import (
    only_seen_by,
    sees_every_visit,
    sees_own_visits,
    sees_rows,
    therapists_seen_by,
)
from massagerx.lib.localtime import day_bounds, local
from services.models import Business
from services.templatetags.money import dollars

from .frame import StaffRequest, desk_page, page
from .my_day import day_page

MOST_ROWS = 20
LATE = timedelta(minutes=LATE_MINUTES)
# The council takes weeks to renew a certificate.
LAPSES_SOON = timedelta(days=45)


@desk_page()
def front_page(request: StaffRequest) -> HttpResponse:
    """Requests waiting and messages from the site (oldest first), messages in trouble, and what the owner still has to
    do; each for those who may see it. A therapist has a page of their own."""
    if sees_own_visits(request.user):
        return day_page(
            request,
            _late_changes(request.user)["changes"] if sees_rows(request.user, "changerequest") else [],
        )
    context = {
        "title": _("Today at the desk"),
        "desk": {name: value for part in _parts(request.user) for name, value in part.items()},
    }
    return page(request, "front_page", context)


def _parts(user: User) -> Iterator[dict[str, Any]]:
    now = timezone.now()
    may_see_bookings, may_see_messages = sees_every_visit(user), user.has_perm("bookings.view_message")
    yield {
        "sample_data": user.has_perm("services.change_business") and Business.load().is_sample,
        "may_answer_requests": user.has_perm("bookings.change_booking"),
        "may_see_bookings": may_see_bookings,
        "may_see_messages": may_see_messages,
    }
    if user.has_perm("bookings.change_screeningversion"):
        yield _screening(now)
    if user.has_perm("bookings.view_changerequest"):
        yield _late_changes(user)
    if user.has_perm("bookings.change_booking"):
        yield {"fees": _fees(user)}
    if may_see_bookings:
        yield {**_requests(now), **_today(user, now), "graver": _graver(now)}
    if user.has_perm("bookings.view_arearequest"):
        yield {"area_request_count": AreaRequest.objects.filter(is_answered=False).count()}
    if user.has_perm("bookings.change_therapist"):
        yield _therapists_in_need(now)
    if may_see_messages:
        yield _trouble(user, now)
    if sees_rows(user, "contactmessage"):
        yield _unanswered()


def _screening(now: datetime) -> dict[str, Any]:
    """Whether there are no health questions in force, or none that a therapist has approved."""
    current = ScreeningVersion.objects.filter(published_at__lte=now).order_by("-number")
    approved_by = current.values_list("approved_by", flat=True).first()
    return {"screening_missing": approved_by is None, "screening_unapproved": approved_by == ""}


def _requests(now: datetime) -> dict[str, Any]:
    rules = BookingRules.load()
    waiting = Booking.objects.waiting()
    rows = waiting.select_related("client", "therapist", "service", "area__zone", "screening").defer(
        "screening__answers"
    )[:MOST_ROWS]
    return {
        "waiting_count": waiting.count(),
        "requests": [
            {
                **_visit(booking),
                "confirm": reverse("admin:bookings_booking_do", args=[booking.pk, "confirm"])
                if booking.screening.tier in NEEDS_NO_NOTE
                else "",
                "phone": booking.client.phone,
                "service": booking.service.name,
                "where": f"{booking.area.zone} · {booking.area.zip_code}",
                "tier": tier_mark(booking.screening.tier),
                "left": time_left(expires_at(booking, rules) - now),
            }
            for booking in rows
        ],
    }


def _unanswered() -> dict[str, Any]:
    waiting = ContactMessage.objects.filter(answered_at=None)
    return {
        "unanswered_count": waiting.count(),
        "unanswered": [
            {
                "url": reverse("admin:bookings_contactmessage_change", args=[message.pk]),
                "name": message.name,
                "email": message.email,
                "written": local_when(message.written_at),
            }
            for message in waiting.defer("body", "answer").order_by("written_at", "pk")[:MOST_ROWS]
        ],
    }


def _late_changes(user: User) -> dict[str, Any]:
    """Late changes that wait for an answer, the next visit first."""
    waiting = only_seen_by(user, ChangeRequest.objects.filter(state=ChangeState.OPEN), "booking__therapist")
    rows = waiting.select_related("booking__therapist").order_by("booking__starts_at")[:MOST_ROWS]
    return {
        "change_count": waiting.count(),
        "changes": [
            {**_visit(change.booking), "what": change_words(change), "anchor": "#late-change"}
            for change in rows
        ],
    }


def _fees(user: User) -> list[dict[str, Any]]:
    """Late fees that nobody has decided about, the oldest first."""
    rows = only_seen_by(user, LateFee.objects.filter(state=LateFeeState.OPEN), "booking__therapist")
    return [
        {
            **_visit(fee.booking),
            "anchor": "#late-fee",
            "fee": dollars(fee.cents),
            "asks_waiver": fee.asks_waiver,
        }
        for fee in rows.select_related("booking__therapist").order_by("named_at", "pk")[:MOST_ROWS]
    ]


def _graver(now: datetime) -> list[dict[str, Any]]:
    """Visits to come whose health answers, given again, are graver than the first."""
    found = queries.graver_rechecks(now=now)[:MOST_ROWS]
    return [{**_visit(booking), "tier": tier_mark(tier)} for booking, tier in found]


def _visit(booking: Booking) -> dict[str, Any]:
    """What a row says of a visit."""
    return {
        "url": reverse("admin:bookings_booking_change", args=[booking.pk]),
        "reference": booking.reference,
        "who": booking.visit_for,
        "when": local_when(booking.starts_at),
        "therapist": booking.therapist.name,
    }


def _today(user: User, now: datetime) -> dict[str, Any]:
    """Today by therapist: how many visits, and which is next; without any to come, the next day that has some."""
    day = local(now).date()
    columns = load_columns(therapists=list(therapists_seen_by(user)), first_day=day, last_day=day, now=now)
    today = [_therapist_today(column, now) for column in columns if column.is_worked]
    found: dict[str, Any] = {"today": today}
    if not any(row["next"] for row in today):
        found["next_day"] = _next_day(user, now)
    return found


def _therapist_today(column: Column, now: datetime) -> dict[str, Any]:
    following = next((visit for visit in column.visits if visit.is_ahead(now)), None)
    leave = following.drive.leaves_at if following is not None and following.drive is not None else None
    home = column.way_home.arrives_at if column.way_home is not None else None
    row: dict[str, Any] = {
        "therapist": column.therapist.name,
        "url": f"{reverse('admin:bookings_booking_week')}?therapist={column.therapist.pk}",
        "count": len(column.visits),
        "next": None,
        "leave_by": clock(leave) if leave is not None and leave > now else "",
        "home_at": clock(home) if home is not None else "",
    }
    if following is not None:
        booking = following.booking
        row["next"], row["next_at"] = booking, clock(booking.starts_at)
        row["next_url"] = reverse("admin:bookings_booking_change", args=[booking.pk])
    return row


def _next_day(user: User, now: datetime) -> dict[str, Any] | None:
    """The next day after today that has visits: which, how many, and when the first starts; None without any."""
    after = day_bounds(local(now).date())[1]
    coming = only_seen_by(user, Booking.objects.occupying().filter(starts_at__gte=after), "therapist")
    first = coming.order_by("starts_at").values_list("starts_at", flat=True).first()
    if first is None:
        return None
    day = local(first).date()
    return {
        "count": coming.filter(starts_at__lt=day_bounds(day)[1]).count(),
        "day": long_day(day),
        "first": clock(first),
        "url": f"{reverse('admin:bookings_booking_day')}?day={day}",
    }


def _therapists_in_need(now: datetime) -> dict[str, Any]:
    """Therapists whose certificate lapses soon or has lapsed, and those without any hours next month."""
    today = local(now).date()
    month = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    month_end = (month + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    active = Therapist.objects.filter(is_active=True)
    weekly = WorkingHours.objects.filter(
        Q(valid_from=None) | Q(valid_from__lte=month_end), Q(valid_until=None) | Q(valid_until__gte=month)
    )
    extra = ExtraHours.objects.filter(date__gte=month, date__lte=month_end)
    idle = active.exclude(pk__in=weekly.values("therapist")).exclude(pk__in=extra.values("therapist"))
    return {
        "lapsing": list(
            active.filter(certificate_expires_on__lte=today + LAPSES_SOON).order_by("certificate_expires_on")
        ),
        "idle": list(idle),
        "idle_month": f"{month:%B}",
    }


def _trouble(user: User, now: datetime) -> dict[str, Any]:
    late = Q(state__in=[MessageState.DUE, MessageState.SENDING]) & Q(due_at__lt=now - LATE)
    troubled = Message.objects.filter(Q(state__in=[MessageState.FAILED, MessageState.UNKNOWN]) | late)
    in_trouble = only_seen_by(user, troubled, "booking__therapist")
    late_minutes = oldest_due_minutes(now=now)
    return {
        # What /readyz calls late: from then on, somebody has to look at the mail server or the worker.
        "late": time_left(timedelta(minutes=late_minutes)) if late_minutes >= LATE_MINUTES else "",
        "trouble_count": in_trouble.count(),
        "trouble": [
            {
                "url": reverse("admin:bookings_message_change", args=[message.pk]),
                "what": message.get_kind_display(),
                "reference": message.booking.reference if message.booking else "–",
                "state": message_mark(message),
                "due": local_when(message.due_at),
                "error": message.last_error,
                "resend": message.pk
                if user.has_perm("bookings.change_message") and may_send_again(message)
                else None,
            }
            for message in in_trouble.select_related("booking__client").order_by("due_at")[:MOST_ROWS]
        ],
    }
