"""Rows to values to slots: the one door to the availability engine. Reads, and decides nothing by itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise, permutations
from math import ceil
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from bookings import availability
from bookings.exceptions import SlotNotOffered
from bookings.integrations import routing
from bookings.models import Booking, BookingPolicy, DriveOverride, DriveTime, ServedZip, Therapist
from bookings.models.booking import door_key
from massagerx.lib.localtime import day_bounds, local
from massagerx.lib.prepared import Prepared
from services.models import Service

from .calendar_rows import TakenBy, TakenRow, hours_between, taken_between
from .selection import Selection, Session

# From one point to another: latitude and longitude in degrees.
Leg = tuple[tuple[float, float], tuple[float, float]]
# Ten years: for staff the horizon is no limit.
_UNLIMITED_DAYS = 3650


# A start that at least one therapist can keep. Its `is_good_fit` tells nothing of where anyone else lives.
Start = availability.OfferedStart
# A time that one therapist can keep.
Slot = availability.Slot


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
    entry: str = Booking.Entry.GROUND,
    without: Booking | None = None,
) -> Offer:
    """The starts of a month (`month` is its first day). The number of queries depends on nothing.

    `entry` is the way to the door, once it is known. `without` is a visit that is to be moved: its own time counts
    as free, and its door is known.
    """
    following = (month.replace(day=1) + timedelta(days=32)).replace(day=1)
    return find_times_between(
        selection=selection,
        first_day=month,
        last_day=following - timedelta(days=1),
        policy=policy,
        now=now,
        draft=draft,
        entry=entry,
        without=without,
    )


def find_times_between(
    *,
    selection: Selection,
    first_day: date,
    last_day: date,
    policy: BookingPolicy,
    now: datetime,
    draft: UUID | None = None,
    entry: str = Booking.Entry.GROUND,
    without: Booking | None = None,
) -> Offer:
    """The starts from one local day to another, both included. Times that others hold count as taken; those that
    the visitor with `draft` holds don't."""
    today = local(now).date()
    first_day = max(first_day, today)
    last_day = min(last_day, today + timedelta(days=policy.horizon_days))
    if first_day > last_day:
        return Offer.nothing()
    values, closures = _therapists(
        selection.therapists, first_day=first_day, last_day=last_day, now=now, draft=draft, without=without
    )
    address_key = without.address_key if without is not None else None
    job = _job(selection.session, selection.area, policy, entry=entry, address_key=address_key)
    by_day = availability.offer_starts(
        therapists=values,
        job=job,
        first_day=first_day,
        last_day=last_day,
        policy=_rules(policy, closures),
        drive_time=_drive_time(values, job.place),
        now=now,
    )
    return Offer(by_day)


@dataclass(frozen=True, slots=True)
class Outlook:
    """All that the engine needs to know about one session at one place on some local days, read once: no method asks
    the database."""

    first_day: date
    last_day: date
    now: datetime
    therapists: tuple[availability.Therapist, ...]
    job: availability.Job
    rules: availability.Policy
    drive_time: availability.DriveTable

    def among(self, therapists: Iterable[Therapist]) -> Outlook:
        """The same for some of the therapists."""
        keys = {therapist.pk for therapist in therapists}
        return replace(self, therapists=tuple(value for value in self.therapists if value.id in keys))

    def open_days(self, first_day: date, last_day: date) -> list[date]:
        """The days from one to another, both included, that have a time; ascending."""
        return availability.open_days(
            therapists=self.therapists,
            job=self.job,
            first_day=max(first_day, self.first_day),
            last_day=min(last_day, self.last_day),
            policy=self.rules,
            drive_time=self.drive_time,
            now=self.now,
        )

    def starts_near(self, wanted: datetime, count: int) -> tuple[Start, ...]:
        """Up to `count` starts of the local day of `wanted`, those nearest to it, ascending."""
        day = _local_day(wanted)
        slots = availability.offer_slots(
            therapists=self.therapists,
            job=self.job,
            first_day=day,
            last_day=day,
            policy=self.rules,
            drive_time=self.drive_time,
            now=self.now,
        )
        good = availability.good_fit_starts(slots)
        near = {slot.starts_at for slot in availability.nearest_slots(slots, wanted, count)}
        return tuple(Start(starts_at, starts_at in good) for starts_at in sorted(near))

    def why_none(self, day: date) -> str | None:
        """Why a local day has no time (one of `availability.RefusalReason`), or None when it has one."""
        return availability.explain_day(
            therapists=self.therapists,
            job=self.job,
            day=day,
            policy=self.rules,
            drive_time=self.drive_time,
            now=self.now,
        )


def read_outlook(
    *,
    session: Session,
    area: ServedZip,
    therapists: Sequence[Therapist],
    policy: BookingPolicy,
    now: datetime,
    draft: UUID | None = None,
    entry: str = Booking.Entry.GROUND,
    without: Booking | None = None,
) -> Outlook:
    """The outlook from today to the last day that can be booked; three queries. `draft`,
    `entry` and `without` as in `find_times_between`."""
    first, last = local(now).date(), last_day(policy=policy, now=now)
    values, closures = _therapists(
        therapists, first_day=first, last_day=last, now=now, draft=draft, without=without
    )
    address_key = without.address_key if without is not None else None
    job = _job(session, area, policy, entry=entry, address_key=address_key)
    return Outlook(
        first_day=first,
        last_day=last,
        now=now,
        therapists=values,
        job=job,
        rules=_rules(policy, closures),
        drive_time=_drive_time(values, job.place),
    )


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
    entry: str = Booking.Entry.GROUND,
    without: Booking | None = None,
    for_staff: bool = False,
) -> availability.Slot:
    """The slot at this start of the therapist whose day grows least in driving.

    Called again under the lock, with the rows as they are then; `without` is a visit that is being moved. Staff
    answer for notice, horizon and the grid of starts themselves. Raises `SlotNotOffered` with the reason that comes
    closest to a yes.
    """
    if not for_staff:
        require_within_reach_of_now(starts_at=starts_at, policy=policy, now=now)
    day = _local_day(starts_at)
    values, closures = _therapists(
        therapists, first_day=day, last_day=day, now=now, draft=draft, without=without
    )
    job = _job(session, area, policy, entry=entry, address_key=address_key)
    rules = _rules(policy, closures, for_staff=for_staff)
    drive_time = _drive_time(values, job.place)
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
    if starts_at < now:
        raise SlotNotOffered(availability.RefusalReason.NOTICE)
    if starts_at > now + timedelta(days=policy.horizon_days + 2):
        raise SlotNotOffered(availability.RefusalReason.HORIZON)


def require_on_calendar(*, starts_at: datetime, now: datetime) -> None:
    """Raises `SlotNotOffered` for an instant that is past, or so far off that no rule of any year reaches it."""
    if starts_at <= now:
        raise SlotNotOffered(availability.RefusalReason.NOTICE)
    if starts_at > now + timedelta(days=_UNLIMITED_DAYS - 2):
        raise SlotNotOffered(availability.RefusalReason.HORIZON)


def require_still_possible(*, booking: Booking, policy: BookingPolicy, now: datetime) -> None:
    """Raises `SlotNotOffered` unless the therapist can still keep this booking, all others being as they are.

    For staff's answer to a request: minimum notice and horizon were the client's to keep when asking, so only a start
    in the past is refused.
    """
    job = availability.Job(
        place=place_of(booking.area, address_key=booking.address_key),
        session_minutes=booking.session_minutes,
        setup_minutes=_minutes(booking.starts_at - booking.blocked_from),
        packdown_minutes=_minutes(booking.blocked_until - booking.ends_at),
        people=booking.people,
    )
    _slot_in_place(booking, job, policy, now)


def slot_at_door(
    *,
    booking: Booking,
    area: ServedZip,
    address_key: str,
    entry: str,
    policy: BookingPolicy,
    now: datetime,
) -> availability.Slot:
    """The booking's own start and therapist, at another door or with another way to it. Raises `SlotNotOffered`;
    notice and horizon are not asked, as the visit stands already."""
    setup, packdown = minutes_at_door(service=booking.service, policy=policy, entry=entry)
    job = availability.Job(
        place=place_of(area, address_key=address_key),
        session_minutes=booking.session_minutes,
        setup_minutes=setup,
        packdown_minutes=packdown,
        people=booking.people,
    )
    return _slot_in_place(booking, job, policy, now)


def _slot_in_place(
    booking: Booking, job: availability.Job, policy: BookingPolicy, now: datetime
) -> availability.Slot:
    day = _local_day(booking.starts_at)
    (value,), closures = _therapists(
        [booking.therapist], first_day=day, last_day=day, now=now, without=booking
    )
    corrections = _corrections([booking.therapist_id], first_day=day, last_day=day)
    outcome = availability.check_slot(
        therapist=value,
        job=job,
        starts_at=booking.starts_at,
        policy=_rules(policy, closures, for_staff=True),
        drive_time=availability.WithOverrides(
            _drive_time((value,), job.place), corrections.get((booking.therapist_id, day), {})
        ),
        now=now,
    )
    if isinstance(outcome, availability.Refusal):
        raise SlotNotOffered(outcome.reason)
    return outcome


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
    first_day, last_day = _local_day(upcoming[0].starts_at), _local_day(upcoming[-1].starts_at)
    policy = BookingPolicy.load()
    rows = {booking.therapist_id: booking.therapist for booking in upcoming}
    found, closures = _therapists(rows.values(), first_day=first_day, last_day=last_day, now=now)
    values = {value.id: value for value in found}
    rules = _rules(policy, closures, for_staff=True)
    corrections = _corrections(rows, first_day=first_day, last_day=last_day)
    jobs = {booking.pk: _job_of_visit(booking, policy) for booking in bookings}
    by_day: dict[tuple[int, date], list[Booking]] = defaultdict(list)
    for booking in bookings:
        for day in {_local_day(booking.blocked_from), _local_day(booking.blocked_until)}:
            by_day[booking.therapist_id, day].append(booking)

    # Asked while a change is being saved, under locks: nobody waits for the routing server then.
    drive_time = _drive_table(
        [
            leg
            for (key, _), of_day in by_day.items()
            if key in values
            for leg in _legs_between([values[key].home, *(jobs[booking.pk].place for booking in of_day)])
        ]
    )
    checked: list[tuple[Booking, availability.RefusalReason | None]] = []
    for booking in upcoming:
        key = booking.therapist_id, _local_day(booking.starts_at)
        existing = tuple(_as_occupied(other, jobs[other.pk]) for other in by_day[key] if other != booking)
        outcome = availability.check_slot(
            therapist=replace(values[booking.therapist_id], existing=existing),
            job=jobs[booking.pk],
            starts_at=booking.starts_at,
            policy=rules,
            drive_time=availability.WithOverrides(drive_time, corrections.get(key, {})),
            now=now,
        )
        checked.append((booking, outcome.reason if isinstance(outcome, availability.Refusal) else None))
    return checked


@dataclass(frozen=True, slots=True)
class Drive:
    """A therapist's drive from one visit to the next; None for a visit means home. `leaves_at` is the latest moment
    to leave, None when nobody knows how long the drive takes. It `fits` when the visit before is over by then."""

    from_booking: int | None
    to_booking: int | None
    minutes: int | None
    leaves_at: datetime | None
    arrives_at: datetime | None
    fits: bool


@dataclass(frozen=True, slots=True)
class Day:
    """A therapist's local day: hours, and drives in order. All instants are aware."""

    hours: tuple[tuple[datetime, datetime], ...]
    off: tuple[tuple[datetime, datetime], ...]
    holds: tuple[tuple[datetime, datetime], ...]
    drives: tuple[Drive, ...]


def plan_days(
    *,
    therapists: Sequence[Therapist],
    bookings: Sequence[Booking],
    first_day: date,
    last_day: date,
    now: datetime,
) -> dict[tuple[int, date], Day]:
    """What staff see of each therapist's local days, by therapist and day; four queries. `bookings` are all that
    take time on them, with their areas."""
    values, closures = _therapists(therapists, first_day=first_day, last_day=last_day, now=now)
    rules = _rules(BookingPolicy(), closures, for_staff=True)
    corrections = _corrections([row.pk for row in therapists], first_day=first_day, last_day=last_day)
    places = {booking.pk: place_of(booking.area, address_key=booking.address_key) for booking in bookings}
    of_day: dict[tuple[int, date], list[Booking]] = defaultdict(list)
    for booking in sorted(bookings, key=lambda booking: booking.blocked_from):
        of_day[booking.therapist_id, _local_day(booking.starts_at)].append(booking)
    # Nobody waits for the routing server to see a page: of its figures only what is known.
    table = _drive_table(
        [
            leg
            for value in values
            for (key, _), visits in of_day.items()
            if key == value.id
            for leg in _legs_between([value.home, *(places[visit.pk] for visit in visits)])
        ]
    )
    days: dict[tuple[int, date], Day] = {}
    for value in values:
        holds = [taken for taken in value.existing if taken.kind == availability.OccupiedKind.HOLD]
        for number in range((last_day - first_day).days + 1):
            day = first_day + timedelta(days=number)
            start, end = day_bounds(day)
            visits = of_day[value.id, day]
            drive_time = availability.WithOverrides(table, corrections.get((value.id, day), {}))
            days[value.id, day] = Day(
                hours=tuple(
                    (span.start, span.end) for span in availability.working_intervals(value, day, day, rules)
                ),
                off=tuple((o.start, o.end) for o in value.time_off if o.start < end and start < o.end),
                holds=tuple(
                    (h.blocked.start, h.blocked.end)
                    for h in holds
                    if h.blocked.start < end and start < h.blocked.end
                ),
                drives=tuple(_drives_of(value.home, visits, places, drive_time)),
            )
    return days


def _drives_of(
    home: availability.Place,
    visits: Sequence[Booking],
    places: dict[int, availability.Place],
    drive_time: availability.DriveTime,
) -> Iterator[Drive]:
    if not visits:
        return
    for before, after in pairwise([None, *visits, None]):
        origin = places[before.pk] if before is not None else home
        destination = places[after.pk] if after is not None else home
        if after is None:
            assert before is not None
            leaves_at = before.blocked_until
            minutes = _minutes_of(drive_time, origin, destination, leaves_at)
            arrives_at = leaves_at + timedelta(minutes=minutes) if minutes is not None else None
            yield Drive(before.pk, None, minutes, leaves_at, arrives_at, fits=minutes is not None)
            continue
        minutes, leave = _latest_departure(drive_time, origin, destination, after.blocked_from)
        fits = leave is not None and (before is None or before.blocked_until <= leave)
        from_key = before.pk if before is not None else None
        yield Drive(from_key, after.pk, minutes, leave, after.blocked_from, fits)


def _minutes_of(
    drive_time: availability.DriveTime,
    origin: availability.Place,
    destination: availability.Place,
    departing_at: datetime,
) -> int | None:
    if origin.same_address(destination):
        return 0
    minutes = drive_time(origin, destination, departing_at)
    return None if minutes is None else ceil(minutes)


# No drive takes longer: `DriveOverride` and the owner's table stop there.
_LONGEST_DRIVE_MINUTES = 300


def _latest_departure(
    drive_time: availability.DriveTime,
    origin: availability.Place,
    destination: availability.Place,
    arriving_at: datetime,
) -> tuple[int | None, datetime | None]:
    """Minutes of the drive, and the latest departure that arrives in time; traffic changes on the way back to it."""
    for early in range(_LONGEST_DRIVE_MINUTES + 1):
        departing_at = arriving_at - timedelta(minutes=early)
        minutes = _minutes_of(drive_time, origin, destination, departing_at)
        if minutes is None:
            return None, None
        if minutes <= early:
            return minutes, departing_at
    return None, None


def _job_of_visit(booking: Booking, policy: BookingPolicy) -> availability.Job:
    setup, packdown = minutes_at_door(service=booking.service, policy=policy, entry=booking.entry)
    return availability.Job(
        place=place_of(booking.area, address_key=booking.address_key),
        session_minutes=booking.session_minutes,
        setup_minutes=max(setup, _minutes(booking.starts_at - booking.blocked_from)),
        packdown_minutes=max(packdown, _minutes(booking.blocked_until - booking.ends_at)),
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
        session_minutes=job.session_minutes,
    )


def _corrections(
    therapist_ids: Iterable[int], *, first_day: date, last_day: date
) -> dict[tuple[int, date], dict[tuple[availability.Place, availability.Place], int]]:
    """Staff's own figures for drives between booked visits of these local days, by therapist and day; one query.

    Places of booked visits carry their address's key, so a correction speaks of no other place.
    """
    start, end = day_bounds(first_day)[0], day_bounds(last_day)[1]
    keys = list(therapist_ids)
    ends = ("from_booking", "to_booking")
    rows = DriveOverride.objects.filter(
        Q(
            from_booking__therapist__in=keys,
            from_booking__starts_at__gte=start,
            from_booking__starts_at__lt=end,
        )
        | Q(to_booking__therapist__in=keys, to_booking__starts_at__gte=start, to_booking__starts_at__lt=end)
    ).select_related(
        *(f"{name}__{path}" for name in ends for path in ("area", "therapist__home_zip")),
    )
    corrections: dict[tuple[int, date], dict[tuple[availability.Place, availability.Place], int]] = (
        defaultdict(dict)
    )
    for row in rows:
        visits = [visit for visit in (row.from_booking, row.to_booking) if visit is not None]
        days = {(visit.therapist_id, _local_day(visit.starts_at)) for visit in visits}
        if len(days) != 1:
            continue  # one of the two has been moved since: there is no such drive any more
        home = place_of(visits[0].therapist.home_zip)
        pair = _place_of_visit(row.from_booking) or home, _place_of_visit(row.to_booking) or home
        corrections[days.pop()][pair] = row.minutes
    return corrections


def _place_of_visit(booking: Booking | None) -> availability.Place | None:
    return place_of(booking.area, address_key=booking.address_key) if booking is not None else None


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


def minutes_at_door(*, service: Service, policy: BookingPolicy, entry: str) -> tuple[int, int]:
    """Minutes of set-up and of pack-down for a service, with what the way to the door adds to each."""
    way = policy.entry_minutes(entry)
    return service.setup_minutes + way, service.packdown_minutes + way


def _job(
    session: Session, area: ServedZip, policy: BookingPolicy, *, entry: str, address_key: str | None = None
) -> availability.Job:
    setup, packdown = minutes_at_door(service=session.service, policy=policy, entry=entry)
    return availability.Job(
        place=place_of(area, address_key=address_key),
        session_minutes=session.minutes,
        setup_minutes=setup,
        packdown_minutes=packdown,
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


def asks_a_server() -> bool:
    """Whether drive times come from a routing server, so that `warm_drives` has something to do."""
    return routing.source() is not None


def warm_drives(
    *,
    therapists: Iterable[Therapist],
    area: ServedZip,
    starts_at: datetime,
    now: datetime,
    draft: UUID | None = None,
) -> None:
    """Looks drive times up for a decision about this start, which is within the horizon.

    To be called before the transaction that locks therapists: under the lock nobody waits for a routing server, and
    what was not looked up is estimated. Without a routing server it does nothing, not even a query.
    """
    source = routing.source()
    if source is not None:
        day = _local_day(starts_at)
        values, _closures = _therapists(therapists, first_day=day, last_day=day, now=now, draft=draft)
        source.warm(_legs(values, place_of(area)))


def warm_drives_of(*, booking: Booking, now: datetime) -> None:
    """The same for a decision about a booking that stands."""
    if routing.source() is not None:
        warm_drives(therapists=[booking.therapist], area=booking.area, starts_at=booking.starts_at, now=now)


def _drive_time(
    therapists: Sequence[availability.Therapist], place: availability.Place
) -> availability.DriveTable:
    """The owner's table first, then the routing server if there is one, then the offline estimate; one query.

    Of the server only what is known or can be looked up outside of a transaction, see `integrations.routing`. What
    comes back is a value: the same answers for the whole decision.
    """
    source = routing.source()
    legs = _legs(therapists, place) if source is not None else []
    if source is not None:
        source.warm(legs)
    return _drive_table(legs)


def _drive_table(legs: Sequence[Leg]) -> availability.DriveTable:
    """The drives of one decision; of the routing server only what is already known of these legs. One query."""
    rows = tuple(_DRIVES.rows())
    source = routing.source()
    if source is None:
        return _estimated_table(rows, settings.TIME_ZONE)
    estimate = availability.OfflineEstimate(settings.TIME_ZONE)
    behind = availability.MeasuredDrives(source.known(legs), estimate)
    return availability.DriveTable(_drive_rows(rows), settings.TIME_ZONE, behind=behind)


# Origin, destination, minutes, and the band of the day from when until when.
DriveFigures = tuple[int, int, int, time, time]
_DRIVES = Prepared(
    lambda _: DriveTime.objects.order_by("pk").values_list(
        "origin_id", "destination_id", "minutes", "starts_at", "ends_at"
    )
)


def _drive_rows(rows: Iterable[DriveFigures]) -> list[availability.DriveRow]:
    return [
        availability.DriveRow(
            origin_zone=str(origin),
            destination_zone=str(destination),
            minutes=max(1, minutes),
            start=start,
            end=end,
        )
        for origin, destination, minutes, start, end in rows
    ]


@lru_cache(maxsize=8)
def _estimated_table(rows: tuple[DriveFigures, ...], zone: str) -> availability.DriveTable:
    """The same rows make the same table, and making it costs as much as a day's times."""
    return availability.DriveTable(_drive_rows(rows), zone, behind=availability.OfflineEstimate(zone))


def _legs_between(places: Sequence[availability.Place]) -> list[Leg]:
    """Every drive from one of these places to another."""
    points = {place.point for place in places if place.point is not None}
    return list(permutations(points, 2))


def _legs(therapists: Sequence[availability.Therapist], place: availability.Place) -> list[Leg]:
    """The drives that the engine may ask about for a visit at `place`, those of the visit itself first."""
    here: list[tuple[availability.Place, availability.Place]] = []
    others: list[tuple[availability.Place, availability.Place]] = []
    for therapist in therapists:
        stops = [taken.place for taken in sorted(therapist.existing, key=lambda taken: taken.blocked.start)]
        here += [leg for stop in (therapist.home, *stops) for leg in ((place, stop), (stop, place))]
        others += [leg for stop in stops for leg in ((therapist.home, stop), (stop, therapist.home))]
        others += pairwise(stops)
    points = ((origin.point, destination.point) for origin, destination in here + others)
    return list(dict.fromkeys((a, b) for a, b in points if a is not None and b is not None and a != b))


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
    return availability.Occupied(
        blocked=blocked,
        place=_place(
            taken.zip_code,
            taken.zone_id,
            taken.latitude,
            taken.longitude,
            (taken.street, taken.unit) if is_visit else None,
        ),
        session_minutes=_minutes(taken.ends_at - taken.starts_at),
        kind=availability.OccupiedKind.VISIT if is_visit else availability.OccupiedKind.HOLD,
    )


@lru_cache(maxsize=4096)
def _place(
    zip_code: str,
    zone_id: int | None,
    latitude: float | None,
    longitude: float | None,
    door: tuple[str, str] | None,
) -> availability.Place:
    """A place by its figures, and by street and unit where it is somebody's door. Kept, because the same visits are
    looked at again and again while times are shown."""
    has_centroid = latitude is not None and longitude is not None
    return availability.Place(
        zip_code=zip_code,
        zone=str(zone_id),
        latitude=latitude if has_centroid else None,
        longitude=longitude if has_centroid else None,
        address_key=door_key(*door, zip_code) if door is not None else None,
    )
