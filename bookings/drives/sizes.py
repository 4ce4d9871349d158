"""How large a ZIP code is, from how close its neighbors are."""

from functools import lru_cache
from statistics import fmean

from massagerx.lib.zips import standard_zips

from .model import Point, miles_between

# Three neighbors tell the spacing; discs at that spacing that cover the ground have this radius to it.
NEIGHBORS = 3
RADIUS_TO_SPACING = 0.525
SMALLEST, LARGEST = 0.3, 3.0


@lru_cache(maxsize=4096)
def radius_miles(point: Point, zip_code: str) -> float:
    """The radius of a disc as large as the ZIP code with its centroid there, in miles."""
    # A degree is 69 miles from south to north and 57 from west to east here: further ones are no neighbors.
    near = (
        row
        for row in standard_zips("CA")
        if row.zip_code != zip_code
        and abs(row.latitude - point[0]) < 0.15
        and abs(row.longitude - point[1]) < 0.15
    )
    # Centroids that coincide are one place with two codes.
    miles = sorted(
        distance for row in near if (distance := miles_between(point, (row.latitude, row.longitude))) > 0.1
    )
    if len(miles) < NEIGHBORS:
        return LARGEST
    return min(LARGEST, max(SMALLEST, RADIUS_TO_SPACING * fmean(miles[:NEIGHBORS])))
