"""What changes courses: booked with one press, confirmed with one press."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from bookings.domain import listeners, operations
from bookings.domain.operations import LookedUp, Submission
from bookings.domain.operations.transaction import translated_errors
from bookings.models import Booking

from .models import Course, CoursePlan
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
    plan: CoursePlan,
    like: Submission,
    visits: Sequence[tuple[Chosen, int]],
    dates: Mapping[str, str | None],
    wishes: Mapping[str, Any],
    looked_up: LookedUp,
    now: datetime,
    actor: User | None = None,
    draft: uuid.UUID | None = None,
    source: str = "",
) -> Course:
    """Books all visits of a course and the course itself, or nothing; one email tells of all. `like` is the first
    visit's submission with the course's key, `visits` each time with the total in cents that was shown; the others as
    in `operations.request_booking`.

    The same press again returns the same course. Raises as `operations.request_together`.
    """
    with translated_errors(), transaction.atomic():
        operations.request_together(
            submissions=submissions_of(like, visits),
            together=like.key,
            looked_up=looked_up,
            draft=draft,
            actor=actor,
            source=source,
            now=now,
        )
        course, _is_new = Course.objects.get_or_create(
            key=like.key,
            defaults={
                "plan": plan,
                "dates": dict(dates),
                "wishes": dict(wishes),
                "booked_at": now,
                "booked_by": actor,
            },
        )
    return course


def move_course(
    *,
    course: Course,
    moves: Sequence[operations.Move],
    days: int,
    actor: User,
    now: datetime,
    by_client: bool,
) -> list[Booking]:
    """Moves the visits that lie ahead, all or none, and the days that the course is counted from; one email tells.
    Where all visits keep their times, so do the days. Raises as `operations.move_together`, and `UnreadableValue` when
    the days can't be opened."""
    with transaction.atomic():
        moved = operations.move_together(moves=moves, actor=actor, now=now, by_client=by_client)
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
