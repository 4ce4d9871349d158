"""A message row becomes an email: subject, text, HTML and a calendar part. Nothing is sent here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import unescape
from typing import Any

import css_inline
from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.dateformat import format as date_format
from django.utils.html import strip_tags
from django.utils.safestring import SafeString, mark_safe

from bookings.domain.calendar import CalendarMethod, visit_calendar
from bookings.domain.operations import expires_at
from bookings.models import Booking, BookingPolicy, Message
from massagerx.lib.localtime import local, zone
from services.models import Business

from .registry import Kind, calendar_method, kind_of, recipient


@dataclass(frozen=True, slots=True)
class Email:
    """What goes out. `calendar` is None, or the text of a calendar part with its method."""

    to: str
    reply_to: str
    subject: str
    text: str
    html: str
    calendar: str | None
    calendar_method: CalendarMethod | None


def load_booking(message: Message) -> Booking:
    """The message's booking as it is now, with all that an email shows. Raises `Booking.DoesNotExist`."""
    return Booking.objects.with_details().get(messages=message)


def render(message: Message, booking: Booking, *, now: datetime) -> Email:
    """The email of a row, as it would leave at `now`: times in the business's zone, in the site's language.

    Raises ValueError when there is nobody to send it to.
    """
    kind = kind_of(message)
    business = Business.load()
    policy = BookingPolicy.load()
    to = recipient(kind, booking, business, policy)
    if not to:
        raise ValueError("no address for this kind of message")
    method = calendar_method(kind, booking)
    with timezone.override(zone()), translation.override(settings.LANGUAGE_CODE):
        context = _context(kind, booking, business, policy, now)
        subject = one_line(render_to_string(f"email/{kind.folder}/subject.txt", context))
        context["subject"] = subject
        text = render_to_string(f"email/{kind.folder}/body.txt", context)
        html = render_to_string(f"email/{kind.folder}/body.html", context)
        calendar = (
            visit_calendar(booking=booking, business=business, method=method, now=now) if method else None
        )
    return Email(
        to=to,
        reply_to=business.email,
        subject=subject,
        text=_tidy(text),
        html=css_inline.inline(html, load_remote_stylesheets=False),
        calendar=calendar,
        calendar_method=method,
    )


def _context(
    kind: Kind, booking: Booking, business: Business, policy: BookingPolicy, now: datetime
) -> dict[str, Any]:
    free_until = booking.starts_at - timedelta(hours=policy.cancel_notice_hours)
    service_url = f"{settings.SITE_URL}{booking.service.get_absolute_url()}"
    context: dict[str, Any] = {
        "booking": booking,
        "business": business,
        "name": greeting_name(booking.contact_name),
        "visit_for": greeting_name(booking.recipient_name),
        "day": date_format(local(booking.starts_at), "l, F j"),
        "weekday": date_format(local(booking.starts_at), "l"),
        "date": date_format(local(booking.starts_at), "F j"),
        "short_day": date_format(local(booking.starts_at), "D, M j"),
        "start": clock_time(booking.starts_at),
        "time": time_span(booking.starts_at, booking.ends_at),
        "arrival": (
            clock_time(booking.blocked_from, labelled=False)
            if booking.blocked_from < booking.starts_at
            else ""
        ),
        "address": one_line(booking.address),
        "service_url": service_url,
        "site_url": settings.SITE_URL,
        "book_url": f"{settings.SITE_URL}{reverse('bookings:start')}",
        # Empty when that moment has gone by: a visit booked for the same day.
        "free_until": moment(free_until) if free_until > now else "",
        "answer_by": moment(expires_at(booking, policy)),
    }
    if kind.audience == "staff":
        path = reverse("admin:bookings_booking_change", args=[booking.pk])
        context["admin_url"] = f"{settings.SITE_URL}{path}"
    prepare = booking.service.before_visit
    context["prepare_html"] = absolute_links(prepare)
    context["prepare_text"] = html_to_text(prepare)
    return context


# Words and figures ------------------------------------------------------------------------------------------------


def one_line(text: str) -> str:
    """`text` on one line, without control characters: fit for a header."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


_NOT_A_NAME = re.compile(r"[/@:<>]|\w\.\w{2}")


def greeting_name(name: str) -> str:
    """The name as it may stand in an email, empty when it looks like an address on the web: a form that mails what
    strangers type must not carry their advertising."""
    line = one_line(name)
    return "" if _NOT_A_NAME.search(line) else line


def clock_time(instant: datetime, *, labelled: bool = True) -> str:
    """`2:30 PM PDT`, in local time. The label comes from the zone: Django's `T` is empty in the hour of the year
    that comes twice, where it is needed most."""
    here = local(instant)
    text = date_format(here, "g:i A")
    return f"{text} {here.tzname()}" if labelled else text


def time_span(start: datetime, end: datetime) -> str:
    """From when until when, with the zone's name; both names where the clocks change in between."""
    changes = local(start).tzname() != local(end).tzname()
    return f"{clock_time(start, labelled=changes)} – {clock_time(end)}"


def moment(instant: datetime) -> str:
    """A day and a time, such as `Wed, Oct 14, 2:30 PM PDT`; neither half is broken over two lines."""
    day, time = date_format(local(instant), "D, M j"), clock_time(instant)
    return ", ".join(half.replace(" ", "\N{NO-BREAK SPACE}") for half in (day, time))


_SITE_LINK = re.compile(r'href="(/(?!/)[^"]*)"')


def absolute_links(html: str) -> SafeString:
    """The owner's cleaned HTML, with links to our own pages that work from a mailbox. Only for HTML that
    `clean_html` has passed."""
    return mark_safe(_SITE_LINK.sub(lambda match: f'href="{settings.SITE_URL}{match[1]}"', html))


_LINK = re.compile(r'<a\s[^>]*href="([^"]*)"[^>]*>(.*?)</a>', re.DOTALL)
_ITEM = re.compile(r"<li[^>]*>\s*(?:<p[^>]*>)?")
_END_OF_BLOCK = re.compile(r"</(?:p|h2|h3|li|blockquote)>|<br\s*/?>|<hr\s*/?>")


def html_to_text(html: str) -> str:
    """The owner's cleaned HTML as plain text: blocks on lines of their own, items with dashes, links spelt out."""
    html = _LINK.sub(r"\2 (\1)", absolute_links(html))
    html = re.sub(r"</p>\s*</li>", "</li>", _ITEM.sub("- ", " ".join(html.split())))
    lines = unescape(strip_tags(_END_OF_BLOCK.sub("\n", html))).split("\n")
    return "\n".join(line.strip() for line in lines if line.strip())


def _tidy(text: str) -> str:
    """No blanks at the ends of lines, never two empty lines, one line end at the end."""
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", lines).strip() + "\n"
