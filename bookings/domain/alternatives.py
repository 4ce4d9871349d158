"""Where there is no time: why, and what comes nearest. Where something was booked before: the times like it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from bookings.domain import scheduling
from bookings.domain.scheduling import Outlook, Start
from bookings.domain.visit_request import ANYONE, VisitRequest
from bookings.models import BookingRules, Zone
from massagerx.lib.localtime import local, zone

DAYS = 3
STARTS_A_DAY = 2
NOON = time(12)
# The reason of a day on whose weekday nobody who is qualified ever works.
WEEKDAY = "weekday"
# A start on the same weekday that is further from the hour of the last visit is another time, not like it.
_LIKE = timedelta(hours=2)
# First only so many days around are looked at, since most often they are enough.
_NEAR = timedelta(days=10)
# Told only of a span in which no day has another reason: most months have days off, and one that begins now a day that
# is too soon.
_EVERYDAY = {"outside_hours", "closed", "notice"}


@dataclass(frozen=True, slots=True)
class Alternatives:
    """`reason` is one of `availability.RefusalReason`, or `WEEKDAY`. `nearest` are days with a few of their starts,
    ascending. `others_can` says that somebody who was not asked for has a time in the span, or, when those asked for
    have none at all, on any day."""

    reason: str
    nearest: tuple[tuple[date, tuple[Start, ...]], ...] = ()
    others_can: bool = False
    #: For `other_zone`: the names of those in which somebody works then.
    zones: tuple[str, ...] = ()


def find_alternatives(
    *,
    visit_request: VisitRequest | None,
    first_day: date,
    last_day: date,
    rules: BookingRules,
    now: datetime,
    hour: time = NOON,
) -> Alternatives:
    """Why the local days from one to another, both included, have no time, and what comes nearest to them and to
    `hour` (local). To be asked of days that have none; None for a selection that nobody is qualified for.

    Three queries, whatever is stored.
    """
    if visit_request is None:
        return Alternatives("no_therapist")
    all_of_them = scheduling.read_outlook(visit_request=visit_request, rules=rules, now=now)
    outlook = all_of_them.among(visit_request.therapists)
    nearest = tuple(
        (day, outlook.starts_near(datetime.combine(day, hour, tzinfo=zone()), STARTS_A_DAY))
        for day in _nearest_days(outlook, first_day, last_day)
    )
    others_can = False
    if visit_request.preference != ANYONE:
        span = (first_day, last_day) if nearest else (outlook.first_day, outlook.last_day)
        others_can = bool(all_of_them.open_days(*span))
    reason = _reason(outlook, first_day, last_day)
    if reason == "outside_hours" and first_day == last_day and not all_of_them.works_on_weekday(first_day):
        reason = WEEKDAY
    return Alternatives(reason, nearest, others_can, _zones(outlook, first_day, last_day, reason))


def nearest_of(
    by_day: Mapping[date, Sequence[Start]], first_day: date, last_day: date, *, hour: time
) -> dict[date, tuple[Start, ...]]:
    """Of starts by local day a few of those that come nearest to the days from one to another, both included, and on
    each to `hour` (local), ascending."""
    found = {}
    for day in _nearest_to(by_day, first_day, last_day):
        wanted = datetime.combine(day, hour, tzinfo=zone())
        near = sorted(by_day[day], key=lambda start: (abs(start.starts_at - wanted), start.starts_at))
        found[day] = tuple(sorted(near[:STARTS_A_DAY]))
    return found


def same_weekday_ahead(day: date, today: date) -> date:
    """The same weekday a week after `day`, or the first later one that is still to come; all local."""
    return day + timedelta(weeks=max(1, (today - day).days // 7 + 1))


def like_last(
    by_day: Mapping[date, Sequence[Start]], starts_at: datetime, *, today: date
) -> list[tuple[date, Start]]:
    """Of starts by local day those like a visit that began at `starts_at`: on its weekday, from a week later on, the
    one nearest to its hour; a few, ascending."""
    before = local(starts_at)
    first_day = same_weekday_ahead(before.date(), today)
    found = []
    for day in sorted(by_day):
        if day < first_day or day.weekday() != before.weekday():
            continue
        wanted = datetime.combine(day, before.time(), tzinfo=zone())
        start = min(by_day[day], key=lambda start: (abs(start.starts_at - wanted), start.starts_at))
        if abs(start.starts_at - wanted) <= _LIKE:
            found.append((day, start))
    return found[:DAYS]


def _zones(outlook: Outlook, first_day: date, last_day: date, reason: str) -> tuple[str, ...]:
    """The names of the zones in which somebody works on these days, where that is what stands in the way."""
    if reason != "other_zone":
        return ()
    return tuple(
        Zone.objects.filter(pk__in=outlook.zones_between(first_day, last_day)).values_list("name", flat=True)
    )


def _nearest_days(outlook: Outlook, first_day: date, last_day: date) -> list[date]:
    """The open days nearest to the span, ascending."""
    around = outlook.open_days(first_day - _NEAR, last_day + _NEAR)
    if len(around) < DAYS:
        around = outlook.open_days(outlook.first_day, outlook.last_day)
    return _nearest_to(around, first_day, last_day)


def _nearest_to(days: Iterable[date], first_day: date, last_day: date) -> list[date]:
    """A few days nearest to the span, ascending; of two equally near the earlier counts first."""

    def distance(day: date) -> timedelta:
        return max(first_day - day, day - last_day, timedelta(0))

    return sorted(sorted(days, key=lambda day: (distance(day), day))[:DAYS])


def _reason(outlook: Outlook, first_day: date, last_day: date) -> str:
    """The commonest reason of the days that can be booked; of equals the one met first."""
    reasons = Counter(
        reason
        for day in _days(max(first_day, outlook.first_day), min(last_day, outlook.last_day))
        if (reason := outlook.why_none(day)) is not None
    )
    telling = Counter({reason: count for reason, count in reasons.items() if reason not in _EVERYDAY})
    found = (telling or reasons).most_common(1)
    return str(found[0][0]) if found else "taken"


def _days(first_day: date, last_day: date) -> Iterator[date]:
    while first_day <= last_day:
        yield first_day
        first_day += timedelta(days=1)
