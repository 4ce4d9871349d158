"""A message of the outbox in words: what it is about, and to whom it goes."""

from __future__ import annotations

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from bookings.enums import TO_STAFF, Channel, MessageState
from bookings.models import Message
from bookings.notifications.registry import will_be_dropped

from .labels import long_day, mark, state_mark


def about(message: Message) -> str:
    """What it is about, a visit with a link to its page."""
    if message.booking is not None:
        address = reverse("admin:bookings_booking_change", args=[message.booking_id])
        return format_html('<a href="{}">{}</a>', address, message.booking)
    if message.contact_message_id is not None:
        return _("message from the site")
    if message.booklet_request_id is not None:
        return _("booklet")
    if message.wish is not None:
        address = reverse("admin:bookings_timeoff_wish", args=[message.wish_id])
        return format_html('<a href="{}">{}</a>', address, _("wish for time off"))
    if message.day is not None:
        return _("the morning of %(day)s") % {"day": long_day(message.day)}
    return _("private link") if message.link_id is not None else "–"


def addressee(message: Message) -> str:
    """To whom it goes, by name where we know one."""
    if message.kind in TO_STAFF:
        return _("staff")
    if message.booking is not None:
        return message.booking.client.name
    if message.link is not None:
        return message.link.email
    if message.wish is not None:
        return message.wish.therapist.name
    asked = message.contact_message or message.booklet_request
    return asked.name if asked is not None else "–"


def message_mark(message: Message) -> SafeString:
    """Its state as a word with a sign; of one that waits and will be dropped, that. Needs the visit beside it."""
    if will_be_dropped(message):
        return mark("off", "–", _("Will not be sent"))
    if message.channel == Channel.PHONE and message.state == MessageState.DUE:
        return mark("waiting", "☎", _("To tell by phone"))
    if message.channel == Channel.PHONE and message.state == MessageState.SENT:
        return mark("good", "✓", _("Told by phone"))
    return state_mark(message.state)
