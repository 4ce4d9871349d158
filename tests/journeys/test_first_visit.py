"""The main story, on the whole site with real parts: a client books, mail arrives, staff confirm, the client gets the
confirmation with its calendar part. Screenshots are kept as test output."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.support.booking_pages import ZIP, BookingPages
from tests.support.browser import PageMaker, accessibility_violations, screenshot, sideways_overflow
from tests.support.site import RunningSite

pytestmark = [pytest.mark.journey, pytest.mark.integrity]


def log_in(page: Page, site: RunningSite, role: str) -> None:
    login = site.login(role)
    page.goto("/admin/")
    page.get_by_label("Username").fill(login.username)
    page.get_by_label("Password").fill(login.password)
    page.get_by_role("button", name="Log in").click()
    # On a phone the way out is behind the name.
    expect(page.locator("#user-tools").get_by_text("Log out")).to_be_attached()


@pytest.mark.dates
@pytest.mark.parametrize(("width", "javascript"), [(390, True), (1280, True), (390, False)])
def test_client_books_staff_confirm_and_the_calendar_arrives(
    site: RunningSite, new_page: PageMaker, width: int, javascript: bool
) -> None:
    story = f"first-visit-{width}{'' if javascript else '-no-js'}"
    email = f"{story}@example.com"
    page = new_page(width=width, javascript=javascript)
    pages = BookingPages(page, email=email, phone=f"213 555 01{width % 100}{int(javascript)}"[:12])

    pictures = iter(range(1, 99))

    def keep(name: str) -> None:
        screenshot(page, f"{story}-{next(pictures):02}-{name}")
        if javascript:
            assert accessibility_violations(page) == [], name
            assert sideways_overflow(page) == 0, name

    # The client books.
    page.goto("/")
    keep("home")
    pages.what(zip_code=ZIP)
    keep("when")
    hour = pages.when(nth=1)
    keep("health")
    pages.health()
    keep("details")
    pages.details()
    keep("review")
    reference = pages.review()
    keep("done")
    assert re.fullmatch(r"MX-[A-Z0-9]{6}", reference)
    expect(page.locator("main")).to_contain_text("Please open the email we are sending you.")

    # Mail arrives: to the client and to staff, without a word of health, gate codes or notes.
    (received,) = site.smtp.wait_for(email)
    assert reference in received.text
    assert reference in received.html
    assert hour.split()[0] in received.text
    (alert,) = site.smtp.wait_for("hello@example.com", text=reference)
    for message in (received, alert):
        assert "CANARY" not in message.raw.decode()
        assert "health" not in message.subject.lower()
    assert not received.calendar

    # Staff see it on their front page and confirm.
    desk = new_page(width=width, javascript=javascript)
    log_in(desk, site, "front-desk")
    screenshot(desk, f"{story}-{next(pictures):02}-desk")
    desk.get_by_role("link", name=reference).first.click()
    expect(desk.locator("main, #content").first).to_contain_text("12 Sample Street")
    screenshot(desk, f"{story}-{next(pictures):02}-visit")
    desk.get_by_role("button", name="Confirm", exact=True).click()
    expect(desk.locator("body")).to_contain_text("Confirmed")
    screenshot(desk, f"{story}-{next(pictures):02}-confirmed")

    # The client gets the confirmation with the calendar part.
    (confirmed,) = site.smtp.wait_for(email, subject="Confirmed")
    assert reference in confirmed.text
    assert hour.split()[0] in confirmed.text
    calendar = confirmed.calendar
    assert "METHOD:REQUEST" in calendar
    assert "SEQUENCE:1" in calendar
    assert "TZID=America/Los_Angeles" in calendar
    assert "CANARY" not in confirmed.raw.decode()
    assert received.message["Message-ID"] != confirmed.message["Message-ID"]


def test_declined_request_is_told_kindly_and_frees_the_time(site: RunningSite, new_page: PageMaker) -> None:
    email = "declined@example.com"
    pages = BookingPages(new_page(), email=email, phone="213 555 0177")
    reference, _hour = pages.book()
    site.smtp.wait_for(email)
    desk = new_page()
    log_in(desk, site, "owner")
    desk.get_by_role("link", name=reference).first.click()
    desk.locator("summary", has_text="Decline").click()
    desk.get_by_label("Why (kept in the history)").first.fill("no therapist free")
    desk.get_by_role("button", name="Decline", exact=True).click()
    expect(desk.locator("body")).to_contain_text("Declined")
    messages = site.smtp.wait_for(email, count=2)
    assert "no therapist free" not in messages[-1].raw.decode()


def test_booking_succeeds_with_the_broker_down_and_the_mail_leaves_afterwards(
    fresh_site: RunningSite, new_page: PageMaker
) -> None:
    fresh_site.stop("broker")
    pages = BookingPages(new_page(), email="patient@example.com")
    reference, _hour = pages.book()
    assert not fresh_site.smtp.to("patient@example.com")
    fresh_site.start("broker")
    (received,) = fresh_site.smtp.wait_for("patient@example.com", seconds=75)
    assert reference in received.text
    assert len(fresh_site.smtp.to("patient@example.com")) == 1


def test_owner_writes_a_post_that_appears_once_it_is_published(
    site: RunningSite, new_page: PageMaker
) -> None:
    page = new_page()
    log_in(page, site, "owner")
    page.goto("/admin/blog/post/add/")
    page.get_by_label("Title").first.fill("A quiet room for your visit")
    page.locator(".prose-editor .tiptap").first.click()
    page.keyboard.type("Clear a space of seven by ten feet.")
    page.get_by_label("Summary").first.fill("How to get a room ready.")
    screenshot(page, "owner-post-editor")
    page.get_by_role("button", name="Save draft").click()
    expect(page.locator(".success")).to_be_visible()
    shown = new_page(width=390)
    # The owner sees a preview, a visitor nothing.
    assert shown.request.get("/blog/a-quiet-room-for-your-visit/").status == 404
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.locator(".messagelist .success")).to_contain_text("Published")
    shown.goto("/blog/a-quiet-room-for-your-visit/")
    expect(shown.locator("article")).to_contain_text("Clear a space of seven by ten feet.")
    screenshot(shown, "owner-post-published")
    assert "a-quiet-room-for-your-visit" in shown.request.get("/blog/feed/").text()
    assert "a-quiet-room-for-your-visit" in shown.request.get("/sitemap.xml").text()
    expect(shown.locator("body")).not_to_contain_text("Draft")
