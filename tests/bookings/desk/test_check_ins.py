"""Safe at the door, on the therapist's phone and at the desk."""

from __future__ import annotations

import re
import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from bookings.domain import check_ins, operations
from bookings.domain.check_ins import MOST_WRONG
from bookings.models import Booking, CheckIn, SafetyContact, SafetyPins
from tests.factories import NOW, World, at

from .conftest import signed_in, staff_user
from .test_my_day import booked, front, hands, press, user

__all__ = ["hands", "user"]
FINE, HELP = "4711", "4177"
PINS = reverse("admin:my_pins")


@pytest.fixture
def visit(world: World, hands: Client) -> Booking:
    """At ten; the therapist, who has PINs, is there."""
    check_ins.set_pins(therapist=world.therapist, fine=FINE, needs_help=HELP, now=NOW)
    booking = booked(world, 10, "Ana Sample")
    press(hands, booking, "arrived", at(10))
    return booking


def enter(client: Client, booking: Booking, pin: str, when: datetime, **more: Any) -> Any:
    with time_machine.travel(when, tick=False):
        return client.post(
            reverse("admin:bookings_booking_pin", args=[booking.pk]), {"pin": pin, "desk": "1"}, **more
        )


def row() -> CheckIn:
    return CheckIn.objects.get()


@pytest.mark.parametrize("wrong_pins", [0, MOST_WRONG])
def test_the_page_shows_the_same_whichever_pin_it_was(visit: Booking, hands: Client, wrong_pins: int) -> None:
    assert "Since 10:00 AM we’re looking out for you" in front(hands, 10, 5)
    seen = []
    for pin in (FINE, HELP):
        CheckIn.objects.update(ended_at=None, answered_at=None, wrong_pins=wrong_pins, wrong_pin_at=at(10, 9))
        answer = enter(hands, visit, pin, at(10, 10), headers={"X-Press": "1"})
        pages = [answer.content, *(front(hands, 10, minute) for minute in (10, 11, 40))]
        with time_machine.travel(at(10, 50), tick=False):
            pages.append(
                hands.get(reverse("admin:bookings_booking_change", args=[visit.pk])).content.decode()
            )
        seen.append([without_keys(str(page)) for page in pages])
        assert "You said at 10:10 AM that you’re fine." in pages[2]
    assert row().is_alarm
    assert seen[0] == seen[1]
    # And so does a page without the script.
    told = [enter(hands, visit, pin, at(10, 30), follow=True).content.decode() for pin in (FINE, HELP)]
    assert "Thank you. Your check-in has ended." in told[0]
    assert without_keys(told[0]) == without_keys(told[1])
    assert len(told[0]) == len(told[1])


def without_keys(page: str) -> str:
    """A page without what is new each time it is made."""
    page = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "KEY", page)
    return re.sub(r'(csrfmiddlewaretoken" value=|nonce=)"[^"]*"', r'\1"-"', page)


def test_who_is_overdue_is_asked_on_their_page(visit: Booking, hands: Client) -> None:
    check_ins.watch(now=at(11, 15))
    assert "Are you all right?" in front(hands, 11, 16)
    assert "Are you all right?" not in front(hands, 11, 16).split("How did it go?")[1]
    said = enter(hands, visit, "0000", at(11, 17), follow=True).content.decode()
    assert "That PIN isn’t right." in said
    assert "Are you all right?" in front(hands, 11, 17)
    for wrong in ("", "12", "47 11", "４７１１", "9" * 500, "<b>"):
        assert "That PIN isn’t right." in enter(hands, visit, wrong, at(11, 17), follow=True).content.decode()
    assert row().wrong_pins == 1
    enter(hands, visit, FINE, at(11, 18))
    assert "Are you all right?" not in front(hands, 11, 19)
    press(hands, visit, "done", at(11, 20))
    assert "Safe at the door" not in front(hands, 11, 21)


def test_who_would_have_nobody_told_about_them_reads_so_where_pins_are_chosen(
    world: World, hands: Client
) -> None:
    """Being on the list oneself helps nobody."""
    words = "a call for help goes to the desk’s mailbox alone"
    right = Permission.objects.get(codename="change_booking")
    other = User.objects.create_user("zoe", email="zoe@example.com", is_staff=True)
    assert world.therapist.user is not None
    User.objects.filter(pk=world.therapist.user.pk).update(email="hands@example.com")
    for person, is_alone in ((world.therapist.user, True), (other, False)):
        person.user_permissions.add(right)
        SafetyContact.objects.create(user=person, position=person.pk)
        assert (words in hands.get(PINS).content.decode()) is is_alone
        # And on the owner's front page, of who reads the desk's mail.
        assert list(check_ins.without_anybody()) == ([world.therapist] if is_alone else [])
    world.therapist.user.user_permissions.clear()
    SafetyContact.objects.all().delete()
    assert not check_ins.without_anybody().exists()


def test_nobody_elses_door_takes_a_pin(world: World, visit: Booking, hands: Client, desk: Client) -> None:
    second = world.add_therapist()
    check_ins.set_pins(therapist=second, fine=FINE, needs_help=HELP, now=NOW)
    CheckIn.objects.create(
        booking=booked(world, 14, "Bo Sample", preference=f"therapist:{second.slug}"), opened_at=NOW
    )
    other = CheckIn.objects.exclude(booking=visit).get().booking
    assert other.therapist == second
    assert enter(hands, other, HELP, at(10, 10)).status_code == 404
    assert enter(desk, visit, HELP, at(10, 10)).status_code == 403
    assert not CheckIn.objects.exclude(help_at=None).exists()


@pytest.mark.parametrize(
    ("fine", "needs_help", "words"),
    [
        ("4711", "4711", "differ in two places"),
        ("4711", "4712", "differ in two places"),
        ("4711", "41771", "as many digits"),
        ("471", "417", "Four to eight digits"),
        ("４７１１", "4177", "Four to eight digits"),
        ("4711", "", "This field is required."),
    ],
)
def test_pins_that_a_slip_confuses_or_a_glance_tells_apart_are_refused(
    world: World, hands: Client, fine: str, needs_help: str, words: str
) -> None:
    response = hands.post(PINS, {"fine": fine, "help": needs_help})
    assert response.status_code == 422
    page = response.content.decode()
    assert words in page
    # What was typed is not put on the page again.
    assert re.findall(r'<input type="password"[^>]*value=', page) == []
    assert not SafetyPins.objects.exists()


def test_a_therapist_chooses_both_and_not_at_a_door(world: World, hands: Client) -> None:
    assert PINS in hands.get(reverse("admin:my_own")).content.decode()
    said = hands.post(PINS, {"fine": FINE, "help": HELP}, follow=True).content.decode()
    assert "Your PINs are kept." in said
    booking = booked(world, 10, "Ana Sample")
    press(hands, booking, "arrived", at(10))
    before = SafetyPins.objects.values().get()
    with time_machine.travel(at(10, 30), tick=False):
        said = hands.post(PINS, {"fine": "8888", "help": "9999"}, follow=True).content.decode()
    assert "PINs can’t be changed at a door." in said
    assert SafetyPins.objects.values().get() == before
    # Who has none is not sent to a page that refuses.
    SafetyPins.objects.all().delete()
    day = front(hands, 10, 30)
    assert "They can be chosen once you have said how it went." in day
    assert PINS not in day


def test_the_desk_sees_it_and_somebody_takes_it(visit: Booking, hands: Client, desk: Client) -> None:
    address = reverse("admin:bookings_booking_check_in", args=[visit.pk])
    assert "No word from" not in front(desk, 11, 14)
    check_ins.watch(now=at(11, 15))
    asked = front(desk, 11, 16)
    assert "No word from Sample Therapist One, at a door since 10:00 AM." in asked
    assert "We have asked." in asked
    check_ins.watch(now=at(11, 20))
    assert address in front(desk, 11, 21)
    with time_machine.travel(at(11, 22), tick=False):
        page = desk.get(address).content.decode()
        assert "I’m taking care of it" in page
        assert "12 Sample Street" in page
        assert "They are safe: end it" not in page
        said = desk.post(address, {"take": "1"}, follow=True).content.decode()
        assert "You’re taking care of it. Nobody else is alerted." in said
        assert "They are safe: end it" in said
        assert "This has changed meanwhile" in desk.post(address, {"take": "1"}, follow=True).content.decode()
    assert "desk looks after it." in front(desk, 11, 23)
    with time_machine.travel(at(11, 40), tick=False):
        page = desk.post(address, {"over": "1"}, follow=True).content.decode()
    assert "Ended by desk" in page
    assert address not in front(desk, 11, 41)


def test_a_call_for_help_stands_on_top_of_the_desk(visit: Booking, hands: Client, desk: Client) -> None:
    enter(hands, visit, HELP, at(10, 10))
    page = front(desk, 10, 11)
    assert "Sample Therapist One calls for help." in page
    assert 'role="alert"' in page


def test_who_is_on_the_list_can_be_written_to(owner: Client, world: World) -> None:
    add = reverse("admin:bookings_safetycontact_add")
    mute = User.objects.create_user("mute", is_staff=True)
    refused = owner.post(add, {"user": mute.pk, "position": 0})
    assert "This log-in has no email" in refused.content.decode()
    ann = User.objects.create_user("ann", email="ann@example.com", is_staff=True)
    refused = owner.post(add, {"user": ann.pk, "position": 0})
    assert "This log-in can’t open the page" in refused.content.decode()
    assert not SafetyContact.objects.exists()
    ann.user_permissions.set(Permission.objects.filter(codename="change_booking"))
    assert owner.post(add, {"user": ann.pk, "position": 0}).status_code == 302
    assert SafetyContact.objects.get().user == ann


def test_the_form_stays_when_the_visit_is_called_off(visit: Booking, hands: Client) -> None:
    with time_machine.travel(at(10, 5), tick=False):
        operations.cancel_booking(booking=visit, actor=None, now=at(10, 5), by_client=True)
    page = front(hands, 10, 6)
    assert "Since 10:00 AM we’re looking out for you" in page
    assert reverse("admin:bookings_booking_pin", args=[visit.pk]) in page
    assert enter(hands, visit, HELP, at(10, 7), headers={"X-Press": "1"}).json()["done"]
    assert row().is_alarm


def test_nobody_is_told_that_we_look_out_when_we_dont(visit: Booking, user: User, hands: Client) -> None:
    press(hands, visit, "done", at(11))
    operations.reopen_booking(booking=visit, actor=user, now=at(16))
    page = front(hands, 16, 1)
    assert "Safe at the door" in page
    assert "we’re looking out for you" not in page


def test_a_pin_is_in_no_log(visit: Booking, hands: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    for pin in ("9184", FINE, HELP):
        enter(hands, visit, pin, at(10, 10))
        assert pin not in caplog.text


def test_an_arrival_that_came_late_is_no_reason_to_ask_twice(world: World, hands: Client) -> None:
    """Kept on a phone without a connection: the whole visit is over when it arrives."""
    booking = booked(world, 10, "Ana Sample")
    address = reverse("admin:bookings_booking_step", args=[booking.pk, "arrived"])
    with time_machine.travel(at(11, 30), tick=False):
        hands.post(address, {"key": uuid.uuid4(), "age": 5400}, headers={"X-Press": "1"})
    assert row().opened_at == at(10)
    check_ins.watch(now=at(11, 30))
    check_ins.watch(now=at(11, 30) + timedelta(seconds=30))
    assert row().asked_at == at(11, 30)
    assert row().alarm_at is None


def test_an_owner_who_drives_has_the_buttons_and_pins_and_nothing_tells_which_it_was(
    world: World, owner: Client
) -> None:
    """The desk's pages, which she may open at the door, say no more of it than a therapist's."""
    user = User.objects.get(pk=owner.session["_auth_user_id"])
    assert owner.get(PINS).status_code == 403
    world.therapist.user = user
    world.therapist.save()
    booking, other = booked(world, 10, "Ana Sample"), booked(world, 15, "Bo Sample")
    Booking.objects.filter(pk=other.pk).update(therapist=world.add_therapist())
    assert owner.post(PINS, {"fine": FINE, "help": HELP}).status_code == 302
    own = reverse("admin:bookings_booking_own", args=[booking.pk])
    assert own in owner.get(reverse("admin:bookings_booking_change", args=[booking.pk])).content.decode()
    assert owner.get(reverse("admin:bookings_booking_own", args=[other.pk])).status_code == 404
    with time_machine.travel(at(9, 55), tick=False):
        assert "I’m there" in owner.get(own).content.decode()
    press(owner, booking, "arrived", at(9, 55))
    enter_pin = reverse("admin:bookings_booking_pin", args=[booking.pk])
    assert enter_pin in seen_at(owner, own, at(10, 5))
    assert (
        owner.post(reverse("admin:bookings_booking_pin", args=[other.pk]), {"pin": FINE}).status_code == 404
    )
    alarm = reverse("admin:bookings_booking_check_in", args=[booking.pk])
    pages = [
        own,
        reverse("admin:index"),
        reverse("admin:bookings_booking_change", args=[booking.pk]),
        reverse("admin:bookings_message_changelist"),
        alarm,
    ]
    seen = []
    for pin in (FINE, HELP):
        CheckIn.objects.update(ended_at=None, answered_at=None)
        enter(owner, booking, pin, at(10, 10))
        seen.append([without_keys(seen_at(owner, address, at(10, 11))) for address in pages])
    assert row().is_alarm
    assert seen[0] == seen[1]
    # Whoever else sees every visit is shown it.
    desk = signed_in(staff_user("desk", "view_booking", "change_booking", "view_message"))
    assert alarm in seen_at(desk, reverse("admin:index"), at(10, 11))
    assert "doesn’t answer" in seen_at(desk, reverse("admin:bookings_message_changelist"), at(10, 11))


def seen_at(client: Client, address: str, when: datetime) -> str:
    with time_machine.travel(when, tick=False):
        return client.get(address).content.decode()
