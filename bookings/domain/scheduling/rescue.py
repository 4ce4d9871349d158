"""Other ways to keep the visits of a therapist who is out: found for all of them together, since they compete.

As many as can be keep their time with somebody else, by exact search; of equally many, with whom their clients prefer,
then with the least driving. Each of the others gets the time nearest to its own, one after the other by start.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from types import MappingProxyType
from uuid import UUID

from bookings import availability
from bookings.domain.pairings import Pairings, pairings_of
from bookings.domain.visit_request import therapist_or_gender
from bookings.drives.table import read_drives
from bookings.models import Booking, BookingRules, Therapist
from massagerx.lib.localtime import local

from .decisions import qualifications
from .values import engine_rules_of, local_day, place_of, setup_and_packdown_minutes, therapist_values

# So many days after its own a visit's nearest times are looked for, and so many are shown beside the plan.
LOOKS_AHEAD_DAYS = 7
NEAREST = 4
# The search looks at no more combinations than this, and keeps the best it has seen: eight visits with five
# therapists need a few hundred.
MOST_COMBINATIONS = 20_000


@dataclass(frozen=True, slots=True)
class Way:
    """A way to keep a visit: with whom, and from when to when; aware instants."""

    therapist: Therapist
    starts_at: datetime
    blocked_from: datetime
    blocked_until: datetime
    added_drive_minutes: int

    def is_as(self, other: Way) -> bool:
        """Whether it is the same therapist at the same start."""
        return (self.therapist.pk, self.starts_at) == (other.therapist.pk, other.starts_at)


@dataclass(frozen=True, slots=True)
class Rescue:
    """What can become of a visit. `chosen` is its part of the plan for all, None when there is none within a week;
    `others` are other ways, while all the rest goes as planned. `refused` says of each who can't come at the visit's
    own time why not: `qualification`, `wish` (the client asked for another gender), or one of
    `availability.RefusalReason`."""

    booking: Booking
    chosen: Way | None
    others: tuple[Way, ...]
    refused: tuple[tuple[Therapist, str], ...]

    @property
    def keeps_time(self) -> bool:
        """Whether the plan leaves the visit its start."""
        return self.chosen is not None and self.chosen.starts_at == self.booking.starts_at


def plan_rescue(
    *,
    bookings: Sequence[Booking],
    span: tuple[datetime, datetime],
    rules: BookingRules,
    now: datetime,
    all_are_out: bool = False,
    draft: UUID | None = None,
    days: Mapping[int, tuple[date, date]] = MappingProxyType({}),
) -> list[Rescue]:
    """The plan for these visits, by start, whose therapists are out during the half-open span of aware instants, or all
    are; six queries, however many there are. The visits need client, therapist, area and service beside them. What is
    held under `draft` counts as free. `days` are the first and the last local day of visits, by their keys, that can't
    be on every day: those of courses.

    By staff's rules, on the owner's grid where the time changes. Everybody else's visits stay as they are.
    """
    if not bookings:
        return []
    ordered = sorted(bookings, key=lambda booking: (booking.starts_at, booking.pk))
    search = _read(ordered, span, rules, now, all_are_out=all_are_out, draft=draft, days=days)
    placed = search.keep_times()
    for number in range(len(ordered)):
        if number not in placed:
            nearest = next(iter(search.nearest(number, search.taken(placed, number))), None)
            if nearest is not None:
                placed[number] = nearest
    return [search.rescue(number, placed) for number in range(len(ordered))]


Taken = dict[int, tuple[availability.Occupied, ...]]


@dataclass(frozen=True)
class _Search:
    bookings: list[Booking]
    jobs: list[availability.Job]
    therapists: list[Therapist]
    values: dict[int, availability.Therapist]
    qualified: set[tuple[int, int]]
    at_any_minute: availability.Conditions
    on_the_grid: availability.Conditions
    days: Mapping[int, tuple[date, date]]
    asked: dict[tuple[int, int, frozenset[int]], Way | str] = field(default_factory=dict)

    def unfit(self, booking: Booking, therapist: Therapist) -> str:
        """Why this therapist never comes to this visit; empty when they may."""
        if (therapist.pk, booking.service_id) not in self.qualified:
            return "qualification"
        _slug, gender = therapist_or_gender(booking.preference)
        return "wish" if gender not in (None, therapist.gender) else ""

    def at_its_time(self, number: int, therapist: Therapist, taken: Taken) -> Way | str:
        """The visit at its own start with this therapist, beside what is `taken`; or why not."""
        booking = self.bookings[number]
        if reason := self.unfit(booking, therapist):
            return reason
        outcome = availability.check_slot(
            therapist=self._with(therapist.pk, taken),
            job=self.jobs[number],
            starts_at=booking.starts_at,
            conditions=self.at_any_minute,
        )
        return str(outcome.reason) if isinstance(outcome, availability.Refusal) else _way(therapist, outcome)

    def keep_times(self) -> dict[int, Way]:
        """By the visit's number: as many as can be at their own time; of those plans one that sends as many as can be
        whom their clients prefer, and of these one with the least driving."""
        best: dict[int, Way] = {}
        best_rank = (0, 0, 0)
        combinations = 0
        possible = [bool(self._choices(number, {})) for number in range(len(self.bookings))]

        def go(number: int, plan: dict[int, Way], wished: int, minutes: int) -> None:
            nonlocal best, best_rank, combinations
            combinations += 1
            to_come = sum(possible[number:])
            at_best = len(plan) + to_come, wished + to_come, -minutes
            if combinations > MOST_COMBINATIONS or at_best <= best_rank:
                return
            if number == len(self.bookings):
                best, best_rank = dict(plan), at_best
                return
            for way in self._choices(number, plan):
                with_it = wished + self._is_preferred(number, way)
                go(number + 1, {**plan, number: way}, with_it, minutes + max(0, way.added_drive_minutes))
            go(number + 1, plan, wished, minutes)

        go(0, {}, 0, 0)
        return best

    def _choices(self, number: int, plan: dict[int, Way]) -> list[Way]:
        """With whom the visit keeps its time beside a plan, those preferred first, then least driving. Each question is
        asked once."""
        found = []
        for therapist in self.therapists:
            theirs = frozenset(other for other, way in plan.items() if way.therapist.pk == therapist.pk)
            key = number, therapist.pk, theirs
            if key not in self.asked:
                self.asked[key] = self.at_its_time(number, therapist, self.taken(plan, number))
            if isinstance(way := self.asked[key], Way):
                found.append(way)
        return sorted(
            found,
            key=lambda way: (
                not self._is_preferred(number, way), way.added_drive_minutes, way.therapist.pk,
            ),
        )  # fmt: skip

    def _is_preferred(self, number: int, way: Way) -> bool:
        return way.therapist.pk in self.jobs[number].preferred

    def nearest(self, number: int, taken: Taken) -> list[Way]:
        """Other times within the week, by how many days and then minutes they are from its own; of one start the one
        with the least driving."""
        booking = self.bookings[number]
        fit = [
            (therapist, self._with(therapist.pk, taken))
            for therapist in self.therapists
            if not self.unfit(booking, therapist)
        ]
        by_key = {therapist.pk: therapist for therapist, _value in fit}
        day, found = local_day(booking.starts_at), dict[datetime, Way]()
        first, last = self.days.get(booking.pk, (date.min, date.max))
        for ahead in range(LOOKS_AHEAD_DAYS + 1):
            if not first <= day + timedelta(days=ahead) <= last:
                continue
            slots = availability.offer_slots(
                therapists=[value for _therapist, value in fit],
                job=self.jobs[number],
                first_day=day + timedelta(days=ahead),
                last_day=day + timedelta(days=ahead),
                conditions=self.on_the_grid,
            )
            wanted = booking.starts_at + timedelta(days=ahead)
            for slot in sorted(
                slots,
                key=lambda slot: (
                    abs(slot.starts_at - wanted),
                    slot.therapist_id not in self.jobs[number].preferred,
                    slot.added_drive_minutes,
                ),
            ):
                if slot.starts_at != booking.starts_at:
                    found.setdefault(slot.starts_at, _way(by_key[slot.therapist_id], slot))
            if len(found) >= NEAREST:
                break
        return list(found.values())[:NEAREST]

    def rescue(self, number: int, placed: dict[int, Way]) -> Rescue:
        """The visit's part of the plan, and its other ways beside all the rest."""
        taken, planned = self.taken(placed, number), placed.get(number)
        outcomes = [(row, self.at_its_time(number, row, taken)) for row in self.therapists]
        ways = [way for _row, way in outcomes if isinstance(way, Way)] + self.nearest(number, taken)
        # With the driving that it adds to the whole plan: when it was chosen, others were not there yet.
        chosen = next((way for way in ways if planned is not None and way.is_as(planned)), planned)
        return Rescue(
            booking=self.bookings[number],
            chosen=chosen,
            others=tuple(way for way in ways if chosen is None or not way.is_as(chosen)),
            refused=tuple((row, way) for row, way in outcomes if isinstance(way, str)),
        )

    def taken(self, plan: dict[int, Way], without: int) -> Taken:
        """What a plan takes of each therapist, one visit left out."""
        found: Taken = {}
        for number, way in plan.items():
            if number != without:
                occupied = availability.Occupied(
                    blocked=availability.Interval(way.blocked_from, way.blocked_until),
                    place=self.jobs[number].place,
                    treatment_minutes=self.jobs[number].treatment_minutes,
                )
                found[way.therapist.pk] = (*found.get(way.therapist.pk, ()), occupied)
        return found

    def _with(self, key: int, taken: Taken) -> availability.Therapist:
        value = self.values[key]
        return replace(value, existing=value.existing + taken[key]) if key in taken else value


def _way(therapist: Therapist, slot: availability.Slot) -> Way:
    return Way(therapist, slot.starts_at, slot.blocked_from, slot.blocked_until, slot.added_drive_minutes)


def _read(
    bookings: list[Booking],
    span: tuple[datetime, datetime],
    rules: BookingRules,
    now: datetime,
    *,
    all_are_out: bool,
    draft: UUID | None,
    days: Mapping[int, tuple[date, date]],
) -> _Search:
    therapists = list(
        Therapist.objects.bookable(local(now).date())
        .select_related("home_zip__zone")
        .order_by("position", "pk")
    )
    starts: list[date] = [local_day(booking.starts_at) for booking in bookings]
    found, closures = therapist_values(
        therapists,
        first_day=starts[0],
        last_day=starts[-1] + timedelta(days=LOOKS_AHEAD_DAYS),
        now=now,
        draft=draft,
    )
    out = {row.pk for row in therapists} if all_are_out else {row.therapist_id for row in bookings}
    staff, drive_time = engine_rules_of(rules.for_staff(), closures), read_drives()
    known = pairings_of([booking.client for booking in bookings])
    return _Search(
        bookings=bookings,
        jobs=[_job(booking, rules, pairings) for booking, pairings in zip(bookings, known, strict=True)],
        therapists=therapists,
        values={value.id: value for value in _as_out(found, out, bookings, span)},
        qualified=qualifications([row.pk for row in therapists]),
        at_any_minute=availability.Conditions(staff, drive_time, now),
        on_the_grid=availability.Conditions(
            replace(staff, granularity_minutes=rules.granularity_minutes), drive_time, now
        ),
        days=days,
    )


def _as_out(
    values: Sequence[availability.Therapist],
    out: Collection[int],
    bookings: list[Booking],
    span: tuple[datetime, datetime],
) -> Iterator[availability.Therapist]:
    """Those who are out are so during the span, and without the visits that are to be rescued."""
    leaving = {(booking.therapist_id, booking.blocked_from) for booking in bookings}
    for value in values:
        if value.id not in out:
            yield value
            continue
        yield replace(
            value,
            time_off=(*value.time_off, availability.Interval(*span)),
            existing=tuple(
                taken for taken in value.existing if (value.id, taken.blocked.start) not in leaving
            ),
        )


def _job(booking: Booking, rules: BookingRules, pairings: Pairings) -> availability.Job:
    """What a move of the visit would ask for."""
    setup, packdown = setup_and_packdown_minutes(
        service=booking.service, rules=rules, access_type=booking.access_type
    )
    return availability.Job(
        place=place_of(booking.area, address_key=booking.address_key),
        treatment_minutes=booking.treatment_minutes,
        setup_minutes=setup,
        packdown_minutes=packdown,
        people=booking.people,
        never=pairings.never,
        preferred=pairings.preferred,
    )
