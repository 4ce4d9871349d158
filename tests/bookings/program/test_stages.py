"""A program that changes at the visits of a course."""

from __future__ import annotations

import uuid
from collections import Counter
from datetime import date, timedelta

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db.models import F
from django.test import Client
from django.urls import reverse

from bookings.courses.models import Course, CoursePlan
from bookings.courses.operations import end_course, pause_course
from bookings.domain import operations as visits
from bookings.domain.operations import Act
from bookings.enums import MessageKind
from bookings.exceptions import ChangedMeanwhile
from bookings.models import Booking, Link, Message
from bookings.program import operations, presses
from bookings.program.figures import overview
from bookings.program.models import ExerciseDay, Program, ProgramExercise, ProgramTemplate
from bookings.program.papers import content_of
from bookings.program.stages import stages_of
from bookings.program.week import is_asked_on
from services.models import Business
from tests.bookings.courses.conftest import make_plan
from tests.bookings.views.visits.browsers import text
from tests.factories import NOW, World, at

from .conftest import TODAY, confirmed, exercise_of, make, page_of

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
#: Visit 2 brings week 3, visit 3 week 5.
BY_VISITS = ((0, 13, 1, 1), (14, 27, 1, 1), (28, 55, 2, 7))


@pytest.fixture
def course(world: World, staff: User) -> Course:
    """Four visits, on Mondays from 7 December on."""
    plan = make_plan(world, *BY_VISITS, name="Posture, eight weeks", counted_from="first_visit")
    course = Course.objects.create(
        plan=plan, dates={"day_zero": "2026-12-07", "cleared_from": None}, booked_at=NOW
    )
    for week in range(4):
        visit = confirmed(world, staff, starts_at=at(14, day=date(2026, 12, 7) + timedelta(days=7 * week)))
        Booking.objects.filter(pk=visit.pk).update(together=course.key)
    return course


def visit_of(course: Course, number: int) -> Booking:
    return list(course.visits.select_related("client", "service"))[number - 1]


def takes_place(course: Course, number: int, day: date, staff: User) -> None:
    """Is said to have taken place, on a local day, to which it and those after it were moved before."""
    rest = list(course.visits)[number - 1 :]
    later = at(14, day=day) - rest[0].starts_at
    times = ("starts_at", "ends_at", "blocked_from", "blocked_until")
    for visit in rest if later < timedelta(0) else reversed(rest):
        Booking.objects.filter(pk=visit.pk).update(**{name: F(name) + later for name in times})
    visits.complete_booking(booking=visit_of(course, number), actor=staff, now=at(18, day=day))


@pytest.fixture
def tied(course: Course, template: ProgramTemplate, staff: User) -> Program:
    """Made at the first visit, on the day before the visit."""
    return make(visit_of(course, 1), template, staff, started_on=TODAY)


def fresh(program: Program) -> Program:
    return Program.objects.select_related("booking", "link").get(pk=program.pk)


def test_the_first_visit_of_each_later_phase_brings_its_week(world: World) -> None:
    plan = make_plan(world, (0, 13, 4, 2), (14, 27, 2, 4), (28, 55, 4, 4), counted_from="first_visit")
    assert stages_of(plan, 8) == [(5, 3), (7, 5)]
    assert stages_of(plan, 4) == [(5, 3)]
    # Phases of less than a week bring none of their own.
    dense = make_plan(
        world, (0, 3, 2, 1), (4, 6, 1, 1), (7, 20, 2, 7), name="Dense", counted_from="first_visit"
    )
    assert stages_of(dense, 8) == [(4, 2)]
    assert stages_of(make_plan(world, name="After surgery"), 8) == []
    assert CoursePlan.objects.count() == 3


def test_the_next_exercises_wait_for_the_visit(
    client: Client, course: Course, tied: Program, staff: User
) -> None:
    assert (tied.course_key, tied.waits_for) == (course.key, 3)
    takes_place(course, 1, date(2026, 12, 7), staff)
    late = TODAY + 20 * DAY
    tied = fresh(tied)
    assert (tied.waits_for, tied.week_of(late), tied.is_over_on(TODAY + 90 * DAY)) == (3, 2, False)
    bridge = exercise_of(tied)
    with time_machine.travel(NOW + 20 * DAY, tick=False):
        page = text(client.get(page_of(tied)))
        assert "Week 2 of 8 · The next exercises come with your visit" not in page
        assert "The next exercises come with your next visit." in page
        assert "Calf stretch" not in page
        pressed = presses.Pressed(ExerciseDay.Outcome.DONE, NOW + 20 * DAY, uuid.uuid4())
        assert presses.press(exercise=bridge, pressed=pressed, now=NOW + 20 * DAY).week == 2
        assert "1 of 1" in text(client.get(page_of(tied)))

    # Three weeks after the first day, a week later than the plan has it.
    takes_place(course, 2, TODAY + 21 * DAY, staff)
    tied = fresh(tied)
    assert (tied.week_of(TODAY + 21 * DAY), tied.waits_for) == (3, 5)
    assert tied.started_on == TODAY + 7 * DAY
    assert ExerciseDay.objects.get().week == 2
    with time_machine.travel(NOW + 21 * DAY, tick=False):
        page = text(client.get(page_of(tied)))
    assert "Calf stretch" in page
    assert "come with your next visit" not in page
    link = fresh(tied).link
    assert link is not None
    assert link.expires_at is not None
    assert link.expires_at >= NOW + 7 * DAY + timedelta(days=8 * 7 - 1 + 60)


def said_in_booklet(program: Program) -> tuple[list[str], list[int], str, str]:
    """Names of exercises, boxes week by week, the span and the words at the beginning."""
    rows = list(ProgramExercise.objects.filter(program=program).order_by("from_week", "pk"))
    found = content_of(program, rows, Business.load())
    boxes = [sum(sum(row["asked"]) for row in week["rows"]) for week in found["weeks"]]
    return [row["name"] for row in found["exercises"]], boxes, found["span"], " ".join(found["first"])


def test_the_booklet_has_only_weeks_whose_days_are_known(tied: Program, staff: User) -> None:
    names, boxes, span, words = said_in_booklet(tied)
    assert (names, boxes, span) == (["Bridge"], [7, 7], "From Wednesday, December 2")
    assert "The next exercises come with your next visit." in words
    operations.pause(program=tied, act=Act(NOW + DAY, staff))
    _names, boxes, _span, words = said_in_booklet(fresh(tied))
    assert boxes == [7]
    assert "Your program is paused." in words
    Program.objects.update(waits_for=None, paused_on=None)
    names, boxes, span, words = said_in_booklet(fresh(tied))
    assert (names, boxes) == (["Bridge", "Calf stretch"], [7, 7, *6 * [10]])
    assert span == "Wednesday, December 2 to Tuesday, January 26"
    assert "next visit" not in words


def test_a_visit_that_comes_early_brings_its_week_early(course: Course, tied: Program, staff: User) -> None:
    takes_place(course, 1, date(2026, 12, 7), staff)
    takes_place(course, 2, TODAY + 12 * DAY, staff)
    assert fresh(tied).week_of(TODAY + 12 * DAY) == 3
    takes_place(course, 3, TODAY + 30 * DAY, staff)
    tied = fresh(tied)
    assert (tied.week_of(TODAY + 30 * DAY), tied.waits_for) == (5, None)
    # By the calendar from then on.
    assert tied.week_of(TODAY + 37 * DAY) == 6


def test_a_course_that_is_canceled_holds_nothing_up(course: Course, tied: Program, staff: User) -> None:
    takes_place(course, 1, date(2026, 12, 7), staff)
    visits.cancel_together(together=course.key, act=Act(NOW + 6 * DAY, staff))
    tied = fresh(tied)
    assert (tied.waits_for, tied.started_on) == (None, TODAY)
    assert tied.week_of(TODAY + 15 * DAY) == 3


def test_what_was_held_up_goes_on_where_it_stood(course: Course, tied: Program, staff: User) -> None:
    takes_place(course, 1, date(2026, 12, 7), staff)
    for number in (2, 3, 4):
        visits.mark_no_show(booking=visit_of(course, number), actor=staff, now=at(18, day=TODAY + 30 * DAY))
    tied = fresh(tied)
    assert (tied.waits_for, tied.week_of(TODAY + 30 * DAY)) == (None, 3)


def test_a_course_that_rests_brings_nothing_by_the_calendar(
    course: Course, tied: Program, staff: User
) -> None:
    takes_place(course, 1, date(2026, 12, 7), staff)
    pause_course(course=course, act=Act(NOW + 6 * DAY, staff))
    tied = fresh(tied)
    assert (tied.waits_for, tied.week_of(TODAY + 30 * DAY)) == (3, 2)
    # What is given up is waited for no more.
    end_course(course=course, act=Act(NOW + 30 * DAY, staff))
    tied = fresh(tied)
    assert (tied.waits_for, tied.week_of(TODAY + 30 * DAY)) == (None, 3)


def test_a_visit_that_is_to_come_after_all_is_waited_for_again(
    course: Course, tied: Program, staff: User
) -> None:
    takes_place(course, 1, date(2026, 12, 7), staff)
    later = at(18, day=date(2026, 12, 28))
    for number in (2, 3, 4):
        visits.mark_no_show(booking=visit_of(course, number), actor=staff, now=later)
    assert fresh(tied).waits_for is None
    visits.reopen_booking(booking=visit_of(course, 4), actor=staff, now=later)
    assert fresh(tied).waits_for == 5


def test_a_visit_that_was_missed_keeps_its_place(course: Course, tied: Program, staff: User) -> None:
    takes_place(course, 1, date(2026, 12, 7), staff)
    visits.mark_no_show(booking=visit_of(course, 2), actor=staff, now=at(18, day=date(2026, 12, 18)))
    # It was the only one that would have brought week 3.
    tied = fresh(tied)
    assert (tied.waits_for, tied.week_of(date(2026, 12, 18))) == (5, 3)
    # The first of its phase brings its week.
    takes_place(course, 3, date(2027, 1, 11), staff)
    tied = fresh(tied)
    assert (tied.waits_for, tied.week_of(date(2027, 1, 11))) == (None, 5)


def test_a_visit_brings_its_week_on_its_own_day(course: Course, tied: Program, staff: User) -> None:
    takes_place(course, 1, date(2026, 12, 7), staff)
    # On 14 December, and closed three days later.
    visits.complete_booking(booking=visit_of(course, 2), actor=staff, now=at(9, day=date(2026, 12, 17)))
    tied = fresh(tied)
    assert [tied.week_of(date(2026, 12, day)) for day in (14, 20, 21)] == [3, 3, 4]


def test_a_link_lasts_while_its_program_waits_and_is_replaced(
    course: Course, tied: Program, staff: User
) -> None:
    takes_place(course, 1, date(2026, 12, 7), staff)
    link = fresh(tied).link
    assert link is not None
    assert Link.objects.live(NOW + 300 * DAY).filter(pk=link.pk).exists()
    Link.objects.filter(pk=link.pk).update(expires_at=NOW + 10 * DAY)
    takes_place(course, 2, TODAY + 80 * DAY, staff)
    replaced = fresh(tied).link
    assert replaced is not None
    assert replaced.pk != link.pk
    assert Link.objects.live(NOW + 81 * DAY).filter(pk=replaced.pk).exists()
    assert Message.objects.filter(link=replaced, kind=MessageKind.PROGRAM).count() == 1


def test_a_paused_program_goes_on_in_the_week_of_the_visit(
    course: Course, tied: Program, staff: User
) -> None:
    takes_place(course, 1, date(2026, 12, 7), staff)
    operations.pause(program=tied, act=Act(NOW + 8 * DAY, staff))
    takes_place(course, 2, TODAY + 14 * DAY, staff)
    operations.resume(program=tied, act=Act(NOW + 20 * DAY, staff))
    assert fresh(tied).week_of(TODAY + 20 * DAY) == 3


def test_a_program_follows_a_course_that_was_booked_later(
    desk: Client, program: Program, course: Course, staff: User
) -> None:
    assert (program.course_key, program.waits_for) == (None, None)
    page = reverse("admin:program_program_change", args=[program.pk])
    assert "Change it at the visits of “Posture, eight weeks”" in text(desk.get(page))
    press = reverse("admin:program_program_do", args=[program.pk, "follow"])
    said = text(desk.post(press, follow=True))
    assert "The program changes at the visits of “Posture, eight weeks” now." in said
    assert "Visit 2: week 3 (comes next)" in said
    assert "Change it at" not in said
    assert fresh(program).waits_for == 3
    assert "no other course of this client’s" in text(desk.post(press, follow=True))
    # From the course one gets to a program, too.
    told = desk.get(reverse("admin:courses_course_change", args=[course.pk])).content.decode()
    assert reverse("admin:program_program_make", args=[visit_of(course, 1).pk]) in told


def test_what_was_asked_for_until_the_visit_may_be_sent_after_it(
    course: Course, tied: Program, staff: User
) -> None:
    ProgramExercise.objects.filter(program=tied, name="Bridge").update(to_week=2)
    bridge, day = exercise_of(tied), date(2026, 12, 14)
    takes_place(course, 1, date(2026, 12, 7), staff)
    takes_place(course, 2, day, staff)
    pressed = presses.Pressed(ExerciseDay.Outcome.DONE, at(9, day=day), uuid.uuid4(), pain=9)
    assert presses.press(exercise=bridge, pressed=pressed, now=at(19, day=day)).week == 2
    assert fresh(tied).hurts_since is not None
    # Once it is over, nothing is.
    over = pressed.at + 60 * DAY
    Program.objects.update(waits_for=None)
    late = presses.Pressed(ExerciseDay.Outcome.DONE, over, uuid.uuid4())
    with pytest.raises(presses.NotRunning):
        presses.press(exercise=bridge, pressed=late, now=over)


def test_a_course_for_somebody_else_of_the_same_mailbox_is_not_followed(
    desk: Client, program: Program, course: Course, staff: User
) -> None:
    course.visits.update(recipient_name="Rose")
    page = reverse("admin:program_program_change", args=[program.pk])
    assert "Change it at" not in text(desk.get(page))
    with pytest.raises(ChangedMeanwhile):
        operations.follow_course(program=program, course=course, act=Act(NOW, staff))


def test_a_program_that_waits_stays_in_its_week_with_another_course(
    desk: Client, world: World, course: Course, tied: Program, staff: User
) -> None:
    takes_place(course, 1, date(2026, 12, 7), staff)
    plan = make_plan(world, (0, 55, 2, 7), name="Two visits", counted_from="first_visit")
    dates = {"day_zero": "2027-01-11", "cleared_from": None}
    other = Course.objects.create(plan=plan, dates=dates, booked_at=NOW + DAY)
    Booking.objects.filter(pk=visit_of(course, 4).pk).update(together=other.key)
    page = reverse("admin:program_program_change", args=[tied.pk])
    # Its visits bring no week.
    assert "Change it at" not in text(desk.get(page))
    operations.follow_course(program=tied, course=other, act=Act(NOW + 40 * DAY, staff))
    tied = fresh(tied)
    assert [tied.week_of(TODAY + number * DAY) for number in (40, 46, 47)] == [2, 2, 3]


def test_weeks_that_have_come_wait_for_nothing(
    course: Course, visit: Booking, template: ProgramTemplate, staff: User
) -> None:
    program = make(visit, template, staff)
    operations.follow_course(program=program, course=course, act=Act(NOW + 15 * DAY, staff))
    program = fresh(program)
    assert (program.week_of(TODAY + 15 * DAY), program.waits_for) == (3, 5)


def test_what_was_asked_is_counted_as_it_was_asked(course: Course, tied: Program, staff: User) -> None:
    happens = {
        5: lambda: takes_place(course, 1, date(2026, 12, 7), staff),
        # Early; and late, after a pause.
        9: lambda: takes_place(course, 2, TODAY + 9 * DAY, staff),
        20: lambda: operations.pause(program=tied, act=Act(NOW + 20 * DAY, staff)),
        26: lambda: operations.resume(program=tied, act=Act(NOW + 26 * DAY, staff)),
        36: lambda: takes_place(course, 3, TODAY + 36 * DAY, staff),
        38: lambda: operations.pause(program=tied, act=Act(NOW + 38 * DAY, staff)),
        44: lambda: operations.resume(program=tied, act=Act(NOW + 44 * DAY, staff)),
    }
    asked: Counter[str] = Counter()
    for number in range(60):
        happens.get(number, lambda: None)()
        program, day = fresh(tied), TODAY + number * DAY
        if program.paused_on is None:
            for row in ProgramExercise.objects.order_by("pk"):
                asked[row.name] += is_asked_on(row, program, day)
    found = overview(today=TODAY + 60 * DAY)
    assert {row.name: row.asked for row in found.exercises} == dict(asked)
    assert (found.sports[0].asked, asked["Bridge"]) == (asked.total(), 48)
