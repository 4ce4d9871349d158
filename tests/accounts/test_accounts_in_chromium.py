"""The second factor and the history page in a real browser: strict policy, phone and desk, light and dark."""

from __future__ import annotations

from base64 import b32decode
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from bookings.domain import links
from bookings.models import BookingRules, Link
from services.models import AddOn
from tests.support.browser import DESKTOP, PHONE, accessibility_violations, screenshot, sideways_overflow

from .conftest import PASSWORD, code, code_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def looked_at(page: Any, name: str) -> None:
    screenshot(page, name)
    assert accessibility_violations(page) == []
    assert not sideways_overflow(page)


def log_in(page: Any, typed: str = "") -> None:
    page.get_by_label("Username").fill("owner")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Code").fill(typed)
    page.get_by_role("button", name="Log in").click()


@pytest.mark.parametrize(("width", "scheme"), [(PHONE, "light"), (DESKTOP, "dark")])
def test_an_owner_sets_up_a_phone_and_reads_a_history(
    width: int, scheme: str, live_server: Any, new_page: Any, settings: Any
) -> None:
    settings.REQUIRE_SECOND_FACTOR = True
    new_page.allow("422")
    user = User.objects.create_superuser("owner", "owner@example.com", PASSWORD)
    BookingRules.objects.create(is_open=True)  # before that, the owner's first page is what is missing
    add_on = AddOn.objects.create(name="Warm towels", summary="For the back.", price_cents=1_000)
    add_on.price_cents, add_on.summary = 1_250, "For the back and the feet, at the end."
    add_on.save()
    seen = f"{width}-{scheme}"
    page = new_page(width=width, color_scheme=scheme)

    page.goto("/admin/")
    looked_at(page, f"staff-login-{seen}")
    log_in(page)
    page.get_by_role("button", name="Send me the link").wait_for()
    looked_at(page, f"staff-mailbox-{seen}")
    page.get_by_role("button", name="Send me the link").click()
    page.get_by_text("The link is on its way").wait_for()
    page.goto(reverse("bookings:own_mailbox", args=[links.token_of(Link.objects.get())]))
    page.get_by_role("button", name="Continue").wait_for()
    looked_at(page, f"staff-own-mailbox-{seen}")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("heading", name="1. Get an app").wait_for()
    looked_at(page, f"staff-set-up-{seen}")
    secret = page.locator(".factor-secret").inner_text().replace(" ", "")
    page.get_by_label("six digits").fill("000000")
    page.get_by_role("button", name="Set it up").click()
    page.get_by_text("did not work").wait_for()
    assert page.locator(".factor-secret").inner_text().replace(" ", "") == secret
    page.get_by_label("six digits").fill(code_of(_key(secret)))
    page.get_by_role("button", name="Set it up").click()
    page.get_by_role("heading", name="Your recovery codes").wait_for()
    looked_at(page, f"staff-codes-{seen}")
    recovery_code = page.locator(".factor-codes code").first.inner_text()
    page.get_by_role("link", name="I have kept them").click()
    page.get_by_role("heading", name="Today at the desk").wait_for()

    page.goto(reverse("admin:second_factor"))
    looked_at(page, f"staff-factor-{seen}")
    Client().force_login(user)
    page.goto(reverse("admin:own_log_ins"))
    page.get_by_role("radio", name="End this one").wait_for()
    looked_at(page, f"staff-own-log-ins-{seen}")
    page.get_by_label("Code").fill(recovery_code)
    page.get_by_label("Code").press("Enter")
    page.get_by_text("Choose what to end.").wait_for()
    looked_at(page, f"staff-own-log-ins-nothing-chosen-{seen}")
    page.get_by_role("radio", name="End this one").check()
    page.get_by_role("button", name="End what is chosen").click()
    page.get_by_text("1 browser has to log in again").wait_for()
    assert page.get_by_role("radio", name="End this one").count() == 0
    looked_at(page, f"staff-own-log-ins-ended-{seen}")
    page.goto(reverse("admin:services_addon_history", args=[add_on.pk]))
    page.get_by_text("$12.50").wait_for()
    looked_at(page, f"staff-history-{seen}")

    if page.locator("#user-tools summary").is_visible():
        page.locator("#user-tools summary").click()
        looked_at(page, f"staff-menu-{seen}")
    page.get_by_role("button", name="Log out").click()
    page.goto("/admin/")
    log_in(page, code(user, steps=1))
    page.get_by_role("heading", name="Today at the desk").wait_for()


def _key(secret: str) -> str:

    return b32decode(secret).hex()
