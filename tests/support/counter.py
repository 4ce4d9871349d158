"""How many pages and presses something takes."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page


class Counter:
    """Counts what somebody does on a page: the pages that are shown, and the presses that the browser feels."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.pages: list[str] = []
        self.presses = 0
        page.expose_function("felt", self._felt)
        page.add_init_script(
            "addEventListener('pointerdown', (event) => { if (event.isTrusted) felt(); }, true)"
        )
        page.on("framenavigated", lambda frame: self.pages.append(re.sub(r"^https?://[^/]+", "", frame.url)))

    def _felt(self) -> None:
        self.presses += 1

    def types(self, label: str, text: str) -> None:
        """A press into a field, and its text."""
        field = self.page.get_by_label(label, exact=True)
        field.click()
        field.press_sequentially(text)

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name)

    def taken(self) -> int:
        """The presses since it was last asked."""
        # What was pressed before is told by now: calls to the page come back in their order.
        self.page.evaluate("0")
        presses, self.presses = self.presses, 0
        return presses
