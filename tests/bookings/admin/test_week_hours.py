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
BARS = re.compile(r'class="chart-bar chart-bar--(\d)" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)"')


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


def test_somebody_new_has_a_row_for_each_day_and_those_without_times_are_days_off(
    world: World, owner: Client
) -> None:
    add = reverse("admin:bookings_therapist_add")
    formset = owner.get(add).context["inline_admin_formsets"][0].formset
    assert [form["weekday"].value() for form in formset.forms] == list(range(7))
    data = {
        "name": "Sample Therapist Nine", "slug": "nine", "gender": "female", "is_active": "on", "position": "9",
        "home_zip": str(world.area.pk), "services": [str(world.service.pk)], "certificate_number": "SAMPLE-9",
        "certificate_expires_on": "2027-12-31", "reach_minutes": "60", "max_visits_per_day": "5",
        "max_work_minutes_per_day": "480", "break_minutes": "0", "break_after_minutes": "240",
        "working_hours-INITIAL_FORMS": "0", "working_hours-TOTAL_FORMS": "7",
    }  # fmt: skip
    for day in range(7):
        data[f"working_hours-{day}-weekday"] = str(day)
    for day in (1, 3):
        data |= {f"working_hours-{day}-starts_at": "9 AM", f"working_hours-{day}-ends_at": "5 PM"}
    response = owner.post(add, data)
    assert response.status_code == 302, response.context["errors"]
    hours = WorkingHours.objects.filter(therapist__slug="nine").order_by("weekday")
    assert [(row.weekday, row.starts_at, row.ends_at) for row in hours] == [
        (1, time(9), time(17)),
        (3, time(9), time(17)),
    ]
    # Who has hours gets one empty row more.
    page = owner.get(reverse("admin:bookings_therapist_change", args=[world.therapist.pk]))
    formset = page.context["inline_admin_formsets"][0].formset
    assert (formset.initial_form_count(), len(formset.forms)) == (6, 7)
