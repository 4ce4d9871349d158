"""Visits as iCalendar files (RFC 5545, RFC 5546): one for the client's calendar, all of a therapist's as a feed."""

from __future__ import annotations

import uuid
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Literal

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext
from icalendar import (
    Alarm,
    Calendar,
    Event,
    Timezone,
    TimezoneDaylight,
    TimezoneStandard,
    vCalAddress,
    vText,
)

from bookings.enums import BookingStatus
from bookings.models import Booking, Therapist
from massagerx.lib.localtime import clock_time, local
from massagerx.lib.urls import absolute_url
from services.models import Business

# How long before a visit a calendar reminds of it.
ALARMS = (timedelta(days=1), timedelta(hours=2))

CalendarMethod = Literal["REQUEST", "CANCEL", "PUBLISH"]


@dataclass(frozen=True, slots=True)
class FeedVisit:
    """A visit for a therapist's feed; `changed_at` is when it was last changed (aware)."""

    booking: Booking
    changed_at: datetime


def visit_uid(booking: Booking) -> str:
    """The name that calendars know a visit by: the same through every change, of the site's address too, and not to be
    guessed."""
    return str(uuid.uuid5(booking.submission_key, "calendar"))


class Organizers:
    """The email address that calendars know as each visit's organizer: the business's when the visit was asked for.

    Calendars take a change only from the organizer who made the entry, so a new address is for new visits. One query.
    """

    def __init__(self, business: Business) -> None:
        rows = Business.history.order_by("history_date", "history_id").values_list("history_date", "email")
        self._changes: list[tuple[datetime, str]] = list(rows)
        self._present = business.email

    def of(self, booking: Booking) -> str:
        """An email address; empty when the business had none."""
        before = bisect_right(self._changes, booking.created_at, key=itemgetter(0))
        # A business that was written down later than the visit had its first address all along.
        return self._changes[max(before - 1, 0)][1] if self._changes else self._present


def visit_calendar(
    *,
    booking: Booking,
    business: Business,
    method: CalendarMethod,
    now: datetime,
    with_place: bool = True,
) -> str:
    """One visit, with the zone it is in. `method` is REQUEST (new or changed), CANCEL, or PUBLISH for a file that the
    client fetches: it names no attendee (RFC 5546, 3.2.1), and without `with_place` no address. `booking` with its
    therapist.

    SEQUENCE is the booking's revision, so that a calendar takes the newest word whatever the order of arrival.
    No access note and no health answer is in it: calendars are shared with families and employers.
    """
    return visits_calendar(
        bookings=[booking], business=business, method=method, now=now, with_place=with_place
    )


def visits_calendar(
    *,
    bookings: Iterable[Booking],
    business: Business,
    method: CalendarMethod,
    now: datetime,
    with_place: bool = True,
) -> str:
    """Several visits in one file, each as in `visit_calendar`. Of more than one `method` is PUBLISH: a request is about
    one entry only (RFC 5546, 3.2.2)."""
    calendar = _calendar(business, method)
    organizers = Organizers(business)
    for booking in bookings:
        event = _event(booking, business, organizers, method, now)
        if with_place:
            event.add("location", _line(booking.address))
        calendar.add_component(event)
    return calendar.to_ical().decode()


def _event(
    booking: Booking,
    business: Business,
    organizers: Organizers,
    method: CalendarMethod,
    now: datetime,
) -> Event:
    event = Event()
    event.add("uid", visit_uid(booking))
    event.add("sequence", booking.revision)
    event.add("dtstamp", now.astimezone(UTC))
    event.add("dtstart", _calendar_time(booking.starts_at))
    event.add("dtend", _calendar_time(booking.ends_at))
    event.add("summary", _line(f"{business.name}: {booking.service.name}"))
    is_canceled = method == "CANCEL" or booking.status == BookingStatus.CANCELED
    event.add("status", "CANCELLED" if is_canceled else "CONFIRMED")
    event.add("transp", "TRANSPARENT" if is_canceled else "OPAQUE")
    event.add("class", "PRIVATE")
    _add_organizer(event, booking, organizers, business)
    event.add("description", _description(booking, business))
    event.add("url", absolute_url(reverse("visits:visit", args=[booking.reference])))
    if method != "PUBLISH" and booking.client.email:
        attendee = _person(booking.client.email, booking.contact_name)
        attendee.params["PARTSTAT"] = vText("ACCEPTED")
        attendee.params["ROLE"] = vText("REQ-PARTICIPANT")
        # No answer is wanted: the client asked for the visit. To change it, they call or write.
        attendee.params["RSVP"] = vText("FALSE")
        event.add("attendee", attendee, encode=False)
    if not is_canceled:
        for before in ALARMS:
            alarm = Alarm()
            alarm.add("action", "DISPLAY")
            alarm.add("description", event["summary"])
            alarm.add("trigger", -before)
            event.add_component(alarm)
    return event


def therapist_calendar(*, therapist: Therapist, visits: Iterable[FeedVisit], business: Business) -> str:
    """A therapist's visits as a calendar to subscribe to: what, where and when, with the way to the door.

    The same visits give the same text. No name, phone, access note or health answer is in it: it lies on other
    people's servers, and an address that leaks must not open a door.
    """
    calendar = _calendar(business, "PUBLISH")
    organizers = Organizers(business)
    calendar.add("x-wr-calname", _line(f"{business.name}: {therapist.name}"))
    calendar.add("x-wr-timezone", settings.TIME_ZONE)
    calendar.add("refresh-interval", timedelta(minutes=15), parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT15M")
    for visit in visits:
        booking = visit.booking
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
        _add_organizer(event, booking, organizers, business)
        calendar.add_component(event)
    return calendar.to_ical().decode()


def _calendar(business: Business, method: CalendarMethod) -> Calendar:
    """An empty calendar that knows the business's zone."""
    calendar = Calendar()
    calendar.add("prodid", f"-//{_line(business.name)}//visits//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    calendar.add_component(_zone())
    return calendar


def _zone() -> Timezone:
    """The business's zone as two rules for every year. Lists of single changes are read an hour wrong by some."""
    zone = Timezone()
    zone.add("tzid", settings.TIME_ZONE)
    # By the law since 2007: daylight saving time from the second Sunday of March to the first of November.
    for part, begins, rule in (
        (TimezoneDaylight(), datetime(2007, 3, 11, 2), {"bymonth": 3, "byday": "2SU"}),  # noqa: DTZ001
        (TimezoneStandard(), datetime(2007, 11, 4, 2), {"bymonth": 11, "byday": "1SU"}),  # noqa: DTZ001
    ):
        after = local(begins.replace(tzinfo=UTC) + timedelta(days=1))
        before = local(begins.replace(tzinfo=UTC) - timedelta(days=1))
        part.add("dtstart", begins)
        part.add("rrule", {"freq": "yearly", **rule})
        part.add("tzname", after.tzname())
        part.add("tzoffsetfrom", before.utcoffset())
        part.add("tzoffsetto", after.utcoffset())
        zone.add_component(part)
    return zone


def _add_organizer(event: Event, booking: Booking, organizers: Organizers, business: Business) -> None:
    if email := organizers.of(booking):
        event["organizer"] = _person(email, business.name)


def _description(booking: Booking, business: Business) -> str:
    """Who comes and when they ring, whom to call, where to change it; nothing that opens anything."""
    lines = [gettext("%(name)s comes to you.") % {"name": booking.therapist.name}]
    if booking.arrives_at is not None:
        arrival = clock_time(booking.arrives_at)
        lines.append(gettext("They arrive at about %(time)s to set up.") % {"time": arrival})
    if business.phone:
        lines.append(gettext("Questions? Call %(phone)s.") % {"phone": business.phone.as_national})
    lines.append(
        gettext("See, move or cancel the visit: %(address)s")
        % {"address": absolute_url(reverse("visits:visit", args=[booking.reference]))}
    )
    return "\n".join(_line(line) for line in lines)


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
