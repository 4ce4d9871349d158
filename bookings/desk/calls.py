"""What clients without an email have to be told on the phone: the list that the desk works off."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from bookings.domain import outbox
from bookings.enums import Channel, MessageKind, MessageState
from bookings.models import Booking, Message
from bookings.notifications import calls
from bookings.staff.labels import local_when

from .frame import CHANGE, StaffRequest, desk_page, page, say, to_visit

_MOST_WAITING, _MOST_TOLD = 200, 50
# By then a client without an email should have been called.
CALL_WITHIN = timedelta(days=1)
# While a therapist is on the way, or late.
CALL_AT_ONCE = timedelta()
# Longer than what staff do can be undone.
SECOND_THOUGHTS = timedelta(hours=1)


@desk_page(CHANGE)
@require_safe
def calls_page(request: StaffRequest) -> HttpResponse:
    """Whom to call and what to say, what is due first on top; and what was said last, by whom and when."""
    now = timezone.now()
    told = Message.objects.filter(channel=Channel.PHONE, state=MessageState.SENT)
    context = {
        "title": _("To tell by phone"),
        "calls": waiting_calls(now, most=_MOST_WAITING),
        "told": [
            {**_row(message, booking), "by": message.told_by, "at": local_when(message.sent_at)}
            for message in told.select_related("told_by", *_BESIDE).order_by("-sent_at", "-pk")[:_MOST_TOLD]
            if (booking := message.booking) is not None
        ],
    }
    return page(request, "calls", context)


_BESIDE = ("booking__client", "booking__service", "booking__therapist")


def waiting_calls(now: datetime, *, most: int, of: Booking | None = None) -> list[dict[str, Any]]:
    """The calls to make, as rows of a list; one query. Of one visit also those that can still be undone: the client may
    be on the line."""
    rows = Message.objects.to_tell(now if of is None else now + SECOND_THOUGHTS).select_related(*_BESIDE)
    rows = (rows if of is None else rows.filter(booking=of))[:most]
    waiting = calls.waiting(list(rows), now=now)
    return [_row(message, booking) for message in waiting if (booking := message.booking) is not None]


def _row(message: Message, booking: Booking) -> dict[str, Any]:
    return {
        "kind": "call",
        "url": reverse("admin:bookings_booking_change", args=[booking.pk]),
        "reference": booking.reference,
        "who": booking.contact_name,
        "phone": booking.client.phone,
        "what": message.get_kind_display(),
        "say": calls.words(message),
        "tell": reverse("admin:bookings_message_tell", args=[message.pk]),
        "due": message.due_at + (CALL_AT_ONCE if message.kind == MessageKind.ON_THE_WAY else CALL_WITHIN),
        "since": local_when(message.due_at),
    }


@desk_page(CHANGE, pressed_on="message")
def tell(request: StaffRequest, pk: int) -> HttpResponse:
    """Somebody has been told; the name and the time are kept."""
    message = Message.objects.filter(pk=pk).select_related("booking").first()
    if message is None or message.booking is None:
        raise Http404
    done = outbox.mark_told(message, actor=request.user, now=timezone.now())
    sentence = (
        _("%(reference)s: told by phone.")
        if done
        else _("%(reference)s: this was told already, or has changed meanwhile.")
    )
    say(request, done, sentence % {"reference": message.booking.reference})
    return redirect("admin:bookings_message_calls") if "list" in request.POST else to_visit(message.booking)
