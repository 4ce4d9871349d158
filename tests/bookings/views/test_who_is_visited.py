"""Who books, who is visited and who pays may be three: each is told where it counts, kept and forgotten."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from bookings.domain import erasure, export
from bookings.models import Booking, BookingDraft, ScreeningRecord, Therapist
from tests.bookings.courses.conftest import staff_client
from tests.bookings.views.flow import DETAILS, Flow
from tests.factories import DAY, NOW, World

pytestmark = pytest.mark.django_db

MOTHER = {
    "for_other": "on",
    "recipient_name": "Maria O'Brien",
    "recipient_phone": "(213) 555-0177",
    "recipient_language": "Spanish",
    "payer_name": "Leo O'Brien",
}


def words(response: Any) -> str:
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split()))


def booked(flow: Flow) -> Booking:
    flow.until("details").details(**MOTHER)
    flow.review()
    Booking.objects.update(prove_by=None)
    return Booking.objects.get()


def test_all_three_are_kept_and_said_before_the_press(flow: Flow) -> None:
    flow.until("details").details(**MOTHER, access_type="stairs", gate_code="4421#")
    page = words(flow.client.get("/book/review/"))
    assert "4421" not in page
    for said in ("At the door we call (213) 555-0177", "Speaks Spanish", "Leo O'Brien pays"):
        assert said in page
    assert "Stairs Gate or door code noted" in page
    flow.review()

    booking = Booking.objects.get()
    assert booking.recipient_phone.as_e164 == "+12135550177"
    assert (booking.recipient_language, booking.payer_name) == ("Spanish", "Leo O'Brien")
    assert booking.door_phone == booking.recipient_phone


def test_who_books_for_themself_is_called_and_pays(flow: Flow) -> None:
    flow.until("details").details(**MOTHER | {"for_other": ""})
    flow.review()
    booking = Booking.objects.get()
    assert (booking.recipient_phone, booking.recipient_language, booking.payer_name) == ("", "", "")
    assert booking.door_phone == booking.client.phone


def test_phone_that_is_none_is_asked_again_and_kept(flow: Flow) -> None:
    response = flow.until("details").details(**MOTHER | {"recipient_phone": "12"})
    assert response.status_code == 422
    assert 'value="12"' in response.content.decode()
    assert BookingDraft.objects.get().answers["details_so_far"]["recipient_language"] == "Spanish"


def test_therapist_calls_the_person_at_the_door(flow: Flow, world: World) -> None:
    booking = booked(flow)
    user = User.objects.create_user("noor", password="a-long-password", is_staff=True)
    world.therapist.user = user
    world.therapist.save()
    desk = staff_client("desk", "Front desk")
    page = desk.get(f"/admin/bookings/booking/{booking.pk}/change/")
    assert 'href="tel:+12135550177"' in page.content.decode()
    assert "Speaks Spanish" in words(page)
    assert "Leo O'Brien pays" in words(page)


def test_desk_puts_it_right(flow: Flow, world: World) -> None:
    booking = booked(flow)
    desk = staff_client("desk", "Front desk")
    path = f"/admin/bookings/booking/{booking.pk}/correct/"
    form = desk.get(path).context["form"]
    data = {name: form[name].value() for name in form.fields if form[name].value() not in (None, False)}
    data |= {"recipient_phone": "213 555 0188", "recipient_language": "Catalan", "payer_name": ""}
    tried = desk.post(path, data)
    assert tried.status_code == 200, tried.context["form"].errors
    assert "(213) 555-0188" in words(tried)
    shown = tried.context
    done = desk.post(path, {**data, "save": "1", "seen": shown["seen"], "total_cents": shown["total_cents"]})
    assert done.status_code == 302
    booking.refresh_from_db()
    assert booking.recipient_phone.as_e164 == "+12135550188"
    assert booking.recipient_name == "Maria O'Brien"
    assert (booking.recipient_language, booking.payer_name) == ("Catalan", "")


def test_without_the_name_nothing_of_them_stays(flow: Flow) -> None:
    booking = booked(flow)
    ScreeningRecord.objects.all().delete()
    desk = staff_client("desk", "Front desk")
    path = f"/admin/bookings/booking/{booking.pk}/correct/"
    form = desk.get(path).context["form"]
    data = {name: form[name].value() for name in form.fields if form[name].value() not in (None, False)}
    data |= {"recipient_name": ""}
    shown = desk.post(path, data).context
    desk.post(path, {**data, "save": "1", "seen": shown["seen"], "total_cents": shown["total_cents"]})
    booking.refresh_from_db()
    assert (booking.recipient_name, booking.recipient_phone, booking.recipient_language) == ("", "", "")


def test_printed_sheet_and_therapists_page_have_the_number_at_the_door(flow: Flow, world: World) -> None:
    booking = booked(flow)
    Booking.objects.update(status="confirmed")
    desk = staff_client("desk", "Front desk")
    assert "Maria O'Brien , (213) 555-0177" in words(
        desk.get(reverse("admin:bookings_booking_sheet"), {"day": str(DAY)})
    )
    hands = staff_client("hands", "Therapist")
    Therapist.objects.update(user=User.objects.get(username="hands"))
    page = hands.get(f"/admin/bookings/booking/{booking.pk}/change/").content.decode()
    assert re.findall(r'class="my-button" href="tel:([+0-9]+)"', page) == ["+12135550177"]


def test_book_again_has_them_filled_in(flow: Flow) -> None:
    booking = booked(flow)
    session = flow.client.session
    session["visits"] = session["visits"] | {"proved": {booking.client.email: NOW.timestamp()}}
    session.save()
    flow.client.post(f"/visits/v/{booking.reference}/again/")
    details = BookingDraft.objects.get().answers["details"]
    assert {name: details[name] for name in ("recipient_phone", "recipient_language", "payer_name")} == {
        "recipient_phone": "+12135550177",
        "recipient_language": "Spanish",
        "payer_name": "Leo O'Brien",
    }
    assert details["name"] == DETAILS["name"]


def test_they_are_in_the_clients_own_data_and_go_with_the_client(flow: Flow) -> None:
    booking = booked(flow)
    data = str(export.as_data(export.all_about(booking.client)))
    for told in ("+12135550177", "Spanish", "Leo O'Brien"):
        assert told in data

    owner = User.objects.create_superuser("owner")
    Booking.objects.update(status="canceled")
    erasure.erase_client(client=booking.client, actor=owner, now=NOW)

    booking.refresh_from_db()
    assert (booking.recipient_phone, booking.recipient_language, booking.payer_name) == ("", "", "")
