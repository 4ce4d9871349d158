"""Every public page in Chromium: no accessibility violation in both schemes, nothing wider than the window, no
complaint in the console, no request to another host (the page maker fails the test on those)."""

from __future__ import annotations

import re
from typing import Literal

import pytest
from playwright.sync_api import expect

from tests.support.booking_pages import BookingPages
from tests.support.browser import (
    PageMaker,
    accessibility_violations,
    nameless,
    screenshot,
    sideways_overflow,
)
from tests.support.site import RunningSite

pytestmark = pytest.mark.browser

PAGES = [
    "/",
    "/?zip=90026&service=manual-lymphatic-drainage",
    "/?zip=92101",
    "/services/",
    "/services/manual-lymphatic-drainage/",
    "/services/postural-correction-training/",
    "/services/postural-correction-training/booklet/",
    "/therapists/",
    "/blog/",
    "/blog/tag/posture/",
    "/blog/search/?q=sleeve",
    "/about/",
    "/faq/",
    "/contact/",
    "/policies/",
    "/privacy/",
    "/book/",
    "/book/?service=manual-lymphatic-drainage",
    "/visits/",
    "/no-such-page/",
]
CONTRAST = ["color-contrast", "link-in-text-block"]


def test_public_pages_are_accessible_and_fit(site: RunningSite, new_page: PageMaker) -> None:
    """Each page is loaded once, and looked at in both schemes and in three widths."""
    new_page.allow("404")
    page = new_page(width=320)
    post = re.findall(r"/blog/([a-z0-9-]+)/</loc>", page.request.get("/sitemap.xml").text())[0]
    problems: list[str] = []

    def look(
        path: str, width: int, scheme: Literal["light", "dark"], *, rules: list[str] | None = None
    ) -> None:
        page.set_viewport_size({"width": width, "height": 844})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        problems.extend(
            f"{path} at {width}, {scheme}: {violation}"
            for violation in accessibility_violations(page, rules=rules)
        )
        if overflow := sideways_overflow(page):
            problems.append(f"{path} at {width}: {overflow} px wider than the window")

    for path in [*PAGES, f"/blog/{post}/"]:
        response = page.goto(path, wait_until="domcontentloaded")
        assert response is not None
        assert response.status == (404 if path == "/no-such-page/" else 200), path
        look(path, 320, "dark")
        problems += [f"{path}: without a name: {role}" for role in nameless(page)]
        name = re.sub(r"[^a-z0-9]+", "-", path).strip("-") or "home"
        screenshot(page, f"page-320-dark-{name}")
        look(path, 390, "light", rules=CONTRAST)
        look(path, 1280, "light")
    assert not problems, "\n".join(problems)


def test_keyboard_skips_the_menu_or_opens_it_to_my_visits(site: RunningSite, new_page: PageMaker) -> None:
    page = new_page(width=390)
    page.goto("/faq/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    menu = page.locator("summary", has_text="Menu")
    menu.focus()
    page.keyboard.press("Enter")
    assert accessibility_violations(page) == []
    page.keyboard.press("Escape")
    expect(menu).to_be_focused()
    mine = page.locator(".menu a", has_text="My visits")
    expect(mine).to_be_hidden()
    page.keyboard.press("Enter")
    mine.press("Enter")
    expect(page).to_have_url(re.compile("/visits/$"))


def test_each_state_of_the_booking_flow_is_accessible(site: RunningSite, new_page: PageMaker) -> None:
    new_page.allow("422")
    page = new_page(width=320, color_scheme="dark")
    pages = BookingPages(page, email="states@example.com", phone="213 555 0166")
    problems: list[str] = []

    def check(state: str) -> None:
        screenshot(page, f"state-dark-{state}")
        found = accessibility_violations(page)
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        found += accessibility_violations(page, rules=CONTRAST)
        page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        problems.extend(f"{state}: {violation}" for violation in found)
        if overflow := sideways_overflow(page):
            problems.append(f"{state}: {overflow} px wider than the window")

    page.goto("/book/?service=manual-lymphatic-drainage")
    pages.press("Continue")
    check("length-missing")
    pages.what()
    page.get_by_label("ZIP code of the visit").fill("92101")
    pages.press("Check my ZIP code")
    check("outside")
    page.get_by_label("ZIP code of the visit").fill("9")
    pages.press("Check my ZIP code")
    check("zip-wrong")
    pages.what()
    pages.where()
    check("when")
    page.goto("/book/when/?from=2027-01-03&only=weekends&who=gender:female")
    check("when-filtered")
    page.goto("/book/when/")
    pages.when(nth=4)
    check("health")
    pages.press("Continue")
    check("health-blank")
    page.locator("input[name='card.treatment'][value=some]").check(force=True)
    page.locator("input[name=surgery][value=yes]").check(force=True)
    check("health-lines")
    pages.health(leg_or_clot="yes")
    check("health-stop")
    page.get_by_role("link", name="Change that answer").click()
    # A sign that can't wait is sent without the rest.
    page.locator("input[name='card.today'][value=some]").check(force=True)
    # No look back at what was pressed: the page has gone by then.
    page.locator("input[name=urgent_signs][value=yes]").click(force=True)
    expect(page.get_by_role("heading", level=1)).to_have_text("Please call 911 now")
    check("health-emergency")
    page.get_by_role("link", name="Change that answer").click()
    pages.health()
    pages.press("Continue")
    check("details-wrong")
    page.get_by_label("I'm booking for another person").check(force=True)
    check("details-for-another")
    page.get_by_label("I'm booking for another person").uncheck(force=True)
    pages.details()
    pages.press("Send my request")
    check("review-not-agreed")
    pages.review()
    check("done")
    assert not problems, "\n".join(problems)


@pytest.mark.dates
def test_days_turn_without_a_page_load_and_back_brings_them_back(
    site: RunningSite, new_page: PageMaker
) -> None:
    page = new_page(width=390)
    pages = BookingPages(page, email="turning@example.com", phone="213 555 0155")
    pages.what()
    pages.where()
    page.evaluate("window.stays = true")
    days = page.locator("a.day--open")
    first, second = days.nth(0), days.nth(1)
    chosen = second.locator(".visually-hidden").inner_text().split(":")[0]
    before = first.locator(".visually-hidden").inner_text().split(":")[0]
    title = page.locator("#times-title")
    expect(title).to_contain_text(before)
    second.click()
    expect(title).to_contain_text(chosen)
    expect(page).to_have_url(re.compile("day="))
    expect(title).to_be_focused()
    page.go_back()
    expect(title).to_contain_text(before)
    weeks = page.locator("#calendar-title").inner_text()
    page.locator("a.calendar__turn[rel=next]").click()
    expect(page.locator("#calendar-title")).not_to_have_text(weeks)
    expect(page.locator("[data-turned]")).to_contain_text("days with free times")
    # The sample rules open sixty days: after ten weeks there is no further turn to hold the focus.
    expect(page.locator("a.calendar__turn[rel=next]")).to_have_count(0)
    expect(page.locator("#calendar-title")).to_be_focused()
    assert page.evaluate("window.stays") is True
    assert accessibility_violations(page) == []
