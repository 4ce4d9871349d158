"""Requests from outside our area at the desk."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from bookings.models import AreaRequest
from tests.factories import NOW, World

from .conftest import signed_in, staff_user

pytestmark = pytest.mark.django_db
LIST = reverse("admin:bookings_arearequest_changelist")


def make(number: int = 0) -> AreaRequest:
    return AreaRequest.objects.create(
        name=f"Ana {number}", email=f"ana{number}@example.com", phone="+12135550123", zip_code="92101",
        note="Mondays", agreed_at=NOW, created_at=NOW,
    )  # fmt: skip


@pytest.fixture
def clerk(world: World) -> Client:
    return signed_in(staff_user("clerk", "view_arearequest", "change_arearequest"))


def test_open_ones_are_counted_on_the_front_page(clerk: Client) -> None:
    index = reverse("admin:index")
    assert "outside our area wait" not in " ".join(clerk.get(index).content.decode().split())
    make()
    page = " ".join(clerk.get(index).content.decode().split())
    assert "1 request from outside our area waits for an answer" in page
    assert f"{LIST}?is_answered__exact=0" in page
    assert clerk.get(f"{LIST}?is_answered__exact=0").context["cl"].result_count == 1
    make(1)
    assert "2 requests from outside our area wait" in " ".join(clerk.get(index).content.decode().split())


def test_who_may_not_see_them_sees_no_number(world: World) -> None:
    make()
    writer = signed_in(staff_user("writer"))
    assert "outside our area" not in writer.get(reverse("admin:index")).content.decode()
    assert writer.get(LIST).status_code == 403
    assert Client().get(LIST).status_code == 302


def test_marked_as_answered_and_the_site_knows_who(clerk: Client) -> None:
    first, second = make(), make(1)
    data = {"action": "mark_answered", "_selected_action": [first.pk]}
    assert clerk.post(LIST, data).status_code == 302
    assert AreaRequest.objects.get(is_answered=True) == first
    entry = LogEntry.objects.get()
    assert (entry.object_id, entry.user.get_username()) == (str(first.pk), "clerk")
    address = reverse("admin:bookings_arearequest_change", args=[second.pk])
    assert "Mondays" in clerk.get(address).content.decode()
    assert clerk.post(address, {"is_answered": "on", "name": "CHANGED"}).status_code == 302
    second.refresh_from_db()
    assert (second.is_answered, second.name) == (True, "Ana 1")


def test_opened_again_beside_a_newer_one_is_told(clerk: Client) -> None:
    old = make()
    AreaRequest.objects.update(is_answered=True)
    make()
    response = clerk.post(reverse("admin:bookings_arearequest_change", args=[old.pk]), {})
    assert response.status_code == 200
    assert "another open request for this ZIP code" in response.content.decode()


def test_found_by_phone_zip_and_name_and_nobody_adds_one(clerk: Client) -> None:
    make()
    for words in ("213-555-0123", "92101", "Ana", "ana0@"):
        assert clerk.get(LIST, {"q": words}).context["cl"].result_count == 1
    assert clerk.get(LIST, {"q": "90001"}).context["cl"].result_count == 0
    assert clerk.get(reverse("admin:bookings_arearequest_add")).status_code == 403
