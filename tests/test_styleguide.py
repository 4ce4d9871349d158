"""The style guide: for staff, complete, and built from the templates that pages use."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from blog.models import Picture
from bookings.models import Booking, BookingDraft
from services.models import Service
from tests.support import ROOT

PATH = "/admin/styleguide/"


@pytest.fixture
def staff(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_user("writer", is_staff=True))
    return client


def test_it_is_for_staff_alone(db: None, client: Client) -> None:
    assert client.get(PATH).status_code == 302
    client.force_login(User.objects.create_user("visitor"))
    assert client.get(PATH).status_code == 302


def test_it_shows_every_component(staff: Client) -> None:
    Picture.objects.create(alt="Hands on a table.", width=1200, height=800)
    response = staff.get(PATH)
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    shown = {template.name for template in response.templates}
    components = {f"components/{path.name}" for path in (ROOT / "templates/components").glob("*.html")}
    assert components - shown == set()
    parts = ("day", "errors", "hold", "progress", "question", "summary", "time")
    assert {f"bookings/_{part}.html" for part in parts} <= shown


def test_it_saves_nothing_and_asks_little(staff: Client, count_queries: Any) -> None:
    with count_queries() as queries:
        staff.get(PATH)
    # One of them for what this member of staff may do.
    assert len(queries) <= 9
    assert not [query for query in queries.captured_queries if not query["sql"].startswith("SELECT")]
    assert (Service.objects.count(), Booking.objects.count(), BookingDraft.objects.count()) == (0, 0, 0)
