"""What is deleted when its time is over: health answers by the owner's months, and that somebody comes to do it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User

from bookings import tasks
from bookings.domain import intake, operations
from bookings.models import (
    Booking,
    BookingRules,
    ClinicianNote,
    HealthAccess,
    ScreeningRecheck,
    ScreeningRecord,
)
from massagerx.lib.localtime import months_before
from tests.factories import NOW, World, at

pytestmark = [pytest.mark.django_db, pytest.mark.integrity]


def told(world: World, **changes: Any) -> Booking:
    """A visit that is over, with answers, answers given again and a clinician's note."""
    staff, _is_new = User.objects.get_or_create(username="desk")
    visit = world.book(**changes)
    operations.decline_booking(booking=visit, actor=staff, now=NOW)
    ScreeningRecheck.objects.create(
        booking=visit, version=world.screening, answers={}, tier="clear", new_tier="clear", evaluated_at=NOW
    )
    ClinicianNote.objects.create(booking=visit, note="Fine", recorded_at=NOW, recorded_by=staff)
    HealthAccess.objects.create(booking=visit, user=staff, at=NOW, reason="A call")
    return visit


def held() -> tuple[int, int, int]:
    return ScreeningRecord.objects.count(), ScreeningRecheck.objects.count(), ClinicianNote.objects.count()


def test_health_answers_go_so_many_months_after_the_last_visit(world: World) -> None:
    told(world, starts_at=at(10))
    last = told(world, starts_at=at(13))
    over = datetime(2028, 12, 7, tzinfo=last.ends_at.tzinfo).replace(
        hour=last.ends_at.hour, minute=last.ends_at.minute
    )
    assert intake.purge_health_answers(now=over - timedelta(seconds=1)) == 0
    assert held() == (2, 2, 2)
    assert intake.purge_health_answers(now=over) == 2
    assert held() == (0, 0, 0)
    # Who looked stays, and so does the visit.
    assert HealthAccess.objects.count() == 2
    assert Booking.objects.count() == 2
    assert intake.purge_health_answers(now=over) == 0


def test_a_later_visit_keeps_the_earlier_answers_and_other_clients_count_for_themselves(world: World) -> None:
    told(world, starts_at=at(10))
    told(world, starts_at=at(13), email="bo@example.com", phone="+12135550199")
    Booking.objects.filter(client__email="bo@example.com").update(
        starts_at=at(13) - timedelta(days=400), ends_at=at(14) - timedelta(days=400),
        blocked_from=at(13) - timedelta(days=400), blocked_until=at(14) - timedelta(days=400),
    )  # fmt: skip
    BookingRules.objects.update(health_kept_months=12)
    assert intake.purge_health_answers(now=NOW) == 1
    assert set(ScreeningRecord.objects.values_list("booking__client__email", flat=True)) == {
        "ana@example.com"
    }


def test_answers_that_no_key_opens_go_all_the_same(world: World, settings: Any) -> None:
    told(world)
    settings.HEALTH_KEYS = ["b3RoZXJvdGhlcm90aGVyb3RoZXJvdGhlcm90aGVyb3Q="]
    assert intake.purge_health_answers(now=NOW + timedelta(days=3000)) == 1
    assert held() == (0, 0, 0)


@pytest.mark.parametrize(
    ("moment", "months", "earlier"),
    [
        (datetime(2028, 3, 31, 9, tzinfo=UTC), 1, datetime(2028, 2, 29, 9, tzinfo=UTC)),
        (datetime(2027, 1, 15, tzinfo=UTC), 1, datetime(2026, 12, 15, tzinfo=UTC)),
        (datetime(2027, 1, 15, tzinfo=UTC), 24, datetime(2025, 1, 15, tzinfo=UTC)),
        (datetime(2027, 12, 1, tzinfo=UTC), 12, datetime(2026, 12, 1, tzinfo=UTC)),
    ],
)
def test_months_before(moment: datetime, months: int, earlier: datetime) -> None:
    assert months_before(moment, months) == earlier


def test_somebody_comes_for_everything_that_has_its_time() -> None:
    """Holds; links and codes; drafts; copies; enquiries; requests from outside; sessions; health answers."""
    purges = {
        tasks.release_expired_holds, tasks.purge_links, tasks.purge_drafts, tasks.purge_copies,
        tasks.purge_enquiries, tasks.purge_area_requests, tasks.purge_sessions, tasks.purge_health_answers,
    }  # fmt: skip
    beat: dict[Any, Any] = {
        entry["task"]: entry["schedule"] for entry in settings.CELERY_BEAT_SCHEDULE.values()
    }
    assert {task.name for task in purges} <= set(beat)
    assert all(beat[task.name] <= 86_400 for task in purges)


def test_the_task_reads_the_clock(world: World) -> None:
    told(world)
    BookingRules.objects.update(health_kept_months=1)
    Booking.objects.update(
        starts_at=at(10) - timedelta(days=900), ends_at=at(11) - timedelta(days=900),
        blocked_from=at(10) - timedelta(days=900), blocked_until=at(11) - timedelta(days=900),
    )  # fmt: skip
    tasks.purge_health_answers()
    assert held() == (0, 0, 0)
