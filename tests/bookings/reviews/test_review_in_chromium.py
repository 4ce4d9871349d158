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

from bookings.domain.operations import Act
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

    review = Review.objects.get()
    owner = User.objects.create_user("owner", is_staff=True)
    assert operations.open_words(review=review, user=owner, now=NOW) == "Late, but very kind."
    assert review.written_at is not None
    operations.publish(review=review, written_at=review.written_at, act=Act(NOW, owner))
    operations.answer(review=review, words="We are sorry for that.", act=Act(NOW, owner))

    for path in ("/reviews/", "/"):
        page.goto(path)
        expect(page.get_by_text("Late, but very kind.")).to_be_visible()
        expect(page.get_by_text("We are sorry for that.")).to_be_visible()
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
