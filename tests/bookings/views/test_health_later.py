"""Staff leave the health questions to the client, who answers them later by the link in the email."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from bookings.domain import links, operations
from bookings.domain.operations import Act, NewTime
from bookings.domain.operations.clearance import has_grave_answers
from bookings.enums import BookingStatus, DoorRule, MessageState
from bookings.exceptions import ScreeningNotCleared, ScreeningStops
from bookings.models import Booking, Message, ScreeningRecheck, ScreeningRecord, TimeOff
from bookings.notifications import delivery
from bookings.notifications.registry import SiteSettings, load_target
from bookings.notifications.render import render
from tests.bookings.admin.conftest import DESK_RIGHTS, signed_in, staff_user
from tests.factories import CLEAR_ANSWERS, NOW, World

from .flow import Flow

pytestmark = pytest.mark.django_db
PREGNANT = {**CLEAR_ANSWERS, "pregnancy": "yes", "pregnancy_signs": "no"}


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def desk(world: World) -> Client:
    return signed_in(staff_user("desk", *DESK_RIGHTS))


@pytest.fixture
def booking(desk: Client, world: World) -> Booking:
    flow = Flow(desk, world)
    desk.post("/book/for-a-client/")
    flow.until("health")
    assert desk.post("/book/health/", {"later": "yes"}).status_code == 302
    flow.details()
    page = desk.get("/book/review/").content.decode()
    assert "The client gets the health questions by email." in page
    assert "Book it ·" not in page
    response = flow.review()
    booking = Booking.objects.get()
    assert response["Location"] == reverse("admin:bookings_booking_change", args=[booking.pk])
    said = desk.get(response["Location"]).content.decode()
    assert "is a request until the client has answered the health questions." in said
    return booking


@pytest.fixture
def visitor(booking: Booking) -> Client:
    """Who has opened the link in the email, and typed no code."""
    client = Client()
    client.post(client.get(f"/visits/{links.visit_token(booking, now=NOW)}/?to=health")["Location"])
    return client


def answer(visitor: Client, booking: Booking, answers: dict[str, str]) -> HttpResponse:
    address = reverse("visits:health", args=[booking.reference])
    return visitor.post(address, {"version": "1", **answers})  # type: ignore[return-value]


def kinds(booking: Booking) -> set[str]:
    return set(Message.objects.filter(booking=booking).values_list("kind", flat=True))


def test_it_waits_as_a_request_with_its_hour_and_stands_on_the_desk(desk: Client, booking: Booking) -> None:
    assert booking.status == BookingStatus.REQUESTED
    assert booking.answer_by is not None
    assert not ScreeningRecord.objects.exists()
    assert kinds(booking) == {"health_asked", "health_reminder"}
    reminder = Message.objects.get(kind="health_reminder")
    assert reminder.due_at == NOW + (booking.answer_by - NOW) / 2
    page = desk.get(reverse("admin:index")).content.decode()
    assert "Waits for the client’s health answers." in page
    with pytest.raises(ScreeningNotCleared):
        operations.confirm_booking(booking=booking, actor=staff_user("eager"), now=NOW)


def test_answers_without_anything_confirm_it(visitor: Client, booking: Booking) -> None:
    page = visitor.get(reverse("visits:health", args=[booking.reference])).content.decode()
    assert "A few health questions" in page
    assert booking.street not in page
    response = answer(visitor, booking, CLEAR_ANSWERS)
    assert response.status_code == 200
    assert "Your visit stands as planned." in response.content.decode()
    booking.refresh_from_db()
    assert booking.status == BookingStatus.CONFIRMED
    assert booking.screening.tier == "clear"
    assert not ScreeningRecheck.objects.exists()
    assert {"confirmed", "staff_alert"} <= kinds(booking)
    # From then on the questions are about what has changed, and ask for a code first.
    again = visitor.get(reverse("visits:health", args=[booking.reference]))
    assert again["Location"].startswith(reverse("visits:code", args=[booking.reference]))


def test_answers_do_not_confirm_it_where_something_holds_at_the_door(
    visitor: Client, booking: Booking
) -> None:
    """Staff say first that whoever comes knows."""
    booking.client.door_rule = DoorRule.TWO_PEOPLE
    booking.client.save()
    answer(visitor, booking, CLEAR_ANSWERS)
    booking.refresh_from_db()
    assert booking.status == BookingStatus.REQUESTED


def test_answers_that_need_a_look_leave_it_to_staff(desk: Client, visitor: Client, booking: Booking) -> None:
    answer(visitor, booking, PREGNANT)
    booking.refresh_from_db()
    assert booking.status == BookingStatus.REQUESTED
    assert operations.needs_clinician_note(booking)
    assert "recheck_alert" in kinds(booking)
    assert "Waits for the client’s health answers." not in desk.get(reverse("admin:index")).content.decode()


def test_when_the_therapist_cannot_come_any_more_the_answers_are_kept(
    visitor: Client, booking: Booking, world: World
) -> None:
    TimeOff.objects.create(
        therapist=world.therapist, starts_at=booking.starts_at, ends_at=booking.ends_at, reason="Ill"
    )
    answer(visitor, booking, CLEAR_ANSWERS)
    booking.refresh_from_db()
    assert booking.status == BookingStatus.REQUESTED
    assert booking.screening.tier == "clear"
    assert "staff_alert" in kinds(booking)


@pytest.mark.parametrize(("urgent", "words"), [("no", "Your visit stands as planned."), ("yes", "Call 911")])
def test_the_same_answers_sent_twice_are_answers_once_and_say_it_twice(
    visitor: Client, booking: Booking, urgent: str, words: str
) -> None:
    for second in (20, 21):
        with time_machine.travel(NOW + timedelta(seconds=second), tick=False):
            response = answer(visitor, booking, {**CLEAR_ANSWERS, "urgent_signs": urgent})
        assert response.status_code == 200
        assert words in response.content.decode()
    assert ScreeningRecord.objects.count() == 1
    assert not ScreeningRecheck.objects.exists()
    assert Message.objects.filter(booking=booking, kind__in=["recheck_alert", "staff_alert"]).count() == 1


def test_who_has_the_link_alone_does_not_learn_by_guessing_what_was_answered(
    visitor: Client, booking: Booking
) -> None:
    other = Client()
    other.post(other.get(f"/visits/{links.visit_token(booking, now=NOW)}/?to=health")["Location"])
    code = reverse("visits:code", args=[booking.reference])
    with time_machine.travel(NOW + timedelta(seconds=20), tick=False):
        assert answer(visitor, booking, CLEAR_ANSWERS).status_code == 200
        for guess in (CLEAR_ANSWERS, PREGNANT):
            assert answer(other, booking, guess)["Location"].startswith(code)
        assert answer(visitor, booking, CLEAR_ANSWERS).status_code == 200


def test_other_answers_or_later_ones_ask_for_a_code(visitor: Client, booking: Booking) -> None:
    answer(visitor, booking, PREGNANT)
    code = reverse("visits:code", args=[booking.reference])
    assert answer(visitor, booking, CLEAR_ANSWERS)["Location"].startswith(code)
    with time_machine.travel(NOW + timedelta(minutes=10), tick=False):
        assert answer(visitor, booking, PREGNANT)["Location"].startswith(code)
    assert not ScreeningRecheck.objects.exists()


def test_the_first_answers_to_a_visit_that_staff_confirmed_are_shown_once_without_a_code(
    visitor: Client, booking: Booking
) -> None:
    staff = staff_user("clinician")
    operations.record_clinician_note(booking=booking, actor=staff, note="Fine.", now=NOW - timedelta(days=1))
    operations.confirm_booking(booking=booking, actor=staff, now=NOW)
    assert answer(visitor, booking, PREGNANT).status_code == 200
    record = ScreeningRecord.objects.get(booking=booking)
    assert record.tier == ScreeningRecheck.objects.get(booking=booking).new_tier == "clearance"
    assert "recheck_alert" in kinds(booking)
    assert has_grave_answers(booking)
    shown = visitor.get(reverse("visits:health", args=[booking.reference]), {"answered": "yes"})
    assert shown["Location"].startswith(reverse("visits:code", args=[booking.reference]))


def test_missing_answers_are_asked_for(visitor: Client, booking: Booking) -> None:
    answers = dict(CLEAR_ANSWERS)
    answers.popitem()
    assert answer(visitor, booking, answers).status_code == 422
    assert not ScreeningRecord.objects.exists()


def test_it_is_reminded_once_and_not_after_the_answers(visitor: Client, booking: Booking) -> None:
    later = Message.objects.get(kind="health_reminder").due_at
    delivery.send_due(clock=lambda: NOW)
    sent = Message.objects.filter(state=MessageState.SENT)
    assert set(sent.values_list("kind", flat=True)) == {"health_asked"}
    answer(visitor, booking, PREGNANT)
    delivery.send_due(clock=lambda: later)
    assert Message.objects.get(kind="health_reminder").state == MessageState.DROPPED


def test_without_answers_it_ends_and_says_why(booking: Booking) -> None:
    assert booking.answer_by is not None
    half = Message.objects.get(kind="health_reminder").due_at
    delivery.send_due(clock=lambda: half)
    assert Message.objects.get(kind="health_reminder").state == MessageState.SENT
    assert operations.expire_requests(now=booking.answer_by - timedelta(seconds=1)) == 0
    assert operations.expire_requests(now=booking.answer_by) == 1
    message = Message.objects.get(kind="expired")
    text = render(message, load_target(message), SiteSettings.load(), now=booking.answer_by).text
    assert "did not get your answers to the health questions in time" in " ".join(text.split())


def test_it_can_be_moved_while_it_waits(booking: Booking, world: World) -> None:
    to = NewTime(booking.starts_at + timedelta(hours=4))
    operations.move_booking(booking=booking, to=to, act=Act(NOW, staff_user("mover")))
    booking.refresh_from_db()
    assert booking.status == BookingStatus.REQUESTED


def test_who_has_no_email_is_asked_at_once(desk: Client, world: World) -> None:
    flow = Flow(desk, world)
    desk.post("/book/for-a-client/")
    flow.until("health")
    desk.post("/book/health/", {"later": "yes"})
    response = flow.details(email="")
    assert response.status_code == 422
    assert "Type your email address." in response.content.decode()
    # Also when the details came first.
    flow.health()
    flow.details(email="")
    said = desk.post("/book/health/", {"later": "yes"}, follow=True).content.decode()
    assert "They are sent by email. Please ask them now." in said


def test_a_visitor_cannot_leave_them_out(client: Client, world: World) -> None:
    flow = Flow(client, world).until("health")
    assert "Send them to the client" not in client.get("/book/health/").content.decode()
    assert client.post("/book/health/", {"later": "yes"}).status_code == 422
    assert flow.client.get("/book/review/").status_code == 302
    with pytest.raises(ScreeningStops):
        operations.request_booking(submission=world.submission(health_later=True), now=NOW)
    assert not Booking.objects.exists()
