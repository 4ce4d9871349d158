"""No page asks for something that its next press leaves behind: what can be chosen or typed stands in the form that the
page's main button sends."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client

from tests.bookings.views.flow import Flow
from tests.bookings.views.visits.browsers import address, confirmed, signed_in
from tests.factories import World

pytestmark = pytest.mark.django_db

# Forms that stand beside a page's own and send only themselves, by the address that they are sent to.
ON_THEIR_OWN = {"/blog/search/", "/book/outside/"}


@dataclass
class _Form:
    action: str
    main: bool = False
    controls: list[str] = field(default_factory=list)


class _Page(HTMLParser):
    """Forms with what can be chosen or typed in them, and which of them the page's main button sends. A link that looks
    like the main button sends nothing."""

    def __init__(self, body: str) -> None:
        super().__init__()
        self.forms: list[_Form] = []
        self.loose: list[str] = []
        self._open: _Form | None = None
        self.link_leads_on = False
        self.feed(body)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        classes = (given.get("class") or "").split()
        if tag == "form":
            self._open = _Form((given.get("action") or "").partition("?")[0])
            self.forms.append(self._open)
        elif tag in ("input", "select", "textarea") and given.get("name"):
            typed = given.get("type") not in ("hidden", "submit") and given.get("name") != "website"
            if typed:
                (self._open.controls if self._open is not None else self.loose).append(given["name"] or "")
        elif tag == "button" and self._open is not None:
            if "button--primary" in classes or "time" in classes or "answer-button" in classes:
                self._open.main = True
        elif tag == "a" and "button--primary" in classes:
            self.link_leads_on = True

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None


def left_behind(body: str) -> list[str]:
    page = _Page(body)
    beside = [form for form in page.forms if not form.main and form.action not in ON_THEIR_OWN]
    found = list(page.loose)
    if any(form.main for form in page.forms):
        found += [name for form in beside for name in form.controls]
    return found


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ('<form><select name="who"></select><button>Show</button></form>'
         '<form><button class="time" name="at">9:00</button></form>', ["who"]),
        ('<input name="loose"><form><button class="button--primary"></button></form>', ["loose"]),
        ('<form><select name="who"></select><button class="time" name="at">9:00</button></form>', []),
    ],
)  # fmt: skip
def test_such_a_control_is_found(body: str, found: list[str]) -> None:
    assert left_behind(body) == found


PUBLIC = [
    "/", "/services/", "/services/manual-lymphatic-drainage/", "/therapists/", "/blog/", "/faq/", "/contact/",
    "/visits/", "/book/", "/book/?service=manual-lymphatic-drainage", "/services/postural-correction-training/booklet/",
]  # fmt: skip


@pytest.mark.parametrize("path", PUBLIC)
def test_public_pages_leave_nothing_behind(path: str, client: Client, world: World) -> None:
    assert left_behind(client.get(path).content.decode()) == []


def test_booking_steps_leave_nothing_behind(flow: Flow, world: World) -> None:
    world.add_therapist(gender="male")
    pages: dict[str, Any] = {}
    for step in ("where", "when", "details", "health", "review"):
        flow.until(step)
        for path in (f"/book/{step}/", f"/book/{step}/?all=yes"):
            pages[path] = flow.client.get(path, follow=True)
    for path, page in pages.items():
        assert page.status_code == 200
        assert left_behind(page.content.decode()) == [], path


def test_a_clients_own_pages_leave_nothing_behind(world: World) -> None:
    booking = confirmed(world)
    client = signed_in()
    for name in ("", "move", "cancel", "address", "health"):
        page = client.get(address(booking, name), follow=True)
        assert page.status_code == 200
        assert left_behind(page.content.decode()) == [], name
