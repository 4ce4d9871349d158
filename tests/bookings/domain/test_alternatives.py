"""Where there is no time: why, and what comes nearest."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bookings.domain import scheduling
from bookings.domain.alternatives import Alternatives, find_alternatives, like_last
from bookings.domain.scheduling import Start
from bookings.domain.visit_request import ANYONE, VisitRequest, load_treatment, load_visit_request
from bookings.models import Closure, ServiceArea, Therapist, TimeOff, WorkingHours
from tests.factories import DAY, NOW, World, at, busy_elsewhere

pytestmark = pytest.mark.django_db
ONE_DAY = timedelta(days=1)


def visit_request(world: World, preference: str = ANYONE, area: ServiceArea | None = None) -> VisitRequest:
    treatment = load_treatment(service_slug=world.service.slug, option_id=world.option.pk)
    return load_visit_request(
        treatment=treatment, area=area or world.area, preference=preference, today=NOW.date()
    )


def found(world: World, first: date = DAY, last: date | None = None, **changes: Any) -> Alternatives:
    chosen = changes.pop("visit_request", None) or visit_request(world, changes.pop("preference", ANYONE))
    return find_alternatives(
        visit_request=chosen, first_day=first, last_day=last or first, rules=world.rules, now=NOW, **changes
    )


def off(therapist: Therapist, first: date, last: date) -> TimeOff:
    return TimeOff.objects.create(
        therapist=therapist, starts_at=at(0, 0, first), ends_at=at(0, 0, last + ONE_DAY)
    )


def days(alternatives: Alternatives) -> list[date]:
    return [day for day, _starts in alternatives.nearest]


def test_nearest_are_the_open_days_around_with_the_times_around_the_hour(world: World) -> None:
    off(world.therapist, DAY, DAY)

    near = found(world, hour=time(14))

    assert near.reason == "time_off"
    # Sunday the 6th has no hours; Saturday and Wednesday are two days away, and there are three places.
    assert days(near) == [DAY - 2 * ONE_DAY, DAY + ONE_DAY, DAY + 2 * ONE_DAY]
    for day, starts in near.nearest:
        assert [start.starts_at for start in starts] == [at(13, 30, day), at(14, 0, day)]


def test_everything_offered_as_nearest_can_be_had(world: World) -> None:
    world.book(starts_at=at(12, 0, DAY + ONE_DAY))
    off(world.therapist, DAY, DAY)
    offer = scheduling.find_times_between(
        visit_request=visit_request(world),
        first_day=NOW.date(),
        last_day=DAY + 30 * ONE_DAY,
        rules=world.rules,
        now=NOW,
    )
    for day, starts in found(world).nearest:
        assert set(starts) <= set(offer.by_day[day])
    assert DAY not in offer.by_day


def test_month_without_times_is_answered_by_the_days_on_both_sides(world: World) -> None:
    world.rules.horizon_days = 90
    off(world.therapist, date(2027, 1, 1), date(2027, 1, 31))
    near = found(world, date(2027, 1, 1), date(2027, 1, 31))
    assert near.reason == "time_off"
    assert days(near) == [date(2026, 12, 30), date(2026, 12, 31), date(2027, 2, 1)]


def test_reason_of_a_month_is_not_that_of_its_days_off(world: World) -> None:
    """Two days of work a week, both full: the five others are no reason."""
    WorkingHours.objects.exclude(weekday__in=[0, 1]).delete()
    Therapist.objects.update(max_visits_per_day=0)
    assert found(world, date(2026, 12, 1), date(2026, 12, 31)).reason == "daily_limit"


@pytest.mark.parametrize(
    ("reason", "change"),
    [
        ("closed", lambda world: Closure.objects.create(date=DAY, name="Rain")),
        ("weekday", lambda world: WorkingHours.objects.filter(weekday=0).delete()),
        ("time_off", lambda world: off(world.therapist, DAY, DAY)),
        ("daily_limit", lambda world: Therapist.objects.update(max_visits_per_day=0)),
        ("reach", lambda world: Therapist.objects.update(home_zip=world.far_area, reach_minutes=1)),
    ],
)
def test_reason_of_a_day(reason: str, change: Any, world: World) -> None:
    change(world)
    assert found(world).reason == reason


def test_too_far_from_the_visits_of_that_day(world: World) -> None:
    busy_elsewhere(world)
    near = found(world, visit_request=visit_request(world, area=world.far_area))
    assert near.reason == "drive"
    assert DAY not in days(near)


def test_others_can_only_when_they_have_a_time_in_the_span(world: World) -> None:
    other = world.add_therapist()
    off(other, DAY, DAY + 60 * ONE_DAY)
    wish = f"therapist:{other.slug}"
    assert found(world, preference=wish) == Alternatives(
        "time_off", found(world, preference=wish).nearest, True
    )
    Closure.objects.create(date=DAY, name="Rain")
    near = found(world, preference=wish)
    assert (days(near), near.others_can) == ([date(2026, 12, 3), date(2026, 12, 4), date(2026, 12, 5)], False)
    # Those asked for have no time at all: that the others have one on some other day is worth a press.
    off(other, NOW.date(), DAY)
    near = found(world, preference=wish)
    assert (near.nearest, near.others_can) == ((), True)
    assert found(world).others_can is False


def test_nobody_qualified(world: World) -> None:
    assert find_alternatives(
        visit_request=None, first_day=DAY, last_day=DAY, rules=world.rules, now=NOW
    ) == Alternatives("no_therapist")


def test_three_queries_whatever_is_stored(world: World) -> None:
    for number in range(4):
        therapist = world.add_therapist(f"Sample Therapist {number}", gender="male")
        off(therapist, DAY, DAY)
        world.book(
            preference=f"therapist:{therapist.slug}", starts_at=at(12, 0, DAY + ONE_DAY),
            email=f"{number}@example.com", phone=f"+1213555010{number}",
        )  # fmt: skip
    chosen = visit_request(world, "gender:male")
    with CaptureQueriesContext(connection) as queries:
        near = found(world, visit_request=chosen)
    assert near.nearest
    assert len(queries) == 3
    assert near.others_can


def starts(*instants: Any) -> dict[date, tuple[Start, ...]]:
    by_day: dict[date, tuple[Start, ...]] = {}
    for instant in instants:
        day = instant.date()
        by_day[day] = (*by_day.get(day, ()), Start(instant, False, 1))
    return by_day


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        ([at(9), at(10), at(11)], at(10)),
        ([at(9, 30), at(10, 15)], at(10, 15)),
        # Of two as near the earlier; two hours are like it, more are not.
        ([at(9), at(11)], at(9)),
        ([at(12)], at(12)),
        ([at(12, 15)], None),
    ],
)
def test_nearest_to_the_usual_hour_is_like_last_time(hours: list[Any], expected: Any) -> None:
    before = at(10) - timedelta(days=7)
    found = like_last(starts(*hours), before, today=NOW.date())
    assert [start.starts_at for _day, start in found] == ([expected] if expected else [])


def test_like_last_time_is_on_the_weekday_from_a_week_later_on() -> None:
    week = timedelta(days=7)
    days = [DAY, DAY + ONE_DAY, DAY + week, DAY + 2 * week, DAY + 3 * week, DAY + 4 * week]
    found = like_last(starts(*(at(10, day=day) for day in days)), at(10), today=NOW.date())
    assert [day for day, _start in found] == [DAY + week, DAY + 2 * week, DAY + 3 * week]


def test_usual_hour_is_the_local_one_on_both_sides_of_a_clock_change() -> None:
    """Clocks in Los Angeles go back on November 1, 2026."""
    before, after = date(2026, 10, 30), date(2026, 11, 6)
    found = like_last(starts(at(9, day=after), at(10, day=after)), at(10, day=before), today=before)
    assert [start.starts_at for _day, start in found] == [at(10, day=after)]
