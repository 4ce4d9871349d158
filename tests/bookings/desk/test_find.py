"""Somebody phones: who it is, when their visit is, and what the same again means."""

from __future__ import annotations

from datetime import timedelta

import time_machine
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from bookings.domain import operations
from tests.factories import DAY, NOW, World, at

from .conftest import signed_in, staff_user
from .test_visit import page

FIND = reverse("admin:bookings_booking_book")
INDEX = reverse("admin:index")


def test_the_next_visit_stands_beside_whoever_is_found(world: World, desk: Client) -> None:
    last = world.book(starts_at=at(10))
    other = world.book(starts_at=at(14))
    operations.cancel_booking(booking=other, actor=None, now=NOW)
    coming = world.book(starts_at=at(11, day=DAY + timedelta(days=2)))

    with time_machine.travel(at(18), tick=False):
        text = desk.get(FIND, {"q": "213 555 0123"}).content.decode()
        on_client = desk.get(reverse("admin:bookings_client_change", args=[last.client_id])).content.decode()

    assert text.index("Next:") < text.index("Wed, Dec 9, 2026, 11:00 AM PST") < text.index("Last:")
    assert text.index("Last:") < text.index("Mon, Dec 7, 2026, 10:00 AM PST")
    # A canceled visit is neither.
    assert page(other) not in text
    assert f'name="visit" value="{coming.pk}"' in text
    heads = [on_client.index(f">{head}<") for head in ("Next visit", "Phone", "Last visit", "Email")]
    assert heads == sorted(heads)
    assert f'name="visit" value="{coming.pk}"' in on_client


def test_a_whole_reference_leads_to_its_visit_and_a_part_is_listed(world: World, desk: Client) -> None:
    booking = world.book()
    code = booking.reference.removeprefix("MX-")
    for typed in (booking.reference, code, f"mx {code.lower()}", f" {booking.reference.lower()} "):
        assert desk.get(FIND, {"q": typed})["Location"] == page(booking), typed
    listed = desk.get(FIND, {"q": code[:4]}).content.decode()
    assert page(booking) in listed
    # As one types, nothing leads away.
    assert desk.get(FIND, {"q": code}, headers={"X-Part": "found"}).status_code == 200


def test_a_visit_is_found_by_its_street_and_by_whom_it_is_for(world: World, desk: Client) -> None:
    booking = world.book(street="77 Linden Walk", recipient_name="Rosa Sample")
    for typed in ("linden walk", "rosa"):
        text = desk.get(FIND, {"q": typed}).content.decode()
        assert "1 visit found" in text
        assert page(booking) in text


def test_every_page_of_the_desk_can_find_and_a_therapist_has_a_list(world: World, desk: Client) -> None:
    assert f'action="{FIND}"' in desk.get(INDEX).content.decode()
    hands = signed_in(staff_user("hands", "view_own_visits"))
    assert 'id="desk-find"' not in hands.get(INDEX).content.decode()
    assert reverse("admin:bookings_booking_changelist") in hands.get(reverse("admin:my_own")).content.decode()
    writer = signed_in(staff_user("writer"))
    assert 'id="desk-find"' not in writer.get(INDEX).content.decode()


def test_a_gap_of_the_board_leads_to_a_booking_in_it(world: World, desk: Client) -> None:
    board = desk.get(reverse("admin:bookings_booking_day"), {"day": str(DAY)}).content.decode()
    link = f"{FIND}?day={DAY}&therapist={world.therapist.slug}"
    assert link.replace("&", "&amp;") in board
    text = desk.get(link).content.decode()
    assert "For Monday, December 7." in text
    assert f"With {world.therapist.name}." in text
    assert f'name="therapist" value="{world.therapist.slug}"' in text
    # Yesterday's gaps are nothing to book.
    past = desk.get(reverse("admin:bookings_booking_day"), {"day": str(NOW.date() - timedelta(days=1))})
    assert "&amp;therapist=" not in past.content.decode()


def test_an_odd_day_or_therapist_is_as_none(world: World, desk: Client) -> None:
    text = desk.get(FIND, {"day": "2026-13-77", "therapist": "no\x00body", "q": "a\x00na"}).content.decode()
    assert 'name="day"' not in text
    assert 'name="therapist"' not in text


def test_who_is_called_so_comes_before_whose_number_is_like_it(world: World, desk: Client) -> None:
    wanted = world.book(name="Sample Client 45", email="a@example.com", phone="+12135550100").client
    longer = world.book(
        starts_at=at(13), name="Sample Client 451", email="b@example.com", phone="+12135550101"
    ).client
    by_phone = world.book(
        starts_at=at(16), name="Sample Client 46", email="c@example.com", phone="+12135550145"
    ).client
    for address, found in (
        (FIND, lambda response: [row["client"] for row in response.context["found"]]),
        (
            reverse("admin:bookings_client_changelist"),
            lambda response: list(response.context["cl"].result_list),
        ),
        (
            reverse("admin:bookings_client_merge", args=[by_phone.pk]),
            lambda response: list(response.context["found"]),
        ),
    ):
        client = signed_in(User.objects.get_or_create(username="boss", is_staff=True, is_superuser=True)[0])
        rows = found(client.get(address, {"q": "sample client 45"}))
        assert rows[:2] == [wanted, longer], address
        assert rows[2:] in ([by_phone], []), address


def test_one_field_searches_and_the_list_of_visits_shows_what_narrows_it(world: World, desk: Client) -> None:
    past = world.book(starts_at=at(10), street="9 & Sons Row")
    visits, clients = (reverse(f"admin:bookings_{name}_changelist") for name in ("booking", "client"))
    for address in (visits, clients):
        assert 'id="searchbar"' not in desk.get(address).content.decode()
    # What the bar finds no more, such as a visit of long ago, is one press away.
    with time_machine.travel(at(10) + timedelta(days=60), tick=False):
        desk = signed_in(User.objects.get(username="desk"))
        found = desk.get(FIND, {"q": "9 & sons"}).content.decode()
        assert page(past) not in found
        link = f"{visits}?q=9%20%26%20sons&amp;day=any"
        assert f'href="{link}"' in found
        narrowed = desk.get(link.replace("&amp;", "&")).content.decode()
    assert page(past) in narrowed
    assert 'value="9 &amp; sons" id="searchbar"' in narrowed
    # Whoever may only look has no field in the bar.
    reader = signed_in(staff_user("reader", "view_booking"))
    assert 'id="searchbar"' in reader.get(visits).content.decode()
