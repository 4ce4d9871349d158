"""What the admin's front page shows, in a number of queries that does not depend on how much there is."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from bookings.domain.day_board import load_columns
from bookings.domain.operations import expires_at
from bookings.domain.outbox import LATE_MINUTES, may_send_again, oldest_due_minutes
from bookings.enums import MessageState
from bookings.models import (
    AreaRequest,
    Booking,
    BookingRules,
    ContactMessage,
    ExtraHours,
    Message,
    ScreeningVersion,
    Therapist,
    WorkingHours,
)
from bookings.models.intake import NEEDS_NO_NOTE
from massagerx.lib.localtime import day_bounds, local
from services.models import Business

from .changes import desk_changes
from .labels import clock, local_when, long_day, state_mark, tier_mark, time_left
from .my_day import my_day
from .visibility import only_seen_by, sees_every_visit, therapists_seen_by

MOST_ROWS = 20
LATE = timedelta(minutes=LATE_MINUTES)
# The council takes weeks to renew a certificate.
LAPSES_SOON = timedelta(days=45)


def front_page(user: User | AnonymousUser) -> dict[str, Any]:
    """Requests waiting and messages from the site (oldest first), messages in trouble, and what the owner still has
    to do; each for those who may see it."""
    now = timezone.now()
    desk: dict[str, Any] = {
        "sample_data": user.has_perm("services.change_business") and Business.load().is_sample,
        "may_answer_requests": user.has_perm("bookings.change_booking"),
        "may_see_bookings": user.has_perm("bookings.view_booking")
        or user.has_perm("bookings.change_booking"),
        "may_see_messages": user.has_perm("bookings.view_message"),
        "may_see_area_requests": user.has_perm("bookings.view_arearequest"),
        "may_see_enquiries": user.has_perm("bookings.view_contactmessage")
        or user.has_perm("bookings.change_contactmessage"),
    }
    if user.has_perm("bookings.change_screeningversion"):
        desk.update(_screening(now))
    if desk["may_see_bookings"]:
        desk.update(_requests(now))
    if desk["may_see_area_requests"]:
        desk["area_request_count"] = AreaRequest.objects.filter(is_answered=False).count()
    desk.update(desk_changes(user, now))
    if sees_every_visit(user):
        desk["today"] = _today(user, now)
        if not any(row["next"] for row in desk["today"]):
            desk["next_day"] = _next_day(user, now)
    desk["my_day"] = my_day(user, now)
    if user.has_perm("bookings.change_therapist"):
        desk.update(_therapists_in_need(now))
    if desk["may_see_messages"]:
        desk.update(_trouble(user, now))
    if desk["may_see_enquiries"]:
        desk.update(_unanswered())
    return desk


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
                "url": reverse("admin:bookings_booking_change", args=[booking.pk]),
                "confirm": reverse("admin:bookings_booking_do", args=[booking.pk, "confirm"])
                if booking.screening.tier in NEEDS_NO_NOTE
                else "",
                "reference": booking.reference,
                "who": booking.visit_for,
                "phone": booking.client.phone,
                "service": booking.service.name,
                "when": local_when(booking.starts_at),
                "where": f"{booking.area.zone} · {booking.area.zip_code}",
                "therapist": booking.therapist.name,
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


def _today(user: User | AnonymousUser, now: datetime) -> list[dict[str, Any]]:
    """Today by therapist: how many visits, and which is next."""
    day = local(now).date()
    columns = load_columns(therapists=list(therapists_seen_by(user)), first_day=day, last_day=day, now=now)
    rows = []
    for column in columns:
        if not (column.visits or column.plan.hours):
            continue
        following = next((visit for visit in column.visits if visit.booking.ends_at > now), None)
        leave = following.drive.leaves_at if following is not None and following.drive is not None else None
        rows.append(
            {
                "therapist": column.therapist.name,
                "url": f"{reverse('admin:bookings_booking_week')}?therapist={column.therapist.pk}",
                "count": len(column.visits),
                "next": following.booking if following is not None else None,
                "next_url": reverse("admin:bookings_booking_change", args=[following.booking.pk])
                if following is not None
                else "",
                "next_at": clock(following.booking.starts_at) if following is not None else "",
                "leave_by": clock(leave) if leave is not None and leave > now else "",
                "home_at": clock(column.way_home.arrives_at)
                if column.way_home is not None and column.way_home.arrives_at is not None
                else "",
            }
        )
    return rows


def _next_day(user: User | AnonymousUser, now: datetime) -> dict[str, Any] | None:
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


def _trouble(user: User | AnonymousUser, now: datetime) -> dict[str, Any]:
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
                "state": state_mark(message.state),
                "due": local_when(message.due_at),
                "error": message.last_error,
                "resend": message.pk
                if user.has_perm("bookings.change_message") and may_send_again(message)
                else None,
            }
            for message in in_trouble.select_related("booking").order_by("due_at")[:MOST_ROWS]
        ],
    }
