"""The style guide: for staff, complete, and built from the templates that pages use."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from blog.models import Picture
from bookings.desk.messages import HTML_POLICY
from bookings.enums import MessageKind
from bookings.models import Booking, BookingDraft
from bookings.notifications.samples import SAMPLES
from bookings.templatetags import portraits
from massagerx.lib import kept_fragments
from services.models import Business, Service
from tests.support import ROOT

PATH = "/admin/styleguide/"
_ABOUT_NO_VISIT = {
    MessageKind.SIGN_IN,
    MessageKind.CODE,
    MessageKind.CONTACT_ANSWER,
    MessageKind.CONTACT_ALERT,
    MessageKind.BOOKLET,
    MessageKind.REFERRED,
    MessageKind.PROGRAM,
    MessageKind.PROGRAM_REMINDER,
    MessageKind.REVIEW,
    MessageKind.THANKS,
    MessageKind.TIME_OFF,
    MessageKind.INVITED,
    MessageKind.SECOND_FACTOR,
}


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
    # Whatever pages were shown before, so that what is kept for a process is rendered here.
    portraits.doorway.cache_clear()
    kept_fragments.forget()
    response = staff.get(PATH)
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    shown = {template.name for template in response.templates}
    components = {f"components/{path.name}" for path in (ROOT / "templates/components").glob("*.html")}
    assert components - shown == set()
    parts = ("calendar", "errors", "health_cards", "hold", "progress", "question", "summary")
    assert {f"bookings/_{part}.html" for part in parts} <= shown


def test_every_email_is_shown_in_both_parts(staff: Client, count_queries: Any) -> None:
    html = staff.get(PATH).content.decode()
    assert {sample.kind for sample in SAMPLES.values()} == set(MessageKind)
    Business.objects.create(pk=1, name="Massage Rx", phone="+12135550142", email="hello@example.com")
    seen = set()
    for name in SAMPLES:
        shown = []
        for part, kind in (("html", "text/html"), ("txt", "text/plain")):
            address = f"{PATH}emails/{name}.{part}"
            assert f'sandbox src="{address}"' in html
            with count_queries() as queries:
                response = staff.get(address)
            assert response.status_code == 200
            assert response["Content-Type"].startswith(kind)
            assert response["Content-Security-Policy"] == HTML_POLICY
            assert response["X-Frame-Options"] == "SAMEORIGIN"
            assert "cid:" not in response.content.decode()
            assert not [query for query in queries.captured_queries if not query["sql"].startswith("SELECT")]
            shown.append(response.content.decode())
        assert "MX-SAMPLE" in shown[1] or SAMPLES[name].kind in _ABOUT_NO_VISIT
        seen.add(shown[1])
    # Each of them says something of its own.
    assert len(seen) == len(SAMPLES)


def test_emails_are_for_staff_alone(db: None, client: Client) -> None:
    assert client.get(f"{PATH}emails/confirmed.html").status_code == 302
    client.force_login(User.objects.create_user("writer", is_staff=True))
    assert client.get(f"{PATH}emails/no-such-email.html").status_code == 404


def test_it_saves_nothing_and_asks_little(staff: Client, count_queries: Any) -> None:
    with count_queries() as queries:
        staff.get(PATH)
    # One of them for what this member of staff may do, one for the hours of notice in the terms.
    assert len(queries) <= 10
    assert not [query for query in queries.captured_queries if not query["sql"].startswith("SELECT")]
    assert (Service.objects.count(), Booking.objects.count(), BookingDraft.objects.count()) == (0, 0, 0)
