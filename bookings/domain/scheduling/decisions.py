"""Whether one start can be kept, asked for a decision: a time chosen, a request answered, another door."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from bookings import availability
from bookings.domain.pairings import pairings_of
from bookings.domain.visit_request import VisitRequest
from bookings.drives.table import read_drives
from bookings.exceptions import SlotNotOffered
from bookings.models import Booking, BookingRules, Therapist

from .drives import corrections_between
from .values import engine_rules_of, job_at, local_day, place_of, therapist_values, whole_minutes

# A time that one therapist can keep.
Slot = availability.Slot


def day_asked_for(starts_at: datetime, *, rules: BookingRules, now: datetime) -> date:
    """The local day of a start. Raises `SlotNotOffered` for an instant that is past or later than any horizon: year 1
    and year 9999 have no local day, so this is asked first, in UTC."""
    if starts_at < now:
        raise SlotNotOffered(availability.RefusalReason.NOTICE)
    if starts_at > now + timedelta(days=rules.horizon_days + 2):
        raise SlotNotOffered(availability.RefusalReason.HORIZON)
    return local_day(starts_at)


def choose_slot(
    *,
    visit_request: VisitRequest,
    therapists: Iterable[Therapist],
    starts_at: datetime,
    rules: BookingRules,
    now: datetime,
    beside: Sequence[tuple[VisitRequest, Slot]] = (),
) -> Slot:
    """The slot at this start of the therapist, of these, whose day grows least in driving.

    Called again under the lock, with the rows as they are then. `beside` are times that are about to be taken in the
    same transaction. Raises `SlotNotOffered` with the reason that comes closest to a yes.
    """
    slot, refused = try_slot(
        visit_request=visit_request,
        therapists=therapists,
        starts_at=starts_at,
        rules=rules,
        now=now,
        beside=beside,
    )
    if slot is None:
        found = set(refused.values())
        reasons = [reason for reason in availability.RefusalReason if reason in found]
        raise SlotNotOffered(reasons[0] if reasons else availability.RefusalReason.NO_THERAPIST)
    return slot


def try_slot(
    *,
    visit_request: VisitRequest,
    therapists: Iterable[Therapist],
    starts_at: datetime,
    rules: BookingRules,
    now: datetime,
    beside: Sequence[tuple[VisitRequest, Slot]] = (),
) -> tuple[Slot | None, dict[int, availability.RefusalReason]]:
    """The same slot, None where nobody can come; and of each who can't, by the therapist's key, why not. Raises
    `SlotNotOffered` for a start that is past or beyond any horizon."""
    day = day_asked_for(starts_at, rules=rules, now=now)
    found, closures = therapist_values(
        therapists,
        first_day=day,
        last_day=day,
        now=now,
        excluding=visit_request.excluding,
        draft=visit_request.draft,
    )
    values = tuple(_with_taken(value, beside, rules) for value in found) if beside else found
    job = job_at(visit_request, rules)
    conditions = availability.Conditions(engine_rules_of(rules, closures), read_drives(), now)
    slots: list[Slot] = []
    refused: dict[int, availability.RefusalReason] = {}
    for therapist in values:
        outcome = availability.check_slot(
            therapist=therapist, job=job, starts_at=starts_at, conditions=conditions
        )
        if isinstance(outcome, availability.Refusal):
            refused[therapist.id] = outcome.reason
        else:
            slots.append(outcome)
    if not slots:
        return None, refused
    (chosen,) = availability.for_anyone(
        slots, therapists=values, rules=conditions.rules, preferred=job.preferred
    )
    return chosen, refused


def _with_taken(
    therapist: availability.Therapist, beside: Sequence[tuple[VisitRequest, Slot]], rules: BookingRules
) -> availability.Therapist:
    taken = tuple(
        availability.Occupied(
            blocked=availability.Interval(slot.blocked_from, slot.blocked_until),
            place=job_at(visit_request, rules).place,
            treatment_minutes=visit_request.minutes,
        )
        for visit_request, slot in beside
        if slot.therapist_id == therapist.id
    )
    return replace(therapist, existing=therapist.existing + taken)


def slot_in_place(
    booking: Booking, *, rules: BookingRules, now: datetime, visit_request: VisitRequest | None = None
) -> Slot:
    """The booking's own start and therapist, all other visits being as they are, by staff's rules: notice and horizon
    were the client's to keep when asking, so only a start in the past is refused.

    With the block that it has, or at the door of `visit_request`, with the minutes that its way takes. Raises
    `SlotNotOffered`.
    """
    key, day = booking.therapist_id, local_day(booking.starts_at)
    stands_back = why_therapist_stands_back(booking, qualifications([key]))
    if stands_back is not None:
        raise SlotNotOffered(stands_back)
    job = _job_as_it_stands(booking) if visit_request is None else job_at(visit_request, rules)
    (value,), closures = therapist_values(
        [booking.therapist], first_day=day, last_day=day, now=now, excluding=[booking.pk]
    )
    corrections = corrections_between([key], first_day=day, last_day=day)
    outcome = availability.check_slot(
        therapist=value,
        job=job,
        starts_at=booking.starts_at,
        conditions=availability.Conditions(
            engine_rules_of(rules.for_staff(), closures),
            availability.WithOverrides(read_drives(), corrections.get((key, day), {})),
            now,
        ),
    )
    if isinstance(outcome, availability.Refusal):
        raise SlotNotOffered(outcome.reason)
    return outcome


def _job_as_it_stands(booking: Booking) -> availability.Job:
    (known,) = pairings_of([booking.client])
    return availability.Job(
        place=place_of(booking.area, address_key=booking.address_key),
        treatment_minutes=booking.treatment_minutes,
        setup_minutes=whole_minutes(booking.starts_at - booking.blocked_from),
        packdown_minutes=whole_minutes(booking.blocked_until - booking.ends_at),
        people=booking.people,
        never=known.never,
    )


def qualifications(therapist_ids: Iterable[int]) -> set[tuple[int, int]]:
    """(therapist, service) of what these are qualified for; one query."""
    rows = Therapist.services.through.objects.filter(therapist__in=list(therapist_ids))
    return set(rows.order_by().values_list("therapist_id", "service_id"))


def why_therapist_stands_back(booking: Booking, qualified: set[tuple[int, int]]) -> str | None:
    """`inactive` or `qualification` when the visit's therapist does no such visits any more, whatever the day; None
    when the engine has to be asked."""
    if not booking.therapist.is_active:
        return "inactive"
    return None if (booking.therapist_id, booking.service_id) in qualified else "qualification"
