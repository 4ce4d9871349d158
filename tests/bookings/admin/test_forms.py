"""Forms of staff and owner: what is right is kept, what is wrong is told beside its field, and nothing breaks."""

from __future__ import annotations

import re
from datetime import date, time, timedelta
from html import unescape
from typing import Any

import pytest
from django.contrib.admin import site
from django.contrib.admin.utils import flatten_fieldsets
from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.db.models import Model
from django.test import Client, RequestFactory
from django.urls import reverse

from bookings.admin.people import overlapping_hours
from bookings.models import (
    BookingRules,
    Closure,
    ExtraHours,
    MessageSettings,
    Photo,
    ServiceArea,
    Therapist,
    TimeOff,
    WorkingHours,
    Zone,
)
from bookings.models import Client as Person
from massagerx.lib.localtime import local
from massagerx.lib.middleware import MOST_FIELDS
from services.models import Business
from tests.bookings.photos import add_photo
from tests.factories import NOW, World


def inline(prefix: str, *rows: dict[str, Any], initial: int = 0) -> dict[str, Any]:
    data: dict[str, Any] = {f"{prefix}-TOTAL_FORMS": str(len(rows)), f"{prefix}-INITIAL_FORMS": str(initial)}
    for number, row in enumerate(rows):
        data |= {f"{prefix}-{number}-{name}": value for name, value in row.items()}
    return data


def therapist_data(world: World, **changes: Any) -> dict[str, Any]:
    """What the therapist's form sends, without a change of hours."""
    therapist = world.therapist
    return {
        "name": therapist.name, "slug": therapist.slug, "gender": therapist.gender, "bio": "", "is_active": "on",
        "position": "0", "certificate_number": therapist.certificate_number, "certificate_expires_on": "2027-12-31",
        "services": [world.service.pk], "home_zip": world.area.pk, "reach_minutes": "", "max_visits_per_day": "",
        "max_work_minutes_per_day": "", "break_minutes": "30", "break_after_minutes": "",
        **inline("working_hours"), **changes,
    }  # fmt: skip


def errors(response: Any) -> str:
    """All complaints of a form and its rows."""
    assert response.status_code == 200, response.status_code
    forms = [response.context["adminform"].form]
    found = []
    for formset in response.context["inline_admin_formsets"]:
        forms += formset.formset.forms
        found += formset.formset.non_form_errors()
    found += [f"{field}: {error}" for form in forms for field, told in form.errors.items() for error in told]
    return " ".join(found)


def change(model: str, key: int) -> str:
    return reverse(f"admin:bookings_{model}_change", args=[key])


# Therapists ----------------------------------------------------------------------------------------------------


def test_owner_writes_down_hours_and_time_off(owner: Client, world: World) -> None:
    data = therapist_data(world) | inline(
        "working_hours", {"weekday": "6", "starts_at": "10:00", "ends_at": "14:00", "therapist": world.therapist.pk}
    )  # fmt: skip

    assert owner.post(change("therapist", world.therapist.pk), data).status_code == 302

    assert WorkingHours.objects.filter(therapist=world.therapist, weekday=6).count() == 1


def test_hours_that_overlap_count_once_and_are_told(owner: Client, world: World) -> None:
    rows = [
        {"weekday": "6", "starts_at": starts, "ends_at": ends, "therapist": world.therapist.pk}
        for starts, ends in (("10:00", "14:00"), ("13:00", "17:00"), ("17:00", "00:00"), ("10:00", "14:00"))
    ]
    world.therapist.working_hours.all().delete()
    page = change("therapist", world.therapist.pk)
    answer = owner.post(page, therapist_data(world) | inline("working_hours", *rows), follow=True)
    told = [str(message) for message in answer.context["messages"] if "overlap" in str(message)]
    assert told[0].startswith("Sunday: 10:00 AM – 2:00 PM and 10:00 AM – 2:00 PM overlap. They count once;")
    assert len(told) == 3
    assert WorkingHours.objects.count() == 4
    # Elsewhere, or on other dates, is no overlap.
    WorkingHours.objects.all().delete()
    at_home, away = (
        WorkingHours.objects.create(therapist=world.therapist, weekday=6, starts_at=time(9), ends_at=time(12))
        for _row in range(2)
    )
    assert len(overlapping_hours(world.therapist)) == 1
    away.zones.add(world.zone)
    assert overlapping_hours(world.therapist) == []
    away.zones.clear()
    WorkingHours.objects.filter(pk=away.pk).update(valid_from=date(2027, 1, 1))
    WorkingHours.objects.filter(pk=at_home.pk).update(valid_until=date(2026, 12, 31))
    assert overlapping_hours(world.therapist) == []


def test_a_therapist_who_is_there_already_is_told_and_nothing_is_lost(owner: Client, world: World) -> None:
    typed = therapist_data(world, bio="Long, slow strokes.")
    answer = owner.post(reverse("admin:bookings_therapist_add"), typed)
    assert "The same person? Open their page." in errors(answer)
    assert "Long, slow strokes." in answer.content.decode()
    assert Therapist.objects.count() == 1


@pytest.mark.parametrize(
    ("typed", "span"),
    [
        ({"all_day": "on"}, ("12-08T00:00:00-08:00", "12-09T00:00:00-08:00")),
        ({"all_day": "on", "last_day": "2026-12-10"}, ("12-08T00:00:00-08:00", "12-11T00:00:00-08:00")),
        # The hours don't count beside the tick.
        ({"all_day": "on", "from_time": "9 AM"}, ("12-08T00:00:00-08:00", "12-09T00:00:00-08:00")),
        ({"from_time": "9 AM", "until_time": "12:30"}, ("12-08T09:00:00-08:00", "12-08T12:30:00-08:00")),
        ({"from_time": "21:00", "until_time": "00:00"}, ("12-08T21:00:00-08:00", "12-09T00:00:00-08:00")),
        (
            {"from_time": "15:00", "until_time": "10:00", "last_day": "2026-12-09"},
            ("12-08T15:00:00-08:00", "12-09T10:00:00-08:00"),
        ),
    ],
)
def test_time_off_is_a_day_or_some_or_some_hours(
    typed: dict[str, str], span: tuple[str, str], owner: Client, world: World
) -> None:
    data = {"therapist": world.therapist.pk, "first_day": "2026-12-08", "reason": "Dentist", **typed}

    assert owner.post(reverse("admin:bookings_timeoff_add"), data).status_code == 302

    off = TimeOff.objects.get()
    assert (local(off.starts_at).isoformat(), local(off.ends_at).isoformat()) == tuple(
        f"2026-{moment}" for moment in span
    )
    # The page shows it so that saving it again changes nothing.
    form = owner.get(change("timeoff", off.pk)).context["adminform"].form
    shown = {name: form[name].value() for name in form.fields}
    again = {name: value for name, value in shown.items() if value is not None and value is not False}
    assert owner.post(change("timeoff", off.pk), again).status_code == 302
    was = (off.starts_at, off.ends_at, off.reason)
    off.refresh_from_db()
    assert (off.starts_at, off.ends_at, off.reason) == was


@pytest.mark.parametrize("ends_at", ["5pm", "5 PM", "5:00 PM", "5:00pm", "17:00", "17:00:00"])
def test_hours_are_typed_as_people_write_them(ends_at: str, owner: Client, world: World) -> None:
    row = {"weekday": "6", "starts_at": "9am", "ends_at": ends_at, "therapist": world.therapist.pk}

    owner.post(change("therapist", world.therapist.pk), therapist_data(world) | inline("working_hours", row))

    hours = WorkingHours.objects.get(therapist=world.therapist, weekday=6)
    assert (hours.starts_at.hour, hours.ends_at.hour) == (9, 17)


def test_page_of_a_therapist_can_be_saved_with_years_of_days_and_hours(owner: Client, world: World) -> None:
    for days in range(-150, 150):
        day = NOW + timedelta(days=days)
        TimeOff.objects.create(therapist=world.therapist, starts_at=day, ends_at=day + timedelta(hours=2))
        ExtraHours.objects.create(
            therapist=world.therapist, date=day.date(), starts_at=time(5), ends_at=time(6)
        )
        WorkingHours.objects.create(
            therapist=world.therapist,
            weekday=0,
            starts_at=time(9),
            ends_at=time(12),
            valid_until=date(2025, 1, 1),
        )
    address = change("therapist", world.therapist.pk)

    page = owner.get(address)
    forms = [form for formset in page.context["inline_admin_formsets"] for form in formset.formset.forms]
    response = owner.post(address, sent_by(page) | {"bio": "Typed with care"})

    assert response.status_code == 302, errors(response)
    assert len([form for form in forms if form.instance.pk]) == 6
    assert response.status_code == 302
    world.therapist.refresh_from_db()
    assert world.therapist.bio == "Typed with care"
    assert world.therapist.extra_hours.count() == 300
    text = page.content.decode()
    assert "Extra hours on one date: 150 to come" in text
    for name in ("extrahours", "timeoff"):
        assert (
            f"{reverse(f'admin:bookings_{name}_changelist')}?therapist__id__exact={world.therapist.pk}"
            in text
        )


def sent_by(page: Any) -> dict[str, Any]:
    """What a browser sends of an admin form as it came."""
    formsets = [shown.formset for shown in page.context["inline_admin_formsets"]]
    forms = [page.context["adminform"].form]
    for formset in formsets:
        forms += [formset.management_form, *formset.forms]
    data = {form.add_prefix(name): form[name].value() for form in forms for name in form.fields}
    return {name: value for name, value in data.items() if value is not None and value is not False}


def test_no_form_of_the_admin_sends_more_fields_than_may_be_sent(owner: Client, rf: RequestFactory) -> None:
    """Else all that was typed is lost: each kind of rows within a form has an end."""
    request = rf.get("/")
    request.user = User.objects.get(username="owner")
    full = {}
    for model, model_admin in site._registry.items():
        inlines = model_admin.get_inline_instances(request)
        assert all(inline.max_num is not None for inline in inlines), model
        # Beside its fields a row sends its key, its parent's, and the tick that deletes it.
        rows = [len(flatten_fieldsets(one.get_fieldsets(request))) + 3 for one in inlines]
        own = len(flatten_fieldsets(model_admin.get_fieldsets(request))) * 2
        full[model._meta.label] = own + sum(
            fields * (one.max_num or 0) for fields, one in zip(rows, inlines, strict=True)
        )
    assert {label for label, number in full.items() if number > MOST_FIELDS} == set()
    assert full["bookings.Therapist"] > 300


def test_extra_hours_have_a_page_of_their_own(owner: Client, world: World) -> None:
    data = {"therapist": world.therapist.pk, "date": "2026-12-08", "starts_at": "9 AM", "ends_at": "noon"}
    add = reverse("admin:bookings_extrahours_add")
    assert errors(owner.post(add, data))
    assert errors(owner.post(add, {**data, "ends_at": "8 AM"}))
    assert owner.post(add, {**data, "ends_at": "12 PM"}).status_code == 302
    row = ExtraHours.objects.get()
    assert (str(row.date), row.starts_at, row.ends_at) == ("2026-12-08", time(9), time(12))


@pytest.mark.parametrize(
    "row",
    [
        {"weekday": "1", "starts_at": "18:00", "ends_at": "09:00"},
        {"weekday": "1", "starts_at": "09:00", "ends_at": "09:00"},
        {"weekday": "9", "starts_at": "09:00", "ends_at": "10:00"},
        {"weekday": "1", "starts_at": "25:00", "ends_at": "26:00"},
        {"weekday": "1", "starts_at": "09:00\x00", "ends_at": "10:00"},
        {"weekday": "1", "starts_at": "09:00", "ends_at": "10:00", "valid_from": "9999-12-31"},
        {"weekday": "1", "starts_at": "09:00", "ends_at": "10:00", "valid_from": "0001-01-01"},
        {"weekday": "1", "starts_at": "09:00", "ends_at": "10:00", "valid_from": "2026-02-30"},
        {
            "weekday": "1", "starts_at": "09:00", "ends_at": "10:00",
            "valid_from": "2026-12-31", "valid_until": "2026-12-01",
        },
    ],
)  # fmt: skip
def test_odd_hours_are_told(row: dict[str, str], owner: Client, world: World) -> None:
    before = WorkingHours.objects.count()
    data = therapist_data(world) | inline("working_hours", {**row, "therapist": world.therapist.pk})

    assert errors(owner.post(change("therapist", world.therapist.pk), data))
    assert WorkingHours.objects.count() == before


def test_hours_past_midnight_are_spoken_of_at_the_field_and_refused_with_a_way(
    owner: Client, world: World
) -> None:
    address = change("therapist", world.therapist.pk)
    assert "Hours can't run past midnight" in unescape(owner.get(address).content.decode())
    row = {"weekday": "1", "starts_at": "20:00", "ends_at": "02:00", "therapist": world.therapist.pk}
    refused = owner.post(address, therapist_data(world) | inline("working_hours", row))
    assert "Hours that go on past midnight are two rows: until 12:00 AM" in refused.content.decode()


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (("2026-12-08", "12:00"), ("2026-12-08", "09:00")),
        (("9999-12-31", "00:00"), ("9999-12-31", "23:59")),
        (("0001-01-01", "00:00"), ("0001-01-02", "00:00")),
        (("2026-12-08", "09:00"), ("9999-12-31", "23:59")),
        (("2027-03-14", "02:30"), ("2027-03-14", "06:00")),  # there is no such time on that day
        (("2026-12-08", "noon"), ("2026-12-09", "noon")),
        (("2026-12-08\x00", "09:00"), ("2026-12-09", "09:00")),
        (("1" * 5000, "09:00"), ("2026-12-09", "09:00")),
    ],
)
def test_odd_time_off_is_told(
    start: tuple[str, str], end: tuple[str, str], owner: Client, world: World
) -> None:
    data = {
        "therapist": world.therapist.pk,
        "first_day": start[0],
        "from_time": start[1],
        "last_day": end[0],
        "until_time": end[1],
    }

    assert errors(owner.post(reverse("admin:bookings_timeoff_add"), data))
    assert errors(owner.post(reverse("admin:bookings_timeoff_add"), {**data, "first_day": ""}))
    assert not TimeOff.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "a\x00b"), ("name", ""), ("name", "\u200b"), ("name", "x" * 5000), ("name", "two\nlines"),
        ("slug", "not a slug"), ("gender", "robot"), ("position", "-1"), ("position", "9" * 5000),
        ("position", "1e400"), ("break_minutes", "999999999999999"), ("reach_minutes", "301"),
        ("max_visits_per_day", "40000"), ("certificate_expires_on", "9999-12-31"), ("home_zip", "9" * 30),
        ("home_zip", "abc"), ("services", "999999"), ("services", "\x00"), ("bio", "a\x00b"), ("user", "7" * 5000),
    ],
)  # fmt: skip
def test_odd_facts_about_a_therapist_are_told(field: str, value: str, owner: Client, world: World) -> None:
    data = therapist_data(world, **{field: value})

    assert errors(owner.post(change("therapist", world.therapist.pk), data))
    therapist = Therapist.objects.get(pk=world.therapist.pk)
    assert (therapist.name, therapist.break_minutes) == ("Sample Therapist One", 30)


# Places, rules, days -------------------------------------------------------------------------------------------


def test_fee_is_typed_in_dollars_and_kept_in_cents(owner: Client, world: World) -> None:
    page = change("zone", world.zone.pk)
    assert 'value="20.00"' in owner.get(page).content.decode()

    owner.post(page, {"name": "Eastside", "travel_fee_cents": "$22.50", "position": "1"})

    world.zone.refresh_from_db()
    assert world.zone.travel_fee_cents == 2250


@pytest.mark.parametrize(
    "fee", ["", "-1", "abc", "1.234", "1e400", "NaN", "9" * 5000, "1000.01", "\x00", "12,34,x"]
)
def test_odd_fee_is_told(fee: str, owner: Client, world: World) -> None:
    response = owner.post(
        change("zone", world.zone.pk), {"name": "Eastside", "travel_fee_cents": fee, "position": "1"}
    )

    assert "travel_fee_cents" in errors(response)
    assert Zone.objects.get(pk=world.zone.pk).travel_fee_cents == 2000


def test_zip_code_is_filled_in_by_itself(owner: Client, world: World) -> None:
    data = {
        "zip_code": "90401",
        "zone": world.zone.pk,
        "is_active": "on",
        "city": "",
        "latitude": "",
        "longitude": "",
    }

    assert owner.post(reverse("admin:bookings_servicearea_add"), data).status_code == 302

    area = ServiceArea.objects.get(zip_code="90401")
    assert area.city == "Santa Monica"
    assert area.latitude == pytest.approx(34.0176)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("90009", "no homes"), ("00000", "no such"), ("10001", "no such"), ("9040", "no such"),
        ("90401-1234", "5 characters at most. This has 10."), ("90026", "already exists"), ("٩٠٤٠١", "no such"),
        ("9040\x00", "be read"),
    ],
)  # fmt: skip
def test_odd_zip_code_is_told(code: str, words: str, owner: Client, world: World) -> None:
    data = {
        "zip_code": code,
        "zone": world.zone.pk,
        "is_active": "on",
        "city": "",
        "latitude": "",
        "longitude": "",
    }

    assert words in errors(owner.post(reverse("admin:bookings_servicearea_add"), data))


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "2026-02-30", "tomorrow", "2026-12-25\x00"])
def test_odd_closed_day_is_told(day: str, owner: Client, world: World) -> None:
    assert errors(owner.post(reverse("admin:bookings_closure_add"), {"date": day, "name": "Holiday"}))
    assert not Closure.objects.exists()


def test_the_rules_have_one_row(owner: Client, world: World) -> None:
    listing = owner.get(reverse("admin:bookings_bookingrules_changelist"))

    assert listing["Location"] == change("bookingrules", 1)
    assert owner.get(reverse("admin:bookings_bookingrules_add")).status_code == 403
    assert owner.post(reverse("admin:bookings_bookingrules_delete", args=[1])).status_code == 403
    BookingRules.objects.all().delete()
    listing = owner.get(reverse("admin:bookings_bookingrules_changelist"))
    assert listing["Location"] == reverse("admin:bookings_bookingrules_add")


def test_client_keeps_the_email_in_lower_case(owner: Client, world: World) -> None:
    person = world.book().client
    data = {"name": "Ana O'Brien", "email": "ANA@Example.com", "phone": "(213) 555-0123", "is_blocked": "on"}

    assert owner.post(change("client", person.pk), data).status_code == 302

    person.refresh_from_db()
    assert (person.email, person.is_blocked) == ("ana@example.com", True)
    assert owner.post(change("client", person.pk), {**data, "phone": "12"}).status_code == 422


def test_clients_are_found_by_phone_in_any_format(owner: Client, world: World) -> None:
    person = world.book().client

    for query in ("(213) 555-0123", "555-0123", "ana", "ana@example.com"):
        results = owner.get(reverse("admin:bookings_client_changelist"), {"q": query}).context["cl"].queryset
        assert list(results) == [person], query
    assert Person.objects.count() == 1


@pytest.mark.parametrize("model", ["zone", "servicearea", "closure", "therapist", "client", "termsversion"])
def test_rows_that_can_not_exist_are_refused(model: str, owner: Client, world: World) -> None:
    address = reverse(f"admin:bookings_{model}_changelist")

    for key in ("abc", "9" * 5000, "\x00", "-1"):
        response = owner.post(address, {"action": "delete_selected", "_selected_action": [key]})
        assert response.status_code in (200, 302, 400), key


@pytest.mark.parametrize("model", [BookingRules, MessageSettings, Business])
def test_every_rule_of_the_house_can_be_changed_on_its_page(
    model: type[Model], owner: Client, world: World
) -> None:
    row = model._default_manager.first() or model._default_manager.create()
    label = model._meta.label_lower.replace(".", "_")
    form = owner.get(reverse(f"admin:{label}_change", args=[row.pk])).context["adminform"].form
    stored = {field.name for field in model._meta.fields if field.editable and not field.primary_key}
    # Online booking has its own page, which says first what is missing.
    assert stored - set(form.fields) == ({"is_open"} if model is BookingRules else set())


def test_a_row_is_headed_by_its_name_and_hours_are_shown_without_seconds(owner: Client, world: World) -> None:
    page = owner.get(reverse("admin:bookings_therapist_change", args=[world.therapist.pk])).content.decode()
    assert f"<h1>{world.therapist.name}</h1>" in page
    assert page.count("<h1") == 1
    assert "Change therapist</h1>" not in page
    version = owner.get(change("termsversion", world.agreed.pk)).content.decode()
    assert f"<h1>Terms {world.agreed}</h1>" in version
    assert 'value="09:00"' in page
    assert 'value="09:00:00"' not in page


@pytest.mark.parametrize("way", ["alone", "in a list"])
def test_photos_of_a_therapist_who_is_deleted_go_too(
    way: str, owner: Client, world: World, django_capture_on_commit_callbacks: Any
) -> None:
    therapist = world.add_therapist()
    photo = add_photo(Photo.Slot.HANDS, therapist)
    assert default_storage.exists(photo.name)
    with django_capture_on_commit_callbacks(execute=True):
        if way == "alone":
            owner.post(reverse("admin:bookings_therapist_delete", args=[therapist.pk]), {"post": "yes"})
        else:
            sent = {"action": "delete_selected", "_selected_action": str(therapist.pk), "post": "yes"}
            owner.post(reverse("admin:bookings_therapist_changelist"), sent)
    assert not Photo.objects.exists()
    assert not default_storage.exists(photo.name)


def test_a_date_keeps_its_own_name_and_the_parts_of_an_instant_say_which_they_are(
    owner: Client, world: World
) -> None:
    page = owner.get(reverse("admin:bookings_therapist_change", args=[world.therapist.pk])).content.decode()
    (day,) = re.findall(r'<input [^>]*name="certificate_expires_on"[^>]*>', page)
    assert 'type="date"' in day
    assert "aria-label" not in day
    page = owner.get(reverse("admin:bookings_termsversion_add")).content.decode()
    for part, kind, name in ((0, "date", "Date"), (1, "text", "Time")):
        (found,) = re.findall(rf'<input [^>]*name="published_at_{part}"[^>]*>', page)
        assert f'type="{kind}"' in found
        assert f'aria-label="{name}: ' in found
    assert "DateTimeShortcuts" not in page
