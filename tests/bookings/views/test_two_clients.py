"""Two people at one browser, and mailboxes that change: what belongs to one shows to no other."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from bookings.domain import links, operations
from bookings.enums import LinkPurpose
from bookings.models import BookingDraft, Booklet, BookletRequest
from tests.bookings.admin.conftest import DESK_RIGHTS, signed_in, staff_user
from tests.factories import NOW, World, at

from .flow import Flow

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def sign_in(client: Client, email: str) -> None:
    token = links.token_of(links.sign_in_link(email=email, now=NOW))
    assert client.get(reverse("visits:sign_in", args=[token])).status_code == 302
    assert client.post(reverse("visits:open")).status_code == 302


def test_who_signs_in_next_finds_nothing_of_who_was_here_before(world: World, client: Client) -> None:
    first = world.book()
    world.book(email="bo@example.com", phone="+12135550124", starts_at=at(14), name="Bo Sample")
    sign_in(client, "ana@example.com")
    client.post(reverse("visits:again", args=[first.reference]))
    assert BookingDraft.objects.get().answers["details"]["gate_code"] == "CANARY-GATE-4711"
    sign_in(client, "bo@example.com")
    for step in ("start", "where", "when", "details"):
        page = client.get(reverse(f"bookings:{step}"), follow=True).content.decode()
        assert "CANARY-GATE" not in page
        assert "12 Sample Street" not in page
    assert not BookingDraft.objects.exists()


def test_the_page_after_booking_closes_with_the_visit(
    world: World, client: Client, clock: time_machine.Traveller
) -> None:
    Flow(client, world).until("review").review()
    assert "12 Sample Street" in client.get(reverse("bookings:done")).content.decode()
    clock.move_to(NOW + timedelta(hours=3))
    closed = client.get(reverse("bookings:done"))
    assert closed.status_code == 302
    assert "12 Sample Street" not in closed.content.decode()


def test_links_end_when_the_clients_email_is_corrected(world: World) -> None:
    booking = world.book()
    token = links.visit_token(booking, now=NOW)
    owner = signed_in(User.objects.create_superuser("owner", "o@example.com", "a-long-password"))
    address = reverse("admin:bookings_client_change", args=[booking.client_id])
    sent = {"name": "Ana", "email": "ana@example.com", "phone_0": "", "phone": "+12135550123"}
    owner.post(address, sent)
    assert links.find_link(token, purpose=LinkPurpose.VISIT, now=NOW) is not None
    owner.post(address, {**sent, "email": "right@example.com"})
    booking.client.refresh_from_db()
    assert booking.client.email == "right@example.com"
    assert links.find_link(token, purpose=LinkPurpose.VISIT, now=NOW) is None


def test_the_desks_next_caller_gets_nothing_of_the_last(world: World) -> None:
    desk = signed_in(staff_user("desk", *DESK_RIGHTS))
    caller = world.book().client
    operations.cancel_booking(booking=caller.bookings.get(), actor=None, now=NOW)
    caller.bookings.all().delete()
    desk.post(reverse("bookings:staff_booking_begin"), {"client": caller.pk})
    desk.post(reverse("bookings:staff_booking_begin"))
    flow = Flow(desk, world)
    for step in ("what", "where", "when"):
        getattr(flow, step)()
    page = desk.get(reverse("bookings:details")).content.decode()
    assert "ana@example.com" not in page.lower()


def test_looking_at_the_booklets_link_writes_no_row(client: Client, world: World) -> None:
    Booklet.objects.create(pk=1, file_name="b.pdf", content=b"%PDF-1.4", uploaded_at=NOW)
    request = BookletRequest.objects.create(
        name="Ana", email="ana@example.com", asked_at=NOW, submission_key="0" * 32
    )
    address = reverse("bookings:booklet_fetch", args=[links.booklet_token(request, now=NOW)])
    for _time in range(20):
        assert Client().get(address).status_code == 200
        assert Client().head(address).status_code == 200
    assert not Session.objects.exists()
