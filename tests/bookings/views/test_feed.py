"""A therapist's calendar feed: whose visits, what of them, to whom, and at what cost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import vobject
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from bookings.domain import links, operations
from bookings.domain.operations import Act, NewTime
from bookings.enums import LinkPurpose
from bookings.models import Booking, BookingEvent, Link
from services.models import Business
from tests.bookings.domain.test_calendar import parse
from tests.factories import DAY, NOW, World, at

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock(time_machine: Any) -> None:
    time_machine.move_to(NOW, tick=False)


def address(world: World) -> str:
    return reverse("bookings:feed", args=[links.feed_token(world.therapist, now=NOW)])


def events(text: str) -> list[Any]:
    return list(vobject.readOne(text).contents.get("vevent", []))


def test_feed_holds_the_therapists_visits(client: Client, world: World) -> None:
    booking = operations.confirm_booking(
        booking=world.book(access_type="stairs", unit="Apt 4"), actor=None, now=NOW
    )
    world.book(email="bo@example.com", phone="+12135550124", starts_at=at(15))

    answer = client.get(address(world))

    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer["Cache-Control"] == "private, no-cache"
    text = answer.content.decode()
    parsed = parse(text)
    assert parsed.value("METHOD") == "PUBLISH"
    first, second = events(text)
    assert first.summary.value == "Manual lymphatic drainage, 60 min, Stairs"
    assert first.location.value == "12 Sample Street, Apt 4, Los Angeles, CA 90026"
    assert (first.dtstart.value, first.dtend.value) == (booking.starts_at, booking.ends_at)
    assert first.description.value == f"At the door from 9:45 AM to 11:15 AM. Reference {booking.reference}."
    assert (first.status.value, second.status.value) == ("CONFIRMED", "TENTATIVE")
    assert first.organizer.value == "mailto:hello@example.com"
    assert second.summary.value.endswith("not confirmed yet")
    # A moved visit must replace the one that a calendar knows.
    assert [event.sequence.value for event in (first, second)] == [str(booking.revision), "0"]
    assert booking.revision > 0
    unfolded = text.replace("\r\n ", "")
    for private in ("Ana", "O'Brien", "555-0123", "2135550123", "example.com\r\nATTENDEE", "CANARY"):
        assert private not in unfolded


def test_feed_is_the_therapists_own(client: Client, world: World) -> None:
    other = world.add_therapist()
    world.book(preference=f"therapist:{other.slug}")

    assert events(client.get(address(world)).content.decode()) == []


def test_feed_holds_thirty_days_back_and_half_a_year_ahead(client: Client, world: World) -> None:
    booking = world.book()
    for days, there in ((-31, 0), (-30, 1), (180, 1), (181, 0)):
        start = at(10, 0, date(2026, 12, 2) + timedelta(days=days))
        Booking.objects.filter(pk=booking.pk).update(
            starts_at=start, ends_at=start + timedelta(hours=1),
            blocked_from=start - timedelta(minutes=10), blocked_until=start + timedelta(minutes=70),
        )  # fmt: skip
        assert len(events(client.get(address(world)).content.decode())) == there, days


def test_feed_leaves_out_what_was_canceled(client: Client, world: World) -> None:
    booking = world.book()
    operations.cancel_booking(booking=booking, actor=None, now=NOW)

    assert events(client.get(address(world)).content.decode()) == []


def test_unchanged_feed_is_answered_with_304(client: Client, world: World, time_machine: Any) -> None:
    booking = world.book()
    url = address(world)
    first = client.get(url)
    later = NOW + timedelta(hours=2)
    time_machine.move_to(later, tick=False)

    same = client.get(url, headers={"If-None-Match": first["ETag"]})
    assert (same.status_code, same.content) == (304, b"")
    assert client.get(url, headers={"If-Modified-Since": first["Last-Modified"]}).status_code == 304

    operations.cancel_booking(booking=booking, actor=None, now=later)
    assert client.get(url, headers={"If-None-Match": first["ETag"]}).status_code == 200
    assert client.get(url, headers={"If-Modified-Since": first["Last-Modified"]}).status_code == 200


def test_each_change_raises_the_sequence_of_its_entry(client: Client, world: World) -> None:
    booking = world.book()
    url = address(world)
    seen = [int(events(client.get(url).content.decode())[0].sequence.value)]
    operations.confirm_booking(booking=booking, actor=None, now=NOW)
    seen.append(int(events(client.get(url).content.decode())[0].sequence.value))
    operations.move_booking(booking=booking, to=NewTime(at(14)), act=Act(NOW, by_client=True))
    [access_type] = events(client.get(url).content.decode())
    seen.append(int(access_type.sequence.value))
    assert seen == [0, 1, 2]
    assert access_type.dtstart.value == at(14)


@pytest.mark.parametrize("what", ["service", "therapist", "business"])
def test_a_new_name_is_fetched_by_who_asks_by_the_date(
    client: Client, world: World, time_machine: Any, what: str
) -> None:
    world.book()
    url = address(world)
    first = client.get(url)
    time_machine.move_to(NOW + timedelta(hours=1), tick=False)
    row = Business.load() if what == "business" else getattr(world, what)
    row.name = "Another Name"
    row.save()
    again = client.get(url, headers={"If-Modified-Since": first["Last-Modified"]})
    assert again.status_code == 200
    assert "Another Name" in again.content.decode().replace("\r\n ", "")


def test_visit_that_went_to_another_therapist_changes_the_feed(client: Client, world: World) -> None:
    booking = world.book()
    url = address(world)
    first = client.get(url)
    other = world.add_therapist()
    BookingEvent.objects.create(
        booking=booking, kind="moved", from_status="requested", to_status="requested",
        at=NOW + timedelta(minutes=5), moved_from=booking.starts_at, moved_from_therapist=world.therapist,
    )  # fmt: skip
    Booking.objects.update(therapist=other)

    again = client.get(url, headers={"If-Modified-Since": first["Last-Modified"]})

    assert again.status_code == 200
    assert events(again.content.decode()) == []


def test_head_says_the_same_without_a_body(client: Client, world: World) -> None:
    url = address(world)
    answer = client.head(url)

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer["ETag"] == client.get(url)["ETag"]


def test_looking_changes_nothing_and_other_verbs_are_refused(client: Client, world: World) -> None:
    url = address(world)
    before = list(Link.objects.values())
    client.get(url)

    assert client.post(url).status_code == 405
    assert list(Link.objects.values()) == before


def test_revoked_unknown_and_other_tokens_are_one_answer(client: Client, world: World) -> None:
    url = address(world)
    visit = links.visit_token(world.book(), now=NOW)
    links.revoke_feed(world.therapist, now=NOW)

    for dead in (url, reverse("bookings:feed", args=["x" * 43]), reverse("bookings:feed", args=[visit])):
        assert client.get(dead).status_code == 404
    assert client.get(address(world)).status_code == 200


def test_therapist_who_left_has_no_feed(client: Client, world: World) -> None:
    url = address(world)
    world.therapist.is_active = False
    world.therapist.save()

    assert client.get(url).status_code == 404


def test_feed_is_limited(client: Client, world: World, settings: Any) -> None:
    settings.RATELIMIT_ENABLE = True
    cache.clear()
    url = address(world)

    answers = {client.get(url).status_code for _ in range(62)}

    assert answers == {200, 429}


def test_feed_asks_as_many_queries_whatever_it_holds(
    client: Client, world: World, count_queries: Callable[..., Any]
) -> None:
    url = address(world)
    world.book()
    with count_queries() as few:
        client.get(url)
    for day in range(1, 6):
        for number, hour in enumerate((10, 12, 14, 16)):
            start: datetime = at(hour, 0, DAY + timedelta(days=day))
            world.book(email=f"c{day}{number}@example.com", phone=f"+1213555{day}{number}00", starts_at=start)
    with count_queries() as many:
        assert client.get(url).content.count(b"BEGIN:VEVENT") == 21

    assert len(many) == len(few) <= 8


def test_feed_address_belongs_to_one_live_link(world: World) -> None:
    assert links.present_feed_token(world.therapist) == ""
    token = links.feed_token(world.therapist, now=NOW)

    assert links.present_feed_token(world.therapist) == token
    assert Link.objects.filter(purpose=LinkPurpose.FEED).count() == 1
