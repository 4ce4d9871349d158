"""The owner's pages about drives: words are shown before they are saved, lessons taken with one press."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import time, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from bookings.drives import rows, tasks
from bookings.drives.models import DriveCorrection, DriveRules, FixedDrive, ObservedDrive, RoadTime
from bookings.exceptions import SlotNotOffered, SlotTaken
from bookings.models import ServiceArea, Therapist
from tests.factories import NOW, World, at, make_roles, make_world
from tests.support.log_ins import endless_log_ins

pytestmark = pytest.mark.django_db


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


ADD = "admin:drives_drivecorrection_add"
LIST = "admin:drives_drivecorrection_changelist"
TAKE = "admin:drives_drivecorrection_take"


@pytest.fixture
def world() -> World:
    world = make_world()
    for number in range(8):
        ServiceArea.objects.create(
            zip_code=f"9003{number}", zone=world.zone, latitude=34.05 + number * 0.01, longitude=-118.25
        )
    return world


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    endless_log_ins(monkeypatch)
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def owner(world: World) -> Client:
    return signed_in(User.objects.create_superuser("owner", "owner@example.com", "a-long-password"))


def word(world: World, **changes: Any) -> dict[str, Any]:
    return {
        "origin": world.far_zone.pk,
        "destination": world.zone.pk,
        "days": "weekdays",
        "starts_at": "15:00",
        "ends_at": "19:00",
        "minutes": "95",
        "both_ways": "on",
        **changes,
    }


def test_a_word_is_shown_before_it_is_saved(owner: Client, world: World) -> None:
    page = owner.post(reverse(ADD), {**word(world), "_show_effects": "1"})

    assert page.status_code == 200
    assert not DriveCorrection.objects.exists()
    effects = page.context["effects"]
    assert len(effects) == 9
    assert [effect.miles for effect in effects] == sorted(effect.miles for effect in effects)
    assert all(effect.after > effect.before for effect in effects)
    text = page.content.decode()
    assert "Nothing is saved yet" in text
    assert "correct the error" not in text
    assert 'name="minutes" value="95"' in text


def test_a_saved_word_shows_what_it_does(owner: Client, world: World) -> None:
    assert owner.post(reverse(ADD), word(world)).status_code == 302
    row = DriveCorrection.objects.get()
    page = owner.get(reverse("admin:drives_drivecorrection_change", args=[row.pk]))

    assert all(effect.after > effect.before for effect in page.context["effects"])


def test_showing_a_word_that_is_not_typed_in_full_only_says_what_is_missing(
    owner: Client, world: World
) -> None:
    page = owner.post(reverse(ADD), {**word(world, minutes=""), "_show_effects": "1"})

    assert page.status_code == 200
    assert "effects" not in page.context
    assert page.context["adminform"].form.errors.keys() == {"minutes"}


@pytest.mark.parametrize(
    "odd",
    [
        {"starts_at": "15:10"},
        {"ends_at": "14:00"},
        {"minutes": "0"},
        {"minutes": "301"},
        {"minutes": "-5"},
        {"days": "someday"},
        {"origin": "0"},
    ],
)
def test_an_odd_word_is_told(odd: dict[str, str], owner: Client, world: World) -> None:
    page = owner.post(reverse(ADD), word(world, **odd))

    assert page.status_code == 200
    assert page.context["adminform"].form.errors
    assert not DriveCorrection.objects.exists()


def test_a_word_that_strands_visits_is_asked_about(owner: Client, world: World) -> None:
    Therapist.objects.update(home_zip=world.far_area)
    rows.refresh(now=NOW)
    booking = world.book(starts_at=at(10, 30))
    data = word(world, starts_at="07:00", ends_at="11:00", minutes="140")

    page = owner.post(reverse(ADD), data)
    assert page.status_code == 200
    assert booking.reference in page.content.decode()
    assert page.context["effects"]
    assert not DriveCorrection.objects.exists()

    key = page.context["stranded"][0]["pk"]
    assert owner.post(reverse(ADD), {**data, "confirm_stranding": str(key)}).status_code == 302
    assert DriveCorrection.objects.exists()


def test_more_care_that_strands_visits_is_asked_about(owner: Client, world: World) -> None:
    Therapist.objects.update(home_zip=world.far_area)
    rows.refresh(now=NOW)
    DriveRules().save()
    first = next(
        minute
        for minute in range(0, 180, 30)
        if _booked(world, at(9) + timedelta(minutes=minute)) is not None
    )
    assert first > 0
    page = owner.post(
        reverse("admin:drives_driverules_change", args=[1]), {"care_percent": "95", "terminal_minutes": "20"}
    )

    assert page.status_code == 200
    assert page.context["stranded"]
    assert DriveRules.load().care_percent == 80


def _booked(world: World, starts_at: Any) -> Any:
    try:
        return world.book(starts_at=starts_at)
    except (SlotNotOffered, SlotTaken):
        return None


def test_a_fixed_drive_is_not_quicker_than_the_city(owner: Client, world: World) -> None:
    address = reverse("admin:drives_fixeddrive_add")
    pair = {"origin": world.area.pk, "destination": world.far_area.pk, "days": "weekdays"}
    hours = {"starts_at": "00:00", "ends_at": "00:00"}
    page = owner.post(address, {**pair, **hours, "minutes": "26"})
    assert "in less than 28 minutes" in page.content.decode()
    assert not FixedDrive.objects.exists()

    assert owner.post(address, {**pair, **hours, "minutes": "28"}).status_code == 302


def _drives(world: World, count: int = 30, minutes: int = 95) -> None:
    for number in range(count):
        left_at = at(17, 0, NOW.date() - timedelta(days=7 * number + 7))
        ObservedDrive.objects.create(
            origin=world.far_area,
            destination=world.area,
            left_at=left_at,
            arrived_at=left_at + timedelta(minutes=minutes),
            planned_minutes=60,
        )


def test_what_drives_say_is_taken_with_one_press(owner: Client, world: World) -> None:
    rows.refresh(now=NOW)
    _drives(world)
    page = owner.get(reverse(LIST))
    (found,) = page.context["suggestions"]
    text = " ".join(page.content.decode().split())
    assert f"drives, 80 in a hundred took up to {found.lesson.took}. Use {found.lesson.use}?" in text

    assert owner.post(reverse(TAKE), {"suggestion": found.key}).status_code == 302
    row = DriveCorrection.objects.get()
    assert (row.minutes, row.starts_at, row.both_ways) == (found.minutes, time(15), False)

    # The second press finds another suggestion, or none.
    page = owner.post(reverse(TAKE), {"suggestion": found.key}, follow=True)
    assert "This suggestion has changed since" in page.content.decode()
    assert DriveCorrection.objects.get().minutes == row.minutes


def test_a_lesson_that_strands_visits_is_asked_about(owner: Client, world: World) -> None:
    """A visit in the Valley, and one on the Eastside as soon as the plan of today allows."""
    rows.refresh(now=NOW)
    _drives(world, minutes=135)
    world.book(starts_at=at(14), zip_code="91364", total_cents=16_000, email="b@example.com")
    second = next(
        booked
        for minute in range(15 * 60, 18 * 60, 30)
        if (booked := _booked(world, at(9) + timedelta(minutes=minute - 9 * 60))) is not None
    )
    (found,) = owner.get(reverse(LIST)).context["suggestions"]
    page = owner.post(reverse(TAKE), {"suggestion": found.key})

    assert page.status_code == 200
    assert second.reference in page.content.decode()
    assert not DriveCorrection.objects.exists()
    keys = ",".join(str(row["pk"]) for row in page.context["stranded"])
    owner.post(reverse(TAKE), {"suggestion": found.key, "confirm_stranding": keys})
    assert DriveCorrection.objects.exists()


@pytest.mark.parametrize("role", ["Front desk", "Therapist", "Writer"])
def test_only_the_owner_takes_what_drives_say(role: str, world: World) -> None:
    rows.refresh(now=NOW)
    _drives(world)
    make_roles()
    user = User.objects.create_user("other", password="a-long-password", is_staff=True)
    user.groups.set(Group.objects.filter(name=role))
    other = signed_in(user)

    assert other.post(reverse(TAKE), {"suggestion": "1-1-0-900-60"}).status_code == 403
    assert not DriveCorrection.objects.exists()


def test_taking_is_a_post(owner: Client, world: World) -> None:
    assert owner.get(reverse(TAKE)).status_code == 405
    assert Client().post(reverse(TAKE)).status_code == 302


def test_answers_of_the_server_are_only_looked_at(owner: Client, world: World) -> None:
    RoadTime.objects.create(
        origin="90026", destination="91364", seconds=60, asked_at=NOW, asked_of="-", is_doubtful=True
    )
    page = owner.get(reverse("admin:drives_roadtime_changelist") + "?is_doubtful__exact=1")
    assert "90026 → 91364" in page.content.decode()
    assert owner.get(reverse("admin:drives_roadtime_add")).status_code == 403


def test_drives_that_were_made_are_listed_with_what_they_took(owner: Client, world: World) -> None:
    for hours, minutes in ((30, 58), (3, 41)):
        left = NOW - timedelta(hours=hours)
        ObservedDrive.objects.create(
            origin=world.area,
            destination=world.far_area,
            left_at=left,
            arrived_at=left + timedelta(minutes=minutes),
            planned_minutes=45,
        )
    page = owner.get(reverse("admin:drives_observeddrive_changelist")).content.decode()
    rows = [
        " ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in re.findall(r"<tr><t.*?</tr>", page, re.S)
    ]
    assert [row.split()[-2:] for row in rows if "90026" in row] == [["45", "41"], ["45", "58"]]
    assert owner.get(reverse("admin:drives_observeddrive_add")).status_code == 403


def test_changes_make_rows_be_made_anew(
    owner: Client, world: World, django_capture_on_commit_callbacks: Any
) -> None:
    told: list[str] = []
    rows.set_wake_worker(lambda: told.append("x"))
    try:
        with django_capture_on_commit_callbacks(execute=True):
            owner.post(reverse(ADD), word(world))
        assert told == ["x"]
        row = DriveCorrection.objects.get()
        with django_capture_on_commit_callbacks(execute=True):
            owner.post(reverse("admin:drives_drivecorrection_delete", args=[row.pk]), {"post": "yes"})
        assert told == ["x", "x"]
        zip_data = {
            "zip_code": "90291", "zone": world.zone.pk, "is_active": "on", "city": "", "latitude": "",
            "longitude": "",
        }  # fmt: skip
        with django_capture_on_commit_callbacks(execute=True):
            assert owner.post(reverse("admin:bookings_servicearea_add"), zip_data).status_code == 302
        assert told == ["x", "x", "x"]
    finally:
        rows.set_wake_worker(tasks.wake_worker)
