"""Which visits to come could not be kept under the rules as they are now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from bookings import availability
from bookings.drives.rows import drives_as_known
from bookings.drives.table import read_drives
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

Corrections = Mapping[tuple[int, date], dict[tuple[availability.Place, availability.Place], int]]


def check_upcoming(
    *,
    therapist_ids: Collection[int] | None,
    now: datetime,
    days: tuple[date, date] | None = None,
    as_saved: bool = False,
    rules: BookingRules | None = None,
) -> list[tuple[Booking, availability.RefusalReason | None]]:
    """Each visit to come of these therapists (None: of all), by start, and why its time can't be kept, or None; only
    those of the local `days`, from one to another, both included, where these are given.

    Under today's rules, all other visits being as they are; holds don't count. A visit is given the minutes at the door
    that it would be given today, if those are more. Drives are those of the stored rows, by which times are claimed, or
    `as_saved` what the rows will say once they are made of what the tables hold now. The number of queries does not
    depend on how many visits there are.
    """
    first = max(local(now).date(), days[0]) if days is not None else local(now).date()
    taken = Booking.objects.occupying().filter(blocked_until__gt=day_bounds(first)[0])
    if days is not None:
        taken = taken.filter(blocked_from__lt=day_bounds(days[1])[1])
    if therapist_ids is not None:
        taken = taken.filter(therapist__in=therapist_ids)
    bookings = list(
        taken.with_qualified()
        .select_related("client", "area", "service", "option", "therapist__home_zip")
        .order_by("starts_at", "pk")
    )
    upcoming = [
        booking
        for booking in bookings
        if booking.starts_at > now and (days is None or days[0] <= local_day(booking.starts_at) <= days[1])
    ]
    if not upcoming:
        return []
    first_day, last_day = local_day(upcoming[0].starts_at), local_day(upcoming[-1].starts_at)
    rules = rules or BookingRules.load()
    rows = {booking.therapist_id: booking.therapist for booking in upcoming}
    found, closures = therapist_values(rows.values(), first_day=first_day, last_day=last_day, now=now)
    refused = refusals_among(
        upcoming,
        beside=bookings,
        values=found,
        closures=closures,
        corrections=corrections_between(rows, first_day=first_day, last_day=last_day),
        rules=rules,
        drive_time=drives_as_known() if as_saved else read_drives(),
        now=now,
    )
    return [(booking, refused.get(booking.pk)) for booking in upcoming]


def refusals_among(
    upcoming: Iterable[Booking],
    *,
    beside: Iterable[Booking],
    values: Iterable[availability.Therapist],
    closures: frozenset[date],
    corrections: Corrections,
    rules: BookingRules,
    drive_time: availability.DriveTime,
    now: datetime,
) -> dict[int, availability.RefusalReason]:
    """Why each of these visits to come can't be kept `beside` all that take time on their days, by key; those that can
    are left out. Visits tell by `is_kept_apart` whether their client is kept from the therapist. `values` are those of
    their therapists, whose own visits and holds don't count. No query."""
    by_therapist = {value.id: value for value in values}
    engine_rules = engine_rules_of(rules.for_staff(), closures)
    by_day: dict[tuple[int, date], list[tuple[Booking, availability.Job]]] = defaultdict(list)
    jobs = {}
    for booking in beside:
        jobs[booking.pk] = job = _job_of_visit(booking, rules)
        for day in {local_day(booking.blocked_from), local_day(booking.blocked_until)}:
            by_day[booking.therapist_id, day].append((booking, job))
    refused = {}
    for booking in upcoming:
        key = booking.therapist_id, local_day(booking.starts_at)
        existing = tuple(_as_occupied(other, job) for other, job in by_day[key] if other.pk != booking.pk)
        outcome = availability.check_slot(
            therapist=replace(by_therapist[booking.therapist_id], existing=existing),
            job=jobs[booking.pk],
            starts_at=booking.starts_at,
            conditions=availability.Conditions(
                engine_rules, availability.WithOverrides(drive_time, corrections.get(key, {})), now
            ),
        )
        if isinstance(outcome, availability.Refusal):
            refused[booking.pk] = outcome.reason
    return refused


def _job_of_visit(booking: Any, rules: BookingRules) -> availability.Job:
    setup, packdown = setup_and_packdown_minutes(
        service=booking.service, rules=rules, access_type=booking.access_type
    )
    return availability.Job(
        place=place_of(booking.area, address_key=booking.address_key),
        treatment_minutes=booking.treatment_minutes,
        setup_minutes=max(setup, whole_minutes(booking.starts_at - booking.blocked_from)),
        packdown_minutes=max(packdown, whole_minutes(booking.blocked_until - booking.ends_at)),
        people=booking.people,
        never=frozenset({booking.therapist_id} if booking.is_kept_apart else ()),
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
