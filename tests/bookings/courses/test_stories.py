"""Courses in the stories of visitors, staff and the clock: booked, moved, paused, gone on with and canceled in any
order, across changes of the clock, beside visits and holds of others, while therapists fall out."""

from __future__ import annotations

import uuid
from collections import Counter
from datetime import date, time, timedelta

import pytest
from django.contrib.auth.models import User
from django.db.models import Count, F, Q
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule, run_state_machine_as_test

from bookings import exceptions
from bookings.courses.models import Course, CoursePlan
from bookings.courses.moving import MovedCourse
from bookings.courses.operations import (
    Priced,
    book_course,
    end_course,
    move_course,
    pause_course,
    resume_course,
    submissions_of,
)
from bookings.courses.planner import Target, moved_targets, targets
from bookings.courses.planning import Asked, Chosen, plan_course, rules_of_desk, wishes_of
from bookings.domain import intake, operations, pricing, reminders
from bookings.domain.operations import Act, LookedUp, Sender, Submission
from bookings.domain.visit_request import VisitRequest, load_treatment
from bookings.enums import MessageKind
from bookings.models import (
    Booking,
    BookingRules,
    Message,
    ScreeningVersion,
    TermsVersion,
    Therapist,
    WorkingHours,
)
from massagerx.lib.localtime import local
from tests.bookings.availability.strategies import clock_changes
from tests.bookings.domain.test_stateful import LONG_AGO, PICKS, Story, clear_answers
from tests.factories import World, make_therapist
from tests.support.integrity import FULL, size, write_down

from .conftest import PHASES, make_plan

pytestmark = [pytest.mark.django_db, pytest.mark.integrity]

EXAMPLES = size(6, 200)
STEPS = size(20, 50)


class CourseStory(Story):
    plan: CoursePlan
    actor: User

    @property
    def act(self) -> Act:
        """What staff do at the client's word, now."""
        return Act(self.now, self.actor, by_client=True)

    @property
    def sender(self) -> Sender:
        return Sender(actor=self.actor)

    # What is done with courses ---------------------------------------------------------------------------

    @initialize(
        day=st.sampled_from(clock_changes(2026, 2030)),
        days_before=st.integers(0, 20),
        hour=st.integers(0, 23),
        seed=PICKS,
    )
    def begin(self, day: date, days_before: int, hour: int, seed: int) -> None:
        """A change of the clock lies within the first course."""
        Story.begin(self, day, days_before, hour, seed)
        self.desk_books_a_course(seed % 5, "preferred")

    @rule(days=st.integers(0, 4), same=st.sampled_from(["always", "preferred", "anyone"]))
    def desk_books_a_course(self, days: int, same: str) -> None:
        zero = local(self.now).date() + timedelta(days=days)
        wanted = targets(self.plan.as_phases(), day_zero=zero, not_before=local(self.now).date())
        press = self.planned(wanted, same)
        if press is None:
            self.counts["no place for a course"] += 1
            return
        like, visits, found = press
        dates = {"day_zero": str(zero), "cleared_from": None}
        course = book_course(
            course=Course(key=like.key, plan=self.plan, dates=dates, wishes={"same": same}),
            submissions=submissions_of(like, visits),
            looked_up=found,
            sender=self.sender,
            now=self.now,
        )
        assert course.visits.count() == len(wanted)
        self.counts["courses"] += 1

    @precondition(lambda self: self.courses())
    @rule(pick=PICKS, days=st.sampled_from([-3, -1, 1, 2, 5, 9]))
    def course_moves(self, pick: int, days: int) -> None:
        course = self.course(pick)
        ahead = list(operations.ahead_together(course.key, now=self.now).with_details())
        if not ahead:
            return
        moved = MovedCourse(course, ahead, days, rules_of_desk(BookingRules.load()), self.now, by_staff=True)
        try:
            visits = moved.plan()
        except exceptions.NoLongerOffered:
            return
        if not all(visit.time for visit in visits):
            self.counts["no place to move to"] += 1
            return
        rows = moved.rows(visits)
        moves = [
            operations.Move(visit, visit.revision, place.time.starts_at, place.therapist, row["cents"])
            for visit, place, row in zip(ahead, visits, rows, strict=True)
            if place.time is not None
        ]
        before = {visit.pk for visit in course.visits.occupying()}
        move_course(course=course, moves=moves, days=days, rules=moved.rules, act=self.act)
        assert {visit.pk for visit in course.visits.occupying()} == before
        for visit, move in zip(ahead, moves, strict=True):
            assert Booking.objects.get(pk=visit.pk).starts_at == move.starts_at
        self.counts["moved courses"] += 1

    @precondition(lambda self: self.courses())
    @rule(pick=PICKS, until=st.sampled_from([None, 1, 4, 12]))
    def course_pauses(self, pick: int, until: int | None) -> None:
        """And goes on so many days from now, or stays paused."""
        course = self.course(pick)
        self.falls_away(course, rest=False)
        course.refresh_from_db()
        if course.rest and until is not None:
            self.goes_on(course, until)

    @precondition(lambda self: len(self.courses()) > 1)
    @rule(pick=PICKS)
    def rest_is_canceled(self, pick: int) -> None:
        self.falls_away(self.course(pick), rest=True)

    def falls_away(self, course: Course, *, rest: bool) -> None:
        ahead = operations.ahead_together(course.key, now=self.now).count()
        try:
            if rest:
                gone = operations.cancel_together(together=course.key, act=self.act)
            else:
                gone = pause_course(course=course, act=self.act)
        except exceptions.InvalidTransition:
            assert not ahead
            return
        assert len(gone) == ahead
        self.counts["canceled rests" if rest else "paused courses"] += 1

    @precondition(lambda self: any(course.rest for course in self.courses()))
    @rule(pick=PICKS, days=st.integers(1, 20), ends=st.sampled_from([False, False, False, True]))
    def course_goes_on_or_ends(self, pick: int, days: int, ends: bool) -> None:
        paused = [course for course in self.courses() if course.rest]
        course = paused[pick % len(paused)]
        if ends:
            assert end_course(course=course, act=self.act)
            assert end_course(course=course, act=self.act) is None
        else:
            self.goes_on(course, days)

    def goes_on(self, course: Course, days: int) -> None:
        zero, first = (
            date.fromisoformat(course.dates["day_zero"]),
            local(self.now).date() + timedelta(days=days),
        )
        by = (first - zero).days - course.rest[0]
        planned_for = [zero + timedelta(days=day) for day in course.rest]
        wanted = moved_targets(planned_for, self.plan.as_phases(), day_zero=zero, by=by, not_before=first)
        press = self.planned(wanted, "preferred", course.visits.select_related("client")[0].client.email)
        if press is None:
            self.counts["no place to go on"] += 1
            return
        like, visits, found = press
        before = course.visits.count()
        resume_course(
            course=course,
            rest=course.rest,
            days=by,
            submissions=submissions_of(like, visits),
            looked_up=found,
            sender=self.sender,
            now=self.now,
        )
        assert course.visits.count() == before + len(wanted)
        self.counts["courses gone on with"] += 1

    def planned(
        self, wanted: tuple[Target, ...], same: str, client: str = ""
    ) -> tuple[Submission, list[Priced], LookedUp] | None:
        """What the desk's press sends for these visits; None where one of them has no place."""
        rules = BookingRules.load()
        treatment = load_treatment(service_slug=self.world.service.slug, option_id=self.plan.option_id)
        request = VisitRequest(treatment=treatment, area=self.world.area, preference="any")
        try:
            request = request.read(local(self.now).date())
        except exceptions.NoLongerOffered:
            return None
        asked = Asked(targets=wanted, wishes=wishes_of(weekdays=[], minute=None, same=same))
        planned = plan_course(asked, [request] * len(wanted), rules=rules_of_desk(rules), now=self.now)
        visits = [
            Priced(
                Chosen(visit.time.starts_at, visit.therapist),
                pricing.quote(
                    treatment=treatment, area=self.world.area, rules=rules, starts_at=visit.time.starts_at
                ).total_cents,
            )
            for visit in planned
            if visit.time is not None
        ]
        if len(visits) < len(wanted):
            return None
        self.number += 1
        email = client or f"client{self.number}@example.com"
        number = int(email.removeprefix("client").partition("@")[0])
        like = self.world.submission(
            key=uuid.uuid4(), option_id=self.plan.option_id, starts_at=visits[0][0].starts_at,
            therapist=visits[0][0].therapist, email=email,
            phone=f"+1213555{number:04}",
            street=f"{self.number} Course Street", answers=clear_answers(1),
        )  # fmt: skip
        found = LookedUp(
            rules=rules_of_desk(rules), treatment=treatment, area=self.world.area, agreed=self.world.agreed,
            screening=intake.current_screening(now=self.now),
        )  # fmt: skip
        return like, visits, found

    def courses(self) -> list[Course]:
        return list(Course.objects.order_by("pk").select_related("plan"))

    def course(self, pick: int) -> Course:
        found = self.courses()
        return found[pick % len(found)]

    # What must never be false ----------------------------------------------------------------------------

    @invariant()
    def every_booking_has_its_history_and_messages(self) -> None:
        """Of what came alone as in the other stories; of a course one message tells of all."""
        told = Count("messages", filter=~Q(messages__kind__in=reminders.KINDS))
        alone = Booking.objects.filter(together=None)
        assert not alone.annotate(rows=told).exclude(rows=F("revision") + 2).exists()
        for booking in Booking.objects.prefetch_related("events").order_by("pk"):
            assert list(booking.events.all())[-1].to_status == booking.status
        for course in self.courses():
            assert Message.objects.filter(
                kind=MessageKind.TOGETHER, booking__in=course.visits.order_by().values("pk")
            ).exists()

    @invariant()
    def courses_are_in_order(self) -> None:
        """Never two visits on a day; all of one client; a paused one has a rest and nothing ahead."""
        of_courses = {course.key: course for course in self.courses()}
        for key, course in of_courses.items():
            visits = list(course.visits)
            assert visits
            assert len({visit.client_id for visit in visits}) == 1
            days = [local(visit.starts_at).date() for visit in course.visits.occupying()]
            assert len(days) == len(set(days)), days
            if course.rest:
                assert not operations.ahead_together(key, now=self.now).exists()
        assert set(
            Booking.objects.exclude(together=None).order_by().values_list("together", flat=True)
        ) == set(of_courses)


def test_any_order_of_events_keeps_courses_whole(world: World) -> None:
    BookingRules.objects.update(horizon_days=10)
    TermsVersion.objects.update(published_at=LONG_AGO)
    ScreeningVersion.objects.update(published_at=LONG_AGO)
    Therapist.objects.update(certificate_expires_on=None)
    WorkingHours.objects.create(therapist=world.therapist, weekday=6, starts_at=time(0), ends_at=time(6))
    make_therapist(world.service, world.far_area, name="Sample Therapist Two", certificate_expires_on=None)
    make_plan(world, *PHASES)
    CourseStory.world, CourseStory.counts = world, Counter()
    CourseStory.plan = CoursePlan.objects.prefetch_related("phases").get()
    CourseStory.actor = User.objects.create_user("desk")

    run_state_machine_as_test(
        CourseStory,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=not FULL,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )

    write_down("courses in any order of events", **dict(sorted(CourseStory.counts.items())))
    for happened in ("courses", "moved courses", "paused courses", "courses gone on with", "canceled rests"):
        assert CourseStory.counts[happened] > 0, happened
