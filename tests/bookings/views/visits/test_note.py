"""Handing in a clinician's note: kept encrypted, opened by staff for a reason, gone when the client goes."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from PIL import Image

from bookings.domain import intake, links, operations
from bookings.domain.erasure import erase_client
from bookings.domain.operations.notes import MOST_FILES
from bookings.models import Booking, HealthAccess, NoteFile
from bookings.views.visits.visitor import open_own
from massagerx.lib.upload_limits import MOST_NOTE_BYTES
from tests.bookings.admin.conftest import DESK_RIGHTS, signed_in, staff_user
from tests.factories import CLEAR_ANSWERS, NOW, World
from tests.lib.test_pdf import SCRIPT, document

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def booking(world: World) -> Booking:
    return world.book(answers={**CLEAR_ANSWERS, "pregnancy": "yes", "pregnancy_signs": "no"})


@pytest.fixture
def visitor(booking: Booking, client: Client) -> Client:
    """Who has opened the link in the email, and typed no code."""
    client.post(client.get(f"/visits/{links.visit_token(booking, now=NOW)}/?to=note")["Location"])
    return client


def photo(size: tuple[int, int] = (60, 40)) -> bytes:
    image = Image.new("RGB", size, "white")
    exif = Image.Exif()
    exif[0x010F] = "CANARY-CAMERA"
    out = io.BytesIO()
    image.save(out, "JPEG", exif=exif)
    return out.getvalue()


def hand_in(visitor: Client, booking: Booking, data: bytes, name: str = "note.jpg") -> HttpResponse:
    address = reverse("visits:note", args=[booking.reference])
    return visitor.post(address, {"file": SimpleUploadedFile(name, data)})  # type: ignore[return-value]


def test_the_link_in_the_email_leads_to_the_page(booking: Booking, visitor: Client) -> None:
    page = visitor.get(reverse("visits:note", args=[booking.reference])).content.decode()
    assert "Upload a clinician’s note" in page
    assert booking.street not in page
    visit = visitor.get(reverse("visits:visit", args=[booking.reference])).content.decode()
    assert reverse("visits:note", args=[booking.reference]) in visit


def test_without_the_link_there_is_no_page(booking: Booking) -> None:
    assert hand_in(Client(), booking, photo()).status_code == 404
    assert not NoteFile.objects.exists()


def test_a_new_client_proves_the_mailbox_first(world: World, client: Client) -> None:
    booking = world.book(proved=False)
    session = client.session
    open_own(SimpleNamespace(session=session), booking, now=NOW)  # type: ignore[arg-type]
    session.save()
    response = hand_in(client, booking, photo())
    assert response["Location"] == reverse("visits:visit", args=[booking.reference])
    assert not NoteFile.objects.exists()


def test_a_photo_is_encoded_anew_and_encrypted(booking: Booking, visitor: Client) -> None:
    assert hand_in(visitor, booking, photo()).status_code == 302
    kept = NoteFile.objects.get()
    assert kept.content[8:12] == b"WEBP"
    assert b"CANARY" not in kept.content
    with connection.cursor() as cursor:
        cursor.execute("SELECT data FROM bookings_notefile")
        assert cursor.fetchone()[0].startswith("gAAAAA")
    page = visitor.get(reverse("visits:note", args=[booking.reference])).content.decode()
    assert "Uploaded on Wednesday, December 2, 12:00 PM PST." in page


def test_a_pdf_is_kept_as_it_is(booking: Booking, visitor: Client) -> None:
    hand_in(visitor, booking, document(), "Scan.PDF")
    kept = NoteFile.objects.get()
    assert (kept.kind, kept.content) == ("pdf", document())


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "This file is empty."),
        (b"not a note", "We can&#x27;t read this file as a picture."),
        (b"<svg onload=alert(1)>", "We can&#x27;t read this file as a picture."),
        (document(b"9 0 obj\n" + SCRIPT + b"\nendobj\n"), "carries a program or other files"),
        (document() + b" " * MOST_NOTE_BYTES, "Use one of at most 10 MB."),
    ],
    ids=["empty", "text", "svg", "script", "large"],
)
def test_other_files_get_kind_words(booking: Booking, visitor: Client, data: bytes, words: str) -> None:
    response = hand_in(visitor, booking, data)
    assert response.status_code == 422
    assert words in response.content.decode()
    assert not NoteFile.objects.exists()


def test_no_file_at_all_is_asked_for(booking: Booking, visitor: Client) -> None:
    response = visitor.post(reverse("visits:note", args=[booking.reference]), {})
    assert response.status_code == 422
    assert "Choose a photo or a PDF first." in response.content.decode()


def test_the_same_file_twice_is_one_and_there_are_not_many(booking: Booking, visitor: Client) -> None:
    for _press in range(2):
        assert hand_in(visitor, booking, photo()).status_code == 302
    assert NoteFile.objects.count() == 1
    for number in range(1, MOST_FILES):
        hand_in(visitor, booking, photo((60, 40 + number)))
    assert NoteFile.objects.count() == MOST_FILES
    response = hand_in(visitor, booking, photo((99, 99)))
    assert response.status_code == 422
    assert "You have uploaded several files already." in response.content.decode()


def test_for_a_canceled_visit_it_is_too_late(booking: Booking, visitor: Client) -> None:
    operations.cancel_booking(booking=booking, actor=None, now=NOW, by_client=True)
    response = hand_in(visitor, booking, photo())
    assert response.status_code == 409
    assert not NoteFile.objects.exists()


def test_the_desk_is_told_and_opens_it_for_a_reason_that_is_kept(booking: Booking, visitor: Client) -> None:
    hand_in(visitor, booking, photo())
    desk = signed_in(staff_user("desk", *DESK_RIGHTS))
    told = "Clinician’s note handed in: please look at it."
    assert told in desk.get(reverse("admin:index")).content.decode()
    kept = NoteFile.objects.get()
    address = reverse("admin:bookings_booking_note_file", args=[booking.pk, kept.pk])
    assert address in desk.get(reverse("admin:bookings_booking_change", args=[booking.pk])).content.decode()
    assert desk.get(address).status_code == 405
    assert desk.post(address, {"reason": ""}).status_code == 302
    assert not HealthAccess.objects.exists()

    opened = desk.post(address, {"reason": "The request"})
    assert opened.content == kept.content
    assert opened["Content-Type"] == "image/webp"
    assert "sandbox" in opened["Content-Security-Policy"]
    assert opened["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in opened["Cache-Control"]
    look = HealthAccess.objects.get()
    assert (look.user.username, look.reason) == ("desk", "Clinician’s note: The request")
    assert told not in desk.get(reverse("admin:index")).content.decode()


def test_a_pdf_is_never_shown_within_our_pages(booking: Booking, visitor: Client) -> None:
    hand_in(visitor, booking, document())
    desk = signed_in(staff_user("desk", *DESK_RIGHTS))
    address = reverse("admin:bookings_booking_note_file", args=[booking.pk, NoteFile.objects.get().pk])
    opened = desk.post(address, {"reason": "The request"})
    assert opened["Content-Disposition"].startswith("attachment;")
    assert opened["Content-Type"] == "application/pdf"


def test_nobody_opens_it_without_the_right_or_through_another_visit(
    world: World, booking: Booking, visitor: Client
) -> None:
    hand_in(visitor, booking, photo())
    kept = NoteFile.objects.get()
    other = world.book(starts_at=booking.starts_at + timedelta(days=1))
    desk = signed_in(staff_user("desk", *DESK_RIGHTS))
    wrong = reverse("admin:bookings_booking_note_file", args=[other.pk, kept.pk])
    assert desk.post(wrong, {"reason": "Why"}).status_code == 404
    right = reverse("admin:bookings_booking_note_file", args=[booking.pk, kept.pk])
    blind = signed_in(staff_user("blind", "view_booking", "change_booking"))
    assert blind.post(right, {"reason": "Why"}).status_code == 403
    assert not HealthAccess.objects.exists()


def test_it_is_in_the_export_and_gone_after_erasure(booking: Booking, visitor: Client) -> None:
    hand_in(visitor, booking, document())
    owner = User.objects.create_superuser("owner", "owner@example.com", "a-long-password")
    address = reverse("admin:bookings_client_export", args=[booking.client_id])
    with zipfile.ZipFile(io.BytesIO(signed_in(owner).post(address, {"reason": "Asked"}).content)) as archive:
        assert archive.read("clinicians-note-1.pdf") == document()
        told = json.loads(archive.read("client.json"))["note_files"][0]
        assert (told["visit"], told["file"]) == (booking.reference, "clinicians-note-1.pdf")
    operations.cancel_booking(booking=booking, actor=owner, now=NOW)
    erase_client(client=booking.client, actor=owner, now=NOW)
    assert not NoteFile.objects.exists()


def test_it_is_deleted_with_the_health_answers(world: World, booking: Booking, visitor: Client) -> None:
    hand_in(visitor, booking, photo())
    long_after = booking.ends_at + timedelta(days=31 * (world.rules.health_kept_months + 1))
    intake.purge_health_answers(now=long_after)
    assert not NoteFile.objects.exists()


def test_a_lost_key_costs_a_line(booking: Booking, visitor: Client, settings: Any) -> None:
    hand_in(visitor, booking, photo())
    settings.HEALTH_KEYS = ["MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="]
    owner = User.objects.create_superuser("owner", "owner@example.com", "a-long-password")
    browser = signed_in(owner)
    address = reverse(
        "admin:bookings_booking_note_file", args=[booking.pk, NoteFile.objects.defer("data").get().pk]
    )
    said = browser.post(address, {"reason": "Why"}, follow=True).content.decode()
    assert "can&#x27;t be opened with the keys" in said
    export = reverse("admin:bookings_client_export", args=[booking.client_id])
    with zipfile.ZipFile(io.BytesIO(browser.post(export, {"reason": "Asked"}).content)) as archive:
        assert "clinicians-note-1.webp.txt" in archive.namelist()
