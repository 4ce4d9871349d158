"""What the owner says of two zones corrects the model; it never makes all pairs of the zones alike."""

from itertools import pairwise, product
from statistics import median

from hypothesis import given, settings
from hypothesis import strategies as st

from bookings.drives.corrections import MOST_RATIO, Band, Fixed, Scale, scale_for, typical_road_minutes
from bookings.drives.estimates import Basis
from bookings.drives.model import Way, way_between
from bookings.drives.traffic import Profile
from bookings.drives.week import step_number

from .test_model import SITES, bands

AFTERNOON = Band(weekend=False, start=15 * 60, end=19 * 60)
WESTSIDE = [site for site in SITES.values() if site.zone == "Westside"]
VALLEY = [site for site in SITES.values() if site.zone == "Valley"]
WAYS = [way_between(a, b) for a, b in product(WESTSIDE, VALLEY)]
AT_FIVE = step_number(Profile.WEEKDAY, 17 * 60)


def said(minutes: int, band: Band = AFTERNOON, ways: list[Way] = WAYS) -> Scale:
    found = scale_for(("Westside", "Valley"), band, minutes, ways=ways, terminal=4)
    assert found is not None
    return found


def test_a_typical_time_is_what_the_middling_pair_takes() -> None:
    scale = said(60)
    corrected = [4 + typical_road_minutes(way, AFTERNOON) * scale.factor(way) for way in WAYS]

    assert 57 <= median(corrected) <= 63
    assert max(corrected) - min(corrected) > 30


def test_near_neighbors_take_up_less_of_it_than_far_ones() -> None:
    ways = sorted(WAYS, key=lambda way: way.empty_minutes)
    for minutes in (25, 70):
        scale = said(minutes)
        changes = [abs(scale.factor(way) - 1) for way in (ways[0], ways[len(ways) // 2], ways[-1])]
        assert changes == sorted(changes)
        assert changes[0] < changes[-1]


@given(bands(), st.integers(1, 300))
@settings(deadline=None, max_examples=30)
def test_corrections_are_bounded_and_keep_the_order(band: Band, minutes: int) -> None:
    scale = said(minutes, band)
    found = sorted((typical_road_minutes(way, band), scale.factor(way)) for way in WAYS)
    times = [minutes_before * factor for minutes_before, factor in found]

    assert all(1 / MOST_RATIO <= factor <= MOST_RATIO for _minutes_before, factor in found)
    assert all(nearer <= further + 0.5 for nearer, further in pairwise(times))


def test_it_speaks_in_its_band_and_for_its_zones_only() -> None:
    basis, plain = Basis(scales=(said(75),)), Basis()
    origin, destination = WESTSIDE[0], VALLEY[0]
    with_it, excluding_booking = basis.answers(origin, destination), plain.answers(origin, destination)

    assert with_it[AT_FIVE] > excluding_booking[AT_FIVE] + 10
    assert (
        with_it[step_number(Profile.WEEKDAY, 11 * 60)]
        == excluding_booking[step_number(Profile.WEEKDAY, 11 * 60)]
    )
    assert with_it[288:] == excluding_booking[288:]
    assert basis.answers(WESTSIDE[0], WESTSIDE[1]) == plain.answers(WESTSIDE[0], WESTSIDE[1])


def test_the_shorter_band_speaks() -> None:
    whole_day = said(30, Band(weekend=False, start=0, end=24 * 60))
    rush = said(75)
    for scales in ((whole_day, rush), (rush, whole_day)):
        told = Basis(scales=scales).answers(WESTSIDE[0], VALLEY[0])
        assert told[AT_FIVE] == Basis(scales=(rush,)).answers(WESTSIDE[0], VALLEY[0])[AT_FIVE]


def test_nothing_can_be_said_of_zones_without_a_way() -> None:
    assert scale_for(("1", "2"), AFTERNOON, 30, ways=[], terminal=4) is None


def test_a_basis_is_stored_and_read_back() -> None:
    basis = Basis(terminal=6, care=90, scales=(said(50),), fixed=(Fixed("90401", "91403", AFTERNOON, 44),))

    assert Basis.from_json(basis.as_json()) == basis
