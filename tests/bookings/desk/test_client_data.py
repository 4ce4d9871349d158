"""All that is held about a client in one file, and erasing a client: the owner's pages."""

from __future__ import annotations

import io
import json
import threading
import time
import uuid
import zipfile
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db import connection, connections, transaction
from django.test import Client as Browser
from django.urls import reverse

from bookings.desk import clients
from bookings.domain import intake, operations
from bookings.domain.clients import add_note, merge_clients
from bookings.domain.erasure import erase_client
from bookings.models import Booking, Client, ClientNote, ContactMessage, Erasure, HealthAccess
from bookings.notifications import delivery
from tests.factories import DAY, NOW, World, at, make_world

from .conftest import signed_in, staff_user

NAME = "Ana <b>O'Brien</b>"


def page(client: Client, name: str) -> str:
    return reverse(f"admin:bookings_client_{name}", args=[client.pk])


def visited(world: World) -> Booking:
    """A visit of somebody with an odd name, confirmed and done, with messages that have left."""
    staff = User.objects.create_user("desk-two", password="a-long-password", is_staff=True)
    visit = world.book(name=NAME)
    operations.confirm_booking(booking=visit, actor=staff, now=NOW)
    # Later than staff could still have undone it.
    delivery.send_due(clock=lambda: NOW + timedelta(minutes=3))
    return operations.complete_booking(booking=visit, actor=staff, now=NOW + timedelta(days=9))


def opened(content: bytes) -> tuple[str, dict[str, Any]]:
    """The page and the data of a ZIP file."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert sorted(archive.namelist()) == ["client.html", "client.json"]
        return archive.read("client.html").decode(), json.loads(archive.read("client.json"))


@pytest.mark.integrity
def test_the_file_holds_all_of_it_and_the_look_is_written_down_first(world: World, owner: Browser) -> None:
    visit = visited(world)
    client, staff = visit.client, User.objects.get(username="owner")
    add_note(client=client, text="Likes it quiet", actor=staff, now=NOW)
    operations.send_contact(
        key=uuid.uuid4(), name="Bo", email="bo@example.com", phone="(213) 555-0123", body="=Hello()", now=NOW
    )
    draft = intake.load_draft(None, now=NOW)
    intake.save_draft(draft, {"details": {"email": "ana@example.com", "street": "9 Half Street"}}, now=NOW)

    unsent = {"of": visit.reference, "page": "door", "typed": {"street": "9 Unsent Street"}}
    intake.save_draft(intake.load_draft(None, now=NOW), unsent, now=NOW)

    form = owner.get(page(client, "export"))
    assert form.status_code == 200
    assert not HealthAccess.objects.exists()
    response = owner.post(page(client, "export"), {"reason": "Asked by email"})

    assert response["Content-Type"] == "application/zip"
    assert "no-store" in response["Cache-Control"]
    assert response["Content-Disposition"] == f'attachment; filename="client-{client.pk}.zip"'
    access = HealthAccess.objects.get(booking=visit)
    assert (access.user, access.at, access.reason) == (staff, NOW, "Export: Asked by email")
    assert LogEntry.objects.get(object_id=str(client.pk)).user == staff

    html, data = opened(response.content)
    assert "<b>O'Brien" not in html
    assert "&lt;b&gt;O&#x27;Brien" in html
    (record,) = data["client"]
    assert (record["name"], record["email"], record["phone"]) == (NAME, "ana@example.com", "+12135550123")
    (told,) = data["visits"]
    assert told["access"] == {"gate_code": "CANARY-GATE-4711"}
    assert (told["street"], told["total_cents"], told["consent"]) == ("12 Sample Street", 14_000, "I agree.")
    assert [event["kind"] for event in data["history"]] == ["requested", "confirmed", "completed"]
    (health,) = data["health"]
    assert len(health["answers"]) > 5
    assert set(health["answers"].values()) <= {"Yes", "No", "yes", "no"}
    assert [row["reason"] for row in data["health_access_log"]] == ["Export: Asked by email"]
    assert [row["text"] for row in data["notes"]] == ["Likes it quiet"]
    sent = [row for row in data["messages"] if row["to"] == "ana@example.com"]
    assert {row["kind"] for row in sent} >= {"confirmed"}
    assert all(row["subject"] and "/visits/" in row["text"] and "•••" in row["text"] for row in sent)
    (asked,) = data["enquiries"]
    assert (asked["body"], asked["found_by"]) == ("=Hello()", "phone")
    assert "another person may have written it" in html
    kept = [row["answers"] for row in data["unfinished"]]
    assert {"details": {"email": "ana@example.com", "street": "9 Half Street"}} in kept
    assert unsent in kept
    assert set(data) >= {"late_moves", "late_fees", "clinicians", "booklets", "places", "links", "admin_log"}


def test_without_a_reason_nothing_is_opened(world: World, owner: Browser) -> None:
    client = visited(world).client
    for reason in ("", "\u200b", "x" * 101):
        response = owner.post(page(client, "export"), {"reason": reason})
        assert response.status_code == 422
        assert response["Content-Type"].startswith("text/html")
    assert not HealthAccess.objects.exists()


def test_a_lost_key_costs_a_line_and_not_the_file(world: World, owner: Browser, settings: Any) -> None:
    client = visited(world).client
    settings.HEALTH_KEYS = ["b3RoZXJvdGhlcm90aGVyb3RoZXJvdGhlcm90aGVyb3Q="]
    response = owner.post(page(client, "export"), {"reason": "Asked"})
    _html, data = opened(response.content)
    assert "HEALTH_KEYS" in data["health"][0]["answers"]
    assert data["visits"][0]["street"] == "12 Sample Street"


def test_a_forged_post_gets_nothing(world: World, owner: Browser) -> None:
    client = visited(world).client
    strict = Browser(enforce_csrf_checks=True)
    strict.cookies = owner.cookies
    for name, data in (("export", {"reason": "Asked"}), ("erase", {"name": NAME})):
        assert strict.post(page(client, name), data).status_code == 403
    assert not HealthAccess.objects.exists()
    assert not Erasure.objects.exists()


def test_front_desk_gets_neither_and_sees_no_link(world: World) -> None:
    client = visited(world).client
    desk = signed_in(staff_user("front", "view_client", "change_client", "view_booking", "change_booking"))
    shown = desk.get(page(client, "change")).content.decode()
    for name, data in (("export", {"reason": "Asked"}), ("erase", {"name": NAME})):
        assert page(client, name) not in shown
        assert desk.get(page(client, name)).status_code == 403
        assert desk.post(page(client, name), data).status_code == 403
    assert not HealthAccess.objects.exists()
    assert not Erasure.objects.exists()


@pytest.mark.integrity
def test_the_owner_erases_a_client_by_typing_the_name(world: World, owner: Browser) -> None:
    visit = visited(world)
    client = visit.client
    operations.send_contact(
        key=uuid.uuid4(), name="Bo", email="ana@example.com", phone="", body="Hello", now=NOW
    )
    asks = owner.get(page(client, "erase"))
    assert "no-store" in asks["Cache-Control"]
    text = asks.content.decode()
    for word in ("ana@example.com", "Message from the site", "What stays", "Of 1 visit"):
        assert word in text
    for typed in ("", "Ana", "somebody else", "x" * 300):
        wrong = owner.post(page(client, "erase"), {"name": typed})
        assert wrong.status_code == 422
    assert not Erasure.objects.exists()

    done = owner.post(page(client, "erase"), {"name": f" {NAME.replace(chr(39), '’').upper()} "}, follow=True)

    assert done.redirect_chain == [(page(client, "change"), 302)]
    left = done.content.decode()
    assert "O&#x27;Brien" not in left
    assert f"Client {client.pk} was erased." in left
    assert 'name="_save"' not in left
    assert visit.reference in left
    assert not ContactMessage.objects.exists()
    shown = owner.get(reverse("admin:bookings_booking_change", args=[visit.pk]))
    assert shown.status_code == 200
    assert "tel:" not in shown.content.decode()
    rows = owner.get(reverse("admin:bookings_erasure_changelist")).content.decode()
    assert f"Client {client.pk}" in rows
    # And nothing more can be done with who is gone.
    for name in ("export", "erase", "merge"):
        assert page(client, name) not in left
        assert owner.get(page(client, name)).status_code == 404
    assert owner.post(page(client, "change"), {"name": "Ana", "email": "ana@example.com"}).status_code == 403
    assert owner.post(page(client, "note"), {"text": "Hello"}, follow=True).status_code == 200
    assert not ClientNote.objects.exists()
    by_phone = owner.get(reverse("admin:bookings_booking_book"), {"q": "Erased"})
    assert by_phone.context["found"] == []
    begin = owner.post(reverse("bookings:staff_booking_begin"), {"client": client.pk})
    assert begin.status_code == 404


def test_open_visits_are_named_and_nothing_is_erased(world: World, owner: Browser) -> None:
    visit = world.book()
    asks = owner.get(page(visit.client, "erase")).content.decode()
    assert reverse("admin:bookings_booking_change", args=[visit.pk]) in asks
    assert 'name="name"' not in asks
    refused = owner.post(page(visit.client, "erase"), {"name": "Ana O'Brien"})
    assert refused.status_code == 422
    assert "a visit is still open" in refused.content.decode()
    visit.client.refresh_from_db()
    assert visit.client.email == "ana@example.com"


def test_another_record_with_the_same_email_is_pointed_out(world: World, owner: Browser) -> None:
    client = visited(world).client
    twin = Client.objects.create(name="Ana B", email="ana@example.com", phone="+12135550999", created_at=NOW)
    text = owner.get(page(client, "erase")).content.decode()
    assert f"{page(client, 'merge')}?other={twin.pk}" in text


# While the page of the client is being saved ----------------------------------------------------------------------


def _merged(world: World, client: Client, staff: User) -> None:
    keep = world.book(email="ana@home.example.com", starts_at=at(13, day=DAY + timedelta(days=2))).client
    merge_clients(keep=keep, other=client, actor=staff, now=NOW)


def _erased(world: World, client: Client, staff: User) -> None:
    erase_client(client=client, actor=staff, now=NOW)


@pytest.mark.integrity
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("act", [_merged, _erased])
def test_saving_the_page_brings_nobody_back(
    act: Callable[[World, Client, User], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Django writes a row anew whose update meets none: so the page waits for who merges or erases."""
    in_line = 10.0 if connection.vendor == "postgresql" else 0.2
    world = make_world()
    staff = User.objects.create_superuser("owner", "owner@example.com", "a-long-password")
    visit = world.book()
    operations.decline_booking(booking=visit, actor=staff, now=NOW)
    browser, done, saving = signed_in(staff), threading.Event(), threading.Event()
    lock = clients.lock_client

    def locks(key: int) -> Client | None:
        saving.set()
        return lock(key)

    monkeypatch.setattr(clients, "lock_client", locks)

    def elsewhere() -> None:
        try:
            with transaction.atomic():
                act(world, visit.client, staff)
                done.set()
                saving.wait(timeout=in_line)
                time.sleep(0.3)
        finally:
            done.set()
            connections.close_all()

    thread = threading.Thread(target=elsewhere)
    thread.start()
    assert done.wait(timeout=60)
    data = {"name": "Ana Back", "email": "ana@example.com", "phone": "+12135550123"}
    response = browser.post(page(visit.client, "change"), data)
    thread.join(timeout=60)
    assert response.status_code in (302, 403)
    assert not Client.objects.filter(name="Ana Back").exists()
