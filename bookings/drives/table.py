"""Drive times as the availability engine asks for them: read from the stored rows in one query.

A process keeps the rows that it has read, and each query says which it has: then only their edition's name comes back.
So whoever shows a time and whoever decides about it, under the lock, look at the same rows. A place that no row knows
yet is estimated by the model on the same basis; one without coordinates is unknown.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import BigIntegerField, CharField, F, Q, Value

from bookings.availability import Place, WeekBands
from bookings.availability.travel import Remembered
from massagerx.lib import reference_data
from massagerx.lib.compiled_query import CompiledQuery

from .estimates import QUICK, Basis
from .model import RADIUS_MILES, Site
from .models import DriveEdition, DriveEstimate
from .traffic import PROFILES, Profile
from .week import STEP_MINUTES, STEPS_PER_DAY, HalfHours, Minutes, answers, only_fixed, step_number

Pair = tuple[str, str]


class Row(NamedTuple):
    """The half hours of one kind of day, as stored."""

    careful: str
    quick: str


Rows = dict[Pair, dict[str, Row]]


@cache
def week_bands(zone: str) -> WeekBands:
    """Drives change every five minutes, alike on all weekdays."""
    return WeekBands(
        ZoneInfo(zone),
        tuple(
            tuple(
                (step * STEP_MINUTES, step_number(profile, step * STEP_MINUTES))
                for step in range(STEPS_PER_DAY)
            )
            for profile in PROFILES
        ),
    )


class DriveTable:
    """All drives of one edition, or of a basis without rows. A `DriveTime` for the engine; shared by threads, since
    what it remembers can only be worked out again, to the same answer."""

    same_for_all_addresses = True

    def __init__(
        self,
        basis: Basis,
        *,
        zone: str,
        rows: Mapping[Pair, Mapping[str, Row]] | None = None,
        radii: Mapping[str, float] | None = None,
    ) -> None:
        self.basis = basis
        self.week_bands = week_bands(zone)
        self.remembered = Remembered()
        self._zone = ZoneInfo(zone)
        self._rows = rows or {}
        self._radii = radii or {}
        self._answers: dict[tuple[object, object, bool], Minutes | None] = {}

    def __call__(self, origin: Place, destination: Place, departing_at: datetime) -> int | None:
        """Minutes from `origin` to `destination` for who leaves at `departing_at` (aware); 0 at the same address."""
        if origin.same_address(destination):
            return 0
        told = self.by_band(origin, destination)
        return told[self._step(departing_at)] if told is not None else None

    def quick(self, origin: Place, destination: Place, departing_at: datetime) -> int | None:
        """The lower end of the spread: what one drive in five takes no longer than."""
        if origin.same_address(destination):
            return 0
        told = self._told(origin, destination, quick=True)
        return told[self._step(departing_at)] if told is not None else None

    def by_band(self, origin: Place, destination: Place) -> Minutes | None:
        """The minutes of each of `week_bands`, between two doors; None when nobody knows."""
        return self._told(origin, destination, quick=False)

    def _step(self, departing_at: datetime) -> int:
        local = departing_at.astimezone(self._zone)
        return step_number(PROFILES[local.weekday()], local.hour * 60 + local.minute)

    def _told(self, origin: Place, destination: Place, *, quick: bool) -> Minutes | None:
        key = _area(origin), _area(destination), quick
        if key not in self._answers:
            self._answers[key] = self._work_out(origin, destination, quick)
        return self._answers[key]

    def _work_out(self, origin: Place, destination: Place, quick: bool) -> Minutes | None:
        fixed = self.basis.fixed_steps(origin.zip_code, destination.zip_code)
        half_hours = self._half_hours(origin, destination, quick)
        # Where only the owner knows, a moment of which nobody speaks is unknown.
        return only_fixed(fixed) if half_hours is None else answers(half_hours, fixed)

    def _half_hours(self, origin: Place, destination: Place, quick: bool) -> HalfHours | None:
        row = self._rows.get((origin.zip_code, destination.zip_code))
        if row is not None:
            texts = {profile: row[profile].quick if quick else row[profile].careful for profile in Profile}
            return {profile: [int(part) for part in text.split()] for profile, text in texts.items()}
        start, goal = self._site(origin), self._site(destination)
        if start is None or goal is None:
            return None
        return self.basis.half_hours(start, goal, care=QUICK if quick else None)

    def _site(self, place: Place) -> Site | None:
        if place.latitude is None or place.longitude is None:
            return None
        return Site(
            place.latitude,
            place.longitude,
            self._radii.get(place.zip_code, RADIUS_MILES),
            zip_code=place.zip_code,
            zone=place.zone or "",
        )


def _area(place: Place) -> object:
    return place.zip_code, place.zone, place.latitude, place.longitude


_NO_TEXT = Value("", output_field=CharField())
_ROWS = CompiledQuery(
    lambda parameter: (
        DriveEdition.objects.order_by()
        .values_list("key", "basis", _NO_TEXT, _NO_TEXT, _NO_TEXT, _NO_TEXT)
        .union(
            DriveEstimate.objects.order_by()
            # Of the one that is known an index says that there are no others; `<>` would read them all.
            .filter(
                Q(edition__lt=parameter("known", BigIntegerField()))
                | Q(edition__gt=parameter("known", BigIntegerField()))
            )
            .values_list(F("edition_id"), "profile", "origin", "destination", "careful", "quick"),
            all=True,
        )
    )
)
# The edition read last, its table, and of which revision of the reference data it was last known to be; 0 is none.
_last: tuple[int, DriveTable, str | None] | None = None


def read_drives() -> DriveTable:
    """The drives as they are stored now; one query, or none where nothing was stored since the last."""
    global _last
    last = _last  # another thread may put a newer one there meanwhile
    revision = reference_data.known_revision()
    if last is not None and revision is not None and last[2] == revision:
        return last[1]
    known = last[0] if last is not None else 0
    key, basis, rows = 0, "", Rows()
    for edition, text, origin, destination, careful, quick in _ROWS.rows(known=known):
        if origin:
            rows.setdefault((origin, destination), {})[text] = Row(careful, quick)
        else:
            key, basis = edition, text
    if last is not None and key == known:
        table, revision = last[1], revision or last[2]
    else:
        table = stored_table(basis, rows) if basis else DriveTable(Basis(), zone=settings.TIME_ZONE)
    _last = key, table, revision
    return table


def stored_table(basis: str, rows: Rows) -> DriveTable:
    """The table of an edition's `basis` and its rows."""
    stored = json.loads(basis)
    return DriveTable(Basis.from_json(stored), zone=settings.TIME_ZONE, rows=rows, radii=stored["radii"])
