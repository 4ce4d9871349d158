"""A therapist's day that runs late: what becomes of the visits that are left, worked out in their order.

Nothing of it is stored and nothing is sent: it is worked out anew from what was pressed (`VisitStep`) and from the
drives each time it is asked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import partial
from uuid import UUID

from bookings.domain.scheduling import place_of
from bookings.drives.table import read_drives
from bookings.enums import OCCUPYING, BookingStatus, StepKind
from bookings.models import Booking, BookingRules, Therapist, VisitStep
from bookings.models.steps import told_last
from massagerx.lib.localtime import day_bounds

MINUTE = timedelta(minutes=1)


class Verdict(StrEnum):
    """What a late day does to a visit."""

    UNTOUCHED = "untouched"
    TOLD = "told"  # within the owner's grace: its client is told a new window
    CHOICES = "choices"  # beyond it: its client may choose


@dataclass(frozen=True, slots=True)
class Stop:
    """A visit that is left: from when to when it takes the therapist's time, as planned, in aware instants.

    `drive` gives the whole minutes of the way to it for who leaves at an instant, None when nobody knows. `left_at` is
    when they left for it, `expected_at` when the client was told to expect them, `arrived_at` when they were there;
    each None while it was not so."""

    starts_at: datetime
    ends_at: datetime
    drive: Callable[[datetime], int | None]
    left_at: datetime | None = None
    expected_at: datetime | None = None
    arrived_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Late:
    """How a stop comes out: when the therapist is there, how many whole minutes later than planned, and what that
    means. `untold_minutes` are those that its client has not been told yet."""

    arrives_at: datetime
    minutes: int
    untold_minutes: int
    verdict: Verdict


def reflow(stops: Sequence[Stop], *, free_at: datetime, grace_minutes: int) -> list[Late]:
    """The stops in their order, for a therapist who is nowhere before `free_at`, such as now. Each begins when it was
    planned, or once they are there, and takes as long as it was planned; a drive that nobody knows takes no time here,
    as the board says that by itself. Pure; the work grows with the stops."""
    found = []
    for stop in stops:
        if stop.arrived_at is not None:
            arrives_at = max(stop.arrived_at, stop.starts_at)
        else:
            leaves_at = free_at if stop.left_at is None else stop.left_at
            there = max(free_at, leaves_at + MINUTE * (stop.drive(leaves_at) or 0))
            arrives_at = max(stop.starts_at, there, stop.expected_at or there)
        minutes = _minutes(arrives_at - stop.starts_at)
        untold = _minutes(arrives_at - max(stop.starts_at, stop.expected_at or stop.starts_at))
        if stop.arrived_at is not None:
            untold = 0
        found.append(Late(arrives_at, minutes, untold, _verdict(minutes, untold, grace_minutes)))
        free_at = max(free_at, arrives_at + (stop.ends_at - stop.starts_at))
    return found


def _minutes(span: timedelta) -> int:
    """Whole minutes, those that have begun counted."""
    return -(-span // MINUTE)


def _verdict(minutes: int, untold: int, grace: int) -> Verdict:
    if not untold:
        return Verdict.UNTOUCHED
    return Verdict.TOLD if minutes <= grace else Verdict.CHOICES


def time_until_next(late: Late, following: Stop) -> int:
    """Whole minutes that the therapist can be at the door of a late stop and still keep the one after it: when it was
    planned, or its client was told to expect them. None are left as 0."""
    wanted = max(following.starts_at, following.expected_at or following.starts_at)
    leaves_at = wanted
    while leaves_at > late.arrives_at and leaves_at + MINUTE * (following.drive(leaves_at) or 0) > wanted:
        leaves_at -= MINUTE
    return max(0, (leaves_at - late.arrives_at) // MINUTE)


# From rows ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LateVisit:
    """A visit that is left of a therapist's day, and how it comes out. `shorter_minutes` is how long its treatment may
    be for the next visit to be kept in time, None where it keeps it as it is, or not at all. `told` is the key of the
    step by which its client was told last, None where they weren't."""

    booking: Booking
    late: Late
    shorter_minutes: int | None = None
    told: UUID | None = None


def reflow_day(
    *, therapists: Sequence[Therapist], day: date, rules: BookingRules, now: datetime
) -> dict[int, list[LateVisit]]:
    """The visits that are left of each therapist's local day, by therapist's key and in order; those on whose day
    nothing was pressed are left out. Three queries at most; therapists need their home ZIP codes."""
    start, end = day_bounds(day)
    on_the_day = {"starts_at__gte": start, "starts_at__lt": end}
    steps: dict[int, list[VisitStep]] = defaultdict(list)
    for step in VisitStep.objects.filter(
        **{f"booking__{name}": value for name, value in on_the_day.items()}
    ).standing():
        steps[step.booking_id].append(step)
    if not steps:
        return {}
    visits = defaultdict(list)
    for visit in (
        Booking.objects.filter(
            therapist__in=[row.pk for row in therapists], status__in=OCCUPYING, **on_the_day
        )
        .select_related("client", "service", "area__zone", "therapist")
        .order_by("blocked_from", "pk")
    ):
        visits[visit.therapist_id].append(visit)
    return {
        therapist.pk: _of_therapist(therapist, visits[therapist.pk], steps, rules, now)
        for therapist in therapists
        if any(steps.get(visit.pk) for visit in visits[therapist.pk])
    }


def _of_therapist(
    therapist: Therapist,
    visits: Sequence[Booking],
    steps: dict[int, list[VisitStep]],
    rules: BookingRules,
    now: datetime,
) -> list[LateVisit]:
    pressed = [number for number, visit in enumerate(visits) if steps[visit.pk]]
    # Who left for a visit, or was at its door, is done with those before it.
    begun = [
        number for number in pressed if {step.kind for step in steps[visits[number].pk]} != {StepKind.LATE}
    ]
    first = begun[-1] if begun else pressed[0]
    left = [visit for visit in visits[first:] if _is_left(visit, steps[visit.pk], now)]
    if not left:
        return []
    before = [visit for visit in visits if visit.blocked_from < left[0].blocked_from]
    place = place_of(therapist.home_zip)
    if before:
        place = place_of(before[-1].area, address_key=before[-1].address_key)
    drives, stops = read_drives(), []
    for visit in left:
        goal = place_of(visit.area, address_key=visit.address_key)
        stops.append(_stop(visit, steps[visit.pk], partial(drives, place, goal), now))
        place = goal
    lates = reflow(stops, free_at=now, grace_minutes=rules.late_grace_minutes)
    following = [*stops[1:], None]
    return [
        LateVisit(visit, late, _shorter(visit, late, after), _told(steps[visit.pk]))
        for visit, late, after in zip(left, lates, following, strict=True)
    ]


def _shorter(visit: Booking, late: Late, following: Stop | None) -> int | None:
    if following is None or late.verdict is Verdict.UNTOUCHED:
        return None
    at_the_door = (visit.blocked_until - visit.blocked_from) // MINUTE
    treatment = time_until_next(late, following) - (at_the_door - visit.treatment_minutes)
    return treatment if 0 < treatment < visit.treatment_minutes else None


def _told(steps: Sequence[VisitStep]) -> UUID | None:
    last = told_last(steps)
    return last.key if last is not None else None


def _is_left(visit: Booking, steps: Sequence[VisitStep], now: datetime) -> bool:
    if visit.status == BookingStatus.REQUESTED:
        return visit.starts_at > now
    return visit.status == BookingStatus.CONFIRMED and all(step.kind != StepKind.DONE for step in steps)


def _stop(
    visit: Booking, steps: Sequence[VisitStep], drive: Callable[[datetime], int | None], now: datetime
) -> Stop:
    at = {step.kind: step.at for step in steps}
    expected = [step.expected_from for step in steps if step.expected_from is not None]
    expected_at = expected[-1] if expected else None
    arrived_at = at.get(StepKind.ARRIVED)
    if arrived_at is None and max(visit.blocked_from, expected_at or visit.blocked_from) <= now:
        # It is past that moment: they are taken to be there, since nobody said that they are later still.
        arrived_at = expected_at or visit.blocked_from
    return Stop(
        visit.blocked_from,
        visit.blocked_until,
        drive,
        left_at=at.get(StepKind.LEAVING),
        expected_at=expected_at,
        arrived_at=arrived_at,
    )
