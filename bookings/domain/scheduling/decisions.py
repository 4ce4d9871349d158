"""Whether one start can be kept, asked for a decision: a time chosen, a request answered, another door."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from bookings import availability
from bookings.domain.visit_request import Treatment
from bookings.drives.table import read_drives
from bookings.exceptions import SlotNotOffered
from bookings.models import Booking, BookingRules, ServiceArea, Therapist

from .drives import corrections_between
from .values import (
    UNLIMITED_DAYS,
    engine_rules_of,
    job_at,
    local_day,
    place_of,
    setup_and_packdown_minutes,
    therapist_values,
    whole_minutes,
)

# A time that one therapist can keep.
Slot = availability.Slot


def choose_slot(
    *,
    treatment: Treatment,
    area: ServiceArea,
    therapists: Iterable[Therapist],
    starts_at: datetime,
    rules: BookingRules,
    now: datetime,
    address_key: str | None = None,
    draft: UUID | None = None,
    access_type: str = Booking.AccessType.GROUND,
    excluding_booking: Booking | None = None,
    for_staff: bool = False,
) -> availability.Slot:
    """The slot at this start of the therapist whose day grows least in driving.

    Called again under the lock, with the rows as they are then; `excluding_booking` is a visit that is being moved.
    Staff answer for notice, horizon and the grid of starts themselves. Raises `SlotNotOffered` with the reason that
    comes closest to a yes.
    """
    if not for_staff:
        require_within_reach_of_now(starts_at=starts_at, rules=rules, now=now)
    day = local_day(starts_at)
    values, closures = therapist_values(
        therapists, first_day=day, last_day=day, now=now, draft=draft, excluding_booking=excluding_booking
    )
    job = job_at(treatment, area, rules, access_type=access_type, address_key=address_key)
    engine_rules = engine_rules_of(rules, closures, for_staff=for_staff)
    drive_time = read_drives()
    slots: list[availability.Slot] = []
    refused: set[availability.RefusalReason] = set()
    for therapist in values:
        outcome = availability.check_slot(
            therapist=therapist,
            job=job,
            starts_at=starts_at,
            rules=engine_rules,
            drive_time=drive_time,
            now=now,
        )
        if isinstance(outcome, availability.Refusal):
            refused.add(outcome.reason)
        else:
            slots.append(outcome)
    if not slots:
        reasons = [reason for reason in availability.RefusalReason if reason in refused]
        raise SlotNotOffered(reasons[0] if reasons else availability.RefusalReason.NO_THERAPIST)
    (chosen,) = availability.for_anyone(slots, therapists=values, rules=engine_rules)
    return chosen


def require_within_reach_of_now(*, starts_at: datetime, rules: BookingRules, now: datetime) -> None:
    """Raises `SlotNotOffered` for an instant that is past or later than any horizon: year 1 and year 9999 have no
    local day, so this is asked first, in UTC."""
    if starts_at < now:
        raise SlotNotOffered(availability.RefusalReason.NOTICE)
    if starts_at > now + timedelta(days=rules.horizon_days + 2):
        raise SlotNotOffered(availability.RefusalReason.HORIZON)


def require_on_calendar(*, starts_at: datetime, now: datetime) -> None:
    """Raises `SlotNotOffered` for an instant that is past, or so far off that no rule of any year reaches it."""
    if starts_at <= now:
        raise SlotNotOffered(availability.RefusalReason.NOTICE)
    if starts_at > now + timedelta(days=UNLIMITED_DAYS - 2):
        raise SlotNotOffered(availability.RefusalReason.HORIZON)


def require_still_possible(*, booking: Booking, rules: BookingRules, now: datetime) -> None:
    """Raises `SlotNotOffered` unless the therapist can still keep this booking, all others being as they are.

    For staff's answer to a request: minimum notice and horizon were the client's to keep when asking, so only a start
    in the past is refused.
    """
    job = availability.Job(
        place=place_of(booking.area, address_key=booking.address_key),
        treatment_minutes=booking.treatment_minutes,
        setup_minutes=whole_minutes(booking.starts_at - booking.blocked_from),
        packdown_minutes=whole_minutes(booking.blocked_until - booking.ends_at),
        people=booking.people,
    )
    _slot_in_place(booking, job, rules, now)


def slot_at_address(
    *,
    booking: Booking,
    area: ServiceArea,
    address_key: str,
    access_type: str,
    rules: BookingRules,
    now: datetime,
) -> availability.Slot:
    """The booking's own start and therapist, at another door or with another way to it. Raises `SlotNotOffered`;
    notice and horizon are not asked, as the visit stands already."""
    setup, packdown = setup_and_packdown_minutes(
        service=booking.service, rules=rules, access_type=access_type
    )
    job = availability.Job(
        place=place_of(area, address_key=address_key),
        treatment_minutes=booking.treatment_minutes,
        setup_minutes=setup,
        packdown_minutes=packdown,
        people=booking.people,
    )
    return _slot_in_place(booking, job, rules, now)


def _slot_in_place(
    booking: Booking, job: availability.Job, rules: BookingRules, now: datetime
) -> availability.Slot:
    day = local_day(booking.starts_at)
    (value,), closures = therapist_values(
        [booking.therapist], first_day=day, last_day=day, now=now, excluding_booking=booking
    )
    corrections = corrections_between([booking.therapist_id], first_day=day, last_day=day)
    outcome = availability.check_slot(
        therapist=value,
        job=job,
        starts_at=booking.starts_at,
        rules=engine_rules_of(rules, closures, for_staff=True),
        drive_time=availability.WithOverrides(
            read_drives(), corrections.get((booking.therapist_id, day), {})
        ),
        now=now,
    )
    if isinstance(outcome, availability.Refusal):
        raise SlotNotOffered(outcome.reason)
    return outcome
