"""What a plan adds to the visits of a phase: typed with it, planned with its minutes, and booked with its price."""

from __future__ import annotations

import html
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from bookings.courses.models import Course, CoursePlan
from bookings.courses.operations import pause_course
from bookings.domain import operations
from bookings.domain.operations import Act, NewTime
from bookings.enums import MessageKind
from bookings.models import Booking, Hold, Message
from services.models import AddOn, Service, ServiceOption
from tests.bookings.views.flow import Flow
from tests.bookings.views.visits.browsers import address, signed_in
from tests.factories import NOW, World

from .conftest import make_plan
from .test_booking import CHECK, COURSE, SURGERY, hidden, take, to_the_end
from .test_moving import days_of, look, page_of
from .test_pause import go_on
from .test_plans import ADD, kept, problems, typed
from .test_rest import email_of

pytestmark = pytest.mark.django_db
# Of the visits of `PHASES`: the second phase has more.
MINUTES, CENTS = [60, 60, 75, 75, 60], [14_000, 14_000, 16_500, 16_500, 14_000]


@pytest.fixture
def plan(world: World) -> CoursePlan:
    plan = make_plan(world)
    plan.phases.order_by("from_day")[1].add_ons.add(world.add_on)
    return plan


@pytest.fixture
def flow(desk: Client, world: World, plan: CoursePlan) -> Flow:
    desk.post("/book/for-a-client/")
    return Flow(desk, world).until("when")


def of_another_service(world: World) -> AddOn:
    other = Service.objects.create(
        category=world.service.category, name="Stretching", slug="stretching", summary="S.", description="S."
    )
    add_on = AddOn.objects.create(name="Warm towels", minutes=5, price_cents=500)
    add_on.services.add(other)
    return add_on


def book(flow: Flow, plan: CoursePlan) -> Course:
    take(flow, plan)
    page = to_the_end(flow).content.decode()
    flow.client.post(CHECK, {**hidden(page), "agree": "on"})
    return Course.objects.get()


def minutes_of(visits: Any) -> list[int]:
    return [(visit.ends_at - visit.starts_at) // timedelta(minutes=1) for visit in visits]


# The owner's form -------------------------------------------------------------------------------------------------


def test_owner_checks_what_is_added_to_a_phase(owner: Client, world: World) -> None:
    sent = typed(world, (3, 7, 3, 1), (8, 14, 3, 2), **{"phases-1-add_ons": [world.add_on.pk]})
    assert owner.post(ADD, sent).status_code == 302

    plan = CoursePlan.objects.get()
    assert [[row.name for row in phase.add_ons.all()] for phase in plan.phases.order_by("from_day")] == [
        [],
        ["Neck and shoulders"],
    ]
    there = owner.get(reverse("admin:courses_courseplan_changelist")).content.decode()
    assert "3 visits in days 3 to 7; 3 visits in days 8 to 14 + Neck and shoulders" in there


def test_copy_starts_with_what_is_added(owner: Client, plan: CoursePlan, world: World) -> None:
    page = owner.get(f"{ADD}?copy={plan.pk}").content.decode()
    boxes = [line for line in page.split("<input") if 'name="phases-' in line and "-add_ons" in line]
    checked = [line for line in boxes if "checked" in line]
    assert len(checked) == 1
    assert 'name="phases-1-add_ons"' in checked[0]
    assert f'value="{world.add_on.pk}"' in checked[0]


def test_approval_is_of_what_is_added_too(owner: Client, plan: CoursePlan, world: World) -> None:
    sent = kept(world, plan, **{"phases-0-add_ons": [world.add_on.pk], "phases-1-add_ons": []})
    owner.post(reverse("admin:courses_courseplan_change", args=[plan.pk]), sent)
    plan.refresh_from_db()
    assert plan.approved_by == ""


def test_add_on_of_another_service_is_refused(owner: Client, world: World) -> None:
    other = of_another_service(world)
    response = owner.post(ADD, typed(world, (3, 7, 3, 1), **{"phases-0-add_ons": [other.pk]}))
    assert "Warm towels is no add-on of Manual lymphatic drainage." in problems(response)
    assert not CoursePlan.objects.exists()


def test_visit_longer_than_a_session_can_be_is_refused(owner: Client, world: World) -> None:
    AddOn.objects.update(minutes=541)
    response = owner.post(ADD, typed(world, (3, 7, 3, 1), **{"phases-0-add_ons": [world.add_on.pk]}))
    assert "longer than 600 minutes" in problems(response)


@pytest.mark.parametrize("what", ["off", "of another service"])
def test_plan_whose_add_on_is_not_on_offer_is_not_offered(plan: CoursePlan, world: World, what: str) -> None:
    assert list(CoursePlan.objects.offered()) == [plan]
    if what == "off":
        AddOn.objects.update(is_active=False)
    else:
        world.add_on.services.clear()
    assert not CoursePlan.objects.offered().exists()


# Booked with it ------------------------------------------------------------------------------------------------------


def test_desk_books_each_visit_with_what_its_phase_adds(flow: Flow, plan: CoursePlan, world: World) -> None:
    take(flow, plan)
    shown = flow.client.get("/book/course/").content.decode()
    assert shown.count("+ Neck and shoulders, 75 minutes in all") == 2
    page = to_the_end(flow).content.decode()
    assert page.count("+ Neck and shoulders, 75 minutes in all") == 2
    assert "60 minutes, longer where something is added" in page
    assert "$750" in page

    flow.client.post(CHECK, {**hidden(page), "agree": "on"})

    visits = list(Course.objects.get().visits)
    assert minutes_of(visits) == MINUTES
    assert [visit.total_cents for visit in visits] == CENTS
    assert [visit.add_ons_cents for visit in visits] == [0, 0, 2_500, 2_500, 0]
    assert [[row.pk for row in visit.add_ons.all()] for visit in visits] == [
        [], [], [world.add_on.pk], [world.add_on.pk], [],
    ]  # fmt: skip
    mail = email_of(Message.objects.get(kind=MessageKind.TOGETHER), NOW)
    assert mail.text.count("75 minutes, with Neck and shoulders") == 2
    assert mail.text.count("60 minutes") == 3


def test_client_holds_the_minutes_of_each_visit(plan: CoursePlan, world: World) -> None:
    flow = Flow(Client(), world).until("when")
    take(flow, plan)
    assert minutes_of(Hold.objects.order_by("number")) == MINUTES
    page = to_the_end(flow).content.decode()
    flow.client.post(CHECK, {**hidden(page), "agree": "on"})
    assert minutes_of(Course.objects.get().visits) == MINUTES


def test_visits_that_moved_and_those_gone_on_with_keep_it(flow: Flow, plan: CoursePlan, world: World) -> None:
    course = book(flow, plan)
    third, act = course.visits[2], Act(NOW, User.objects.get(username="desk"), by_client=True)
    operations.move_booking(booking=third, to=NewTime(third.starts_at + timedelta(hours=2)), act=act)
    assert minutes_of(course.visits) == MINUTES

    desk = flow.client
    desk.post(reverse("admin:courses_course_pause", args=[course.pk]))
    desk.post(reverse("admin:courses_course_resume", args=[course.pk]))
    go_on(desk, world, SURGERY + timedelta(days=24))

    assert minutes_of(course.visits.occupying()) == MINUTES
    assert [visit.total_cents for visit in course.visits.occupying()] == CENTS


@pytest.mark.parametrize("by_staff", [True, False])
@pytest.mark.parametrize("what", ["add-on", "length"])
def test_paused_course_says_what_is_not_offered_any_more(
    flow: Flow, plan: CoursePlan, world: World, what: str, by_staff: bool
) -> None:
    course = book(flow, plan)
    pause_course(course=course, act=Act(NOW, User.objects.get(username="desk"), by_client=True))
    if what == "add-on":
        AddOn.objects.update(is_active=False)
    else:
        ServiceOption.objects.filter(pk=plan.option_id).update(is_active=False)
    client = flow.client if by_staff else signed_in()
    resume = reverse("admin:courses_course_resume", args=[course.pk])
    page = client.post(resume if by_staff else address(course.visits[0], "resume"), follow=True)
    if what == "add-on":
        answers = {"cleared_from": str(SURGERY + timedelta(days=24)), "hour": "10:00"}
        answers |= {"preference": "any", "same": "preferred"}
        page = client.post(COURSE, {"press": "plan", **answers}, follow=True)
    words = "Offer it again in the admin" if by_staff else "We can’t plan this course by ourselves here."
    assert words in html.unescape(page.content.decode())


def test_only_what_is_left_of_a_course_has_to_be_offered(flow: Flow, plan: CoursePlan, world: World) -> None:
    course = book(flow, plan)
    pause_course(course=course, act=Act(NOW, User.objects.get(username="desk"), by_client=True))
    Course.objects.update(rest=Course.objects.get().rest[-1:])
    AddOn.objects.update(is_active=False)
    flow.client.post(reverse("admin:courses_course_resume", args=[course.pk]))
    go_on(flow.client, world, SURGERY + timedelta(days=24))
    assert minutes_of(course.visits.occupying()) == [60]


def test_course_moves_with_it(flow: Flow, plan: CoursePlan) -> None:
    course = book(flow, plan)
    before = days_of(course)
    flow.client.post(page_of(course), look(flow.client, course, 7))
    assert days_of(course) == [day + 7 for day in before]
    assert minutes_of(course.visits) == MINUTES
    assert [visit.total_cents for visit in course.visits] == CENTS


def test_price_that_nobody_was_shown_books_nothing(flow: Flow, plan: CoursePlan) -> None:
    take(flow, plan)
    page = to_the_end(flow).content.decode()
    AddOn.objects.update(price_cents=2_600)
    answer = flow.client.post(CHECK, {**hidden(page), "agree": "on"})
    assert answer.status_code == 409
    assert "$752" in answer.content.decode()
    assert not Booking.objects.exists()
