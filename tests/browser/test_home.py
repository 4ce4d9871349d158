"""The home page as long as it gets, on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.management import call_command
from playwright.sync_api import Page, expect

from blog import models as blog
from bookings.models import Therapist, Zone
from bookings.program.models import Exercise
from bookings.reviews.models import Review
from services.models import Business, Service
from tests.factories import NOW
from tests.support.browser import (
    PHONE,
    PageMaker,
    accessibility_violations,
    screenshot,
    sideways_overflow,
    with_large_text,
)
from tests.support.visits import make_visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SCREENS = 7
# Of the longest words: a font that draws them wider breaks one line more in some rows.
SCREENS_AT_MOST = 7.25
SCREEN = 844  # px: the height of a phone's page
WORD = "W" * 600  # one word, cut to as long as its column holds
SENTENCE = "Margaret-Katherine comes on time, brings the table, and says what she does. " * 9
NAMES = ".need__name, .bands span, .ways + p span, .face h3, .posts-below .card__link, .site-footer__tagline"
# Names that their own box or the one around it doesn't show to the end.
_CUT = """names => document.fonts.ready.then(() => [...document.querySelectorAll(names)].filter((one) => {
  const around = one.closest(".need__what") ?? one;
  const below = one.getBoundingClientRect().bottom - around.getBoundingClientRect().bottom;
  return one.scrollHeight > one.clientHeight + 1 || below > 1;
}).map((one) => one.textContent))"""
# Names of services whose words begin beside them instead of below.
_RUN_ON = """() => [...document.querySelectorAll(".need")].map((one) => ({
  name: one.querySelector(".need__name"), words: one.querySelector(".need__words"),
})).filter(({name, words}) => words.getBoundingClientRect().top < name.getBoundingClientRect().bottom)
.map(({name}) => name.textContent)"""
_HEIGHT = "async () => { await document.fonts.ready; return document.documentElement.scrollHeight; }"


@pytest.fixture
def clock() -> Iterator[Any]:
    """Ticks: browser and server wait for each other by the clock."""
    with time_machine.travel(NOW, tick=True) as traveller:
        yield traveller


def look(page: Page, name: str, *, most: float = SCREENS_AT_MOST) -> None:
    """The page, made anew, is short enough, and none of it is lost."""
    page.goto(f"/?{name}")
    expect(page.get_by_role("heading", name="Ready when you are")).to_be_attached()
    screenshot(page, f"home-{PHONE}-{name}")
    assert page.evaluate(_HEIGHT) / SCREEN <= most, name
    assert sideways_overflow(page) == 0, name


def cut_names(page: Page) -> list[str]:
    """The names on the page as it is now that somebody can't read to their end; there has to be one at least."""
    expect(page.locator(NAMES).last).to_be_attached()
    return list(page.evaluate(_CUT, NAMES))


def fill() -> None:
    """An approved program for each sport, a client's words, and the owner's of the day."""
    Exercise.objects.update(approved_by="A. Sample")
    blog.Testimonial.objects.create(words="On time.", name="M.", place="Eastside", has_consent=True)
    blog.Announcement.objects.create(text="Closed on Thursday.", starts_at=NOW)


def review_twice() -> None:
    """Two reviews with words and answers as long as any, by clients of two more therapists."""
    decider = User.objects.order_by("pk")[0]
    for days in (7, 8):
        visit = make_visit(starts_at=NOW - timedelta(days=days), status="completed", confirmed_at=NOW)
        Review.objects.create(
            booking=visit, state="published", stars=5, public_words=SENTENCE, shown_as="M" * 60, answer=SENTENCE,
            asked_at=NOW, written_at=NOW, may_publish=True, decided_at=NOW, decided_by=decider,
        )  # fmt: skip


def lengthen(filler: str) -> None:
    """Every name and sentence that the home page shows is as long as its column holds."""
    columns: list[tuple[Any, list[str]]] = [
        (Therapist, ["name", "quote"]),
        (Service, ["name", "summary"]),
        (Zone, ["name"]),
        (blog.FaqEntry, ["question"]),
        (blog.Post, ["title", "summary"]),
        (blog.Testimonial, ["words", "name", "place"]),
    ]
    for model, names in columns:
        for row in model.objects.all():
            for name in names:
                # Names are unique.
                setattr(row, name, f"{row.pk} {filler}"[: model._meta.get_field(name).max_length].strip())
            model.objects.bulk_update([row], names)
    tagline = Business._meta.get_field("tagline").max_length
    Business.objects.update(
        tagline=filler[:tagline], email=f"{'margaret.' * 6}j@{'mailbox.' * 12}example.com"
    )


def test_the_home_page_is_seven_screens_of_a_phone_with_every_block_and_the_longest_names(
    live_server: Any, clock: Any, new_page: PageMaker
) -> None:
    call_command("load_sample_data", stdout=StringIO())
    page = new_page(width=PHONE)
    look(page, "sample", most=SCREENS)
    expect(page.locator(".need__words")).not_to_have_count(0)
    assert page.evaluate(_RUN_ON) == []

    fill()
    lengthen(SENTENCE)
    look(page, "testimonial")
    expect(page.locator("main > section")).to_have_count(len(blog.HomeBlock.Slug) - 1)
    review_twice()
    for filler in (SENTENCE, WORD):
        lengthen(filler)
        look(page, f"longest-{filler[0]}")
        expect(page.locator("main > section")).to_have_count(len(blog.HomeBlock.Slug))
        assert accessibility_violations(page) == []
    # What is cut to some lines is whole where it is opened.
    title = page.locator(".questions h3").first
    cut = title.evaluate("one => one.scrollHeight > one.clientHeight")
    page.locator(".questions summary").first.click()
    expect(page.locator(".questions details[open]")).to_have_count(1)
    assert (cut, title.evaluate("one => one.scrollHeight > one.clientHeight")) == (True, False)


def test_names_are_whole_in_large_text_and_the_tagline_on_every_other_page(
    live_server: Any, clock: Any, new_page: PageMaker
) -> None:
    call_command("load_sample_data", stdout=StringIO())
    lengthen(SENTENCE)
    page = with_large_text(new_page(width=320, bypass_csp=True))
    page.goto("/")
    expect(page.locator(".need__name, .bands span, .ways + p span")).not_to_have_count(0)
    assert cut_names(page) == []
    assert sideways_overflow(page) == 0
    phone = new_page(width=PHONE)
    phone.goto("/faq/")
    assert cut_names(phone) == []
