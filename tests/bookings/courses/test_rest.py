"""One visit of a course or the rest of it: two presses that say what remains; and a course that nobody answers."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from bookings.courses import operations as course_operations
from bookings.courses.models import Course, CoursePlan
from bookings.domain import operations
from bookings.domain.operations import Shown
from bookings.enums import BookingStatus, LateFeeState, MessageKind
from bookings.exceptions import ChangedMeanwhile, LateChange, NotLate
from bookings.models import Booking, LateFee, Message
from bookings.notifications.registry import SiteSettings, load_target, obsolete_reason
from bookings.notifications.render import Email, render
from tests.bookings.views.visits.browsers import address, hidden, prove, said, signed_in, text, with_link
from tests.factories import NOW, World, make_roles

from .conftest import make_plan
from .test_booking import NEEDS_NOTE, SURGERY, pressed, what_is_sent

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def make_course(world: World, plan: CoursePlan | None = None, **like: Any) -> Course:
    """Five visits, booked by the desk."""
    make_roles()
    plan = plan or make_plan(world)
    actor, _is_new = User.objects.get_or_create(username="booker", is_staff=True)
    first, visits, found = what_is_sent(world, plan)
    dates = {"day_zero": str(SURGERY), "cleared_from": None}
    press = pressed(plan, (replace(first, **like), visits, found), dates, actor=actor)
    return course_operations.book_course(**press)


@pytest.fixture
def course(world: World) -> Course:
    return make_course(world)


def email_of(message: Message, now: datetime) -> Email:
    return render(message, load_target(message), SiteSettings.load(), now=now, preview=True)


def sent_at(now: datetime) -> list[str]:
    return sorted(Message.objects.filter(created_at=now).values_list("kind", flat=True))


# The client ----------------------------------------------------------------------------------------------------


def test_two_buttons_say_what_remains(course: Course) -> None:
    second = course.visits[1]
    client = signed_in()
    page = text(client.get(address(second)))
    assert "Visit 2 of 5" in page
    assert "Cancel this visit" in page
    assert "Cancel the rest of the course" in page
    one = client.get(address(second, "cancel"))
    assert "This is visit 2 of 5. The others stay." in text(one)
    client.post(address(second, "cancel"), hidden(one))
    assert [visit.status for visit in course.visits].count("confirmed") == 4


def test_client_cancels_the_rest_with_one_press(course: Course) -> None:
    first, second, *_rest = course.visits
    now = first.ends_at
    with time_machine.travel(now, tick=False):
        client = signed_in(now=now)
        page = client.get(address(second, "cancel-rest"))
        assert "These 4 visits will be canceled:" in text(page)
        assert "1 past visit stays as it is." in text(page)
        assert "It costs nothing." in text(page)
        done = client.post(address(second, "cancel-rest"), hidden(page), follow=True)
        assert "4 visits are canceled. There is no charge." in said(done)
        again = client.post(address(second, "cancel-rest"), hidden(page), follow=True)
        assert "No visit of this course is still to come." in said(again)
    assert [visit.status for visit in course.visits] == ["confirmed", *["canceled"] * 4]
    assert sent_at(now) == [MessageKind.STAFF_ALERT, MessageKind.TOGETHER]
    alert, told = Message.objects.filter(created_at=now).order_by("kind")
    assert "A client canceled 4 visits" in email_of(alert, now).text
    mail = email_of(told, now)
    assert mail.subject == "Canceled: 4 visits, Manual lymphatic drainage"
    assert first.events.filter(kind="canceled").count() == 0


def test_late_visits_of_the_rest_carry_their_fees(course: Course) -> None:
    first = course.visits[0]
    now = first.starts_at - 10 * HOUR
    with time_machine.travel(now, tick=False):
        client = signed_in(now=now)
        page = client.get(address(first, "cancel-rest"))
        assert text(page).count("Late fee: up to $60") == 2  # of the visit, and of all
        data = {**hidden(page), "asks_waiver": "on", "reason": "A fever"}
        done = client.post(address(first, "cancel-rest"), data, follow=True)
        assert "We’ll write to you about the late fee." in said(done)
    fee = LateFee.objects.get()
    assert (fee.booking, fee.cents, fee.asks_waiver, fee.reason) == (first, 6_000, True, "A fever")
    told = Message.objects.get(created_at=now, kind=MessageKind.TOGETHER)
    assert "The late fee is up to $60." in email_of(told, now).text
    assert email_of(told, now).text.count("late fee") == 1


@pytest.mark.parametrize("what", ["late", "moved", "canceled", "nonsense", "nothing"])
def test_what_is_not_as_it_was_shown_cancels_nothing(course: Course, what: str) -> None:
    first, second, *_rest = course.visits
    client = signed_in()
    data = hidden(client.get(address(second, "cancel-rest")))
    now, expected = NOW, 409
    if what == "late":
        now = first.starts_at - 10 * HOUR
    elif what == "moved":
        Booking.objects.filter(pk=second.pk).update(revision=7)
    elif what == "canceled":
        operations.cancel_booking(booking=second, actor=None, now=NOW)
    else:
        data, expected = {"shown": "x:y:z" if what == "nonsense" else ""}, 422
    before = list(course.visits.values("status", "revision"))
    with time_machine.travel(now, tick=False):
        answer = signed_in(now=now).post(address(first, "cancel-rest"), data)
    assert answer.status_code == expected
    assert list(course.visits.values("status", "revision")) == before


def test_rest_asks_for_a_proved_mailbox(course: Course) -> None:
    """A link opens one visit; what is done to the others asks for a code."""
    first = course.visits[0]
    client = with_link(first)
    asked = client.get(address(first, "cancel-rest"))
    assert asked["Location"] == f"{address(first, 'code')}?next=cancel-rest"
    assert client.post(address(first, "cancel-rest"), {"shown": ""}).status_code == 302
    prove(client, first)
    assert client.get(address(first, "cancel-rest")).status_code == 200
    assert Client().get(address(first, "cancel-rest")).status_code == 404


def test_visit_that_came_alone_has_no_rest(world: World) -> None:
    visit = world.book()
    client = signed_in()
    assert client.get(address(visit, "cancel-rest"))["Location"] == address(visit, "cancel")
    assert "rest of the course" not in text(client.get(address(visit)))


def test_a_visit_that_was_not_shown_is_not_canceled(course: Course) -> None:
    shown = {visit.reference: Shown(visit.revision, None) for visit in course.visits[:4]}
    with pytest.raises(ChangedMeanwhile):
        operations.cancel_together_by_client(together=course.key, shown=shown, now=NOW)
    assert {visit.status for visit in course.visits} == {BookingStatus.CONFIRMED}


# The desk ------------------------------------------------------------------------------------------------------


def test_desk_cancels_the_rest_with_its_late_fees(course: Course, desk: Client) -> None:
    first = course.visits[0]
    now = first.starts_at - 10 * HOUR
    with time_machine.travel(now, tick=False):
        page = desk.get(reverse("admin:courses_course_change", args=[course.pk])).content.decode()
        (cents,) = re.findall(r'name="fee_cents" value="(\d+)"', page)
        cancel = reverse("admin:courses_course_cancel_rest", args=[course.pk])
        data = {"whose": "client", "with_fee": "on", "fee_cents": "1", "reason": "Ill"}
        assert desk.post(cancel, data).status_code == 409
        assert not LateFee.objects.exists()
        assert desk.post(cancel, {**data, "fee_cents": cents}).status_code == 302
    assert {visit.status for visit in course.visits} == {BookingStatus.CANCELED}
    fee = LateFee.objects.get()
    assert (fee.booking, fee.cents, fee.state) == (first, 6_000, LateFeeState.CHARGED)
    assert course.visits[0].late_fee_cents == 6_000
    assert sent_at(now) == [MessageKind.TOGETHER]


def test_late_fees_are_those_that_were_named(course: Course) -> None:
    actor = User.objects.get(username="booker")
    with pytest.raises(NotLate):
        operations.cancel_together_late(together=course.key, actor=actor, shown_fee_cents=6_000, now=NOW)
    late = course.visits[0].starts_at - HOUR
    with pytest.raises(LateChange):
        operations.cancel_together_late(together=course.key, actor=actor, shown_fee_cents=0, now=late)
    assert {visit.status for visit in course.visits} == {BookingStatus.CONFIRMED}


def test_visits_page_at_the_desk_tells_both_apart(course: Course, desk: Client) -> None:
    second = course.visits[1]
    page = desk.get(reverse("admin:bookings_booking_change", args=[second.pk])).content.decode()
    assert "Cancel this visit" in page
    assert "Visit 2 of 5: the others stay." in page


# Nobody answers --------------------------------------------------------------------------------------------------


def test_course_that_nobody_answers_ends_with_one_email(world: World) -> None:
    course = make_course(world, answers=NEEDS_NOTE)
    assert {visit.status for visit in course.visits} == {BookingStatus.REQUESTED}
    (by,) = set(course.visits.values_list("answer_by", flat=True))
    assert by is not None
    assert operations.expire_requests(now=by - HOUR) == 0
    assert operations.expire_requests(now=by) == 5
    assert operations.expire_requests(now=by) == 0

    assert {visit.status for visit in course.visits} == {BookingStatus.EXPIRED}
    assert sent_at(by) == [MessageKind.TOGETHER]
    told = Message.objects.get(created_at=by)
    assert obsolete_reason(told, load_target(told), SiteSettings.load(), now=by) == ""
    mail = email_of(told, by)
    assert mail.subject == "Your request has ended: 5 visits, Manual lymphatic drainage"
    assert "you owe nothing" in mail.text
    assert mail.text.count("with Sample Therapist One") == 5
    assert mail.calendar is None


def test_course_ends_as_a_whole_when_the_first_of_it_does(world: World) -> None:
    course = make_course(world, answers=NEEDS_NOTE)
    by = course.visits[0].answer_by
    assert by is not None
    Booking.objects.filter(pk=course.visits[2].pk).update(answer_by=by - HOUR)
    assert operations.expire_requests(now=by - HOUR) == 5
    assert sent_at(by - HOUR) == [MessageKind.TOGETHER]


def test_visit_alone_still_expires_as_one(world: World) -> None:
    world.book()
    now = NOW + timedelta(days=3)
    assert operations.expire_requests(now=now) == 1
    assert sent_at(now) == [MessageKind.EXPIRED]
