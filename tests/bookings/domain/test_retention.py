"""What is deleted when its time is over: health answers by the owner's months, and that somebody comes to do it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session

from bookings import retention, tasks
from bookings.domain import export, intake, listeners, operations, privacy
from bookings.enums import MessageKind, MessageState
from bookings.models import (
    AccessNotes,
    Booking,
    BookingRules,
    ClinicianNote,
    HealthAccess,
    Message,
    ScreeningRecheck,
    ScreeningRecord,
    TimeOff,
    TimeOffWish,
)
from massagerx.lib.batches import in_batches
from massagerx.lib.localtime import months_before
from services.models import AddOn
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


def test_health_answers_go_some_clients_at_a_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    told(world, starts_at=at(10))
    told(world, starts_at=at(13), email="bo@example.com", phone="+12135550199")
    told(world, starts_at=at(16), email="cy@example.com", phone="+12135550198")
    monkeypatch.setattr(in_batches, "__kwdefaults__", {"size": 2})
    facts: list[Any] = []
    monkeypatch.setattr(listeners, "tell", facts.append)
    assert intake.purge_health_answers(now=NOW + timedelta(days=3000)) == 3
    assert held() == (0, 0, 0)
    # At the end what belongs to no visit.
    assert [len(fact.bookings) for fact in facts] == [2, 1, 0]


def test_the_way_in_goes_twelve_weeks_after_the_last_visit(world: World) -> None:
    told(world, starts_at=at(10))
    last = told(world, starts_at=at(13))
    other = told(world, starts_at=at(16), email="bo@example.com", phone="+12135550199")
    over = last.ends_at + retention.WAY_IN_KEPT
    assert privacy.purge_access_notes(now=over - timedelta(seconds=1)) == 0
    assert privacy.purge_access_notes(now=over) == 2
    assert list(AccessNotes.objects.values_list("booking", flat=True)) == [other.pk]
    # The visits stay, and pages that showed how to get in do too.
    assert export.all_about(last.client)
    assert privacy.purge_access_notes(now=over) == 0


def test_whom_to_call_at_the_door_goes_with_the_way_in(world: World) -> None:
    at_the_door = {
        "recipient_phone": "+12135550144",
        "recipient_language": "Spanish",
        "payer_name": "Bo Payer",
    }
    told(world, starts_at=at(10), recipient_name="Cy Other", **at_the_door)
    last = told(world, starts_at=at(13))
    told(
        world, starts_at=at(16), email="bo@example.com", phone="+12135550199",
        recipient_name="Di Other", **at_the_door,
    )  # fmt: skip
    over = last.ends_at + retention.WAY_IN_KEPT
    columns = ("recipient_phone", "recipient_language", "payer_name")
    kept = Booking.objects.exclude(payer_name="").order_by("starts_at").values_list(*columns)
    privacy.purge_access_notes(now=over - timedelta(seconds=1))
    assert list(kept.all()) == [tuple(at_the_door.values())] * 2
    privacy.purge_access_notes(now=over)
    assert list(kept.all()) == [("", "", "Bo Payer"), tuple(at_the_door.values())]


def test_the_way_in_goes_though_no_key_opens_it(world: World, settings: Any) -> None:
    told(world)
    settings.HEALTH_KEYS = ["b3RoZXJvdGhlcm90aGVyb3RoZXJvdGhlcm90aGVyb3Q="]
    assert privacy.purge_access_notes(now=NOW + timedelta(days=400)) == 1


def test_what_the_page_says_is_what_is_done(world: World) -> None:
    BookingRules.objects.update(health_kept_months=1, area_requests_kept_days=33)
    rows = {row.what: row.until for row in privacy.kept()}
    assert {"1 month after your last visit", "84 days after your last visit", "33 days"} <= set(rows.values())
    assert rows["A booking that you start and don’t send"] == "1 day"
    assert rows["What you write on our contact page, and that you asked for the booklet"] == "400 days"
    assert rows["What an office wrote of you for a course, if you don’t book it"] == (
        "90 days after the first day that it clears; 7 days when the office takes it back"
    )
    assert rows["The booklet of your training program, after you ask for it"] == "30 days"


def test_why_somebody_was_away_is_emptied_400_days_after(world: World) -> None:
    ends_at = NOW - retention.ABSENCES_KEPT
    away = {"therapist": world.therapist, "starts_at": ends_at - timedelta(hours=8), "ends_at": ends_at}
    absence = TimeOff.objects.create(**away, reason="flu")
    wish = TimeOffWish.objects.create(**away, reason="surgery", why="Nobody else is free.", asked_at=NOW)

    def told() -> tuple[str, str, str]:
        absence.refresh_from_db()
        wish.refresh_from_db()
        return absence.reason, wish.reason, wish.why

    privacy.purge_records(now=NOW)
    assert told() == ("flu", "surgery", "Nobody else is free.")
    privacy.purge_records(now=NOW + timedelta(seconds=1))
    assert told() == ("", "", "")


def test_the_admin_log_ends_after_three_years(world: World) -> None:
    user = User.objects.create_user("owner")
    pressed = LogEntry.objects.create(user=user, action_flag=CHANGE, action_time=NOW, object_repr="x")
    mine = LogEntry.objects.filter(pk=pressed.pk)
    privacy.purge_records(now=NOW + retention.ADMIN_LOG_KEPT)
    assert mine.exists()
    privacy.purge_records(now=NOW + retention.ADMIN_LOG_KEPT + timedelta(seconds=1))
    assert not mine.exists()


def test_a_line_of_a_history_ends_seven_years_after_the_next_and_the_newest_stays(world: World) -> None:
    towels = AddOn.objects.create(name="Warm towels", summary="For the back.", price_cents=1_000)
    for _change in range(2):
        towels.save()
    lines = AddOn.history.filter(id=towels.pk).order_by("history_id")
    first, second, newest = lines
    # The first was written long ago, and held until the day before yesterday.
    lines.filter(pk=first.pk).update(history_date=NOW - timedelta(days=9_000))
    lines.filter(pk=second.pk).update(history_date=NOW - timedelta(days=2))
    lines.filter(pk=newest.pk).update(history_date=NOW - timedelta(days=1))

    def left(now: datetime) -> list[int]:
        privacy.purge_records(now=now)
        return list(lines.values_list("pk", flat=True))

    over = NOW - timedelta(days=2) + retention.HISTORY_KEPT
    assert left(over) == [first.pk, second.pk, newest.pk]
    assert left(over + timedelta(seconds=1)) == [second.pk, newest.pk]
    for _night in range(2):
        assert left(NOW + timedelta(days=20_000)) == [newest.pk]
    # Of a row that was deleted nothing stays.
    towels.delete()
    lines.filter(history_type="-").update(history_date=NOW)
    assert len(left(NOW + retention.HISTORY_KEPT)) == 2
    assert left(NOW + retention.HISTORY_KEPT + timedelta(seconds=1)) == []


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
    """Holds; links and codes; drafts; copies; enquiries; requests from outside; sessions; health answers; ways in."""
    purges = {
        tasks.release_expired_holds, tasks.purge_links, tasks.purge_drafts, tasks.purge_copies,
        tasks.purge_enquiries, tasks.purge_area_requests, tasks.purge_sessions, tasks.purge_health_answers,
        tasks.purge_access_notes, tasks.purge_records,
    }  # fmt: skip
    beat: dict[Any, Any] = {
        entry["task"]: entry["schedule"] for entry in settings.CELERY_BEAT_SCHEDULE.values()
    }
    assert {task.name for task in purges} <= set(beat)
    assert all(beat[task.name] <= 86_400 for task in purges)


def test_no_statement_of_the_night_takes_more_than_a_thousand_rows(
    world: World, count_queries: Callable[[], Any]
) -> None:
    """Of 1,001 sessions that are over, and of 1,001 copies of emails of long ago."""
    long_ago = NOW - timedelta(days=500)
    Session.objects.bulk_create(Session(session_key=f"over{n}", expire_date=long_ago) for n in range(1001))
    Message.objects.bulk_create(
        Message(
            kind=MessageKind.CONFIRMED,
            state=MessageState.SENT,
            due_at=long_ago,
            created_at=long_ago,
            copy="x",
        )
        for _ in range(1001)
    )

    with count_queries() as queries:
        tasks.purge_sessions()
        tasks.purge_copies()

    writing = [
        one["sql"]
        for one in queries
        if one["sql"].startswith(('DELETE FROM "django_session"', 'UPDATE "bookings_message"'))
    ]
    assert [sql.count(",") < 1000 for sql in writing] == [True] * 4
    assert not Session.objects.exists()
    assert not Message.objects.filter(copy__isnull=False).exists()


def test_the_task_reads_the_clock(world: World) -> None:
    told(world)
    BookingRules.objects.update(health_kept_months=1)
    Booking.objects.update(
        starts_at=at(10) - timedelta(days=900), ends_at=at(11) - timedelta(days=900),
        blocked_from=at(10) - timedelta(days=900), blocked_until=at(11) - timedelta(days=900),
    )  # fmt: skip
    tasks.purge_health_answers()
    assert held() == (0, 0, 0)
