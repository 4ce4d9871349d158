"""How the days behind us went: drives against their plan, lateness at the door, and what had to be rescued. Reads only.

All of it comes from what was pressed and done. Figures are whole minutes; a period is so many local days up to today.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from django.db.models import Exists, F, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce

from bookings.drives.models import ObservedDrive
from bookings.drives.operations import band_of, band_words
from bookings.enums import EventKind, StepKind
from bookings.models import Booking, BookingEvent, BookingRules, TimeOff, VisitStep
from massagerx.lib.localtime import day_bounds, local

from .reports import KEPT

# Who is at the door no later than this after the plan is on time: presses are whole minutes.
ON_TIME = timedelta(minutes=5)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class DrivesBetween:
    """The drives from one zone to another in the hours of one band: how many, what a middling one was planned with and
    took, and how many took longer than planned."""

    origin: str
    destination: str
    hours: str
    drives: int
    planned_minutes: int
    took_minutes: int
    longer: int


@dataclass(frozen=True, slots=True)
class DaysBehind:
    """`arrivals` are visits at whose door somebody pressed that they were there: `on_time` ones, those `within_grace`
    of the owner, and those `beyond_grace`; `late_minutes` is the median of those that were not on time, None without
    any. `worked_days` are therapists' days with a visit, `late_days` those on which a client had to be told to wait.
    `rescued` visits were moved from a time at which their therapist was off, `same_time` of them to somebody else at
    that time; `lost` ones were canceled by us instead."""

    drives: tuple[DrivesBetween, ...]
    arrivals: int
    on_time: int
    within_grace: int
    beyond_grace: int
    late_minutes: int | None
    worked_days: int
    late_days: int
    rescued: int
    same_time: int
    lost: int

    @property
    def is_empty(self) -> bool:
        """Whether nothing of it happened at all."""
        return not (self.drives or self.arrivals or self.worked_days or self.rescued or self.lost)


def days_behind(*, days: int, rules: BookingRules, now: datetime) -> DaysBehind:
    """The figures of so many local days, today the last; four queries."""
    first = local(now).date() - timedelta(days=days - 1)
    start = day_bounds(first)[0]
    worked, late = _days(start, now)
    lates = sorted(_lateness(start, now))
    grace = timedelta(minutes=rules.late_grace_minutes)
    not_on_time = [span // _MINUTE for span in lates if span > ON_TIME]
    moved, lost = _out(start, now)
    return DaysBehind(
        drives=tuple(_drives(start, now)),
        arrivals=len(lates),
        on_time=len(lates) - len(not_on_time),
        within_grace=sum(ON_TIME < span <= max(grace, ON_TIME) for span in lates),
        beyond_grace=sum(span > max(grace, ON_TIME) for span in lates),
        late_minutes=round(median(not_on_time)) if not_on_time else None,
        worked_days=worked,
        late_days=late,
        rescued=len(moved),
        same_time=sum(moved),
        lost=lost,
    )


def _drives(start: datetime, now: datetime) -> Iterable[DrivesBetween]:
    """Of each pair of zones and band, those that were driven most first; one query."""
    rows = ObservedDrive.objects.filter(left_at__gte=start, left_at__lte=now).order_by()
    driven: dict[tuple[str, str, str], list[tuple[int, float]]] = defaultdict(list)
    for origin, destination, left_at, arrived_at, planned in rows.values_list(
        "origin__zone__name", "destination__zone__name", "left_at", "arrived_at", "planned_minutes"
    ):
        took = (arrived_at - left_at) / _MINUTE
        driven[origin, destination, band_words(band_of(left_at))].append((planned, took))
    for (origin, destination, hours), pairs in sorted(driven.items(), key=lambda row: (-len(row[1]), row[0])):
        yield DrivesBetween(
            origin=origin,
            destination=destination,
            hours=hours,
            drives=len(pairs),
            planned_minutes=round(median(planned for planned, _took in pairs)),
            took_minutes=round(median(took for _planned, took in pairs)),
            longer=sum(took > planned for planned, took in pairs),
        )


def _lateness(start: datetime, now: datetime) -> list[timedelta]:
    """How much later than planned somebody was at each door; one query."""
    rows = VisitStep.objects.filter(
        kind=StepKind.ARRIVED, undone_at=None, booking__starts_at__gte=start, booking__starts_at__lte=now
    )
    return list(
        rows.order_by().annotate(late=F("at") - F("booking__blocked_from")).values_list("late", flat=True)
    )


def _days(start: datetime, now: datetime) -> tuple[int, int]:
    """Therapists' days with a visit, and those of them on which a client was told to wait; one query."""
    told = VisitStep.objects.filter(booking=OuterRef("pk"), kind=StepKind.LATE, undone_at=None)
    rows = Booking.objects.filter(status__in=KEPT, starts_at__gte=start, starts_at__lte=now)
    late: dict[tuple[int, object], bool] = defaultdict(bool)
    for therapist, starts_at, is_late in rows.order_by().values_list("therapist", "starts_at", Exists(told)):
        late[therapist, local(starts_at).date()] |= is_late
    return len(late), sum(late.values())


def _out(start: datetime, now: datetime) -> tuple[Sequence[bool], int]:
    """Of visits that staff moved from a time at which their therapist was off, whether each kept its time; and how many
    they canceled then. Each visit counts once, by what was done last; one query."""
    of_move = TimeOff.objects.filter(
        therapist=OuterRef("moved_from_therapist"),
        starts_at__lte=OuterRef("moved_from"),
        ends_at__gt=OuterRef("moved_from"),
    )
    of_cancel = TimeOff.objects.filter(
        therapist=OuterRef("booking__therapist"),
        starts_at__lte=OuterRef("booking__starts_at"),
        ends_at__gt=OuterRef("booking__starts_at"),
    )
    since = BookingEvent.objects.filter(booking=OuterRef("booking"), pk__gt=OuterRef("pk")).order_by("pk")
    since = since.exclude(kind=EventKind.PERSON)
    moved_on = since.filter(moved_from__isnull=False).values("moved_from")
    events = (
        BookingEvent.objects.filter(
            at__gte=start,
            at__lte=now,
            kind__in=[EventKind.MOVED, EventKind.CANCELED],
            by_client=False,
            actor__isnull=False,
        )
        .annotate(
            was_off=Exists(of_move),
            is_off=Exists(of_cancel),
            led_to=Coalesce(Subquery(moved_on[:1]), F("booking__starts_at")),
            # Only what was done last is ever undone.
            then=Coalesce(Subquery(since.values("kind")[:1]), Value("")),
        )
        .exclude(then=EventKind.UNDONE)
    )
    became: dict[int, tuple[bool, bool]] = {}
    for booking, kind, moved_from, led_to, was_off, is_off in events.order_by("at", "pk").values_list(
        "booking", "kind", "moved_from", "led_to", "was_off", "is_off"
    ):
        if kind == EventKind.MOVED and was_off:
            became[booking] = True, moved_from == led_to
        elif kind == EventKind.CANCELED and is_off:
            became[booking] = False, False
    lost = sum(not is_moved for is_moved, _same in became.values())
    return [same for is_moved, same in became.values() if is_moved], lost
