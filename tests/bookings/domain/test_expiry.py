"""How long a request waits for its answer."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bookings.domain import operations
from bookings.enums import BookingStatus, MessageKind
from bookings.models import Message
from tests.factories import DAY, NOW, World, at

pytestmark = [pytest.mark.django_db, pytest.mark.integrity]


def test_unanswered_requests_expire_once_and_free_the_time(world: World) -> None:
    booking = world.book()
    assert operations.expire_requests(now=NOW + timedelta(hours=23)) == 0
    assert operations.expire_requests(now=NOW + timedelta(hours=25)) == 1
    assert operations.expire_requests(now=NOW + timedelta(hours=25)) == 0
    booking.refresh_from_db()
    assert booking.status == BookingStatus.EXPIRED
    assert Message.objects.filter(kind=MessageKind.EXPIRED).count() == 1
    assert world.book(now=NOW + timedelta(hours=25))


def test_request_that_needs_a_clinician_waits_three_times_as_long(world: World) -> None:
    world.book(answers={}, starts_at=at(10, 0, DAY + timedelta(days=7)))
    assert operations.expire_requests(now=NOW + timedelta(hours=71)) == 0
    assert operations.expire_requests(now=NOW + timedelta(hours=73)) == 1
