"""The database's own guarantee: with lock and engine out of the way, two visits still can't overlap."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from bookings.enums import OCCUPYING, BookingStatus
from bookings.models import Booking
from tests.factories import NOW, World, at

pytestmark = [pytest.mark.django_db, pytest.mark.integrity]


def copy_of(booking: Booking, **changes) -> Booking:
    """An unsaved booking like another, with what must be unique made new."""
    twin = Booking.objects.get(pk=booking.pk)
    twin.pk = None
    twin._state.adding = True
    twin.reference = f"MX-{uuid.uuid4().hex[:6]}"
    twin.submission_key = uuid.uuid4()
    for name, value in changes.items():
        setattr(twin, name, value)
    return twin


def shifted(booking: Booking, by: timedelta) -> dict:
    names = ("starts_at", "ends_at", "blocked_from", "blocked_until")
    return {name: getattr(booking, name) + by for name in names}


@pytest.mark.parametrize("minutes", [-79, -30, 0, 30, 79])
def test_database_refuses_an_overlapping_insert(world: World, minutes: int) -> None:
    booking = world.book()
    twin = copy_of(booking, **shifted(booking, timedelta(minutes=minutes)))
    with pytest.raises(IntegrityError, match="booking_no_overlap"), transaction.atomic():
        twin.save()


@pytest.mark.parametrize("minutes", [-80, 80])
def test_database_lets_neighbours_touch(world: World, minutes: int) -> None:
    booking = world.book()
    copy_of(booking, **shifted(booking, timedelta(minutes=minutes))).save()
    assert Booking.objects.count() == 2


def test_database_refuses_bulk_create_update_and_revival(world: World) -> None:
    booking = world.book()
    twin = copy_of(booking, status=BookingStatus.CANCELED)
    twin.save()
    with pytest.raises(IntegrityError, match="booking_no_overlap"), transaction.atomic():
        Booking.objects.filter(pk=twin.pk).update(status=BookingStatus.CONFIRMED)
    with pytest.raises(IntegrityError, match="booking_no_overlap"), transaction.atomic():
        Booking.objects.bulk_create([copy_of(booking)])
    later = copy_of(booking, **shifted(booking, timedelta(hours=3)))
    later.save()
    with pytest.raises(IntegrityError, match="booking_no_overlap"), transaction.atomic():
        Booking.objects.filter(pk=later.pk).update(**shifted(booking, timedelta(minutes=10)))


def test_only_occupying_statuses_take_time(world: World) -> None:
    booking = world.book()
    for status in set(BookingStatus.values) - set(OCCUPYING):
        copy_of(booking, status=status).save()
    assert Booking.objects.occupying().count() == 1


def test_another_therapist_is_free(world: World) -> None:
    booking = world.book()
    copy_of(booking, therapist=world.add_therapist()).save()


def test_full_clean_says_it_in_words(world: World) -> None:
    booking = world.book()
    with pytest.raises(ValidationError, match="already has a visit"):
        copy_of(booking).validate_constraints()
    booking.validate_constraints()


def test_without_the_constraint_the_overlap_gets_in(world: World) -> None:
    """The control: the tests above can fail."""
    booking = world.book()
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # What the deferred foreign keys still wait for must be settled before the table can be changed.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("ALTER TABLE bookings_booking DROP CONSTRAINT booking_no_overlap")
        else:
            cursor.execute("DROP TRIGGER booking_no_overlap_insert")
        copy_of(booking).save()
        assert Booking.objects.occupying().filter(starts_at=booking.starts_at).count() == 2
        transaction.set_rollback(True)
    assert NOW  # the rollback brings the constraint back for the tests that follow
    with pytest.raises(IntegrityError), transaction.atomic():
        copy_of(booking).save()


def test_times_status_and_total_are_guarded(world: World) -> None:
    booking = world.book(starts_at=at(10))
    for changes in (
        {"ends_at": booking.starts_at},
        {"blocked_from": booking.starts_at + timedelta(minutes=1)},
        {"status": "sleeping"},
        {"total_cents": 1},
        {"people": 3},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Booking.objects.filter(pk=booking.pk).update(**changes)
