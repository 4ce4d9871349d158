"""The times that can be offered: the starts of some days, or all that has to be known to ask about any day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from bookings import availability
from bookings.domain.visit_request import VisitRequest
from bookings.drives.table import read_drives
from bookings.models import BookingRules, Therapist
from massagerx.lib.localtime import day_bounds, local

from .values import engine_rules_of, job_at, local_day, therapist_values

# A start that at least one therapist can keep, with the key of the one who comes then. Its `is_good_fit` tells nothing
# of where anyone else lives.
Start = availability.OfferedStart


@dataclass(frozen=True, slots=True)
class Offer:
    """Starts by local day, ascending. A day without starts is not in it."""

    by_day: dict[date, tuple[Start, ...]]

    @classmethod
    def nothing(cls) -> Offer:
        """An offer without times."""
        return cls({})


def last_day(*, rules: BookingRules, now: datetime) -> date:
    """The last local day that can be booked."""
    return local(now).date() + timedelta(days=rules.horizon_days)


def find_times_between(
    *,
    visit_request: VisitRequest,
    first_day: date,
    last_day: date,
    rules: BookingRules,
    now: datetime,
    second: VisitRequest | None = None,
) -> Offer:
    """The starts from one local day to another, both included. Times that others hold count as taken; the visitor's
    own, and that of a visit to be moved, don't. With a `second`, which differs in whom it asks for only, those at which
    two can be there. The number of queries depends on nothing."""
    today = local(now).date()
    first_day = max(first_day, today)
    last_day = min(last_day, today + timedelta(days=rules.horizon_days))
    if first_day > last_day:
        return Offer.nothing()
    if second is not None:
        both = {row.pk: row for row in (*visit_request.therapists, *second.therapists)}
        outlook = _read(visit_request, tuple(both.values()), (first_day, last_day), rules, now)
        return Offer(
            availability.offer_pairs(
                therapists=outlook.therapists,
                job=outlook.job,
                first={row.pk for row in visit_request.therapists},
                second={row.pk for row in second.therapists},
                first_day=first_day,
                last_day=last_day,
                conditions=outlook.conditions,
            )
        )
    outlook = _read(visit_request, visit_request.therapists, (first_day, last_day), rules, now)
    return Offer(
        availability.offer_starts(
            therapists=outlook.therapists,
            job=outlook.job,
            first_day=first_day,
            last_day=last_day,
            conditions=outlook.conditions,
        )
    )


@dataclass(frozen=True, slots=True)
class Outlook:
    """All that the engine needs to know about one treatment at one place on some local days, read once: no method asks
    the database."""

    first_day: date
    last_day: date
    therapists: tuple[availability.Therapist, ...]
    job: availability.Job
    conditions: availability.Conditions

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
            conditions=self.conditions,
        )

    def starts_near(self, wanted: datetime, count: int) -> tuple[Start, ...]:
        """Up to `count` starts of the local day of `wanted`, those nearest to it, ascending."""
        day = local_day(wanted)
        offered = availability.offer_starts(
            therapists=self.therapists,
            job=self.job,
            first_day=day,
            last_day=day,
            conditions=self.conditions,
        ).get(day, ())
        near = sorted(offered, key=lambda start: (abs(start.starts_at - wanted), start.starts_at))
        return tuple(sorted(near[:count]))

    def slots(self) -> list[availability.Slot]:
        """Every time of every therapist on these days, by start; of several therapists at one start each."""
        return availability.offer_slots(
            therapists=self.therapists,
            job=self.job,
            first_day=self.first_day,
            last_day=self.last_day,
            conditions=self.conditions,
        )

    def works_on_weekday(self, day: date) -> bool:
        """Whether any of the therapists has hours on the weekday of `day`, on any day that can be booked."""
        weekly = (hours for therapist in self.therapists for hours in therapist.weekly_hours)
        extra = (hours for therapist in self.therapists for hours in therapist.extra_hours)
        return any(
            hours.weekday == day.weekday()
            and (hours.valid_from is None or hours.valid_from <= self.last_day)
            and (hours.valid_until is None or self.first_day <= hours.valid_until)
            for hours in weekly
        ) or any(hours.date.weekday() == day.weekday() for hours in extra)

    def first_starts(self, days: int, *, until: date) -> tuple[Start, ...]:
        """The first start of each of the first `days` local days that have one, `until` a local day at most."""
        open_days = self.open_days(self.first_day, until)[:days]
        return tuple(start for day in open_days for start in self.starts_near(day_bounds(day)[0], 1))

    def zones_between(self, first_day: date, last_day: date) -> set[int]:
        """The keys of the zones that hours of these local days name, both included."""
        days = [first_day + timedelta(days=number) for number in range((last_day - first_day).days + 1)]
        named = [
            hours.zones or frozenset()
            for therapist in self.therapists
            for hours in therapist.weekly_hours
            if any(hours.apply_on(day) for day in days)
        ] + [
            hours.zones or frozenset()
            for therapist in self.therapists
            for hours in therapist.extra_hours
            if hours.date in days
        ]
        return {int(zone) for zones in named for zone in zones}

    def why_none(self, day: date) -> str | None:
        """Why a local day has no time (one of `availability.RefusalReason`), or None when it has one."""
        return availability.explain_day(
            therapists=self.therapists,
            job=self.job,
            day=day,
            conditions=self.conditions,
        )


def read_days(
    *, visit_request: VisitRequest, first_day: date, last_day: date, rules: BookingRules, now: datetime
) -> Outlook:
    """The outlook of those who meet the preference, on these local days as far as they can be booked; three queries."""
    today = local(now).date()
    first_day = max(first_day, today)
    last_day = max(first_day, min(last_day, today + timedelta(days=rules.horizon_days)))
    return _read(visit_request, visit_request.therapists, (first_day, last_day), rules, now)


def read_outlook(*, visit_request: VisitRequest, rules: BookingRules, now: datetime) -> Outlook:
    """The outlook of all who could come, from today to the last day that can be booked; three queries."""
    days = local(now).date(), last_day(rules=rules, now=now)
    return _read(visit_request, visit_request.qualified, days, rules, now)


def _read(
    visit_request: VisitRequest,
    therapists: Sequence[Therapist],
    days: tuple[date, date],
    rules: BookingRules,
    now: datetime,
) -> Outlook:
    first_day, last_day = days
    values, closures = therapist_values(
        therapists,
        first_day=first_day,
        last_day=last_day,
        now=now,
        excluding=visit_request.excluding,
        draft=visit_request.draft,
    )
    job = job_at(visit_request, rules)
    return Outlook(
        first_day=first_day,
        last_day=last_day,
        therapists=values,
        job=job,
        conditions=availability.Conditions(engine_rules_of(rules, closures), read_drives(), now),
    )
