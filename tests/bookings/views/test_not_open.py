"""While nobody can book online: every page still sells, staff book all the same, and nothing typed is lost."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from bookings.models import Booking, BookingRules
from services.models import Business
from tests.bookings.views.flow import Flow
from tests.factories import World

PUBLIC = ("/", "/services/", "/services/manual-lymphatic-drainage/", "/therapists/",
          "/therapists/sample-therapist-one/", "/faq/", "/blog/", "/contact/", "/about/", "/policies/", "/privacy/",
          "/visits/", "/nothing-here/")  # fmt: skip


def turn(is_open: bool) -> None:
    BookingRules.objects.update(is_open=is_open)


def words_of(page: str) -> str:
    body = re.sub(r"(?s)<(script|style|svg)\b.*?</\1>", " ", page)
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


@pytest.mark.parametrize("path", PUBLIC)
def test_a_page_asks_for_a_call_and_promises_no_booking(path: str, world: World, client: Client) -> None:
    assert "Book a visit" in words_of(client.get(path).content.decode())
    turn(is_open=False)
    words = words_of(client.get(path).content.decode())
    assert "Ask us to call" in words
    for promise in ("Book a visit", "Book 60", "Book Sample", "See when we can come", "Ready when you are",
                    "book a visit online"):  # fmt: skip
        assert promise not in words, promise
    assert not re.search(r"Free \w{3}, ", words)


@pytest.mark.django_db
def test_an_empty_site_answers_and_takes_a_number(client: Client) -> None:
    for path in ("/", "/services/", "/therapists/", "/faq/", "/contact/", "/book/", "/visits/"):
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert "Book a visit" not in words_of(answer.content.decode()), path
    assert 'action="/call-back/"' in client.get("/book/").content.decode()


def test_each_step_is_the_page_to_be_called_back_and_what_was_typed_is_kept(
    world: World, client: Client
) -> None:
    Business.objects.update_or_create(pk=1, defaults={"phone": "+12135550199", "email": "hello@example.com"})
    flow: Any = Flow(client, world).until("review")
    turn(is_open=False)
    for answer in (
        *(client.get(f"/book/{step}") for step in ("", "where/", "when/", "health/", "details/", "review/", "course/",
                                                "outside/?zip=93650")),
        flow.what(), flow.where(), flow.details(), client.post("/book/review/", {"agree": "on"}),
    ):  # fmt: skip
        assert answer.status_code == 200
        assert "no-store" in answer["Cache-Control"]
        page = answer.content.decode()
        assert "We book by phone right now" in page
        assert "(213) 555-0199" in page
        assert "from 8:00 AM to 8:00 PM" in page
        assert "is kept for a day" in page
    assert not Booking.objects.exists()
    turn(is_open=True)
    assert client.get("/book/review/").status_code == 200
    flow.review()
    assert Booking.objects.count() == 1


def test_staff_book_for_a_client_while_online_booking_is_off(world: World, client: Client) -> None:
    turn(is_open=False)
    client.force_login(User.objects.create_superuser("owner", password="a-long-password"))
    assert "We book by phone" in client.get("/book/").content.decode()
    client.post("/book/for-a-client/")
    Flow(client, world).until("review").review()
    assert Booking.objects.count() == 1
