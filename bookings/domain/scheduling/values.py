"""Rows as the engine's values: places, treatments, rules, and therapists with all that is taken."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from uuid import UUID

from django.conf import settings

from bookings import availability
from bookings.domain.calendar_rows import HoursRow, TakenBy, hours_between, taken_between
from bookings.domain.visit_request import VisitRequest
from bookings.models import BookingRules, ServiceArea, Therapist
from bookings.models.booking import make_address_key
from massagerx.lib.localtime import day_bounds, local
from services.models import Service

_MINUTE = timedelta(minutes=1)
_KINDS = {
    TakenBy.VISIT.value: availability.OccupiedKind.VISIT,
    TakenBy.HOLD.value: availability.OccupiedKind.HOLD,
}


def place_of(area: ServiceArea, *, address_key: str | None = None) -> availability.Place:
    """A ZIP code's place; with the address's key once the address is known."""
    latitude, longitude = area.point or (None, None)
    return availability.Place(
        zip_code=area.zip_code,
        zone=str(area.zone_id),
        latitude=latitude,
        longitude=longitude,
        address_key=address_key,
    )


def whole_minutes(span: timedelta) -> int:
    """Whole minutes of a span."""
    return span // _MINUTE


def local_day(starts_at: datetime) -> date:
    """The day in Los Angeles."""
    return local(starts_at).date()


def setup_and_packdown_minutes(*, service: Service, rules: BookingRules, access_type: str) -> tuple[int, int]:
    """Minutes of set-up and of pack-down for a service, with what the way to the door adds to each."""
    way = rules.access_minutes(access_type)
    return service.setup_minutes + way, service.packdown_minutes + way


def job_at(visit_request: VisitRequest, rules: BookingRules) -> availability.Job:
    """What is asked for, with the minutes that it takes at the door."""
    setup, packdown = setup_and_packdown_minutes(
        service=visit_request.treatment.service, rules=rules, access_type=visit_request.access_type
    )
    return availability.Job(
        place=place_of(visit_request.area, address_key=visit_request.address_key),
        treatment_minutes=visit_request.minutes,
        setup_minutes=setup,
        packdown_minutes=packdown,
        people=visit_request.treatment.people,
        never=visit_request.pairings.never,
        preferred=visit_request.pairings.preferred,
    )


def engine_rules_of(rules: BookingRules, closures: frozenset[date]) -> availability.SchedulingRules:
    """The owner's rules as the engine's."""
    return availability.SchedulingRules(
        zone=settings.TIME_ZONE,
        minimum_notice=timedelta(minutes=rules.minimum_notice_minutes),
        horizon_days=rules.horizon_days,
        granularity_minutes=rules.granularity_minutes,
        closures=closures,
    )


def therapist_values(
    therapists: Iterable[Therapist],
    *,
    first_day: date,
    last_day: date,
    now: datetime,
    excluding: Sequence[int] = (),
    draft: UUID | None = None,
) -> tuple[tuple[availability.Therapist, ...], frozenset[date]]:
    """The engine's values of these therapists, with all that is taken in the weeks of these days, and the closures
    of the days; two queries. The times of the visits `excluding` (keys) count as free, and so does what the visitor
    with `draft` holds."""
    candidates = list(therapists)
    keys = [row.pk for row in candidates]
    # Whole weeks, Monday to Sunday: the fair choice among therapists counts a week's visits.
    week_start = first_day - timedelta(days=first_day.weekday())
    week_end = last_day + timedelta(days=6 - last_day.weekday())
    weeks = day_bounds(week_start)[0], day_bounds(week_end)[1]
    occupied: dict[int, list[availability.Occupied]] = defaultdict(list)
    off: dict[int, list[availability.Interval]] = defaultdict(list)
    for row in taken_between(weeks, therapists=keys, now=now, excluding=excluding, draft=draft):
        taken_by, whose, start, end, treatment = row[:5]
        span = availability.Interval(start, end)
        if kind := _KINDS.get(taken_by):
            place = _place(row[5:])
            occupied[whose].append(availability.Occupied(span, place, treatment // _MINUTE, kind))
        else:
            off[whose].append(span)
    weekly: dict[int, list[availability.WeeklyHours]] = defaultdict(list)
    extra: dict[int, list[availability.ExtraHours]] = defaultdict(list)
    closures: set[date] = set()
    zones: dict[tuple[int, bool], set[str]] = defaultdict(set)
    hours: dict[tuple[int, bool], HoursRow] = {}
    for span_row in hours_between(first_day, last_day, therapists=keys):
        if span_row.therapist_id is None:
            if span_row.valid_from is not None:
                closures.add(span_row.valid_from)
            continue
        key = span_row.key, span_row.weekday is None
        hours[key] = span_row
        if span_row.zone_id is not None:
            zones[key].add(str(span_row.zone_id))
    for key, (_, _, therapist_id, weekday, starts_at, ends_at, valid_from, valid_until) in hours.items():
        only_in = frozenset(zones[key]) if key in zones else None
        if therapist_id is not None and weekday is not None:
            weekly[therapist_id].append(
                availability.WeeklyHours(weekday, starts_at, ends_at, valid_from, valid_until, only_in)
            )
        elif therapist_id is not None and valid_from is not None:
            extra[therapist_id].append(availability.ExtraHours(valid_from, starts_at, ends_at, only_in))
    values = tuple(
        availability.Therapist(
            id=row.pk,
            home=place_of(row.home_zip),
            weekly_hours=tuple(weekly[row.pk]),
            extra_hours=tuple(extra[row.pk]),
            time_off=tuple(off[row.pk]),
            existing=tuple(occupied[row.pk]),
            max_visits_per_day=row.max_visits_per_day,
            max_work_minutes_per_day=row.max_work_minutes_per_day,
            reach_minutes=row.reach_minutes,
            break_minutes=row.break_minutes,
            break_after_minutes=row.break_after_minutes,
            bookable_until=row.bookable_until,
        )
        for row in candidates
    )
    return values, frozenset(closures)


@lru_cache(maxsize=4096)
def _place(
    row: tuple[str, str, str, int | None, float | None, float | None],
) -> availability.Place:
    """A place by its figures, and by street and unit where it is somebody's door. Kept, because the same visits are
    looked at again and again while times are shown."""
    street, unit, zip_code, zone_id, latitude, longitude = row
    has_centroid = latitude is not None and longitude is not None
    return availability.Place(
        zip_code=zip_code,
        zone=str(zone_id),
        latitude=latitude if has_centroid else None,
        longitude=longitude if has_centroid else None,
        address_key=make_address_key(street, unit, zip_code) if street else None,
    )
