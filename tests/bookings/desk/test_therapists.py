"""The therapist's calendar address in the admin: shown, made and revoked by those who may change the therapist."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from bookings.domain import links
from tests.bookings.admin.test_forms import therapist_data
from tests.factories import NOW, World

from .conftest import signed_in, staff_user

pytestmark = pytest.mark.django_db


def places(world: World) -> tuple[str, str]:
    key = world.therapist.pk
    return (
        reverse("admin:bookings_therapist_change", args=[key]),
        reverse("admin:bookings_therapist_feed", args=[key]),
    )


def test_looking_makes_no_address_and_pressing_does(owner: Client, world: World) -> None:
    page, feed = places(world)
    assert "Make an address" in owner.get(page).content.decode()
    owner.get(feed)
    assert links.present_feed_token(world.therapist) == ""

    owner.post(feed)

    token = links.present_feed_token(world.therapist)
    assert f"/calendar/{token}.ics" in owner.get(page).content.decode()


def test_pressing_again_revokes_the_old_address(owner: Client, world: World) -> None:
    _page, feed = places(world)
    old = links.feed_token(world.therapist, now=NOW)

    owner.post(feed)

    assert links.present_feed_token(world.therapist) != old
    assert Client().get(reverse("bookings:feed", args=[old])).status_code == 404


def test_only_who_may_change_the_therapist_makes_an_address(world: World) -> None:
    _page, feed = places(world)
    reader = signed_in(staff_user("reader", "view_therapist"))

    assert reader.post(feed).status_code == 403
    assert Client().post(feed).status_code == 302
    assert signed_in(staff_user("nobody")).post(feed).status_code == 403
    assert links.present_feed_token(world.therapist) == ""


def test_only_who_may_change_the_therapist_sees_their_phone(owner: Client, world: World) -> None:
    world.therapist.phone = "+12135550177"
    world.therapist.save()
    page, _feed = places(world)
    assert "(213) 555-0177" in owner.get(page).content.decode()
    reader = signed_in(staff_user("reader", "view_therapist"))
    assert "555-0177" not in reader.get(page).content.decode()
    assert "555-0177" not in Client().get(world.therapist.get_absolute_url()).content.decode()
    assert not hasattr(world.therapist.history.latest(), "phone")


def test_the_owner_writes_their_phone_down(owner: Client, world: World) -> None:
    page, _feed = places(world)
    faulty = owner.post(page, therapist_data(world, phone="12"))
    assert "Enter a valid phone number" in faulty.content.decode()
    assert owner.post(page, therapist_data(world, phone="213 555 0177")).status_code == 302
    world.therapist.refresh_from_db()
    assert world.therapist.phone.as_e164 == "+12135550177"
