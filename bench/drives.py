"""Prints the model of drives beside what a map says of typical drives in Los Angeles: python3 bench/drives.py

Every number comes from `tests/bookings/drives/typical_drives.csv` and the pure model at the default care; no database.
The pairs marked 'held back' were written down before the model's figures were set, and took no part in setting them.
"""

import csv
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bookings.drives.estimates import QUICK, Basis  # noqa: E402
from bookings.drives.model import Site, miles_between  # noqa: E402
from bookings.drives.sizes import radius_miles  # noqa: E402
from bookings.drives.traffic import Profile  # noqa: E402
from bookings.drives.week import step_number  # noqa: E402
from massagerx.lib.zips import centroid  # noqa: E402

PAIRS = ROOT / "tests" / "bookings" / "drives" / "typical_drives.csv"


def site(zip_code: str) -> Site:
    """The ZIP code's centroid and size."""
    found = centroid(zip_code)
    assert found is not None
    point = found.latitude, found.longitude
    return Site(*point, radius_miles(point, zip_code), zip_code=zip_code)


def main() -> int:
    """Returns 1 when less than 95 % are inside, or one is below its range by more than 2 minutes."""
    basis = Basis()
    inside: dict[str, list[bool]] = {}
    too_short = 0
    with PAIRS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    print("               day       at     miles   map       model  half of all  the quickest fifth")
    for row in rows:
        origin, destination = site(row["origin"]), site(row["destination"])
        hour, minute = map(int, row["leaving_at"].split(":"))
        step = step_number(Profile(row["day"]), hour * 60 + minute)
        careful, even, quick = (
            basis.answers(origin, destination, care=care)[step] for care in (None, 50, QUICK)
        )
        low, high = int(row["low"]), int(row["high"])
        inside.setdefault(row["set"], []).append(low <= careful <= high)
        too_short += careful < low - 2
        miles = miles_between(origin.point, destination.point)
        print(
            f"{row['origin']} → {row['destination']}  {row['day']:9} {row['leaving_at']}  {miles:5.1f}   "
            f"{low:3}–{high:<3}   {careful:4}   {even:4}        {quick:4}"
            + ("" if low <= careful <= high else "   outside")
        )
    for name, found in inside.items():
        print(f"{name}: {sum(found)} of {len(found)} inside")
    print(f"shorter than a map says by more than 2 minutes: {too_short}")
    every = [hit for found in inside.values() for hit in found]
    return 0 if not too_short and sum(every) >= 0.95 * len(every) else 1


if __name__ == "__main__":
    raise SystemExit(main())
