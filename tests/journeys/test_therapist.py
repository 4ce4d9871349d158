"""A therapist between two visits, a phone in one hand: the whole site with real parts at 390 pixels."""

from __future__ import annotations

import json
import re
from base64 import b32decode

import pytest
from django_otp.oath import totp
from playwright.sync_api import Page, expect

from tests.support.browser import PHONE, PageMaker, accessibility_violations, screenshot, sideways_overflow
from tests.support.site import RunningSite

pytestmark = [pytest.mark.journey, pytest.mark.integrity]

_PASSWORD = "quiet-orchard-sample"
_ROWS = f"""
import json
from datetime import timedelta
from tests.support.staff_rows import noon, therapist, visit
hands = therapist("Sample Therapist Hands", username="hands", password="{_PASSWORD}")
other = therapist("Sample Therapist Elsewhere")
over = visit(hands, "Olga Over", "+12135550171", starts_at=noon(-1), status="confirmed")
first = visit(hands, "Flora First", "+12135550172", starts_at=noon(1), status="confirmed", gate_code="FLORA-GATE-7")
second = visit(hands, "Sven Second", "+12135550173", starts_at=noon(1) + timedelta(hours=4), status="confirmed",
               gate_code="SVEN-GATE-8")
canary = visit(other, "Canary Elsewhere", "+12135550174", starts_at=noon(1), status="confirmed", gate_code="CANARY-1")
print(json.dumps({{"over": over.pk, "first": first.pk, "canary": canary.pk, "off": f"{{noon(30):%Y-%m-%d}}"}}))
"""
_STATE = """
import json
from datetime import timedelta
from bookings.models import Booking, HealthAccess, TimeOff
from django.utils import timezone
from django.contrib.auth.models import User
from massagerx.accounts import second_factor
from massagerx.lib.localtime import local
from tests.support.staff_rows import SERVICE, ZIP
from bookings.domain import scheduling
from bookings.domain.visit_request import load_area, load_visit_request, load_treatment
from bookings.models import BookingRules
from services.models import ServiceOption
hands = User.objects.get(username="hands")
over = Booking.objects.get(pk={over})
off = TimeOff.objects.get(therapist__user__username="hands")
day = local(off.starts_at).date()
now = timezone.now()
option = ServiceOption.objects.active().filter(service__slug=SERVICE)[0]
visit_request = load_visit_request(
    treatment=load_treatment(service_slug=SERVICE, option_id=option.pk), area=load_area(ZIP),
    preference="therapist:sample-therapist-hands", today=local(now).date(),
)
offer = scheduling.find_times_between(
    visit_request=visit_request, first_day=day, last_day=day + timedelta(days=3), rules=BookingRules.load(), now=now
)
access = HealthAccess.objects.get(user__username="hands")
print(json.dumps({{
    "status": over.status, "by": over.events.last().actor.username,
    "off": [str(local(off.starts_at)), str(local(off.ends_at))],
    "offered": [str(found) for found in sorted(offer.by_day)], "look": [access.booking_id, access.reason],
    "factor": [second_factor.is_set_up(hands), second_factor.recovery_codes_left(hands)],
}}))
"""


def log_in(page: Page, code: str = "") -> None:
    page.goto("/admin/")
    page.get_by_label("Username").fill("hands")
    page.get_by_label("Password").fill(_PASSWORD)
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Log in").click()


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).first.click()


def test_day_of_a_therapist_on_a_phone(site: RunningSite, new_page: PageMaker) -> None:
    made = json.loads(site.shell(_ROWS))
    page = new_page(width=PHONE)

    # The first evening: a second factor, and from then on a password alone opens nothing.
    log_in(page)
    page.get_by_role("link", name="Me", exact=True).click()
    page.get_by_role("link", name="Second factor").click()
    secret = page.locator(".factor-secret").inner_text().replace(" ", "")
    code = f"{totp(b32decode(secret), t0=0, step=30, drift=0):06}"
    page.get_by_label("The six digits").fill(code)
    press(page, "Set it up")
    recovery = page.locator(".factor-codes code").first.inner_text()
    page.get_by_role("link", name="I have kept them").click()
    page.get_by_role("link", name="Me", exact=True).click()
    press(page, "Log out")
    log_in(page)
    expect(page.get_by_role("alert")).to_contain_text("That didn't work.")
    log_in(page, recovery)

    # The front page is the day: when to leave, where to, how to get in.
    following = page.locator(".my-next")
    expect(following).to_contain_text("Leave by")
    expect(following).to_contain_text("Flora First")
    expect(following).to_contain_text("12 Sample Street")
    way = following.get_by_role("link", name=re.compile("Drive there"))
    expect(way).to_have_attribute("href", re.compile(r"destination=12\+Sample\+Street"))
    expect(following.get_by_role("link", name="Call the client")).to_have_attribute(
        "href", "tel:+12135550172"
    )
    expect(page.get_by_text("FLORA-GATE-7")).to_be_visible()
    tomorrow = page.locator("section", has=page.get_by_role("heading", name="Tomorrow", exact=True))
    expect(tomorrow).to_contain_text("Sven Second")
    text = page.content()
    assert "SVEN-GATE" not in text
    assert "Canary" not in text
    assert accessibility_violations(page) == []
    assert sideways_overflow(page) == 0
    screenshot(page, "therapist-01-day")

    # Yesterday's visit was never closed.
    page.locator("li", has_text="Olga Over").get_by_role("button", name="It went as booked").click()
    expect(page.locator(".messagelist")).to_contain_text("completed")
    expect(page.get_by_role("heading", name="How did it go?")).to_have_count(0)

    # A look at the health answers of the next client, with a reason that stays.
    following.get_by_role("link", name="Flora First").click()
    page.locator("summary", has_text="Read health answers").click()
    page.get_by_label("Why you need to see them").fill("Visit tomorrow")
    press(page, "Look at them")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Health answers")
    assert sideways_overflow(page) == 0

    # Another therapist's visit is as one that doesn't exist.
    assert "Canary" not in page.request.get(f"/admin/bookings/booking/{made['canary']}/change/").text()
    page.goto("/admin/bookings/booking/?q=Canary")
    expect(page.get_by_text("0 results")).to_be_visible()

    # A day off: the tab, the day, a press.
    page.get_by_role("link", name="Off", exact=True).click()
    page.get_by_role("link", name="Add time off").click()
    page.locator("#id_first_day").fill(made["off"])
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".messagelist .success")).to_be_visible()
    screenshot(page, "therapist-02-off")

    state = json.loads(site.shell(_STATE.format(**made)))
    assert (state["status"], state["by"]) == ("completed", "hands")
    assert state["off"][0].startswith(f"{made['off']} 00:00:00")
    assert " 00:00:00" in state["off"][1]
    # The engine knows it at once: the days after have times, that day has none.
    assert state["offered"]
    assert made["off"] not in state["offered"]
    assert state["look"] == [made["first"], "Visit tomorrow"]
    # One of ten recovery codes is used up.
    assert state["factor"] == [True, 9]
