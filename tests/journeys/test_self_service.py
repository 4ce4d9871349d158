"""Clients who help themselves, on the whole site with real parts: what they press, and the mail that follows."""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from playwright.sync_api import Locator, Page, expect

from massagerx.lib.localtime import local
from tests.support.booking_pages import BookingPages
from tests.support.browser import PageMaker
from tests.support.site import RunningSite
from tests.support.smtp import Received

from .test_first_visit import log_in

pytestmark = [pytest.mark.journey, pytest.mark.integrity]

_LINK = re.compile(r"/visits/[\w-]{43}/")
_SIGN_IN = re.compile(r"/visits/sign-in/[\w-]{43}/")
_CODE = re.compile(r"\b(\d{6})\b")


def far_ahead(pages: BookingPages, *, nth: int) -> str:
    """Goes as far as the times of a day in the next five weeks but these, and chooses one; returns the instant it
    stands for."""
    pages.what()
    pages.where()
    pages.page.get_by_role("link", name="The next five weeks").click()
    pages.page.locator("a.day--open").nth(3).click()
    return press_time(pages.page.locator("button.time").nth(nth))


def press_time(button: Locator) -> str:
    """Presses a time; returns the instant it stands for."""
    instant, _space, _therapist = (button.get_attribute("value") or "").partition(" ")
    button.click()
    return instant


def book_far_ahead(pages: BookingPages, *, nth: int, recipient: str = "") -> tuple[str, str]:
    """The reference and the instant of a visit at least three days ahead."""
    instant = far_ahead(pages, nth=nth)
    pages.health()
    if recipient:
        pages.page.get_by_label("I'm booking for another person").check(force=True)
        pages.page.get_by_label("Name of the person having the visit").fill(recipient)
    pages.details()
    return pages.review(), instant


def confirm(site: RunningSite, reference: str, *, then: str = "") -> None:
    """Confirms a request by the operation, and runs more Python `then`."""
    site.shell(
        f"""
from django.utils import timezone
from bookings.domain import operations
from bookings.models import Booking
booking = Booking.objects.get(reference="{reference}")
operations.confirm_booking(booking=booking, actor=None, now=timezone.now())
{then}
"""
    )


def open_link(page: Page, message: Received) -> None:
    """From an email to the visit's page."""
    found = _LINK.search(message.text)
    assert found, message.text
    page.goto(found[0])
    page.get_by_role("button", name=re.compile("Open my visit|Hold my time")).click()


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def sequence(message: Received) -> int:
    found = re.search(r"SEQUENCE:(\d+)", message.calendar)
    assert found, message.calendar
    return int(found[1])


def test_moved_visit_has_a_new_entry_and_reminder_and_its_old_time_is_free(
    site: RunningSite, new_page: PageMaker
) -> None:
    email = "moves@example.com"
    reference, old = book_far_ahead(
        BookingPages(new_page(width=390, javascript=False), email=email, phone="213 555 0151"), nth=1
    )
    confirm(site, reference)
    (confirmed,) = site.smtp.wait_for(email, subject="Confirmed")

    page = new_page(width=390)
    open_link(page, confirmed)
    page.get_by_role("link", name="Move to another time").click()
    new = press_time(page.locator("button.time").last)
    press(page, "Move my visit")
    expect(page.locator("main")).to_contain_text("Your visit is moved")

    (moved,) = site.smtp.wait_for(email, subject="Moved")
    assert sequence(moved) == sequence(confirmed) + 1
    uid = re.search(r"UID:(\S+)", confirmed.calendar)
    assert uid
    assert uid[1] in moved.calendar
    old_link, new_link = (_LINK.findall(message.text)[0] for message in (confirmed, moved))
    assert page.request.get(new_link).status == 200
    stranger = new_page()
    assert stranger.request.get(old_link).status == 404

    # Another client can have the old time: it is kept for them, as the next step says. Clients of other tests, at the
    # same address, may have used up what one address can hold.
    site.shell("from bookings.models import Hold; Hold.objects.all().delete()")
    other = BookingPages(new_page(javascript=False), email="takes-it@example.com", phone="213 555 0152")
    other.what()
    other.where()
    other.page.goto(f"/book/when/?day={local(datetime.fromisoformat(old)):%Y-%m-%d}")
    other.page.locator(f".times button[value^='{old}']").first.click()
    expect(other.page.locator("main")).to_contain_text("We’re holding your time")

    # What would have been reminded of at the old time is not; at the new time it is, once.
    sent = site.shell(
        f"""
from datetime import datetime, timedelta
from bookings.domain import sending
from bookings.models import Message
from bookings.notifications import delivery
def remind(instant):
    now = datetime.fromisoformat(instant) - timedelta(hours=2, minutes=59)
    rows = Message.objects.filter(booking__reference="{reference}", kind="reminder_last")
    for message in sending.claim_due(now=now, limit=9, keys=list(rows.values_list("pk", flat=True))):
        print(message.revision, delivery.deliver(message, clock=lambda: now).value)
for instant in sorted(["{old}", "{new}"]):
    remind(instant)
"""
    ).splitlines()
    assert sorted(line.split()[1] for line in sent) == ["dropped", "sent"]
    (reminder,) = site.smtp.wait_for(email, subject="Today at")
    assert new_link in reminder.text
    assert _words(new) in reminder.text
    assert _words(old) not in reminder.text


def _words(instant: str) -> str:
    """`1:30 PM`, in Los Angeles."""
    return f"{local(datetime.fromisoformat(instant)):%-I:%M %p}"


def test_canceled_late_at_once_and_the_fee_waived(site: RunningSite, new_page: PageMaker) -> None:
    email = "cancels@example.com"
    pages = BookingPages(new_page(javascript=False), email=email, phone="213 555 0153")
    reference, _ = book_far_ahead(pages, nth=2)
    # Staff confirm it, under terms that ask for a longer notice than anyone can give.
    confirm(site, reference, then="from bookings.models import TermsVersion; "
            "TermsVersion.objects.update(cancel_notice_hours=9_999)")  # fmt: skip
    site.smtp.wait_for(email, subject="Confirmed")
    # From the end of the booking the visit's page is open already.
    page = pages.page
    page.get_by_role("link", name="See my visit").click()
    try:
        page.get_by_role("link", name="Cancel this visit").click()
        expect(page.locator("main")).to_contain_text("Late fee: up to")
        page.get_by_label("Please waive the late fee").check(force=True)
        page.get_by_label("Anything we should know?").fill("A train is late")
        press(page, "Cancel my visit")
        expect(page.locator("main")).to_contain_text("This visit is canceled.")
        expect(page.locator("main")).to_contain_text("One of us will look at it and write to you")
    finally:
        site.shell(
            "from bookings.models import TermsVersion; TermsVersion.objects.update(cancel_notice_hours=24)"
        )
    (canceled,) = site.smtp.wait_for(email, subject="Canceled")
    assert "METHOD:CANCEL" in canceled.calendar
    (alert,) = [m for m in site.smtp.wait_for("hello@example.com", subject="Canceled") if reference in m.text]
    assert "CANARY" not in alert.raw.decode()

    # Staff waive the fee, and the client hears of it.
    desk = new_page(javascript=False)
    log_in(desk, site, "front-desk")
    desk.get_by_role("link", name=reference).first.click()
    expect(desk.locator("#late-fee")).to_contain_text("A train is late")
    desk.get_by_label("Why it is waived").fill("A train was late")
    desk.get_by_role("button", name="Waive it").click()
    expect(desk.locator("body")).to_contain_text("is waived")
    site.smtp.wait_for(email, subject="No late fee")
    page.reload()
    expect(page.locator("main")).to_contain_text("We don’t ask for a late fee.")


def test_sign_in_link_works_once_and_a_daughter_looks_after_her_mothers_visit(
    site: RunningSite, new_page: PageMaker
) -> None:
    email = "daughter@example.com"
    pages = BookingPages(new_page(width=390, javascript=False), email=email, phone="213 555 0154")
    reference, _ = book_far_ahead(pages, nth=3, recipient="Rosa Sample")
    (received,) = site.smtp.wait_for(email)
    assert reference in received.text

    page = new_page(width=390)
    page.goto("/visits/")
    page.get_by_label("Email").fill("Daughter@Example.com")
    press(page, "Send me a link")
    (mail,) = site.smtp.wait_for(email, subject="link")
    link = _SIGN_IN.search(mail.text)
    assert link, mail.text
    for _ in range(5):
        page.request.get(link[0])  # a mail scanner was here first
    page.goto(link[0])
    press(page, "Sign in")
    expect(page.locator("main")).to_contain_text("for Rosa Sample")
    new_page.allow("404")
    second = new_page()
    second.goto(link[0])
    expect(second.get_by_role("heading", level=1)).to_have_text("This page is not open")

    # The gate code is her mother's; a sign-in not long ago is proof enough to see and correct it.
    page.locator("a.choice").first.click()
    page.get_by_role("link", name="Address and access").click()
    expect(page.get_by_label("Gate or door code")).to_have_value("CANARY-GATE-4711")
    page.get_by_label("Gate or door code").fill("CANARY-GATE-4712")
    press(page, "Save")
    expect(page.locator("main")).to_contain_text("Saved.")

    # By the link of the first email alone, a code is asked for.
    third = new_page(width=390)
    open_link(third, received)
    expect(third.locator("main")).not_to_contain_text("Rosa")
    third.get_by_role("link", name="Address and access").click()
    press(third, "Send me a code")
    (mail,) = site.smtp.wait_for(email, subject="code")
    code = _CODE.search(mail.text)
    assert code, mail.text
    third.get_by_label("Code").fill(code[1])
    press(third, "Continue")
    expect(third.get_by_label("Gate or door code")).to_have_value("CANARY-GATE-4712")
    for message in site.smtp.to(email):
        assert "CANARY" not in message.raw.decode()
