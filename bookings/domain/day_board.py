"""The day and week boards of staff: visits, drives and gaps of each therapist. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import BooleanField, Count, Exists, ExpressionWrapper, F, OuterRef, Q, Subquery

from bookings.enums import OCCUPYING, NoteReader, Tier
from bookings.models import (
    Booking,
    BookingRules,
    ClientNote,
    DriveOverride,
    ScreeningRecheck,
    Therapist,
    VisitStep,
)
from bookings.models.intake import needs_note
from massagerx.lib.localtime import day_bounds, local

from . import scheduling
from .operations import MOVABLE
from .scheduling import Day, Drive
from .stranding import CONSENT, is_refused, why_stranded

# A stretch between two visits that is shorter than this is no gap to offer to anybody.
SHORTEST_GAP = timedelta(minutes=30)
_WAYS = ("stairs_minutes", "elevator_minutes")
_STARTS = Count("starts_at", distinct=True)


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit on the board. `booking` has client, service and area; `drive` is the one that leads to it. `stranded`
    says why one to come can't be kept, as `domain.stranding` names it, and is empty otherwise."""

    booking: Any
    drive: Drive | None
    stranded: str = ""

    @property
    def needs_a_look(self) -> bool:
        """Whether its health answers, the first or any given again, ask for a person to look: no clinician's note that
        covers it came after them."""
        return bool(self.booking.needs_note)

    def is_ahead(self, now: datetime) -> bool:
        """Whether somebody still has to go there, or is there now: not one that was said to be over."""
        return self.booking.status in MOVABLE and self.booking.ends_at > now

    @property
    def place(self) -> tuple[int, int] | None:
        """Which of how many it is, where several were booked together, as `queries.place_together` counts."""
        booking = self.booking
        return (
            (booking.number_together, booking.count_together) if (booking.count_together or 0) > 1 else None
        )

    @property
    def has_caution(self) -> bool:
        """Whether health answers carry a note for the therapist."""
        return Tier.CAUTION in (self.booking.tier, self.booking.recheck_tier)


@dataclass(frozen=True, slots=True)
class Column:
    """One therapist's local day. `gaps` are stretches of working hours without visit, drive or hold."""

    therapist: Therapist
    day: date
    plan: Day
    visits: tuple[Visit, ...]
    gaps: tuple[tuple[datetime, datetime], ...]

    @property
    def is_worked(self) -> bool:
        """Whether anybody is visited then, or can be: who has left us keeps the visits they made, and no hours."""
        return bool(self.visits) or (self.therapist.is_active and bool(self.plan.hours))

    @property
    def drive_minutes(self) -> int:
        """Minutes driven on the day; unknown drives count as none."""
        return sum(drive.minutes or 0 for drive in self.plan.drives)

    @property
    def treatment_minutes(self) -> int:
        """Minutes of treatment on the day."""
        return sum(visit.booking.treatment_minutes for visit in self.visits)

    @property
    def way_home(self) -> Drive | None:
        """The drive home, or None on a day without drives."""
        return self.plan.drives[-1] if self.plan.drives else None


def load_columns(
    *,
    therapists: Sequence[Therapist],
    first_day: date,
    last_day: date,
    now: datetime,
    visits: Sequence[Any] | None = None,
) -> list[Column]:
    """The local days of these therapists, by day and then in their order; five queries, however many there are, and one
    less for who has read the `visits` of these days.

    Therapists need their home ZIP codes.
    """
    bookings = read_visits(therapists, first_day, last_day) if visits is None else visits
    plans = scheduling.plan_days(
        therapists=therapists,
        bookings=bookings,
        first_day=first_day,
        last_day=last_day,
        rules=_ways(bookings),
        now=now,
    )
    columns = []
    for number in range((last_day - first_day).days + 1):
        day = first_day + timedelta(days=number)
        for therapist in therapists:
            plan = plans[therapist.pk, day]
            drives = {drive.to_booking: drive for drive in plan.drives}
            visits = tuple(
                Visit(booking, drives.get(booking.pk), _why_stranded(booking, plan, now))
                for booking in bookings
                if booking.therapist_id == therapist.pk and local(booking.starts_at).date() == day
            )
            columns.append(Column(therapist, day, plan, visits, tuple(_gaps(plan, visits))))
    return columns


def _ways(bookings: Sequence[Any]) -> BookingRules:
    """The owner's minutes to the door, which came with the visits."""
    return BookingRules(
        **{
            name: minutes
            for name in _WAYS
            if bookings and (minutes := getattr(bookings[0], name)) is not None
        }
    )


def _why_stranded(booking: Any, plan: Day, now: datetime) -> str:
    if booking.ends_at <= now or booking.status not in MOVABLE:
        return ""
    if booking.starts_at <= now:
        return CONSENT if is_refused(booking) else ""
    return why_stranded(booking, plan.refused.get(booking.pk))


def read_visits(
    therapists: Sequence[Therapist], first_day: date, last_day: date, *, beside: Q | None = None, **more: Any
) -> list[Any]:
    """The visits of these local days as the board shows them, with `more` annotations, and those `beside` them, in
    order; one query."""
    start, end = day_bounds(first_day)[0], day_bounds(last_day)[1]
    notes = ClientNote.objects.filter(client=OuterRef("client"))
    newest = ScreeningRecheck.objects.filter(booking=OuterRef("pk")).order_by("-evaluated_at", "-pk")
    together = Booking.objects.filter(together=OuterRef("together")).occupying().order_by().values("together")
    up_to_it = together.filter(starts_at__lte=OuterRef("starts_at"))
    wanted = Q(starts_at__gte=start, starts_at__lt=end, status__in=OCCUPYING)
    corrected = DriveOverride.objects.filter(Q(from_booking=OuterRef("pk")) | Q(to_booking=OuterRef("pk")))
    return list(
        Booking.objects.filter(therapist__in=[row.pk for row in therapists])
        .filter(wanted if beside is None else wanted | beside)
        .with_qualified()
        .select_related("client", "service", "option", "area__zone", "therapist__home_zip")
        # Tiers alone: to join the screening would decrypt the answers of every row.
        .annotate(
            tier=F("screening__tier"),
            recheck_tier=Subquery(newest.values("tier")[:1]),
            needs_note=ExpressionWrapper(needs_note(), output_field=BooleanField()),
            has_client_note=Exists(notes),
            has_steps=Exists(VisitStep.objects.filter(booking=OuterRef("pk"), undone_at=None)),
            has_door_note=Exists(notes.exclude(reader=NoteReader.DESK)),
            number_together=Subquery(up_to_it.annotate(count=_STARTS).values("count")),
            count_together=Subquery(together.annotate(count=_STARTS).values("count")),
            has_override=Exists(corrected),
            **{name: Subquery(BookingRules.objects.order_by().values(name)[:1]) for name in _WAYS},
            **more,
        )
        .order_by("blocked_from", "pk")
    )


def _gaps(plan: Day, visits: Sequence[Visit]) -> list[tuple[datetime, datetime]]:
    taken = [(visit.booking.blocked_from, visit.booking.blocked_until) for visit in visits]
    taken += [*plan.holds, *plan.off]
    taken += [
        (drive.leaves_at, drive.arrives_at)
        for drive in plan.drives
        if drive.leaves_at is not None and drive.arrives_at is not None
    ]
    gaps = []
    for start, end in plan.hours:
        for taken_from, taken_until in sorted(taken):
            if taken_until <= start or taken_from >= end:
                continue
            if taken_from - start >= SHORTEST_GAP:
                gaps.append((start, taken_from))
            start = max(start, taken_until)
        if end - start >= SHORTEST_GAP:
            gaps.append((start, end))
    return gaps
