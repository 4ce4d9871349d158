"""Ten calls an hour at the front desk, on the whole site with real parts: what each costs, what the caller is mailed,
and what is in the database afterwards."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Page, expect

from tests.support.booking_pages import BookingPages
from tests.support.browser import PageMaker, accessibility_violations, screenshot, sideways_overflow
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


def find(desk: Page, text: str) -> None:
    """What staff do when the phone rings, on whatever page they are."""
    desk.get_by_label("Find a client or a visit").fill(text)
    desk.keyboard.press("Enter")


def press(desk: Page, name: str) -> None:
    desk.get_by_role("button", name=name, exact=True).click()


def test_calls_are_answered_from_whatever_page_is_open(site: RunningSite, new_page: PageMaker) -> None:
    made = json.loads(site.shell(_ROWS))
    desk = new_page()
    log_in(desk, site, "front-desk")

    # Somebody waits for an answer: the number to call and the press stand on the front page.
    row = desk.locator("[data-todo]", has_text=made["waits"])
    expect(row.get_by_role("link", name="(213) 555-0162")).to_have_attribute("href", "tel:+12135550162")
    row.get_by_role("button", name=f"Confirm {made['waits']}").click()
    expect(desk.locator(".messagelist")).to_contain_text(f"{made['waits']}: confirmed.")
    expect(desk.locator("[data-todo]", has_text=made["waits"])).to_have_count(0)
    (confirmed,) = site.smtp.wait_for("wanda.waiting@example.com", subject="Confirmed")
    assert "METHOD:REQUEST" in confirmed.calendar

    # A regular phones and wants the same as last time: found by number, begun with one press.
    find(desk, "213.555.0161")
    found = desk.locator(".found-client")
    expect(found).to_have_count(1)
    expect(found).to_contain_text("Last:")
    expect(found).to_contain_text(made["therapist"])
    assert accessibility_violations(desk) == []
    screenshot(desk, "desk-01-found")
    press(desk, "Same again for Nora Regular")
    expect(desk.get_by_role("link", name=made["therapist"])).to_have_attribute("aria-current", "true")
    desk.locator("button.time").first.click()
    pages = BookingPages(desk, email="")
    pages.health()
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

    # The therapist at the door asks for the code: a reference is typed, with small letters.
    find(desk, reference[0].lower())
    expect(desk.locator("#content")).to_contain_text("NORA-GATE-1")

    # Nora rings again: another time of that day.
    before = desk.locator(".visit-when").inner_text()
    desk.get_by_role("link", name="Move to another time or therapist").click()
    free = desk.locator(".move-free a")
    free.last.click()
    press(desk, "Move it and tell the client")
    expect(desk.locator(".messagelist")).to_contain_text("The client gets an email.")
    moved_to = desk.locator(".visit-when").inner_text()
    assert moved_to != before
    (moved,) = site.smtp.wait_for("nora.regular@example.com", subject="Moved")
    assert "METHOD:REQUEST" in moved.calendar

    # When is my visit? One look, in her own words for herself.
    find(desk, "nora reg")
    expect(desk.locator(".found-client")).to_contain_text(f"Next: {moved_to}")

    # Lars cancels three hours before: the fee that is named to him is the one on the visit.
    find(desk, made["late"])
    summary = desk.locator("summary", has_text="with the late fee of")
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

    # Who is free tomorrow? The board says so, and a booking starts from the gap.
    desk.get_by_role("link", name="Board", exact=True).click()
    desk.get_by_role("link", name="Day after").click()
    column = desk.locator(".board-column", has_text=made["therapist"])
    column.locator(".board-gap a").last.click()
    expect(desk.locator("#content")).to_contain_text(f"With {made['therapist']}.")
    # A new client: typed once, and not again.
    desk.get_by_label("Name, phone in any format").fill("213 555 0169")
    press(desk, "Book for “213 555 0169”, who is new")
    expect(desk.get_by_text("You are booking for a client on the phone")).to_be_visible()
    press(desk, "Stop, and book nothing")
    expect(desk).to_have_url(re.compile("/admin/$"))

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
