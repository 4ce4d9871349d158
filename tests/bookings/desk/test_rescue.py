"""A day on which a therapist is out: found together, moved by one press, each by itself."""

from __future__ import annotations

import html
import re
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
import time_machine
from django.contrib.messages import get_messages
from django.db import connections
from django.test import Client
from django.urls import reverse

from bookings.domain import operations
from bookings.domain.operations import Act, NewTime
from bookings.enums import EventKind, Gender, MessageKind, MessageState
from bookings.exceptions import BookingError
from bookings.models import Booking, Hold, Message, Therapist, TimeOff
from bookings.notifications.render import render
from bookings.staff.labels import rescue_url
from massagerx.lib.localtime import day_bounds
from tests.factories import DAY, NOW, World, at
from tests.support.held_rows import ONLY_POSTGRESQL, held_elsewhere

from .conftest import DESK_RIGHTS, signed_in, staff_user

RESCUE = reverse("admin:bookings_booking_rescue")


def booked(world: World, hour: int, number: int = 0, **changes: Any) -> Booking:
    booking = world.book(
        starts_at=at(hour),
        preference=changes.pop("preference", f"therapist:{world.therapist.slug}"),
        email=f"c{number}@example.com",
        phone=f"+1213555{1000 + number}",
        name=f"Client {number}",
        **changes,
    )
    booking = operations.confirm_booking(booking=booking, actor=None, now=NOW)
    # Its client has heard that it is confirmed: else what moves it is told by that.
    Message.objects.filter(booking=booking).update(state=MessageState.SENT)
    return booking


def asked(world: World, **more: str) -> dict[str, str]:
    return {"therapist": str(world.therapist.pk), "day": str(DAY), **more}


def rows(desk: Client, world: World, **more: str) -> list[dict[str, Any]]:
    response = desk.get(RESCUE, asked(world, **more))
    assert response.status_code == 200
    found: list[dict[str, Any]] = response.context["rows"]
    return found


def press(desk: Client, world: World, ticked: list[dict[str, Any]], **more: str) -> list[str]:
    """The form as it was shown, with these rows ticked; what the desk reads."""
    data = {
        "visit": [str(row["booking"].pk) for row in ticked],
        **{f"way-{row['booking'].pk}": row["ways"][0][0] for row in ticked},
        **more,
    }
    response = desk.post(f"{RESCUE}?therapist={world.therapist.pk}&day={DAY}", data)
    assert response.status_code == 302
    return [str(message) for message in get_messages(response.wsgi_request)]


def test_a_day_with_four_visits_is_rescued_with_two_presses(desk: Client, world: World) -> None:
    visits = [booked(world, hour, number) for number, hour in enumerate((10, 12, 14, 16), 1)]
    second = world.add_therapist()
    TimeOff.objects.create(therapist=world.therapist, starts_at=at(8), ends_at=at(20))

    front = desk.get(reverse("admin:index"))
    link = front.context["desk"]["stranded"][0]["rescue"]
    page = desk.get(link)
    shown = page.context["rows"]
    assert [row["booking"] for row in shown] == visits
    assert all(row["keeps_time"] for row in shown)
    assert page.content.count(b"checked") == 4
    assert b"(213) 555-1001" in page.content

    said = press(desk, world, shown)

    assert len(said) == 4
    for visit, before in zip(Booking.objects.order_by("starts_at"), visits, strict=True):
        assert (visit.therapist, visit.starts_at) == (second, before.starts_at)
        assert Message.objects.filter(booking=visit, kind=MessageKind.MOVED).count() == 1
        assert visit.events.last().reason == "Sample Therapist One is out"
    assert desk.get(reverse("admin:index")).context["desk"]["stranded"] == []
    assert rows(desk, world) == []


def test_only_what_is_ticked_moves_and_a_choice_can_be_changed(desk: Client, world: World) -> None:
    first, second = booked(world, 10, 1), booked(world, 14, 2)
    world.add_therapist()
    shown = rows(desk, world)
    other = shown[0]["ways"][1]
    said = press(desk, world, shown[:1], **{f"way-{first.pk}": other[0]})
    assert len(said) == 1
    moved = Booking.objects.get(pk=first.pk)
    assert moved.starts_at != first.starts_at
    assert Booking.objects.get(pk=second.pk).therapist == world.therapist


def test_each_row_says_who_cannot_come_and_why(desk: Client, world: World) -> None:
    busy = world.add_therapist("Sample Busy")
    man = world.add_therapist("Sample Man", gender=Gender.MALE)
    other = world.add_therapist("Sample Other")
    other.services.clear()
    booked(world, 10, 9, preference=f"therapist:{busy.slug}", street="9 Other Road")
    booked(world, 10, 1, preference="gender:female", street="77 Third Road")
    booking = Booking.objects.get(contact_name="Client 1")
    assert booking.therapist == world.therapist
    (row,) = rows(desk, world)
    why = dict(row["refused"])
    assert why == {
        "Sample Therapist One": "the therapist has time off",
        "Sample Busy": "another visit is in the way",
        man.name: "the client asked for a therapist of another gender",
        "Sample Other": "the therapist is not qualified for the service",
    }
    assert not row["keeps_time"]
    # Nobody of another gender is among the other times either.
    assert all(man.name not in words for _value, words in row["ways"])


def test_a_visit_changed_meanwhile_is_not_moved(desk: Client, world: World) -> None:
    booking = booked(world, 10, 1)
    world.add_therapist()
    shown = rows(desk, world)
    moved = operations.move_booking(
        booking=booking, to=NewTime(at(15), preference=f"therapist:{world.therapist.slug}"), act=Act(NOW)
    )
    said = press(desk, world, shown)
    assert "has changed meanwhile" in said[0]
    assert Booking.objects.get(pk=booking.pk).starts_at == moved.starts_at == at(15)


def test_one_may_go_where_another_of_them_still_is(desk: Client, world: World) -> None:
    first, second = booked(world, 10, 1), booked(world, 13, 2)
    world.add_therapist()
    shown = rows(desk, world)

    def way(row: dict[str, Any], hour: int) -> str:
        _slug, _starts_at, total, revision = row["ways"][0][0].split("|")
        return f"{world.therapist.slug}|{at(hour).isoformat()}|{total}|{revision}"

    ways = {f"way-{row['booking'].pk}": way(row, hour) for row, hour in zip(shown, (13, 16), strict=True)}
    said = press(desk, world, shown, **ways)

    assert len(said) == 2
    assert [Booking.objects.get(pk=visit.pk).starts_at for visit in (first, second)] == [at(13), at(16)]


def test_somebody_else_was_quicker_and_the_rest_moves_all_the_same(desk: Client, world: World) -> None:
    first, second = booked(world, 10, 1), booked(world, 14, 2)
    other = world.add_therapist()
    shown = rows(desk, world)
    booked(world, 10, 3, preference=f"therapist:{other.slug}", street="5 New Road")
    said = press(desk, world, shown)
    # Said last: it was tried again once the other had moved.
    assert "another visit" in said[1]
    assert Booking.objects.get(pk=first.pk).therapist == world.therapist
    assert Booking.objects.get(pk=second.pk).therapist == other


@pytest.mark.parametrize(
    "value",
    ["", "|", "a|b|c|d", "x|2026-12-07T18:00:00|1|1", "nobody|2026-12-07T18:00:00+00:00|14000|1",
     "x|9999-12-31T00:00:00+00:00|1|1",
     "x|2026-12-07T18:00:00+00:00|999999999999|1", "x" * 5000],
)  # fmt: skip
def test_a_choice_that_was_never_shown_moves_nothing(desk: Client, world: World, value: str) -> None:
    booking = booked(world, 10, 1)
    world.add_therapist()
    (said,) = press(desk, world, rows(desk, world), **{f"way-{booking.pk}": value})
    assert said
    fresh = Booking.objects.get(pk=booking.pk)
    assert (fresh.starts_at, fresh.therapist, fresh.revision) == (
        booking.starts_at,
        world.therapist,
        booking.revision,
    )


def test_another_total_than_was_shown_moves_nothing(desk: Client, world: World) -> None:
    booking = booked(world, 10, 1)
    world.add_therapist()
    shown = rows(desk, world)
    slug, start, _total, revision = shown[0]["ways"][0][0].split("|")
    (said,) = press(desk, world, shown, **{f"way-{booking.pk}": f"{slug}|{start}|1|{revision}"})
    assert "the total is another one now" in said


def test_nobody_can_book_who_is_out_once_it_is_pressed(world: World) -> None:
    writer = signed_in(staff_user("writer", "view_booking", "change_booking", "add_timeoff"))
    booked(world, 10, 1)
    world.add_therapist()
    assert writer.get(RESCUE, asked(world)).context["block_form"]
    press(writer, world, [], block="1")
    press(writer, world, [], block="1")
    off = TimeOff.objects.get()
    assert (off.starts_at, off.ends_at) == (at(0), at(0, day=DAY.replace(day=DAY.day + 1)))
    assert not writer.get(RESCUE, asked(world)).context["block_form"]


def test_time_off_that_began_with_a_press_is_not_written_twice(world: World) -> None:
    """It begins at a second, and the address of the rescue names minutes."""
    writer = signed_in(staff_user("writer", "view_booking", "change_booking", "add_timeoff"))
    visit = booked(world, 16, 1)
    TimeOff.objects.create(
        therapist=world.therapist, starts_at=at(14, 37) + timedelta(seconds=25), ends_at=day_bounds(DAY)[1]
    )
    address = rescue_url(TimeOff.objects.get(), visit)
    assert "from_time=14%3A37" in address
    assert writer.get(address).context["block_form"] is None
    writer.post(address, {"block": "1"})
    assert TimeOff.objects.count() == 1


def test_the_reason_is_typed_beside_the_press_and_stays_while_emails_are_read(world: World) -> None:
    writer = signed_in(staff_user("writer", "view_booking", "change_booking", "add_timeoff"))
    booked(world, 10, 1)
    TimeOff.objects.create(therapist=world.therapist, starts_at=at(9), ends_at=at(12), reason="Dentist")
    address = f"{RESCUE}?therapist={world.therapist.pk}&day={DAY}"
    assert 'value="Dentist"' in writer.get(address).content.decode()
    assert 'value="Ill"' in writer.post(address, {"reason": "Ill", "read": "1"}).content.decode()
    press(writer, world, [], block="1", reason="x" * 121)
    assert TimeOff.objects.count() == 1
    press(writer, world, [], block="1", reason="Ill")
    assert TimeOff.objects.get(ends_at=day_bounds(DAY)[1]).reason == "Ill"


@pytest.mark.parametrize(
    ("first", "last", "hours"),
    [
        (-4, -1, ""),
        (25, 28, ""),
        (-4, 9, "&until_time=09%3A00"),
        (20, 28, "&from_time=20%3A00"),
    ],
)
def test_only_hours_of_the_visits_own_day_are_asked_about(
    world: World, first: int, last: int, hours: str
) -> None:
    start = day_bounds(DAY)[0]
    off = TimeOff(
        therapist=world.therapist,
        starts_at=start + timedelta(hours=first),
        ends_at=start + timedelta(hours=last),
    )
    address = f"{RESCUE}?therapist={world.therapist.pk}&day={DAY}{hours}"
    assert rescue_url(off, booked(world, 10)) == address


def test_without_the_right_nothing_is_blocked(desk: Client, world: World) -> None:
    booked(world, 10, 1)
    press(desk, world, [], block="1")
    assert not TimeOff.objects.exists()


@pytest.mark.parametrize(
    ("hours", "expected"),
    [({"from_time": "13:00"}, [14]), ({"until_time": "13:00"}, [10]),
     ({"from_time": "11:05", "until_time": "13:00"}, [10])],
    ids=["from-noon", "until-noon", "touching-the-door"],
)  # fmt: skip
def test_only_visits_within_the_hours_are_asked_about(
    desk: Client, world: World, hours: dict[str, str], expected: list[int]
) -> None:
    booked(world, 10, 1)
    booked(world, 14, 2)
    assert [row["booking"].starts_at for row in rows(desk, world, **hours)] == [at(hour) for hour in expected]


@pytest.mark.parametrize(
    "query",
    [{"therapist": "9" * 30, "day": str(DAY)}, {"therapist": "x", "day": "2026-02-30"}, {"therapist": ""},
     {"day": str(DAY), "therapist": "1", "from_time": "13:00", "until_time": "12:00"}],
)  # fmt: skip
def test_what_makes_no_sense_is_told_kindly(desk: Client, world: World, query: dict[str, str]) -> None:
    response = desk.get(RESCUE, query)
    assert response.status_code == 422
    assert response.context["rows"] is None


def test_visits_that_have_begun_or_ended_are_left_alone(desk: Client, world: World) -> None:
    booked(world, 10, 1)
    late = booked(world, 14, 2)
    with time_machine.travel(at(10, 30), tick=False):
        assert [row["booking"] for row in rows(desk, world)] == [late]


def test_when_nobody_can_within_a_week_the_client_is_to_be_called(desk: Client, world: World) -> None:
    booked(world, 10, 1)
    with mock.patch("bookings.domain.scheduling.rescue.LOOKS_AHEAD_DAYS", 0):
        (row,) = rows(desk, world)
        text = desk.get(RESCUE, asked(world)).content.decode()
    assert (row["ways"], row["chosen"]) == ([], "")
    assert "Nobody can come within a week. Please call the client." in text
    assert 'name="visit"' not in text


def test_the_page_costs_the_same_however_many_visits(desk: Client, world: World, count_queries: Any) -> None:
    for number in range(4):
        world.add_therapist(f"Sample Number {number}")
    Therapist.objects.update(break_after_minutes=None)
    booked(world, 10, 1)
    rows(desk, world)
    with count_queries() as few:
        rows(desk, world)
    for number, hour in enumerate((12, 14, 16), 2):
        booked(world, hour, number)
    with count_queries() as many:
        assert len(rows(desk, world)) == 4
    assert len(many) == len(few) <= 16


# Other times are held while one looks --------------------------------------------------------------------------------


@pytest.fixture
def two_at_ten(world: World) -> list[Booking]:
    """Two visits at ten, of which only one can keep its time with the third therapist; the others are out or busy."""
    second = world.add_therapist("Sample Two")
    third = world.add_therapist("Sample Three")
    visits = [booked(world, 10, 1), booked(world, 12, 2)]
    # At twelve the third has somebody else, and the second is off all week.
    world.book(
        starts_at=at(12), preference=f"therapist:{third.slug}", email="x@example.com", phone="+12135559999",
        street="9 Other Road",
    )  # fmt: skip
    TimeOff.objects.create(therapist=second, starts_at=at(0), ends_at=at(0) + timedelta(days=10))
    TimeOff.objects.create(therapist=world.therapist, starts_at=at(0), ends_at=at(0) + timedelta(days=10))
    return visits


def way_of(row: dict[str, Any]) -> tuple[str, str]:
    slug, starts_at, *_rest = row["ways"][0][0].split("|")
    return slug, starts_at


def test_the_nearest_times_are_held_while_one_looks(
    desk: Client, world: World, two_at_ten: list[Booking]
) -> None:
    first, second = rows(desk, world)
    assert (first["keeps_time"], second["keeps_time"]) == (True, False)
    (held,) = Hold.objects.all()
    slug, starts_at = way_of(second)
    assert (held.therapist.slug, held.starts_at.isoformat()) == (slug, starts_at)
    assert held.expires_at == NOW + timedelta(minutes=10)
    with pytest.raises(BookingError):
        world.book(
            starts_at=held.starts_at,
            preference=f"therapist:{slug}",
            email="q@example.com",
            phone="+12135559998",
        )
    # Looked at again it is the same plan, and held on; the other desk is offered another time.
    assert way_of(rows(desk, world)[1]) == (slug, starts_at)
    other = signed_in(staff_user("other", *DESK_RIGHTS, "add_timeoff"))
    assert way_of(rows(other, world)[1]) != (slug, starts_at)
    assert Hold.objects.count() == 2
    # Who holds it takes it, and nothing is held any more.
    press(desk, world, [second])
    second["booking"].refresh_from_db()
    assert second["booking"].starts_at == held.starts_at
    rows(desk, world)
    assert Hold.objects.count() == 1


def leave(desk: Client, world: World, page: str) -> Any:
    """The page is left: what its form says it holds, goes."""
    held = re.search(r'name="held" value="([^"]*)"', page)
    assert held is not None
    data = {"leave": "1", "held": html.unescape(held[1])}
    return desk.post(f"{RESCUE}?therapist={world.therapist.pk}&day={DAY}", data)


def test_what_the_page_that_came_after_holds_stays(
    desk: Client, world: World, two_at_ten: list[Booking]
) -> None:
    first = desk.get(RESCUE, asked(world)).content.decode()
    with time_machine.travel(NOW + timedelta(seconds=1), tick=False):
        second = desk.get(RESCUE, asked(world)).content.decode()
        leave(desk, world, first)
        assert Hold.objects.count() == 1
        leave(desk, world, second)
    assert not Hold.objects.exists()


def test_two_rescues_side_by_side_hold_times_each(
    desk: Client, world: World, two_at_ten: list[Booking]
) -> None:
    rows(desk, world)
    (first,) = Hold.objects.all()
    rows(desk, world, therapist="")
    assert Hold.objects.filter(pk=first.pk).exists()
    assert Hold.objects.count() > 1


def test_what_one_holds_does_not_stand_in_the_way_when_one_asks_for_other_hours(
    desk: Client, world: World, two_at_ten: list[Booking]
) -> None:
    before = rows(desk, world)[1]
    after = rows(desk, world, until_time="18:00")[1]
    assert way_of(after) == way_of(before)
    assert Hold.objects.count() == 1


def test_times_that_are_held_go_when_one_leaves(
    desk: Client, world: World, two_at_ten: list[Booking]
) -> None:
    page = desk.get(RESCUE, asked(world)).content.decode()
    assert "held for you until" in page
    assert leave(desk, world, page)["Location"] == reverse("admin:index")
    assert not Hold.objects.exists()
    assert Booking.objects.filter(status="confirmed").count() == 2


def test_times_are_held_for_minutes_and_not_for_ever(
    desk: Client, world: World, two_at_ten: list[Booking]
) -> None:
    for minutes in range(0, 60, 5):
        with time_machine.travel(NOW + timedelta(minutes=minutes), tick=False):
            rows(desk, world)
            # After forty minutes anybody may take it; who still looks holds it anew.
            since = minutes // 40 * 40
            (held,) = Hold.objects.all()
            assert held.held_since == NOW + timedelta(minutes=since)
            assert held.expires_at == NOW + timedelta(minutes=min(minutes + 10, since + 40))


def test_where_everybody_keeps_their_time_nothing_is_held(desk: Client, world: World) -> None:
    booked(world, 10, 1)
    world.add_therapist()
    assert rows(desk, world)[0]["keeps_time"]
    assert not Hold.objects.exists()


def test_holding_costs_the_same_however_many_visits(desk: Client, world: World, count_queries: Any) -> None:
    counts = []
    for hours in ((10,), (12, 14, 16)):
        for hour in hours:
            booked(world, hour, hour)
        rows(desk, world)
        with count_queries() as queries:
            rows(desk, world)
        counts.append(len(queries))
    assert Hold.objects.count() == 4
    assert len(set(counts)) == 1


# Racing desks --------------------------------------------------------------------------------------------------------


def at_once(*work: Callable[[], Any]) -> None:
    together = threading.Barrier(len(work))

    def run(job: Callable[[], Any]) -> None:
        try:
            together.wait(timeout=60)
            job()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(job,)) for job in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)


@pytest.mark.integrity
def test_two_desks_that_rescue_one_day_move_each_visit_once(transactional_db: None, world: World) -> None:
    desks = [signed_in(staff_user(name, "view_booking", "change_booking")) for name in ("one", "two")]
    visits = [booked(world, 10, 1), booked(world, 14, 2)]
    world.add_therapist("Sample Two")
    world.add_therapist("Sample Three")
    shown = [rows(desk, world) for desk in desks]
    # The second desk sends everybody to the other of the two.
    others = {
        f"way-{row['booking'].pk}": next(value for value, words in row["ways"][1:] if "Same time" in words)
        for row in shown[1]
    }
    at_once(lambda: press(desks[0], world, shown[0]), lambda: press(desks[1], world, shown[1], **others))
    for visit in visits:
        assert visit.events.filter(kind=EventKind.MOVED).count() == 1
        assert Message.objects.filter(booking=visit, kind=MessageKind.MOVED).count() == 1


@pytest.mark.integrity
def test_two_desks_never_send_one_therapist_to_two_doors(transactional_db: None, world: World) -> None:
    desks = [signed_in(staff_user(name, "view_booking", "change_booking")) for name in ("one", "two")]
    third = world.add_therapist("Sample Three")
    free = world.add_therapist("Sample Two")
    mine = booked(world, 10, 1)
    other = booked(world, 10, 2, preference=f"therapist:{third.slug}", street="9 Other Road")
    value = f"{free.slug}|{at(10).isoformat()}|14000|{{}}"

    def send(desk: Client, booking: Booking) -> None:
        data = {"visit": str(booking.pk), f"way-{booking.pk}": value.format(booking.revision)}
        desk.post(f"{RESCUE}?therapist={booking.therapist_id}&day={DAY}", data)

    at_once(lambda: send(desks[0], mine), lambda: send(desks[1], other))
    assert Booking.objects.filter(therapist=free).count() == 1
    assert Message.objects.filter(kind=MessageKind.MOVED).count() == 1


@ONLY_POSTGRESQL
@pytest.mark.integrity
def test_time_that_can_not_be_blocked_at_this_moment_is_told_kindly(
    transactional_db: None, world: World
) -> None:
    desk = signed_in(staff_user("desk", "view_booking", "change_booking", "add_timeoff"))
    with held_elsewhere(Therapist.objects.filter(pk=world.therapist.pk)):
        (said,) = press(desk, world, [], block="on")
    assert "the time was not blocked. Please try again." in said
    assert not TimeOff.objects.exists()


# Everybody, and all or none ------------------------------------------------------------------------------------------


def close_day(desk: Client, found: list[dict[str, Any]], **more: str) -> list[str]:
    data = {
        "visit": [str(row["booking"].pk) for row in found],
        **{f"way-{row['booking'].pk}": row["ways"][0][0] for row in found},
        **more,
    }
    response = desk.post(f"{RESCUE}?therapist=&day={DAY}", data)
    assert response.status_code == 302
    return [str(message) for message in get_messages(response.wsgi_request)]


def test_a_day_is_closed_for_everybody(desk: Client, world: World) -> None:
    other = world.add_therapist()
    first = booked(world, 10, 1)
    second = booked(world, 10, 2, preference=f"therapist:{other.slug}")
    response = desk.get(RESCUE, {"therapist": "", "day": str(DAY)})
    assert "Everybody is out" in response.content.decode()
    found = response.context["rows"]
    assert [row["booking"].pk for row in found] == [first.pk, second.pk]
    # Nobody keeps the time, and nobody is sent who is out too.
    assert not any(row["keeps_time"] for row in found)

    close_day(desk, found, block="1")

    for booking in (first, second):
        booking.refresh_from_db()
        assert booking.starts_at >= at(0, day=DAY + timedelta(days=1))
    assert TimeOff.objects.count() == (2 if "add_timeoff" in DESK_RIGHTS else 0)


def test_whoever_may_blocks_everybody_once(owner: Client, world: World) -> None:
    world.add_therapist()
    for _time in range(2):
        close_day(owner, [], block="1")
    assert TimeOff.objects.filter(starts_at=at(0), ends_at=at(0, day=DAY + timedelta(days=1))).count() == 2


@pytest.mark.parametrize("together", [True, False])
def test_all_are_moved_or_none_as_chosen(desk: Client, world: World, together: bool) -> None:
    visits = [booked(world, hour, number) for number, hour in enumerate((10, 14), 1)]
    world.add_therapist()
    found = rows(desk, world)
    # Meanwhile somebody changes one of them.
    Booking.objects.filter(pk=visits[1].pk).update(revision=9)
    said = press(desk, world, found, **({"together": "1"} if together else {}))
    moved = [Booking.objects.get(pk=visit.pk).therapist_id != world.therapist.pk for visit in visits]
    assert moved == [not together, False]
    assert ("All or none: so nothing was moved." in said) is together
    assert any("The client gets an email" in words for words in said) is not together
    assert Message.objects.filter(kind=MessageKind.MOVED).exists() is not together


def both_elsewhere(desk: Client, world: World) -> tuple[list[Booking], dict[str, Any]]:
    """Two visits of who is out, each to another therapist, the first to the later row; and what the page posts."""
    visits = [booked(world, hour, number) for number, hour in enumerate((10, 14), 1)]
    for name in ("Sample Two", "Sample Three"):
        world.add_therapist(name)
    ways = {
        f"way-{row['booking'].pk}": next(
            value for value, words in row["ways"] if name in words and words.startswith("Same time")
        )
        for row, name in zip(rows(desk, world), ("Sample Three", "Sample Two"), strict=True)
    }
    return visits, {"visit": [str(visit.pk) for visit in visits], **ways}


@ONLY_POSTGRESQL
@pytest.mark.parametrize("way", ["together", "read"])
def test_all_who_are_touched_are_locked_in_one_order_before_the_first_moves(
    desk: Client, world: World, count_queries: Any, way: str
) -> None:
    _visits, data = both_elsewhere(desk, world)
    with count_queries() as queries:
        desk.post(f"{RESCUE}?therapist={world.therapist.pk}&day={DAY}", {**data, way: "1"})
    locks = [query["sql"] for query in queries if "FOR NO KEY UPDATE" in query["sql"]]
    assert all(name in locks[0] for name in ("sample-two", "sample-three", f"({world.therapist.pk})"))
    assert 'ORDER BY "bookings_therapist"."id" ASC' in locks[0]


@ONLY_POSTGRESQL
@pytest.mark.parametrize("way", ["together", "read"])
def test_who_is_being_booked_at_this_moment_is_said_and_nobody_is_moved(
    transactional_db: None, desk: Client, world: World, way: str
) -> None:
    visits, data = both_elsewhere(desk, world)
    with held_elsewhere(Therapist.objects.filter(slug="sample-two")):
        response = desk.post(f"{RESCUE}?therapist={world.therapist.pk}&day={DAY}", {**data, way: "1"})
    assert response.status_code == (302 if way == "together" else 200)
    said = [str(message) for message in get_messages(response.wsgi_request)]
    assert any("nothing was changed" in words for words in said), said
    assert not any("gets an email" in words for words in said), said
    assert set(Booking.objects.values_list("therapist", flat=True).order_by()) == {world.therapist.pk}
    assert len(visits) == Booking.objects.count()


def test_the_emails_are_written_when_the_moves_are_no_more(desk: Client, world: World) -> None:
    visits, data = both_elsewhere(desk, world)
    written = []

    def look(*args: Any, **kwargs: Any) -> Any:
        written.append(Booking.objects.filter(therapist=world.therapist).count())
        return render(*args, **kwargs)

    with mock.patch("bookings.desk.rescue.render", look):
        response = desk.post(f"{RESCUE}?therapist={world.therapist.pk}&day={DAY}", {**data, "read": "1"})
    assert written == [2, 2]
    drafts = [row["draft"] for row in response.context["rows"]]
    for draft, name in zip(drafts, ("Sample Three", "Sample Two"), strict=True):
        assert name in draft.text
        assert world.therapist.name in draft.text
    assert len(visits) == 2


def test_a_rescue_is_undone_with_one_press(desk: Client, world: World) -> None:
    visits = [booked(world, hour, number) for number, hour in enumerate((10, 14), 1)]
    world.add_therapist()
    press(desk, world, rows(desk, world), together="1")
    (line,) = desk.get(RESCUE).context["undoable"]
    assert line["words"] == "2 visits: moved."
    desk.post(line["undo"])
    for visit in visits:
        fresh = Booking.objects.get(pk=visit.pk)
        assert (fresh.therapist_id, fresh.starts_at, fresh.revision) == (
            world.therapist.pk,
            visit.starts_at,
            visit.revision,
        )


def test_the_emails_are_read_before_the_press_and_nothing_is_changed(desk: Client, world: World) -> None:
    visits = [booked(world, hour, number) for number, hour in enumerate((10, 14), 1)]
    second = world.add_therapist()
    found = rows(desk, world)
    data = {
        "visit": [str(visits[0].pk)],
        **{f"way-{row['booking'].pk}": row["ways"][-1][0] for row in found},
        "read": "1",
    }
    response = desk.post(f"{RESCUE}?therapist={world.therapist.pk}&day={DAY}", data)
    assert response.status_code == 200
    first, other = response.context["rows"]
    assert (first["is_ticked"], other["is_ticked"], other["draft"]) == (True, False, None)
    assert first["picked"] == first["ways"][-1][0]
    assert "Hello Client." in first["draft"].text
    assert first["draft"].subject in response.content.decode()
    assert "visits/•••••••/" in first["draft"].text
    assert not Message.objects.filter(kind=MessageKind.MOVED).exists()
    for visit in visits:
        fresh = Booking.objects.get(pk=visit.pk)
        assert (fresh.therapist_id, fresh.starts_at) == (world.therapist.pk, visit.starts_at)
    assert not any(visit.therapist_id == second.pk for visit in visits)
