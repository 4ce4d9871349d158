"""Look-ups that more than one page needs."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from django.db.models import CharField, DateField, Exists, OuterRef, Q, QuerySet, Subquery

from bookings.enums import OCCUPYING, BookingStatus, ChangeState
from bookings.exceptions import OutsideArea
from bookings.models import (
    Booking,
    BookingQuerySet,
    ChangeRequest,
    ExtraHours,
    NoteFile,
    ScreeningRecheck,
    ServiceArea,
    Therapist,
    WorkingHours,
    Zone,
)
from massagerx.lib.compiled_query import CompiledQuery

from .operations import AT_ONE_START, MOVABLE, is_of_course, may_change
from .visit_request import load_area

# Of one client, the newest first; whoever has had more can ask us.
MOST_VISITS = 100


def area(zip_code: str, *, today: date, by_staff: bool = False) -> ServiceArea:
    """The served area of a ZIP code that a client asks for, in a zone that somebody visits; staff may ask for any.
    Raises `OutsideArea`."""
    if by_staff:
        return load_area(zip_code)
    found = _VISITED_AREA.first(zip_code=zip_code, today=today)
    if found is None:
        raise OutsideArea(zip_code)
    return found


def visited_zones(today: date) -> QuerySet[Zone]:
    """The zones with a ZIP code that is served, in which somebody has hours on `today` (a local date) or later. While
    nobody has any hours, all of them: that is a pause, and no other area."""
    bookable = Therapist.objects.bookable(today)
    weekly = WorkingHours.objects.filter(
        Q(valid_until=None) | Q(valid_until__gte=today), therapist__in=bookable
    ).order_by()
    extra = ExtraHours.objects.filter(date__gte=today, therapist__in=bookable).order_by()
    here = Q(zones=None) | Q(zones=OuterRef("pk"))
    return (
        Zone.objects.filter(zips__is_active=True)
        .filter(
            Exists(weekly.filter(here))
            | Exists(extra.filter(here))
            | ~(Exists(weekly.values("pk")) | Exists(extra.values("pk")))
        )
        .distinct()
    )


_VISITED_AREA = CompiledQuery(
    lambda parameter: ServiceArea.objects.filter(
        zip_code=parameter("zip_code", CharField()),
        is_active=True,
        zone__in=visited_zones(parameter("today", DateField())).order_by().values("pk"),
    ).select_related("zone"),
    of_reference_data=True,
)


def zones_visited(therapist: Therapist, today: date) -> list[Zone]:
    """The zones that the therapist's weekly hours name, of those in force on `today` (a local date) or later; none
    where some hours are for everywhere."""
    hours = WorkingHours.objects.filter(
        Q(valid_until=None) | Q(valid_until__gte=today), therapist=therapist
    ).order_by()
    return (
        [] if hours.filter(zones=None).exists() else list(Zone.objects.filter(pk__in=hours.values("zones")))
    )


def with_asks_change(visits: BookingQuerySet) -> BookingQuerySet:
    """Tells on each by `asks_change` whether a late change waits for staff."""
    waiting = ChangeRequest.objects.filter(booking=OuterRef("pk"), state=ChangeState.OPEN)
    return visits.annotate(asks_change=Exists(waiting))


def visits_by_time(visits: BookingQuerySet, *, now: datetime) -> tuple[list[Booking], list[Booking]]:
    """Those that are still to come, the next first, and the others, the last first."""
    found: list[Booking] = list(visits.order_by("-starts_at")[:MOST_VISITS])
    upcoming = [booking for booking in reversed(found) if may_change(booking, now=now)]
    return upcoming, [booking for booking in found if booking not in upcoming]


def place_together(booking: Booking) -> tuple[int, int] | None:
    """Which of how many a visit is that was booked together with others, by time, of those that stand or took place;
    None for one that does neither, and for one of no course: alone, or one of two side by side, also if parted."""
    if booking.together is None or booking.status not in OCCUPYING:
        return None
    visits = Booking.objects.together_with(booking).values_list("starts_at", "status")
    starts = sorted({starts_at for starts_at, status in visits if status in OCCUPYING})
    if len(starts) == 1 or (len(visits) <= AT_ONE_START and not is_of_course(booking)):
        return None
    return starts.index(booking.starts_at) + 1, len(starts)


def last_therapist(visits: BookingQuerySet) -> str:
    """The slug of the therapist of the last of these visits that stood; blank when there is none."""
    stood = visits.filter(status__in=[BookingStatus.CONFIRMED, BookingStatus.COMPLETED])
    return stood.order_by("-starts_at").values_list("therapist__slug", flat=True).first() or ""


def waiting_change(booking: Booking) -> ChangeRequest | None:
    """The late change of a visit that waits for staff."""
    return ChangeRequest.objects.filter(booking=booking, state=ChangeState.OPEN).first()


def to_look_at(*, now: datetime) -> list[Any]:
    """Visits to come that somebody should look at, the next first, for one reason or both: health answers, given again,
    said something graver than before (`gravest_tier` is the gravest news that no clinician's note came after, whatever
    milder answers were given later), or a clinician's note was handed in that nobody has opened (since `handed_in_at`).
    Reads no answer and no note."""
    news = ScreeningRecheck.objects.filter(booking=OuterRef("pk")).since_last_note().with_news()
    files = NoteFile.objects.filter(booking=OuterRef("pk"), seen_at=None).order_by("handed_in_at")
    return list(
        Booking.objects.filter(status__in=MOVABLE, starts_at__gt=now)
        .annotate(
            gravest_tier=Subquery(news.gravest_first().values("new_tier")[:1]),
            handed_in_at=Subquery(files.values("handed_in_at")[:1]),
        )
        .exclude(gravest_tier=None, handed_in_at=None)
        .select_related("client", "therapist")
        .order_by("starts_at", "pk")
    )


def opening_hours(today: date) -> list[tuple[int, time, time]]:
    """Each weekday (0 is Monday) on which somebody can be booked, with the first and last hour of their weekly plans
    as they hold on the local day `today`; 00:00 is the end of the day. One query."""
    rows = (
        WorkingHours.objects.filter(therapist__in=Therapist.objects.bookable(today))
        .exclude(valid_from__gt=today)
        .exclude(valid_until__lt=today)
        .order_by("weekday")
        .values_list("weekday", "starts_at", "ends_at")
    )
    days: dict[int, list[tuple[time, time]]] = {}
    for weekday, starts, ends in rows:
        days.setdefault(weekday, []).append((starts, ends))
    return [
        (weekday, min(starts for starts, _ in spans), max((ends for _, ends in spans), key=_end_of_day))
        for weekday, spans in days.items()
    ]


def _end_of_day(ends: time) -> time:
    return time.max if ends == time(0) else ends
