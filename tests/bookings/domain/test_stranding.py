"""Which booked visits can't be kept as things are now."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bookings import exceptions
from bookings.domain import operations
from bookings.domain.scheduling import check_upcoming
from bookings.domain.stranding import stranded_by
from bookings.models import (
    Booking,
    BookingRules,
    Closure,
    DriveOverride,
    Therapist,
    TimeOff,
    WorkingHours,
)
from tests.factories import DAY, NOW, World, at, fix_drives

pytestmark = [pytest.mark.django_db, pytest.mark.integrity]


def reasons(now: datetime = NOW, therapist_ids: set[int] | None = None) -> dict[str, str]:
    found = stranded_by(therapist_ids=therapist_ids, now=now, as_saved=True)
    return {row.booking.reference: row.reason for row in found}


def cut_hours(world: World) -> None:
    WorkingHours.objects.filter(weekday=0).update(starts_at=time(12))


def delete_hours(world: World) -> None:
    WorkingHours.objects.all().delete()


def end_hours(world: World) -> None:
    WorkingHours.objects.update(valid_until=DAY - timedelta(days=1))


def take_time_off(world: World) -> None:
    TimeOff.objects.create(therapist=world.therapist, starts_at=at(10, 30), ends_at=at(12))


def close(world: World) -> None:
    Closure.objects.create(date=DAY, name="Rain")


def deactivate(world: World) -> None:
    Therapist.objects.update(is_active=False)


def let_certificate_lapse(world: World) -> None:
    Therapist.objects.update(certificate_expires_on=DAY - timedelta(days=1))


def take_certificate(world: World) -> None:
    Therapist.objects.update(certificate_number="")


def take_qualification(world: World) -> None:
    world.therapist.services.clear()


def lower_reach(world: World) -> None:
    Therapist.objects.update(reach_minutes=1)


def allow_no_visit(world: World) -> None:
    Therapist.objects.update(max_visits_per_day=0)


def allow_half_an_hour(world: World) -> None:
    Therapist.objects.update(max_work_minutes_per_day=30)


def move_home_far(world: World) -> None:
    fix_drives((world.far_area, world.area, 240))
    Therapist.objects.update(home_zip=world.far_area)


def slow_the_streets(world: World) -> None:
    fix_drives((world.area, world.area, 120))


def move_zip(world: World) -> None:
    world.area.latitude, world.area.longitude = 41.0, -124.0
    world.area.save()
    Therapist.objects.update(home_zip=world.far_area)


def lengthen_stairs(world: World) -> None:
    BookingRules.objects.update(stairs_minutes=60)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (cut_hours, "outside_hours"), (delete_hours, "outside_hours"), (end_hours, "outside_hours"),
        (take_time_off, "time_off"), (close, "closed"), (deactivate, "inactive"),
        (let_certificate_lapse, "certificate"), (take_certificate, "certificate"),
        (take_qualification, "qualification"), (lower_reach, "reach"), (allow_no_visit, "daily_limit"),
        (allow_half_an_hour, "daily_limit"), (move_home_far, "outside_hours"),
        (slow_the_streets, "outside_hours"), (move_zip, "unknown_place"), (lengthen_stairs, "outside_hours"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)  # fmt: skip
def test_change_strands_the_visit(change, reason: str, world: World) -> None:
    booking = world.book(access_type="stairs")
    assert reasons() == {}
    change(world)
    assert reasons() == {booking.reference: reason}


def test_longer_way_to_the_door_counts_for_both_neighbours(world: World) -> None:
    world.rules.stairs_minutes = 0
    world.rules.save()
    first = world.book(access_type="stairs", starts_at=at(12))
    after = world.book(
        access_type="stairs",
        starts_at=at(14),
        street="99 Other Street",
        email="b@example.com",
        phone="+12135550111",
    )
    gap = int((after.blocked_from - first.blocked_until).total_seconds() // 60)
    BookingRules.objects.update(stairs_minutes=gap // 2 + 1)
    # Either alone would still leave the way free; both together would not.
    assert set(reasons()) == {first.reference, after.reference}


def test_visits_that_are_over_or_let_go_are_not_stranded(world: World) -> None:
    over = world.book()
    canceled = world.book(starts_at=at(15), email="b@example.com", phone="+12135550111")
    operations.cancel_booking(booking=canceled, actor=None, now=NOW)
    delete_hours(world)
    assert set(reasons()) == {over.reference}
    assert reasons(now=at(10)) == {}


def test_only_the_therapists_asked_about_are_looked_at(world: World) -> None:
    world.book()
    other = world.add_therapist()
    delete_hours(world)
    assert reasons(therapist_ids={other.pk}) == {}
    assert len(reasons(therapist_ids={world.therapist.pk})) == 1
    assert reasons(therapist_ids=set()) == {}


def test_staff_rules_ask_neither_notice_nor_horizon_nor_grid(world: World) -> None:
    world.book()
    BookingRules.objects.update(minimum_notice_minutes=20_160, horizon_days=1, granularity_minutes=60)
    Booking.objects.update(starts_at=at(10, 7))
    assert reasons() == {}


def test_only_the_days_asked_about_are_looked_at(world: World) -> None:
    first = world.book()
    tomorrow = DAY + timedelta(days=1)
    second = world.book(starts_at=at(10, day=tomorrow), email="b@example.com", phone="+12135550111")
    delete_hours(world)

    def on(*days: date) -> list[Booking]:
        return [row.booking for row in stranded_by(now=NOW, days=(days[0], days[-1]))]

    assert on(DAY) == [first]
    assert on(tomorrow) == [second]
    assert on(DAY, tomorrow) == [first, second]
    assert on(DAY - timedelta(days=1)) == []


@pytest.mark.parametrize(("as_saved", "queries"), [(True, 11), (False, 6)], ids=["as-saved", "by-rows"])
@pytest.mark.parametrize("visits", [1, 8])
def test_number_of_queries_does_not_depend_on_the_visits(
    visits: int, as_saved: bool, queries: int, world: World
) -> None:
    world.add_therapist()
    BookingRules.objects.update(open_requests_per_client=50)
    for week in range(visits):
        world.book(starts_at=at(10, day=DAY + timedelta(days=week)) if week != 6 else at(15))
    with CaptureQueriesContext(connection) as captured:
        stranded_by(now=NOW, as_saved=as_saved)
    assert len(captured) == queries  # five of the eleven are what drives are made from


# Corrected drives ----------------------------------------------------------------------------------------------


def pair(world: World) -> tuple[Booking, Booking]:
    first = world.book(starts_at=at(10))
    after = world.book(
        starts_at=at(13), street="99 Other Street", email="b@example.com", phone="+12135550111"
    )
    return first, after


def correct(world: World, first: Booking | None, after: Booking | None, minutes: int, user) -> DriveOverride:
    return DriveOverride.objects.create(
        from_booking=first, to_booking=after, minutes=minutes, reason="Road works", by=user, at=NOW
    )


def test_corrected_drive_is_counted_when_a_visit_is_confirmed(world: World, django_user_model) -> None:
    user = django_user_model.objects.create(username="staff")
    first, after = pair(world)
    correct(world, first, after, 170, user)
    with pytest.raises(exceptions.SlotNotOffered) as refused:
        operations.confirm_booking(booking=after, actor=user, now=NOW)
    assert refused.value.reason == "drive"
    DriveOverride.objects.update(minutes=20)
    assert operations.confirm_booking(booking=after, actor=user, now=NOW)


def test_corrected_drive_makes_a_visit_possible_that_the_table_refuses(
    world: World, django_user_model
) -> None:
    user = django_user_model.objects.create(username="staff")
    first, after = pair(world)
    fix_drives((world.area, world.area, 119), start=time(11), end=time(13))
    assert set(reasons().values()) == {"drive"}
    correct(world, first, after, 20, user)
    assert reasons() == {}


def test_corrected_drive_from_home_is_counted(world: World, django_user_model) -> None:
    user = django_user_model.objects.create(username="staff")
    booking = world.book(starts_at=at(10))
    correct(world, None, booking, 55, user)
    assert reasons() == {booking.reference: "outside_hours"}


def test_corrected_drive_counts_on_its_own_day_only(world: World, django_user_model) -> None:
    user = django_user_model.objects.create(username="staff")
    first, after = pair(world)
    tomorrow = DAY + timedelta(days=1)
    world.book(starts_at=at(10, day=tomorrow))
    world.book(
        starts_at=at(13, day=tomorrow), street="99 Other Street", email="b@example.com", phone="+12135550111"
    )
    correct(world, first, after, 170, user)
    assert set(reasons()) == {first.reference, after.reference}


def test_nobody_corrects_an_overlap_away(world: World, django_user_model) -> None:
    user = django_user_model.objects.create(username="staff")
    first, after = pair(world)
    Booking.objects.filter(pk=first.pk).update(
        ends_at=at(13) - timedelta(minutes=11), blocked_until=at(13) - timedelta(minutes=10)
    )
    Booking.objects.filter(pk=after.pk).update(blocked_from=at(13) - timedelta(minutes=10))
    correct(world, first, after, 1, user)
    # The minutes at the door, ten after the one and ten before the other, are no drive.
    assert "taken" in reasons().values()


def test_check_upcoming_answers_for_each_visit(world: World) -> None:
    first, after = pair(world)
    assert check_upcoming(therapist_ids=None, now=NOW) == [(first, None), (after, None)]
    assert check_upcoming(therapist_ids=None, now=datetime(2030, 1, 1, tzinfo=UTC)) == []
