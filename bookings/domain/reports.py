"""Reports: visits, money, hours and clients of a period. Reads only.

A visit belongs to the local day on which its treatment starts. 'Kept' visits are those that took place, those that are
still to come or not closed yet, and those where nobody opened: for all of them the therapist drives and sets aside
time.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any

from django.db.models import F

from bookings.enums import BookingStatus
from bookings.models import Booking, ServiceArea, Therapist
from massagerx.lib.localtime import day_bounds, local

from . import scheduling

KEPT = (BookingStatus.CONFIRMED, BookingStatus.COMPLETED, BookingStatus.NO_SHOW)
#: A longer period would take the page too long: a drive is worked out for each visit.
LONGEST_DAYS = 2 * 366
_MINUTE = timedelta(minutes=1)
_COLUMNS = (
    "status", "client", "therapist", "service", "area", "starts_at", "ends_at", "blocked_from", "blocked_until",
    "street", "unit", "total_cents", "late_fee_cents", "created_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Figures:
    """Sums over a group of visits. Money in cents, spans in minutes. `not_closed` are over, and nobody has said how
    they ended: neither to come nor in the revenue.

    `door_minutes` are from arriving at the door to leaving it. `working_minutes` are hours without time off and
    closures, None where they can't be told apart (a zone has no hours). `lead_days` is the median of the days from the
    request to the visit, None without visits. A client counts as new in the group that holds their first visit ever.
    """

    completed: int
    to_come: int
    not_closed: int
    no_shows: int
    canceled: int
    revenue_cents: int
    late_fee_cents: int
    door_minutes: int
    drive_minutes: int
    working_minutes: int | None
    lead_days: float | None
    new_clients: int
    returning_clients: int

    @property
    def fill(self) -> float | None:
        """The part of the working time that doors and drives take, 1.0 being all of it; None without hours."""
        if not self.working_minutes:
            return None
        return (self.door_minutes + self.drive_minutes) / self.working_minutes


@dataclass(frozen=True, slots=True)
class Group:
    """One line of a table: a month (its first day), or the key and name of a therapist, a service or a zone."""

    key: date | int
    name: str
    figures: Figures


@dataclass(frozen=True, slots=True)
class Weekday:
    """One day of the week in a period, 0 being Monday: minutes of working time, minutes that doors and drives take of
    them, and how many kept visits start in each local hour that has one."""

    number: int
    working_minutes: int
    taken_minutes: int
    starts: Mapping[int, int]

    @property
    def free_minutes(self) -> int:
        """Working time that nothing takes."""
        return max(self.working_minutes - self.taken_minutes, 0)


@dataclass(frozen=True, slots=True)
class Report:
    """A period, both local days included, as a whole and by month, therapist, service and zone; and its week, Monday
    first."""

    first_day: date
    last_day: date
    total: Figures
    by_month: tuple[Group, ...]
    by_therapist: tuple[Group, ...]
    by_service: tuple[Group, ...]
    by_zone: tuple[Group, ...]
    week: tuple[Weekday, ...]


@dataclass(slots=True)
class _Sum:
    """Adds visits up."""

    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    not_closed: int = 0
    revenue_cents: int = 0
    late_fee_cents: int = 0
    door_minutes: int = 0
    drive_minutes: int = 0
    working_minutes: int = 0
    leads: list[float] = field(default_factory=list)
    clients: set[int] = field(default_factory=set)
    new: set[int] = field(default_factory=set)

    def add(self, booking: Any, drive_minutes: int, now: datetime) -> None:
        self.counts[booking.status] += 1
        self.not_closed += booking.is_not_closed(now)
        self.late_fee_cents += booking.late_fee_cents
        if booking.status in KEPT:
            self.door_minutes += (booking.blocked_until - booking.blocked_from) // _MINUTE
            self.drive_minutes += drive_minutes
            self.leads.append((booking.starts_at - booking.created_at) / timedelta(days=1))
        if booking.status == BookingStatus.COMPLETED:
            self.revenue_cents += booking.total_cents
            self.clients.add(booking.client_id)
            if not booking.came_before:
                self.new.add(booking.client_id)

    def figures(self, *, with_hours: bool) -> Figures:
        return Figures(
            completed=self.counts[BookingStatus.COMPLETED],
            to_come=self.counts[BookingStatus.CONFIRMED] - self.not_closed,
            not_closed=self.not_closed,
            no_shows=self.counts[BookingStatus.NO_SHOW],
            canceled=self.counts[BookingStatus.CANCELED],
            revenue_cents=self.revenue_cents,
            late_fee_cents=self.late_fee_cents,
            door_minutes=self.door_minutes,
            drive_minutes=self.drive_minutes,
            working_minutes=self.working_minutes if with_hours else None,
            lead_days=median(self.leads) if self.leads else None,
            new_clients=len(self.new),
            returning_clients=len(self.clients - self.new),
        )


def load_report(*, first_day: date, last_day: date, now: datetime) -> Report:
    """The figures of these local days, both included; eight queries, however many days and visits there are.

    Hours are those of today's plan: what a therapist's week looked like before it was changed isn't kept. Of a
    therapist who is not active any more, only days with visits count as worked. Raises `ValueError` for a period that
    ends before it begins or is longer than `LONGEST_DAYS`.
    """
    if not 0 <= (last_day - first_day).days < LONGEST_DAYS:
        raise ValueError("a report is about 1 to LONGEST_DAYS days")
    bookings = _bookings(first_day, last_day)
    visited = {booking.therapist_id for booking in bookings}
    therapists = [
        row
        for row in Therapist.objects.select_related("home_zip").order_by("position", "name", "pk")
        if row.is_active or row.pk in visited
    ]
    kept = [booking for booking in bookings if booking.status in KEPT]
    plans = scheduling.plan_days(
        therapists=therapists, bookings=kept, first_day=first_day, last_day=last_day, now=now
    )
    return _add_up(first_day, last_day, bookings, therapists, plans, now)


def _bookings(first_day: date, last_day: date) -> list[Any]:
    """The visits of these days with their areas, each of which is read once, what their services are called, and
    `came_before`: whether the client had a completed visit before that one."""
    start, end = day_bounds(first_day)[0], day_bounds(last_day)[1]
    bookings: list[Any] = list(
        Booking.objects.filter(starts_at__gte=start, starts_at__lt=end)
        .only(*_COLUMNS)
        .annotate(service_name=F("service__name"), service_position=F("service__position"))
        .order_by("blocked_from", "pk")
    )
    areas = ServiceArea.objects.select_related("zone").in_bulk({booking.area_id for booking in bookings})
    completed = Booking.objects.filter(status=BookingStatus.COMPLETED, starts_at__lt=start)
    been_here = set(completed.order_by().values_list("client", flat=True).distinct())
    for booking in sorted(bookings, key=lambda booking: (booking.starts_at, booking.pk)):
        booking.area = areas[booking.area_id]
        booking.came_before = booking.client_id in been_here
        if booking.status == BookingStatus.COMPLETED:
            been_here.add(booking.client_id)
    return bookings


def _add_up(
    first_day: date,
    last_day: date,
    bookings: Sequence[Any],
    therapists: Sequence[Therapist],
    plans: dict[tuple[int, date], scheduling.Day],
    now: datetime,
) -> Report:
    driven = _drives_by_visit(plans.values())
    total = _Sum()
    # Months and therapists have lines also without a visit; services and zones only with one.
    months = {month: _Sum() for month in _months(first_day, last_day)}
    of_therapist = {row.pk: _Sum() for row in therapists}
    services: dict[int, _Sum] = defaultdict(_Sum)
    zones: dict[int, _Sum] = defaultdict(_Sum)
    names: dict[str, dict[int, tuple[int, str]]] = {"service": {}, "zone": {}}
    days_with_visits = set()
    week, starts = [_Sum() for _number in range(7)], [Counter[int]() for _number in range(7)]
    for booking in bookings:
        here = local(booking.starts_at)
        day = here.date()
        zone = booking.area.zone
        names["service"][booking.service_id] = (booking.service_position, booking.service_name)
        names["zone"][zone.pk] = (zone.position, zone.name)
        if booking.status in KEPT:
            days_with_visits.add((booking.therapist_id, day))
            starts[day.weekday()][here.hour] += 1
        for group in (
            total,
            months[day.replace(day=1)],
            of_therapist[booking.therapist_id],
            services[booking.service_id],
            zones[zone.pk],
            week[day.weekday()],
        ):
            group.add(booking, driven[booking.pk], now)
    for therapist in therapists:
        for day in _days(first_day, last_day):
            if not therapist.is_active and (therapist.pk, day) not in days_with_visits:
                continue
            minutes = sum((end - start) // _MINUTE for start, end in plans[therapist.pk, day].hours)
            for group in (
                total, months[day.replace(day=1)], of_therapist[therapist.pk], week[day.weekday()],
            ):  # fmt: skip
                group.working_minutes += minutes
    return Report(
        first_day,
        last_day,
        total.figures(with_hours=True),
        tuple(
            Group(month, f"{month:%b %Y}", group.figures(with_hours=True)) for month, group in months.items()
        ),
        tuple(Group(row.pk, row.name, of_therapist[row.pk].figures(with_hours=True)) for row in therapists),
        _named(services, names["service"]),
        _named(zones, names["zone"]),
        tuple(
            Weekday(number, one.working_minutes, one.door_minutes + one.drive_minutes, starts[number])
            for number, one in enumerate(week)
        ),
    )


def _drives_by_visit(plans: Iterable[scheduling.Day]) -> dict[int, int]:
    """Minutes driven for each visit, by its key: the way to it, and of the day's last visit also the way home. A
    drive that nobody knows the length of counts as none."""
    driven: dict[int, int] = defaultdict(int)
    for plan in plans:
        for drive in plan.drives:
            key = drive.to_booking if drive.to_booking is not None else drive.from_booking
            if key is not None:
                driven[key] += drive.minutes or 0
    return driven


def _named(sums: dict[int, _Sum], names: dict[int, tuple[int, str]]) -> tuple[Group, ...]:
    order = sorted(sums, key=lambda key: (*names[key], key))
    return tuple(Group(key, names[key][1], sums[key].figures(with_hours=False)) for key in order)


def _days(first_day: date, last_day: date) -> Iterable[date]:
    return (first_day + timedelta(days=number) for number in range((last_day - first_day).days + 1))


def _months(first_day: date, last_day: date) -> list[date]:
    """The first days of the months that the period touches."""
    month, months = first_day.replace(day=1), []
    while month <= last_day:
        months.append(month)
        month = (month + timedelta(days=32)).replace(day=1)
    return months
