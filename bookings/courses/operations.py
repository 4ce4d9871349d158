"""What changes courses: booked, moved, paused and planned anew, each with one press."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from types import MappingProxyType
from typing import NamedTuple

from django.db import transaction

from bookings.domain import listeners, operations, outbox
from bookings.domain.operations import Act, LookedUp, Sender, Submission
from bookings.domain.operations.transaction import record, translated_errors
from bookings.enums import BookingStatus, EventKind, MessageKind
from bookings.exceptions import AnotherClient, ChangedMeanwhile
from bookings.models import Booking, BookingRules, Message
from bookings.models.booking import make_address_key
from massagerx.lib.encryption import UnreadableValue
from massagerx.lib.localtime import local

from .labels import address_words
from .models import Course
from .planner import Same
from .planning import Chosen


def visit_key(press: uuid.UUID, number: int) -> uuid.UUID:
    """The submission key of a visit of a press."""
    return uuid.uuid5(press, f"visit {number}")


class Elsewhere(NamedTuple):
    """Where the visits from the `first` to the `last` of a course are, by number from 1, if not at the client's usual
    address: at a recovery house, say. The way to the usual door says nothing about this one; `access_type` and `access`
    are what an earlier visit there tells of it."""

    first: int
    last: int
    zip_code: str
    street: str
    unit: str
    access_type: str = Booking.AccessType.GROUND
    access: Mapping[str, str] = MappingProxyType({})

    @property
    def address_key(self) -> str:
        return make_address_key(self.street, self.unit, self.zip_code)

    @property
    def in_words(self) -> str:
        return address_words(self.street, self.unit, self.zip_code)

    def at_door(self, like: Submission) -> Submission:
        """The same there."""
        return replace(
            like,
            zip_code=self.zip_code,
            street=self.street,
            unit=self.unit,
            access_type=self.access_type,
            access=dict(self.access),
        )


def place_of(number: int, elsewhere: Iterable[Elsewhere]) -> Elsewhere | None:
    """Where the visit of that number is, if not at the usual address."""
    return next((place for place in elsewhere if place.first <= number <= place.last), None)


class Priced(NamedTuple):
    """A visit at the time that was chosen for it, with its total and the keys of its add-ons."""

    chosen: Chosen
    total_cents: int
    add_on_ids: tuple[int, ...] = ()


def submissions_of(
    like: Submission, visits: Sequence[Priced], elsewhere: Collection[Elsewhere] = ()
) -> list[Submission]:
    """What is sent for each visit of a course: like the one submission, whose key is the course's, as each was priced;
    some of them `elsewhere`."""
    return [
        replace(
            place.at_door(like) if (place := place_of(number, elsewhere)) is not None else like,
            key=visit_key(like.key, number),
            starts_at=chosen.starts_at,
            therapist=chosen.therapist,
            total_cents=total_cents,
            add_on_ids=add_on_ids,
        )
        for number, (chosen, total_cents, add_on_ids) in enumerate(visits, start=1)
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


def pause_course(
    *,
    course: Course,
    act: Act,
    shown: Mapping[str, operations.Shown] | None = None,
    asks_waiver: bool = False,
) -> list[Booking]:
    """Takes all visits to come out of the calendar, all or none, and keeps their days, to plan them anew; one email
    tells. By the client as they were `shown`, with what each late one costs; by staff, at the client's word,
    without late fees.

    Raises as `operations.cancel_together_by_client`, and `UnreadableValue` when the course's days can't be opened.
    """
    with translated_errors(), transaction.atomic():
        fresh = _locked(course)
        if act.actor is None:
            canceled = operations.cancel_together_by_client(
                together=course.key,
                shown=shown or {},
                asks_waiver=asks_waiver,
                reason=act.reason,
                now=act.at,
                kind=EventKind.PAUSED,
            )
        else:
            # Told at once, and not to be taken back one by one: the course has kept their days.
            at_once = replace(act, leaves_at=act.at)
            canceled = operations.cancel_together(together=course.key, act=at_once, kind=EventKind.PAUSED)
        zero = date.fromisoformat(fresh.dates["day_zero"])
        # Also beside what an earlier pause has left: staff may have taken back that a visit was canceled.
        fresh.rest = sorted(
            [*fresh.rest, *((local(visit.starts_at).date() - zero).days for visit in canceled)]
        )
        fresh.paused_at = act.at
        fresh.save(update_fields=["rest", "paused_at"])
    return canceled


def resume_course(
    *,
    course: Course,
    rest: Sequence[int],
    days: int,
    submissions: Sequence[Submission],
    looked_up: LookedUp,
    sender: Sender,
    now: datetime,
) -> Course:
    """Books what a paused course has left, all or none, so many `days` later than it was planned; one email tells of
    all that is to come. `rest` is what was shown to be left; the others as in `book_course`, but the
    submissions are of a press with a key of its own.

    The same press again changes nothing. Raises as `operations.request_together`, `ChangedMeanwhile` when something
    else is left by now, and `AnotherClient`: whoever has one visit of a course sees and changes all of them.
    """
    with translated_errors(), transaction.atomic():
        fresh = _locked(course)
        is_done = Booking.objects.filter(submission_key=submissions[0].key).exists()
        if not is_done and fresh.rest != list(rest):
            raise ChangedMeanwhile
        client = fresh.visits.values_list("client", flat=True).first()
        booked = operations.request_together(
            submissions=submissions,
            together=course.key,
            looked_up=looked_up,
            sender=sender,
            now=now,
        )
        if booked[0].client_id != client:
            raise AnotherClient
        if not is_done:
            fresh.rest, fresh.paused_at = [], None
            # A rest that comes sooner than it was planned brings neither the surgery nor the surgeon's day forward.
            fresh.dates = fresh.dates_moved(max(days, 0), by_staff=False)
            fresh.save(update_fields=["rest", "paused_at", "dates"])
    return fresh


def end_course(*, course: Course, act: Act) -> Booking | None:
    """Gives up what a paused course has left to plan, and tells the client; the last visit that fell away, in whose
    history it stands. None when nothing is left."""
    with translated_errors(), transaction.atomic():
        fresh = _locked(course)
        if not fresh.rest:
            return None
        fresh.rest, fresh.paused_at = [], None
        fresh.save(update_fields=["rest", "paused_at"])
        fell_away = fresh.visits.filter(status=BookingStatus.CANCELED, events__kind=EventKind.PAUSED)
        last = fell_away.order_by("-starts_at", "-pk").select_related("client")[0]
        record(last, EventKind.CANCELED, last.status, act)
        # Of one visit that was paused alone the pause was told at this very revision: what is still to leave tells of
        # the end instead.
        outbox.write_once_more(booking=last, kind=MessageKind.TOGETHER, now=act.at, leaves_at=act.at)
        told = Message.objects.filter(booking=last, kind=MessageKind.TOGETHER, revision=last.revision)
        told.update(created_at=act.at)
    return last


def _locked(course: Course) -> Course:
    """The course as it is now: its row is locked before therapists and visits are."""
    return Course.objects.select_for_update(of=("self",)).get(pk=course.pk)


def wants_same(booking: Booking) -> bool:
    """Whether a visit belongs to a course whose client wants the same therapist always."""
    if booking.together is None:
        return False
    return Course.objects.filter(key=booking.together, wishes__same=Same.ALWAYS.value).exists()


def days_of(booking: Booking) -> tuple[date, date] | None:
    """The first and the last local day to which a client may move a visit of a course; if its days can't be opened,
    none before its own. None for a visit of no course."""
    if booking.together is None:
        return None
    day = local(booking.starts_at).date()
    try:
        courses = Course.objects.filter(key=booking.together).select_related("plan")
        course = courses.prefetch_related("plan__phases").first()
        return (course.first_day, course.last_day_of(day)) if course is not None else None
    except UnreadableValue:
        return day, date.max


def move_course(
    *, course: Course, moves: Sequence[operations.Move], days: int, rules: BookingRules, act: Act
) -> list[Booking]:
    """Moves visits that lie ahead, all or none, and the days that the course is counted from; one email tells. By
    staff, at the client's word; by the client while that is free for each. Where all visits keep their
    times, so do the days.

    Raises as `operations.move_together` or `operations.move_together_by_client`, and `UnreadableValue` when the days
    can't be opened.
    """
    with translated_errors(), transaction.atomic():
        fresh = _locked(course)
        if act.actor is None:
            moved = operations.move_together_by_client(moves=moves, rules=rules, now=act.at)
        else:
            moved = operations.move_together(moves=moves, rules=rules, act=act)
        if not moved:
            return moved
        fresh.dates = fresh.dates_moved(days, by_staff=act.actor is not None)
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
