"""A therapist's whole day at 390 pixels, with the connection lost on the way: what is pressed is kept and sent once."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Group, User
from django.db.models import F
from playwright.sync_api import expect

from bookings.domain import check_ins, operations
from bookings.domain.operations import Press
from bookings.enums import BookingStatus, StepKind
from bookings.models import Booking, CheckIn, Client, Therapist
from tests.factories import NOW, World, at, fix_drives, make_roles, make_world
from tests.support.browser import (
    PHONE,
    accessibility_violations,
    broken_words,
    screenshot,
    sideways_overflow,
    with_large_text,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def clock() -> Iterator[Any]:
    """Ticks from a quarter past nine on: browser and server wait for each other by the clock."""
    with time_machine.travel(at(9, 15), tick=True) as traveller:
        yield traveller


@pytest.fixture
def visits(clock: Any) -> list[Booking]:
    world: World = make_world()
    make_roles()
    user = User.objects.create_user("hands", password="a-long-password", is_staff=True)
    user.groups.add(Group.objects.get(name="Therapist"))
    world.therapist.user = user
    world.therapist.save()
    fix_drives((world.area, world.area, 20))
    return [
        operations.confirm_booking(
            booking=world.book(
                starts_at=at(hour), name=name, email=f"c{hour}@example.com", phone=f"+121355501{hour}",
                street=f"{hour} Sample Street",
            ),
            actor=None,
            now=NOW,
        )
        for hour, name in ((10, "Flora First"), (13, "Sven Second"))
    ]  # fmt: skip


def kinds(visit: Booking) -> list[str]:
    return list(visit.steps.standing().values_list("kind", flat=True))


def log_in(page: Any, name: str) -> None:
    page.goto("/admin/login/")
    page.fill("#id_username", name)
    page.fill("#id_password", "a-long-password")
    page.click("[type=submit]")
    # Until its scripts run: a phone that loses the connection before that sends plain forms.
    page.wait_for_url(lambda address: "/login/" not in address)


KEPT = "Object.keys(localStorage).filter((name) => name.startsWith('massagerx-presses'))"


def test_what_one_log_in_keeps_on_the_phone_is_never_sent_by_another(
    live_server: Any, visits: list[Booking], new_page: Any
) -> None:
    other = User.objects.create_user("other", password="a-long-password", is_staff=True)
    other.groups.add(Group.objects.get(name="Therapist"))
    page = new_page(width=PHONE)
    log_in(page, "hands")
    new_page.allow("ERR_INTERNET_DISCONNECTED")
    page.context.set_offline(True)
    page.locator(".my-next").get_by_role("button", name=re.compile("^Leaving")).click()
    unsent = page.locator("[data-unsent]")
    expect(unsent.get_by_role("button")).to_have_count(1)
    (store,) = page.evaluate(KEPT)
    waiting = page.evaluate("(name) => localStorage.getItem(name)", store)
    # The session ends, and somebody else logs in with the same phone.
    page.context.clear_cookies()
    page.context.set_offline(False)
    page.goto("about:blank")
    log_in(page, "other")
    expect(page.get_by_text("Nobody has tied this log-in to a therapist yet")).to_be_visible()
    expect(unsent).to_be_hidden()
    assert page.evaluate("(name) => localStorage.getItem(name)", store) == waiting
    assert kinds(visits[0]) == []
    # Who logs out is asked, and leaves nothing behind.
    page.goto("/admin/me/")
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.get_by_role("button", name="Log out").click()
    assert page.evaluate(KEPT) == [store]
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Log out").click()
    expect(page.locator("#logout-form")).to_have_count(0)
    assert page.evaluate(KEPT) == []


def test_a_whole_day_with_one_lost_connection(
    live_server: Any, visits: list[Booking], clock: Any, new_page: Any
) -> None:
    first, second = visits
    page = new_page(width=PHONE)
    log_in(page, "hands")
    card = page.locator(".my-next")
    expect(card).to_contain_text("Flora First")
    for words in ("Leaving", "10 minutes late"):
        box = card.get_by_role("button", name=re.compile(words)).bounding_box()
        assert box["width"] >= 44
        assert box["height"] >= 44
    assert sideways_overflow(page) == 0
    assert accessibility_violations(page) == []
    screenshot(page, "my-day-before")

    card.get_by_role("button", name=re.compile("^Leaving")).click()
    expect(card).to_contain_text("The client expects you at about")
    assert kinds(first) == ["leaving"]
    # The page was loaded anew: what is pressed without a connection is kept by its scripts.
    screenshot(page, "my-day-left")

    # On the way there is no connection: what is pressed stays on the phone, and the page says so.
    new_page.allow("ERR_INTERNET_DISCONNECTED")
    unsent = page.locator("[data-unsent]")
    page.context.set_offline(True)
    card.get_by_role("button", name=re.compile("^20 minutes late")).click()
    card.get_by_role("button", name=re.compile("^I’m there")).click()
    expect(unsent).to_contain_text("Not sent yet, and kept on this phone:")
    expect(unsent.get_by_role("button")).to_have_count(2)
    assert kinds(first) == ["leaving"]
    screenshot(page, "my-day-unsent")
    # The first was pressed by mistake.
    unsent.get_by_role("button", name=re.compile("Late by 20 minutes")).click()
    expect(unsent.get_by_role("button")).to_have_count(1)
    page.context.set_offline(False)
    expect(card.get_by_role("button", name=re.compile("^I’m there"))).to_have_count(0)
    expect(unsent).to_be_hidden()
    assert kinds(first) == ["leaving", "arrived"]

    clock.shift(at(11) - at(9, 15))
    page.reload()
    asked = page.locator("section", has=page.get_by_role("heading", name="How did it go?"))
    asked.get_by_label("Paid").select_option("zelle")
    asked.get_by_role("button", name=re.compile("It went as booked")).click()
    expect(page.get_by_role("heading", name="How did it go?")).to_have_count(0)
    first.refresh_from_db()
    assert first.status == BookingStatus.COMPLETED
    assert first.steps.get(kind="done").paid_by == "zelle"

    clock.shift(timedelta(hours=1))
    page.reload()
    expect(card).to_contain_text("Sven Second")
    card.get_by_role("button", name=re.compile("^10 minutes late")).click()
    expect(card).to_contain_text("1:00 PM – 1:10 PM")
    card.get_by_role("link", name="Does the rest of the day fit?").click()
    expect(page.get_by_text("Nobody is late, as far as was pressed today.")).to_be_visible()
    assert kinds(second) == ["late"]


def test_a_press_on_the_visits_own_page_is_kept_too_and_stays_there(
    live_server: Any, visits: list[Booking], new_page: Any
) -> None:
    first = visits[0]
    page = new_page(width=PHONE)
    log_in(page, "hands")
    page.goto(f"/admin/bookings/booking/{first.pk}/change/", wait_until="load")
    steps = page.get_by_role("region", name="On the way")
    expect(steps.get_by_role("button", name=re.compile("^Leaving"))).to_be_visible()
    assert sideways_overflow(page) == 0
    assert accessibility_violations(page) == []
    screenshot(page, "my-visit-before")
    new_page.allow("ERR_INTERNET_DISCONNECTED")
    page.context.set_offline(True)
    steps.get_by_role("button", name=re.compile("^Leaving")).click()
    expect(page.locator("[data-unsent]").get_by_role("button")).to_have_count(1)
    assert kinds(first) == []
    page.context.set_offline(False)
    # Sent, and the page loaded anew.
    expect(page.get_by_text("Undo: Leaving")).to_be_visible()
    assert page.url.endswith(f"/booking/{first.pk}/change/")
    assert kinds(first) == ["leaving"]
    steps.get_by_role("button", name=re.compile("^I’m there")).click()
    expect(page.get_by_role("region", name="Safe at the door")).to_be_visible()
    assert kinds(first) == ["leaving", "arrived"]
    assert accessibility_violations(page) == []
    screenshot(page, "my-visit-there")


def test_a_pin_waits_on_the_page_alone_until_there_is_a_connection(
    live_server: Any, visits: list[Booking], clock: Any, new_page: Any
) -> None:
    visit = visits[0]
    check_ins.set_pins(therapist=visit.therapist, fine="4711", needs_help="4177", now=NOW)
    arrived = Press(kind=StepKind.ARRIVED, key=uuid.uuid4(), at=at(9, 5))
    operations.press_step(booking=visit, press=arrived, actor=User.objects.get(), now=at(9, 5))
    CheckIn.objects.update(asked_at=at(9, 10))
    for theme in ("light", "dark"):
        page = new_page(width=PHONE)
        page.emulate_media(color_scheme=theme)
        log_in(page, "hands")
        card = page.locator("section", has=page.get_by_role("heading", name="Are you all right?"))
        box = card.get_by_role("button", name=re.compile("^I’m fine")).bounding_box()
        assert box["width"] >= 44
        assert box["height"] >= 44
        assert sideways_overflow(page) == 0
        assert accessibility_violations(page) == []
        screenshot(page, f"my-day-check-in-{theme}")
    new_page.allow("ERR_INTERNET_DISCONNECTED")
    page.context.set_offline(True)
    card.get_by_label("Your PIN").fill("4177")
    card.get_by_role("button", name=re.compile("^I’m fine")).click()
    unsent = page.locator("[data-unsent]")
    expect(unsent).to_contain_text("Your PIN isn’t sent yet, and is kept nowhere")
    assert card.get_by_label("Your PIN").input_value() == ""
    assert "4177" not in page.evaluate(
        "JSON.stringify({...localStorage, ...sessionStorage}) + document.body.innerHTML"
    )
    assert not CheckIn.objects.exclude(help_at=None).exists()
    # Made to enter the other one, too: both are sent.
    card.get_by_label("Your PIN").fill("4711")
    card.get_by_role("button", name=re.compile("^I’m fine")).click()
    page.context.set_offline(False)
    expect(page.get_by_text("Thank you. Your check-in has ended.")).to_have_count(2)
    assert CheckIn.objects.get().is_alarm
    expect(page.get_by_role("heading", name="Safe at the door")).to_be_visible()
    screenshot(page, "my-day-check-in-answered")
    page.goto("/admin/me/pins/")
    assert sideways_overflow(page) == 0
    assert accessibility_violations(page) == []
    screenshot(page, "my-pins")


def test_a_pin_that_is_entered_while_another_is_under_way_is_sent_too(
    live_server: Any, visits: list[Booking], new_page: Any
) -> None:
    visit = visits[0]
    check_ins.set_pins(therapist=visit.therapist, fine="4711", needs_help="4177", now=NOW)
    arrived = Press(kind=StepKind.ARRIVED, key=uuid.uuid4(), at=at(9, 5))
    operations.press_step(booking=visit, press=arrived, actor=User.objects.get(), now=at(9, 5))
    page = new_page(width=PHONE)
    log_in(page, "hands")
    new_page.allow("404")
    new_page.allow("409")
    card = page.locator("section", has=page.get_by_role("heading", name="Safe at the door"))

    def enter(pin: str) -> None:
        card.get_by_label("Your PIN").fill(pin)
        card.get_by_role("button", name=re.compile("^I’m fine")).click()

    # Something is said of a refusal without words.
    page.route("**/pin/", lambda route: route.fulfill(status=404, body="Nothing here."))
    enter("1111")
    expect(page.locator("[data-unsent]")).to_contain_text("Your PIN didn’t arrive.")
    page.unroute("**/pin/")

    held: list[Any] = []
    page.route("**/pin/", lambda route: route.continue_() if held else held.append(route))
    with page.expect_request("**/pin/"):
        enter("1111")
    enter("4177")
    with page.expect_response(lambda answer: "/pin/" in answer.url and answer.status == 200):
        held[0].continue_()
    assert CheckIn.objects.get().is_alarm


@pytest.mark.parametrize(("width", "is_large"), [(320, False), (320, True), (390, False), (1280, False)])
def test_the_longest_names_fit_on_the_last_day_of_a_year(
    width: int, is_large: bool, live_server: Any, visits: list[Booking], clock: Any, new_page: Any
) -> None:
    """A Thursday in December: hardly a date has more letters."""
    later = timedelta(days=24)
    times = ("starts_at", "ends_at", "blocked_from", "blocked_until")
    Booking.objects.update(**{name: F(name) + later for name in times})
    clock.move_to(at(9, 15) + later)
    User.objects.create_superuser("owner", "owner@example.com", "a-long-password")

    def named(client: str, therapist: str) -> None:
        Client.objects.update(name=client)
        Booking.objects.update(contact_name=client, recipient_name="")
        Therapist.objects.update(name=therapist)

    wide: list[str] = []
    torn: list[str] = []
    for who in ("hands", "owner"):
        page = with_large_text(new_page(width=width, bypass_csp=True)) if is_large else new_page(width=width)
        named("W" * 120, "W" * 80)
        log_in(page, who)
        expect(page.locator("h1")).to_contain_text("Dec")
        tabs = page.locator(".my-tabs a").evaluate_all("(all) => all.map((one) => one.href)")
        addresses = (
            [*tabs, f"/admin/bookings/booking/{visits[0].pk}/change/"] if who == "hands" else ["/admin/"]
        )
        wide += [address for address in addresses if page.goto(address) and sideways_overflow(page)]
        named("Flora First", "Sample Therapist One")
        # A drawn board says its hours to who doesn't see it, in a place of one pixel; large words may need two lines.
        plain = [
            address for address in addresses if not is_large and (width < 700 or "/week/" not in address)
        ]
        torn += [word for address in plain if page.goto(address) for word in broken_words(page)]
    assert wide == []
    assert torn == []
