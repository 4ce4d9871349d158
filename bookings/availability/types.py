"""The values that go into the availability engine and come out of it.

Instants are aware datetimes and are kept in UTC; working hours are local wall times in the zone of the
`SchedulingRules`; durations are whole minutes unless a name says otherwise. All values are immutable and hashable.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import NamedTuple, Protocol, Self
from zoneinfo import ZoneInfo

MIDNIGHT = time(0)
TEN_YEARS = timedelta(days=3653)


def as_utc(instant: datetime) -> datetime:
    """`instant` in UTC. Raises ValueError when it has no zone, because then nobody knows which moment it is."""
    if instant.tzinfo is UTC:
        return instant
    if instant.utcoffset() is None:
        raise ValueError("An instant needs a time zone.")
    return instant.astimezone(UTC)


class _Instants(NamedTuple):
    start: datetime
    end: datetime


class Interval(_Instants):
    """The instants from `start` up to, but not including, `end`. Both are turned into UTC.

    Raises ValueError when a bound has no zone or when `end` is not after `start`.
    """

    __slots__ = ()

    def __new__(cls, start: datetime, end: datetime) -> Self:
        """Checked, and in UTC."""
        # Two datetimes of one zone compare by their wall clocks, wrongly in the hour that the clock repeats;
        # in UTC they compare as instants.
        if start.tzinfo is not UTC or end.tzinfo is not UTC:
            start, end = as_utc(start), as_utc(end)
        if end <= start:
            raise ValueError("An interval ends after it starts.")
        return tuple.__new__(cls, (start, end))

    @property
    def duration(self) -> timedelta:
        """The real time that passes, whatever the clocks do meanwhile."""
        return self.end - self.start

    def overlaps(self, other: "Interval") -> bool:
        """Whether the two share an instant. Intervals that only touch don't."""
        return self.start < other.end and other.start < self.end

    def contains(self, other: "Interval") -> bool:
        """Whether all of `other` lies inside."""
        return self.start <= other.start and other.end <= self.end


@dataclass(frozen=True, slots=True)
class Place:
    """Where a visit or a home base is, as far as driving is concerned.

    `zone` names one of the owner's zones. Latitude and longitude are degrees (those of the ZIP code's
    centroid will do), both or neither. Two places with the same `address_key` are one door, with no drive
    between them; the key may be any text that is equal for equal addresses, such as a digest. Without a key a
    place is never the same door as another. Raises ValueError for coordinates that are not on the globe.
    """

    zip_code: str
    zone: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    address_key: str | None = None

    def __post_init__(self) -> None:
        if (self.latitude is None) != (self.longitude is None):
            raise ValueError("Give latitude and longitude, or neither.")
        if self.latitude is not None and self.longitude is not None:
            if not (-90 <= self.latitude <= 90 and -180 <= self.longitude <= 180):
                raise ValueError("Latitude or longitude is not on the globe.")

    @property
    def point(self) -> tuple[float, float] | None:
        """Latitude and longitude, when known."""
        if self.latitude is None or self.longitude is None:
            return None
        return self.latitude, self.longitude

    def same_address(self, other: "Place") -> bool:
        """Whether both are known to be one door."""
        return self.address_key is not None and self.address_key == other.address_key


class DriveTime(Protocol):
    """Anything that can say how long a drive takes.

    It returns minutes (rounded up when not whole), or None when it doesn't know; the engine then refuses the
    time. It may depend on nothing but its arguments. The engine never asks about two places at one address.

    An instance may have an attribute `week_bands` (`travel.WeekBands`) which says at what local times its
    answers change. The engine then asks once a band instead of once a minute, which is what makes a month
    quick.

    With such bands, an attribute `remembered` (`travel.Remembered`) keeps what was asked for the next call.

    It may also have a true attribute `same_for_all_addresses`: its answers then depend on ZIP code, zone and
    coordinates, never on `address_key`, once the two are not the same door. Visits of one ZIP code then share
    what was asked.
    """

    def __call__(self, origin: Place, destination: Place, departing_at: datetime) -> float | None: ...


def _check_hours(start: time, end: time) -> None:
    if start.tzinfo is not None or end.tzinfo is not None:
        raise ValueError("Working hours are local wall times without a zone.")
    if end != MIDNIGHT and end <= start:
        raise ValueError(
            "Hours end after they start, on the same day. An end of 00:00 is the end of the day."
        )


@dataclass(frozen=True, slots=True)
class WeeklyHours:
    """Hours on one weekday (Monday is 0) of every week, in local wall time, `end` not included.

    `end` 00:00 is the end of that day; hours don't run past midnight. They apply on days from `valid_from` to
    `valid_until`, both included; None is open. With `zones`, visits are only in these then. Raises ValueError when the
    hours are upside down.
    """

    weekday: int
    start: time
    end: time
    valid_from: date | None = None
    valid_until: date | None = None
    zones: frozenset[str] | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.weekday <= 6:
            raise ValueError("Weekdays run from 0, Monday, to 6, Sunday.")
        _check_hours(self.start, self.end)

    def apply_on(self, day: date) -> bool:
        """Whether these are hours of `day`."""
        return (
            day.weekday() == self.weekday
            and (self.valid_from is None or self.valid_from <= day)
            and (self.valid_until is None or day <= self.valid_until)
        )


@dataclass(frozen=True, slots=True)
class ExtraHours:
    """Hours on one date, beside the weekly ones, in local wall time, with the same rules."""

    date: date
    start: time
    end: time
    zones: frozenset[str] | None = None

    def __post_init__(self) -> None:
        _check_hours(self.start, self.end)


class OccupiedKind(StrEnum):
    """What takes the time. Both count as taken; a visit may still be only requested."""

    VISIT = "visit"
    HOLD = "hold"


class Occupied(NamedTuple):
    """Time already taken: `blocked` covers set-up, treatment and pack-down, but no drive.

    `treatment_minutes` are those of the treatment alone; daily limits and breaks count them.
    """

    blocked: Interval
    place: Place
    treatment_minutes: int
    kind: OccupiedKind = OccupiedKind.VISIT


def _check_limit(name: str, minutes: int | None) -> None:
    if minutes is not None and minutes < 0:
        raise ValueError(f"{name} is never negative.")


@dataclass(frozen=True, slots=True)
class Therapist:
    """A therapist as the engine sees one. Whoever is passed in is taken to be qualified for the job.

    None means no limit. `bookable_until` is the last local day of a visit that may be given to the therapist, such as
    the last day of a certificate. `reach_minutes` is the longest drive from the home base, one way. After
    `break_after_minutes` of treatment time there has to be a break of `break_minutes`, which driving doesn't
    count towards (see `slots`). `existing` has to hold everything that is taken on the days asked about, and,
    for `fit.for_anyone`, in their weeks. To move a visit, leave that visit out.
    """

    id: int
    home: Place
    weekly_hours: tuple[WeeklyHours, ...] = ()
    extra_hours: tuple[ExtraHours, ...] = ()
    time_off: tuple[Interval, ...] = ()
    existing: tuple[Occupied, ...] = field(default=(), repr=False)
    max_visits_per_day: int | None = None
    max_work_minutes_per_day: int | None = None
    reach_minutes: int | None = None
    break_minutes: int | None = None
    break_after_minutes: int | None = None
    bookable_until: date | None = None

    def __post_init__(self) -> None:
        for name in ("max_visits_per_day", "max_work_minutes_per_day", "reach_minutes"):
            _check_limit(name, getattr(self, name))
        _check_limit("break_minutes", self.break_minutes)
        _check_limit("break_after_minutes", self.break_after_minutes)


@dataclass(frozen=True, slots=True)
class Job:
    """The visit that somebody asks for.

    Two people at one address are one block at one door: `treatment_minutes` is then the time of both together,
    and `people` only says so. `setup_minutes` and `packdown_minutes` include what stairs add. Therapists (by id)
    of `never` are not sent to it, whatever else allows; those of `preferred` go first where who comes is free to
    choose. Raises ValueError when the treatment is not at least a minute, or the whole is longer than a day.
    """

    place: Place
    treatment_minutes: int
    setup_minutes: int = 0
    packdown_minutes: int = 0
    people: int = 1
    never: frozenset[int] = frozenset()
    preferred: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        if (
            self.treatment_minutes < 1
            or self.setup_minutes < 0
            or self.packdown_minutes < 0
            or self.people < 1
        ):
            raise ValueError("A job has a treatment of at least a minute, for at least one person.")
        if self.blocked_minutes > 24 * 60:
            raise ValueError("A job fits into one day.")

    @property
    def blocked_minutes(self) -> int:
        """Minutes at the door, from the start of set-up to the end of pack-down."""
        return self.setup_minutes + self.treatment_minutes + self.packdown_minutes


@dataclass(frozen=True, slots=True)
class SchedulingRules:
    """The business's rules for all therapists.

    `zone` is an IANA name or a tzinfo. A treatment starts at the earliest `minimum_notice` after now. The last
    day that can be booked is `horizon_days` after today's local date. Treatments start at local times whose
    minutes since midnight divide by `granularity_minutes`. Nobody works on `closures`. Raises ValueError for
    a rule that can't be kept, and zoneinfo.ZoneInfoNotFoundError for a zone that isn't known.
    """

    zone: str | tzinfo
    minimum_notice: timedelta
    horizon_days: int
    granularity_minutes: int
    closures: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        if (
            not timedelta(0) <= self.minimum_notice <= TEN_YEARS
            or not 0 <= self.horizon_days <= TEN_YEARS.days
        ):
            raise ValueError(
                "Minimum notice and booking horizon are never negative, nor longer than ten years."
            )
        if not 1 <= self.granularity_minutes <= 24 * 60:
            raise ValueError("Granularity is between a minute and a day.")
        _ = self.tz

    @property
    def tz(self) -> tzinfo:
        """The zone as a tzinfo."""
        return ZoneInfo(self.zone) if isinstance(self.zone, str) else self.zone


class Conditions(NamedTuple):
    """What holds for whatever is asked at one moment: the rules, how long drives take, and `now` (aware)."""

    rules: SchedulingRules
    drive_time: DriveTime
    now: datetime


class Slot(NamedTuple):
    """A time that one therapist can keep. All instants are UTC.

    The treatment runs from `starts_at` to `ends_at`; the therapist is at the door from `blocked_from` to
    `blocked_until`. `added_drive_minutes` is how much the day's driving grows: for ranking and for staff,
    never shown to a client, because it says something about where others live.

    A named tuple, because a month for five therapists makes thousands: it is built three times as fast as a
    frozen dataclass.
    """

    therapist_id: int
    starts_at: datetime
    ends_at: datetime
    blocked_from: datetime
    blocked_until: datetime
    added_drive_minutes: int


class RefusalReason(StrEnum):
    """Why a time can't be had. Where two reasons are equally common on a day, the one further up is told."""

    TAKEN = "taken"  # overlaps a visit or a hold
    DRIVE = "drive"  # can't be driven in time from the visit before or to the visit after
    DAILY_LIMIT = "daily_limit"  # the therapist's visits or treatment minutes for that day are used up
    BREAK = "break"  # would leave no break in a long day
    TIME_OFF = "time_off"
    CERTIFICATE = "certificate"  # the therapist may be given no visit on that day any more
    OTHER_ZONE = "other_zone"  # the therapist works in other zones at that hour
    REACH = "reach"  # further from the home base than the therapist drives
    NOTICE = "notice"  # in the past, or sooner than the minimum notice
    HORIZON = "horizon"  # later than the last day that can be booked
    CLOSED = "closed"  # the business is closed that day
    OUTSIDE_HOURS = "outside_hours"  # with set-up, pack-down and the drive from and to home
    UNKNOWN_PLACE = "unknown_place"  # nobody can say how long the drive from or to home is
    OFF_GRID = "off_grid"  # not one of the times of day at which visits start
    NEVER_SENT = "never_sent"  # the job says that this therapist is never sent to it
    NO_THERAPIST = "no_therapist"  # nobody was passed in: none is qualified, or none matches the wish


class Side(StrEnum):
    """Which neighbour a refusal is about."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why one time was refused.

    `side` says for DRIVE whether the visit before or the one after stands in the way. There is on purpose no
    place, no time and no number of minutes here: with those, asking often enough would show where other
    clients live.
    """

    reason: RefusalReason
    side: Side | None = None
