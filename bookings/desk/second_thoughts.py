"""What staff have just done and can still undo, on their pages; and the press that undoes it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.domain import operations
from bookings.exceptions import BookingError
from bookings.models import Booking, SecondThought
from bookings.refusals import explain
from bookings.staff.labels import clock
from bookings.staff.visibility import only_seen_by, sees_visits

from .frame import StaffRequest, desk_page, say, to_visit

CHANGE = "bookings.change_booking"


def undoable(user: User, now: datetime, booking: Booking | None = None) -> list[dict[str, Any]]:
    """What this member of staff did, and what anybody did to this `booking`, of which the email still waits: a line for
    each press. One query."""
    if not user.has_perm(CHANGE):
        return []
    wanted = Q(event__actor=user.pk)
    if booking is not None:
        wanted |= Q(event__booking=booking.pk)
    rows = only_seen_by(
        user, operations.waiting_thoughts(now=now).filter(wanted), "event__booking__therapist"
    )
    presses: dict[UUID, list[Any]] = {}
    for row in rows:
        presses.setdefault(row.press, []).append(row)
    return [_line(press, thoughts) for press, thoughts in presses.items()]


def _line(press: UUID, thoughts: list[Any]) -> dict[str, Any]:
    """`MX-7K3FQ9: moved`, or of several their number; and when the client hears of it, blank where all is as they know
    it."""
    event = thoughts[0].event
    count = len(thoughts)
    words = ngettext("%(reference)s: %(what)s.", "%(count)d visits: %(what)s.", count)
    said = {"reference": event.booking.reference, "what": event.get_kind_display().lower(), "count": count}
    return {
        "words": words % said,
        "leaves": clock(min(thought.leaves_at for thought in thoughts))
        if any(thought.is_told for thought in thoughts)
        else "",
        "undo": reverse("admin:bookings_booking_undo", args=[press]),
    }


@desk_page(sees_visits, CHANGE)
def undo_press(request: StaffRequest, press: UUID) -> HttpResponse:
    """Undoes what one press did, if nobody has been told."""
    rows = Booking.objects.filter(events__in=SecondThought.objects.filter(press=press).values("event"))
    found = list(rows.order_by("starts_at", "pk"))
    seen = only_seen_by(request.user, rows, "therapist").count()
    if request.method != "POST" or seen < len(found):
        return redirect("admin:index")
    try:
        undone = operations.undo(press=press, actor=request.user, now=timezone.now())
    except BookingError as error:
        named = ", ".join(booking.reference for booking in found) or _("Not undone")
        say(request, False, f"{named}: {explain(error)}")
    else:
        words = ngettext(
            "%(references)s: undone. No email was sent, and the visit is as it was.",
            "%(references)s: undone. No email was sent, and the visits are as they were.",
            len(undone),
        )
        say(request, True, words % {"references": ", ".join(booking.reference for booking in found)})
    return to_visit(found[0]) if len(found) == 1 else redirect("admin:index")
