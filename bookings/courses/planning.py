"""From a plan, a day and wishes to visits in the calendar: rows to the planner's values, and back to what is shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from bookings.domain import scheduling
from bookings.domain.scheduling import Outlook
from bookings.domain.visit_request import VisitRequest
from bookings.models import BookingRules
from massagerx.lib.localtime import local

from . import planner
from .planner import FreeTime, Place, Same, Target, Why, Wishes

# So long after the last phase the nearest times are looked for where one can't be met.
_AFTER = timedelta(days=14)
# So many times of a day are offered instead of the one that was picked.
_TIMES_A_DAY = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a course is planned by: its visits with their days, and what the client wishes for."""

    targets: tuple[Target, ...]
    wishes: Wishes


@dataclass(frozen=True, slots=True)
class Chosen:
    """A time that somebody has looked at: its start, and the slug of who comes."""

    starts_at: datetime
    therapist: str


@dataclass(frozen=True, slots=True)
class PlannedVisit:
    """A visit of a course as it is shown. `place` says when, or why not; `is_new` that the time that was chosen before
    has gone; `others` are times that it could have instead, within its phase; `reason` is the engine's for a day."""

    place: Place
    therapist: str
    name: str
    is_new: bool
    others: tuple[tuple[FreeTime, str, str], ...]
    reason: str = ""

    @property
    def target(self) -> Target:
        return self.place.target

    @property
    def time(self) -> FreeTime | None:
        return self.place.time

    @property
    def chosen(self) -> Chosen | None:
        """Its time and who comes then; None where it has none."""
        return Chosen(self.place.time.starts_at, self.therapist) if self.place.time is not None else None


def rules_of_desk(rules: BookingRules) -> BookingRules:
    """Staff's rules with the owner's grid of starts: what is picked for them should look like what they would pick."""
    for_staff = copy(rules.for_staff())
    for_staff.granularity_minutes = rules.granularity_minutes
    return for_staff


def rules_of_client(rules: BookingRules, phases: Iterable[planner.Phase]) -> BookingRules:
    """A client's rules for a course of these phases: one whose day 0 can be booked is planned to its end."""
    longer = copy(rules)
    longer.horizon_days += max(phase.to_day for phase in phases)
    return longer


def opens_on(first: date, *, rules: BookingRules, now: datetime) -> date | None:
    """The local day from which clients can book a course that begins on `first`; None when it is today or before."""
    ahead = first - scheduling.last_day(rules=rules, now=now)
    return local(now).date() + ahead if ahead > timedelta(0) else None


def plan_course(
    asked: Asked,
    requests: Sequence[VisitRequest],
    *,
    rules: BookingRules,
    now: datetime,
    chosen: Mapping[int, Chosen] | None = None,
) -> list[PlannedVisit]:
    """The visits of the course, in order, as they could be booked now; three queries for each of the `requests` that
    differs from the others. They say what each visit asks for, with the therapists who may come. `chosen` are times by
    the visits' numbers: those that have gone are planned anew."""
    chosen = chosen or {}
    last = scheduling.last_day(rules=rules, now=now)
    kinds: dict[Hashable, VisitRequest] = {}
    for request in requests:
        kinds.setdefault(_kind_of(request), request)
    order = list(kinds)
    wanted = [
        target._replace(kind=order.index(_kind_of(request)))
        for target, request in zip(asked.targets, requests, strict=True)
    ]
    slugs = {row.pk: row.slug for request in kinds.values() for row in request.therapists}
    names = {row.pk: row.name for request in kinds.values() for row in request.therapists}
    outlooks = [
        scheduling.read_days(
            visit_request=request,
            first_day=min(target.first_day for target in wanted),
            last_day=max(target.last_day for target in wanted) + _AFTER,
            rules=rules,
            now=now,
        )
        for request in kinds.values()
    ]
    free = [[_free_time(slot) for slot in outlook.slots()] for outlook in outlooks]
    there = [{(time.starts_at, slugs[time.therapist_id]) for time in times} for times in free]
    kept = {
        target.number: one
        for target in wanted
        if (one := chosen.get(target.number)) and (one.starts_at, one.therapist) in there[target.kind]
    }

    def best(wishes: Wishes) -> list[Place]:
        times = [_with(kind, kept, slugs) for kind in free]
        return planner.plan(_fixed(wanted, kept), times, wishes, last_bookable=last)

    # Whom the client is sent first is the same at every door.
    wishes = replace(asked.wishes, preferred=outlooks[0].job.preferred)
    places = best(wishes)
    if lost := {place.target.number for place in places if place.why is Why.CHOSEN_TIME}:
        # Two that were chosen can't be had beside each other.
        kept = {number: one for number, one in kept.items() if number not in lost}
        places = best(wishes)
    if wishes.minute is None and (minutes := sorted(place.time.minute for place in places if place.time)):
        # Nobody wished for an hour: the middle one of those found becomes the usual one.
        wishes = replace(wishes, minute=minutes[len(minutes) // 2])
        places = best(wishes)
    by_day: list[dict[date, list[FreeTime]]] = []
    for times in free:
        days = defaultdict(list)
        for time in times:
            days[time.day].append(time)
        by_day.append(days)
    around = [None, *places, None]
    return [
        PlannedVisit(
            place,
            slugs[place.time.therapist_id] if place.time else "",
            names[place.time.therapist_id] if place.time else "",
            is_new=place.target.number in chosen and place.target.number not in kept,
            others=tuple(
                (time, slugs[time.therapist_id], names[time.therapist_id])
                for time in _others(
                    place,
                    by_day[place.target.kind],
                    wishes,
                    before=around[number],
                    after=around[number + 2],
                )
            ),
            reason=_reason(place, outlooks[place.target.kind]),
        )
        for number, place in enumerate(places)
    ]


def _kind_of(request: VisitRequest) -> Hashable:
    """What the free times of a visit depend on, as far as visits of one course can differ."""
    return (
        request.treatment.service.pk,
        request.minutes,
        request.treatment.people,
        request.area.pk,
        request.access_type,
        request.address_key,
        request.preference,
    )


def _free_time(slot: scheduling.Slot) -> FreeTime:
    here = local(slot.starts_at)
    minute = here.hour * 60 + here.minute
    return FreeTime(here.date(), minute, slot.starts_at, slot.therapist_id, slot.added_drive_minutes)


def _fixed(wanted: Sequence[Target], kept: Mapping[int, Chosen]) -> list[Target]:
    return [
        target._replace(fixed_at=kept[target.number].starts_at) if target.number in kept else target
        for target in wanted
    ]


def _with(free: Sequence[FreeTime], kept: Mapping[int, Chosen], slugs: Mapping[int, str]) -> list[FreeTime]:
    """At a start that was chosen only who was chosen comes."""
    whom = {one.starts_at: one.therapist for one in kept.values()}
    return [
        time
        for time in free
        if whom.get(time.starts_at, slugs[time.therapist_id]) == slugs[time.therapist_id]
    ]


def _others(
    place: Place,
    by_day: Mapping[date, Sequence[FreeTime]],
    wishes: Wishes,
    *,
    before: Place | None,
    after: Place | None,
) -> list[FreeTime]:
    """Of each day of the visit's phase that is far enough from the visits around it a few times: those nearest to the
    hour wished for, or to the usual one, with whoever comes to this visit where they can."""
    target, found = place.target, []
    first_day, last_day = target.first_day, target.last_day
    if before is not None and before.time is not None:
        first_day = max(first_day, before.time.day + timedelta(days=target.apart))
    if after is not None and after.time is not None:
        last_day = min(last_day, after.time.day - timedelta(days=after.target.apart))
    minute = 12 * 60 if wishes.minute is None else wishes.minute
    who = place.time.therapist_id if place.time is not None else None
    only = who if wishes.same is Same.ALWAYS else None
    for number in range((last_day - first_day).days + 1):
        one_each: dict[datetime, FreeTime] = {}
        for time in sorted(
            by_day.get(first_day + timedelta(days=number), ()),
            key=lambda time: (time.therapist_id != who, time.added_drive_minutes),
        ):
            if only in (None, time.therapist_id):
                one_each.setdefault(time.starts_at, time)
        near = sorted(one_each.values(), key=lambda time: (abs(time.minute - minute), time.starts_at))
        found += sorted(near[:_TIMES_A_DAY], key=lambda time: time.starts_at)
    if place.time is not None and place.time not in found:
        found = sorted([*found, place.time], key=lambda time: time.starts_at)
    return found


def _reason(place: Place, outlook: Outlook) -> str:
    """Why the ideal day of a visit without a place has no time, as the engine says it; "" when it has one."""
    if place.why is not Why.NO_TIME:
        return ""
    return outlook.why_none(place.target.ideal_day) or ""


def wishes_of(*, weekdays: Sequence[int], minute: int | None, same: str) -> Wishes:
    """The planner's wishes from plain data."""
    return Wishes(weekdays=frozenset(weekdays), minute=minute, same=Same(same))
