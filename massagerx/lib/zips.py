"""ZIP codes and their centroids, offline. Source: the `zipcodes` package's table."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any


@dataclass(frozen=True, slots=True)
class ZipCentroid:
    """`latitude` and `longitude` in degrees, WGS 84. `is_standard` is false for PO boxes and single firms."""

    zip_code: str
    city: str
    state: str
    latitude: float
    longitude: float
    is_standard: bool


@lru_cache(maxsize=4096)
def centroid(zip_code: str) -> ZipCentroid | None:
    """The row of a five-digit ZIP code, or None when there is no such code."""
    # Imported here: it loads a 9 MB table, which only a miss of our own tables needs.
    import zipcodes

    if len(zip_code) != 5 or not (zip_code.isascii() and zip_code.isdigit()):
        return None
    for row in zipcodes.matching(zip_code):  # type: ignore[no-untyped-call]
        return _centroid(row)
    return None


@lru_cache(maxsize=4)
def standard_zips(state: str) -> tuple[ZipCentroid, ...]:
    """All ZIP codes of a state that have homes."""
    import zipcodes  # as above

    found = map(_centroid, zipcodes.filter_by(state=state))  # type: ignore[no-untyped-call]
    return tuple(row for row in found if row.is_standard)


def _centroid(row: dict[str, Any]) -> ZipCentroid:
    return ZipCentroid(
        zip_code=row["zip_code"],
        city=row["city"],
        state=row["state"],
        latitude=float(row["lat"]),
        longitude=float(row["long"]),
        is_standard=bool(row["active"]) and row["zip_code_type"] == "STANDARD",
    )
