"""A therapist's time off over booked visits is a wish: it stands on the desk until it is answered."""

from __future__ import annotations

import html
import threading
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client
from django.urls import reverse

from bookings.domain import operations
from bookings.domain.stranding import stranded_by
from bookings.enums import MessageKind, WishState
from bookings.exceptions import WishAnswered
from bookings.models import Booking, Message, TimeOff, TimeOffWish
from bookings.notifications import delivery
from tests.factories import DAY, NOW, World, at
from tests.support.smtp import MailServer

from .conftest import signed_in, staff_user

pytestmark = pytest.mark.django_db

ADD, LIST, INDEX = (
    reverse(name)
    for name in ("admin:bookings_timeoff_add", "admin:bookings_timeoff_changelist", "admin:index")
)
TOMORROW = DAY + timedelta(days=1)


@pytest.fixture
def hands(world: World) -> Client:
    user = staff_user("hands", "view_own_visits", "view_timeoff", "add_timeoff", "change_timeoff")
    user.email = "hands@example.com"
    user.save()
    world.therapist.user = user
    world.therapist.save()
    return signed_in(user)


@pytest.fixture
def front(world: World) -> Client:
    return signed_in(staff_user("front", "view_booking", "change_booking", "add_timeoff", "view_timeoff"))


@pytest.fixture
def visit(world: World) -> Booking:
    return operations.confirm_booking(booking=world.book(), actor=None, now=NOW)


def test_who_is_called_in_sick_is_off_today_and_who_plans_is_off_tomorrow(
    front: Client, hands: Client
) -> None:
    with time_machine.travel(at(7), tick=False):
        days = [page.get(ADD).context["adminform"].form["first_day"].value() for page in (front, hands)]
    assert days == [DAY, TOMORROW]


def test_time_off_over_visits_leads_to_their_rescue(
    front: Client, hands: Client, world: World, visit: Booking
) -> None:
    data = {"therapist": world.therapist.pk, "first_day": str(DAY), "reason": "Sick"}
    morning = {**data, "from_time": "08:00", "until_time": "13:00"}
    rescue = f"{reverse('admin:bookings_booking_rescue')}?therapist={world.therapist.pk}&amp;day={DAY}"
    assert f'href="{rescue}"' in front.post(ADD, {**data, "all_day": "on"}).content.decode()
    hours = "&amp;from_time=08%3A00&amp;until_time=13%3A00"
    page = front.post(ADD, morning).content.decode()
    assert f'href="{rescue}{hours}"' in page
    address = html.unescape(f"{rescue}{hours}")
    assert visit.reference in front.get(address).content.decode()
    # The reason is typed beside the press that writes the time off down, and stands in no address.
    front.post(address, {"block": "1", "reason": "Sick"})
    assert TimeOff.objects.get().reason == "Sick"
    # A therapist only asks, and rescues nobody.
    assert "Rescue the day" not in hands.post(ADD, morning).content.decode()


@pytest.mark.parametrize(
    ("kind", "right"),
    [
        ("of two days", "add_timeoff"),
        ("changed", "add_timeoff"),
        ("of who may not add any", "change_timeoff"),
    ],
)
def test_what_a_rescue_would_not_write_down_is_saved_first(
    world: World, visit: Booking, kind: str, right: str
) -> None:
    desk = signed_in(staff_user("front", "view_booking", "change_booking", "change_timeoff", right))
    url, last = ADD, TOMORROW if kind == "of two days" else DAY
    if kind != "of two days":
        row = TimeOff.objects.create(therapist=world.therapist, starts_at=at(18), ends_at=at(19))
        url = reverse("admin:bookings_timeoff_change", args=[row.pk])
    data = {"therapist": world.therapist.pk, "first_day": str(DAY), "last_day": str(last), "all_day": "on"}
    page = desk.post(url, {**data, "reason": "Sick"})
    assert page.context["way_out"][0] == ""
    assert "Press “Save anyway” first." in page.content.decode()


def ask(hands: Client, world: World, **more: str) -> str:
    data = {
        "therapist": str(world.therapist.pk),
        "first_day": str(DAY),
        "all_day": "on",
        "reason": "A wedding",
    }
    with time_machine.travel(NOW, tick=False):
        return hands.post(ADD, {**data, **more}, follow=True).content.decode()


def wish(hands: Client, world: World, visit: Booking) -> TimeOffWish:
    ask(hands, world, confirm_stranding=str(visit.pk))
    return TimeOffWish.objects.get()


def answer(front: Client, row: TimeOffWish, **sent: str) -> object:
    with time_machine.travel(NOW, tick=False):
        return front.post(reverse("admin:bookings_timeoff_wish", args=[row.pk]), sent)


def test_time_off_over_visits_is_asked_of_the_desk(world: World, hands: Client, visit: Booking) -> None:
    page = ask(hands, world)
    assert visit.reference in page
    assert "Ask the desk" in page
    assert "Save anyway" not in page
    assert not TimeOffWish.objects.exists()
    for _press in range(2):
        page = ask(hands, world, confirm_stranding=str(visit.pk))
    assert "The desk has been asked." in page
    assert "waits for an answer" in page
    row = TimeOffWish.objects.get()
    assert (row.therapist, row.starts_at, row.ends_at) == (world.therapist, at(0), at(0, day=TOMORROW))
    assert (row.reason, row.state) == ("A wedding", WishState.OPEN)
    # Nothing is off, and the visit stands.
    assert not TimeOff.objects.exists()
    assert stranded_by(now=NOW) == []


def test_time_off_without_visits_needs_nobody(world: World, hands: Client, visit: Booking) -> None:
    ask(hands, world, first_day=str(TOMORROW))
    assert TimeOff.objects.get().starts_at == at(0, day=TOMORROW)
    assert not TimeOffWish.objects.exists()


def test_visits_that_were_booked_since_are_shown_first(world: World, hands: Client, visit: Booking) -> None:
    ask(hands, world)
    later = world.book(starts_at=at(14), email="bo@example.com", phone="+12135550124")
    assert later.reference in ask(hands, world, confirm_stranding=str(visit.pk))
    assert not TimeOffWish.objects.exists()


def test_it_stands_on_the_desk_until_it_is_answered(
    world: World, hands: Client, front: Client, visit: Booking
) -> None:
    row = wish(hands, world, visit)
    address = reverse("admin:bookings_timeoff_wish", args=[row.pk])
    with time_machine.travel(NOW, tick=False):
        assert address in front.get(INDEX).content.decode()
        page = front.get(address).content.decode()
    for words in (visit.reference, "A wedding", "Approve, and rescue the visits"):
        assert words in page
    answer(front, row, answer="declined", why="Nobody else can come.")
    with time_machine.travel(NOW, tick=False):
        assert address not in front.get(INDEX).content.decode()


def test_approved_it_is_time_off_and_leads_to_the_rescue(
    world: World, hands: Client, front: Client, visit: Booking, smtp_server: MailServer
) -> None:
    row = wish(hands, world, visit)
    Message.objects.all().delete()
    response = answer(front, row, answer="approved")
    rescue = reverse("admin:bookings_booking_rescue")
    assert response["Location"] == f"{rescue}?therapist={world.therapist.pk}&day={DAY}"  # type: ignore[index]
    off = TimeOff.objects.get()
    assert (off.therapist, off.starts_at, off.ends_at) == (world.therapist, at(0), at(0, day=TOMORROW))
    assert [found.booking for found in stranded_by(now=NOW)] == [visit]
    delivery.send_due(clock=lambda: NOW)
    (mail,) = smtp_server.to("hands@example.com")
    assert "You have the time off" in mail.text
    assert "Mon, Dec 7" in mail.text
    row.refresh_from_db()
    assert row.answered_by is not None
    assert (row.state, row.answered_by.get_username()) == (WishState.APPROVED, "front")


@pytest.mark.parametrize("said", ["approved", "declined"])
def test_who_gets_no_email_is_to_be_called(
    world: World, hands: Client, front: Client, visit: Booking, said: str
) -> None:
    row = wish(hands, world, visit)
    User.objects.filter(username="hands").update(email="")
    with time_machine.travel(NOW, tick=False):
        answered = front.post(
            reverse("admin:bookings_timeoff_wish", args=[row.pk]), {"answer": said, "why": "No."}, follow=True
        )
    words = " ".join(str(message) for message in answered.context["messages"])
    assert "please call" in words
    assert "is told" not in words
    assert not Message.objects.filter(kind=MessageKind.TIME_OFF).exists()


def test_declined_the_therapist_reads_why(
    world: World, hands: Client, front: Client, visit: Booking, smtp_server: MailServer
) -> None:
    row = wish(hands, world, visit)
    Message.objects.all().delete()
    refused = answer(front, row, answer="declined", why="")
    assert refused.status_code == 422  # type: ignore[attr-defined]
    answer(front, row, answer="declined", why="Nobody else can come.")
    delivery.send_due(clock=lambda: NOW)
    (mail,) = smtp_server.to("hands@example.com")
    assert "Nobody else can come." in mail.text
    assert not TimeOff.objects.exists()
    with time_machine.travel(NOW, tick=False):
        assert "declined: Nobody else can come." in hands.get(LIST).content.decode()


def test_of_hours_the_rescue_is_of_these_hours(world: World, front: Client, visit: Booking) -> None:
    row = operations.wish_for_time_off(
        therapist=world.therapist, starts_at=at(9), ends_at=at(12), reason="", now=NOW
    )
    response = answer(front, row, answer="approved")
    assert "from_time=09%3A00&until_time=12%3A00" in response["Location"]  # type: ignore[index]


def test_a_log_in_without_an_email_is_told_by_nobody(world: World, front: Client, visit: Booking) -> None:
    row = operations.wish_for_time_off(
        therapist=world.therapist, starts_at=at(9), ends_at=at(12), reason="", now=NOW
    )
    answer(front, row, answer="approved")
    assert not Message.objects.filter(kind=MessageKind.TIME_OFF).exists()
    assert TimeOff.objects.count() == 1


@pytest.mark.parametrize("sent", [{}, {"answer": "open"}, {"answer": "declined", "why": "a\x00b"}])
def test_an_odd_answer_changes_nothing(
    world: World, front: Client, visit: Booking, sent: dict[str, str]
) -> None:
    row = operations.wish_for_time_off(
        therapist=world.therapist, starts_at=at(9), ends_at=at(12), reason="", now=NOW
    )
    assert answer(front, row, **sent).status_code in (400, 422)  # type: ignore[attr-defined]
    assert not TimeOff.objects.exists()


def test_one_of_two_desks_answers(world: World, front: Client, transactional_db: None) -> None:
    row = operations.wish_for_time_off(
        therapist=world.therapist, starts_at=at(9), ends_at=at(12), reason="", now=NOW
    )
    actor = User.objects.create_user("other")
    together, found = threading.Barrier(2), []

    def press(is_approved: bool) -> None:
        try:
            together.wait(timeout=60)
            operations.answer_wish(wish=row, is_approved=is_approved, actor=actor, now=NOW, why="No")
            found.append("approved" if is_approved else "declined")
        except WishAnswered:
            found.append("late")
        finally:
            connections.close_all()

    workers = [threading.Thread(target=press, args=[value]) for value in (True, False)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=60)
    row.refresh_from_db()
    assert sorted(found) == sorted(["late", row.state])
    assert TimeOff.objects.count() == (row.state == WishState.APPROVED)
