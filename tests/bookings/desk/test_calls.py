"""The desk's list of calls: whom to tell what, and that somebody did."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from bookings.desk.calls import waiting_calls
from bookings.domain import operations
from bookings.domain.clients import likely_twins, merge_clients
from bookings.domain.erasure import erase_client
from bookings.domain.export import all_about, as_data
from bookings.domain.operations import Sender
from bookings.domain.operations.steps import UNDO_REACHES, Press
from bookings.domain.personal_data import drafts_of, enquiries_of
from bookings.enums import BookingStatus, MessageState, StepKind
from bookings.models import AreaRequest, Booking, Link, Message
from bookings.models import Client as BookingClient
from tests.bookings.views.flow import Flow
from tests.factories import DAY, NOW, World, at, fix_drives

from .conftest import staff_user

CALLS = reverse("admin:bookings_message_calls")


def book(desk: Client, world: World, hour: int = 10, **details: object) -> Booking:
    """By the desk's own form, with no email."""
    flow = Flow(desk, world)
    desk.post("/book/for-a-client/")
    flow.until("when")
    flow.when(starts_at=at(hour).isoformat())
    flow.health()
    assert flow.details(**{"email": "", **details}).status_code == 302
    flow.review()
    return Booking.objects.latest("pk")


def test_on_the_way_is_told_at_once_with_the_hour(desk: Client, world: World) -> None:
    fix_drives((world.area, world.area, 20))
    booking = book(desk, world)
    press = Press(kind=StepKind.LEAVING, key=uuid.uuid4(), at=at(9, 5))
    step = operations.press_step(booking=booking, press=press, actor=staff_user("driver"), now=at(9, 5))
    # Not before they would have come anyway: stairs and setting up take a quarter of an hour.
    assert (
        (step.expected_from, step.expected_until)
        == (booking.blocked_from, at(9, 55))
        == (at(9, 45), at(9, 55))
    )
    call = next(row for row in waiting_calls(at(9, 6), most=9) if row["what"] == "On the way")
    assert call["say"].replace("\N{NO-BREAK SPACE}", " ") == (
        "Tell them at once when to expect us: 9:45 to 9:55 AM PST."
    )
    assert call["due"] == at(9, 5) + UNDO_REACHES


def test_the_desk_books_without_an_email_and_tells_by_phone(desk: Client, world: World) -> None:
    booking = book(desk, world)
    assert (booking.client.email, booking.status) == ("", BookingStatus.CONFIRMED)
    visit = reverse("admin:bookings_booking_change", args=[booking.pk])
    assert (
        "The client has no email: say it on the phone, and mark it as told."
        in desk.get(visit).content.decode()
    )
    for address in (visit, CALLS, reverse("admin:index")):
        page = desk.get(address).content.decode()
        assert "It is confirmed" in page
        assert "(213) 555-0123" in page
        assert 'href="mailto:"' not in page

    call = Message.objects.get(booking=booking, kind="confirmed")
    tell = reverse("admin:bookings_message_tell", args=[call.pk])
    assert desk.get(tell).status_code == 405
    assert desk.post(tell, {"list": "1"})["Location"] == CALLS
    page = desk.get(CALLS).content.decode()
    assert "It is confirmed" not in page
    assert "desk, Wed, Dec 2" in page
    again = desk.post(tell, {"list": "1"}, follow=True).content.decode()
    assert "told already" in again
    call.refresh_from_db()
    assert (call.state, call.told_by.username) == (MessageState.SENT, "desk")


def test_the_day_before_it_asks_for_the_call(desk: Client, world: World) -> None:
    book(desk, world)
    with time_machine.travel(at(8, day=DAY - timedelta(days=1)), tick=False):
        page = desk.get(CALLS).content.decode()
    assert "Remind them" in page
    assert "Ask whether anything about their health has changed." in page


def test_a_visitor_still_needs_an_email(client: Client, world: World) -> None:
    flow = Flow(client, world).until("details")
    response = flow.details(email="")
    assert response.status_code == 422
    assert "Type your email address." in response.content.decode()


def test_a_list_of_twenty_costs_no_more_than_one_of_two(desk: Client, world: World, count_queries) -> None:
    actor = staff_user("books")

    def make(number: int) -> None:
        operations.request_booking(submission=world.submission(
                email="", phone=f"+12135550{number:03}",
                starts_at=at(10 + number % 4 * 2, day=DAY + timedelta(days=number // 4 - 25)),
            ), now=NOW, sender=Sender(actor=actor))  # fmt: skip

    make(100)
    desk.get(CALLS)
    with count_queries() as few:
        desk.get(CALLS)
    for number in range(101, 108):
        make(number)
    with count_queries() as many:
        page = desk.get(CALLS).content.decode()
    assert page.count("It is confirmed") == 8
    assert len(many) == len(few)


def test_two_without_an_email_have_nothing_in_common(desk: Client, world: World) -> None:
    """An empty email is nobody's: no twins, no enquiries, no drafts and no links of another are theirs."""
    one = book(desk, world)
    two = book(desk, world, 14, name="Bo Sample", phone="(213) 555-0177")
    assert one.client != two.client
    AreaRequest.objects.create(
        name="Cy", email="", phone="+12135550188", zip_code="92101", agreed_at=NOW, created_at=NOW
    )
    feed = Link.objects.create(
        purpose="feed", nonce="n", digest="d", created_at=NOW, therapist=world.therapist
    )
    assert not likely_twins(one.client).exists()
    assert enquiries_of(one.client).places == ()
    assert as_data(all_about(one.client))["client"][0]["email"] == ""
    Client().post("/book/", {})  # a visitor's draft with blanks in it
    assert drafts_of(one.client, references=(), by_phone=False) == []
    operations.cancel_booking(booking=one, actor=staff_user("c"), now=NOW)
    erase_client(client=one.client, actor=staff_user("e"), now=NOW)
    assert Link.objects.filter(pk=feed.pk).exists()
    assert BookingClient.objects.present().get() == two.client


def test_merged_with_a_record_with_an_email_calls_become_emails(desk: Client, world: World) -> None:
    known = world.book(starts_at=at(15)).client
    caller = book(desk, world, phone="(213) 555-0177")
    merge_clients(keep=known, other=caller.client, actor=staff_user("m"), now=NOW)
    assert set(Message.objects.filter(booking=caller).values_list("channel", flat=True)) == {"email"}


def test_the_pages_of_who_has_no_email_say_so(desk: Client, owner: Client, world: World) -> None:
    booking = book(desk, world)
    client = booking.client
    call = Message.objects.get(booking=booking, kind="confirmed")
    pages = {
        "client_change": client,
        "client_erase": client,
        "client_merge": client,
        "client_export": client,
        "message_change": call,
        "booking_move": booking,
    }
    for name, row in pages.items():
        page = owner.get(reverse(f"admin:bookings_{name}", args=[row.pk]))
        assert page.status_code == 200, name
        assert 'href="mailto:"' not in page.content.decode()
    found = desk.get(reverse("admin:bookings_booking_book"), {"q": "5550123"}).content.decode()
    assert "(213) 555-0123</a> ·" not in found


@pytest.mark.parametrize(("email", "phone"), [("", "+12135550123"), ("bo@example.com", "+12135550123")])
def test_saving_a_record_keeps_one_per_email_and_phone(
    desk: Client, owner: Client, world: World, email: str, phone: str
) -> None:
    other = world.book(starts_at=at(15), email="zoe@example.com", phone=phone).client
    BookingClient.objects.create(name="Bo", email=email, phone=phone, created_at=NOW)
    address = reverse("admin:bookings_client_change", args=[other.pk])
    response = owner.post(address, {"name": "Zoe", "email": email, "phone": phone})
    assert response.status_code == 422
    assert "Merge the two records instead." in response.content.decode()


def test_a_client_without_email_and_phone_is_refused(owner: Client, world: World) -> None:
    client = world.book().client
    address = reverse("admin:bookings_client_change", args=[client.pk])
    assert owner.post(address, {"name": "Ana", "email": "", "phone": ""}).status_code == 422
