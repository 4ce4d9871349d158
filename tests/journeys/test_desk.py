"""Ten calls an hour at the front desk, on the whole site with real parts: what each costs in presses and pages, what
the caller is mailed, and what is in the database afterwards."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import (
    Counter,
    PageMaker,
    accessibility_violations,
    screenshot,
    sideways_overflow,
)
from tests.support.site import RunningSite

from .test_first_visit import log_in

pytestmark = [pytest.mark.journey, pytest.mark.integrity]

_ROWS = """
import json
from datetime import timedelta
from django.utils import timezone
from tests.support.staff_rows import noon, therapist, visit
hands = therapist("Sample Therapist Desk")
last = visit(hands, "Nora Regular", "+12135550161", starts_at=noon(-8), status="completed", gate_code="NORA-GATE-1")
waits = visit(hands, "Wanda Waiting", "+12135550162")
soon = timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=3)
late = visit(hands, "Lars Late", "+12135550163", starts_at=soon, status="confirmed")
print(json.dumps({"waits": waits.reference, "late": late.reference, "therapist": hands.name}))
"""
_STATE = """
import json
from bookings.models import Booking
def facts(row):
    events = [(event.kind, event.actor.username if event.actor else "") for event in row.events.select_related("actor")]
    return {"status": row.status, "starts_at": row.starts_at.isoformat(), "fee": row.late_fee_cents,
            "therapist": row.therapist.name, "street": row.street, "events": events}
rows = Booking.objects.filter(client__phone__in=["+12135550161", "+12135550162", "+12135550163"])
print(json.dumps({row.reference: facts(row) for row in rows.select_related("therapist")}))
"""


# What a call may cost: presses of mouse and keys, and pages that are shown. What is typed is typed in any system.
MOST = {
    "a request is confirmed": (1, 1),
    "the same again": (6, 4),
    "the code of the gate": (2, 1),
    "another time that day": (3, 3),
    "when is my visit": (2, 1),
    "what does it cost": (1, 1),
    "a new code for the gate": (3, 3),
    "canceled late": (4, 2),
    "who is free tomorrow": (3, 3),
    "a caller who is new": (1, 1),
}


class Calls(Counter):
    """Each call with its presses and pages."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self.cost: dict[str, tuple[int, int]] = {}

    @contextmanager
    def call(self, name: str) -> Iterator[None]:
        presses, pages = self.presses, len(self.pages)
        yield
        self.cost[name] = (self.presses - presses, len(self.pages) - pages)


def find(desk: Page, text: str) -> None:
    """What staff do when the phone rings, on whatever page they are: a key, a name, a key."""
    field = desk.locator("input[name=q]:visible")
    # On the page that finds it is at hand already; on others a key leads to it, once the page has its script.
    if desk.locator("#find-client").count() == 0:
        desk.wait_for_load_state("load")
        desk.keyboard.press("/")
    expect(field).to_be_focused()
    field.fill(text)
    desk.keyboard.press("Enter")


def press(desk: Page, name: str) -> None:
    desk.get_by_role("button", name=name, exact=True).click()


def test_calls_are_answered_from_whatever_page_is_open(site: RunningSite, new_page: PageMaker) -> None:
    made = json.loads(site.shell(_ROWS))
    desk = new_page()
    log_in(desk, site, "front-desk")
    counted = Calls(desk)
    desk.reload()

    with counted.call("a request is confirmed"):
        # Somebody waits for an answer: the number to call and the press stand on the front page.
        row = desk.locator("[data-todo]", has_text=made["waits"])
        expect(row.get_by_role("link", name="(213) 555-0162")).to_have_attribute("href", "tel:+12135550162")
        row.get_by_role("button", name=f"Confirm {made['waits']}").click()
        expect(desk.locator(".messagelist")).to_contain_text(f"{made['waits']}: confirmed.")
        expect(desk.locator("[data-todo]", has_text=made["waits"])).to_have_count(0)
    (confirmed,) = site.smtp.wait_for("wanda.waiting@example.com", subject="Confirmed")
    assert "METHOD:REQUEST" in confirmed.calendar

    with counted.call("the same again"):
        # A regular phones and wants the same as last time: found by number, and the usual hour stands beside her name.
        find(desk, "213.555.0161")
        found = desk.locator(".found-client")
        expect(found).to_have_count(1)
        expect(found).to_contain_text("Last:")
        expect(found).to_contain_text(made["therapist"])
        assert accessibility_violations(desk) == []
        screenshot(desk, "desk-01-found")
        found.get_by_role("button", name="Same again:").first.click()
        expect(desk.get_by_text("Please read out:")).to_be_visible()
        press(desk, "Nothing has changed")
        expect(desk.locator("main")).to_contain_text("12 Sample Street")
        desk.get_by_label("I have read this and agree").check(force=True)
        desk.get_by_role("button", name="Book it · ").click()
        expect(desk).to_have_url(re.compile(r"/admin/bookings/booking/\d+/change/"))
    expect(desk.locator(".visit-head")).to_contain_text("Confirmed")
    reference = re.search(r"MX-\w{6}", desk.title())
    assert reference
    (mail,) = site.smtp.wait_for("nora.regular@example.com", subject="Confirmed")
    assert reference[0] in mail.text
    assert "NORA-GATE" not in mail.raw.decode()

    with counted.call("the code of the gate"):
        # The therapist at the door asks for it: a reference is typed, with small letters.
        find(desk, reference[0].lower())
        expect(desk.locator("#content")).to_contain_text("NORA-GATE-1")

    before = desk.locator(".visit-when").inner_text()
    with counted.call("another time that day"):
        desk.get_by_role("link", name="Move to another time or therapist").click()
        desk.locator(".move-free").first.locator("button").last.click()
        press(desk, "Move it and tell the client")
        expect(desk.locator(".messagelist")).to_contain_text("The client gets an email.")
    moved_to = desk.locator(".visit-when").inner_text()
    assert moved_to != before
    (moved,) = site.smtp.wait_for("nora.regular@example.com", subject="Moved")
    assert "METHOD:REQUEST" in moved.calendar

    with counted.call("when is my visit"):
        # One look, in her own words for herself.
        find(desk, "nora reg")
        expect(desk.locator(".found-client")).to_contain_text(f"Next: {moved_to}")

    with counted.call("what does it cost"):
        # And where we come then: on the visit itself.
        find(desk, reference[0])
        expect(desk.locator("summary", has_text="Price")).to_contain_text("$")
        expect(desk.locator("#content")).to_contain_text("12 Sample Street")

    with counted.call("a new code for the gate"):
        desk.get_by_role("link", name="Correct address, length, price, way in").click()
        desk.get_by_label("Gate or door code").fill("NORA-GATE-2")
        press(desk, "See what changes")
        press(desk, "Correct the visit")
        expect(desk.locator("#content")).to_contain_text("NORA-GATE-2")

    with counted.call("canceled late"):
        # Lars cancels three hours before: the fee that is named to him is the one on the visit.
        find(desk, made["late"])
        summary = desk.locator("summary", has_text="Cancel with the $")
        fee = re.search(r"\$(\d+)", summary.inner_text())
        assert fee
        summary.click()
        desk.locator("#reason-late").fill("Has a cold")
        assert sideways_overflow(desk) == 0
        screenshot(desk, "desk-02-late")
        press(desk, "Cancel, with the fee")
        expect(desk.locator(".messagelist")).to_contain_text(
            f"canceled, with a late fee of ${fee[1]} to ask for."
        )
    (canceled,) = site.smtp.wait_for("lars.late@example.com", subject="Canceled")
    assert f"${fee[1]}" in canceled.text
    assert "cold" not in canceled.raw.decode()

    with counted.call("who is free tomorrow"):
        # The board says so, and a booking starts from the gap.
        desk.get_by_role("link", name="Board", exact=True).click()
        desk.get_by_role("link", name="Day after").click()
        column = desk.locator(".board-column", has_text=made["therapist"])
        column.locator(".board-gap a").last.click()
        expect(desk.locator("#content")).to_contain_text(f"With {made['therapist']}.")

    with counted.call("a caller who is new"):
        # Typed once, and not again.
        desk.get_by_label("Name, phone in any format").fill("213 555 0169")
        press(desk, "Book for “213 555 0169”, who is new")
        expect(desk.get_by_text("You are booking for a client on the phone")).to_be_visible()
    press(desk, "Stop, and book nothing")
    expect(desk).to_have_url(re.compile("/admin/$"))

    beyond = {
        name: cost
        for name, cost in counted.cost.items()
        if any(a > b for a, b in zip(cost, MOST[name], strict=True))
    }
    assert beyond == {}
    assert counted.cost.keys() == MOST.keys()
    assert min(presses for presses, _pages in counted.cost.values()) >= 1  # that presses are felt at all

    rows = json.loads(site.shell(_STATE))
    assert len(rows) == 4
    assert rows[made["waits"]]["status"] == "confirmed"
    assert rows[made["waits"]]["events"][-1] == ["confirmed", "frontdesk"]
    again = rows[reference[0]]
    assert (again["status"], again["therapist"], again["street"]) == (
        "confirmed", made["therapist"], "12 Sample Street",
    )  # fmt: skip
    assert {who for _kind, who in again["events"]} == {"frontdesk"}
    assert "moved" in {kind for kind, _who in again["events"]}
    assert (rows[made["late"]]["status"], rows[made["late"]]["fee"]) == ("canceled", int(fee[1]) * 100)
