"""From a therapist's presses to a suggestion: the whole way, day by day."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from bookings.domain import operations
from bookings.domain.operations import Press
from bookings.domain.scheduling import place_of
from bookings.drives import rows
from bookings.drives.operations import suggestions
from bookings.drives.table import read_drives
from bookings.enums import StepKind
from tests.factories import DAY, NOW, World, at

pytestmark = pytest.mark.django_db


def test_presses_of_nine_days_become_a_suggestion(world: World) -> None:
    rows.refresh(now=NOW)
    hands = User.objects.create_user("hands", is_staff=True)
    days = [day for number in range(14) if (day := DAY + timedelta(days=number)).weekday() < 5][:9]
    for number, day in enumerate(days):
        booking = world.book(
            starts_at=at(14, 0, day),
            zip_code=world.far_area.zip_code,
            total_cents=16_000,
            email=f"client{number}@example.com",
            phone=f"+1213555010{number}",
        )
        visit = operations.confirm_booking(booking=booking, actor=None, now=NOW)
        left_at = at(12, 30, day)
        planned = read_drives()(place_of(world.area), place_of(world.far_area), left_at)
        assert planned is not None
        arrived_at = left_at + timedelta(minutes=round(planned * 1.6))
        for kind, pressed_at in ((StepKind.LEAVING, left_at), (StepKind.ARRIVED, arrived_at)):
            press = Press(kind=kind, key=uuid.uuid4(), at=pressed_at)
            operations.press_step(booking=visit, press=press, actor=hands, now=pressed_at)

    (found,) = suggestions(now=at(20, 0, days[-1]))

    assert (found.origin, found.destination) == (world.zone, world.far_zone)
    assert (found.lesson.drives, found.lesson.left_out) == (9, 0)
    assert found.lesson.planned < found.lesson.use < found.lesson.took
