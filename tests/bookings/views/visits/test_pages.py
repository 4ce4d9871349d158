"""The list of visits, one visit, its door, its health questions, its calendar file, and the same once more."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from icalendar import Calendar

from bookings.domain import links, operations
from bookings.enums import BookingStatus, MessageKind, Tier
from bookings.models import (
    Booking,
    BookingDraft,
    Message,
    ScreeningRecheck,
    ScreeningVersion,
    Therapist,
    TimeOff,
    WorkingHours,
    Zone,
)
from bookings.screening import sample_rules_data
from massagerx.lib.localtime import local
from tests.bookings.views.flow import begins as start_of
from tests.bookings.views.flow import press
from tests.factories import CLEAR_ANSWERS, NOW, World, at

from .browsers import address, confirmed, hidden, prove, said, signed_in, text, with_link

pytestmark = pytest.mark.django_db

ADDRESS = {
    "street": "12 Sample Street",
    "unit": "",
    "zip_code": "90026",
    "access_type": "ground",
    "gate_code": "CANARY-GATE-4712",
    "total_cents": "14000",
}


def state(booking: Booking) -> Any:
    return Booking.objects.values().get(pk=booking.pk)


# All visits ----------------------------------------------------------------------------------------------------


def make_many(world: World, numbers: range) -> None:
    """Visits of one email address, past and to come by turns."""
    world.rules.open_requests_per_client = 100
    world.rules.save()
    for number in numbers:
        booking = world.book(phone=f"+1213555{1000 + number}", starts_at=at(10))
        shift = timedelta(days=number + 1) if number % 2 else -timedelta(days=number + 30)
        Booking.objects.filter(pk=booking.pk).update(
            **{
                name: getattr(booking, name) + shift
                for name in ("starts_at", "ends_at", "blocked_from", "blocked_until")
            }
        )


def test_list_asks_as_many_queries_for_thirty_visits_as_for_one(
    world: World, count_queries: Callable[..., Any]
) -> None:
    make_many(world, range(1))
    client = signed_in()
    client.get("/visits/")
    with count_queries() as few:
        client.get("/visits/")
    make_many(world, range(1, 30))
    with count_queries() as many:
        page = client.get("/visits/").content.decode()
    assert page.count("/again/") == 15
    assert page.count("MX-") == 15 + 2 * 15
    assert len(many) == len(few) <= 10


def test_pages_of_a_visit_ask_few_queries(world: World, count_queries: Callable[..., Any]) -> None:
    booking = confirmed(world)
    client = signed_in()
    for page, most in (("", 8), ("cancel", 6), ("address", 7), ("health", 7), ("move", 10)):
        client.get(address(booking, page))
        with count_queries() as queries:
            assert client.get(address(booking, page)).status_code == 200
        assert len(queries) <= most, (page, [query["sql"][:120] for query in queries])


def test_no_page_opens_health_answers(world: World) -> None:
    booking = confirmed(world)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE bookings_screeningrecord SET answers = 'not a token'")
    client = signed_in()
    for path in (
        "/visits/",
        *(address(booking, page) for page in ("", "move", "cancel", "address", "health")),
    ):
        assert client.get(path).status_code == 200


def test_list_tells_visits_to_come_from_past_ones(world: World) -> None:
    soon = confirmed(world, recipient_name="Rosa O'Brien")
    canceled = world.book(starts_at=at(14))
    operations.cancel_booking(booking=canceled, actor=None, now=NOW)
    page = signed_in().get("/visits/")
    to_come, before = text(page).split("Past visits", 1)
    assert "Monday, December 7, 10:00 AM PST" in to_come
    assert "for Rosa O'Brien · with Sample Therapist One" in to_come
    assert "Canceled" in before
    assert address(soon) in page.content.decode()
    assert f"{address(canceled)}again/" in page.content.decode()


# One visit -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("requested", "We have your request."),
        ("confirmed", "Your visit is booked."),
        ("canceled", "This visit is canceled."),
        ("declined", "We couldn’t take this visit."),
        ("expired", "We did not answer this request in time."),
        ("completed", "Thank you for having us."),
        ("no_show", "We came, and nobody answered the door."),
    ],
)
def test_each_state_has_its_words(world: World, status: str, words: str) -> None:
    booking = world.book()
    Booking.objects.filter(pk=booking.pk).update(status=status)
    page = text(with_link(booking).get(address(booking)))
    assert words in page
    assert ("What would you like to do?" in page) is (status in ("requested", "confirmed"))


def test_a_past_visit_says_so(world: World) -> None:
    booking = confirmed(world)
    with time_machine.travel(at(12), tick=False):
        assert "has taken place" in text(signed_in(now=at(12)).get(address(booking)))


def test_the_end_of_the_booking_leads_to_the_visits_page(flow: Any) -> None:
    flow.until("review").review()
    booking = Booking.objects.get()
    assert address(booking) in flow.client.get("/book/done/").content.decode()
    page = flow.client.get(address(booking))
    assert page.status_code == 200
    assert "Sample Street" not in text(page)


def test_calendar_file_keeps_the_address_for_who_proved_their_mailbox(world: World) -> None:
    booking = confirmed(world)
    files = {}
    for name, client in (("link", with_link(booking)), ("signed in", signed_in())):
        response = client.get(address(booking) + "calendar.ics")
        assert response.headers["Content-Type"].startswith("text/calendar")
        assert booking.reference in response.headers["Content-Disposition"]
        files[name] = response.content.decode()
    for content in files.values():
        calendar = Calendar.from_ical(content)
        (event,) = calendar.walk("VEVENT")
        assert calendar["METHOD"] == "PUBLISH"
        assert event.decoded("dtstart") == at(10)
        assert event["SEQUENCE"] == booking.revision
        assert "ATTENDEE" not in event
        assert "CANARY" not in content
    assert "LOCATION" not in files["link"]
    assert "ana@example.com" not in files["link"]
    assert "12 Sample Street" in files["signed in"]


@pytest.mark.parametrize("status", ["requested", "canceled", "completed"])
def test_only_what_is_sure_goes_into_a_calendar(world: World, status: str) -> None:
    booking = world.book()
    Booking.objects.filter(pk=booking.pk).update(status=status)
    assert signed_in().get(address(booking) + "calendar.ics").status_code == 404


# The door ------------------------------------------------------------------------------------------------------


def test_correcting_the_way_in_shows_what_we_know_and_saves_it(world: World) -> None:
    booking = confirmed(world)
    client = signed_in()
    page = client.get(address(booking, "address"))
    assert "CANARY-GATE-4711" in page.content.decode()
    response = client.post(
        address(booking, "address"), {**ADDRESS, "access_type": "stairs", "pets": "A cat"}, follow=True
    )
    assert "Saved." in said(response)
    booking.refresh_from_db()
    assert booking.access_type == "stairs"
    assert booking.blocked_from == at(9, 45)
    assert booking.access.notes == {"gate_code": "CANARY-GATE-4712", "pets": "A cat"}


def test_another_zip_shows_the_new_total_before_it_is_agreed_to(world: World) -> None:
    booking = confirmed(world, starts_at=at(13))
    client = signed_in()
    there = {**ADDRESS, "street": "5 Valley Road", "zip_code": "91364", "notes": "Blue gate"}
    response = client.post(address(booking, "address"), there)
    assert response.status_code == 409
    assert "from $140 to $160" in text(response)
    assert "Blue gate" in response.content.decode()
    assert state(booking)["total_cents"] == 14_000
    agreed = client.post(address(booking, "address"), {**there, **hidden(response)}, follow=True)
    assert "Saved." in said(agreed)
    assert (state(booking)["city"], state(booking)["total_cents"]) == ("Woodland Hills", 16_000)


def test_a_gift_of_the_whole_price_stays_one_at_a_nearer_door(world: World) -> None:
    booking = confirmed(world, starts_at=at(13), zip_code="91364", total_cents=16_000)
    Booking.objects.filter(pk=booking.pk).update(discount_cents=booking.total_cents, total_cents=0)
    client = signed_in()
    client.post(address(booking, "address"), {**ADDRESS, "total_cents": "0"})
    after = state(booking)
    assert (after["city"], after["discount_cents"], after["total_cents"]) == ("Los Angeles", 14_000, 0)


def test_a_door_that_the_day_has_no_room_for_keeps_what_was_typed_and_offers_another_time(
    world: World,
) -> None:
    booking = confirmed(world)
    TimeOff.objects.create(therapist=world.therapist, starts_at=at(9), ends_at=at(9, 50))
    client = signed_in()
    before = state(booking)
    response = client.post(
        address(booking, "address"), {**ADDRESS, "access_type": "stairs", "parking": "In the yard"}
    )
    assert response.status_code == 409
    assert "can't make your current time" in text(response)
    assert address(booking, "move") in response.content.decode()
    assert "In the yard" in response.content.decode()
    assert state(booking) == before
    assert booking.access.notes == {"gate_code": "CANARY-GATE-4711"}


@pytest.mark.parametrize(
    "changes",
    [
        {"street": ""}, {"street": "see evil-shop.com"}, {"street": "a\r\nb"}, {"street": "x" * 161},
        {"zip_code": "92101"}, {"zip_code": "abc"}, {"zip_code": "90050"}, {"zip_code": "9" * 5000},
        {"access_type": "window"}, {"gate_code": "\x00"}, {"notes": "y" * 1001}, {"total_cents": "-5"},
        {"total_cents": ""}, {"parking": "\u200b"},
    ],
)  # fmt: skip
def test_a_door_that_makes_no_sense_is_said_and_nothing_typed_is_lost(
    world: World, changes: dict[str, str]
) -> None:
    booking = confirmed(world)
    before = state(booking)
    response = signed_in().post(
        address(booking, "address"), {**ADDRESS, "room": "The living room", **changes}
    )
    assert response.status_code == 422
    assert 'role="alert"' in response.content.decode()
    assert "The living room" in response.content.decode()
    assert state(booking) == before
    assert booking.access.notes == {"gate_code": "CANARY-GATE-4711"}


def test_access_notes_that_no_key_opens_cost_only_themselves(world: World) -> None:
    booking = confirmed(world)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE bookings_accessnotes SET notes = 'not a token'")
    client = signed_in()
    assert client.get(address(booking, "address")).status_code == 200
    assert client.post(address(booking, "address"), ADDRESS).status_code == 302
    assert client.post(address(booking, "again")).status_code == 302


# Health --------------------------------------------------------------------------------------------------------


def answer(client: Client, booking: Booking, **changes: str) -> Any:
    data = {**CLEAR_ANSWERS, "version": "1", **changes}
    return client.post(address(booking, "health"), {name: value for name, value in data.items() if value})


def test_old_answers_are_never_filled_in(world: World) -> None:
    booking = confirmed(world)
    client = signed_in()
    assert " checked" not in client.get(address(booking, "health")).content.decode()
    answer(client, booking)
    assert " checked" not in client.get(address(booking, "health")).content.decode()


@pytest.mark.parametrize(
    ("changes", "tier", "heading"),
    [
        ({}, Tier.CLEAR, "That is all"),
        ({"neck": "yes"}, Tier.CAUTION, "That is all"),
        ({"cancer": "unsure"}, Tier.CLEARANCE, "We will call you"),
        ({"fever_or_infection": "yes"}, Tier.STOP, "We will call you"),
        ({"urgent_signs": "yes"}, Tier.EMERGENCY, "Please call 911 now"),
    ],
)
def test_answers_are_kept_and_met_with_the_right_words(
    world: World, changes: dict[str, str], tier: str, heading: str
) -> None:
    booking = confirmed(world)
    client = signed_in()
    response = answer(client, booking, **changes)
    assert response.status_code == 302
    page = client.get(response.headers["Location"])
    assert heading in text(page)
    assert ("Your visit is not canceled by this" in text(page)) is (tier not in (Tier.CLEAR, Tier.CAUTION))
    # What the rules say of booking online is not true of a visit that is booked.
    assert "book this visit online" not in text(page)
    assert "as a request" not in text(page)
    assert ("Call 911" in text(page)) is (tier not in (Tier.CLEAR, Tier.CAUTION))
    if tier == Tier.EMERGENCY:
        assert 'href="tel:911"' in page.content.decode()
    assert ScreeningRecheck.objects.get().tier == tier
    assert state(booking)["status"] == BookingStatus.CONFIRMED
    alerted = Message.objects.filter(kind=MessageKind.RECHECK_ALERT).exists()
    assert alerted is (tier != Tier.CLEAR)
    assert "Answered again on December 2" in text(client.get(address(booking)))


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"cancer": ""}, 422),
        ({"cancer": "maybe"}, 422),
        ({"version": "2"}, 409),
        ({"version": "x" * 5000}, 409),
    ],
)
def test_answers_that_make_no_sense_are_asked_for_again(
    world: World, changes: dict[str, str], status: int
) -> None:
    booking = confirmed(world)
    assert answer(signed_in(), booking, **changes).status_code == status
    assert not ScreeningRecheck.objects.exists()


def test_questions_that_changed_meanwhile_are_asked_afresh(world: World) -> None:
    booking = confirmed(world)
    client = signed_in()
    ScreeningVersion.objects.create(number=2, rules=sample_rules_data(), published_at=NOW)
    response = answer(client, booking)
    assert response.status_code == 409
    assert "Our health questions have changed" in text(response)
    assert hidden(response)["version"] == "2"
    assert answer(client, booking, version="2").status_code == 302


def test_without_questions_in_force_the_visit_says_so(world: World) -> None:
    booking = confirmed(world)
    ScreeningVersion.objects.update(published_at=NOW + timedelta(days=1))
    response = signed_in().get(address(booking, "health"), follow=True)
    assert "no health questions" in said(response)


# Once more -----------------------------------------------------------------------------------------------------


def test_book_again_fills_in_what_is_known_and_never_health(world: World) -> None:
    booking = confirmed(
        world, add_on_ids=(world.add_on.pk,), total_cents=16_500, recipient_name="Rosa O'Brien"
    )
    client = signed_in()
    assert client.post(address(booking, "again")).headers["Location"] == "/book/when/"
    answers = BookingDraft.objects.get().answers
    assert (answers["option"], answers["add_ons"], answers["zip_code"]) == (
        world.option.pk,
        [world.add_on.pk],
        "90026",
    )
    assert "health" not in answers
    assert "starts_at" not in answers
    assert client.post("/book/when/", press(at(15))).status_code == 302
    # Health is never told from what is known: the client says that it is still true, or answers anew.
    assert client.get("/book/review/").headers["Location"] == "/book/health/"
    client.post("/book/health/", CLEAR_ANSWERS)
    details = client.get("/book/details/").content.decode()
    for known in ("Ana O&#x27;Brien", "ana@example.com", "12 Sample Street", "CANARY-GATE-4711", "Rosa"):
        assert known in details


def test_book_again_proposes_the_weekday_the_hour_and_the_therapist_of_last_time(world: World) -> None:
    other = world.add_therapist()
    booking = confirmed(world, preference=f"therapist:{other.slug}")
    Booking.objects.update(preference="any")
    client = signed_in()
    client.post(address(booking, "again"))
    page = client.get("/book/when/")
    words, starts = page.context["calendar"].proposed
    assert words == "Like last time"
    begins = local(booking.starts_at)
    assert {(local(start_of(start)).weekday(), start.hour, start.who) for start in starts} == {
        (begins.weekday(), f"{begins:%-I:%M}", f"with {other.name}")
    }
    assert len(starts) == 3
    assert "Soonest" not in text(page)
    # Who is gone is not asked for: the others' soonest, or their times near that hour.
    Therapist.objects.filter(pk=other.pk).update(is_active=False)
    client.post(address(booking, "again"))
    calendar = client.get("/book/when/").context["calendar"]
    assert {start.who for start in calendar.proposed[1]} == {f"with {world.therapist.name}"}


def test_book_again_by_a_link_fills_in_only_what_the_link_shows(world: World) -> None:
    booking = confirmed(world)
    client = with_link(booking)
    assert client.post(address(booking, "again")).headers["Location"] == "/book/where/"
    answers = BookingDraft.objects.get().answers
    assert answers["service"] == world.service.slug
    assert "details" not in answers
    assert "zip_code" not in answers


def test_book_again_where_nobody_comes_any_more_asks_where(world: World) -> None:
    booking = confirmed(world)
    client = signed_in()
    desert = Zone.objects.create(name="Desert")
    for hours in WorkingHours.objects.all():
        hours.zones.add(desert)
    assert client.post(address(booking, "again")).headers["Location"] == "/book/where/"
    assert "zip_code" not in BookingDraft.objects.get().answers


def test_book_again_of_what_is_no_longer_offered_keeps_the_rest(world: World) -> None:
    booking = confirmed(world)
    world.option.is_active = False
    world.option.save()
    client = signed_in()
    response = client.post(address(booking, "again"), follow=True)
    assert response.redirect_chain[-1][0] == "/book/"
    assert "no longer offered" in said(response)
    answers = BookingDraft.objects.get().answers
    assert "option" not in answers
    assert answers["details"]["street"] == "12 Sample Street"


def test_book_again_where_we_no_longer_drive_asks_for_the_zip(world: World) -> None:
    booking = confirmed(world)
    world.area.is_active = False
    world.area.save()
    response = signed_in().post(address(booking, "again"))
    assert response.headers["Location"] == "/book/where/"


# What was sent too late ----------------------------------------------------------------------------------------------


def test_a_form_sent_after_the_session_closed_is_there_again_when_the_visit_is_opened_anew(
    world: World,
) -> None:
    booking = confirmed(world, starts_at=at(13))
    before = state(booking)
    client = signed_in()
    client.get(address(booking, "address"))
    later = NOW + timedelta(hours=3)
    with time_machine.travel(later, tick=False):
        typed = {**ADDRESS, "street": "99 Late Street", "gate_code": "CANARY-LATE", "notes": "x" * 1001}
        response = client.post(address(booking, "address"), typed)
        assert response.status_code == 404
        assert "what you typed is not lost" in text(response)
        assert "CANARY-LATE" not in response.content.decode()
        assert state(booking) == before
        with connection.cursor() as cursor:
            cursor.execute("SELECT answers FROM bookings_bookingdraft")
            assert "Late Street" not in cursor.fetchone()[0]

        # A link opens the visit, and shows none of it before the mailbox is proved.
        client.get(f"/visits/{links.visit_token(booking, now=later)}/")
        opened = client.post("/visits/open/", follow=True)
        assert "is kept, but not saved yet" in text(opened)
        assert "Late Street" not in opened.content.decode()
        prove(client, booking)
        page = client.get(address(booking, "address"))
        assert "This is what you typed." in said(page)
        for kept in ('value="99 Late Street"', 'value="CANARY-LATE"', "x" * 1001):
            assert kept in page.content.decode()
        saved = client.post(address(booking, "address"), {**typed, "notes": ""}, follow=True)
        assert "Saved." in said(saved)
        assert "not saved yet" not in text(saved)
        assert not BookingDraft.objects.exists()


def test_answers_sent_after_the_session_closed_are_chosen_again(world: World) -> None:
    booking = confirmed(world)
    client = signed_in()
    answers = {**CLEAR_ANSWERS, "neck": "yes", "version": "1"}
    with time_machine.travel(NOW + timedelta(hours=3), tick=False):
        assert client.post(address(booking, "health"), answers).status_code == 404
        token = links.token_of(links.sign_in_link(email="ana@example.com", now=NOW + timedelta(hours=3)))
        client.get(f"/visits/sign-in/{token}/")
        client.post("/visits/open/")
        page = client.get(address(booking, "health"))
        assert page.content.decode().count(" checked") == len(CLEAR_ANSWERS)
        assert client.post(address(booking, "health"), answers).status_code == 302
        assert client.get(address(booking, "health")).content.decode().count(" checked") == 0
    assert booking.rechecks.count() == 1


def test_nothing_is_kept_for_a_browser_that_was_never_shown_the_form(world: World) -> None:
    booking = confirmed(world)
    world.book(starts_at=at(14), email="b@example.com", phone="+12135550111")
    for client in (Client(), with_link(booking), signed_in("b@example.com")):
        with time_machine.travel(NOW + timedelta(hours=3), tick=False):
            response = client.post(address(booking, "address"), ADDRESS)
        assert "not lost" not in text(response)
        assert not BookingDraft.objects.exists()
