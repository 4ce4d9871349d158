"""In a real browser: a client who is told by phone, and a clinician's note that is handed in and opened."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from bookings.domain import links, operations
from bookings.domain.operations import Sender
from bookings.models import Message, NoteFile
from tests.bookings.admin.test_admin_in_chromium import sign_in
from tests.bookings.views.visits.test_note import photo
from tests.factories import CLEAR_ANSWERS, NOW, World, make_world
from tests.support.browser import accessibility_violations, screenshot, sideways_overflow, with_large_text

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PREGNANT = {**CLEAR_ANSWERS, "pregnancy": "yes", "pregnancy_signs": "no"}


@pytest.fixture
def clock() -> Iterator[None]:
    """Ticks: browser and server wait for each other by the clock."""
    with time_machine.travel(NOW, tick=True):
        yield


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def owner(db: None) -> User:
    return User.objects.create_superuser("owner", "owner@example.com", "a-long-password")


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "dark")])
def test_the_desk_works_off_its_calls(
    width: int, scheme: Any, live_server: Any, clock: None, world: World, owner: User, new_page: Any
) -> None:
    booking = operations.request_booking(
        submission=world.submission(email=""), now=timezone.now(), sender=Sender(actor=owner)
    )
    page = new_page(width=width)
    page.emulate_media(color_scheme=scheme)
    sign_in(page)
    for address in (
        reverse("admin:bookings_booking_change", args=[booking.pk]),
        reverse("admin:bookings_message_calls"),
    ):
        page.goto(address)
        expect(page.get_by_role("link", name="(213) 555-0123").first).to_be_visible()
        assert accessibility_violations(page) == []
        assert not sideways_overflow(page)
    screenshot(page, f"desk-calls-{width}")
    page.get_by_role("button", name="Told").click()
    expect(page.get_by_text("Nobody has to be called.")).to_be_visible()
    assert Message.objects.get(booking=booking, kind="confirmed").told_by == owner


@pytest.mark.parametrize(("width", "is_large"), [(320, True), (1280, False)])
def test_a_note_is_handed_in_on_the_visits_page_and_opened_at_the_desk(
    width: int,
    is_large: bool,
    live_server: Any,
    clock: None,
    world: World,
    owner: User,
    new_page: Any,
    tmp_path: Path,
) -> None:
    booking = world.book(answers=PREGNANT, now=timezone.now() - timedelta(minutes=1))
    page = new_page(width=width, bypass_csp=is_large)
    # A picture alone, of no origin, asks for an icon beside it.
    new_page.allow("404")
    new_page.allow("NotSameOrigin")
    if is_large:
        with_large_text(page)
    page.goto(f"/visits/{links.visit_token(booking, now=timezone.now())}/?to=note")
    page.get_by_role("button").first.click()
    expect(page.get_by_role("heading", name="Upload a clinician’s note")).to_be_visible()
    assert accessibility_violations(page) == []
    assert not sideways_overflow(page)
    screenshot(page, f"visit-note-{width}")
    file = tmp_path / "note.jpg"
    file.write_bytes(photo())
    page.get_by_label("The note").set_input_files(file)
    page.get_by_role("button", name="Upload it").click()
    expect(page.get_by_text("Uploaded on")).to_be_visible()

    page.context.clear_cookies()
    sign_in(page)
    page.goto(reverse("admin:bookings_booking_change", args=[booking.pk]))
    page.get_by_text("Open the note…").click()
    assert accessibility_violations(page) == []
    screenshot(page, f"desk-note-{width}")
    kept = NoteFile.objects.get()
    page.locator(f"#id_file_reason_{kept.pk}").fill("The request")
    page.get_by_role("button", name="Open it").click()
    expect(page.locator("img")).to_be_visible()
