"""Opening day under production settings: an owner alone, from an empty database to the first booked visit, only through
pages, and by a file. What is pressed and what is filled in is counted; a picture is kept of each step."""

from __future__ import annotations

import json
import re
from base64 import b32decode
from collections.abc import Iterator
from pathlib import Path

import pytest
from django_otp.oath import totp
from playwright.sync_api import Frame, Locator, Page, expect

from tests.support import OUTPUT, ROOT
from tests.support.booking_pages import BookingPages
from tests.support.browser import PageMaker, accessibility_violations, screenshot, sideways_overflow
from tests.support.site import RunningSite, public_site

pytestmark = [pytest.mark.journey, pytest.mark.integrity]

_PASSWORD = "quiet-orchard-lamp"
_MAKE_OWNER = ["createsuperuser", "--no-input", "--username", "nora", "--email", "nora@example.net"]
_STATE = """
import json
from django.contrib.auth.models import User
from bookings.models import Booking, BookingRules, Therapist
from services.models import Business, Service
from services.sample_left import sample_left
print(json.dumps({
    "sample": [left.words for left in sample_left()], "is_sample": Business.load().is_sample,
    "is_open": BookingRules.load().is_open, "status": Booking.objects.get().status,
    "users": User.objects.count(), "services": Service.objects.count(), "therapists": Therapist.objects.count(),
}))
"""


@pytest.fixture
def site(prepared_databases: Path, tmp_path: Path) -> Iterator[RunningSite]:
    """A public site with its tables and nothing else."""
    with public_site(tmp_path, prepared_databases, password=_PASSWORD) as running:
        running.manage("check", "--deploy", "--fail-level", "WARNING")
        running.manage(*_MAKE_OWNER)
        yield running


def _cookies_are_kept_safe(page: Page) -> None:
    """What the browser keeps of the site goes back to this host alone, over TLS alone."""
    kept = page.context.cookies()
    assert kept
    for cookie in kept:
        assert (cookie["name"].startswith("__Host-"), cookie["secure"], cookie["httpOnly"]) == (True,) * 3, (
            cookie
        )


class Owner:
    """Whoever sets the site up; counts what they do."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.pages = self.presses = self.fields = self.pictures = 0
        page.on("framenavigated", self._count_page)

    def _count_page(self, frame: Frame) -> None:
        self.pages += frame == self.page.main_frame

    def fill(self, field: Locator, text: str) -> None:
        field.fill(text)
        self.fields += 1

    def choose(self, field: Locator, **option: str | int) -> None:
        field.select_option(**option)  # type: ignore[arg-type]
        self.fields += 1

    def press(self, button: Locator) -> None:
        button.click()
        self.presses += 1

    def press_named(self, name: str) -> None:
        self.press(self.page.get_by_role("button", name=name, exact=True).first)

    def follow(self, words: str) -> None:
        """From the list, to the page that mends this."""
        self.page.goto("/admin/opening/")
        self.keep("list")
        self.press(self.page.locator(".opening").get_by_role("link", name=words).first)

    def saved(self) -> None:
        self.press_named("Save")
        expect(self.page.locator(".messagelist .success").first).to_be_visible()

    def keep(self, name: str) -> None:
        self.pictures += 1
        screenshot(self.page, f"opening-{self.pictures:02}-{name}")


def _colleague_comes_in(phone: Page, link: re.Match[str] | None) -> None:
    """Who was invited sets a password and sees what is theirs, once their own phone makes codes."""
    assert link is not None
    phone.goto(link[0])
    screenshot(phone, "opening-invited")
    assert accessibility_violations(phone) == []
    assert sideways_overflow(phone) == 0
    phone.get_by_label("New password", exact=True).fill(_PASSWORD)
    phone.get_by_label("New password confirmation").fill(_PASSWORD)
    phone.get_by_role("button", name="Set my password").click()
    phone.get_by_label("Username").fill("mira@example.net")
    phone.get_by_label("Password").fill(_PASSWORD)
    phone.get_by_role("button", name="Log in").click()
    expect(phone.get_by_role("heading", name="1. Get an app")).to_be_visible()


def _first_visit(site: RunningSite, visitor: Page) -> str:
    """The first client books, and has their email; returns the reference."""
    pages = BookingPages(visitor, email="first@example.com")
    pages.what("quiet-massage", zip_code="90026")
    pages.when(nth=1)
    pages.health()
    pages.details()
    reference = pages.review()
    (received,) = site.smtp.wait_for("first@example.com")
    assert reference in received.text
    assert f"{site.url}/visits/" in received.text
    return reference


def test_an_owner_opens_the_site_alone_and_is_booked(site: RunningSite, new_page: PageMaker) -> None:
    visitor = new_page(width=390, ignore_https_errors=True)
    visitor.goto("/book/")
    expect(visitor.get_by_role("heading", name="We book by phone right now")).to_be_visible()
    screenshot(visitor, "opening-00-visitor")
    assert accessibility_violations(visitor) == []
    assert sideways_overflow(visitor) == 0

    page = new_page(ignore_https_errors=True)
    owner = Owner(page)
    page.goto("/admin/")
    owner.fill(page.get_by_label("Username"), "nora")
    owner.fill(page.get_by_label("Password"), _PASSWORD)
    owner.press_named("Log in")
    owner.press_named("Send me the link")
    expect(page.locator(".messagelist")).to_contain_text("The link is on its way")
    (received,) = site.smtp.wait_for("nora@example.net")
    link = re.search(r"https://\S+/invited/\S+/second-factor/", received.text)
    assert link is not None
    page.goto(link[0])
    owner.press_named("Continue")
    secret = page.locator(".factor-secret").inner_text().replace(" ", "")
    owner.fill(page.get_by_label("The six digits"), f"{totp(b32decode(secret), t0=0, step=30, drift=0):06}")
    owner.press_named("Set it up")
    owner.press(page.get_by_role("link", name="I have kept them"))
    expect(page.get_by_role("heading", name="Before you open")).to_be_visible()
    assert accessibility_violations(page) == []

    owner.follow("Enter the phone number")
    owner.fill(page.get_by_label("Phone:"), "(213) 617-0188")
    owner.fill(page.get_by_label("Email:"), "hello@quiet-hands.net")
    owner.keep("business")
    owner.saved()

    page.goto("/admin/opening/")
    owner.press(page.get_by_role("link", name="Choose from prepared services"))
    owner.keep("prepared")
    assert accessibility_violations(page) == []
    assert sideways_overflow(page) == 0
    owner.follow("Add a category")
    owner.fill(page.get_by_label("Name:"), "Massage")
    owner.saved()
    owner.follow("Add a service")
    owner.fill(page.locator("#id_name"), "Quiet massage")
    owner.choose(page.locator("#id_category"), label="Massage")
    owner.fill(page.locator("#id_summary"), "Long, slow strokes.")
    owner.press(page.locator(".prose-editor .tiptap").first)
    page.keyboard.type("Long, slow strokes, in a room of yours.")
    owner.fields += 1
    owner.fill(page.locator("#id_options-0-minutes"), "60")
    owner.fill(page.locator("#id_options-0-price_cents"), "140")
    owner.keep("service")
    owner.saved()

    owner.follow("Enter the ZIP codes")
    owner.fill(page.get_by_label("Name of the new zone"), "Near")
    owner.fill(
        page.get_by_label("ZIP codes:", exact=True),
        "Echo Park 90026, Los Feliz 90027\nSilver Lake 90039-1234\nReno 89501",
    )
    owner.press_named("Show what would be added")
    owner.keep("zip-codes")
    assert accessibility_violations(page) == []
    owner.press_named("Add 3 ZIP codes")
    expect(page.locator(".messagelist .success")).to_contain_text("3 ZIP codes added.")

    owner.follow("Add a therapist")
    owner.fill(page.locator("#id_name"), "Mira Stone")
    owner.choose(page.locator("#id_gender"), value="female")
    owner.fill(page.locator("#id_certificate_number"), "71234")
    owner.press(page.get_by_role("button", name="Choose all qualified for"))
    owner.choose(page.locator("#id_home_zip"), index=1)
    for day in range(7):
        owner.fill(page.locator(f"#id_working_hours-{day}-starts_at"), "9 AM")
        owner.fill(page.locator(f"#id_working_hours-{day}-ends_at"), "7 PM")
    owner.keep("therapist")
    owner.saved()

    page.goto("/admin/bookings/therapist/")
    owner.press(page.get_by_role("link", name="Mira Stone"))
    owner.press(page.get_by_role("link", name="Invite to log in"))
    owner.fill(page.get_by_label("Email:"), "mira@example.net")
    owner.choose(page.get_by_label("Role:"), label="Therapist")
    owner.keep("invitation")
    assert accessibility_violations(page) == []
    assert sideways_overflow(page) == 0
    owner.press_named("Send the invitation")
    expect(page.locator(".messagelist .success")).to_contain_text("on its way to mira@example.net")
    (invitation,) = site.smtp.wait_for("mira@example.net")
    _colleague_comes_in(
        new_page(width=390, ignore_https_errors=True), re.search(r"/invited/\S+/", invitation.text)
    )

    owner.follow("Write the terms")
    owner.keep("terms")
    owner.saved()

    owner.follow("Go through the health questions")
    owner.fill(page.get_by_label("Approved by"), "Mira Stone, CLT")
    owner.press(page.locator(".rules-part summary").nth(6))
    owner.keep("questions")
    assert accessibility_violations(page) == []
    assert sideways_overflow(page) == 0
    owner.saved()
    page.goto("/admin/bookings/screeningversion/")
    page.locator("#result_list tbody th a").first.click()
    page.get_by_role("link", name="Answer as a client would").click()
    page.locator("[data-card] input[value=none]").first.check(force=True)
    page.locator("[data-card] input[value=some]").nth(1).check(force=True)
    screenshot(page, "opening-trial")
    assert accessibility_violations(page) == []

    for title in ("Policies", "Privacy", "About us"):
        owner.follow(f"page “{title}”")
        owner.keep(title.lower().replace(" ", "-"))
        owner.saved()

    owner.follow("Every page links to the blog")
    owner.keep("prepared-posts")
    assert accessibility_violations(page) == []
    assert sideways_overflow(page) == 0
    owner.press_named("Add what is prepared")
    expect(page.locator(".messagelist .success")).to_contain_text("3 added.")
    for _post in range(3):
        owner.follow("is a draft: go through it")
        owner.press(page.locator("input[name=_publish]"))
        expect(page.locator(".messagelist .success").first).to_contain_text("Published")

    page.goto("/admin/")
    assert page.locator(".opening-step li").all_inner_texts() == []
    expect(page.locator(".opening-progress")).to_contain_text("10 of 10 done")
    owner.keep("ready")
    owner.press_named("Open: let clients book online")
    expect(page.locator(".messagelist .success")).to_contain_text("Clients can book online now.")

    reference = _first_visit(site, visitor)
    for both in (page, visitor):
        _cookies_are_kept_safe(both)
    page.goto("/admin/")
    page.get_by_role("link", name=reference).first.click()
    page.get_by_role("button", name="Confirm", exact=True).click()
    expect(page.locator("body")).to_contain_text("Confirmed")
    state = json.loads(site.shell(_STATE))
    assert state == {
        "sample": [], "is_sample": False, "is_open": True, "status": "confirmed", "users": 2, "services": 1,
        "therapists": 1,
    }  # fmt: skip
    # Half a minute for a press with its page, and as much for a field, is less than an hour.
    assert owner.presses + owner.fields < 120, (owner.presses, owner.fields)
    figures = f"{owner.pages} pages, {owner.presses} presses, {owner.fields} fields"
    (OUTPUT / "opening.txt").write_text(f"From an empty database to the first booked visit: {figures}.\n")


def test_a_file_opens_the_site_and_it_is_booked(site: RunningSite, new_page: PageMaker) -> None:
    said = site.manage("open_site", str(ROOT / "docs" / "open_site.toml"), "--open")
    assert "Clients can book online now." in said
    visitor = new_page(width=390, ignore_https_errors=True)
    visitor.goto("/")
    screenshot(visitor, "opening-by-a-file")
    _first_visit(site, visitor)
    _cookies_are_kept_safe(visitor)
    assert json.loads(site.shell(_STATE)) == {
        "sample": [], "is_sample": False, "is_open": True, "status": "requested", "users": 1, "services": 1,
        "therapists": 1,
    }  # fmt: skip
