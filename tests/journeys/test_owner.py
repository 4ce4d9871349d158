"""The owner on Sunday evening, on the whole site with real parts: prices, people, days, words, figures, and what went
wrong meanwhile."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import PageMaker, accessibility_violations, screenshot, sideways_overflow
from tests.support.site import RunningSite

from .test_first_visit import log_in

pytestmark = [pytest.mark.journey, pytest.mark.integrity]

_SERVICE = "deep-pressure-massage"
_ROWS = """
import json
from datetime import timedelta
from django.db import transaction
from django.utils import timezone
from bookings.enums import MessageState
from bookings.models import Message
from massagerx.lib.localtime import local
from services.models import ServiceOption
from tests.support.staff_rows import noon, therapist, visit
hands = therapist("Sample Therapist Owner")
today = local(timezone.now()).date()
ended = today.replace(day=1) - timedelta(days=1)
past = (ended - today).days
visit(hands, "Dora Done", "+12135550181", starts_at=noon(past), status="completed")
visit(hands, "Nils Nobody", "+12135550182", starts_at=noon(past - 1), status="no_show")
with transaction.atomic():
    lost = visit(hands, "Marta Missed", "+12135550183")
    letters = Message.objects.filter(booking=lost, kind="received")
    letters.update(state=MessageState.FAILED, last_error="SMTPRecipientsRefused 550")
option = ServiceOption.objects.filter(service__slug="{service}").order_by("minutes")[0]
print(json.dumps({{
    "lost": lost.reference, "first": str((today.replace(day=1) + timedelta(days=32)).replace(day=1)),
    "old": option.price_cents // 100, "option": option.pk, "closed": f"{{noon(45):%Y-%m-%d}}",
}}))
"""
_STATE = """
import json
from datetime import date, timedelta
from django.db.models import Sum
from django.utils import timezone
from bookings.models import Booking, Closure, Message, Therapist, WorkingHours
from massagerx.lib.localtime import day_bounds, local
from services.models import ServiceOption
taken = ServiceOption.objects.take_up_next_prices(today=date.fromisoformat("{first}"))
today = local(timezone.now()).date()
ended = today.replace(day=1) - timedelta(days=1)
rows = Booking.objects.filter(
    starts_at__gte=day_bounds(ended.replace(day=1))[0], starts_at__lt=day_bounds(ended)[1]
)
new = Therapist.objects.get(slug="sample-therapist-newcomer")
print(json.dumps({{
    "taken": taken, "price": ServiceOption.objects.get(pk={option}).price_cents,
    "revenue": rows.filter(status="completed").aggregate(sum=Sum("total_cents"))["sum"],
    "no_shows": rows.filter(status="no_show").count(),
    "hours": list(WorkingHours.objects.filter(therapist=new).order_by("weekday").values_list("weekday", flat=True)),
    "closed": Closure.objects.get(date="{closed}").name,
    "mail": Message.objects.get(booking__reference="{lost}", kind="received").state,
}}))
"""


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).first.click()


def open_list(page: Page, name: str) -> None:
    """By the bar's menu, from whatever page is open."""
    menu = page.locator(".desk-menu")
    menu.locator("summary").click()
    menu.get_by_role("link", name=name, exact=True).click()


def saved(page: Page) -> None:
    expect(page.locator(".messagelist .success").first).to_be_visible()


def test_sunday_evening_of_the_owner(site: RunningSite, new_page: PageMaker) -> None:
    made = json.loads(site.shell(_ROWS.format(service=_SERVICE)))
    page = new_page()
    log_in(page, site, "owner")

    # A message that never left is on the front page, and leaves with one press.
    row = page.locator("[data-todo]", has_text=made["lost"]).filter(has_text="SMTP")
    expect(row).to_contain_text("SMTPRecipientsRefused 550")
    screenshot(page, "owner-01-front")
    row.get_by_role("button", name=re.compile(f"Send again .*{made['lost']}")).click()
    expect(page.locator(".messagelist")).to_contain_text("will be sent again")
    (mail,) = site.smtp.wait_for("marta.missed@example.com")
    assert made["lost"] in mail.text

    # The price from next month on.
    open_list(page, "Services")
    page.locator("#result_list").get_by_role("link", name="Deep pressure massage").click()
    page.locator("#id_options-0-next_price_cents").fill(str(made["old"] + 7))
    page.locator("#id_options-0-next_price_from").fill(made["first"])
    assert sideways_overflow(page) == 0
    screenshot(page, "owner-02-price")
    press(page, "Save")
    saved(page)
    # Whoever asks later who planned it finds the name.
    page.locator("#result_list").get_by_role("link", name="Deep pressure massage").click()
    page.get_by_role("link", name="History", exact=True).click()
    latest = page.locator("#content").get_by_text(f"${made['old'] + 7}").first
    expect(latest).to_be_visible()
    expect(page.locator("#content")).to_contain_text("owner")

    # Somebody new, with hours: a row for each day is there, only times are typed.
    page.goto("/admin/bookings/therapist/add/")
    page.get_by_label("Name:").fill("Sample Therapist Newcomer")
    page.get_by_label("Gender:").select_option("male")
    page.get_by_label("CAMTC certificate number:").fill("SAMPLE-77777")
    page.locator("#id_certificate_expires_on").fill("2031-12-31")
    page.get_by_role("button", name="Choose all qualified for").click()
    page.locator("#id_home_zip").select_option(index=1)
    for day in (0, 2, 4):
        page.locator(f"#id_working_hours-{day}-starts_at").fill("9 AM")
        page.locator(f"#id_working_hours-{day}-ends_at").fill("5 PM")
    press(page, "Save")
    saved(page)

    # A holiday.
    open_list(page, "Add: Closed days")
    page.get_by_label("Date:").fill(made["closed"])
    page.get_by_label("Name:").fill("Staff day")
    press(page, "Save")
    saved(page)

    state = json.loads(site.shell(_STATE.format(**made)))
    assert (state["taken"], state["price"]) == (1, (made["old"] + 7) * 100)
    assert state["hours"] == [0, 2, 4]
    assert (state["closed"], state["mail"]) == ("Staff day", "sent")

    # Words for all visitors, up and down again; pages that were kept show the new price and the new face too.
    page.goto("/admin/blog/announcement/add/")
    page.get_by_label("Text:").fill("We rest on our staff day.")
    press(page, "Save")
    saved(page)
    visitor = new_page(width=390)
    visitor.goto(f"/services/{_SERVICE}/")
    expect(visitor.locator("body")).to_contain_text("We rest on our staff day.")
    expect(visitor.locator("body")).to_contain_text(f"${made['old'] + 7}")
    visitor.goto("/therapists/")
    expect(visitor.locator("main")).to_contain_text("SAMPLE-77777")
    page.locator("#result_list").get_by_role("link", name="We rest on our staff day.").click()
    page.get_by_role("link", name="Delete", exact=True).click()
    press(page, "Yes, I’m sure")
    saved(page)
    visitor.goto("/")
    expect(visitor.locator("body")).not_to_contain_text("We rest on our staff day.")

    # Last month in two presses, as the rows have it.
    open_list(page, "Reports")
    page.get_by_role("link", name="Last month", exact=True).click()
    expect(page.locator(".report-answers")).to_contain_text(
        f"${state['revenue'] / 100:,.2f}".removesuffix(".00")
    )
    no_shows = page.locator(".report-table tfoot td:nth-of-type(3)").first
    expect(no_shows).to_have_text(str(state["no_shows"]))
    assert accessibility_violations(page) == []
    screenshot(page, "owner-03-last-month")
