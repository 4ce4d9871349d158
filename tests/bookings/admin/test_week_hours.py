"""The week of a therapist's hours, drawn on their page."""

from __future__ import annotations

import re
from datetime import date, time

from django.test import Client
from django.urls import reverse

from bookings.admin.people import week_of_hours
from bookings.models import WorkingHours
from tests.factories import World

TODAY = date(2026, 12, 2)
BARS = re.compile(r'class="plot-bar plot-bar--(\d)" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)"')


def test_each_row_of_hours_is_a_bar_as_long_as_it_lasts(world: World) -> None:
    WorkingHours.objects.filter(weekday__gt=1).delete()
    WorkingHours.objects.filter(weekday=1).update(starts_at=time(14))
    week = week_of_hours(world.therapist, TODAY)
    monday, tuesday = [tuple(map(float, bar)) for bar in BARS.findall(week["svg"])]
    assert monday[3] == 2 * tuesday[3]
    assert monday[1] + monday[3] == tuesday[1] + tuesday[3]
    assert monday[2] < tuesday[2]
    assert "Monday: 9:00 AM – 7:00 PM. Tuesday: 2:00 PM – 7:00 PM." in week["svg"]
    assert not week["others"]


def test_hours_of_other_dates_are_outlined_and_not_read_out(world: World) -> None:
    WorkingHours.objects.all().delete()
    for first, last in ((date(2027, 1, 1), None), (None, date(2026, 12, 1))):
        WorkingHours.objects.create(
            therapist=world.therapist, weekday=6, starts_at=time(9), ends_at=time(12), valid_from=first,
            valid_until=last,
        )  # fmt: skip
    WorkingHours.objects.create(
        therapist=world.therapist,
        weekday=6,
        starts_at=time(20),
        ends_at=time(0),
        valid_from=TODAY,
        valid_until=TODAY,
    )
    week = week_of_hours(world.therapist, TODAY)
    assert [bar[0] for bar in BARS.findall(week["svg"])] == ["2", "2", "1"]
    assert "Sunday: 8:00 PM – 12:00 AM." in week["svg"]
    assert week["others"]


def test_page_shows_the_week_above_the_rows(world: World, owner: Client) -> None:
    page = owner.get(reverse("admin:bookings_therapist_change", args=[world.therapist.pk])).content.decode()
    assert page.index('id="week-hours-title"') < page.index('id="working_hours-group"')
    assert owner.get(reverse("admin:bookings_therapist_add")).status_code == 200
