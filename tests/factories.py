"""A small world to book in, built row by row: tests change what they are about and leave the rest.

The clock stands at noon, Los Angeles time, on Wednesday 2 December 2026.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from importlib import import_module
from typing import Any, cast
from zoneinfo import ZoneInfo

from django.apps import apps
from django.contrib.auth.models import Group
from django.db.migrations.loader import MigrationLoader

from bookings.domain import operations
from bookings.domain.operations import Submission
from bookings.drives.models import Days, FixedDrive
from bookings.drives.rows import refresh
from bookings.enums import Gender
from bookings.models import (
    Booking,
    BookingRules,
    ScreeningVersion,
    ServiceArea,
    TermsVersion,
    Therapist,
    WorkingHours,
    Zone,
)
from bookings.screening import sample_rules_data
from massagerx.lib.roles import Rights, give_rights
from services.models import AddOn, Business, Category, Service, ServiceOption
from tests.support.copied_rows import CopiedRows

LA = ZoneInfo("America/Los_Angeles")
NOW = datetime(2026, 12, 2, 12, 0, tzinfo=LA).astimezone(UTC)
#: The day that tests book on: a Monday.
DAY = date(2026, 12, 7)

CLEAR_ANSWERS = {
    question["id"]: "yes" if question["id"] == "adult" else "no"
    for question in cast("list[dict[str, Any]]", sample_rules_data()["questions"])
    if "when" not in question
}


def rights_in_migrations() -> list[Rights]:
    """What each migration after the first of roles gives them."""
    modules = {type(migration).__module__ for migration in MigrationLoader(None).disk_migrations.values()}
    found = (getattr(import_module(name), "RIGHTS", None) for name in sorted(modules))
    return [rights for rights in found if rights is not None]


def make_roles() -> None:
    """The groups of staff, as the migrations make them: a database that was kept from another run may lack them."""
    roles = import_module("bookings.migrations.0002_roles_and_search")
    if Group.objects.filter(name__in=roles.ROLES).count() < len(roles.ROLES):
        roles.make_roles(apps, None)
        for rights in rights_in_migrations():
            give_rights(apps, rights)


def at(hour: int, minute: int = 0, day: date = DAY) -> datetime:
    """The instant of a Los Angeles wall time, in UTC."""
    return datetime.combine(day, time(hour, minute), tzinfo=LA).astimezone(UTC)


@dataclass
class World:
    """One service of 60 and 90 minutes ($120, $170), one therapist Monday to Saturday 9 to 19, two zones."""

    service: Service
    option: ServiceOption
    longer: ServiceOption
    add_on: AddOn
    zone: Zone
    far_zone: Zone
    area: ServiceArea
    far_area: ServiceArea
    therapist: Therapist
    rules: BookingRules
    agreed: TermsVersion
    screening: ScreeningVersion
    extra: dict[str, Any] = field(default_factory=dict)

    def submission(self, **changes: Any) -> Submission:
        """What a client sends for a 60-minute visit on `DAY` at 10."""
        submission = Submission(
            key=uuid.uuid4(),
            service_slug=self.service.slug,
            option_id=self.option.pk,
            add_on_ids=(),
            people=1,
            zip_code=self.area.zip_code,
            preference="any",
            starts_at=at(10),
            name="Ana O'Brien",
            email="ana@example.com",
            phone="+12135550123",
            recipient_name="",
            street="12 Sample Street",
            unit="",
            access_type="ground",
            access={"gate_code": "CANARY-GATE-4711"},
            screening_version=self.screening.number,
            screening_service=self.service.slug,
            answers=dict(CLEAR_ANSWERS),
            terms_version=self.agreed.number,
            total_cents=14_000,
        )
        return replace(submission, **changes)

    def book(self, *, now: datetime = NOW, proved: bool = True, **changes: Any) -> Booking:
        """A request made by the same way as a client's, with the press in the email that proves the mailbox."""
        booking = operations.request_booking(submission=self.submission(**changes), now=now)
        if proved and booking.prove_by is not None:
            Booking.objects.filter(pk=booking.pk).update(prove_by=None, source="")
            booking.prove_by, booking.source = None, ""
        return booking

    def agree_to(self, **changes: Any) -> TermsVersion:
        """Other terms from now on, with the same words."""
        self.agreed = TermsVersion.objects.create(
            number=self.agreed.number + 1,
            cancellation=self.agreed.cancellation,
            consent=self.agreed.consent,
            consent_for_other=self.agreed.consent_for_other,
            published_at=NOW - timedelta(days=1),
            **changes,
        )
        return self.agreed

    def add_therapist(self, name: str = "Sample Therapist Two", **changes: Any) -> Therapist:
        """Another therapist with the same hours and service."""
        return make_therapist(self.service, changes.pop("home_zip", self.area), name=name, **changes)


def make_therapist(service: Service, home_zip: ServiceArea, *, name: str, **changes: Any) -> Therapist:
    slug = name.lower().replace(" ", "-")
    values: dict[str, Any] = {
        "name": name,
        "slug": slug,
        "gender": Gender.FEMALE,
        "certificate_number": f"SAMPLE-{slug}",
        "certificate_expires_on": date(2027, 12, 31),
        "home_zip": home_zip,
    }
    therapist = Therapist.objects.create(**{**values, **changes})
    therapist.services.add(service)
    WorkingHours.objects.bulk_create(
        WorkingHours(therapist=therapist, weekday=weekday, starts_at=time(9), ends_at=time(19))
        for weekday in range(6)
    )
    return therapist


def somebody_does(service: Service) -> Therapist:
    """A therapist without hours for a service, so that it is offered, where a test has no world."""
    zone, _created = Zone.objects.get_or_create(name="Nearby")
    home, _created = ServiceArea.objects.get_or_create(
        zip_code="90029",
        defaults={"city": "Los Angeles", "zone": zone, "latitude": 34.09, "longitude": -118.2944},
    )
    therapist, _created = Therapist.objects.get_or_create(
        slug="somebody",
        defaults={"name": "Somebody", "gender": Gender.OTHER, "certificate_number": "0", "home_zip": home},
    )
    therapist.services.add(service)
    return therapist


def make_world() -> World:
    """Writes the rows of a `World`."""
    return _copied_world()


def _make_world() -> World:
    Business.objects.create(phone="+12135550142", email="hello@example.com")
    category = Category.objects.create(name="Massage", slug="massage")
    service = Service.objects.create(
        category=category,
        name="Manual lymphatic drainage",
        slug="manual-lymphatic-drainage",
        summary="Slow, light strokes.",
        description="<p>Slow, light strokes.</p>",
        setup_minutes=10,
        packdown_minutes=10,
    )
    option = ServiceOption.objects.create(service=service, minutes=60, price_cents=12_000)
    longer = ServiceOption.objects.create(service=service, minutes=90, price_cents=17_000)
    add_on = AddOn.objects.create(name="Neck and shoulders", minutes=15, price_cents=2_500)
    add_on.services.add(service)
    zone = Zone.objects.create(name="Eastside", travel_fee_cents=2_000)
    far_zone = Zone.objects.create(name="Valley", travel_fee_cents=4_000)
    area = ServiceArea.objects.create(
        zip_code="90026", city="Los Angeles", zone=zone, latitude=34.0766, longitude=-118.2646
    )
    far_area = ServiceArea.objects.create(
        zip_code="91364", city="Woodland Hills", zone=far_zone, latitude=34.1557, longitude=-118.6089
    )
    rules = BookingRules(is_open=True, evening_fee_cents=2_500, evening_starts_at=time(17))
    rules.save()
    return World(
        service=service,
        option=option,
        longer=longer,
        add_on=add_on,
        zone=zone,
        far_zone=far_zone,
        area=area,
        far_area=far_area,
        therapist=make_therapist(service, area, name="Sample Therapist One"),
        rules=rules,
        agreed=TermsVersion.objects.create(
            number=1,
            cancellation="Free until {notice} before, then {fee}. Your therapist waits {wait}.",
            consent="I agree.",
            consent_for_other="They know and agree.",
            published_at=NOW - timedelta(days=30),
        ),
        screening=ScreeningVersion.objects.create(
            number=1, rules=sample_rules_data(), published_at=NOW - timedelta(days=30)
        ),
    )


_copied_world = CopiedRows(_make_world)


def fix_drives(
    *drives: tuple[ServiceArea, ServiceArea, int], start: time = time(0), end: time = time(0)
) -> list[FixedDrive]:
    """Fixes drives from one ZIP code to another, in that direction, all week, and makes the rows."""
    fixed = [
        FixedDrive.objects.create(
            origin=origin, destination=destination, minutes=minutes, days=days, starts_at=start, ends_at=end,
            both_ways=False,
        )
        for origin, destination, minutes in drives
        for days in Days.values
    ]  # fmt: skip
    refresh(now=NOW)
    return fixed


def busy_elsewhere(world: World) -> None:
    """A day that can't be had in the Valley: the therapist lives there, and a visit at noon on the Eastside leaves
    hours enough before and after, but not for the way."""
    Therapist.objects.update(home_zip=world.far_area)
    WorkingHours.objects.update(ends_at=time(18))
    fix_drives(
        (world.far_area, world.far_area, 10),
        (world.far_area, world.area, 120),
        (world.area, world.far_area, 240),
    )
    world.book(starts_at=at(12), email="noon@example.com", phone="+12135550199")
