"""A visitor over real HTTP: the booking steps as a browser without JavaScript sends them, with cookies and an
address of its own."""

from __future__ import annotations

import http.client
import re
from datetime import date, datetime
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from tests.bookings.views.flow import DETAILS
from tests.factories import CLEAR_ANSWERS, LA

SERVICE = "manual-lymphatic-drainage"
# A page that is made anew for each visitor; the one before it is cached.
CHOOSE = f"/book/?service={SERVICE}"
ZIP = "90026"
_TIME = re.compile(r'name="starts_at" value="([^"]+)"')
_HIDDEN = re.compile(
    r'<input type="hidden" name="(submission_key|total_cents|terms_version)" value="([^"]*)"'
)


def instant_of(pressed: str) -> datetime:
    """The start that a time's button sends, beside who comes."""
    return datetime.fromisoformat(pressed.partition(" ")[0])


class Unexpected(Exception):
    """The site answered something that a visitor can't go on from."""


class Page:
    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.location = response.getheader("Location", "") or ""
        self.retry_after = response.getheader("Retry-After", "") or ""
        self.text = response.read().decode(errors="replace")


class Visitor:
    """`number` makes the address, the name and the phone; the site has to trust one proxy (TRUSTED_PROXIES=1)."""

    def __init__(self, port: int, number: int, *, timeout: float = 60) -> None:
        self.port = port
        self.number = number
        self.timeout = timeout
        self.cookies: dict[str, str] = {}
        # Whom they ask for.
        self.who = "any"

    @property
    def address(self) -> str:
        return f"10.{self.number >> 16 & 255}.{self.number >> 8 & 255}.{self.number & 255}"

    def connection(self) -> http.client.HTTPConnection:
        """A new one to the site."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.timeout)

    def send(self, method: str, path: str, data: dict[str, str] | None = None, *, address: str = "") -> Page:
        """One request on a connection of its own. Raises OSError or HTTPException when the site doesn't answer."""
        connection = self.connection()
        headers = {
            "X-Forwarded-For": address or self.address,
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
        }
        body = None
        if data is not None:
            body = urlencode({**data, "csrfmiddlewaretoken": self.cookies["csrftoken"]})
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            for value in response.headers.get_all("Set-Cookie", []):
                for name, morsel in SimpleCookie(value).items():
                    self.cookies[name] = morsel.value
            return Page(response)
        finally:
            connection.close()

    def step(self, path: str, data: dict[str, str], *, onward: str) -> None:
        """Sends a step's form. Raises `Unexpected` unless it leads on to `onward`."""
        page = self.send("POST", path, data)
        if (page.status, page.location) != (302, onward):
            raise Unexpected(f"{path}: {page.status} {page.location}")

    def begin(self, *, therapist: str = "", zip_code: str = ZIP) -> None:
        """Service, place and, when named, the therapist."""
        page = self.send("GET", f"/book/?service={SERVICE}")
        option = re.search(r'name="option"[^>]*value="(\d+)"|value="(\d+)"[^>]*name="option"', page.text)
        if page.status != 200 or option is None:
            raise Unexpected(f"/book/: {page.status}")
        chosen = option[1] or option[2]
        self.step("/book/", {"service": SERVICE, "option": chosen, "people": "1"}, onward="/book/where/")
        self.step("/book/where/", {"zip_code": zip_code}, onward="/book/where/")
        self.who = f"therapist:{therapist}" if therapist else "any"

    def times(self, day: date) -> list[str]:
        """The times offered on a day, as the buttons send them; a day without any shows those of others instead."""
        page = self.send("GET", f"/book/when/?who={self.who}&day={day}")
        if page.status != 200:
            raise Unexpected(f"/book/when/: {page.status}")
        found: list[str] = _TIME.findall(page.text.partition('id="times"')[2])
        return [one for one in found if instant_of(one).astimezone(LA).date() == day]

    def choose(self, starts_at: str) -> None:
        """Chooses a time, which holds it, and goes on: to the health page, or to the end for who has told the rest."""
        page = self.send("POST", "/book/when/", {"who": self.who, "starts_at": starts_at})
        if page.status != 302 or page.location not in ("/book/health/", "/book/review/"):
            raise Unexpected(f"/book/when/: {page.status} {page.location}")

    def fill_in(self, **changes: str) -> None:
        """Health questions and details; `changes` are fields of the details."""
        details = {
            **DETAILS,
            "access_type": "ground",  # stairs take minutes that the first start of a day may not have
            "email": f"visitor{self.number}@example.com",
            "phone": f"(213) {234 + self.number // 10_000}-{self.number % 10_000:04}",
            "street": f"{self.number + 1} Sample Street",
            **changes,
        }
        self.step("/book/health/", CLEAR_ANSWERS, onward="/book/details/")
        self.step("/book/details/", details, onward="/book/review/")

    def review(self) -> dict[str, str]:
        """The last step's form, ready to be sent."""
        page = self.send("GET", "/book/review/")
        form = dict(_HIDDEN.findall(page.text))
        if page.status != 200 or len(form) != 3:
            raise Unexpected(f"/book/review/: {page.status} {page.location}")
        return {**form, "agree": "on"}

    def press(self, form: dict[str, str], *, address: str = "") -> Page:
        """The one press that books."""
        return self.send("POST", "/book/review/", form, address=address)

    def reference(self) -> str:
        """The reference shown at the end; empty when none is."""
        page = self.send("GET", "/book/done/")
        found = re.search(r"MX-[0-9A-Z]{6}", page.text)
        return found[0] if page.status == 200 and found else ""
