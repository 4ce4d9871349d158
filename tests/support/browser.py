"""Chromium, watched: what a page complains about fails the test."""

import functools
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, BrowserContext, Error, Locator, Page, Playwright, expect

from tests.support import OUTPUT

DESKTOP = 1280
PHONE = 390
PATIENCE_MS = 60_000
_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--font-render-hinting=none",
    # Where a public site of a test is, by its name: production settings refuse an address of this machine.
    "--host-resolver-rules=MAP *.massage-rx.test 127.0.0.1",
]  # fmt: skip
# Init scripts are injected by the debugger, so the page's own policy does not concern them.
_REPORT_VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) => {
  const place = `${event.sourceFile}:${event.lineNumber}`;
  console.error(`CSP violation: ${event.effectiveDirective} ${event.blockedURI} ${place}`);
});
"""


def arrived(page: Page) -> None:
    """Wait until all of the page is there, with its scripts, as `goto` does; for at most ten seconds."""
    with suppress(Error):
        page.wait_for_load_state(timeout=10_000)


def _arriving(press: Callable[..., None]) -> Callable[..., None]:
    """A press of Playwright's ends where the answer begins. This one ends where the page is there: what is counted,
    listed or typed next meets all of its rows and its scripts."""

    @functools.wraps(press)
    def arrive(self: Locator | Page, *args: Any, **options: Any) -> None:
        press(self, *args, **options)
        arrived(self.page if isinstance(self, Locator) else self)

    return arrive


@functools.cache
def _have_presses_arrive() -> None:
    for kind in (Locator, Page):
        for name in ("click", "press"):
            setattr(kind, name, _arriving(getattr(kind, name)))


def launch(playwright: Playwright, program: str) -> Browser:
    """Start Chromium without a window. Whatever is waited for has the time that only a hang takes, and a press takes
    until the page that it leads to is there."""
    _have_presses_arrive()
    expect.set_options(timeout=PATIENCE_MS)
    return playwright.chromium.launch(executable_path=program, headless=True, args=_FLAGS)


# For pages that are made with `bypass_csp=True`.
_LARGE_TEXT = """addEventListener("DOMContentLoaded", () => {
  const style = document.createElement("style");
  style.textContent = "html { font-size: 212.5% !important }";
  document.head.append(style);
})"""


def with_large_text(page: Page) -> Page:
    """The page with text twice as large as the site's, on each address from now on."""
    page.add_init_script(_LARGE_TEXT)
    return page


class PageMaker:
    """Opens pages, and collects what goes wrong in them.

    Calling it opens a page in a context of its own. `problems` gets console errors, policy violations, script
    errors and requests to other hosts; `allow` names a piece of text that makes a problem expected.
    """

    def __init__(self, browser: Browser, base_url: str | None) -> None:
        self._browser = browser
        self._base_url = base_url
        self._contexts: list[BrowserContext] = []
        self._allowed: list[str] = []
        self._found: list[str] = []

    def __call__(
        self, *, width: int = DESKTOP, javascript: bool = True, base_url: str | None = None, **options: Any
    ) -> Page:
        base = base_url or self._base_url
        phone = width < 700
        context = self._browser.new_context(
            base_url=base,
            viewport={"width": width, "height": 844 if phone else 900},
            has_touch=phone,
            java_script_enabled=javascript,
            locale="en-US",
            timezone_id=options.pop("timezone_id", "America/New_York"),  # not the business's, on purpose
            reduced_motion=options.pop("reduced_motion", "reduce"),
            **options,
        )
        context.set_default_timeout(PATIENCE_MS)
        if javascript:
            context.add_init_script(_REPORT_VIOLATIONS)
        self._contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: self._note(message.type == "error", f"console: {message.text}"))
        page.on("pageerror", lambda error: self._note(True, f"script: {error}"))
        home = urlsplit(base or "").netloc
        page.on(
            "request",
            lambda request: self._note(
                urlsplit(request.url).scheme in ("http", "https") and urlsplit(request.url).netloc != home,
                f"request to another host: {request.url}",
            ),
        )
        return page

    def _note(self, wrong: bool, text: str) -> None:
        if wrong:
            self._found.append(text)

    def allow(self, text: str) -> None:
        """Problems with this text in them are expected, in this test only."""
        self._allowed.append(text)

    @property
    def problems(self) -> list[str]:
        return [text for text in self._found if not any(piece in text for piece in self._allowed)]

    def close(self) -> None:
        for context in self._contexts:
            context.close()


# A key counts where it does something by itself: outside of a field, and Enter within one.
_FEEL = """
addEventListener("pointerdown", (event) => { if (event.isTrusted) felt(); }, true);
addEventListener("keydown", (event) => {
  const typing = event.target.matches("textarea, select, input:not([type=radio], [type=checkbox])");
  if (event.isTrusted && (event.key === "Enter" || !typing)) felt();
}, true);
"""


class Counter:
    """Counts what somebody does in a tab: the pages that are shown, by address, and the presses of finger, mouse and
    keys that the browser feels. Text that is typed into a field is none."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.pages: list[str] = []
        self.presses = 0
        page.expose_function("felt", self._felt)
        page.add_init_script(_FEEL)
        page.on("framenavigated", lambda frame: self.pages.append(re.sub(r"^https?://[^/]+", "", frame.url)))

    def _felt(self) -> None:
        self.presses += 1


# All that axe looked at is fifty times as much, and would be packed and unpacked three times on its way here.
_VIOLATIONS = """async (options) => {
  const { violations } = await axe.run(document, options);
  return violations.flatMap(({ id, impact, nodes }) =>
    nodes.map((node) => `${id} (${impact}): ${node.html.slice(0, 160)} — ${node.failureSummary}`));
}"""


def accessibility_violations(page: Page, *, rules: list[str] | None = None) -> list[str]:
    """What axe-core finds on the page as it is now, one line each; empty when it finds nothing. `rules` are the names
    of those to ask, by default all that axe asks by itself."""
    arrived(page)
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    # Without `preload`, which copies sheets that import others into the page: the policy refuses that, rightly.
    options = {"resultTypes": ["violations"], "preload": False} | ({"runOnly": rules} if rules else {})
    return list(page.evaluate(_VIOLATIONS, options))


def nameless(page: Page) -> list[str]:
    """What can be pressed or typed into and has no name in the accessibility tree, by role."""
    arrived(page)
    tree = page.locator("body").aria_snapshot()
    return re.findall(
        r"- ((?:link|button|textbox|radio|checkbox|combobox|searchbox)(?: \[\w+\])*)(?::|$)",
        tree,
        re.MULTILINE,
    )


def sideways_overflow(page: Page) -> int:
    """How many pixels the page is wider than its window; 0 when nothing has to be scrolled sideways."""
    arrived(page)
    return int(
        page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
    )


# Words of letters alone, as long as those of our own texts, of which one line holds a part and the next the rest.
_BROKEN_WORDS = r"""() => {
  const broken = new Set();
  const texts = document.createTreeWalker(document.querySelector("main, #content"), NodeFilter.SHOW_TEXT);
  for (let text; (text = texts.nextNode());) {
    const around = text.parentElement;
    if (!around.checkVisibility() || around.closest(".visually-hidden, script, style, textarea, select")) continue;
    for (const found of text.data.matchAll(/(?<=^|[\s(“])\p{L}{2,12}(?=$|[\s.,:;?!)”])/gu)) {
      const range = document.createRange();
      range.setStart(text, found.index);
      range.setEnd(text, found.index + found[0].length);
      const parts = [...range.getClientRects()].filter(({ width }) => width > 1);
      const lines = new Set(parts.map(({ top }) => Math.round(top)));
      if (lines.size > 1) broken.add(`${found[0]} in ${around.className || around.localName}`);
    }
  }
  return [...broken];
}"""


def broken_words(page: Page) -> list[str]:
    """Common words that the page tears in two because their place is too narrow: each with the place's name."""
    arrived(page)
    return list(page.evaluate(_BROKEN_WORDS))


def screenshot(page: Page, name: str) -> Path:
    """Keep a picture of the whole page as test output; returns its path. As a PNG it takes twice the time."""
    arrived(page)
    path = OUTPUT / "screenshots" / f"{name}.jpg"
    path.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=path, full_page=True, type="jpeg", quality=85)
    return path
