"""The calendar part, read back by a reader of our own and not by the library that wrote it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import vobject
from django.utils import timezone

from bookings.domain.calendar import CalendarMethod, visit_calendar, visit_uid
from bookings.enums import BookingStatus
from bookings.models import Booking
from services.models import Business
from tests.support.visits import CANARIES, NOW, THURSDAY, make_business, make_visit

pytestmark = pytest.mark.django_db


@dataclass
class Component:
    """What stands between BEGIN and END: properties in order, each with parameters and raw value."""

    name: str
    properties: list[tuple[str, dict[str, str], str]] = field(default_factory=list)
    children: list[Component] = field(default_factory=list)

    def value(self, name: str) -> str:
        [value] = [value for found, _, value in self.properties if found == name]
        return value

    def parameters(self, name: str) -> dict[str, str]:
        [parameters] = [parameters for found, parameters, _ in self.properties if found == name]
        return parameters

    def text(self, name: str) -> str:
        return re.sub(r"\\(.)", lambda m: "\n" if m[1] in "nN" else m[1], self.value(name))

    def child(self, name: str) -> Component:
        [child] = [child for child in self.children if child.name == name]
        return child


def parse(text: str) -> Component:
    """RFC 5545, 3.1 and 3.2, as strictly as the strictest reader."""
    assert text.endswith("\r\n")
    assert "\n" not in text.replace("\r\n", "")
    lines = text.split("\r\n")[:-1]
    assert all(len(line.encode()) <= 75 for line in lines)
    unfolded: list[str] = []
    for line in lines:
        if line.startswith((" ", "\t")):
            unfolded[-1] += line[1:]
        else:
            unfolded.append(line)
    root = Component("")
    open_ones = [root]
    for line in unfolded:
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", line)
        match = re.fullmatch(r'([A-Z-]+)((?:;[A-Z-]+=(?:"[^"]*"|[^";:,]*))*):(.*)', line)
        assert match, line
        name, raw, value = match.groups()
        if name == "BEGIN":
            component = Component(value)
            open_ones[-1].children.append(component)
            open_ones.append(component)
        elif name == "END":
            assert open_ones.pop().name == value
        else:
            found = re.findall(r';([A-Z-]+)=("[^"]*"|[^";:,]*)', raw)
            open_ones[-1].properties.append((name, {key: text.strip('"') for key, text in found}, value))
    assert open_ones == [root]
    return root.child("VCALENDAR")


def offsets(zone: Component) -> list[tuple[datetime, timedelta]]:
    """When (local time) each offset of a VTIMEZONE begins, sorted: by its two yearly rules, and by nothing else."""
    assert sorted(part.name for part in zone.children) == ["DAYLIGHT", "STANDARD"]
    begins = []
    for part in zone.children:
        assert {name for name, _, _ in part.properties} == {
            "DTSTART", "RRULE", "TZNAME", "TZOFFSETFROM", "TZOFFSETTO",
        }  # fmt: skip
        sign, hours, minutes = re.fullmatch(r"([+-])(\d\d)(\d\d)", part.value("TZOFFSETTO")).groups()
        offset = timedelta(hours=int(hours), minutes=int(minutes)) * (-1 if sign == "-" else 1)
        first = datetime.strptime(part.value("DTSTART"), "%Y%m%dT%H%M%S")  # noqa: DTZ007
        assert (first.hour, first.minute) == (2, 0)
        rule = dict(item.split("=") for item in part.value("RRULE").split(";"))
        assert rule.pop("FREQ") == "YEARLY"
        month, week = int(rule.pop("BYMONTH")), re.fullmatch(r"([12])SU", rule.pop("BYDAY"))
        assert week is not None
        assert rule == {}
        for year in range(first.year, 2060):
            day = datetime(year, month, 1, 2)  # noqa: DTZ001
            day += timedelta(days=(6 - day.weekday()) % 7 + 7 * (int(week[1]) - 1))
            begins.append((day, offset))
        assert min(at for at, found in begins if found == offset) == first
    return sorted(begins)


def instant(calendar: Component, name: str) -> datetime:
    """A DTSTART or DTEND in UTC, by the zone that came with it and by nothing else."""
    event = calendar.child("VEVENT")
    value, zone_name = event.value(name), event.parameters(name).get("TZID")
    if zone_name is None:
        return datetime.strptime(value, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    zone = calendar.child("VTIMEZONE")
    assert zone.value("TZID") == zone_name == "America/Los_Angeles"
    local = datetime.strptime(value, "%Y%m%dT%H%M%S")  # noqa: DTZ007
    offset = [offset for begins, offset in offsets(zone) if begins <= local][-1]
    return (local - offset).replace(tzinfo=UTC)


@pytest.fixture
def business(db: None) -> Business:
    return make_business()


def written(booking: Booking, business: Business, method: CalendarMethod = "REQUEST") -> Component:
    return parse(visit_calendar(booking=booking, business=business, method=method, now=NOW))


def test_calendar_holds_the_visit(business: Business, settings: Any) -> None:
    booking = make_visit(status=BookingStatus.CONFIRMED, revision=3)

    calendar = written(booking, business)

    event = calendar.child("VEVENT")
    assert (calendar.value("VERSION"), calendar.value("METHOD")) == ("2.0", "REQUEST")
    assert event.text("SUMMARY") == "Massage Rx: Manual lymphatic drainage"
    assert event.text("LOCATION") == "1200 Sample Street, Apt 4, Los Angeles, CA 90027"
    assert (event.value("SEQUENCE"), event.value("STATUS")) == ("3", "CONFIRMED")
    assert event.value("DTSTAMP") == "20261013T170000Z"
    assert event.value("ORGANIZER") == "mailto:visits@business.example"
    assert event.value("ATTENDEE") == "mailto:ana@client.example"
    assert event.parameters("ATTENDEE")["CN"] == "Ana Sample"
    assert (instant(calendar, "DTSTART"), instant(calendar, "DTEND")) == (booking.starts_at, booking.ends_at)
    address = f"{settings.SITE_URL}/visits/v/{booking.reference}/"
    assert event.text("DESCRIPTION") == (
        "Sample Therapist comes to you.\nThey arrive at about 2:20 PM PDT to set up.\n"
        f"Questions? Call (213) 555-0123.\nSee, move or cancel the visit: {address}"
    )
    assert event.value("URL") == address
    alarms = [child for child in event.children if child.name == "VALARM"]
    assert [alarm.value("TRIGGER") for alarm in alarms] == ["-P1D", "-PT2H"]
    assert {alarm.value("ACTION") for alarm in alarms} == {"DISPLAY"}


def test_a_new_address_of_the_site_or_the_business_changes_no_entry(
    business: Business, settings: Any
) -> None:
    booking = make_visit(status=BookingStatus.CONFIRMED, created_at=timezone.now())
    first = written(booking, business).child("VEVENT")
    settings.SITE_URL = "https://other.example"
    business.email = "new@business.example"
    business.save()

    again = written(booking, business, "CANCEL").child("VEVENT")
    assert again.value("UID") == first.value("UID")
    assert again.value("ORGANIZER") == first.value("ORGANIZER") == "mailto:visits@business.example"

    later = make_visit(status=BookingStatus.CONFIRMED, created_at=timezone.now())
    assert written(later, business).child("VEVENT").value("ORGANIZER") == "mailto:new@business.example"


def test_nothing_is_set_up_first_then_nobody_arrives_earlier(business: Business) -> None:
    booking = make_visit(blocked_from=THURSDAY)
    assert "arrive" not in written(booking, business).child("VEVENT").text("DESCRIPTION")


@pytest.mark.parametrize(("minutes", "arrival"), [(10, "2:20"), (12, "2:15"), (1, "2:25"), (30, "2:00")])
def test_arrival_is_to_five_minutes_and_never_later(business: Business, minutes: int, arrival: str) -> None:
    booking = make_visit(blocked_from=THURSDAY - timedelta(minutes=minutes))
    assert f"about {arrival} PM PDT" in written(booking, business).child("VEVENT").text("DESCRIPTION")


def test_calendar_is_read_by_another_library(business: Business) -> None:
    booking = make_visit(status=BookingStatus.CONFIRMED, revision=2, unit="Apt 4; rear, left")

    text = visit_calendar(booking=booking, business=business, method="REQUEST", now=NOW)

    event = vobject.readOne(text).vevent
    assert (event.dtstart.value, event.dtend.value) == (booking.starts_at, booking.ends_at)
    assert event.location.value == "1200 Sample Street, Apt 4; rear, left, Los Angeles, CA 90027"
    assert (event.sequence.value, event.uid.value) == ("2", visit_uid(booking))
    # RFC 5545, 3.3.11: no comma and no semicolon of a text stands bare.
    location = parse(text).child("VEVENT").value("LOCATION")
    assert not re.search(r"(?<!\\)[,;]", location)


def test_calendar_holds_no_secret(business: Business) -> None:
    text = visit_calendar(booking=make_visit(), business=business, method="REQUEST", now=NOW)

    assert [canary for canary in CANARIES if canary in text.replace("\r\n ", "")] == []


def test_calendar_cancels_the_same_event(business: Business) -> None:
    booking = make_visit(status=BookingStatus.CONFIRMED, revision=1)
    first = written(booking, business).child("VEVENT")
    booking.revision = 2
    booking.reference = "MX-OTHER9"

    calendar = written(booking, business, "CANCEL")

    event = calendar.child("VEVENT")
    assert (calendar.value("METHOD"), event.value("STATUS")) == ("CANCEL", "CANCELLED")
    # Whose calendar keeps the entry is free at that time all the same.
    assert (first.value("TRANSP"), event.value("TRANSP")) == ("OPAQUE", "TRANSPARENT")
    assert event.children == []
    assert event.value("UID") == first.value("UID") == visit_uid(booking)
    assert int(event.value("SEQUENCE")) > int(first.value("SEQUENCE"))
    for name in ("DTSTART", "DTEND", "ORGANIZER", "ATTENDEE"):
        assert event.value(name) == first.value(name)


def test_calendar_names_each_visit_by_itself(business: Business) -> None:
    one, other = make_visit(), make_visit()

    assert visit_uid(one) != visit_uid(other)
    # It says nothing of the form's key or the row.
    assert str(one.submission_key) not in visit_uid(one)


@pytest.mark.parametrize(
    "starts_at",
    [
        THURSDAY,
        datetime(2026, 12, 1, 22, 30, tzinfo=UTC),
        datetime(2027, 1, 1, 7, 30, tzinfo=UTC),  # over New Year
        datetime(2026, 3, 8, 9, 15, tzinfo=UTC),  # over the hour that is left out
        datetime(2026, 11, 1, 7, 45, tzinfo=UTC),  # into the hour that comes twice
        datetime(2026, 11, 1, 8, 15, tzinfo=UTC),  # within it
        datetime(2026, 11, 1, 9, 30, tzinfo=UTC),  # out of it
        datetime(2030, 11, 3, 7, 45, tzinfo=UTC),
    ],
)
def test_calendar_shows_ninety_minutes_whatever_the_clocks_do(
    business: Business, starts_at: datetime
) -> None:
    booking = make_visit(starts_at=starts_at)

    calendar = written(booking, business)

    assert instant(calendar, "DTSTART") == starts_at
    assert instant(calendar, "DTEND") - instant(calendar, "DTSTART") == timedelta(minutes=90)


def test_calendar_zone_agrees_with_the_zone_database(business: Business) -> None:
    """Every hour of two years around the visit, and the days of the change long after."""
    zone = written(make_visit(), business).child("VTIMEZONE")
    begins = offsets(zone)
    moment = datetime(2026, 1, 1, tzinfo=ZoneInfo("America/Los_Angeles"))
    for hour in (*range(24 * 730), *range(24 * 365 * 20, 24 * 365 * 21)):
        local = (moment + timedelta(hours=hour)).replace(tzinfo=None)
        truth = local.replace(tzinfo=ZoneInfo("America/Los_Angeles")).utcoffset()
        ours = [offset for start, offset in begins if start <= local][-1]
        if local.hour not in (1, 2):  # the hours in which the clocks change are tested above
            assert ours == truth


@pytest.mark.parametrize(
    "hostile",
    [
        "Ana\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nSUMMARY:Free",
        "BEGIN:VEVENT",
        "Ana\x0bBEGIN:VEVENT\x85\u2028X",
        'Ana "; ROLE=CHAIR:mailto:thief@evil.example',
        "Ana;CN=x:y,z\\n^n",
        "Ana" + "é" * 200,
        "Ana\x00\x07",
    ],
)
def test_calendar_takes_hostile_text_as_text(business: Business, hostile: str) -> None:
    booking = make_visit()
    booking.contact_name = booking.street = booking.unit = hostile
    booking.service.name = hostile
    business.name = hostile

    calendar = written(booking, business)

    assert [child.name for child in calendar.children if child.name == "VEVENT"] == ["VEVENT"]
    event = calendar.child("VEVENT")
    assert len([1 for name, _, _ in event.properties if name == "SUMMARY"]) == 1
    assert event.value("ATTENDEE") == "mailto:ana@client.example"
    assert event.parameters("ATTENDEE")["ROLE"] == "REQ-PARTICIPANT"
    assert "\n" not in event.text("SUMMARY")
