"""A therapist's day as staff see it: hours, time off, holds, and each drive with the latest moment to leave."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bookings import availability
from bookings.drives.table import read_drives
from bookings.models import Booking, BookingRules, Therapist
from massagerx.lib.localtime import day_bounds, zone

from .drives import corrections_between
from .upcoming import refusals_among
from .values import engine_rules_of, local_day, place_of, therapist_values


@dataclass(frozen=True, slots=True)
class Drive:
    """A therapist's drive from one visit to the next; None for a visit means home. `leaves_at` is the latest moment
    to leave, None when nobody knows how long the drive takes. It `fits` when the visit before is over by then.

    `minutes` are what is planned with, at the owner's care; one drive in five takes no longer than `quick_minutes`."""

    from_booking: int | None
    to_booking: int | None
    minutes: int | None
    quick_minutes: int | None
    leaves_at: datetime | None
    arrives_at: datetime | None
    fits: bool


@dataclass(frozen=True, slots=True)
class Day:
    """A therapist's local day: hours, and drives in order; `refused` says by a visit's key why it can't be kept. All
    instants are aware."""

    hours: tuple[tuple[datetime, datetime], ...]
    off: tuple[tuple[datetime, datetime], ...]
    holds: tuple[tuple[datetime, datetime], ...]
    drives: tuple[Drive, ...]
    refused: dict[int, availability.RefusalReason]


def plan_days(
    *,
    therapists: Sequence[Therapist],
    bookings: Sequence[Booking],
    first_day: date,
    last_day: date,
    now: datetime,
    rules: BookingRules | None = None,
) -> dict[tuple[int, date], Day]:
    """What staff see of each therapist's local days, by therapist and day; four queries, and three where each of
    `bookings` says that it has no corrected drive (`has_override`). They are all that take time then, with their areas.
    With `rules`, of which only the minutes to the door are looked at, also which of
    them can't be kept: that needs their services beside them."""
    values, closures = therapist_values(therapists, first_day=first_day, last_day=last_day, now=now)
    engine_rules = engine_rules_of(BookingRules().for_staff(), closures)
    of_corrected = {row.therapist_id for row in bookings if getattr(row, "has_override", True)}
    corrections = (
        corrections_between(of_corrected, first_day=first_day, last_day=last_day) if of_corrected else {}
    )
    places = {booking.pk: place_of(booking.area, address_key=booking.address_key) for booking in bookings}
    of_day: dict[tuple[int, date], list[Booking]] = defaultdict(list)
    for booking in sorted(bookings, key=lambda booking: booking.blocked_from):
        of_day[booking.therapist_id, local_day(booking.starts_at)].append(booking)
    table = read_drives()
    plain = availability.Drives(table, zone())
    refused: dict[int, availability.RefusalReason] = {}
    if rules is not None:
        refused = refusals_among(
            [booking for booking in bookings if booking.starts_at > now],
            beside=bookings,
            values=values,
            closures=closures,
            corrections=corrections,
            rules=rules,
            drive_time=table,
            now=now,
        )
    days: dict[tuple[int, date], Day] = {}
    for value in values:
        holds = [taken for taken in value.existing if taken.kind == availability.OccupiedKind.HOLD]
        for number in range((last_day - first_day).days + 1):
            day = first_day + timedelta(days=number)
            start, end = day_bounds(day)
            visits = of_day[value.id, day]
            corrected = corrections.get((value.id, day), {})
            drives = (
                availability.Drives(availability.WithOverrides(table, corrected), zone())
                if corrected
                else plain
            )
            quick = availability.WithOverrides(table.quick, corrected)
            days[value.id, day] = Day(
                hours=tuple(
                    (span.start, span.end)
                    for span in availability.working_intervals(value, day, day, engine_rules)
                ),
                off=tuple((o.start, o.end) for o in value.time_off if o.start < end and start < o.end),
                holds=tuple(
                    (h.blocked.start, h.blocked.end)
                    for h in holds
                    if h.blocked.start < end and start < h.blocked.end
                ),
                drives=tuple(_drives_of(value.home, visits, places, drives, quick)),
                refused={visit.pk: refused[visit.pk] for visit in visits if visit.pk in refused},
            )
    return days


def _drives_of(
    home: availability.Place,
    visits: Sequence[Booking],
    places: dict[int, availability.Place],
    drives: availability.Drives,
    quick: availability.DriveTime,
) -> Iterator[Drive]:
    if not visits:
        return
    spots = {booking.pk: drives.place_id(places[booking.pk]) for booking in visits}
    at_home = drives.place_id(home)
    for before, after in zip([None, *visits], visits, strict=False):
        origin, start = (spots[before.pk], places[before.pk]) if before is not None else (at_home, home)
        minutes, leave = drives.latest_departure(drives.leg(origin, spots[after.pk]), after.blocked_from)
        fits = leave is not None and (before is None or before.blocked_until <= leave)
        from_key = before.pk if before is not None else None
        least = (
            availability.whole_minutes(quick(start, places[after.pk], leave)) if leave is not None else None
        )
        yield Drive(from_key, after.pk, minutes, least, leave, after.blocked_from, fits)
    last = visits[-1]
    leaves_at = last.blocked_until
    minutes = drives.minutes(drives.leg(spots[last.pk], at_home), leaves_at)
    arrives_at = leaves_at + timedelta(minutes=minutes) if minutes is not None else None
    least = availability.whole_minutes(quick(places[last.pk], home, leaves_at))
    yield Drive(last.pk, None, minutes, least, leaves_at, arrives_at, fits=minutes is not None)
