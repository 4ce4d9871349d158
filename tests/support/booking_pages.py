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

    def what(self, slug: str = "manual-lymphatic-drainage", *, zip_code: str = "") -> None:
        """What, and with a ZIP code where as well."""
        self.page.goto(f"/book/?service={slug}")
        self.page.locator("input[name=option]").first.check(force=True)
        known = self.page.locator("details:has(#id_zip):not([open]) > summary")
        if known.count():
            known.click()
        self.page.get_by_label("ZIP code of the visit").fill(zip_code)
        self.press(PRESS_ON)
        expect(self.page).to_have_url(re.compile("/book/when/" if zip_code else "/book/where/"))

    def where(self, zip_code: str = ZIP) -> None:
        """Where alone, for who has not told it with what."""
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
        expect(self.page).to_have_url(re.compile("/book/health/"))
        return hour

    def health(self, **answers: str) -> None:
        """'None of these' on every card, and of age, unless `answers` says otherwise by question id; who is asked
        whether the last answers are still true says so, or gives new ones."""
        expect(self.page.locator("form:has([data-card]), form:has([name=still])")).to_be_visible()
        if self.page.locator("[name=still]").count():
            if not answers:
                self.press("Nothing has changed")
                return
            self.page.get_by_role("link", name="Something has changed").click()
            expect(self.page.locator("[data-card]").first).to_be_visible()
        expect(self.page.get_by_role("button", name=PRESS_ON)).to_be_visible()
        for card in self.page.locator("[data-card]").all():
            lines = card.locator("[data-card-lines] .question__answers")
            ids = [line.locator("input").first.get_attribute("name") or "" for line in lines.all()]
            if not answers.keys() & set(ids):
                card.locator("input[value=none]").check(force=True)
                continue
            card.locator("input[value=some]").check(force=True)
            for name in ids:
                answer = card.locator(f'input[name="{name}"][value={answers.get(name, "no")}]')
                if answer.is_visible():
                    answer.check(force=True)
        self.page.locator(f"input[name=adult][value={answers.get('adult', 'yes')}]").check(force=True)
        self.press(PRESS_ON)

    def details(self) -> None:
        """Who, how to reach them, where, and the way in."""
        self.page.get_by_label("Your name", exact=True).fill("Sample Client")
        self.page.get_by_label("Email").fill(self.email)
        self.page.get_by_label("Phone").fill(self.phone)
        self.page.get_by_label("Street address").fill("12 Sample Street")
        self.page.get_by_label("Gate or door code").fill("CANARY-GATE-4711")
        self.press(PRESS_ON)
        expect(self.page).to_have_url(re.compile("/book/(review|course/check)/"))

    def review(self) -> str:
        """Agrees and sends; returns the reference."""
        self.page.get_by_label("I have read this and agree").check(force=True)
        self.press("Send my request")
        expect(self.page).to_have_url(re.compile("/book/done/"))
        return self.page.locator(".reference").inner_text().strip()

    def book(self) -> tuple[str, str]:
        """The whole way; returns the reference and the time's words."""
        self.what(zip_code=ZIP)
        hour = self.when()
        self.health()
        self.details()
        return self.review(), hour
