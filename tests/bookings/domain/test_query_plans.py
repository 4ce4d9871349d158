"""What scheduling asks the database: few queries, whatever is stored, and no reading of whole tables."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import date, time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bookings.domain import scheduling
from bookings.domain.visit_request import ANYONE, VisitRequest, load_treatment
from bookings.enums import BookingStatus
from bookings.models import Booking, Client, Closure, ExtraHours, Hold, Therapist, TimeOff
from tests.factories import DAY, NOW, World, at, make_world

#: What takes time (visits, holds, time off), hours (weekly, extra, closures), and drives.
QUERIES = 3

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def store(world: World, count: int, therapists: list[Therapist], *, first_day: date = DAY) -> None:
    """Visits of an hour at a quarter past 9 and 11, day by day, for all of these therapists."""
    client = Client.objects.create(
        name="Ana O'Brien", email="ana@example.com", phone="+12135550123", created_at=NOW
    )
    places = (
        (therapist, at(hour, 15, day))
        for number in range(count)
        for day in [first_day + timedelta(days=number)]
        for hour in (9, 11)
        for therapist in therapists
    )
    Booking.objects.bulk_create(
        Booking(
            # Thousands of chance references meet now and then.
            reference=f"T-{number}",
            status=BookingStatus.CONFIRMED,
            client=client,
            contact_name=client.name,
            therapist=therapist,
            service=world.service,
            option=world.option,
            starts_at=start,
            ends_at=start + timedelta(minutes=60),
            blocked_from=start - timedelta(minutes=10),
            blocked_until=start + timedelta(minutes=70),
            street=f"{number} Sample Street",
            city="Los Angeles",
            area=world.area,
            treatment_cents=12_000,
            total_cents=12_000,
            terms_version=world.agreed,
            agreed_at=NOW,
            created_at=NOW,
            submission_key=uuid.uuid4(),
            submission_digest="0" * 64,
        )
        for number, (therapist, start) in zip(range(count), places, strict=False)
    )


def visit_request(world: World) -> VisitRequest:
    return VisitRequest(
        treatment=load_treatment(service_slug=world.service.slug, option_id=world.option.pk),
        area=world.area,
        preference=ANYONE,
        therapists=tuple(Therapist.objects.select_related("home_zip__zone").order_by("pk")),
    )


@pytest.mark.parametrize("bookings", [1, 30])
@pytest.mark.parametrize("therapists", [1, 5])
@pytest.mark.parametrize("days", [1, 31])
def test_times_take_the_same_few_queries_whatever_is_stored(
    world: World, bookings: int, therapists: int, days: int, count_queries: Callable[[], Any]
) -> None:
    for number in range(1, therapists):
        world.add_therapist(f"Sample Therapist {number + 1}")
    everyone = list(Therapist.objects.all())
    store(world, bookings, everyone)
    for therapist in everyone:
        TimeOff.objects.create(therapist=therapist, starts_at=at(17), ends_at=at(18))
        ExtraHours.objects.create(therapist=therapist, date=DAY, starts_at=time(19), ends_at=time(20))
    Closure.objects.create(date=DAY + timedelta(days=3), name="Closed")
    chosen = visit_request(world)
    with count_queries() as queries:
        offer = scheduling.find_times_between(
            visit_request=chosen,
            first_day=DAY,
            last_day=DAY + timedelta(days=days - 1),
            rules=world.rules,
            now=NOW,
        )
    assert offer.by_day
    assert len(queries) == QUERIES, [query["sql"] for query in queries]


def test_what_is_read_together_is_told_apart(world: World) -> None:
    """A closure, time off, extra hours and a hold, each on a day of its own, all do what they are for."""
    tuesday, wednesday, sunday = (DAY + timedelta(days=days) for days in (1, 2, 6))
    Closure.objects.create(date=DAY, name="Closed")
    TimeOff.objects.create(therapist=world.therapist, starts_at=at(9, 0, tuesday), ends_at=at(14, 0, tuesday))
    ExtraHours.objects.create(therapist=world.therapist, date=sunday, starts_at=time(9), ends_at=time(12))
    draft = _held(world, wednesday)

    def times(**more: Any) -> dict[date, list[Any]]:
        offer = scheduling.find_times_between(
            visit_request=replace(visit_request(world), **more),
            first_day=DAY,
            last_day=sunday,
            rules=world.rules,
            now=NOW,
        )
        return {day: [start.starts_at for start in starts] for day, starts in offer.by_day.items()}

    offered = times()
    assert DAY not in offered
    assert min(offered[tuesday]) >= at(14, 10, tuesday)
    assert at(10, 0, wednesday) not in offered[wednesday]
    assert max(offered[sunday]) <= at(11, 0, sunday)
    assert at(10, 0, wednesday) in times(draft=draft)[wednesday]


def _held(world: World, day: date) -> uuid.UUID:
    from bookings.models import BookingDraft

    draft = BookingDraft.objects.create(updated_at=NOW)
    Hold.objects.create(
        draft=draft,
        therapist=world.therapist,
        area=world.area,
        starts_at=at(10, 0, day),
        ends_at=at(11, 0, day),
        blocked_from=at(9, 50, day),
        blocked_until=at(11, 10, day),
        held_since=NOW,
        expires_at=NOW + timedelta(minutes=10),
        source="a",
        place=0,
    )
    return draft.key


@pytest.mark.skipif(connection.vendor != "postgresql", reason="the plan is PostgreSQL's")
@pytest.mark.parametrize("days", [1, 60])
def test_reading_the_calendar_never_scans_all_bookings(world: World, days: int) -> None:
    """With years of past visits, analysed as they are, the planner takes an index for the visits of the span."""
    store(world, 5000, [world.therapist], first_day=DAY - timedelta(days=2400))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE bookings_booking")
    chosen = visit_request(world)
    # As often as PostgreSQL plans what is kept prepared for the values given, before it may take one plan for all.
    for _time in range(7):
        with CaptureQueriesContext(connection) as queries:
            scheduling.find_times_between(
                visit_request=chosen,
                first_day=DAY,
                last_day=DAY + timedelta(days=days - 1),
                rules=world.rules,
                now=NOW,
            )
    asked = [query["sql"] for query in queries if query["sql"].startswith("EXECUTE bookings_booking_")]
    assert len(asked) == 1
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {asked[0]}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert not re.search(r"Seq Scan on bookings_booking", plan), plan
    assert re.search(r"Index Scan (using|on) booking_(by_therapist_time|no_overlap|by_start)", plan), plan


@pytest.mark.skipif(connection.vendor != "postgresql", reason="the plan is PostgreSQL's")
def test_who_has_an_email_or_a_phone_is_found_without_reading_all_clients(world: World) -> None:
    """As each press asks under its locks, by the plan that the connection keeps."""
    Client.objects.bulk_create(
        Client(name="Ana", email=f"ana{number}@example.com", phone=f"+1213555{number:04}", created_at=NOW)
        for number in range(2000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE bookings_client")
    for number in range(7):
        starts_at = at(10 + number % 3 * 3, 0, DAY + timedelta(days=number // 3))
        with CaptureQueriesContext(connection) as queries:
            world.book(email=f"new{number}@example.com", starts_at=starts_at)
    asked = [
        statement
        for query in queries
        for statement in query["sql"].split("; ")
        if statement.startswith("EXECUTE bookings_client_") and "new6@example.com" in statement
    ]
    # What adds the client, and what reads all who have the email or the phone.
    assert len(asked) == 2
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {asked[1]}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "Bitmap Index Scan on client_by_email" in plan, plan
    assert "Seq Scan" not in plan, plan


@pytest.mark.skipif(connection.vendor != "postgresql", reason="the plan is PostgreSQL's")
def test_the_plan_would_show_a_scan_of_all_bookings(world: World) -> None:
    """The control: a question that no index answers shows the words that the test above looks for."""
    store(world, 500, [world.therapist], first_day=DAY - timedelta(days=240))
    plan = Booking.objects.filter(street__contains="77").order_by().explain()
    assert re.search(r"Seq Scan on bookings_booking", plan), plan
