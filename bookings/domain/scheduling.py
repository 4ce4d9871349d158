"""Rows to values to slots: the one door to the availability engine. Reads, and decides nothing by itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from uuid import UUID

from django.conf import settings

from bookings import availability
from bookings.exceptions import SlotNotOffered
from bookings.models import Booking, BookingPolicy, DriveTime, ServedZip, Therapist
from bookings.models.booking import door_key
from massagerx.lib.localtime import day_bounds, local

from .calendar_rows import TakenBy, TakenRow, hours_between, taken_between
from .selection import Selection, Session

# Ten years: for staff the horizon is no limit.
_UNLIMITED_DAYS = 3650


@dataclass(frozen=True, slots=True)
class Start:
    """A start that at least one therapist can keep. `is_good_fit` tells nothing of where anyone else lives."""

    starts_at: datetime
    is_good_fit: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """Starts by local day, ascending. A day without starts is not in it."""

    by_day: dict[date, tuple[Start, ...]]

    @classmethod
    def nothing(cls) -> Offer:
        return cls({})


def last_day(*, policy: BookingPolicy, now: datetime) -> date:
    """The last local day that can be booked."""
    return local(now).date() + timedelta(days=policy.horizon_days)


def find_times(
    *,
    selection: Selection,
    month: date,
    policy: BookingPolicy,
    now: datetime,
    draft: UUID | None = None,
) -> Offer:
    """The starts of a month (`month` is its first day). The number of queries depends on nothing."""
    following = (month.replace(day=1) + timedelta(days=32)).replace(day=1)
    return find_times_between(
        selection=selection,
        first_day=month,
        last_day=following - timedelta(days=1),
        policy=policy,
        now=now,
        draft=draft,
    )


def find_times_between(
    *,
    selection: Selection,
    first_day: date,
    last_day: date,
    policy: BookingPolicy,
    now: datetime,
    draft: UUID | None = None,
) -> Offer:
    """The starts from one local day to another, both included. Times that others hold count as taken; those that
    the visitor with `draft` holds don't."""
    today = local(now).date()
    first_day = max(first_day, today)
    last_day = min(last_day, today + timedelta(days=policy.horizon_days))
    if first_day > last_day:
        return Offer.nothing()
    values, closures = _therapists(
        selection.therapists, first_day=first_day, last_day=last_day, now=now, draft=draft
    )
    slots = availability.offer_slots(
        therapists=values,
        job=_job(selection.session, selection.area),
        first_day=first_day,
        last_day=last_day,
        policy=_rules(policy, closures),
        drive_time=_drive_time(),
        now=now,
    )
    by_day: dict[date, list[availability.Slot]] = defaultdict(list)
    for slot in slots:
        by_day[local(slot.starts_at).date()].append(slot)
    return Offer({day: _starts(of_day) for day, of_day in by_day.items()})


def _starts(slots: Sequence[availability.Slot]) -> tuple[Start, ...]:
    good = availability.good_fit_starts(slots)
    return tuple(Start(starts_at, starts_at in good) for starts_at in sorted({s.starts_at for s in slots}))


def next_open_day(*, selection: Selection, after: date, policy: BookingPolicy, now: datetime) -> date | None:
    """The first local day later than `after` that has a time, or None within the horizon."""
    offer = find_times_between(
        selection=selection,
        first_day=after + timedelta(days=1),
        last_day=last_day(policy=policy, now=now),
        policy=policy,
        now=now,
    )
    return min(offer.by_day, default=None)


def choose_slot(
    *,
    session: Session,
    area: ServedZip,
    therapists: Iterable[Therapist],
    starts_at: datetime,
    policy: BookingPolicy,
    now: datetime,
    address_key: str | None = None,
    draft: UUID | None = None,
) -> availability.Slot:
    """The slot at this start of the therapist whose day grows least in driving.

    Called again under the lock, with the rows as they are then. Raises `SlotNotOffered` with the reason that comes
    closest to a yes.
    """
    require_within_reach_of_now(starts_at=starts_at, policy=policy, now=now)
    day = _local_day(starts_at)
    values, closures = _therapists(therapists, first_day=day, last_day=day, now=now, draft=draft)
    job = _job(session, area, address_key=address_key)
    rules = _rules(policy, closures)
    drive_time = _drive_time()
    slots: list[availability.Slot] = []
    refused: set[availability.RefusalReason] = set()
    for therapist in values:
        outcome = availability.check_slot(
            therapist=therapist,
            job=job,
            starts_at=starts_at,
            policy=rules,
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
    (chosen,) = availability.for_anyone(slots, therapists=values, policy=rules)
    return chosen


def require_within_reach_of_now(*, starts_at: datetime, policy: BookingPolicy, now: datetime) -> None:
    """Raises `SlotNotOffered` for an instant that is past or later than any horizon: year 1 and year 9999 have no
    local day, so this is asked first, in UTC."""
    if starts_at <= now:
        raise SlotNotOffered(availability.RefusalReason.NOTICE)
    if starts_at > now + timedelta(days=policy.horizon_days + 2):
        raise SlotNotOffered(availability.RefusalReason.HORIZON)


def require_still_possible(*, booking: Booking, policy: BookingPolicy, now: datetime) -> None:
    """Raises `SlotNotOffered` unless the therapist can still keep this booking, all others being as they are.

    For staff's answer to a request: minimum notice and horizon were the client's to keep when asking, so only a start
    in the past is refused.
    """
    day = _local_day(booking.starts_at)
    (value,), closures = _therapists(
        [booking.therapist], first_day=day, last_day=day, now=now, without=booking
    )
    rules = _rules(policy, closures, for_staff=True)
    job = availability.Job(
        place=place_of(booking.area, address_key=booking.address_key),
        session_minutes=booking.session_minutes,
        setup_minutes=_minutes(booking.starts_at - booking.blocked_from),
        packdown_minutes=_minutes(booking.blocked_until - booking.ends_at),
        people=booking.people,
    )
    outcome = availability.check_slot(
        therapist=value,
        job=job,
        starts_at=booking.starts_at,
        policy=rules,
        drive_time=_drive_time(),
        now=now,
    )
    if isinstance(outcome, availability.Refusal):
        raise SlotNotOffered(outcome.reason)


def place_of(area: ServedZip, *, address_key: str | None = None) -> availability.Place:
    """A ZIP code's place; with the address's key once the address is known."""
    has_centroid = area.latitude is not None and area.longitude is not None
    return availability.Place(
        zip_code=area.zip_code,
        zone=str(area.zone_id),
        latitude=area.latitude if has_centroid else None,
        longitude=area.longitude if has_centroid else None,
        address_key=address_key,
    )


def _minutes(span: timedelta) -> int:
    return int(span.total_seconds() // 60)


def _local_day(starts_at: datetime) -> date:
    return local(starts_at).date()


def _job(session: Session, area: ServedZip, *, address_key: str | None = None) -> availability.Job:
    return availability.Job(
        place=place_of(area, address_key=address_key),
        session_minutes=session.minutes,
        setup_minutes=session.service.setup_minutes,
        packdown_minutes=session.service.packdown_minutes,
        people=session.people,
    )


def _rules(
    policy: BookingPolicy, closures: frozenset[date], *, for_staff: bool = False
) -> availability.Policy:
    return availability.Policy(
        zone=settings.TIME_ZONE,
        minimum_notice=timedelta(0) if for_staff else timedelta(minutes=policy.minimum_notice_minutes),
        horizon_days=_UNLIMITED_DAYS if for_staff else policy.horizon_days,
        # Staff may have changed the grid since the client chose; a booked start stays one.
        granularity_minutes=1 if for_staff else policy.granularity_minutes,
        closures=closures,
    )


def _drive_time() -> availability.DriveTable:
    """The owner's table, and the offline estimate where it is silent; one query."""
    rows = DriveTime.objects.order_by("pk").values_list(
        "origin_id", "destination_id", "minutes", "starts_at", "ends_at"
    )
    return _drive_table(tuple(rows), settings.TIME_ZONE)


@lru_cache(maxsize=8)
def _drive_table(rows: tuple[tuple[int, int, int, time, time], ...], zone: str) -> availability.DriveTable:
    """The same rows make the same table, and making it costs as much as a day's times."""
    return availability.DriveTable(
        [
            availability.DriveRow(
                origin_zone=str(origin),
                destination_zone=str(destination),
                minutes=max(1, minutes),
                start=start,
                end=end,
            )
            for origin, destination, minutes, start, end in rows
        ],
        zone,
        behind=availability.OfflineEstimate(zone),
    )


def _therapists(
    therapists: Iterable[Therapist],
    *,
    first_day: date,
    last_day: date,
    now: datetime,
    without: Booking | None = None,
    draft: UUID | None = None,
) -> tuple[tuple[availability.Therapist, ...], frozenset[date]]:
    """The engine's values of these therapists, with all that is taken in the weeks of these days, and the closures
    of the days; two queries."""
    rows = list(therapists)
    keys = [row.pk for row in rows]
    # Whole weeks, Monday to Sunday: the fair choice among therapists counts a week's visits.
    week_start = first_day - timedelta(days=first_day.weekday())
    week_end = last_day + timedelta(days=6 - last_day.weekday())
    start, _ = day_bounds(week_start)
    _, end = day_bounds(week_end)
    occupied: dict[int, list[availability.Occupied]] = defaultdict(list)
    off: dict[int, list[availability.Interval]] = defaultdict(list)
    for taken in taken_between(start, end, therapists=keys, now=now, without=without, draft=draft):
        span = availability.Interval(taken.blocked_from, taken.blocked_until)
        if taken.by == TakenBy.TIME_OFF:
            off[taken.therapist_id].append(span)
        else:
            occupied[taken.therapist_id].append(_occupied(taken, span))
    weekly: dict[int, list[availability.WeeklyHours]] = defaultdict(list)
    extra: dict[int, list[availability.ExtraHours]] = defaultdict(list)
    closures: set[date] = set()
    for therapist_id, weekday, starts_at, ends_at, valid_from, valid_until in hours_between(
        first_day, last_day, therapists=keys
    ):
        if weekday is not None and therapist_id is not None:
            weekly[therapist_id].append(
                availability.WeeklyHours(weekday, starts_at, ends_at, valid_from, valid_until)
            )
            continue
        assert valid_from is not None
        if therapist_id is None:
            closures.add(valid_from)
        else:
            extra[therapist_id].append(availability.ExtraHours(valid_from, starts_at, ends_at))
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
        )
        for row in rows
    )
    return values, frozenset(closures)


def _occupied(taken: TakenRow, blocked: availability.Interval) -> availability.Occupied:
    is_visit = taken.by == TakenBy.VISIT
    has_centroid = taken.latitude is not None and taken.longitude is not None
    return availability.Occupied(
        blocked=blocked,
        place=availability.Place(
            zip_code=taken.zip_code,
            zone=str(taken.zone_id),
            latitude=taken.latitude if has_centroid else None,
            longitude=taken.longitude if has_centroid else None,
            address_key=door_key(taken.street, taken.unit, taken.zip_code) if is_visit else None,
        ),
        session_minutes=_minutes(taken.ends_at - taken.starts_at),
        kind=availability.OccupiedKind.VISIT if is_visit else availability.OccupiedKind.HOLD,
    )
