"""The day board, the week and the sheet: what they show, to whom, and at what cost."""

from __future__ import annotations

import re
import uuid
from datetime import date, datetime, timedelta

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bookings.domain import operations
from bookings.domain.day_board import load_columns
from bookings.domain.queries import place_together
from bookings.enums import BookingStatus
from bookings.models import Booking, Therapist, TimeOff
from tests.factories import DAY, NOW, World, at

from .conftest import DESK_RIGHTS, signed_in, staff_user

BOARDS = ["day", "week", "sheet"]


def board(name: str, day: object = DAY, **query: object) -> str:
    extra = "".join(f"&{key}={value}" for key, value in query.items())
    return f"{reverse(f'admin:bookings_booking_{name}')}?day={day}{extra}"


def therapist_user(therapist: Therapist, name: str = "one") -> User:
    user = staff_user(name, "view_own_visits", "finish_own_visits")
    therapist.user = user
    therapist.save()
    return user


def text(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def test_a_visit_shows_with_its_drive_and_when_to_leave(world: World, desk: Client) -> None:
    world.book()
    world.book(email="bo@example.com", phone="+12135550124", starts_at=at(15), street="9 Other Road",
               zip_code=world.far_area.zip_code, total_cents=16_000)  # fmt: skip
    page = text(desk, board("day"))
    assert page.count('class="board-visit') == 2
    columns = load_columns(therapists=[world.therapist], first_day=DAY, last_day=DAY, now=NOW)
    drives = columns[0].plan.drives
    assert [(drive.from_booking is None, drive.to_booking is None) for drive in drives] == [
        (True, False),
        (False, False),
        (False, True),
    ]
    for drive in drives[:2]:
        assert drive.minutes is not None
        assert drive.leaves_at is not None
        assert drive.arrives_at is not None
        assert drive.fits
        assert drive.leaves_at + timedelta(minutes=drive.minutes) <= drive.arrives_at
        # A minute later would be too late, or the drive would have become shorter meanwhile.
        assert drive.arrives_at - drive.leaves_at >= timedelta(minutes=drive.minutes)


def test_board_week_sheet_and_phone_say_the_spread_of_a_drive(world: World, desk: Client) -> None:
    user = therapist_user(world.therapist)
    world.book()
    world.book(email="bo@example.com", phone="+12135550124", starts_at=at(15), street="9 Other Road",
               zip_code=world.far_area.zip_code, total_cents=16_000)  # fmt: skip
    columns = load_columns(therapists=[world.therapist], first_day=DAY, last_day=DAY, now=NOW)
    _there, across, home = columns[0].plan.drives
    assert across.minutes is not None
    assert across.quick_minutes is not None
    assert across.quick_minutes + 5 <= across.minutes
    spread = f"{across.quick_minutes} to {across.minutes} min drive"
    for name in BOARDS:
        assert spread in text(desk, board(name)), name
    assert f"{home.quick_minutes} to {home.minutes} min drive" in text(desk, board("day"))
    # On the phone: in the day's course and, once it is the next drive, beside the time to leave.
    with time_machine.travel(at(12), tick=False):
        phone = text(signed_in(user), reverse("admin:index"))
    assert phone.count(spread) == 2
    assert f"leave, {spread}" in phone


def test_the_zone_is_named_once_and_not_on_each_card(world: World, desk: Client) -> None:
    world.book()
    for name in ("day", "week"):
        page = text(desk, board(name))
        assert "All times are Los Angeles time" in page
        assert "10:00 AM – 11:00 AM" in page
        assert "PST" not in page


def test_a_week_begins_on_sunday_as_in_the_sites_calendar(world: World, desk: Client) -> None:
    days = re.findall(r'data-day="([^"]+)"', text(desk, board("week")))
    assert len(days) == 7
    assert date.fromisoformat(days[0]).strftime("%A") == "Sunday"
    assert str(DAY) in days


def test_free_gaps_leave_out_drives_visits_holds_and_time_off(world: World) -> None:
    world.book()
    TimeOff.objects.create(therapist=world.therapist, starts_at=at(16), ends_at=at(19))
    (column,) = load_columns(therapists=[world.therapist], first_day=DAY, last_day=DAY, now=NOW)
    home = column.way_home
    assert home is not None
    assert home.arrives_at is not None
    assert column.gaps[-1] == (home.arrives_at, at(16))
    for start, end in column.gaps:
        for drive in column.plan.drives:
            assert drive.leaves_at is not None
            assert drive.arrives_at is not None
            assert not (start < drive.arrives_at and drive.leaves_at < end)


@pytest.mark.parametrize(
    ("clock", "shown"),
    [
        (at(8), "9:00 AM – 7:00 PM"),
        (at(15), "3:00 PM – 7:00 PM"),
        (at(18, 40), ""),
        (at(20), "9:00 AM – 7:00 PM"),
    ],
)
def test_of_a_gap_that_has_begun_what_is_left_is_offered(world: World, clock: datetime, shown: str) -> None:
    """Less than half an hour is no gap; a day that is over shows what was free."""
    with time_machine.travel(clock, tick=False):
        page = text(signed_in(staff_user("early", *DESK_RIGHTS)), board("day"))
    assert re.findall(r">Free ([^<]+?) ?<", page) == ([shown] if shown else [])


def test_a_visit_of_several_says_which_it_is(world: World, desk: Client) -> None:
    booked = [world.book(starts_at=at(hour), key=uuid.uuid4()) for hour in (10, 12, 14)]
    canceled = world.book(starts_at=at(16), key=uuid.uuid4())
    several = Booking.objects.filter(pk__in=[*(visit.pk for visit in booked[1:]), canceled.pk])
    several.update(together=uuid.uuid4())
    Booking.objects.filter(pk=canceled.pk).update(status=BookingStatus.CANCELED)

    (column,) = load_columns(therapists=[world.therapist], first_day=DAY, last_day=DAY, now=NOW)

    assert [visit.place for visit in column.visits] == [None, (1, 2), (2, 2)]
    assert [place_together(visit.booking) for visit in column.visits] == [None, (1, 2), (2, 2)]
    assert "Visit 2 of 2" in text(desk, board("day"))


@pytest.mark.parametrize("visits", [1, 12])
@pytest.mark.parametrize("name", BOARDS)
def test_boards_cost_the_same_however_many_visits(
    world: World, owner: Client, name: str, visits: int
) -> None:
    for number in range(visits):
        if number % 3 == 0 and number:
            world.add_therapist(f"Sample Therapist Number {number}")
        hour = 10 + 3 * (number % 3)
        world.book(email=f"c{number}@example.com", phone=f"+121355501{number:02}", starts_at=at(hour))
    owner.get(board(name))
    with CaptureQueriesContext(
        connection,
    ) as queries:
        owner.get(board(name))
    assert len(queries) <= 8, "\n".join(
        q["sql"][:90] + q["sql"][q["sql"].find(" FROM ") :][:60] for q in queries
    )


@pytest.mark.parametrize(
    "day", ["", "2026-02-30", "abc", "9999-12-31", "0001-01-01", "2026-11-01", "2027-03-14"]
)
@pytest.mark.parametrize("name", BOARDS)
def test_any_day_that_is_asked_for_has_a_page(world: World, desk: Client, name: str, day: str) -> None:
    assert (
        desk.get(reverse(f"admin:bookings_booking_{name}"), {"day": day, "therapist": "9" * 30}).status_code
        == 200
    )


@pytest.mark.parametrize("name", BOARDS)
def test_a_therapist_sees_their_own_day_and_nobody_elses(world: World, name: str) -> None:
    mine = world.book(name="Mine Own", preference=f"therapist:{world.therapist.slug}")
    other = world.add_therapist()
    theirs = world.book(
        name="Not Mine", email="bo@example.com", phone="+12135550124", preference=f"therapist:{other.slug}"
    )
    client = signed_in(therapist_user(world.therapist))
    page = text(client, board(name, therapist=other.pk) if name != "sheet" else board(name))
    assert "Mine Own" in page
    assert "Not Mine" not in page
    assert client.get(reverse("admin:bookings_booking_change", args=[mine.pk])).status_code == 200
    assert client.get(reverse("admin:bookings_booking_change", args=[theirs.pk])).status_code == 302
    assert "Not Mine" not in text(client, reverse("admin:bookings_booking_changelist"))
    assert "Not Mine" not in text(client, reverse("admin:index"))


@pytest.mark.parametrize("name", BOARDS)
def test_boards_are_closed_to_visitors_and_writers(world: World, name: str) -> None:
    world.book()
    assert Client().get(board(name)).status_code == 302
    assert signed_in(staff_user("writer")).get(board(name)).status_code == 403


def test_a_therapist_says_how_their_visit_ended_and_changes_nothing_else(world: World) -> None:
    mine = operations.confirm_booking(booking=world.book(), actor=None, now=NOW)
    client = signed_in(therapist_user(world.therapist))
    Booking.objects.filter(pk=mine.pk).update(starts_at=NOW - timedelta(hours=2), ends_at=NOW - timedelta(hours=1),
                                              blocked_from=NOW - timedelta(hours=2), blocked_until=NOW)  # fmt: skip
    for action in ("cancel", "confirm", "decline"):
        assert client.post(reverse("admin:bookings_booking_do", args=[mine.pk, action])).status_code == 403
    assert client.get(reverse("admin:bookings_booking_move", args=[mine.pk])).status_code == 403
    client.post(reverse("admin:bookings_booking_do", args=[mine.pk, "complete"]), {"reason": ""})
    mine.refresh_from_db()
    assert mine.status == "completed"


def test_a_therapist_cannot_end_anothers_visit(world: World) -> None:
    other = world.add_therapist()
    theirs = world.book(preference=f"therapist:{other.slug}")
    client = signed_in(therapist_user(world.therapist))
    for action in ("complete", "no-show"):
        assert client.post(reverse("admin:bookings_booking_do", args=[theirs.pk, action])).status_code == 404


def test_gate_codes_are_for_those_who_may_see_them(world: World) -> None:
    booking = world.book()
    address = reverse("admin:bookings_booking_change", args=[booking.pk])
    assert "CANARY-GATE" not in text(signed_in(staff_user("viewer", "view_booking")), address)
    assert "CANARY-GATE" in text(signed_in(staff_user("guide", "view_booking", "view_accessnotes")), address)
    assert "CANARY-GATE" not in text(signed_in(staff_user("boards", *DESK_RIGHTS)), board("sheet"))


def test_a_therapist_takes_time_off_for_themselves_alone(world: World) -> None:
    other = world.add_therapist()
    TimeOff.objects.create(therapist=other, starts_at=at(9), ends_at=at(10), reason="PRIVATE-MATTER")
    user = staff_user("one", "view_own_visits", "view_timeoff", "add_timeoff")
    world.therapist.user = user
    world.therapist.save()
    client = signed_in(user)
    assert "PRIVATE-MATTER" not in text(client, reverse("admin:bookings_timeoff_changelist"))
    form = {
        "first_day": "2026-12-09", "from_time": "12:00", "until_time": "15:00", "reason": "",
    }  # fmt: skip
    address = reverse("admin:bookings_timeoff_add")
    assert client.post(address, {**form, "therapist": other.pk}).status_code == 200
    assert TimeOff.objects.filter(therapist=other).count() == 1
    assert client.post(address, {**form, "therapist": world.therapist.pk}).status_code == 302
    assert TimeOff.objects.filter(therapist=world.therapist).count() == 1


def test_who_has_left_keeps_a_column_only_for_visits(world: World, desk: Client) -> None:
    gone = world.add_therapist()
    booking = world.book(preference=f"therapist:{gone.slug}")
    Therapist.objects.filter(pk=gone.pk).update(is_active=False)
    shown = {day: text(desk, board("day", day)) for day in (DAY, DAY + timedelta(days=1))}
    assert gone.name in shown[DAY]
    assert booking.visit_for.replace("'", "&#x27;") in shown[DAY]
    assert gone.name not in shown[DAY + timedelta(days=1)]
    assert world.therapist.name in shown[DAY + timedelta(days=1)]
