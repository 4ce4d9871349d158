"""For all: by keyboard alone, with text twice as large, in forced colors, without motion, and by ear."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.booking_pages import BookingPages
from tests.support.browser import (
    PageMaker,
    accessibility_violations,
    broken_words,
    nameless,
    screenshot,
    sideways_overflow,
    with_large_text,
)
from tests.support.site import RunningSite

pytestmark = pytest.mark.browser

MOST_TABS = 90


def tab_to(page: Page, target: Locator) -> None:
    """Presses Tab until `target` has the focus, and checks on the way that what has it can be seen."""
    for _ in range(MOST_TABS):
        if target.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
        assert hidden_focus(page) is None
    pytest.fail(f"the keyboard doesn't reach {target}")


def hidden_focus(page: Page) -> str | None:
    """What has the focus, when it lies outside of the window or wholly under what stays in sight (WCAG 2.4.11)."""
    found: str | None = page.evaluate(
        """() => {
          const focused = document.activeElement;
          if (!focused || focused === document.body || focused.closest('.summary--bar')) return null;
          const box = (focused.labels?.[0] ?? focused).getBoundingClientRect();
          const bar = document.querySelector('.summary--bar')?.getBoundingClientRect();
          const foot = bar && bar.height && bar.top < innerHeight ? bar.top : innerHeight;
          const seen = box.bottom > 0 && box.top < foot - 2;
          return seen ? null : `${focused.outerHTML.slice(0, 120)} at ${Math.round(box.top)}, covered from ${foot}`;
        }"""
    )
    return found


@pytest.mark.dates
def test_a_visit_is_booked_by_keyboard_alone(site: RunningSite, new_page: PageMaker) -> None:
    page = new_page(width=390)
    keyboard = page.keyboard

    def button(name: str) -> Locator:
        return page.get_by_role("button", name=name, exact=True)

    def press(target: Locator, url: str) -> None:
        tab_to(page, target)
        keyboard.press("Enter")
        expect(page).to_have_url(re.compile(url))
        page.wait_for_load_state()

    page.goto("/")
    tab_to(page, page.get_by_label("Your ZIP code"))
    keyboard.type("90026")
    keyboard.press("Enter")
    expect(page.get_by_role("status").get_by_text("Yes, we come to")).to_be_visible()
    press(page.get_by_role("status").get_by_role("link", name="Other times and lengths"), "/book/.*zip=90026")
    # The length that the answer was about is chosen already.
    expect(page.locator("input[name=option]:checked")).to_have_count(1)
    press(button("Continue"), "/book/when/")
    press(page.locator("a.day--open").nth(1), "day=")
    expect(page.locator("#times-title")).to_be_focused()
    press(page.locator("button.time").nth(3), "/book/health/")

    for card in page.locator("[data-card]").all():
        tab_to(page, card.locator("input[value=none]"))
        keyboard.press("Space")
        assert hidden_focus(page) is None
    tab_to(page, page.locator("input[name=adult][value=yes]"))
    keyboard.press("Space")
    press(button("Continue"), "/book/details/")
    for label, text in {
        "Your name": "Sample Client",
        "Email": "keyboard@example.com",
        "Phone": "213 555 0171",
        "Street address": "14 Sample Street",
        "Gate or door code": "12#",
    }.items():
        tab_to(page, page.get_by_role("textbox", name=label))
        keyboard.type(text)
    press(button("Continue"), "/book/review/")
    tab_to(page, page.get_by_label("I have read this and agree"))
    keyboard.press("Space")
    press(page.get_by_role("button", name="Send my request"), "/book/done/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Please open the email we are sending you.")


def test_summary_opens_by_keyboard_and_closes_when_left(site: RunningSite, new_page: PageMaker) -> None:
    page = new_page(width=390)
    pages = BookingPages(page, email="summary@example.com", phone="213 555 0172")
    pages.what()
    bar = page.locator(".summary--bar details")
    tab_to(page, bar.locator("summary"))
    page.keyboard.press("Enter")
    expect(bar).to_have_attribute("open", "")
    assert accessibility_violations(page) == []
    page.keyboard.press("Escape")
    expect(bar).not_to_have_attribute("open", "")
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+Tab")
    expect(bar).not_to_have_attribute("open", "")

    # While a phone's keyboard takes half of the page, what, when and how much is one low line above it.
    pages.where()
    pages.when(nth=4)
    pages.health()
    page.set_viewport_size({"width": 390, "height": 400})
    page.get_by_label("Phone").focus()
    assert hidden_focus(page) is None
    line = page.locator(".summary--bar summary")
    expect(line).to_be_in_viewport(ratio=1)
    box = line.bounding_box()
    assert box is not None
    assert box["height"] <= 60
    expect(line).to_contain_text(re.compile(r"\d{1,2}:\d\d [AP]M[\s\S]*Total \$\d+"))
    # Zoomed to 400 %, it would take a quarter of what can be seen, and stays at the end of the page.
    page.set_viewport_size({"width": 320, "height": 256})
    page.get_by_label("Email").focus()
    expect(line).not_to_be_in_viewport()


def test_errors_take_the_focus_and_lead_to_their_field(site: RunningSite, new_page: PageMaker) -> None:
    new_page.allow("422")
    page = new_page(width=390)
    page.goto("/book/?service=manual-lymphatic-drainage")
    page.get_by_role("button", name="Continue").click()
    expect(page).to_have_title(re.compile("^Error: "))
    summary = page.get_by_role("alert")
    expect(summary).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("#div_id_option$"))
    assert hidden_focus(page) is None


def test_text_twice_as_large_fits_a_phone(site: RunningSite, new_page: PageMaker) -> None:
    page = with_large_text(new_page(width=320, bypass_csp=True))
    pages = BookingPages(page, email="large@example.com", phone="213 555 0173")
    problems: list[str] = []

    def check(name: str) -> None:
        page.wait_for_load_state()
        if overflow := sideways_overflow(page):
            problems.append(f"{name}: {overflow} px wider than the window")
        problems.extend(f"{name}: {word}" for word in broken_words(page))

    for path in (
        "/",
        "/services/",
        "/services/manual-lymphatic-drainage/",
        "/therapists/",
        "/faq/",
        "/policies/",
        "/visits/",
        "/book/",
    ):
        page.goto(path)
        check(path)
    pages.what()
    check("where")
    pages.where()
    check("when")
    pages.when(nth=5)
    check("health")
    pages.health()
    check("details")
    pages.details()
    check("review")
    pages.review()
    check("done")
    page.get_by_role("link", name="See my visit").click()
    check("visit")
    assert not problems, "\n".join(problems)


@pytest.mark.dates
def test_forced_colors_show_what_is_chosen_and_focused(site: RunningSite, new_page: PageMaker) -> None:
    page = new_page(width=390, forced_colors="active", color_scheme="dark")
    pages = BookingPages(page, email="forced@example.com", phone="213 555 0174")
    page.goto("/book/?service=manual-lymphatic-drainage")
    tile = "input => getComputedStyle(input.closest('.form-check').querySelector('label')).borderTopWidth"
    options = page.locator("input[name=option]")
    options.first.check(force=True)
    chosen, other = options.first.evaluate(tile), options.nth(1).evaluate(tile)
    assert chosen != other
    screenshot(page, "forced-length")
    pages.what()
    pages.where()
    width = "element => getComputedStyle(element).borderTopWidth"
    selected, open_day = (
        page.locator("a.day--selected"),
        page.locator("a.day--open:not(.day--selected)").first,
    )
    assert selected.evaluate(width) != open_day.evaluate(width)
    page.keyboard.press("Tab")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    screenshot(page, "forced-when")
    assert accessibility_violations(page) == []


@pytest.mark.parametrize(("motion", "moves"), [("reduce", False), ("no-preference", True)])
def test_nothing_moves_for_those_who_want_it_still(
    site: RunningSite, new_page: PageMaker, motion: str, moves: bool
) -> None:
    page = new_page(reduced_motion=motion)
    page.goto("/")
    assert bool(page.evaluate("document.getAnimations().length")) is moves


def test_area_check_answers_without_javascript(site: RunningSite, new_page: PageMaker) -> None:
    page = new_page(width=390, javascript=False)
    page.goto("/")
    page.get_by_label("Which service?").select_option("postural-correction-training")
    page.get_by_label("Your ZIP code").fill("90401")
    page.get_by_role("button", name="See when we can come").click()
    expect(page.get_by_text("Yes, we come to Santa Monica, 90401.")).to_be_visible()
    expect(page.get_by_label("Your ZIP code")).to_have_value("90401")
    page.get_by_role("status").get_by_role("link", name="Other times and lengths").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Postural Correction Training Program")


@pytest.mark.parametrize("javascript", [True, False])
def test_free_time_on_the_home_page_is_kept_by_one_press(
    site: RunningSite, new_page: PageMaker, javascript: bool
) -> None:
    page = new_page(width=390, javascript=javascript)
    page.goto("/")
    page.get_by_label("Your ZIP code").fill("90401")
    page.get_by_role("button", name="See when we can come").click()
    time = page.get_by_role("status").get_by_role("button")
    shown = time.locator("time span").last.inner_text()
    screenshot(page, f"home-answer-{'js' if javascript else 'no-js'}")
    time.click()
    expect(page).to_have_url(re.compile("/book/health/$"))
    expect(page.locator("body")).to_contain_text(shown.split()[0])
    expect(page.locator("body")).to_contain_text("90401")


def test_area_check_answers_in_place_and_says_what_is_wrong(site: RunningSite, new_page: PageMaker) -> None:
    page = new_page(width=320, color_scheme="dark")
    page.goto("/")
    page.evaluate("window.stays = true")
    answer = page.locator("#area-answer")

    def ask(typed: str, words: str) -> None:
        page.get_by_label("Your ZIP code").fill(typed)
        page.get_by_role("button", name="See when we can come").click()
        expect(answer).to_contain_text(words)
        assert accessibility_violations(page) == []
        assert sideways_overflow(page) == 0

    ask("9002", "has five digits")
    expect(page.get_by_label("Your ZIP code")).to_be_focused()
    expect(page.get_by_label("Your ZIP code")).to_have_attribute("aria-invalid", "true")
    ask("92101", "We don't drive to 92101 yet.")
    ask("90026", "Yes, we come to Los Angeles, 90026.")
    expect(page.get_by_label("Your ZIP code")).not_to_have_attribute("aria-invalid", "true")
    assert page.evaluate("window.stays") is True


def test_steps_have_names_in_the_accessibility_tree(site: RunningSite, new_page: PageMaker) -> None:
    """Role and name, as a screen reader gets them."""
    page = new_page()
    pages = BookingPages(page, email="names@example.com", phone="213 555 0175")
    page.goto("/book/?service=manual-lymphatic-drainage")
    main = page.get_by_role("main")
    tree: Callable[[], str] = main.aria_snapshot
    assert '- group "How long?"' in tree()
    assert '- radio "60 minutes · from $140"' in tree()
    assert '- navigation "Booking steps"' in tree()
    pages.what()
    assert '- textbox "ZIP code of the visit"' in tree()
    assert '- complementary "Your visit"' in tree()
    pages.where()
    when = tree()
    assert re.search(r'- table "Days with free times, \w+ \d+ – \w+ \d+"', when)
    assert re.search(r'link "\w+day, \w+ \d{1,2}: \d+ times?"', when)
    assert re.search(r'group "(Morning|Afternoon|Evening)', when)
    assert re.search(r'button "\d{1,2}:\d\d [AP]M, with Sample Therapist \w+"', when)
    assert '- region "Who should come?"' in when
    assert '- link "Anyone, soonest"' in when
    pages.when(nth=6)
    expect(page).to_have_title(re.compile("^A few health questions · Step 3 of 5 · "))
    assert re.search(r'- group "[^"]*Right now Any of these right now\?"', tree())
    for name in ("None of these", "Yes, or not sure"):
        assert f'- radio "{name}"' in tree()
    # What isn't open yet isn't there.
    assert '- group "Surgery in the last six months"' not in tree()
    page.locator("input[name='card.treatment'][value=some]").check(force=True)
    assert '- group "Surgery in the last six months"' in tree()
    for name in ("Yes", "No", "Not sure"):
        assert f'- radio "{name}"' in tree()
    pages.health()
    expect(page).to_have_title(re.compile("^About you · Step 4 of 5 · "))
    assert '- heading "About you" [level=1]' in tree()
    assert 'checkbox "I\'m booking for another person"' in tree()
    for name in ("Your name", "Email", "Phone", "Street address", "Gate or door code (optional)"):
        assert f'- textbox "{name}"' in tree()
    assert '- group "How do we get to your door?"' in tree()
    pages.details()
    review = tree()
    assert '- link "Change the time, or who comes"' in review
    assert '- checkbox "I have read this and agree"' in review
    assert nameless(page) == []


def test_style_guide_is_accessible_and_shows_emails(site: RunningSite, new_page: PageMaker) -> None:
    page = new_page(width=320, color_scheme="dark")
    login = site.login("owner")
    page.goto("/admin/login/?next=/admin/styleguide/")
    page.get_by_label("Username").fill(login.username)
    page.get_by_label("Password").fill(login.password)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Style guide", level=1)).to_be_visible()
    page.get_by_role("heading", name="Visit confirmed", exact=True).click()
    for part, words in (("as a mailbox shows it", "Sample Therapist"), ("as plain text", "Subject: ")):
        frame = page.frame_locator(f'iframe[title="Visit confirmed, {part}"]')
        expect(frame.locator("body")).to_contain_text(words)
    page.get_by_role("heading", name="Visit confirmed", exact=True).click()
    looks: list[tuple[int, Literal["light", "dark"]]] = [(320, "dark"), (1280, "light")]
    for width, scheme in looks:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        screenshot(page, f"styleguide-{width}-{scheme}")
        assert accessibility_violations(page) == []
        assert sideways_overflow(page) == 0
