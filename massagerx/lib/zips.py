"""ZIP codes and their centroids, offline. Source: the `zipcodes` package's table."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

# With the state in front or the four more digits behind, which a text program may have joined by another dash.
_ZIP = re.compile(
    r"(?:(?:CA|California)[,.]?\s*)?([0-9]{5})(?:\s?[-\s\u2010-\u2015\u2212]\s?[0-9]{4})?", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class ZipCentroid:
    """`latitude` and `longitude` in degrees, WGS 84. `is_standard` is false for PO boxes and single firms."""

    zip_code: str
    city: str
    state: str
    latitude: float
    longitude: float
    is_standard: bool


def read_zip(text: str) -> str | None:
    """The five digits of a ZIP code as people type it, also of a ZIP+4; None for anything else."""
    match = _ZIP.fullmatch(text)
    return match[1] if match is not None else None


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
