"""Moving and canceling from the visit's own page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine
from django.test import Client

from bookings.domain import links, operations
from bookings.domain.operations import Act, NewTime
from bookings.enums import BookingStatus, ChangeState, EventKind, LateFeeState
from bookings.models import Booking, ChangeRequest, LateFee, Message, TimeOff
from bookings.staff.late_changes import change_words
from tests.bookings.views.flow import ONE, press
from tests.factories import DAY, NOW, World, at

from .browsers import address, confirmed, hidden, said, signed_in, text, with_link

pytestmark = pytest.mark.django_db
LATE = at(10) - timedelta(hours=20)


@pytest.fixture
def booking(world: World) -> Booking:
    return confirmed(world)


def late() -> Any:
    return time_machine.travel(LATE, tick=False)


def state(booking: Booking) -> Any:
    return Booking.objects.values().get(pk=booking.pk)


def choose(client: Client, booking: Booking, hour: int = 14, therapist: str = ONE, *, who: str = "") -> Any:
    """The page of a time that the calendar page showed with a therapist."""
    query = press(at(hour), therapist, who=who or booking.preference)
    return client.get(f"{address(booking, 'move')}?{urlencode(query)}")


# Canceling -----------------------------------------------------------------------------------------------------


def test_canceling_in_time_takes_one_page_and_one_press(booking: Booking) -> None:
    client = with_link(booking)
    page = client.get(address(booking, "cancel"))
    assert "It costs nothing" in text(page)
    response = client.post(address(booking, "cancel"), hidden(page), follow=True)
    assert "Your visit is canceled. There is no charge." in said(response)
    assert "This visit is canceled." in text(response)
    assert state(booking)["status"] == BookingStatus.CANCELED
    # A second press, from the page that is still open or by reload, is met kindly and does nothing.
    events = booking.events.count()
    again = client.post(address(booking, "cancel"), hidden(page), follow=True)
    assert again.status_code == 200
    assert "Your visit is canceled." in said(again)
    assert booking.events.count() == events


@pytest.mark.parametrize("status", ["requested", "confirmed"])
def test_a_request_is_called_a_request_and_a_visit_a_visit(world: World, status: str) -> None:
    visit = confirmed(world) if status == "confirmed" else world.book()
    what, other = ("visit", "request") if status == "confirmed" else ("request", "visit")
    client = with_link(visit)
    assert f"Cancel this {what}" in text(client.get(address(visit)))
    page = client.get(address(visit, "cancel"))
    for words in (f"Cancel this {what}?", f"Cancel my {what}", f"Keep my {what}"):
        assert words in text(page)
    assert f"Cancel my {other}" not in text(page)
    done = client.post(address(visit, "cancel"), hidden(page), follow=True)
    assert f"Your {what} is canceled. There is no charge." in said(done)


def test_canceling_late_shows_the_fee_and_cancels(booking: Booking) -> None:
    with late():
        client = with_link(booking, now=LATE)
        assert "At once. Late fee: up to $60." in text(client.get(address(booking)))
        page = client.get(address(booking, "cancel"))
        assert "Late fee: up to $60. We may waive it, and for illness we do." in text(page)
        data = {**hidden(page), "asks_waiver": "on", "reason": "I have a cold"}
        response = client.post(address(booking, "cancel"), data, follow=True)
        assert "Your visit is canceled. We’ll write to you about the late fee." in said(response)
        assert "Late fee: up to $60. One of us will look at it" in text(response)
        assert state(booking)["status"] == BookingStatus.CANCELED
        fee = LateFee.objects.get()
        assert (fee.cents, fee.asks_waiver, fee.reason, fee.state) == (6_000, True, "I have a cold", "open")
        # Pressed twice.
        again = client.post(address(booking, "cancel"), data, follow=True)
        assert "Your visit is canceled." in said(again)
        assert LateFee.objects.count() == 1


def test_canceling_is_open_while_a_late_move_waits(booking: Booking) -> None:
    with late():
        client = with_link(booking, now=LATE)
        client.post(address(booking, "move"), hidden(choose(client, booking)))
        shown = client.get(address(booking))
        assert "Until then your visit keeps its time, and you can still cancel it." in text(shown)
        assert address(booking, "cancel") in shown.content.decode()
        other = client.get(address(booking, "move"), follow=True)
        assert "You have already asked us for another time" in said(other)
        client.post(address(booking, "cancel"), hidden(client.get(address(booking, "cancel"))))
        assert state(booking)["status"] == BookingStatus.CANCELED
        assert ChangeRequest.objects.get().state == ChangeState.WITHDRAWN


def test_a_late_move_can_be_taken_back(booking: Booking) -> None:
    with late():
        client = with_link(booking, now=LATE)
        client.post(address(booking, "move"), hidden(choose(client, booking)))
        kept = client.post(address(booking, "withdraw"), follow=True)
        assert "Your visit stays as it is" in said(kept)
        assert "You asked us" not in text(kept)
        assert ChangeRequest.objects.get().state == ChangeState.WITHDRAWN
        # Pressed twice.
        assert client.post(address(booking, "withdraw"), follow=True).status_code == 200


def test_a_page_from_before_the_notice_shows_the_fee_first(booking: Booking) -> None:
    page = hidden(with_link(booking).get(address(booking, "cancel")))
    assert "fee_cents" not in page
    with late():
        client = with_link(booking, now=LATE)
        response = client.post(address(booking, "cancel"), page)
        assert response.status_code == 409
        assert "Late fee: up to $60" in text(response)
        assert state(booking)["status"] == BookingStatus.CONFIRMED
        client.post(address(booking, "cancel"), hidden(response))
        assert state(booking)["status"] == BookingStatus.CANCELED
        assert LateFee.objects.get().cents == 6_000


def test_a_tampered_fee_is_not_taken(booking: Booking) -> None:
    with late():
        client = with_link(booking, now=LATE)
        page = hidden(client.get(address(booking, "cancel")))
        response = client.post(address(booking, "cancel"), {**page, "fee_cents": "0"})
        assert response.status_code == 409
        # To leave it out asks for nothing either.
        assert client.post(address(booking, "cancel"), {"revision": page["revision"]}).status_code == 409
        assert not LateFee.objects.exists()
        assert state(booking)["status"] == BookingStatus.CONFIRMED


def test_a_page_of_a_visit_that_was_moved_meanwhile_cancels_nothing(booking: Booking) -> None:
    client = signed_in()
    page = hidden(client.get(address(booking, "cancel")))
    operations.move_booking(booking=booking, to=NewTime(at(16)), act=Act(NOW, by_client=True))
    response = client.post(address(booking, "cancel"), page)
    assert response.status_code == 409
    assert "has changed since" in text(response)
    assert "4:00 PM PST" in text(response)
    assert state(booking)["status"] == BookingStatus.CONFIRMED


@pytest.mark.parametrize(
    ("answer", "words"),
    [("charged", "Late fee under our policy: $60"), ("waived", "We don’t ask for a late fee")],
)
def test_what_staff_decided_about_the_fee_is_shown(
    booking: Booking, django_user_model: Any, answer: str, words: str
) -> None:
    with late():
        client = signed_in(now=LATE)
        client.post(address(booking, "cancel"), hidden(client.get(address(booking, "cancel"))))
        staff = django_user_model.objects.create_user("desk")
        fee = LateFee.objects.select_related("booking").get()
        operations.decide_late_fee(fee=fee, actor=staff, now=LATE, state=LateFeeState(answer))
        assert words in text(client.get(address(booking)))


def test_what_staff_answered_meanwhile_is_shown_as_it_is(booking: Booking, django_user_model: Any) -> None:
    with late():
        client = signed_in(now=LATE)
        client.post(address(booking, "move"), hidden(choose(client, booking)))
        change = ChangeRequest.objects.get()
        staff = django_user_model.objects.create_user("desk")
        operations.accept_change(change=change, actor=staff, now=LATE, with_fee=True)
        response = client.post(address(booking, "withdraw"), follow=True)
        assert "2:00 PM PST" in text(response)
        assert "Late fee under our policy: $60" in text(response)


def test_pages_speak_of_the_terms_that_were_agreed_to(booking: Booking, world: World) -> None:
    world.agree_to(cancel_notice_hours=96, late_fee_percent=100, wait_minutes=45)
    client = with_link(booking)
    shown = text(client.get(address(booking)))
    assert "Free until Sunday, December 6, 10:00 AM PST" in shown
    assert "Free until 24 hours before, then 50% of the price of the session" in shown
    assert "Your therapist waits 15 minutes." in shown
    assert "45 minutes" not in shown
    with late():
        page = text(with_link(booking, now=LATE).get(address(booking, "cancel")))
        assert "less than 24 hours away" in page
        assert "up to $60" in page


# Moving --------------------------------------------------------------------------------------------------------


def test_moving_shows_times_then_old_and_new_then_does_it(booking: Booking, world: World) -> None:
    client = with_link(booking)
    old_link = links.visit_token(booking, now=NOW)
    times = client.get(address(booking, "move"))
    assert "10:00 AM PST" in text(times)  # the time it has now
    assert f'value="{at(14).isoformat()} ' in times.content.decode()
    assert f'value="{at(10).isoformat()} ' not in times.content.decode()
    # Its own time is no obstacle: half an hour later overlaps it.
    assert f'value="{at(10, 30).isoformat()} ' in times.content.decode()
    page = choose(client, booking)
    assert "The total stays $140" in text(page)
    assert "Sample Therapist One comes to you." in text(page)
    response = client.post(address(booking, "move"), hidden(page), follow=True)
    assert "Your visit is moved" in said(response)
    assert "2:00 PM PST" in text(response)
    assert state(booking)["starts_at"] == at(14)
    assert booking.events.filter(kind=EventKind.MOVED, by_client=True).count() == 1
    assert Client().get(f"/visits/{old_link}/").status_code == 404
    assert world.book(email="bo@example.com", phone="+12135550124").starts_at == at(10)
    # The same press once more.
    messages = Message.objects.count()
    assert client.post(address(booking, "move"), hidden(page), follow=True).status_code == 200
    assert booking.events.filter(kind=EventKind.MOVED).count() == 1
    assert Message.objects.count() == messages


def test_a_dearer_hour_shows_its_price_before_the_press(booking: Booking, world: World) -> None:
    # What was agreed stands, whatever the price list says today.
    world.option.price_cents = 99_900
    world.option.save()
    client = with_link(booking)
    times = client.get(address(booking, "move"), {"day": str(DAY)})
    assert "Evening +$25" in text(times)
    assert "$999" not in text(times)
    page = choose(client, booking, 17)
    assert "from $140 to $165" in text(page)
    wrong = client.post(address(booking, "move"), {**hidden(page), "total_cents": "14000"})
    assert wrong.status_code == 409
    assert "from $140 to $165" in text(wrong)
    assert state(booking)["total_cents"] == 14_000
    client.post(address(booking, "move"), hidden(wrong))
    assert (state(booking)["total_cents"], state(booking)["starts_at"]) == (16_500, at(17))


def test_a_time_taken_meanwhile_gives_fresh_times(booking: Booking, world: World) -> None:
    client = with_link(booking)
    page = choose(client, booking)
    world.book(email="bo@example.com", phone="+12135550124", starts_at=at(14))
    response = client.post(address(booking, "move"), hidden(page))
    assert response.status_code == 409
    assert "That time has just gone" in text(response)
    assert f'value="{at(16).isoformat()} ' in response.content.decode()
    assert state(booking)["starts_at"] == at(10)
    assert choose(client, booking).status_code == 409


def test_moving_late_shows_the_fee_and_asks_staff(booking: Booking, world: World) -> None:
    with late():
        client = with_link(booking, now=LATE)
        assert "Late fee: up to $60" in text(client.get(address(booking, "move")))
        page = choose(client, booking)
        assert "Late fee: up to $60" in text(page)
        response = client.post(address(booking, "move"), hidden(page), follow=True)
        assert "We have your request to move" in said(response)
        assert "Monday, December 7, 2:00 PM PST" in text(response)
        assert ChangeRequest.objects.get().wanted_starts_at == at(14)
        assert state(booking)["starts_at"] == at(10)


def test_a_late_move_to_a_time_that_nobody_offers_is_not_asked_for(booking: Booking) -> None:
    with late():
        client = with_link(booking, now=LATE)
        page = hidden(choose(client, booking))
        response = client.post(address(booking, "move"), {**page, **press(at(3))})
        assert response.status_code == 409
        assert not ChangeRequest.objects.exists()


def test_a_late_move_with_anyone_can_be_accepted(world: World, django_user_model: Any) -> None:
    booking = confirmed(world, preference=f"therapist:{world.therapist.slug}")
    other = world.add_therapist(gender="male")
    TimeOff.objects.create(therapist=world.therapist, starts_at=at(12), ends_at=at(19))
    with late():
        client = with_link(booking, now=LATE)
        page = hidden(choose(client, booking, 14, other.slug, who="any"))
        assert client.post(address(booking, "move"), page).status_code == 302
        change = ChangeRequest.objects.get()
        assert change_words(change) == "Move to Mon, Dec 7, 2026, 2:00 PM PST, with anyone"
        staff = django_user_model.objects.create_user("desk")
        moved = operations.accept_change(change=change, actor=staff, now=LATE, with_fee=True)
    assert (moved.starts_at, moved.therapist) == (at(14), other)


@pytest.mark.parametrize("action", ["cancel", "move"])
def test_a_late_page_of_a_visit_that_changed_meanwhile_asks_for_nothing(
    booking: Booking, action: str
) -> None:
    with late():
        client = signed_in(now=LATE)
        page = client.get(address(booking, "cancel")) if action == "cancel" else choose(client, booking)
        operations.move_booking(booking=booking, to=NewTime(at(16)), act=Act(LATE))
        response = client.post(address(booking, action), hidden(page))
        assert response.status_code == 409
        assert "has changed since" in text(response)
        assert not ChangeRequest.objects.exists()


def test_two_tabs_the_second_press_moves_nothing(booking: Booking) -> None:
    client = with_link(booking)
    first, second = choose(client, booking, 14), choose(client, booking, 16)
    assert client.post(address(booking, "move"), hidden(first)).status_code == 302
    response = client.post(address(booking, "move"), hidden(second))
    assert response.status_code == 409
    assert "has changed since" in text(response)
    assert state(booking)["starts_at"] == at(14)
    # The page that it gives is up to date: pressed now, it moves.
    assert client.post(address(booking, "move"), hidden(response)).status_code == 302
    assert state(booking)["starts_at"] == at(16)


def test_times_are_those_of_the_therapist_asked_for_or_of_anyone_on_request(world: World) -> None:
    booking = confirmed(world, preference=f"therapist:{world.therapist.slug}")
    other = world.add_therapist(gender="male")
    TimeOff.objects.create(therapist=world.therapist, starts_at=at(12), ends_at=at(19))
    client = with_link(booking)
    narrow = client.get(address(booking, "move"), {"day": str(DAY)})
    assert f'value="{at(14).isoformat()} ' not in narrow.content.decode()
    wide = client.get(address(booking, "move"), {"day": str(DAY), "who": "any"})
    assert f'value="{at(14).isoformat()} {other.slug}"' in wide.content.decode()
    assert "?who=any&amp;day=" in wide.content.decode()
    page = choose(client, booking, 14, other.slug, who="any")
    assert f"{other.name} comes to you in place of {world.therapist.name}." in text(page)
    client.post(address(booking, "move"), hidden(page))
    booking.refresh_from_db()
    assert (booking.starts_at, booking.therapist) == (at(14), other)


def test_when_the_therapist_asked_for_has_left_anyone_qualified_is_offered(world: World) -> None:
    booking = confirmed(world, preference=f"therapist:{world.therapist.slug}")
    other = world.add_therapist()
    world.therapist.is_active = False
    world.therapist.save()
    client = with_link(booking)
    page = client.get(address(booking, "move"), {"day": str(DAY)}).content.decode()
    assert '<input type="hidden" name="who" value="any">' in page
    client.post(address(booking, "move"), hidden(choose(client, booking, 14, other.slug, who="any")))
    booking.refresh_from_db()
    assert (booking.starts_at, booking.therapist) == (at(14), other)


def test_where_nobody_can_come_at_another_time_none_is_shown(booking: Booking, world: World) -> None:
    client = with_link(booking)
    sent = hidden(choose(client, booking))
    world.therapist.is_active = False
    world.therapist.save()
    said_so = "We can’t move this visit online right now. Please call us, and we’ll find a time together."
    for query in ("", f"?{urlencode(press(at(14), ONE, who='any'))}"):
        asked = client.get(f"{address(booking, 'move')}{query}", follow=True)
        assert asked.redirect_chain == [(address(booking), 302)]
        assert said(asked) == said_so
    pressed = client.post(address(booking, "move"), sent)
    assert pressed.status_code == 409
    assert said(pressed) == said_so


@pytest.mark.parametrize("status", ["canceled", "declined", "expired", "completed", "no_show"])
@pytest.mark.parametrize("page", ["move", "cancel", "address", "health"])
def test_a_visit_that_is_over_is_shown_and_not_changed(booking: Booking, status: str, page: str) -> None:
    client = signed_in()
    move = hidden(choose(client, booking))
    Booking.objects.filter(pk=booking.pk).update(status=status)
    before = state(booking)
    got = client.get(address(booking, page), follow=True)
    assert got.redirect_chain == [(address(booking), 302)]
    assert address(booking, page) not in got.content.decode()
    posted = client.post(address(booking, page), move)
    if (page, status) == ("cancel", "canceled"):
        assert posted.status_code == 302
    else:
        assert posted.status_code == 409
        assert "can't be changed anymore" in text(posted)
    assert state(booking) == before


def test_a_visit_that_has_begun_is_not_changed(booking: Booking) -> None:
    with time_machine.travel(at(10, 1), tick=False):
        client = signed_in(now=at(10, 1))
        assert "under way" in text(client.get(address(booking)))
        assert client.post(address(booking, "cancel"), {"revision": booking.revision}).status_code == 409
        assert state(booking)["status"] == BookingStatus.CONFIRMED


# What strangers type -------------------------------------------------------------------------------------------

_BAD_STARTS = [
    "", "abc", "2026-02-30T10:00:00+00:00", "0001-01-01T00:00:00+00:00", "9999-12-31T23:59:00+00:00",
    "2026-12-07T10:00:00", "9" * 5000,
]  # fmt: skip


@pytest.mark.parametrize(
    ("page", "changes"),
    [
        *(("move", {"starts_at": value}) for value in _BAD_STARTS),
        ("move", {"revision": "abc"}),
        ("move", {"revision": "-1"}),
        ("move", {"revision": "9" * 5000}),
        ("move", {"total_cents": "1e400"}),
        ("move", {"fee_cents": "-1"}),
        ("move", {"reason": "a\r\nb"}),
        ("move", {"reason": "a\x00"}),
        ("cancel", {"revision": ""}),
        ("cancel", {"revision": "1e9"}),
        ("cancel", {"reason": "x" * 301}),
        ("cancel", {"reason": "\u200b\u200d"}),
        ("cancel", {"fee_cents": "٩٩٩٩٩٩٩٩٩٩٩٩"}),
    ],
)
def test_bad_input_gets_a_clear_answer_and_changes_nothing(
    booking: Booking, page: str, changes: dict[str, str]
) -> None:
    client = with_link(booking)
    before = state(booking)
    good = {
        "revision": str(booking.revision),
        **press(at(14)),
        "total_cents": "14000",
        **changes,
    }
    response = client.post(address(booking, page), good)
    assert response.status_code == 422
    assert "Traceback" not in response.content.decode()
    assert state(booking) == before
    assert not ChangeRequest.objects.exists()


@pytest.mark.parametrize(
    ("starts_at", "status"),
    [
        ("2026-11-01T18:00:00+00:00", 409),
        ("2026-12-02T21:00:00+00:00", 409),
        ("2027-11-01T18:00:00+00:00", 409),
        ("2026-12-07T18:07:00+00:00", 409),
        ("2027-03-14T10:30:00+00:00", 409),
        # The same instant in another zone.
        ("2026-12-07T23:00:00+01:00", 302),
    ],
)
def test_only_offered_starts_are_taken(booking: Booking, starts_at: str, status: int) -> None:
    client = with_link(booking)
    data = {
        "revision": booking.revision,
        "who": "any",
        "starts_at": f"{starts_at} {ONE}",
        "total_cents": 14_000,
    }
    assert client.post(address(booking, "move"), data).status_code == status


@pytest.mark.parametrize(
    "query",
    ["?day=2026-02-30", "?day=9999-12-31", "?month=0000-00", "?month=abc", "?who=therapist:x", "?day=1&month=2",
     "?starts_at=abc", "?starts_at=9999-12-31T23:59:00%2B00:00", "?who=" + "x" * 3000],
)  # fmt: skip
def test_odd_queries_show_times(booking: Booking, query: str) -> None:
    response = with_link(booking).get(address(booking, "move") + query)
    assert response.status_code in (200, 409)
    assert "When works better for you?" in text(response)


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
@pytest.mark.parametrize("page", ["", "move", "cancel", "withdraw", "address", "health", "again", "code"])
def test_other_methods_are_refused(booking: Booking, method: str, page: str) -> None:
    assert getattr(signed_in(), method)(address(booking, page)).status_code == 405


@pytest.mark.parametrize("page", ["withdraw", "again"])
def test_what_only_a_press_does_is_no_page(booking: Booking, page: str) -> None:
    assert signed_in().get(address(booking, page)).status_code == 405


def test_a_visit_without_late_fee_says_so(world: World) -> None:
    world.agree_to(late_fee_percent=0)
    booking = confirmed(world)
    with late():
        client = with_link(booking, now=LATE)
        page = client.get(address(booking, "cancel"))
        assert "It costs nothing" in text(page)
        assert "There is no late fee" in text(client.get(address(booking, "move")))
        assert client.post(address(booking, "cancel"), hidden(page)).status_code == 302
        assert state(booking)["status"] == BookingStatus.CANCELED
        assert not LateFee.objects.exists()
