"""Which visits to come could not be kept under the rules as they are now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import replace
from datetime import date, datetime, timedelta

from bookings import availability
from bookings.drives.rows import drives_as_known
from bookings.models import Booking, BookingRules
from massagerx.lib.localtime import day_bounds, local

from .drives import corrections_between
from .values import (
    engine_rules_of,
    local_day,
    place_of,
    setup_and_packdown_minutes,
    therapist_values,
    whole_minutes,
)


def check_upcoming(
    *, therapist_ids: Collection[int] | None, now: datetime
) -> list[tuple[Booking, availability.RefusalReason | None]]:
    """Each visit to come of these therapists (None: of all), by start, and why its time can't be kept, or None.

    Under today's rules, all other visits being as they are; holds don't count. A visit is given the minutes at the door
    that it would be given today, if those are more. The number of queries does not depend on how many visits there are.
    """
    today, _ = day_bounds(local(now).date())
    taken = Booking.objects.occupying().filter(blocked_until__gt=today)
    if therapist_ids is not None:
        taken = taken.filter(therapist__in=therapist_ids)
    bookings = list(
        taken.select_related("area", "service", "therapist__home_zip").order_by("starts_at", "pk")
    )
    upcoming = [booking for booking in bookings if booking.starts_at > now]
    if not upcoming:
        return []
    first_day, last_day = local_day(upcoming[0].starts_at), local_day(upcoming[-1].starts_at)
    rules = BookingRules.load()
    rows = {booking.therapist_id: booking.therapist for booking in upcoming}
    found, closures = therapist_values(rows.values(), first_day=first_day, last_day=last_day, now=now)
    values = {value.id: value for value in found}
    engine_rules = engine_rules_of(rules.for_staff(), closures)
    corrections = corrections_between(rows, first_day=first_day, last_day=last_day)
    jobs = {booking.pk: _job_of_visit(booking, rules) for booking in bookings}
    by_day: dict[tuple[int, date], list[Booking]] = defaultdict(list)
    for booking in bookings:
        for day in {local_day(booking.blocked_from), local_day(booking.blocked_until)}:
            by_day[booking.therapist_id, day].append(booking)

    # The rows of drives are made after the change is saved; what it will come to is asked now.
    drive_time = drives_as_known()
    checked: list[tuple[Booking, availability.RefusalReason | None]] = []
    for booking in upcoming:
        key = booking.therapist_id, local_day(booking.starts_at)
        existing = tuple(_as_occupied(other, jobs[other.pk]) for other in by_day[key] if other != booking)
        outcome = availability.check_slot(
            therapist=replace(values[booking.therapist_id], existing=existing),
            job=jobs[booking.pk],
            starts_at=booking.starts_at,
            conditions=availability.Conditions(
                engine_rules, availability.WithOverrides(drive_time, corrections.get(key, {})), now
            ),
        )
        checked.append((booking, outcome.reason if isinstance(outcome, availability.Refusal) else None))
    return checked


def _job_of_visit(booking: Booking, rules: BookingRules) -> availability.Job:
    setup, packdown = setup_and_packdown_minutes(
        service=booking.service, rules=rules, access_type=booking.access_type
    )
    return availability.Job(
        place=place_of(booking.area, address_key=booking.address_key),
        treatment_minutes=booking.treatment_minutes,
        setup_minutes=max(setup, whole_minutes(booking.starts_at - booking.blocked_from)),
        packdown_minutes=max(packdown, whole_minutes(booking.blocked_until - booking.ends_at)),
        people=booking.people,
    )


def _as_occupied(booking: Booking, job: availability.Job) -> availability.Occupied:
    """A visit with the minutes at the door of `job`."""
    return availability.Occupied(
        blocked=availability.Interval(
            booking.starts_at - timedelta(minutes=job.setup_minutes),
            booking.ends_at + timedelta(minutes=job.packdown_minutes),
        ),
        place=job.place,
        treatment_minutes=job.treatment_minutes,
    )
