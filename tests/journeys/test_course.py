"""A course, on the whole site as a new user has it: from the home page to visits that are booked, the mail on the wire,
and all of them on the desk."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from massagerx.lib.localtime import local
from tests.support.booking_pages import ZIP, BookingPages
from tests.support.browser import PageMaker, accessibility_violations, screenshot, sideways_overflow
from tests.support.site import RunningSite

from .test_first_visit import log_in
from .test_self_service import open_link

pytestmark = [pytest.mark.journey, pytest.mark.integrity]


def test_stranger_books_a_course_of_the_sample_and_the_desk_confirms_all_of_it(
    site: RunningSite, new_page: PageMaker
) -> None:
    email = "course@example.com"
    page = new_page(width=390)
    pages = BookingPages(page, email=email, phone="213 555 0181")
    pictures = iter(range(1, 99))

    def keep(name: str) -> None:
        screenshot(page, f"course-{next(pictures):02}-{name}")
        assert accessibility_violations(page) == [], name
        assert sideways_overflow(page) == 0, name

    page.goto("/")
    page.get_by_role("link", name="In-home relaxation massage").first.click()
    expect(page.get_by_role("link", name="Plan a whole course")).to_be_visible()
    keep("service")
    page.get_by_role("link", name="Plan a whole course").click()
    page.get_by_label("ZIP code of the visit").fill(ZIP)
    keep("what")
    pages.press("Plan a whole course")
    expect(page.get_by_role("button", name="Show the visits")).to_be_visible()
    keep("plan")
    first = local(timezone.now()).date() + timedelta(days=7)
    page.get_by_label("Day of the first visit").fill(str(first))
    pages.press("Show the visits")
    expect(page.get_by_role("heading", name="6 visits")).to_be_visible()
    keep("visits")
    pages.press("Take these times")
    expect(page).to_have_url(re.compile("/book/health/"))
    pages.health()
    keep("details")
    pages.details()
    keep("review")
    page.get_by_label("I have read this and agree").check(force=True)
    pages.press("Ask for all of them")
    expect(page).to_have_url(re.compile("/book/done/"))
    expect(page.get_by_text("That is the first of 6 visits.")).to_be_visible()
    keep("done")
    reference = page.locator(".reference").inner_text().strip()

    # One email asks for the mailbox, for all of them.
    (asked,) = site.smtp.wait_for(email, subject="6 visits")
    open_link(page, asked)
    keep("visit")

    # The desk sees all of them at once, and confirms them with one press.
    desk = new_page(width=390)
    log_in(desk, site, "front-desk")
    desk.get_by_role("link", name=reference).first.click()
    desk.get_by_role("link", name="Visit 1 of 6").click()
    expect(desk.get_by_role("button", name="Confirm all")).to_be_visible()
    assert desk.get_by_role("row").count() == 7
    screenshot(desk, f"course-{next(pictures):02}-desk")
    desk.get_by_role("button", name="Confirm all").click()
    expect(desk.get_by_role("button", name="Confirm all")).to_have_count(0)
    screenshot(desk, f"course-{next(pictures):02}-confirmed")

    (confirmed,) = site.smtp.wait_for(email, subject="Confirmed: 6 visits")
    assert confirmed.calendar.count("BEGIN:VEVENT") == 6
