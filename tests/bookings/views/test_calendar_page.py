"""Five rolling weeks: which days stand in them, what filters leave, and what is said where there is nothing."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bookings.models import (
    BookingRules,
    ExtraHours,
    ScreeningVersion,
    TermsVersion,
    Therapist,
    TimeOff,
    WorkingHours,
)
from bookings.views.calendar import first_of_weeks
from tests.bookings.views.flow import Flow
from tests.bookings.views.visits.browsers import address, confirmed, text, with_link
from tests.factories import DAY, LA, World, at

pytestmark = pytest.mark.django_db
WHEN = "/book/when/"
# Where the first five weeks begin, and the next.
FIRST, SECOND = date(2026, 11, 29), date(2027, 1, 3)


@pytest.mark.parametrize(
    ("day", "today", "first"),
    [
        # A Sunday, the day before it, and the day after.
        ("2026-11-29", "2026-11-29", "2026-11-29"),
        ("2026-11-28", "2026-11-28", "2026-11-22"),
        ("2026-11-30", "2026-11-30", "2026-11-29"),
        ("2027-01-02", "2026-11-30", "2026-11-29"),
        ("2027-01-03", "2026-11-30", "2027-01-03"),
        ("2027-03-14", "2027-03-14", "2027-03-14"),
        ("2027-02-28", "2027-02-28", "2027-02-28"),
        ("2026-12-31", "2026-12-31", "2026-12-27"),
    ],
)
def test_five_weeks_begin_with_the_week_of_today(day: str, today: str, first: str) -> None:
    assert first_of_weeks(date.fromisoformat(day), today=date.fromisoformat(today)) == date.fromisoformat(
        first
    )


@pytest.mark.parametrize(
    "today", ["2026-11-28", "2026-11-29", "2026-12-31", "2027-02-28", "2027-03-13", "2027-11-06"]
)
def test_at_least_four_weeks_are_ahead_on_any_day(today: str, flow: Flow, world: World) -> None:
    """Also on the last days of a month."""
    now = datetime.combine(date.fromisoformat(today), time(12), tzinfo=LA)
    Therapist.objects.update(certificate_expires_on=None)
    TermsVersion.objects.update(published_at=now - timedelta(days=1))
    ScreeningVersion.objects.update(published_at=now - timedelta(days=1))
    with time_machine.travel(now, tick=False):
        calendar = flow.until("when").client.get(WHEN).context["calendar"]
    days = [day for week in calendar.weeks for day in week]
    ahead = [day for day in days if day.href]
    assert len(days) == 35
    assert len(ahead) >= 29
    assert "today" in ahead[0].classes
    assert sum(1 for day in ahead if "day--open" in day.classes) >= 22


def weeks_of(page: Any) -> tuple[date, date]:
    calendar = page.context["calendar"]
    return calendar.first, calendar.last


def test_the_next_five_weeks_follow_and_the_last_end_where_booking_does(flow: Flow) -> None:
    first = flow.until("when").client.get(WHEN)
    assert weeks_of(first) == (date(2026, 11, 29), date(2027, 1, 2))
    assert not first.context["calendar"].previous
    following = flow.client.get(WHEN + first.context["calendar"].next)
    assert weeks_of(following) == (date(2027, 1, 3), date(2027, 2, 6))
    assert not following.context["calendar"].next
    assert not following.context["calendar"].soonest
    assert weeks_of(flow.client.get(WHEN + following.context["calendar"].previous)) == weeks_of(first)


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("?month=2026-12", FIRST), ("?month=2027-01", FIRST), ("?month=2020-01", FIRST), ("?month=", FIRST),
        ("?month=2027-02", SECOND), ("?month=2099-01", SECOND), ("?from=2027-01-20", SECOND), ("?from=abc", FIRST),
        ("?from=2020-01-01", FIRST), ("?from=9999-12-31", SECOND), ("?day=2027-01-04", SECOND),
    ],
)  # fmt: skip
def test_addresses_new_and_old_lead_to_their_weeks(query: str, first: date, flow: Flow) -> None:
    page = flow.until("when").client.get(WHEN + query)
    assert (page.status_code, page.context["calendar"].first) == (200, first)


def test_a_number_is_seen_only_where_few_are_left_and_always_heard(flow: Flow, world: World) -> None:
    for day, hour in ((DAY, 12), (DAY + timedelta(days=1), 11)):
        TimeOff.objects.create(therapist=world.therapist, starts_at=at(hour, 0, day), ends_at=at(19, 0, day))
    calendar = flow.until("when").client.get(WHEN).context["calendar"]
    counts = {day: len(starts) for day, starts in calendar.offer.by_day.items()}
    assert 0 < counts[DAY] <= 3 < counts[DAY + timedelta(days=2)]
    days = {day.in_words: day.left for week in calendar.weeks for day in week}
    assert days[f"Monday, December 7: {counts[DAY]} times"] == f"{counts[DAY]} left"
    assert days[f"Wednesday, December 9: {counts[DAY + timedelta(days=2)]} times"] == ""
    assert days["Sunday, December 6: no times"] == ""


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("evenings", lambda start: start.astimezone(LA).hour >= 17),
        ("weekends", lambda start: start.astimezone(LA).weekday() >= 5),
    ],
)
def test_a_filter_leaves_only_such_times_and_is_taken_off_again(name: str, wanted: Any, flow: Flow) -> None:
    page = flow.until("when").client.get(WHEN)
    link = next(one["href"] for one in page.context["calendar"].filters if one["name"] == name)
    page = flow.client.get(WHEN + link)
    calendar = page.context["calendar"]
    left = [start.starts_at for starts in calendar.offer.by_day.values() for start in starts]
    assert left
    assert all(wanted(start) for start in left)
    assert f"only={name}" in calendar.next
    off = next(one["href"] for one in calendar.filters if one["name"] == name)
    assert "only" not in off
    closed = flow.client.get(f"{WHEN}?only={name}&day={DAY}")
    if name == "weekends":
        assert "There is no weekend time then. Show all times" in text(closed)


def test_no_evening_is_spoken_of_where_none_can_be_had(flow: Flow, world: World) -> None:
    assert "From 5 PM on it is $165." in text(flow.until("when").client.get("/book/where/"))
    WorkingHours.objects.update(ends_at=time(17, 30))
    assert "From 5 PM" not in text(flow.client.get("/book/where/"))
    assert [one["name"] for one in flow.client.get(WHEN).context["calendar"].filters] == ["weekends"]


def test_an_evening_that_begins_and_ends_between_the_times_of_a_day_can_be_asked_for(flow: Flow) -> None:
    BookingRules.objects.update(evening_starts_at=time(13), evening_ends_at=time(14))
    calendar = flow.until("when").client.get(f"{WHEN}?only=evenings").context["calendar"]
    assert [one["name"] for one in calendar.filters] == ["evenings", "weekends"]
    assert {start.starts_at.astimezone(LA).hour for start in calendar.offer.by_day[DAY]} == {13}
    BookingRules.objects.update(evening_starts_at=time(3), evening_ends_at=time(4))
    assert [one["name"] for one in flow.client.get(WHEN).context["calendar"].filters] == ["weekends"]


def test_an_evening_says_what_it_costs_more_once(flow: Flow) -> None:
    page = flow.until("when").client.get(f"{WHEN}?day={DAY}")
    groups = page.context["calendar"].groups
    assert [(group["label"], group["more"]) for group in groups] == [
        ("Morning", ""), ("Afternoon", ""), ("Evening", "+$25"),
    ]  # fmt: skip
    assert page.content.decode().partition('id="times"')[2].count("+$25") == 1


def test_sundays_are_said_to_be_none_of_ours(flow: Flow, world: World) -> None:
    page = text(flow.until("when").client.get(f"{WHEN}?day=2026-12-06"))
    assert "We don't visit on Sundays." in page
    # One Sunday of extra hours, and it isn't true any more.
    ExtraHours.objects.create(
        therapist=world.therapist, date=date(2026, 12, 13), starts_at=time(9), ends_at=time(12)
    )
    page = text(flow.client.get(f"{WHEN}?day=2026-12-06"))
    assert "We don't visit on Sundays." not in page
    assert "None of us is available for your visit on this day." in page


def test_a_day_with_two_clocks_says_at_each_time_which(flow: Flow, world: World) -> None:
    WorkingHours.objects.create(therapist=world.therapist, weekday=6, starts_at=time(0), ends_at=time(6))
    Therapist.objects.update(certificate_expires_on=None)
    with time_machine.travel(datetime(2027, 3, 8, 12, tzinfo=LA), tick=False):
        page = text(flow.until("when").client.get(f"{WHEN}?day=2027-03-14"))
        assert "Los Angeles time" not in page
        assert "1:30 AM PST" in page
        assert "3:30 AM PDT" in page
        assert "Los Angeles time (PDT)" in text(flow.client.get(f"{WHEN}?day=2027-03-15"))


@pytest.mark.parametrize("query", ["", f"?day={DAY}", "?who=any&only=evenings", "?from=2027-01-20"])
def test_a_moves_page_asks_ten_queries_at_most_however_much_is_stored(query: str, world: World) -> None:
    booking = confirmed(world)
    client = with_link(booking)
    for number in range(4):
        therapist = world.add_therapist(f"Sample Therapist {number}")
        world.book(
            preference=f"therapist:{therapist.slug}", starts_at=at(12, 0, DAY + timedelta(days=number)),
            email=f"{number}@example.com", phone=f"+1213555010{number}",
        )  # fmt: skip
    client.get(address(booking, "move"))
    with CaptureQueriesContext(connection) as queries:
        page = client.get(address(booking, "move") + query)
    assert page.context["calendar"].groups
    assert len(queries) <= 10, "\n".join(row["sql"][:150] for row in queries)


def test_the_booking_page_asks_twelve_queries_at_most(world: World) -> None:
    flow = Flow(Client(), world).until("when")
    flow.client.get(WHEN)
    with CaptureQueriesContext(connection) as queries:
        flow.client.get(WHEN)
    assert len(queries) <= 12, "\n".join(row["sql"][:150] for row in queries)


def test_a_portrait_is_each_therapists_own_and_always_the_same(flow: Flow, world: World) -> None:
    # Their keys are ours: numbers of rows go on from whatever was tested before.
    for number in range(1, 4):
        world.add_therapist(f"Sample Therapist {number}", pk=world.therapist.pk + number)
    drawn = [
        re.findall(r'class="portrait__lines" d="([^"]+)"', flow.client.get(WHEN).content.decode())
        for flow in (flow.until("when"), flow)
    ]
    assert len(set(drawn[0])) == 4
    assert drawn[0] == drawn[1]
