"""Makes the rows of drives from all that is known: in the background, whenever any of it has changed.

`refresh` asks the routing server for what it has not told yet, outside of any transaction, and then puts a new edition
of all rows in the place of the old one. Whoever reads sees one or the other, whole.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product
from types import MappingProxyType
from typing import Any, TypeVar

from django.conf import settings
from django.db import transaction

from bookings.integrations import routing
from bookings.models import ServiceArea
from massagerx.lib.locks import lock_names

from .corrections import Band, Fixed, Scale, scale_for
from .estimates import QUICK, Basis, server_is_doubtful
from .model import Site, Way, way_between
from .models import DriveCorrection, DriveEdition, DriveEstimate, DriveRules, FixedDrive, OwnersWord, RoadTime
from .sizes import radius_miles
from .table import DriveTable
from .traffic import Profile
from .week import HalfHours

# A server's figures are asked for again after a week: roads change slowly, and an outage must not take them away.
ASK_AGAIN_AFTER = timedelta(days=7)
NOTHING: Mapping[str, float] = MappingProxyType({})

W = TypeVar("W", bound=OwnersWord)

_wake_worker: Callable[[], None] | None = None


def set_wake_worker(wake_worker: Callable[[], None] | None) -> None:
    """What tells a worker to `refresh`. It must neither block nor fail."""
    global _wake_worker
    _wake_worker = wake_worker


def ask_for_rows() -> None:
    """To be called where something changes that rows are made from: after the commit a worker is told. A lost word
    costs a minute: `refresh` is also called by the clock."""
    transaction.on_commit(lambda: _wake_worker() if _wake_worker is not None else None)


@dataclass(frozen=True)
class Known:
    """All that rows are made from, read once."""

    rules: DriveRules
    sites: tuple[Site, ...]
    corrections: tuple[DriveCorrection, ...]
    fixed: tuple[FixedDrive, ...]
    road_times: dict[tuple[str, str], float]

    def basis(self) -> Basis:
        """What the model needs of it."""
        return Basis(
            terminal=self.rules.terminal_minutes,
            care=self.rules.care_percent,
            scales=tuple(
                scale
                for origin, destination, row in said_of(self.corrections, "origin_id", "destination_id")
                if (scale := self.scale_of(origin, destination, row.band, row.minutes)) is not None
            ),
            fixed=tuple(
                Fixed(origin.zip_code, destination.zip_code, row.band, row.minutes)
                for origin, destination, row in said_of(self.fixed, "origin", "destination")
            ),
            server=self.road_times,
        )

    def scale_of(self, origin: int, destination: int, band: Band, minutes: float) -> Scale | None:
        """What a typical time between two zones, by their keys, means for the ways between them; None when there are
        no two places."""
        return scale_for(
            (str(origin), str(destination)),
            band,
            minutes,
            ways=[way for _pair, way in self.ways(origin, destination)],
            terminal=self.rules.terminal_minutes,
        )

    def ways(self, origin: int, destination: int) -> list[tuple[tuple[Site, Site], Way]]:
        """Every way from one zone to another, between two ZIP codes, at the server's pace where it is known."""
        plain = Basis(server=self.road_times)
        return [
            ((a, b), plain.way(a, b))
            for a, b in product(
                (site for site in self.sites if site.zone == str(origin)),
                (site for site in self.sites if site.zone == str(destination)),
            )
            if a.zip_code != b.zip_code
        ]

    def digest(self) -> str:
        """Another one whenever rows would come out differently."""
        basis = self.basis().as_json()
        facts = [basis, [_as_list(site) for site in self.sites], sorted(self.road_times.items())]
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()

    def as_text(self) -> str:
        """The basis as an edition keeps it."""
        radii = {site.zip_code: site.radius_miles for site in self.sites}
        return json.dumps({**self.basis().as_json(), "radii": radii})


def said_of(rows: Sequence[W], origin: str, destination: str) -> Iterator[tuple[Any, Any, W]]:
    """Each direction of which `rows` speak, by the names of their two ends. What is said of a direction itself comes
    before what is said of the way back."""
    spoken = {(getattr(row, origin), getattr(row, destination), row.band) for row in rows}
    for row in rows:
        start, end = getattr(row, origin), getattr(row, destination)
        yield start, end, row
        if row.both_ways and (end, start, row.band) not in spoken:
            yield end, start, row


def _as_list(site: Site) -> list[Any]:
    return [site.zip_code, site.zone, site.latitude, site.longitude, site.radius_miles]


def read_known(*, radii: Mapping[str, float] = NOTHING) -> Known:
    """All that rows are made from; five queries. `radii` are the sizes of ZIP codes where they are known already."""
    return Known(
        rules=DriveRules.load(),
        sites=tuple(read_sites(radii)),
        corrections=tuple(DriveCorrection.objects.order_by("pk")),
        fixed=tuple(FixedDrive.objects.select_related("origin", "destination").order_by("pk")),
        road_times={
            (row.origin, row.destination): row.seconds / 60
            for row in RoadTime.objects.exclude(seconds=None).exclude(is_doubtful=True)
            if row.seconds is not None and row.origin != row.destination and settings.ROUTING_URL
        },
    )


def read_sites(radii: Mapping[str, float] = NOTHING) -> list[Site]:
    """All places with coordinates, served or not: visits stand in some that no longer are."""
    places = ServiceArea.objects.exclude(latitude=None).exclude(longitude=None).order_by("zip_code")
    return [_site(place, point, radii) for place in places if (point := place.point) is not None]


def _site(place: ServiceArea, point: tuple[float, float], radii: Mapping[str, float]) -> Site:
    radius = radii.get(place.zip_code) or radius_miles(point, place.zip_code)
    return Site(*point, radius, place.zip_code, str(place.zone_id))


def drives_as_known() -> DriveTable:
    """Drives from what is in the tables now, changes of the open transaction included, without any rows: for asking
    what a change would do. Six queries."""
    return table_of(known_now())


def known_now() -> Known:
    """All that is known, with the sizes of ZIP codes as the last edition kept them: working them out takes seconds."""
    stored = DriveEdition.objects.values_list("basis", flat=True).first()
    return read_known(radii=json.loads(stored)["radii"] if stored else NOTHING)


def table_of(known: Known) -> DriveTable:
    """The drives of a basis, worked out one by one when they are asked for."""
    return DriveTable(
        known.basis(),
        zone=settings.TIME_ZONE,
        radii={site.zip_code: site.radius_miles for site in known.sites},
    )


def refresh(*, now: datetime) -> bool:
    """Makes the rows anew if anything has changed since they were made; returns whether it did. Calls the routing
    server for pairs that it has not told, or not lately."""
    ask_server(now=now)
    with transaction.atomic():
        lock_names("drives: rows")
        known = read_known()
        digest = known.digest()
        if DriveEdition.objects.filter(made_from=digest).exists():
            return False
        basis = known.basis()
        DriveEstimate.objects.all().delete()
        DriveEdition.objects.all().delete()
        edition = DriveEdition.objects.create(
            key=secrets.randbits(62) + 1, made_at=now, made_from=digest, basis=known.as_text()
        )
        DriveEstimate.objects.bulk_create(
            (
                DriveEstimate(
                    edition=edition,
                    origin=origin.zip_code,
                    destination=destination.zip_code,
                    profile=profile.value,
                    careful=_text(careful, profile),
                    quick=_text(quick, profile),
                )
                for origin, destination in product(known.sites, repeat=2)
                if (careful := basis.half_hours(origin, destination)) is not None
                and (quick := basis.half_hours(origin, destination, care=QUICK)) is not None
                for profile in Profile
            ),
            batch_size=2000,
        )
    return True


def _text(half_hours: HalfHours, profile: Profile) -> str:
    return " ".join(map(str, half_hours[profile]))


def asked_of(origin: Site, destination: Site) -> str:
    """Which server a figure is from, and between which points: when either changes, it is asked for again."""
    facts = f"{settings.ROUTING_URL} {origin.point} {destination.point}"
    return hashlib.sha256(facts.encode()).hexdigest()[:16]


def ask_server(*, now: datetime) -> int:
    """Asks the routing server, if there is one, for the pairs that it has not told lately; returns how many it told.

    What it tells is held against the model: a figure three times off, either way, is marked and not used.
    """
    if not settings.ROUTING_URL:
        return 0
    sites = read_sites()
    fresh = {
        (row.origin, row.destination): row.asked_of
        for row in RoadTime.objects.filter(asked_at__gt=now - ASK_AGAIN_AFTER)
    }
    told = 0
    half = routing.TABLE_POINTS // 2
    blocks = [sites[first : first + half] for first in range(0, len(sites), half)]
    for origins, destinations in product(blocks, repeat=2):
        if all(fresh.get((a.zip_code, b.zip_code)) == asked_of(a, b) for a in origins for b in destinations):
            continue
        try:
            answer = routing.table([site.point for site in origins], [site.point for site in destinations])
        except routing.Unusable as error:
            # What it has told before stays in use; the next round asks again.
            routing.logger.warning("The routing server can't be used (%s).", error)
            break
        told += _keep(origins, destinations, answer, now)
    return told


def _keep(
    origins: Sequence[Site], destinations: Sequence[Site], answer: list[list[float | None]], now: datetime
) -> int:
    rows = [
        RoadTime(
            origin=origin.zip_code,
            destination=destination.zip_code,
            seconds=seconds,
            asked_at=now,
            asked_of=asked_of(origin, destination),
            is_doubtful=seconds is not None
            # Within a ZIP code a server knows one point, and so no way.
            and origin != destination
            and server_is_doubtful(seconds / 60, way_between(origin, destination)),
        )
        for origin, line in zip(origins, answer, strict=True)
        for destination, seconds in zip(destinations, line, strict=True)
    ]
    RoadTime.objects.bulk_create(
        rows,
        batch_size=2000,
        update_conflicts=True,
        unique_fields=["origin", "destination"],
        update_fields=["seconds", "asked_at", "asked_of", "is_doubtful"],
    )
    return len(rows)
