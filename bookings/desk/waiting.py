"""What waits for staff, as the front page shows it: of each kind the first rows, and how many there are in all."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.db.models import BooleanField, Count, ExpressionWrapper, F, Q, Window
from django.urls import reverse

from bookings.domain import closing, queries
from bookings.domain.operations import expires_at, first_tier
from bookings.domain.outbox import may_send_again
from bookings.domain.sending import LATE_MINUTES, oldest_due_minutes
from bookings.domain.stranding import CONSENT, TOLD_WITHIN, Stranded, stranded_by
from bookings.enums import (
    BookingStatus,
    ChangeState,
    Channel,
    ComplaintState,
    LateFeeState,
    MessageState,
    WishState,
)
from bookings.models import (
    Booking,
    BookingRules,
    ChangeRequest,
    ClientNote,
    ContactMessage,
    LateFee,
    Message,
    TimeOff,
    TimeOffWish,
)
from bookings.models.intake import needs_note
from bookings.notifications.wording import span_of_days
from bookings.refusals import stranding_words
from bookings.staff.labels import local_when, rescue_url, tier_mark, time_left
from bookings.staff.late_changes import change_words
from bookings.staff.messages import message_mark
from bookings.staff.visibility import messages_seen_by, only_seen_by
from bookings.templatetags.bookings_admin import national_phone
from massagerx.lib.localtime import local
from services.templatetags.money import dollars

MOST_ROWS = 20
# What is due within so long has the colour of what can't wait.
URGENT = timedelta(hours=2)
# By then a message from the site should have its answer.
ANSWER_WITHIN = timedelta(days=1)
LATE = timedelta(minutes=LATE_MINUTES)


def requests(now: datetime, rules: BookingRules) -> dict[str, Any]:
    """Requests that nobody has answered, with what staff need to do so."""
    # Who was promised a word soonest comes first (without an hour: a call at once), so no course pushes them out.
    waiting = Booking.objects.waiting().order_by(F("answer_by").asc(nulls_first=True), "created_at", "pk")
    rows = list(
        waiting.select_related("client", "therapist", "service", "area__zone", "screening")
        .defer("screening__answers")
        .annotate(needs_note=ExpressionWrapper(needs_note(), output_field=BooleanField()), in_all=_in_all())[
            :MOST_ROWS
        ]
    )
    return {
        "waiting_count": rows[0].in_all if rows else 0,
        "requests": [
            {
                **_visit(booking),
                "kind": "request",
                "booking": booking,
                "due": expires_at(booking, rules),
                "is_urgent": expires_at(booking, rules) - now < URGENT,
                "confirm": reverse("admin:bookings_booking_do", args=[booking.pk, "confirm"])
                if not booking.needs_note and not booking.door_rule
                else "",
                "phone": booking.client.phone,
                "service": booking.service.name,
                "where": f"{booking.area.zone} · {booking.area.zip_code}",
                "asks_a_look": booking.needs_note or booking.door_rule,
                "tier": tier_mark(first_tier(booking)),
                "asks_health": not first_tier(booking),
                "left": time_left(expires_at(booking, rules) - now),
            }
            for booking in rows
        ],
    }


def _in_all() -> Window:
    """How many rows there are, beside each of those that are shown."""
    return Window(Count("pk"))


def unanswered() -> dict[str, Any]:
    """Messages from the site that nobody has answered, the oldest first."""
    waiting = ContactMessage.objects.filter(answered_at=None)
    return {
        "unanswered_count": waiting.count(),
        "unanswered": [
            {
                "url": reverse("admin:bookings_contactmessage_change", args=[message.pk]),
                "kind": "enquiry",
                "due": message.written_at + ANSWER_WITHIN,
                "who": message.name,
                "email": message.email or national_phone(message.phone),
                "written": local_when(message.written_at),
            }
            for message in waiting.defer("body", "answer").order_by("written_at", "pk")[:MOST_ROWS]
        ],
    }


def complaints() -> dict[str, Any]:
    """Complaints that nobody has settled, the oldest first."""
    waiting = ClientNote.objects.filter(complaint=ComplaintState.OPEN).select_related("client", "by")
    rows = list(waiting.defer("text").annotate(in_all=_in_all()).order_by("at", "pk")[:MOST_ROWS])
    return {
        "complaint_count": rows[0].in_all if rows else 0,
        "complaints": [
            {
                "url": reverse("admin:bookings_client_change", args=[note.client_id]),
                "anchor": "#client-notes",
                "kind": "complaint",
                "due": note.at + ANSWER_WITHIN,
                "who": note.client.name,
                "phone": note.client.phone,
                "by": note.by.get_username(),
                "written": local_when(note.at),
            }
            for note in rows
        ],
    }


def late_changes(user: User) -> dict[str, Any]:
    """Late changes that wait for an answer, the next visit first."""
    waiting = only_seen_by(user, ChangeRequest.objects.filter(state=ChangeState.OPEN), "booking__therapist")
    rows = list(
        waiting.with_both()
        .filter(is_second=False)
        .select_related("booking__therapist")
        .annotate(in_all=_in_all())
        .order_by("booking__starts_at")[:MOST_ROWS]
    )
    return {
        "change_count": rows[0].in_all if rows else 0,
        "changes": [
            {
                **_visit(change.booking),
                "kind": "change",
                "due": change.booking.starts_at,
                "what": change_words(change, both=change.is_of_both),
                "anchor": "#late-change",
            }
            for change in rows
        ],
    }


def wishes(now: datetime) -> list[dict[str, Any]]:
    """Time off that therapists would like over booked visits, the next first."""
    rows = TimeOffWish.objects.filter(state=WishState.OPEN).select_related("therapist")
    return [
        {
            "kind": "wish",
            "url": reverse("admin:bookings_timeoff_wish", args=[wish.pk]),
            "who": wish.therapist.name,
            "comes": wish.therapist,
            "due": min(wish.asked_at + ANSWER_WITHIN, wish.starts_at),
            "is_urgent": wish.starts_at - now < TOLD_WITHIN,
            "what": span_of_days(wish.starts_at, wish.ends_at),
        }
        for wish in rows.order_by("starts_at", "pk")[:MOST_ROWS]
    ]


def fees(user: User) -> list[dict[str, Any]]:
    """Late fees that nobody has decided about, the oldest first: canceled late, or nobody opened."""
    rows = only_seen_by(user, LateFee.objects.filter(state=LateFeeState.OPEN), "booking__therapist")
    return [
        {
            **_visit(fee.booking),
            "kind": "fee",
            "due": fee.named_at + ANSWER_WITHIN,
            "anchor": "#late-fee",
            "is_no_show": fee.booking.status == BookingStatus.NO_SHOW,
            "fee": dollars(fee.cents),
            "asks_waiver": fee.asks_waiver,
        }
        for fee in rows.select_related("booking__therapist").order_by("named_at", "pk")[:MOST_ROWS]
    ]


def to_look_at(now: datetime) -> dict[str, list[dict[str, Any]]]:
    """Visits to come whose health answers, given again, are graver than the first, and those with a clinician's note
    that was handed in and nobody has opened."""
    found = queries.to_look_at(now=now)
    graver = [booking for booking in found if booking.gravest_tier]
    handed_in = [booking for booking in found if booking.handed_in_at]
    return {
        "graver": [
            {
                **_visit(booking),
                "kind": "graver",
                "due": booking.starts_at,
                "phone": booking.client.phone,
                "tier": tier_mark(booking.gravest_tier),
            }
            for booking in graver[:MOST_ROWS]
        ],
        "handed_in": [
            {
                **_visit(booking),
                "kind": "note",
                "anchor": "#health",
                "due": min(booking.handed_in_at + ANSWER_WITHIN, booking.starts_at),
            }
            for booking in handed_in[:MOST_ROWS]
        ],
    }


def stranded(now: datetime, rules: BookingRules) -> dict[str, Any]:
    """Visits to come that can't be kept, whatever the cause, the next first; until each is solved."""
    found = stranded_by(now=now, rules=rules)
    off = _time_off([row for row in found if row.reason == "time_off"])
    return {
        "stranded_count": len(found),
        "stranded": [
            {
                **_visit(row.booking),
                "phone": row.booking.client.phone,
                "rescue": _rescue_url(row.booking, off) if row.reason != CONSENT else "",
                "why": stranding_words(row.reason),
                "is_urgent": row.booking.starts_at - now < TOLD_WITHIN,
            }
            for row in found[:MOST_ROWS]
        ],
    }


def not_closed(now: datetime) -> dict[str, Any]:
    """Visits that are over and that nobody has closed, the oldest first."""
    waiting = closing.waiting(now=now).select_related("therapist", "service")
    rows = list(waiting.annotate(in_all=_in_all())[:MOST_ROWS])
    return {
        "not_closed_count": rows[0].in_all if rows else 0,
        "not_closed": [
            {**_visit(booking), "pk": booking.pk, "service": booking.service.name} for booking in rows
        ],
    }


def _time_off(found: list[Stranded]) -> list[TimeOff]:
    """The time off of those whose visits these are, while they are; one query, and none without any."""
    if not found:
        return []
    return list(
        TimeOff.objects.filter(
            therapist__in={row.booking.therapist_id for row in found},
            starts_at__lt=max(row.booking.blocked_until for row in found),
            ends_at__gt=min(row.booking.blocked_from for row in found),
        ).order_by("starts_at", "pk")
    )


def _rescue_url(booking: Booking, off: list[TimeOff]) -> str:
    """The rescue of the day, or where time off is in the way, of its hours."""
    for row in off:
        is_theirs = row.therapist_id == booking.therapist_id
        if is_theirs and row.starts_at < booking.blocked_until and booking.blocked_from < row.ends_at:
            return rescue_url(row, booking)
    query = urlencode({"therapist": booking.therapist_id, "day": local(booking.starts_at).date()})
    return f"{reverse('admin:bookings_booking_rescue')}?{query}"


def _visit(booking: Booking) -> dict[str, Any]:
    """What a row says of a visit."""
    return {
        "url": reverse("admin:bookings_booking_change", args=[booking.pk]),
        "reference": booking.reference,
        "who": booking.visit_for,
        "when": local_when(booking.starts_at),
        "therapist": booking.therapist.name,
        "comes": booking.therapist,
    }


def trouble(user: User, now: datetime) -> dict[str, Any]:
    """Emails that failed, may have left, or should have left by now; and how late sending is, where it is."""
    late = Q(state__in=[MessageState.DUE, MessageState.SENDING]) & Q(due_at__lt=now - LATE)
    by_email = Message.objects.filter(channel=Channel.EMAIL)
    troubled = by_email.filter(Q(state__in=[MessageState.FAILED, MessageState.UNKNOWN]) | late)
    in_trouble = messages_seen_by(user, troubled)
    rows = list(
        in_trouble.select_related("booking__client").annotate(in_all=_in_all()).order_by("due_at")[:MOST_ROWS]
    )
    late_minutes = oldest_due_minutes(now=now)
    return {
        # What /status calls late: from then on, somebody has to look at the mail server or the worker.
        "late": time_left(timedelta(minutes=late_minutes)) if late_minutes >= LATE_MINUTES else "",
        "trouble_count": rows[0].in_all if rows else 0,
        "trouble": [
            {
                "url": reverse("admin:bookings_message_change", args=[message.pk]),
                "kind": "trouble",
                "due": message.due_at,
                "is_urgent": True,
                "who": message.booking.visit_for if message.booking else message.get_kind_display(),
                "what": message.get_kind_display(),
                "reference": message.booking.reference if message.booking else "–",
                "state": message_mark(message),
                "error": message.last_error,
                "resend": message.pk
                if user.has_perm("bookings.change_message") and may_send_again(message)
                else None,
            }
            for message in rows
        ],
    }
