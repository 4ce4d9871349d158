"""A client's way through the booking pages in a browser, on the sample data."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

ZIP = "90026"
PRESS_ON = "Continue"


class BookingPages:
    """Each method does one step and leaves the page on the next."""

    def __init__(self, page: Page, *, email: str, phone: str = "213 555 0123") -> None:
        self.page = page
        self.email = email
        self.phone = phone

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name).click()

    def what(self, slug: str = "manual-lymphatic-drainage") -> None:
        self.page.goto(f"/book/?service={slug}")
        self.page.locator("input[name=option]").first.check(force=True)
        self.press(PRESS_ON)
        expect(self.page).to_have_url(re.compile("/book/where/"))

    def where(self, zip_code: str = ZIP) -> None:
        self.page.get_by_label("ZIP code of the visit").fill(zip_code)
        self.press("Check my ZIP code")
        expect(self.page.get_by_text("Yes, we come to")).to_be_visible()
        self.page.get_by_role("link", name="Choose a day and time").click()

    def when(self, *, nth: int = 2) -> str:
        """Chooses a time of the day that is shown and returns its words, such as `10:30 AM`."""
        buttons = self.page.locator("button.time")
        expect(buttons.first).to_be_visible()
        # Other walks may have left the day with fewer.
        button = buttons.nth(min(nth, buttons.count() - 1))
        hour = " ".join((button.locator(".time__hour").text_content() or "").split()).rstrip(",")
        button.click()
        expect(self.page).to_have_url(re.compile("/book/details/"))
        return hour

    def details(self) -> None:
        """Part by part, as a new client goes."""
        for part in (self.who, self.contact, self.address, self.access):
            part()
        expect(self.page).to_have_url(re.compile("/book/health/"))

    def who(self) -> None:
        self.page.get_by_label("Your name", exact=True).fill("Sample Client")
        self.press(PRESS_ON)
        expect(self.page).to_have_url(re.compile("/book/details/contact/"))

    def contact(self) -> None:
        self.page.get_by_label("Email").fill(self.email)
        self.page.get_by_label("Phone").fill(self.phone)
        self.press(PRESS_ON)
        expect(self.page).to_have_url(re.compile("/book/details/address/"))

    def address(self) -> None:
        self.page.get_by_label("Street address").fill("12 Sample Street")
        self.press(PRESS_ON)
        expect(self.page).to_have_url(re.compile("/book/details/access/"))

    def access(self) -> None:
        self.page.get_by_label("Gate or door code").fill("CANARY-GATE-4711")
        self.press(PRESS_ON)

    def health(self, **answers: str) -> None:
        """Answers every question, all on one page: of age, and no to the rest, unless `answers` says otherwise by
        question id."""
        self.page.goto("/book/health/?all=yes")
        given = {"adult": "yes", **answers}
        names = self.page.locator("form.health input[type=radio]:visible").evaluate_all(
            "inputs => [...new Set(inputs.map(input => input.name))]"
        )
        for name in names:
            self.page.locator(f"input[name={name}][value={given.get(name, 'no')}]").check(force=True)
        self.press(PRESS_ON)

    def health_one_by_one(self, **answers: str) -> int:
        """The same, question by question, by keyboard so that no press comes too soon; returns how many there were."""
        given = {"adult": "yes", **answers}
        asked = 0
        while "/book/health/" in self.page.url:
            asked += 1
            name = self.page.locator("input[name=question]").get_attribute("value") or ""
            before = self.page.url
            self.page.locator(f"button[name=answer][value={given.get(name, 'no')}]").press("Enter")
            expect(self.page).not_to_have_url(before)
        return asked

    def review(self) -> str:
        """Agrees and sends; returns the reference."""
        self.page.get_by_label("I have read this and agree").check(force=True)
        self.press("Send my request")
        expect(self.page).to_have_url(re.compile("/book/done/"))
        return self.page.locator(".reference").inner_text().strip()

    def book(self) -> tuple[str, str]:
        """The whole way; returns the reference and the time's words."""
        self.what()
        self.where()
        hour = self.when()
        self.details()
        self.health()
        return self.review(), hour
