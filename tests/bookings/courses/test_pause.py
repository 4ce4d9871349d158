"""An illness: what lies ahead of a course falls away with one press, and is planned anew with another."""

from __future__ import annotations

import itertools
import re
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from bookings.courses import operations as course_operations
from bookings.courses.models import Course
from bookings.domain import links, operations
from bookings.domain.operations import Act, NewTime
from bookings.enums import BookingStatus, LateFeeState, MessageKind, MessageState
from bookings.exceptions import ChangedMeanwhile, InvalidTransition
from bookings.models import AccessNotes, Booking, LateFee, Link, Message, SecondThought
from bookings.models import Client as Person
from bookings.notifications.registry import SiteSettings, load_target
from bookings.notifications.render import render
from massagerx.lib.localtime import local
from tests.bookings.views.flow import Flow
from tests.bookings.views.visits.browsers import address, said, signed_in, text
from tests.bookings.views.visits.browsers import hidden as shown_on
from tests.factories import NOW, World

from .test_booking import CHECK, COURSE, SURGERY, hidden, pressed, shown, what_is_sent
from .test_by_the_client import placed
from .test_rest import email_of, make_course, sent_at

pytestmark = pytest.mark.django_db
# Three weeks after the first visit was to be.
AGAIN = SURGERY + timedelta(days=24)


@pytest.fixture
def course(world: World) -> Course:
    return make_course(world)


def days_of(course: Course) -> list[int]:
    stand = course.visits.filter(status__in=[BookingStatus.REQUESTED, BookingStatus.CONFIRMED])
    return [(local(visit.starts_at).date() - SURGERY).days for visit in stand]


def go_on(client: Client, world: World, from_day: date, **more: str) -> Any:
    """From the page that asks from which day, to the end."""
    return client.post(CHECK, pressed_on(client, world, from_day, **more), follow=True)


def pressed_on(client: Client, world: World, from_day: date = AGAIN, **more: str) -> dict[str, str]:
    """From there to what its last page would send."""
    answers = {
        "cleared_from": str(from_day),
        "hour": "10:00",
        "preference": "any",
        "same": "preferred",
        **more,
    }
    assert client.post(COURSE, {"press": "plan", **answers}).status_code == 302
    page = client.get(COURSE).content.decode()
    times = shown(page)
    assert client.post(COURSE, {"press": "take", **times})["Location"] == "/book/health/"
    flow = Flow(client, world)
    flow.health()
    page = client.get(CHECK).content.decode()
    return {**hidden(page), "agree": "on"}


def test_client_pauses_and_goes_on(course: Course, world: World) -> None:
    planned, third = days_of(course), course.visits[2]
    client = signed_in()
    page = client.get(address(third, "pause"))
    assert "These 5 visits are canceled for now:" in text(page)
    done = client.post(address(third, "pause"), shown_on(page), follow=True)
    assert "The course is paused: 5 visits are canceled." in said(done)
    assert "Your course is paused: 5 visits are still to be planned." in text(done)
    course.refresh_from_db()
    assert (course.rest, course.paused_at, days_of(course)) == (planned, NOW, [])
    assert sent_at(NOW).count(MessageKind.TOGETHER) == 2
    assert sent_at(NOW).count(MessageKind.STAFF_ALERT) == 1
    mail = email_of(Message.objects.filter(kind=MessageKind.TOGETHER).latest("pk"), NOW)
    assert mail.subject == "Paused: 5 visits, Manual lymphatic drainage"
    assert "Your course is paused" in mail.text
    assert "Go on with the course: " in mail.text
    alert = Message.objects.get(kind=MessageKind.STAFF_ALERT)
    assert "A client paused a course: 5 visits fell away" in email_of(alert, NOW).text

    asked = client.post(address(third, "resume"), follow=True)
    assert asked.redirect_chain[-1][0] == COURSE
    assert "From which day can we come again?" in text(asked)
    assert shown(asked.content.decode()) == {}
    answer = go_on(client, world, AGAIN)
    assert answer.redirect_chain[-1][0] == "/book/done/"

    course.refresh_from_db()
    later = (AGAIN - SURGERY).days - planned[0]
    assert all(abs(new - old - later) <= 1 for new, old in zip(days_of(course), planned, strict=True))
    assert (course.rest, course.paused_at) == ([], None)
    assert course.dates["day_zero"] == str(SURGERY + timedelta(days=later))
    assert {visit.together for visit in Booking.objects.order_by("pk")} == {course.key}
    assert Course.objects.count() == 1
    told = Message.objects.filter(kind=MessageKind.TOGETHER).latest("pk")
    assert email_of(told, NOW).text.count("with Sample Therapist One") == 5
    assert "Your course is paused" not in text(client.get(address(third)))


def test_desk_pauses_and_goes_on_with_what_is_left(course: Course, world: World, desk: Client) -> None:
    first = course.visits[0]
    Booking.objects.filter(pk=first.pk).update(
        starts_at=NOW - timedelta(days=1), ends_at=NOW - timedelta(hours=23),
        blocked_from=NOW - timedelta(days=1), blocked_until=NOW - timedelta(hours=23), status="completed",
    )  # fmt: skip
    there = reverse("admin:courses_course_change", args=[course.pk])
    assert "Pause: cancel 4 visits" in desk.get(there).content.decode()
    paused = desk.post(reverse("admin:courses_course_pause", args=[course.pk]), follow=True)
    assert "The course is paused: 4 visits are canceled. The client gets an email." in paused.content.decode()
    assert "4 visits are still to be planned" in paused.content.decode()
    # It is told at once: none of the visits is put back while the course keeps its day.
    assert not SecondThought.objects.exists()
    again = desk.post(reverse("admin:courses_course_pause", args=[course.pk]), follow=True)
    assert "Nothing was paused" in again.content.decode()

    asked = desk.post(reverse("admin:courses_course_resume", args=[course.pk]))
    assert asked["Location"] == COURSE
    answer = go_on(desk, world, AGAIN)
    assert answer.redirect_chain[-1][0] == there
    assert "4 visits are booked." in answer.content.decode()
    assert len(days_of(course)) == 4
    assert {visit.status for visit in course.visits} == {"completed", "canceled", "confirmed"}
    # The same press again leads to the course.
    assert desk.post(reverse("admin:courses_course_resume", args=[course.pk]))["Location"] == there


def test_same_press_that_went_on_leads_there_again(course: Course, world: World, desk: Client) -> None:
    """By the client and by staff, though the visits that were paused are of the course as well."""
    for client, there in (
        (signed_in(), "/book/done/"),
        (desk, reverse("admin:courses_course_change", args=[course.pk])),
    ):
        course.refresh_from_db()
        course_operations.pause_course(course=course, act=Act(NOW, User.objects.get(username="desk")))
        if client is desk:
            desk.post(reverse("admin:courses_course_resume", args=[course.pk]))
        else:
            client.post(address(course.visits[2], "resume"))
        sent = pressed_on(client, world)
        assert client.post(CHECK, sent)["Location"] == there
        booked = Booking.objects.count()
        assert client.post(CHECK, sent)["Location"] == there
        assert client.post(CHECK, {**sent, "total_cents": "1"}).status_code == 409
        assert Booking.objects.count() == booked


def test_what_a_pause_came_after_is_no_longer_offered_to_be_undone(course: Course, desk: Client) -> None:
    moved = course.visits[1]
    to = NewTime(moved.starts_at + timedelta(hours=1), f"therapist:{moved.therapist.slug}")
    actor = User.objects.get(username="desk")
    operations.move_booking(booking=moved, to=to, act=Act(NOW, actor))
    there = reverse("admin:courses_course_change", args=[course.pk])
    before = desk.get(there).content.decode()
    assert f"{moved.reference}: moved" in before
    assert "that have been" not in before
    page = desk.post(reverse("admin:courses_course_pause", args=[course.pk]), follow=True).content.decode()
    assert "5 visits are still to be planned" in page
    assert "Undo" not in page
    # Nor are there "0 of 0" visits for "$0".
    assert "<dt>Done</dt>" not in page
    assert "<dt>All together</dt>" not in page


def test_desk_ends_a_paused_course(course: Course, desk: Client) -> None:
    actor = User.objects.get(username="desk")
    course_operations.pause_course(course=course, act=Act(NOW, actor, by_client=True))
    end = reverse("admin:courses_course_end", args=[course.pk])
    assert "The course has ended." in desk.post(end, follow=True).content.decode()
    course.refresh_from_db()
    assert (course.rest, course.paused_at) == ([], None)
    assert "The course has ended." not in desk.post(end, follow=True).content.decode()


def test_late_visit_of_a_pause_carries_its_fee(course: Course) -> None:
    first = course.visits[0]
    now = first.starts_at - timedelta(hours=10)
    fees = {
        visit.reference: operations.Shown(visit.revision, operations.late_fee(visit, now=now))
        for visit in operations.ahead_together(course.key, now=now).with_details()
    }
    course_operations.pause_course(
        course=course, act=Act(now, by_client=True, reason="Flu"), shown=fees, asks_waiver=True
    )
    fee = LateFee.objects.get()
    assert (fee.booking, fee.state, fee.asks_waiver) == (first, LateFeeState.OPEN, True)


@pytest.mark.parametrize("what", ["moved", "another course", "nothing left", "lost"])
def test_pause_is_all_or_nothing(course: Course, what: str) -> None:
    visits = list(course.visits)
    sent = {visit.reference: operations.Shown(visit.revision, None) for visit in visits}
    error: type[Exception] = ChangedMeanwhile
    if what == "moved":
        Booking.objects.filter(pk=visits[4].pk).update(revision=9)
    elif what == "another course":
        sent["MX-OTHER"] = operations.Shown(1, None)
    elif what == "nothing left":
        operations.cancel_together(together=course.key, act=Act(NOW, by_client=True))
        error = InvalidTransition
    else:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE courses_course SET dates = 'lost'")
        error = Exception
    before = list(course.visits.values_list("status", flat=True))
    with pytest.raises(error):
        course_operations.pause_course(course=course, act=Act(NOW, by_client=True), shown=sent)
    assert list(course.visits.values_list("status", flat=True)) == before
    assert not Course.objects.exclude(paused_at=None).exists()


def test_rest_is_booked_once(course: Course, world: World) -> None:
    actor = User.objects.get(username="booker")
    course_operations.pause_course(course=course, act=Act(NOW, actor, by_client=True))
    course.refresh_from_db()
    sent = what_is_sent(world, course.plan, SURGERY + timedelta(days=30))
    left: dict[str, Any] = {"course": course, "rest": course.rest, "days": 30}
    press = {**pressed(course.plan, sent, actor=actor), **left}
    course_operations.resume_course(**press)
    course_operations.resume_course(**press)
    course.refresh_from_db()
    assert (len(days_of(course)), course.rest) == (5, [])
    assert course.dates["day_zero"] == str(SURGERY + timedelta(days=30))
    another = pressed(
        course.plan, what_is_sent(world, course.plan, SURGERY + timedelta(days=60)), actor=actor
    )
    with pytest.raises(ChangedMeanwhile):
        course_operations.resume_course(**{**another, **left})
    assert len(days_of(course)) == 5
    taken = list(course.visits.filter(status="confirmed").values_list("blocked_from", "blocked_until"))
    assert all(earlier[1] <= later[0] for earlier, later in itertools.pairwise(taken))


@pytest.mark.parametrize("by", ["client", "desk"])
def test_rest_is_booked_for_the_client_of_the_course(
    course: Course, world: World, desk: Client, by: str
) -> None:
    client, first = signed_in(), course.visits[0]
    client.post(address(first, "pause"), shown_on(client.get(address(first, "pause"))))
    if by == "desk":
        client = desk
        client.post(reverse("admin:courses_course_resume", args=[course.pk]))
    else:
        client.post(address(first, "resume"))
    answers = {"cleared_from": str(AGAIN), "hour": "10:00", "preference": "any", "same": "preferred"}
    client.post(COURSE, {"press": "plan", **answers})
    client.post(COURSE, {"press": "take", **shown(client.get(COURSE).content.decode())})
    flow = Flow(client, world)
    flow.health()
    flow.details(email="somebody.else@example.com")
    before = Booking.objects.count(), Person.objects.count(), Message.objects.count()
    answer = client.post(CHECK, {**hidden(client.get(CHECK).content.decode()), "agree": "on"})
    assert answer.status_code == 409
    assert "This course was booked with another email or phone." in text(answer)
    assert (Booking.objects.count(), Person.objects.count(), Message.objects.count()) == before
    course.refresh_from_db()
    assert len(course.rest) == 5

    flow.details(email=first.client.email)
    client.post(CHECK, {**hidden(client.get(CHECK).content.decode()), "agree": "on"})
    assert set(course.visits.values_list("client", flat=True)) == {first.client_id}
    assert len(days_of(course)) == 5


def test_draft_of_a_rest_that_is_no_longer_left_plans_anew(course: Course, world: World) -> None:
    client, first = signed_in(), course.visits[0]
    client.post(address(first, "pause"), shown_on(client.get(address(first, "pause"))))
    client.post(address(first, "resume"))
    course.refresh_from_db()
    assert course_operations.end_course(course=course, act=Act(NOW))
    page = text(client.get(COURSE))
    assert "From which day can we come again?" not in page
    assert "Which plan?" in page


def test_only_who_proved_the_mailbox_pauses_or_goes_on(course: Course) -> None:
    first = course.visits[0]
    stranger = Client()
    assert stranger.get(address(first, "pause")).status_code == 404
    assert stranger.post(address(first, "resume")).status_code == 404


def test_course_is_paused_with_a_rest_or_not_at_all(course: Course) -> None:
    for values in ({"rest": [3]}, {"paused_at": NOW}):
        with pytest.raises(IntegrityError, match="course_paused_with_a_rest"), transaction.atomic():
            Course.objects.filter(pk=course.pk).update(**values)


def test_visit_that_came_alone_has_no_course_to_pause(world: World) -> None:
    alone = world.book()
    client = signed_in()
    assert "Pause the course" not in text(client.get(address(alone)))
    answer = client.get(address(alone, "pause"), follow=True)
    assert "No visit of this course is still to come." in said(answer)
    assert re.search(r"/visits/v/", answer.redirect_chain[-1][0])


def test_rest_comes_no_earlier_than_the_course_allows(course: Course, world: World, desk: Client) -> None:
    first, allowed = course.visits[0], local(course.visits[0].starts_at).date() - timedelta(days=2)
    course.dates = {**course.dates, "cleared_from": str(allowed)}
    course.save()
    client = signed_in()
    client.post(address(first, "pause"), shown_on(client.get(address(first, "pause"))))
    client.post(address(first, "resume"))
    early = {
        "press": "plan", "cleared_from": str(allowed - timedelta(days=1)), "hour": "10:00",
        "preference": "any", "same": "preferred",
    }  # fmt: skip
    answer = client.post(COURSE, early)
    assert answer.status_code == 422
    assert "Visits of this course may come from" in text(answer)
    # Staff, who have the surgeon's word, may.
    desk.post(reverse("admin:courses_course_resume", args=[course.pk]))
    assert desk.post(COURSE, early).status_code == 302

    before = course.dates
    assert go_on(client, world, allowed).redirect_chain[-1][0] == "/book/done/"
    course.refresh_from_db()
    assert course.dates == before
    assert local(course.visits.filter(status="requested")[0].starts_at).date() >= allowed


@pytest.mark.parametrize("is_there", [True, False])
def test_rest_is_where_it_was_before(course: Course, world: World, is_there: bool) -> None:
    """Unless the client is home by now."""
    first, second, third, fourth, _fifth = course.visits
    at_home = third.street
    house, family = ("4 Recovery Road", "Room 2", world.far_area), ("7 Family Lane", "", world.far_area)
    for visits, (street, unit, area) in (((first, second), house), ((fourth,), family)):
        Booking.objects.filter(pk__in=[visit.pk for visit in visits]).update(
            street=street, unit=unit, area=area, access_type="ground"
        )
    # Somebody has told the way to one of the doors by now.
    Booking.objects.filter(pk=fourth.pk).update(access_type="stairs")
    AccessNotes.objects.update_or_create(booking=fourth, defaults={"notes": {"gate_code": "CANARY-7"}})
    client = signed_in()
    client.post(address(third, "pause"), shown_on(client.get(address(third, "pause"))))
    page = client.post(address(third, "resume"), follow=True).content.decode()
    assert "5 visits are still to be planned, and counted from 1." in page
    there = dict(re.findall(r'name="(place_\w+)" value="([^"]*)"', page))
    assert there == {
        **placed(1, 1, 2, "91364", "4 Recovery Road", "Room 2"),
        **placed(2, 4, 4, "91364", "7 Family Lane"),
    }
    go_on(client, world, AGAIN, **(there if is_there else dict.fromkeys(there, "")))
    booked = course.visits.filter(status="requested").select_related("area", "access")
    home = (at_home, third.unit, world.area)
    found = [(visit.street, visit.unit, visit.area) for visit in booked]
    assert found == ([house, house, home, family, home] if is_there else [home] * 5)
    if is_there:
        assert [visit.access_type for visit in booked][:2] == ["ground"] * 2
        assert (booked[3].access_type, booked[3].access.notes) == ("stairs", {"gate_code": "CANARY-7"})


def test_way_in_that_one_visit_tells_is_kept_for_the_rest(course: Course, world: World) -> None:
    """Notes are written per visit: those after the one that tells the gate code say nothing."""
    first, *rest = course.visits
    here = {"street": "4 Recovery Road", "unit": "Room 2", "area": world.far_area}
    Booking.objects.filter(pk__in=[visit.pk for visit in (first, *rest[:2])]).update(**here)
    AccessNotes.objects.filter(booking=first).update(notes={"gate_code": "CANARY-7"})
    AccessNotes.objects.filter(booking__in=rest).update(notes={})
    now = first.ends_at
    with time_machine.travel(now, tick=False):
        client = signed_in(now=now)
        client.post(address(first, "pause"), shown_on(client.get(address(rest[0], "pause"))))
        page = client.post(address(first, "resume"), follow=True).content.decode()
        assert "at your usual address." in page
        there = dict(re.findall(r'name="(place_\w+)" value="([^"]*)"', page))
        assert there == placed(1, 1, 2, "91364", "4 Recovery Road", "Room 2")
        go_on(client, world, AGAIN, **there)
    booked = course.visits.filter(status="requested").select_related("access")
    assert [visit.access.notes for visit in booked[:2]] == [{"gate_code": "CANARY-7"}] * 2
    assert [visit.access.notes for visit in booked[2:]] == [{}] * 2


def test_usual_address_stands_only_where_a_visit_is_there(course: Course, world: World) -> None:
    first, at_home = course.visits[0], course.visits[0].street
    client = signed_in()
    client.post(address(first, "pause"), shown_on(client.get(address(first, "pause"))))
    client.post(address(first, "resume"))
    answers = {"cleared_from": str(AGAIN), "hour": "10:00", "preference": "any", "same": "preferred"}
    for last, is_home in ((4, True), (5, False)):
        there = placed(1, 1, last, "90026", "4 Recovery Road")
        client.post(COURSE, {"press": "plan", **answers, **there})
        client.post(COURSE, {"press": "take", **shown(client.get(COURSE).content.decode())})
        Flow(client, world).health()
        page = text(client.get(CHECK))
        assert ("The others:" in page, at_home in page) == (is_home, is_home)
        assert f"Visits 1 to {last}: 4 Recovery Road" in page


def test_second_pause_keeps_what_the_first_one_left(course: Course, world: World) -> None:
    """Staff take back that the last visit was canceled, while the others are paused."""
    planned, last = days_of(course), course.visits[4]
    actor = User.objects.get(username="booker")
    operations.cancel_booking(booking=last, actor=actor, now=NOW)
    client, first = signed_in(), course.visits[0]
    client.post(address(first, "pause"), shown_on(client.get(address(first, "pause"))))
    operations.undo(press=SecondThought.objects.get().press, actor=actor, now=NOW)
    assert days_of(course) == planned[4:]
    # The one that stands is still to come: the others are planned before it, not after.
    client.post(address(first, "resume"))
    answers = {"cleared_from": str(SURGERY + timedelta(days=planned[0])), "hour": "10:00"}
    client.post(COURSE, {"press": "plan", "preference": "any", "same": "preferred", **answers})
    times = shown(client.get(COURSE).content.decode())
    assert len(times) == 4
    assert all(times.values())
    assert max(times.values()) < last.starts_at.isoformat()

    client.post(address(last, "pause"), shown_on(client.get(address(last, "pause"))))
    course.refresh_from_db()
    assert (course.rest, days_of(course)) == (planned, [])


def test_link_to_go_on_lasts_as_long_as_the_last_visit_would(course: Course) -> None:
    client, first, last = signed_in(), course.visits[0], course.visits[4]
    client.post(address(first, "pause"), shown_on(client.get(address(first, "pause"))))
    told = Message.objects.filter(kind=MessageKind.TOGETHER).latest("pk")
    mail = render(told, load_target(told), SiteSettings.load(), now=NOW)
    found = re.search(r"Go on with the course: \S+(/visits/\S+)", mail.text)
    assert found is not None
    link = Link.objects.get(booking=last)
    assert links.token_of(link) in found[1]
    assert link.expires_at == last.ends_at + links.VISIT_LINK_OUTLIVES_VISIT


@pytest.mark.parametrize("state", [MessageState.SENT, MessageState.DUE])
def test_ending_a_course_of_which_one_visit_was_paused_is_told(
    course: Course, desk: Client, state: MessageState
) -> None:
    *others, last = course.visits
    for visit in others:
        operations.cancel_booking(booking=visit, actor=None, now=NOW - timedelta(hours=1))
    actor, pause = User.objects.get(username="desk"), NOW - timedelta(minutes=5)
    course_operations.pause_course(course=course, act=Act(pause, actor, by_client=True))
    told = Message.objects.filter(booking=last, kind=MessageKind.TOGETHER)
    assert told.update(state=state) == 1

    answer = desk.post(reverse("admin:courses_course_end", args=[course.pk]), follow=True)

    assert "The course has ended." in answer.content.decode()
    message = told.get()
    assert message.state == MessageState.DUE
    assert email_of(message, NOW).subject == "Your course has ended: Manual lymphatic drainage"


def test_ending_a_paused_course_is_told_once(course: Course, desk: Client) -> None:
    pause = NOW - timedelta(minutes=5)
    course_operations.pause_course(
        course=course, act=Act(pause, User.objects.create_user("d"), by_client=True)
    )
    Message.objects.all().delete()
    end = reverse("admin:courses_course_end", args=[course.pk])

    answer = desk.post(end, follow=True)
    assert "Nothing more is planned. The client gets an email." in answer.content.decode()
    desk.post(end)

    message = Message.objects.get()
    mail = email_of(message, NOW)
    assert mail.subject == "Your course has ended: Manual lymphatic drainage"
    assert "The visits that fell away in the pause are planned no more" in mail.text
    assert "with Sample Therapist One" not in mail.text
    course.refresh_from_db()
    assert (course.rest, course.paused_at) == ([], None)
