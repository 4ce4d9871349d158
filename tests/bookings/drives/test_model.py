"""The model of drives against what a map says, and what must hold for every pair at every moment."""

import csv
from itertools import pairwise, product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bookings.drives.corrections import Band, Fixed, scale_for
from bookings.drives.estimates import Basis, server_is_doubtful
from bookings.drives.model import FLOOR_MPH, Site, miles_between, road_minutes, way_between
from bookings.drives.traffic import PROFILES, WEEK, Profile
from bookings.drives.week import STEP_MINUTES, STEPS_PER_DAY, answers, step_number
from massagerx.lib.content_files import read_toml
from massagerx.lib.zips import centroid

ROOT = Path(__file__).resolve().parents[3]
TYPICAL = list(
    csv.DictReader((Path(__file__).parent / "typical_drives.csv").open(encoding="utf-8", newline=""))
)
SITES = {
    code: Site(latitude, longitude, zip_code=code, zone=row["name"])
    for row in read_toml(ROOT / "bookings" / "sample_data" / "area.toml")["zones"]
    for code, _city, latitude, longitude in row["zips"]
}
# Los Angeles and its neighbors.
sites = st.builds(
    Site,
    latitude=st.floats(33.7, 34.35),
    longitude=st.floats(-118.7, -118.0),
    radius_miles=st.floats(0.2, 3),
    zip_code=st.sampled_from(["90001", "90002", "90003"]),
    zone=st.sampled_from(["1", "2"]),
)
cares = st.integers(50, 95)


@st.composite
def bands(draw: st.DrawFn) -> Band:
    start = draw(st.integers(0, 46)) * 30
    return Band(draw(st.booleans()), start, draw(st.integers(start // 30 + 1, 48)) * 30)


@st.composite
def bases(draw: st.DrawFn) -> Basis:
    scales = []
    for origin, destination in draw(
        st.lists(st.sampled_from([("1", "1"), ("1", "2"), ("2", "1")]), unique=True)
    ):
        ways = [way_between(a, b) for a, b in draw(st.lists(st.tuples(sites, sites), min_size=1, max_size=4))]
        minutes = draw(st.integers(1, 200))
        found = scale_for((origin, destination), draw(bands()), minutes, ways=ways, terminal=4)
        assert found is not None
        scales.append(found)
    return Basis(terminal=draw(st.integers(0, 15)), care=draw(cares), scales=tuple(scales))


def week_of(profiles: tuple[Profile, ...], told: tuple[int, ...]) -> list[int]:
    """The answers of consecutive days, step by step."""
    return [told[step_number(profile, minute)] for profile in profiles for minute in range(0, 24 * 60, 5)]


@pytest.mark.parametrize("kind", ["given", "calibrated", "held back"])
def test_model_agrees_with_typical_drives(kind: str) -> None:
    rows = [row for row in TYPICAL if row["set"] == kind]
    assert len(rows) >= 26
    outside, too_short = [], []
    for row in rows:
        found = [centroid(row[end]) for end in ("origin", "destination")]
        origin, destination = (Site(place.latitude, place.longitude) for place in found)
        hour, minute = map(int, row["leaving_at"].split(":"))
        minutes = Basis().answers(origin, destination)[step_number(Profile(row["day"]), hour * 60 + minute)]
        if not int(row["low"]) <= minutes <= int(row["high"]):
            outside.append((row, minutes))
        if minutes < int(row["low"]) - 2:
            too_short.append((row, minutes))
    assert not too_short
    assert len(outside) <= {"given": 0, "held back": 0}.get(kind, 0.06 * len(rows)), outside


def test_no_pair_of_the_service_area_is_too_quick_or_too_slow() -> None:
    basis = Basis()
    for origin, destination in product(SITES.values(), repeat=2):
        miles = miles_between(origin.point, destination.point)
        told = basis.answers(origin, destination)
        assert min(told) >= basis.terminal + miles / FLOOR_MPH * 60
        if miles <= 2:
            assert max(told) <= 25


@given(sites, sites, bases())
@settings(max_examples=200, deadline=None)
def test_leaving_later_never_arrives_earlier(origin: Site, destination: Site, basis: Basis) -> None:
    told = week_of((*PROFILES, Profile.WEEKDAY), basis.answers(origin, destination))

    assert all(later >= earlier - 1 for earlier, later in pairwise(told))


@given(sites, sites, bases())
@settings(max_examples=200, deadline=None)
def test_no_drive_is_under_the_floor_or_over_the_cap(origin: Site, destination: Site, basis: Basis) -> None:
    miles = miles_between(origin.point, destination.point)
    told = basis.answers(origin, destination)

    assert min(told) >= basis.terminal + miles / 45 * 60
    assert max(told) <= (25 if miles <= 2 else 300)


@given(sites, st.floats(0, 359), st.floats(0.01, 0.4), st.floats(0.01, 0.4), cares)
@settings(max_examples=200, deadline=None)
def test_further_is_never_sooner(origin: Site, bearing: float, near: float, far: float, care: int) -> None:
    """On a straight road out, with the pull of work left out of it."""
    near, far = sorted((near, far))
    east = Site(origin.latitude, origin.longitude + near, origin.radius_miles)
    further = Site(origin.latitude, origin.longitude + far, origin.radius_miles)
    ways = [way_between(origin, place) for place in (east, further)]
    assert ways[0].empty_minutes <= ways[1].empty_minutes
    for profile in Profile:
        plain = [
            type(way)(way.straight_miles, way.street_minutes, way.freeway_minutes, 0.0, 0.0) for way in ways
        ]
        first, second = (road_minutes(way, profile, care) for way in plain)
        assert all(a <= b for a, b in zip(first, second, strict=True))


@given(sites, sites)
@settings(max_examples=200, deadline=None)
def test_a_way_back_is_alike(origin: Site, destination: Site) -> None:
    there, back = Basis().answers(origin, destination), Basis().answers(destination, origin)

    assert all(abs(a - b) <= max(3, 0.45 * max(a, b)) for a, b in zip(there, back, strict=True))
    # Over the whole week no direction is the slow one.
    assert abs(sum(there) - sum(back)) <= 0.03 * max(sum(there), sum(back))


@given(sites, sites, cares, cares)
@settings(max_examples=200, deadline=None)
def test_more_care_is_never_less_time(origin: Site, destination: Site, care: int, other: int) -> None:
    care, other = sorted((care, other))
    some, more = (Basis().answers(origin, destination, care=level) for level in (care, other))

    assert all(a <= b for a, b in zip(some, more, strict=True))


def test_peaks_lead_to_work_in_the_morning_and_away_from_it_in_the_evening() -> None:
    valley, westside = SITES["91403"], SITES["90024"]
    there, back = Basis().answers(valley, westside), Basis().answers(westside, valley)
    morning, evening = step_number(Profile.WEEKDAY, 8 * 60), step_number(Profile.WEEKDAY, 17 * 60 + 30)

    assert there[morning] > back[morning]
    assert there[evening] < back[evening]


def test_within_a_zip_code_its_size_is_the_way() -> None:
    noon = step_number(Profile.WEEKDAY, 12 * 60)
    small, large = (Site(34.07, -118.3, radius) for radius in (0.4, 2.5))

    assert Basis().answers(small, small)[noon] < 10
    assert 12 <= Basis().answers(large, large)[noon] <= 20


def test_all_days_meet_at_midnight() -> None:
    assert len({WEEK[profile].freeway[0] for profile in Profile}) == 1
    assert len({WEEK[profile].street[0] for profile in Profile}) == 1


def test_steps_follow_the_half_hours_and_never_promise_more_than_they_keep() -> None:
    knots = {profile: [20] * 48 for profile in Profile}
    knots[Profile.WEEKDAY][20] = 32
    told = answers(knots)
    at = step_number(Profile.WEEKDAY, 10 * 60)

    assert told[at - 7 : at + 1] == (20, 22, 24, 26, 28, 30, 32, 32)
    # Down again by a minute each five, not by two.
    assert told[at + 1 : at + 14] == (31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 20)
    assert len(told) == 3 * STEPS_PER_DAY
    assert STEP_MINUTES * STEPS_PER_DAY == 24 * 60


def test_a_longer_midnight_is_carried_into_the_next_day() -> None:
    knots = {profile: [10] * 48 for profile in Profile}
    knots[Profile.SATURDAY][47] = 40
    told = answers(knots)

    assert told[step_number(Profile.SATURDAY, 23 * 60 + 55)] == 35
    assert told[step_number(Profile.SUNDAY, 0)] == 34
    assert told[step_number(Profile.SUNDAY, 125)] == 10
    assert told[step_number(Profile.WEEKDAY, 0)] == 10


def test_a_fixed_pair_is_exact_and_what_follows_leads_out_of_it() -> None:
    fixed = (Fixed("90401", "90024", Band(weekend=False, start=16 * 60, end=19 * 60), 55),)
    there = Basis(fixed=fixed).answers(SITES["90401"], SITES["90024"])
    plain = Basis().answers(SITES["90401"], SITES["90024"])

    first, last = step_number(Profile.WEEKDAY, 16 * 60), step_number(Profile.WEEKDAY, 18 * 60 + 59)
    assert set(there[first : last + 1]) == {55}
    assert there[last + 1] == 54
    assert there[first - 1] == plain[first - 1]
    assert there[STEPS_PER_DAY:] == plain[STEPS_PER_DAY:]
    # Said of one direction.
    assert Basis(fixed=fixed).answers(SITES["90024"], SITES["90401"]) == Basis().answers(
        SITES["90024"], SITES["90401"]
    )


def test_a_server_sets_the_pace_unless_it_is_far_off() -> None:
    origin, destination = SITES["90266"], SITES["90210"]
    way = way_between(origin, destination)
    quick, slow, absurd = (way.empty_minutes * times for times in (0.8, 1.5, 3.1))
    pair = (origin.zip_code, destination.zip_code)
    plain = Basis().answers(origin, destination)

    assert sum(Basis(server={pair: quick}).answers(origin, destination)) < sum(plain)
    assert sum(Basis(server={pair: slow}).answers(origin, destination)) > sum(plain)
    assert Basis(server={pair: absurd}).answers(origin, destination) == plain
    assert server_is_doubtful(absurd, way)
    assert server_is_doubtful(way.empty_minutes / 3.1, way)
    assert not server_is_doubtful(way.empty_minutes / 2.9, way)


def test_care_is_a_percentile() -> None:
    with pytest.raises(ValueError, match="percentile"):
        road_minutes(way_between(SITES["90266"], SITES["90210"]), Profile.WEEKDAY, 100)
