"""Page, email, calendar and admin show the same instant, in the nights on which the clock changes too."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from html import unescape

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from icalendar import Calendar

from bookings.domain import operations
from bookings.enums import MessageKind
from bookings.models import Booking, Message, ScreeningVersion, TermsVersion, Therapist, WorkingHours
from bookings.notifications.registry import SiteSettings, load_target
from bookings.notifications.render import render
from tests.bookings.views.flow import Flow
from tests.factories import LA, World

pytestmark = pytest.mark.django_db

# (the start in UTC, its local day, clock and zone, the end's clock and zone)
INSTANTS: list[tuple[str, str, str, str]] = [
    ("2026-12-08T03:00", "Monday, December 7", "7:00 PM PST", "8:00 PM PST"),
    ("2026-07-14T17:00", "Tuesday, July 14", "10:00 AM PDT", "11:00 AM PDT"),
    ("2026-11-01T08:30", "Sunday, November 1", "1:30 AM PDT", "1:30 AM PST"),
    ("2026-11-01T09:30", "Sunday, November 1", "1:30 AM PST", "2:30 AM PST"),
    ("2026-11-01T22:00", "Sunday, November 1", "2:00 PM PST", "3:00 PM PST"),
    ("2027-03-14T09:30", "Sunday, March 14", "1:30 AM PST", "3:30 AM PDT"),
    ("2027-03-14T10:00", "Sunday, March 14", "3:00 AM PDT", "4:00 AM PDT"),
    ("2027-03-14T21:00", "Sunday, March 14", "2:00 PM PDT", "3:00 PM PDT"),
    ("2028-11-05T09:00", "Sunday, November 5", "1:00 AM PST", "2:00 AM PST"),
    ("2030-03-10T10:30", "Sunday, March 10", "3:30 AM PDT", "4:30 AM PDT"),
]


def words(html: str) -> str:
    """What a reader sees, on one line."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html)).replace("\N{NO-BREAK SPACE}", " "))


@pytest.fixture
def night_world(world: World) -> World:
    """Somebody works at any hour, and nothing runs out."""
    WorkingHours.objects.all().delete()
    WorkingHours.objects.bulk_create(
        WorkingHours(therapist=world.therapist, weekday=weekday, starts_at=time(0), ends_at=time(0))
        for weekday in range(7)
    )
    Therapist.objects.update(certificate_expires_on=None)
    for versions in (TermsVersion, ScreeningVersion):
        versions.objects.update(published_at=datetime(2025, 1, 1, tzinfo=UTC))
    return world


@pytest.mark.parametrize(("start", "day", "begins", "ends"), INSTANTS, ids=[row[0] for row in INSTANTS])
def test_page_email_calendar_and_admin_show_the_same_instant(
    night_world: World, start: str, day: str, begins: str, ends: str
) -> None:
    starts_at = datetime.fromisoformat(start).replace(tzinfo=UTC)
    with time_machine.travel(starts_at - timedelta(days=8), tick=False):
        flow = Flow(Client(), night_world).until("when")
        local_day = starts_at.astimezone(LA).date()
        offered = flow.client.get(f"/book/when/?day={local_day}").content.decode()
        assert f'value="{starts_at.isoformat()} ' in offered
        button = words(offered[offered.index(f'value="{starts_at.isoformat()} ') :].split("</button>")[0])
        assert begins.rpartition(" ")[0] in button
        flow.when(starts_at=starts_at.isoformat())
        flow.details(access_type="ground")
        flow.health()
        review = words(flow.client.get("/book/review/").content.decode())
        flow.review()
        done = words(flow.client.get("/book/done/").content.decode())
        booking = Booking.objects.get()
        operations.confirm_booking(booking=booking, actor=None, now=starts_at - timedelta(days=8))
        own = words(flow.client.get(f"/visits/v/{booking.reference}/").content.decode())
        message = Message.objects.get(kind=MessageKind.CONFIRMED)
        mail = render(message, load_target(message), SiteSettings.load(), now=starts_at - timedelta(days=8))
        owner = Client()
        owner.force_login(User.objects.create_superuser("owner", "owner@example.com", "a-long-password"))
        visit = words(owner.get(f"/admin/bookings/booking/{booking.pk}/change/").content.decode())
        listed = words(owner.get("/admin/bookings/booking/").content.decode())

    assert booking.starts_at == starts_at
    # The page.
    for page in (review, done):
        assert begins in page
        assert day in page
    # The email: its subject, its words, and its words for machines that show no styles.
    span = f"{begins if begins[-3:] != ends[-3:] else begins[:-4]} – {ends}"
    short = f"{day[:3]}, {day.split(', ')[1][:3]} {day.split()[-1]} at {begins}"
    assert mail.subject.replace("\N{NO-BREAK SPACE}", " ") == f"Confirmed: {booking.service.name}, {short}"
    for text in (words(mail.text), words(mail.html)):
        assert day.split(", ")[1] in text
        assert span in text or f"{begins} – {ends}" in text
    # The calendar, as instants.
    assert mail.calendar is not None
    (event,) = Calendar.from_ical(mail.calendar).walk("VEVENT")
    assert event["DTSTART"].dt.astimezone(UTC) == starts_at
    assert event["DTEND"].dt.astimezone(UTC) == starts_at + timedelta(minutes=60)
    # When the therapist is at the door, ten minutes earlier.
    arrival = f"about {(starts_at - timedelta(minutes=10)).astimezone(LA):%-I:%M %p}"
    for text in (own, words(mail.text), words(mail.html), words(str(event["DESCRIPTION"]))):
        assert arrival in text
    # The admin.
    for desk in (visit, listed):
        assert (
            f"{day[:3]}, {day.split(', ')[1][:3]} {day.split()[-1]}, {starts_at.astimezone(LA).year}" in desk
        )
        assert begins in desk
    assert ends in visit


def test_table_holds_both_changes_of_the_clock() -> None:
    """The same wall time twice, an hour apart, and none in the hour that isn't."""
    by_words = {(row[1], row[2]): datetime.fromisoformat(row[0]).replace(tzinfo=UTC) for row in INSTANTS}
    first = by_words["Sunday, November 1", "1:30 AM PDT"]
    second = by_words["Sunday, November 1", "1:30 AM PST"]
    assert second - first == timedelta(hours=1)
    spring = [at.astimezone(LA) for at in by_words.values() if at.astimezone(LA).date() == date(2027, 3, 14)]
    assert spring
    assert all(at.hour != 2 for at in spring)
