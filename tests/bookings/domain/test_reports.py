"""Figures of a period, beside the same figures counted row by row."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from statistics import median
from typing import Any

import pytest

from bookings.domain.day_board import load_columns
from bookings.domain.reports import LONGEST_DAYS, Figures, Report, load_report
from bookings.enums import BookingStatus
from bookings.models import Booking, Client, Closure, Therapist, TimeOff
from tests.factories import LA, NOW, World, at

# The clocks go back on 1 November 2026.
FIRST, LAST = date(2026, 10, 1), date(2026, 11, 30)
KEPT = {"confirmed", "completed", "no_show"}


def make(world: World, start: datetime, client: Client, **changes: Any) -> Booking:
    values: dict[str, Any] = {
        "status": BookingStatus.COMPLETED,
        "client": client,
        "contact_name": client.name,
        "therapist": world.therapist,
        "service": world.service,
        "option": world.option,
        "starts_at": start,
        "ends_at": start + timedelta(minutes=60),
        "blocked_from": start - timedelta(minutes=10),
        "blocked_until": start + timedelta(minutes=70),
        "street": f"{random.randrange(9999)} Sample Street",
        "city": "Los Angeles",
        "area": world.area,
        "treatment_cents": 12_000,
        "total_cents": 12_000,
        "terms_version": world.agreed,
        "agreed_at": start - timedelta(days=3),
        "created_at": start - timedelta(days=3),
        "submission_key": uuid.uuid4(),
        "submission_digest": "0" * 64,
    }
    return Booking(**{**values, **changes})


def make_client(number: int) -> Client:
    return Client.objects.create(
        name=f"C{number}", email=f"c{number}@example.com", phone=f"+1213555{number:04}", created_at=NOW
    )


@pytest.fixture
def busy(world: World) -> World:
    """Eighty visits in all states over September to December, of two therapists and ten clients."""
    chance = random.Random(7)
    clients = [make_client(number) for number in range(10)]
    therapists = [world.therapist, world.add_therapist()]
    days = [date(2026, 9, 15) + timedelta(days=number) for number in range(90)]
    places = chance.sample(
        [(row, day, hour) for row in therapists for day in days for hour in (9, 12, 15, 23)], 80
    )
    rows = []
    for therapist, day, hour in places:
        cents = chance.randrange(10_000, 20_000)
        start = at(hour, 15, day)
        rows.append(
            make(
                world,
                start,
                chance.choice(clients),
                therapist=therapist,
                status=chance.choice(
                    ["completed", "completed", "completed", "no_show", "canceled", "confirmed", "expired"]
                ),
                area=chance.choice([world.area, world.far_area]),
                treatment_cents=cents,
                total_cents=cents,
                late_fee_cents=chance.choice([0, 5_000]),
                created_at=start - timedelta(hours=chance.randrange(1, 900)),
            )
        )
    Booking.objects.bulk_create(rows)
    TimeOff.objects.create(
        therapist=world.therapist, starts_at=at(9, 0, date(2026, 10, 6)), ends_at=at(12, 0, date(2026, 10, 7))
    )
    Closure.objects.create(date=date(2026, 11, 26), name="Thanksgiving")
    return world


def local_day(booking: Booking) -> date:
    return booking.starts_at.astimezone(LA).date()


def in_period() -> list[Booking]:
    rows = Booking.objects.select_related("area__zone")
    return [booking for booking in rows if FIRST <= local_day(booking) <= LAST]


def check(figures: Figures, rows: list[Booking]) -> None:
    """Everything that can be counted from the rows alone."""
    done = [booking for booking in rows if booking.status == "completed"]
    kept = [booking for booking in rows if booking.status in KEPT]
    assert figures.completed == len(done)
    to_come = [booking for booking in rows if booking.status == "confirmed" and booking.ends_at > NOW]
    assert figures.to_come == len(to_come)
    assert figures.not_closed == sum(booking.status == "confirmed" for booking in rows) - len(to_come)
    assert figures.no_shows == sum(booking.status == "no_show" for booking in rows)
    assert figures.canceled == sum(booking.status == "canceled" for booking in rows)
    assert figures.revenue_cents == sum(booking.total_cents for booking in done)
    assert figures.late_fee_cents == sum(booking.late_fee_cents for booking in rows)
    assert figures.door_minutes == 80 * len(kept)
    leads = [(booking.starts_at - booking.created_at).total_seconds() / 86_400 for booking in kept]
    assert figures.lead_days == (pytest.approx(median(leads)) if leads else None)
    first: dict[int, int] = {}
    for booking in Booking.objects.filter(status="completed").order_by("starts_at", "pk"):
        first.setdefault(booking.client_id, booking.pk)
    new = {booking.client_id for booking in done if first[booking.client_id] == booking.pk}
    assert figures.new_clients == len(new)
    assert figures.returning_clients == len({booking.client_id for booking in done} - new)


@pytest.fixture
def report(busy: World) -> Report:
    return load_report(first_day=FIRST, last_day=LAST, now=NOW)


def test_whole_period_is_the_sum_of_its_rows(report: Report) -> None:
    check(report.total, in_period())
    assert report.total.completed > 10


def test_months_are_local_months(report: Report) -> None:
    assert [(group.key, group.name) for group in report.by_month] == [
        (date(2026, 10, 1), "Oct 2026"),
        (date(2026, 11, 1), "Nov 2026"),
    ]
    for group in report.by_month:
        assert isinstance(group.key, date)
        check(group.figures, [row for row in in_period() if local_day(row).month == group.key.month])


def test_late_evening_of_the_last_day_belongs_to_its_month(world: World) -> None:
    Booking.objects.bulk_create([make(world, at(23, 30, date(2026, 10, 31)), make_client(1))])
    october, november = load_report(first_day=FIRST, last_day=LAST, now=NOW).by_month
    assert (october.figures.completed, november.figures.completed) == (1, 0)
    assert load_report(first_day=date(2026, 11, 1), last_day=LAST, now=NOW).total.completed == 0


def test_therapists_services_and_zones_are_the_sums_of_their_rows(report: Report, busy: World) -> None:
    rows = in_period()
    assert {group.key for group in report.by_therapist} == set(Therapist.objects.values_list("pk", flat=True))
    for group in report.by_therapist:
        check(group.figures, [row for row in rows if row.therapist_id == group.key])
    (service,) = report.by_service
    check(service.figures, rows)
    assert [group.name for group in report.by_zone] == ["Eastside", "Valley"]
    for group in report.by_zone:
        check(group.figures, [row for row in rows if row.area.zone_id == group.key])
        assert group.figures.working_minutes is None
        assert group.figures.fill is None


def test_drives_are_those_of_the_day_board(report: Report, busy: World) -> None:
    therapists = list(Therapist.objects.select_related("home_zip__zone"))
    columns = load_columns(therapists=therapists, first_day=FIRST, last_day=LAST, now=NOW)
    assert report.total.drive_minutes == sum(column.drive_minutes for column in columns) > 0
    for groups in (report.by_month, report.by_therapist, report.by_service, report.by_zone):
        assert sum(group.figures.drive_minutes for group in groups) == report.total.drive_minutes


def test_working_time_leaves_out_time_off_closed_days_and_sundays(report: Report, busy: World) -> None:
    days = [FIRST + timedelta(days=number) for number in range((LAST - FIRST).days + 1)]
    worked = sum(day.weekday() < 6 and day != date(2026, 11, 26) for day in days) * 600
    # Of the first therapist, Tuesday from 9 and Wednesday until 12 are off.
    figures = {group.key: group.figures for group in report.by_therapist}
    assert figures[busy.therapist.pk].working_minutes == worked - 600 - 180
    assert report.total.working_minutes == 2 * worked - 780
    one = figures[busy.therapist.pk]
    assert one.fill == pytest.approx((one.door_minutes + one.drive_minutes) / (worked - 780))
    assert sum(group.figures.working_minutes or 0 for group in report.by_month) == 2 * worked - 780


def test_night_of_the_clock_change_is_as_long_as_it_is(world: World) -> None:
    world.therapist.working_hours.all().delete()
    world.therapist.working_hours.create(weekday=6, starts_at=time(0), ends_at=time(4))
    day = date(2026, 11, 1)
    assert load_report(first_day=day, last_day=day, now=NOW).total.working_minutes == 5 * 60


def test_requests_and_what_came_of_nothing_take_no_time(world: World) -> None:
    client = make_client(1)
    states = ("requested", "canceled", "declined", "expired")
    Booking.objects.bulk_create(
        make(world, at(10, 0, FIRST + timedelta(days=number)), client, status=state)
        for number, state in enumerate(states)
    )
    total = load_report(first_day=FIRST, last_day=LAST, now=NOW).total
    assert (total.completed, total.door_minutes, total.drive_minutes, total.lead_days) == (0, 0, 0, None)
    assert (total.new_clients, total.returning_clients, total.revenue_cents) == (0, 0, 0)


def test_therapist_who_left_counts_only_days_with_visits(world: World) -> None:
    Therapist.objects.update(is_active=False)
    assert load_report(first_day=FIRST, last_day=LAST, now=NOW).by_therapist == ()
    Booking.objects.bulk_create([make(world, at(10, 0, date(2026, 10, 5)), make_client(1))])
    (group,) = load_report(first_day=FIRST, last_day=LAST, now=NOW).by_therapist
    assert group.figures.working_minutes == 600


@pytest.mark.parametrize("days", [-1, LONGEST_DAYS])
def test_impossible_periods_are_refused(world: World, days: int) -> None:
    with pytest.raises(ValueError, match="LONGEST_DAYS"):
        load_report(first_day=FIRST, last_day=FIRST + timedelta(days=days), now=NOW)


@pytest.mark.parametrize("visits", [1, 300])
def test_a_year_costs_the_same_queries_however_many_visits(
    world: World, visits: int, count_queries: Callable[..., Any]
) -> None:
    client = make_client(1)
    Booking.objects.bulk_create(
        make(world, at(10, 0, date(2026, 1, 1) + timedelta(days=number)), client) for number in range(visits)
    )
    with count_queries() as queries:
        report = load_report(first_day=date(2026, 1, 1), last_day=date(2026, 12, 31), now=NOW)
    assert report.total.completed == visits
    assert len(queries) == 8
