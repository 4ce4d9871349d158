"""A change that strands booked visits is shown before it is saved."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from bookings.drives.models import Days, FixedDrive
from bookings.models import (
    BookingRules,
    Closure,
    DriveOverride,
    ServiceArea,
    Therapist,
    TimeOff,
    WorkingHours,
)
from tests.factories import World, at, fix_drives

from .conftest import signed_in, staff_user
from .test_forms import change, inline, therapist_data

pytestmark = pytest.mark.django_db

DAY_OFF = {
    "first_day": "2026-12-07", "from_time": "08:00", "until_time": "20:00", "reason": "A wedding",
}  # fmt: skip
TIME_OFF = reverse("admin:bookings_timeoff_add")


def asked(response: Any, *references: str) -> str:
    """Asserts that the page asks about just these visits; returns what its button sends."""
    assert response.status_code == 200
    page = response.content.decode()
    assert "Booked visits that this change would strand" in page
    assert [row["reference"] for row in response.context["stranded"]] == list(references)
    for reference in references:
        assert reference in page
    found = re.search(r'name="confirm_stranding"[^>]* value="([^"]+)"', page)
    assert found
    return found.group(1)


def day_off(world: World) -> dict[str, Any]:
    return {**DAY_OFF, "therapist": world.therapist.pk}


def test_time_off_over_a_visit_is_asked_about_with_all_typed_kept(owner: Client, world: World) -> None:
    booking = world.book()
    data = therapist_data(world, bio="Typed with care", is_active="")

    kept = owner.post(change("therapist", world.therapist.pk), data)
    asked(kept, booking.reference)
    assert "Typed with care" in kept.content.decode()
    response = owner.post(TIME_OFF, day_off(world))

    asked(response, booking.reference)
    page = response.content.decode()
    assert 'value="A wedding"' in page
    assert "the therapist has time off" in page
    assert reverse("admin:bookings_booking_change", args=[booking.pk]) in page
    assert not TimeOff.objects.exists()
    assert Therapist.objects.get().bio == ""
    assert not LogEntry.objects.exists()
    assert "<script>" not in page
    assert " style=" not in page


def test_save_anyway_saves_and_is_logged(owner: Client, world: World) -> None:
    booking = world.book()
    data = day_off(world)
    key = asked(owner.post(TIME_OFF, data), booking.reference)

    response = owner.post(TIME_OFF, data | {"confirm_stranding": key})

    assert response.status_code == 302
    assert TimeOff.objects.count() == 1
    booking.refresh_from_db()
    assert booking.status == "requested"
    assert any(booking.reference in str(message) for message in get_messages(response.wsgi_request))
    assert any(booking.reference in entry.change_message for entry in LogEntry.objects.all())


def test_a_visit_booked_meanwhile_is_asked_about_again(owner: Client, world: World) -> None:
    first = world.book()
    data = day_off(world)
    key = asked(owner.post(TIME_OFF, data), first.reference)
    second = world.book(starts_at=at(15), email="b@example.com", phone="+12135550111")

    response = owner.post(TIME_OFF, data | {"confirm_stranding": key})

    asked(response, first.reference, second.reference)
    assert not TimeOff.objects.exists()


@pytest.mark.parametrize("confirm", ["", "x", "on", "0", "99999999999999999999"])
def test_odd_confirmations_confirm_nothing(confirm: str, owner: Client, world: World) -> None:
    booking = world.book()
    data = day_off(world) | {"confirm_stranding": confirm}
    asked(owner.post(TIME_OFF, data), booking.reference)
    assert not TimeOff.objects.exists()


def test_deleted_hours_are_asked_about(owner: Client, world: World) -> None:
    booking = world.book()
    monday = WorkingHours.objects.get(weekday=0)
    row = {
        "id": monday.pk, "therapist": world.therapist.pk, "weekday": "0", "starts_at": "09:00", "ends_at": "19:00",
        "DELETE": "on",
    }  # fmt: skip
    data = therapist_data(world) | inline("working_hours", row, initial=1)
    asked(owner.post(change("therapist", world.therapist.pk), data), booking.reference)
    assert WorkingHours.objects.filter(weekday=0).exists()


@pytest.mark.parametrize(
    "typed",
    [
        {"is_active": ""}, {"certificate_expires_on": "2026-12-06"}, {"services": []}, {"reach_minutes": "1"},
        {"max_visits_per_day": "0"}, {"max_work_minutes_per_day": "30"},
    ],
    ids=str,
)  # fmt: skip
def test_therapist_who_could_not_keep_the_visit_is_asked_about(
    typed: dict[str, Any], owner: Client, world: World
) -> None:
    booking = world.book()
    data = {name: value for name, value in (therapist_data(world) | typed).items() if value != ""}
    asked(owner.post(change("therapist", world.therapist.pk), data), booking.reference)


def test_break_that_a_full_day_has_no_room_for_is_asked_about(owner: Client, world: World) -> None:
    """Two visits at one door, one right after the other: 120 minutes without a break."""
    first = world.book()
    second = world.book(starts_at=at(11, 30), email="b@example.com", phone="+12135550111")
    data = therapist_data(world) | {"break_minutes": "30", "break_after_minutes": "90"}
    asked(owner.post(change("therapist", world.therapist.pk), data), first.reference, second.reference)


@pytest.mark.parametrize(
    ("pressed", "leads_to"),
    [
        ("_save", "/admin/bookings/closure/"),
        ("_continue", "/admin/bookings/closure/{pk}/change/"),
        ("_addanother", "/admin/bookings/closure/add/"),
    ],
)
def test_save_anyway_leads_where_the_first_button_led(
    pressed: str, leads_to: str, owner: Client, world: World
) -> None:
    booking = world.book()
    data = {"date": "2026-12-07", "name": "Rain"}
    response = owner.post(reverse("admin:bookings_closure_add"), data | {pressed: "1"})
    key = asked(response, booking.reference)
    hidden = re.search(r'name="pressed_before_stranding" value="(\w*)"', response.content.decode())
    assert hidden
    data |= {"confirm_stranding": key, "pressed_before_stranding": hidden.group(1)}
    response = owner.post(reverse("admin:bookings_closure_add"), data)
    assert response.headers["Location"] == leads_to.format(pk=Closure.objects.get().pk)


def test_button_pressed_first_is_forgotten_when_something_else_is_pressed(
    owner: Client, world: World
) -> None:
    data = {"date": "2026-12-07", "name": "Rain", "pressed_before_stranding": "_continue", "_save": "1"}
    response = owner.post(reverse("admin:bookings_closure_add"), data)
    assert response.headers["Location"] == "/admin/bookings/closure/"


def test_change_that_strands_nothing_new_is_saved_at_once(owner: Client, world: World) -> None:
    world.book()
    assert owner.post(change("therapist", world.therapist.pk), therapist_data(world)).status_code == 302
    WorkingHours.objects.filter(weekday=0).delete()
    data = therapist_data(world) | {"bio": "New words"}
    assert owner.post(change("therapist", world.therapist.pk), data).status_code == 302
    assert Therapist.objects.get().bio == "New words"


def test_closed_day_is_asked_about(owner: Client, world: World) -> None:
    booking = world.book()
    data = {"date": "2026-12-07", "name": "Rain"}
    key = asked(owner.post(reverse("admin:bookings_closure_add"), data), booking.reference)
    assert not Closure.objects.exists()
    data["confirm_stranding"] = key
    assert owner.post(reverse("admin:bookings_closure_add"), data).status_code == 302
    assert Closure.objects.count() == 1


def test_slower_streets_are_asked_about(owner: Client, world: World) -> None:
    booking = world.book()
    data = {
        "origin": world.area.pk, "destination": world.area.pk, "days": "weekdays", "starts_at": "00:00",
        "ends_at": "00:00", "minutes": "120",
    }  # fmt: skip
    asked(owner.post(reverse("admin:drives_fixeddrive_add"), data), booking.reference)
    assert not FixedDrive.objects.exists()


def far_home(world: World) -> FixedDrive:
    """The owner's figure without which the drive from home is too long for a visit at 9:30."""
    Therapist.objects.update(home_zip=world.far_area)
    return next(row for row in fix_drives((world.far_area, world.area, 15)) if row.days == Days.WEEKDAYS)


@pytest.mark.parametrize("way", ["page", "list"])
def test_deleted_figure_is_asked_about(way: str, owner: Client, world: World) -> None:
    row = far_home(world)
    booking = world.book(starts_at=at(9, 30))
    if way == "page":
        address, data = reverse("admin:drives_fixeddrive_delete", args=[row.pk]), {"post": "yes"}
    else:
        address = reverse("admin:drives_fixeddrive_changelist")
        data = {"action": "delete_selected", "_selected_action": str(row.pk), "post": "yes"}

    response = owner.post(address, data)

    key = asked(response, booking.reference)
    for name, value in data.items():
        assert f'name="{name}" value="{value}"' in response.content.decode()
    assert FixedDrive.objects.filter(pk=row.pk).exists()
    assert not LogEntry.objects.exists()
    assert owner.post(address, data | {"confirm_stranding": key}).status_code == 302
    assert not FixedDrive.objects.filter(pk=row.pk).exists()
    assert any(booking.reference in entry.change_message for entry in LogEntry.objects.all())


def test_zip_code_that_moves_is_asked_about(owner: Client, world: World) -> None:
    Therapist.objects.update(home_zip=world.far_area)
    booking = world.book(starts_at=at(12))
    data = {
        "zip_code": "90026", "zone": world.zone.pk, "is_active": "on", "city": "Los Angeles", "latitude": "41",
        "longitude": "-124",
    }  # fmt: skip
    asked(owner.post(change("servicearea", world.area.pk), data), booking.reference)
    assert ServiceArea.objects.get(pk=world.area.pk).latitude == world.area.latitude


def test_longer_stairs_are_asked_about(owner: Client, world: World) -> None:
    booking = world.book(access_type="stairs")
    form = owner.get(change("bookingrules", 1)).context["adminform"].form
    data = {bound.html_name: bound.value() for bound in form if bound.value() is not None} | {
        "stairs_minutes": "60"
    }
    asked(owner.post(change("bookingrules", 1), data), booking.reference)
    assert BookingRules.load().stairs_minutes == 5


def test_whose_visit_it_is_stays_with_those_who_may_see_bookings(world: World) -> None:
    booking = world.book(recipient_name="CANARY-PERSON")
    planner = signed_in(staff_user("planner", "add_closure", "view_closure"))
    response = planner.post(reverse("admin:bookings_closure_add"), {"date": "2026-12-07", "name": "Rain"})
    asked(response, booking.reference)
    page = response.content.decode()
    assert "CANARY-PERSON" not in page
    assert reverse("admin:bookings_booking_change", args=[booking.pk]) not in page


def test_enter_in_a_field_does_not_save_anyway(owner: Client, world: World) -> None:
    world.book()
    page = owner.post(TIME_OFF, day_off(world)).content.decode()
    form = page[page.index('id="timeoff_form"') :]
    submits = re.findall(r'<(?:input|button)[^>]*type="submit"[^>]*name="([^"]+)"', form)
    assert submits == ["_save", "confirm_stranding"]
    # One of them is filled: what "Save" said is now said by the other.
    assert form.count('class="button default"') == 1
    assert 'class="default"' not in form
    assert 'value="Check again and save"' in form


# Corrected drives ----------------------------------------------------------------------------------------------

ADD = "admin:bookings_driveoverride_add"


def test_staff_correct_a_drive_and_the_site_knows_who_when_and_why(owner: Client, world: World) -> None:
    first = world.book()
    after = world.book(starts_at=at(15), street="9 Other Street", email="b@example.com", phone="+12135550111")
    data = {
        "from_booking": first.reference.lower(), "to_booking": after.reference, "minutes": "40",
        "reason": "Road works",
    }  # fmt: skip
    assert owner.post(reverse(ADD), data).status_code == 302
    row = DriveOverride.objects.get()
    assert (row.from_booking, row.to_booking, row.minutes) == (first, after, 40)
    assert row.by.get_username() == "owner"
    page = owner.get(change("driveoverride", row.pk)).content.decode()
    assert "Road works" in page
    assert owner.post(change("driveoverride", row.pk), data).status_code == 403
    again = owner.post(reverse(ADD), data)
    assert "corrected already" in again.content.decode()


def test_visit_page_leads_to_its_drive(owner: Client, world: World) -> None:
    booking = world.book()
    page = owner.get(change("booking", booking.pk)).content.decode()
    address = f"{reverse(ADD)}?to_booking={booking.reference}"
    assert address in page
    assert f'value="{booking.reference}"' in owner.get(address).content.decode()


def test_corrected_drive_that_strands_is_asked_about(owner: Client, world: World) -> None:
    booking = world.book()
    data = {"from_booking": "", "to_booking": booking.reference, "minutes": "55", "reason": "Road works"}
    asked(owner.post(reverse(ADD), data), booking.reference)
    assert not DriveOverride.objects.exists()


@pytest.mark.parametrize(
    "typed",
    [
        {"reason": ""}, {"reason": "   "}, {"minutes": "0"}, {"minutes": "301"}, {"minutes": "-1"},
        {"from_booking": "", "to_booking": ""}, {"to_booking": "MX-NOBODY"}, {"to_booking": "\x00"},
        {"from_booking": "second", "to_booking": "first"}, {"to_booking": "first"},
    ],
    ids=str,
)  # fmt: skip
def test_odd_corrections_are_told(typed: dict[str, str], owner: Client, world: World) -> None:
    first = world.book()
    after = world.book(starts_at=at(15), street="9 Other Street", email="b@example.com", phone="+12135550111")
    names = {"first": first.reference, "second": after.reference}
    data = {"from_booking": "first", "to_booking": "second", "minutes": "40", "reason": "Road works"} | typed
    response = owner.post(reverse(ADD), {name: names.get(value, value) for name, value in data.items()})
    assert response.status_code == 200
    assert response.context["adminform"].form.errors
    assert not DriveOverride.objects.exists()
