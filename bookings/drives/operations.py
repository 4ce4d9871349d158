"""What changes drives: one that was driven, and what is learned from many."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from bookings.availability import Place
from bookings.models import ServiceArea, Zone
from bookings.retention import DRIVES_KEPT
from massagerx.lib.batches import delete_in_batches
from massagerx.lib.localtime import local
from massagerx.lib.locks import lock_names

from .corrections import Band
from .learning import Drive, Lesson, lesson
from .model import LONGEST_MINUTES
from .models import Days, DriveCorrection, DriveRules, ObservedDrive
from .rows import Known, ask_for_rows, known_now
from .table import read_drives

# Roads change: older drives say little of today's. They are deleted a good year later, so that a year can be looked at.
LEARN_FROM = timedelta(days=180)

# The bands that drives are laid together in: minutes of the day from and until, on weekdays and on the weekend.
_WEEKDAY_HOURS = ((0, 7), (7, 10), (10, 15), (15, 19), (19, 24))
_WEEKEND_HOURS = ((0, 10), (10, 19), (19, 24))


def record_drive(
    *, origin: ServiceArea, destination: ServiceArea, left_at: datetime, arrived_at: datetime
) -> ObservedDrive | None:
    """Keeps what one drive took, between two aware instants. None, and nothing kept, when it has no plan to be held
    against, or when the two instants are no drive's: turned around, or more than five hours apart."""
    took = arrived_at - left_at
    if not timedelta(0) <= took <= timedelta(minutes=LONGEST_MINUTES):
        return None
    planned = read_drives()(_place(origin), _place(destination), left_at)
    if planned is None:
        return None
    return ObservedDrive.objects.create(
        origin=origin,
        destination=destination,
        left_at=left_at,
        arrived_at=arrived_at,
        planned_minutes=planned,
    )


def forget_drive(*, left_at: datetime, arrived_at: datetime) -> None:
    """Takes back what `record_drive` kept between these instants: nobody arrived then."""
    ObservedDrive.objects.filter(left_at=left_at, arrived_at=arrived_at).delete()


def purge_drives(*, now: datetime) -> int:
    """Deletes drives that were driven too long ago to be looked at; returns how many."""
    return delete_in_batches(ObservedDrive.objects.filter(left_at__lt=now - DRIVES_KEPT))


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What drives from one zone to another in a band say of the plan; `minutes` is the typical time that the owner's
    word would be then."""

    origin: Zone
    destination: Zone
    band: Band
    lesson: Lesson
    minutes: int

    @property
    def hours(self) -> str:
        """The band in words."""
        return band_words(self.band)

    @property
    def key(self) -> str:
        """Names the suggestion in a form."""
        return (
            f"{self.origin.pk}-{self.destination.pk}-{self.band.weekend:d}-{self.band.start}-{self.minutes}"
        )


def suggestions(*, now: datetime) -> list[Suggestion]:
    """What the drives of the last half year say, the clearest first; nine queries at most."""
    observed = ObservedDrive.objects.filter(left_at__gt=now - LEARN_FROM)
    rows = list(observed.select_related("origin", "destination"))
    if not rows:
        return []
    known = known_now()
    rules, table = known.rules, read_drives()
    drives: dict[tuple[int, int, Band], list[Drive]] = defaultdict(list)
    for row in rows:
        # Against what would be planned today: a word that was taken since is not learned twice.
        planned = table(_place(row.origin), _place(row.destination), row.left_at)
        if planned is not None:
            drives[row.origin.zone_id, row.destination.zone_id, band_of(row.left_at)].append(
                Drive(planned, row.minutes)
            )
    zones = Zone.objects.in_bulk()
    found = []
    for (origin, destination, band), driven in drives.items():
        learned = lesson(driven, care=rules.care_percent, terminal=rules.terminal_minutes)
        minutes = _typical(known, origin, destination, band, learned) if learned is not None else None
        if learned is not None and minutes is not None:
            found.append(Suggestion(zones[origin], zones[destination], band, learned, minutes))
    return sorted(found, key=lambda row: -abs(row.lesson.use - row.lesson.planned))


def _typical(known: Known, origin: int, destination: int, band: Band, learned: Lesson) -> int | None:
    """The typical time that makes the plan what drives say; None when the model's bounds are reached already."""
    terminal = known.rules.terminal_minutes
    model = known.scale_of(origin, destination, band, terminal)
    if model is None:
        return None
    now = next(
        (
            scale.ratio
            for scale in known.basis().scales
            if (scale.origin_zone, scale.destination_zone, scale.band)
            == (str(origin), str(destination), band)
        ),
        1.0,
    )
    typical = round(terminal + model.reference_minutes * now * learned.factor)
    typical = max(1, min(int(LONGEST_MINUTES), typical))
    then = known.scale_of(origin, destination, band, typical)
    is_a_step = then is not None and (
        then.ratio > now * 1.01 if learned.is_longer else then.ratio < now * 0.99
    )
    return typical if is_a_step else None


def take(suggestion: Suggestion) -> DriveCorrection:
    """Makes the suggestion the owner's word. Inside a transaction."""
    lock_names("drives: words")
    row, _created = DriveCorrection.objects.update_or_create(
        origin=suggestion.origin,
        destination=suggestion.destination,
        days=Days.WEEKEND if suggestion.band.weekend else Days.WEEKDAYS,
        starts_at=_clock(suggestion.band.start),
        defaults={
            "ends_at": _clock(suggestion.band.end),
            "minutes": suggestion.minutes,
            "both_ways": False,
        },
    )
    ask_for_rows()
    return row


def lengthen(*, now: datetime) -> list[DriveCorrection]:
    """Takes every suggestion that plans longer, when the owner says so; never one that plans shorter. Inside a
    transaction."""
    if not DriveRules.load().lengthen_by_itself:
        return []
    return [take(found) for found in suggestions(now=now) if found.lesson.is_longer]


def band_words(band: Band) -> str:
    """Its days and hours, such as `Weekdays, 07:00–10:00`."""
    days = Days.WEEKEND if band.weekend else Days.WEEKDAYS
    return f"{days.label}, {_clock(band.start):%H:%M}–{_clock(band.end):%H:%M}"


def _clock(minute: int) -> time:
    return time(minute // 60 % 24, minute % 60)


def band_of(left_at: datetime) -> Band:
    """The hours of which drives are laid together, for who leaves at that instant."""
    at = local(left_at)
    weekend = at.weekday() >= 5
    hours = _WEEKEND_HOURS if weekend else _WEEKDAY_HOURS
    start, end = next(span for span in hours if at.hour < span[1])
    return Band(weekend=weekend, start=start * 60, end=end * 60)


def _place(row: ServiceArea) -> Place:
    return Place(row.zip_code, str(row.zone_id), row.latitude, row.longitude)
