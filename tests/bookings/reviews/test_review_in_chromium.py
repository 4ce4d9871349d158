"""Door to door: a visit is done, the email goes out, a review is written on a phone, the owner shows it, everybody
reads it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core import mail
from playwright.sync_api import expect

from bookings.notifications import delivery
from bookings.reviews import operations
from bookings.reviews.models import Review
from tests.factories import NOW, make_world
from tests.support.browser import accessibility_violations, sideways_overflow

from .conftest import page_of, took_place, written

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def clock() -> Iterator[Any]:
    """Ticks: browser and server wait for each other by the clock."""
    with time_machine.travel(NOW, tick=True) as travel:
        yield travel


@pytest.fixture
def asked(clock: Any) -> str:
    """The path of the link in the email about a visit that took place."""
    world = make_world()
    took_place(therapist=world.therapist, service=world.service)
    assert operations.ask(now=NOW) == 1
    delivery.send_due(clock=lambda: NOW)
    (sent,) = mail.outbox
    found = re.search(r"/review/[^/\s]+/", str(sent.body))
    assert found
    return found[0]


def test_from_the_email_to_the_home_page(live_server: Any, clock: Any, asked: str, new_page: Any) -> None:
    page = new_page(width=390)
    new_page.allow("422")
    page.goto(asked)
    expect(page.get_by_role("heading", name="How was your visit?", level=1)).to_be_visible()
    assert accessibility_violations(page) == []
    for width in (320, 1280, 390):
        page.set_viewport_size({"width": width, "height": 800})
        assert not sideways_overflow(page), width
    page.get_by_label("2 stars: not good").check()
    page.get_by_label("In your own words").fill("Late, and after my surgery that hurt.")
    page.get_by_label("You may show it on your website").check()
    page.get_by_role("button", name="Send my review").click()
    expect(page.get_by_text("Your words seem to tell about health")).to_be_visible()
    assert accessibility_violations(page) == []
    page.get_by_label("In your own words").fill("Late, but very kind.")
    page.get_by_role("button", name="Send it as it is").click()
    expect(page.get_by_text("We read it, and then show it as you wrote it.")).to_be_visible()

    User.objects.create_superuser("owner", "owner@example.com", "a-long-password")
    page.goto("/admin/login/")
    page.fill("#id_username", "owner")
    page.fill("#id_password", "a-long-password")
    page.click("[type=submit]")
    page.wait_for_selector("#user-tools")
    # Before the page is there: colors that change are seen on their way otherwise.
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    page.goto(f"/admin/reviews/review/{Review.objects.get().pk}/change/")
    page.get_by_role("button", name="Read it").click()
    expect(page.get_by_text("Late, but very kind.")).to_be_visible()
    assert accessibility_violations(page) == []
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.get_by_role("button", name="Show it, word for word").click()
    expect(page.get_by_text("It is shown, word for word.")).to_be_visible()
    assert accessibility_violations(page) == []
    page.get_by_role("textbox", name="Your answer").fill("We are sorry for that.")
    page.get_by_role("button", name="Save the answer").click()
    expect(page.get_by_text("Your answer stands beside it.")).to_be_visible()

    # A phone's home page leaves the answer to the page of reviews.
    for path, width, is_answer_there in (("/reviews/", 390, True), ("/", 390, False), ("/", 1280, True)):
        page.set_viewport_size({"width": width, "height": 844})
        page.goto(path)
        expect(page.get_by_text("Late, but very kind.")).to_be_visible()
        expect(page.get_by_text("We are sorry for that.")).to_be_visible(visible=is_answer_there)
        assert accessibility_violations(page) == []
        assert not sideways_overflow(page), path


def test_without_scripts(live_server: Any, clock: Any, asked: str, new_page: Any) -> None:
    page = new_page(width=390, javascript=False)
    review = written(Review.objects.get())
    page.goto(page_of(review))
    expect(page.get_by_label("In your own words")).to_have_value("Kind and on time.")
    page.get_by_label("1 star: bad").check()
    page.get_by_role("button", name="Save my changes").click()
    expect(page.get_by_text("We read it, and then show it as you wrote it.")).to_be_visible()
    page.get_by_role("button", name="Withdraw and delete my review").click()
    expect(page.get_by_text("Your review is withdrawn and deleted.")).to_be_visible()
    assert Review.objects.get().stars is None
