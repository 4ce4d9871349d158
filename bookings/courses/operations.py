"""What changes courses: booked with one press, confirmed with one press."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from django.db import transaction

from bookings.domain import listeners, operations
from bookings.domain.operations import Act, LookedUp, Sender, Submission
from bookings.domain.operations.transaction import translated_errors
from bookings.models import Booking

from .models import Course
from .planning import Chosen


def submissions_of(like: Submission, visits: Sequence[tuple[Chosen, int]]) -> list[Submission]:
    """What is sent for each visit of a course: like the one submission, whose key is the course's, at each time, for
    each total in cents."""
    return [
        replace(
            like,
            key=uuid.uuid5(like.key, f"visit {number}"),
            starts_at=chosen.starts_at,
            therapist=chosen.therapist,
            total_cents=total_cents,
        )
        for number, (chosen, total_cents) in enumerate(visits, start=1)
    ]


def book_course(
    *,
    course: Course,
    submissions: Sequence[Submission],
    looked_up: LookedUp,
    sender: Sender,
    now: datetime,
) -> Course:
    """Books all visits of a course and the `course` itself, which is not saved yet, or nothing; one email tells of all.
    The others as in `operations.request_booking`.

    The same press again returns the same course. Raises as `operations.request_together`.
    """
    with translated_errors(), transaction.atomic():
        operations.request_together(
            submissions=submissions,
            together=course.key,
            looked_up=looked_up,
            sender=sender,
            now=now,
        )
        earlier = Course.objects.filter(key=course.key).first()
        if earlier is not None:
            return earlier
        course.booked_at, course.booked_by = now, sender.actor
        course.save(force_insert=True)
    return course


def move_course(*, course: Course, moves: Sequence[operations.Move], days: int, act: Act) -> list[Booking]:
    """Moves the visits that lie ahead, all or none, and the days that the course is counted from; one email tells.
    Where all visits keep their times, so do the days. Raises as `operations.move_together`, and `UnreadableValue` when
    the days can't be opened."""
    with transaction.atomic():
        moved = operations.move_together(moves=moves, act=act)
        if not moved:
            return moved
        fresh = Course.objects.select_for_update().get(pk=course.pk)
        fresh.dates = {
            name: str(date.fromisoformat(day) + timedelta(days=days)) if day else None
            for name, day in fresh.dates.items()
        }
        fresh.save(update_fields=["dates"])
    return moved


def forget_erased(fact: listeners.ClientErased) -> None:
    """Deletes the courses of a client who is being erased: when the surgery was, and what was wished for."""
    _forget(fact.bookings)


def forget_purged(fact: listeners.HealthPurged) -> None:
    """Deletes the courses of clients whose health answers are kept no longer."""
    _forget(fact.bookings)


def _forget(bookings: Sequence[int]) -> None:
    keys = Booking.objects.filter(pk__in=bookings, together__isnull=False).order_by().values("together")
    # The keys alone: what can't be opened any more must go all the same.
    Course.objects.filter(key__in=keys).only("pk").delete()
