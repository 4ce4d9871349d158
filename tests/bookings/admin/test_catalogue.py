"""A service's page shows the booked visits that a change would strand."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from bookings.models import Booking, Therapist
from services.models import Service, ServiceOption
from tests.factories import World, at

from .conftest import signed_in, staff_user
from .test_forms import inline
from .test_stranding import asked

pytestmark = pytest.mark.django_db


def page(world: World) -> str:
    return reverse("admin:services_service_change", args=[world.service.pk])


def service_data(world: World, **changes: Any) -> dict[str, Any]:
    """What the service's form sends; the first of its lengths is that of 60 minutes. A None leaves a field out."""
    service = world.service
    lengths = [
        {
            "id": option.pk, "service": service.pk, "minutes": option.minutes, "is_active": "on",
            "price_cents": option.price_cents // 100,
        }
        for option in (world.option, world.longer)
    ]  # fmt: skip
    data = {
        "name": service.name, "slug": service.slug, "category": service.category_id, "summary": service.summary,
        "is_active": "on", "position": "0", "description": service.description, "what_to_expect": "",
        "before_visit": "", "after_visit": "", "setup_minutes": "10", "packdown_minutes": "10", "max_people": "2",
        **inline("options", *lengths, initial=2), **inline("AddOn_services"), **inline("faqs"), **changes,
    }  # fmt: skip
    return {name: value for name, value in data.items() if value is not None}


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"setup_minutes": "120"}, "it is outside the therapist"),
        ({"packdown_minutes": "120"}, "another visit is in the way"),
        ({"max_people": "1"}, "it is for more people than the service may be booked for"),
        ({"is_active": None}, "the service is not active"),
        ({"options-0-is_active": None}, "this length of the service is not active"),
    ],
    ids=str,
)
def test_change_that_strands_is_asked_about_and_saved_when_confirmed(
    changes: dict[str, Any], why: str, owner: Client, world: World
) -> None:
    two = world.book(starts_at=at(10), people=2, total_cents=26_000)
    one = world.book(
        starts_at=at(15), option_id=world.longer.pk, total_cents=19_000, email="b@example.com",
        phone="+12135550111", street="9 Other Street",
    )  # fmt: skip
    if "packdown_minutes" in changes:
        one.delete()
        one = world.book(
            starts_at=at(13), street="9 Other Street", email="c@example.com", phone="+12135550112"
        )
    data = service_data(world, **changes)
    before = Service.objects.values().get(), list(ServiceOption.objects.values())

    response = owner.post(page(world), data)

    assert response.status_code == 200
    shown = {row["reference"]: row["why"] for row in response.context["stranded"]}
    assert two.reference in shown
    assert why in shown[two.reference]
    if "max_people" in changes or "options-0-is_active" in changes:
        assert one.reference not in shown
    assert (Service.objects.values().get(), list(ServiceOption.objects.values())) == before

    key = asked(response, *shown)
    assert owner.post(page(world), data | {"confirm_stranding": key}).status_code == 302
    assert Booking.objects.filter(status="requested").count() == 2


def test_other_changes_are_saved_at_once(owner: Client, world: World) -> None:
    world.book()
    response = owner.post(page(world), service_data(world, summary="New words", setup_minutes="5"))
    assert response.status_code == 302
    assert Service.objects.get().summary == "New words"


def test_visit_of_a_therapist_who_is_no_longer_qualified_counts_too(owner: Client, world: World) -> None:
    booking = world.book()
    Therapist.services.through.objects.all().delete()
    assert owner.post(page(world), service_data(world, is_active=None)).status_code == 302
    world.therapist.services.add(world.service)
    Service.objects.update(is_active=True)
    asked(owner.post(page(world), service_data(world, is_active=None)), booking.reference)


def test_new_service_and_its_list_are_as_they_were(owner: Client, world: World) -> None:
    """The page that the catalogue registered is the one that is extended: its form, list and editor are there."""
    assert "Time at the door" in owner.get(reverse("admin:services_service_add")).content.decode()
    listed = owner.get(reverse("admin:services_service_changelist")).content.decode()
    assert "$120" in listed
    rows = [{"minutes": "45", "price_cents": "90", "is_active": "on"}]
    own = {name: value for name, value in service_data(world).items() if not name.startswith("options-")}
    data = own | {"name": "Calm", "slug": "calm"} | inline("options", *rows)
    assert owner.post(reverse("admin:services_service_add"), data).status_code == 302
    assert Service.objects.get(slug="calm").options.get().price_cents == 9_000


def test_writer_of_services_sees_no_names(world: World) -> None:
    booking = world.book(recipient_name="CANARY-PERSON")
    user = staff_user("clerk")
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="services"))
    response = signed_in(user).post(page(world), service_data(world, is_active=None))
    asked(response, booking.reference)
    assert "CANARY-PERSON" not in response.content.decode()
