"""Visits as iCalendar files (RFC 5545, RFC 5546): one for the client's calendar, all of a therapist's as a feed."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext
from icalendar import Calendar, Event, vCalAddress, vText

from bookings.enums import BookingStatus
from bookings.models import Booking, Therapist
from massagerx.lib.localtime import local
from services.models import Business

CalendarMethod = Literal["REQUEST", "CANCEL", "PUBLISH"]


@dataclass(frozen=True, slots=True)
class FeedVisit:
    """A visit for a therapist's feed; `changed_at` is when it was last changed (aware)."""

    booking: Booking
    changed_at: datetime


def visit_uid(booking: Booking) -> str:
    """The name that calendars know a visit by: the same through every change, and not to be guessed."""
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    return f"{uuid.uuid5(booking.submission_key, 'calendar')}@{host}"


def visit_calendar(
    *,
    booking: Booking,
    business: Business,
    method: CalendarMethod,
    now: datetime,
    with_place: bool = True,
) -> str:
    """One visit, with the zone it is in. `method` is REQUEST (new or changed), CANCEL, or PUBLISH for a file that the
    client fetches: it names no attendee (RFC 5546, 3.2.1), and without `with_place` no address.

    SEQUENCE is the booking's revision, so that a calendar takes the newest word whatever the order of arrival.
    No access note and no health answer is in it: calendars are shared with families and employers.
    """
    calendar = Calendar()
    calendar.add("prodid", f"-//{_line(business.name)}//visits//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)

    event = Event()
    event.add("uid", visit_uid(booking))
    event.add("sequence", booking.revision)
    event.add("dtstamp", now.astimezone(UTC))
    event.add("dtstart", _calendar_time(booking.starts_at))
    event.add("dtend", _calendar_time(booking.ends_at))
    event.add("summary", _line(f"{business.name}: {booking.service.name}"))
    if with_place:
        event.add("location", _line(booking.address))
    event.add("status", "CANCELLED" if method == "CANCEL" else "CONFIRMED")
    event.add("transp", "TRANSPARENT" if method == "CANCEL" else "OPAQUE")
    event.add("class", "PRIVATE")
    if business.email:
        event["organizer"] = _person(business.email, business.name)
    if method != "PUBLISH":
        attendee = _person(booking.client.email, booking.contact_name)
        attendee.params["PARTSTAT"] = vText("ACCEPTED")
        attendee.params["ROLE"] = vText("REQ-PARTICIPANT")
        # No answer is wanted: the client asked for the visit. To change it, they call or write.
        attendee.params["RSVP"] = vText("FALSE")
        event.add("attendee", attendee, encode=False)
    calendar.add_component(event)

    years = booking.starts_at.year, booking.ends_at.year
    calendar.add_missing_timezones(
        first_date=date(min(years) - 1, 1, 1), last_date=date(max(years) + 2, 1, 1)
    )
    return calendar.to_ical().decode()


def therapist_calendar(*, therapist: Therapist, visits: Iterable[FeedVisit], business: Business) -> str:
    """A therapist's visits as a calendar to subscribe to: what, where and when, with the way to the door.

    The same visits give the same text. No name, phone, access note or health answer is in it: it lies on other
    people's servers, and an address that leaks must not open a door.
    """
    calendar = Calendar()
    calendar.add("prodid", f"-//{_line(business.name)}//visits//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", _line(f"{business.name}: {therapist.name}"))
    calendar.add("x-wr-timezone", settings.TIME_ZONE)
    calendar.add("refresh-interval", timedelta(minutes=15), parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT15M")
    days = []
    for visit in visits:
        booking = visit.booking
        days += [booking.starts_at, booking.ends_at]
        event = Event()
        event.add("uid", f"feed-{visit_uid(booking)}")
        event.add("sequence", booking.revision)
        event.add("dtstamp", visit.changed_at.astimezone(UTC))
        event.add("last-modified", visit.changed_at.astimezone(UTC))
        event.add("dtstart", _calendar_time(booking.starts_at))
        event.add("dtend", _calendar_time(booking.ends_at))
        event.add("summary", _line(_feed_summary(booking)))
        event.add("location", _line(booking.address))
        at_door = f"{local(booking.blocked_from):%-I:%M %p}", f"{local(booking.blocked_until):%-I:%M %p}"
        event.add(
            "description",
            _line(
                gettext("At the door from %(start)s to %(end)s. Reference %(reference)s.")
                % {"start": at_door[0], "end": at_door[1], "reference": booking.reference}
            ),
        )
        waiting = booking.status == BookingStatus.REQUESTED
        event.add("status", "TENTATIVE" if waiting else "CONFIRMED")
        event.add("transp", "OPAQUE")
        event.add("class", "PRIVATE")
        calendar.add_component(event)
    if days:
        first, last = min(days).year, max(days).year
        calendar.add_missing_timezones(first_date=date(first - 1, 1, 1), last_date=date(last + 2, 1, 1))
    return calendar.to_ical().decode()


def _feed_summary(booking: Booking) -> str:
    parts = [
        booking.service.name,
        gettext("%(minutes)d min") % {"minutes": booking.treatment_minutes},
    ]
    if booking.people > 1:
        parts.append(gettext("%(people)d people") % {"people": booking.people})
    parts.append(booking.get_access_type_display())
    if booking.status == BookingStatus.REQUESTED:
        parts.append(gettext("not confirmed yet"))
    return ", ".join(parts)


def _calendar_time(instant: datetime) -> datetime:
    """Local time with its zone, as people read it; UTC in the one hour of the year that comes twice, which a local
    time can't tell apart."""
    here = local(instant)
    if here.utcoffset() != here.replace(fold=1 - here.fold).utcoffset():
        return instant.astimezone(UTC)
    return here


def _person(email: str, name: str) -> vCalAddress:
    person = vCalAddress(f"mailto:{_line(email)}")
    # RFC 5545, 3.2: a quotation mark can't stand in a parameter, and not every reader knows RFC 6868's way round it.
    person.params["CN"] = vText(_line(name).replace('"', "'"))
    return person


def _line(text: str) -> str:
    """`text` on one line and without control characters, which some readers take for the end of a property."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())
