"""Every day of 2026 to 2030 and every session that the sample catalogue can make: no time outside local hours, none
that isn't, no wrong length."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta

import pytest

from bookings import availability, sample
from bookings.domain.scheduling import setup_and_packdown_minutes
from bookings.models import Booking, BookingRules
from massagerx.lib.localtime import zone
from services import sample as catalogue
from services.models import Service
from tests.support.integrity import size, write_down

pytestmark = pytest.mark.django_db

FIRST_DAY, LAST_DAY = date(2026, 1, 1), date(2030, 12, 31)
GRID = size(60, 15)  # minutes
DAYS = (LAST_DAY - FIRST_DAY).days + 1
HERE = availability.Place("90026", address_key="here")
# A night on which the clock changes is worked through as well as a day.
HOURS = [(time(9), time(19)), (time(0), time(6))]


def treatments() -> dict[tuple[int, int, int], set[str]]:
    """(set-up, session, pack-down) in minutes of everything that can be booked, by service."""
    rules = BookingRules.load()
    found: dict[tuple[int, int, int], set[str]] = defaultdict(set)
    for service in Service.objects.offered(FIRST_DAY):
        extras = [add_on.minutes for add_on in service.add_ons.all()]
        setup, packdown = setup_and_packdown_minutes(
            service=service, rules=rules, access_type=Booking.AccessType.GROUND
        )
        for option in service.options.all():
            for people in range(1, service.max_people + 1):
                for extra in {0, sum(extras)}:
                    found[setup, (option.minutes + extra) * people, packdown].add(service.slug)
    return found


def test_no_session_of_any_service_is_offered_at_a_time_that_is_not(db: None) -> None:
    catalogue.load(now=datetime(2026, 1, 1, tzinfo=UTC))
    sample.load(now=datetime(2026, 1, 1, tzinfo=UTC))
    wanted = treatments()
    assert set.union(*wanted.values()) == set(
        Service.objects.offered(FIRST_DAY).values_list("slug", flat=True)
    )
    therapist = availability.Therapist(
        id=1,
        home=HERE,
        weekly_hours=tuple(
            availability.WeeklyHours(weekday, *hours) for weekday in range(7) for hours in HOURS
        ),
    )
    offered = 0
    for setup, minutes, packdown in wanted:
        slots = availability.offer_slots(
            therapists=[therapist],
            job=availability.Job(HERE, minutes, setup, packdown),
            first_day=FIRST_DAY,
            last_day=LAST_DAY,
            conditions=availability.Conditions(
                availability.SchedulingRules(zone(), timedelta(0), DAYS, GRID),
                lambda *_: 0,
                datetime(2026, 1, 1, 8, tzinfo=UTC),
            ),
        )
        days = set()
        for slot in slots:
            start, end = slot.blocked_from.astimezone(zone()), slot.blocked_until.astimezone(zone())
            begins = slot.starts_at.astimezone(zone())
            # There and back again: a time that doesn't exist would come back as another.
            assert begins.replace(fold=begins.fold).astimezone(UTC) == slot.starts_at
            assert slot.ends_at - slot.starts_at == timedelta(minutes=minutes)
            assert slot.blocked_until - slot.blocked_from == timedelta(minutes=setup + minutes + packdown)
            assert start.date() == end.date()
            assert any(first <= start.time() and end.time() <= last for first, last in HOURS), (start, end)
            days.add(begins.date())
        assert len(days) == DAYS
        offered += len(slots)
    assert offered > DAYS * len(wanted) * 5
    write_down(
        "every day and every session", days=DAYS, treatments=len(wanted), grid_minutes=GRID, times=offered
    )
