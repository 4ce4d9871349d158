"""The front page of a therapist, made for a phone between two doors."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.urls import reverse

from bookings.domain import operations
from bookings.domain.stranding import stranded_by
from bookings.enums import BookingStatus, MessageKind, MessageState
from bookings.models import AccessNotes, Booking, Message, Therapist, TimeOff
from bookings.models import Client as Person
from bookings.notifications import delivery
from massagerx.lib.localtime import local
from tests.factories import DAY, NOW, World, at
from tests.support.held_rows import ONLY_POSTGRESQL, held_elsewhere
from tests.support.smtp import MailServer

from .conftest import signed_in, staff_user

INDEX = reverse("admin:index")
RIGHTS = ["view_own_visits", "finish_own_visits", "view_accessnotes", "view_timeoff", "add_timeoff"]


@pytest.fixture
def user(world: World) -> User:
    """The log-in of the world's only therapist."""
    user = staff_user("hands", *RIGHTS)
    world.therapist.user = user
    world.therapist.save()
    return user


@pytest.fixture
def hands(user: User) -> Client:
    return signed_in(user)


def booked(world: World, hour: int, name: str, **changes: Any) -> Booking:
    """A confirmed visit on `DAY`, or another, of a client of that name."""
    booking = world.book(
        starts_at=at(hour, day=changes.pop("day", DAY)),
        name=name,
        email=f"{name.split()[0].lower()}@example.com",
        phone=f"+12135550{hour:03}",
        **changes,
    )
    return operations.confirm_booking(booking=booking, actor=None, now=NOW)


def front(client: Client, hour: int, minute: int = 0) -> str:
    """The front page at a wall time of `DAY`."""
    with time_machine.travel(at(hour, minute), tick=False):
        response = client.get(INDEX)
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    return response.content.decode()


def test_next_visit_says_when_to_leave_where_to_and_how_to_get_in(world: World, hands: Client) -> None:
    booked(world, 10, "Ana Sample", access={"gate_code": "4711", "pets": "A cat"})
    booked(world, 14, "Bo Sample", street="9 Other Road", access={"gate_code": "SECOND-CODE"})
    booked(world, 11, "Cy Sample", day=DAY + timedelta(days=1))

    text = front(hands, 9)

    now, then, tomorrow = (text.index(words) for words in ("Ana Sample", "Bo Sample", "Cy Sample"))
    assert now < then < tomorrow
    for words in (
        "Leave by",
        "10:00 AM – 11:00 AM",
        "12 Sample Street",
        "4711",
        "A cat",
        'href="tel:+12135550010"',
    ):
        assert text.index(words) < then, words
    assert "google.com/maps/dir/?api=1&amp;destination=12+Sample+Street%2C+Los+Angeles%2C+CA+90026" in text
    assert then < text.index("9 Other Road") < tomorrow
    # The way in is told of the next door only.
    assert "SECOND-CODE" not in text
    assert "It went as booked" not in text
    later = front(hands, 12)
    assert "SECOND-CODE" in later
    assert "4711" not in later


def test_a_visit_is_marked_as_completed_from_the_front_page_and_leads_back(
    world: World, hands: Client
) -> None:
    booking = booked(world, 10, "Ana Sample")
    address = reverse("admin:bookings_booking_step", args=[booking.pk, "done"])
    assert address in front(hands, 10, 30)
    # Nobody said how it went: it stays on the page until somebody does.
    assert "How did it go?" in front(hands, 18)
    with time_machine.travel(at(18), tick=False):
        sent = {"desk": "1", "key": uuid.uuid4(), "paid_by": "zelle", "words": "A good hour."}
        assert hands.post(address, sent)["Location"] == INDEX
        assert hands.post(address, sent)["Location"] == INDEX
    booking.refresh_from_db()
    assert booking.status == BookingStatus.COMPLETED
    assert booking.steps.get().paid_by == "zelle"
    assert booking.client.notes.get().text == "A good hour."
    text = front(hands, 18)
    assert "How did it go?" not in text
    assert "No more visits today." in text


def main_action(page: str) -> list[str]:
    """The words of the moment's one action, as a reader hears them."""
    found = re.findall(r"<(a|button)[^>]*my-button--main[^>]*>(.*?)</\1>", page, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", "", inner).split()) for _, inner in found]


def test_the_one_action_follows_the_times(world: World, hands: Client) -> None:
    first = booked(world, 10, "Ana Sample")
    second = booked(world, 14, "Bo Sample", street="9 Other Road")
    leave, there, ended = "Leaving, {}", "I’m there, {}", "It went as booked, {}"
    assert main_action(front(hands, 8)) == [leave.format(first.reference)]
    assert "It was time to leave." not in front(hands, 8)
    assert "It was time to leave." in front(hands, *minute_of(first.blocked_from - timedelta(minutes=1)))
    assert main_action(front(hands, *minute_of(first.blocked_from))) == [there.format(first.reference)]
    assert main_action(front(hands, 10)) == [there.format(first.reference)]
    assert main_action(front(hands, 11)) == [ended.format(first.reference)]
    # Who must be on the road is not kept by a question.
    late = front(hands, *minute_of(second.blocked_from - timedelta(minutes=1)))
    assert main_action(late) == [leave.format(second.reference)]
    assert "How did it go?" in front(hands, *minute_of(second.blocked_from - timedelta(minutes=1)))
    # The newest first, the older below it.
    late = front(hands, 20)
    assert main_action(late) == [ended.format(second.reference)]
    assert late.index(second.reference) < late.index(first.reference)


def minute_of(instant: datetime) -> tuple[int, int]:
    here = local(instant)
    return here.hour, here.minute


def test_day_is_one_small_page_without_search(world: World, hands: Client) -> None:
    for hour in (10, 12, 14, 16):
        booked(world, hour, "Ana Sample", access={"gate_code": "4711", "notes": "Ring twice. " * 15})
    page = front(hands, 8)
    sheets = re.findall(r"/static/css/([a-z_]+)", page)
    assert sheets == ["tokens", "my_day"]
    assert re.findall(r"<script[^>]*>", page) == ['<script type="module" src="/static/js/presses.js">']
    assert 'role="search"' not in page
    weight = sum((settings.BASE_DIR / "static/css" / f"{name}.css").stat().st_size for name in sheets)
    weight += (settings.BASE_DIR / "static/js/presses.js").stat().st_size
    assert weight + len(page.encode()) <= 40 * 1024
    assert re.findall(r'<nav class="my-tabs".*?</nav>', page, re.DOTALL)[0].count('aria-current="page"') == 1


def test_a_visits_page_says_how_to_get_in_and_folds_the_rest(world: World, hands: Client) -> None:
    booking = booked(world, 10, "Ana Sample", access={"gate_code": "4711"})
    address = reverse("admin:bookings_booking_change", args=[booking.pk])
    with time_machine.travel(at(9), tick=False):
        early = hands.get(address).content.decode()
    assert early.index("Ana Sample") < early.index("4711") < early.index("<details")
    assert "It went as booked" not in early
    with time_machine.travel(at(11), tick=False):
        assert main_action(hands.get(address).content.decode()) == [f"It went as booked, {booking.reference}"]
        answer = {"desk": "1", "reason": "Rang three times"}
        pressed = hands.post(reverse("admin:bookings_booking_do", args=[booking.pk, "no-show"]), answer)
        assert pressed["Location"] == INDEX
    booking.refresh_from_db()
    assert booking.status == BookingStatus.NO_SHOW
    assert booking.events.last().reason == "Rang three times"


def test_at_a_door_that_stays_shut_one_waits_as_the_terms_say(world: World, hands: Client) -> None:
    booking = booked(world, 10, "Ana Sample")
    no_show = reverse("admin:bookings_booking_do", args=[booking.pk, "no-show"])
    visit = reverse("admin:bookings_booking_change", args=[booking.pk])

    def press(hour: int, minute: int) -> str:
        with time_machine.travel(at(hour, minute), tick=False):
            return hands.post(no_show, {"reason": "Rang"}, follow=True).content.decode()

    until = "10:15 AM"
    assert until not in front(hands, 9, 45)
    # There too early, one waits from the start; on the way nobody is told to wait.
    arrive = {"key": str(uuid.uuid4())}
    with time_machine.travel(at(9, 50), tick=False):
        hands.post(reverse("admin:bookings_booking_step", args=[booking.pk, "arrived"]), arrive)
    assert until in front(hands, 9, 55)
    with time_machine.travel(at(9, 55), tick=False):
        assert until in hands.get(visit).content.decode()
    assert until in front(hands, 10, 5)
    assert "by the terms we wait at the door until 10:15 AM" in press(10, 14)
    booking.refresh_from_db()
    assert booking.status == BookingStatus.CONFIRMED
    assert until not in front(hands, 10, 15)
    press(10, 15)
    booking.refresh_from_db()
    assert booking.status == BookingStatus.NO_SHOW


def test_who_comes_late_waits_from_then_on_and_the_desk_may_say_so_at_once(
    world: World, hands: Client, desk: Client
) -> None:
    booking = booked(world, 10, "Ana Sample")
    with time_machine.travel(at(10, 10), tick=False):
        arrived = reverse("admin:bookings_booking_step", args=[booking.pk, "arrived"])
        hands.post(arrived, {"key": str(uuid.uuid4())})
    no_show = reverse("admin:bookings_booking_do", args=[booking.pk, "no-show"])
    with time_machine.travel(at(10, 24), tick=False):
        assert "until 10:25 AM" in hands.post(no_show, follow=True).content.decode()
        desk.post(no_show, {"reason": "They called"})
    booking.refresh_from_db()
    assert booking.status == BookingStatus.NO_SHOW


def test_the_wait_is_over_when_the_clock_that_was_shown_says_so(world: World, hands: Client) -> None:
    """Nobody types what happened into a form that would be refused."""
    booking = booked(world, 10, "Ana Sample")
    with time_machine.travel(at(10, 10) + timedelta(seconds=40), tick=False):
        arrived = reverse("admin:bookings_booking_step", args=[booking.pk, "arrived"])
        hands.post(arrived, {"key": str(uuid.uuid4())})
    no_show = reverse("admin:bookings_booking_do", args=[booking.pk, "no-show"])
    visit = reverse("admin:bookings_booking_change", args=[booking.pk])
    for address in (INDEX, visit):
        with time_machine.travel(at(10, 24), tick=False):
            early = hands.get(address).content.decode()
        assert "10:25 AM" in early
        assert no_show not in early
        with time_machine.travel(at(10, 25), tick=False):
            assert no_show in hands.get(address).content.decode()
    with time_machine.travel(at(10, 25), tick=False):
        hands.post(no_show, {"reason": "Rang"})
    booking.refresh_from_db()
    assert booking.status == BookingStatus.NO_SHOW


def test_a_visit_that_is_over_is_no_no_show_while_one_waits(world: World, hands: Client) -> None:
    """Whoever was there at the end of a short visit only, waits past it."""
    booking = booked(world, 10, "Ana Sample")
    with time_machine.travel(at(10, 50), tick=False):
        arrived = reverse("admin:bookings_booking_step", args=[booking.pk, "arrived"])
        hands.post(arrived, {"key": str(uuid.uuid4())})
    no_show = reverse("admin:bookings_booking_do", args=[booking.pk, "no-show"])
    early = front(hands, 11, 2)
    assert "How did it go?" in early
    assert "11:05 AM" in early
    assert no_show not in early
    assert no_show in front(hands, 11, 5)


def test_who_may_decide_is_not_made_to_wait(world: World, user: User) -> None:
    booking = booked(world, 10, "Ana Sample")
    user.user_permissions.add(Permission.objects.get(codename="change_booking"))
    with time_machine.travel(at(10, 5), tick=False):
        page = signed_in(user).get(reverse("admin:bookings_booking_own", args=[booking.pk])).content.decode()
    assert "By the terms you wait until" in page
    assert reverse("admin:bookings_booking_do", args=[booking.pk, "no-show"]) in page


@pytest.mark.parametrize(
    "name", ["admin:my_own", "admin:bookings_booking_week", "admin:bookings_timeoff_changelist"]
)
def test_every_page_of_a_therapist_has_the_tabs_and_no_bar_of_the_desk(
    world: World, hands: Client, name: str
) -> None:
    page = hands.get(reverse(name)).content.decode()
    assert page.count('class="my-tabs"') == 1
    assert 'class="desk-nav"' not in page
    assert 'class="breadcrumbs"' not in page
    assert 'role="search"' not in page


def test_me_is_a_therapists_page_alone(desk: Client, world: World) -> None:
    assert desk.get(reverse("admin:my_own")).status_code == 403
    assert 'class="my-tabs"' not in desk.get(reverse("admin:index")).content.decode()


def test_nothing_of_other_therapists_shows(world: World, hands: Client) -> None:
    other = world.add_therapist()
    booked(world, 10, "Canary Sample", preference=f"therapist:{other.slug}", access={"gate_code": "CANARY"})
    assert "canary" not in front(hands, 9).lower()


def test_who_may_not_see_the_way_in_is_not_shown_it(world: World, user: User) -> None:
    booked(world, 10, "Ana Sample", access={"gate_code": "CANARY-GATE"})
    user.user_permissions.remove(*user.user_permissions.filter(codename="view_accessnotes"))
    text = front(signed_in(user), 9)
    assert "Ana Sample" in text
    assert "CANARY-GATE" not in text


def test_notes_that_no_key_opens_cost_a_line(world: World, hands: Client) -> None:
    booking = booked(world, 10, "Ana Sample")
    table = AccessNotes._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET notes = 'lost' WHERE booking_id = %s", [booking.pk])
    text = front(hands, 9)
    assert "The notes can’t be opened. Call the client." in text
    assert "12 Sample Street" in text


def test_page_costs_the_same_on_a_full_day(
    world: World, hands: Client, count_queries: Callable[..., Any]
) -> None:
    booked(world, 10, "Ana Sample")
    front(hands, 9)
    with count_queries() as few:
        front(hands, 9)
    for hour, name in ((12, "Bo Sample"), (14, "Cy Sample"), (16, "Di Sample")):
        booked(world, hour, name)
        booked(world, hour, name, day=DAY + timedelta(days=1))
    with count_queries() as many:
        front(hands, 9)
    assert len(many) == len(few)
    # Three of them are the log-in's: session, account, and its rights.
    assert len(many) <= 8, [query["sql"][:120] for query in many]


# Presses -------------------------------------------------------------------------------------------------------------


def press(client: Client, booking: Booking, kind: str, at_: datetime, **sent: Any) -> Any:
    address = reverse("admin:bookings_booking_step", args=[booking.pk, kind])
    with time_machine.travel(at_, tick=False):
        return client.post(address, {"desk": "1", "key": uuid.uuid4(), **sent}, follow=True)


def late_form(page: str) -> dict[str, str]:
    """What the page's buttons for a lateness send of what it showed."""
    form = page.partition('/step/late/"')[2].partition("</form>")[0]
    return dict(re.findall(r'name="(shown|beside)" value="([^"]*)"', form))


def test_a_day_of_presses_moves_the_page_on(world: World, hands: Client) -> None:
    booking = booked(world, 10, "Ana Sample")
    said = press(hands, booking, "leaving", at(9, 20)).content.decode()
    assert "Ana Sample hears: about" in said
    assert "Undo: Leaving" in said
    later = front(hands, 9, 21)
    assert "Undo: Leaving" not in later
    assert main_action(later) == [f"I’m there, {booking.reference}"]
    assert "The client expects you at about" in later
    press(hands, booking, "late", at(9, 25), minutes=20, **late_form(later))
    assert "The client expects you at about <strong>10:10 AM – 10:" in front(hands, 9, 26)
    press(hands, booking, "arrived", at(10, 5))
    there = front(hands, 10, 6)
    assert "I’m there" not in there
    assert main_action(there) == [f"It went as booked, {booking.reference}"]
    assert "completed." in press(hands, booking, "done", at(11, 5)).content.decode()
    with time_machine.travel(at(12), tick=False):
        visit = hands.get(reverse("admin:bookings_booking_change", args=[booking.pk])).content.decode()
    assert "Paid: Not yet" in visit
    assert "The client was told: about" in visit
    assert list(booking.steps.values_list("kind", flat=True).order_by("at")) == [
        "leaving", "late", "arrived", "done",
    ]  # fmt: skip


def test_the_visits_own_page_has_the_same_presses_and_stays(world: World, hands: Client) -> None:
    booking = booked(world, 10, "Ana Sample")
    address = reverse("admin:bookings_booking_change", args=[booking.pk])

    def page_at(moment: datetime) -> str:
        with time_machine.travel(moment, tick=False):
            return hands.get(address).content.decode()

    def pressed(page: str, kind: str, moment: datetime) -> str:
        form = page.partition(f'/step/{kind}/"')[2].partition("</form>")[0]
        with time_machine.travel(moment, tick=False):
            answer = hands.post(
                reverse("admin:bookings_booking_step", args=[booking.pk, kind]),
                dict(re.findall(r'name="(key|minutes|shown|beside|desk)" value="([^"]*)"', form)),
            )
        assert answer["Location"] == address
        return page_at(moment)

    # Not the day before, nor where the visit is over by hours.
    assert "On the way" not in page_at(at(10, day=DAY - timedelta(days=1)))
    assert "On the way" not in page_at(at(18))
    page = page_at(at(9))
    assert main_action(page) == [f"Leaving, {booking.reference}"]
    page = pressed(page, "leaving", at(9, 20))
    assert "Undo: Leaving" in page
    assert main_action(page) == [f"I’m there, {booking.reference}"]
    page = pressed(page, "late", at(9, 25))
    assert "The client expects you at about" in page
    page = pressed(page, "arrived", at(10, 5))
    assert "Undo: Arrived" in page
    assert "Since 10:05 AM we’re looking out for you" in page
    assert main_action(page_at(at(10, 6))) == [f"It went as booked, {booking.reference}"]
    assert "On the way" not in page_at(at(10, 6))
    press(hands, booking, "done", at(11, 5))
    assert "Safe at the door" not in page_at(at(11, 6))


def test_a_lateness_told_from_two_open_pages_is_told_once(world: World, hands: Client) -> None:
    booking = booked(world, 10, "Ana Sample")
    page = late_form(front(hands, 9))
    press(hands, booking, "late", at(9, 20), minutes=20, **page)
    said = press(hands, booking, "late", at(9, 21), minutes=20, **page).content.decode()
    assert "has changed meanwhile" in said
    assert booking.steps.get().minutes == 20


def test_presses_of_one_page_without_a_connection_follow_each_other(world: World, hands: Client) -> None:
    booking = booked(world, 10, "Ana Sample")
    page = front(hands, 9)
    leaving = re.search(r'/step/leaving/".*?name="key" value="([^"]+)"', page, re.DOTALL)
    assert leaving is not None
    press(hands, booking, "leaving", at(9, 20), key=leaving[1])
    press(hands, booking, "late", at(9, 25), minutes=20, **late_form(page))
    assert [step.kind for step in booking.steps.standing()] == ["leaving", "late"]


def test_a_press_is_taken_back_in_its_seconds_and_not_after(world: World, hands: Client) -> None:
    booking = booked(world, 10, "Ana Sample")
    for seconds, words in ((9, "Taken back."), (60, "It was too late to take that back.")):
        press(hands, booking, "leaving", at(9, 20))
        step = booking.steps.standing().get()
        with time_machine.travel(at(9, 20) + timedelta(seconds=seconds), tick=False):
            undo = reverse("admin:bookings_booking_undo_step", args=[booking.pk, step.key])
            assert words in hands.post(undo, {"desk": "1"}, follow=True).content.decode()


def test_a_press_that_was_kept_on_the_phone_has_its_own_time(world: World, hands: Client) -> None:
    booking = booked(world, 10, "Ana Sample")
    address = reverse("admin:bookings_booking_step", args=[booking.pk, "leaving"])
    with time_machine.travel(at(9, 20), tick=False):
        answer = hands.post(address, {"key": uuid.uuid4(), "age": 600}, headers={"X-Press": "1"})
        assert answer.status_code == 200
        assert booking.steps.get().at == at(9, 10)
        again = hands.post(address, {"key": uuid.uuid4(), "age": 0}, headers={"X-Press": "1"})
    assert again.status_code == 409
    assert booking.reference in again.json()["said"]


@ONLY_POSTGRESQL
@pytest.mark.integrity
def test_a_press_that_waits_for_others_stays_on_the_phone(
    transactional_db: None, world: World, hands: Client
) -> None:
    booking = booked(world, 10, "Ana Sample")
    step = reverse("admin:bookings_booking_step", args=[booking.pk, "leaving"])
    undo = reverse("admin:bookings_booking_undo_step", args=[booking.pk, uuid.uuid4()])
    with time_machine.travel(at(9, 20), tick=False), held_elsewhere(Booking.objects.filter(pk=booking.pk)):
        for address in (step, undo):
            answer = hands.post(address, {"key": uuid.uuid4()}, headers={"X-Press": "1"})
            assert answer.status_code == 503
            assert "Please press once more." in answer.json()["said"]
    assert not booking.steps.exists()


@ONLY_POSTGRESQL
@pytest.mark.integrity
def test_how_it_went_is_kept_with_the_step_or_neither_is(
    transactional_db: None, world: World, hands: Client
) -> None:
    booking = booked(world, 10, "Ana Sample")
    address = reverse("admin:bookings_booking_step", args=[booking.pk, "done"])
    sent = {"key": uuid.uuid4(), "paid_by": "cash", "words": "A good hour."}
    with time_machine.travel(at(11), tick=False):
        with held_elsewhere(Person.objects.filter(pk=booking.client_id)):
            assert hands.post(address, sent, headers={"X-Press": "1"}).status_code == 503
        assert not booking.steps.exists()
        for _again in range(2):
            assert hands.post(address, sent, headers={"X-Press": "1"}).status_code == 200
    assert booking.client.notes.get().text == "A good hour."


@pytest.mark.parametrize(
    ("kind", "sent"),
    [
        ("leaving", {"key": "x"}),
        ("leaving", {"age": "-1"}),
        ("leaving", {"age": "9" * 30}),
        ("late", {}),
        ("late", {"minutes": "11"}),
        ("late", {"minutes": "10", "shown": "x"}),
        ("late", {"minutes": "10", "beside": "x y"}),
        ("done", {"paid_by": "gold"}),
    ],
)
def test_a_press_that_is_not_whole_is_refused_kindly(
    world: World, hands: Client, kind: str, sent: dict[str, str]
) -> None:
    booking = booked(world, 10, "Ana Sample")
    assert "Please press once more." in press(hands, booking, kind, at(9, 20), **sent).content.decode()
    assert not booking.steps.exists()


def test_nobody_presses_for_others(world: World, hands: Client) -> None:
    other = world.add_therapist()
    booking = booked(world, 10, "Ana Sample", preference=f"therapist:{other.slug}")
    assert press(hands, booking, "leaving", at(9, 20)).status_code == 404
    assert press(hands, booking, "flying", at(9, 20)).status_code == 404
    assert not booking.steps.exists()


def test_a_log_in_without_a_therapist_is_told_so(world: World) -> None:
    assert "Nobody has tied this log-in to a therapist yet" in front(signed_in(staff_user("new", *RIGHTS)), 9)


def test_a_day_off_is_a_day_and_a_press(world: World, hands: Client) -> None:
    page = hands.get(reverse("admin:bookings_timeoff_add"), {"day": str(DAY)})
    form = page.context["adminform"].form
    # Without the tick, the hours that the therapist would have worked that day.
    assert (form["from_time"].value(), form["until_time"].value()) == (time(9), time(19))
    data = {
        "therapist": str(form["therapist"].value()),
        "first_day": form["first_day"].value(),
        "all_day": "on" if form["all_day"].value() else "",
    }
    hands.post(reverse("admin:bookings_timeoff_add"), data)
    off = TimeOff.objects.get()
    assert (off.starts_at, off.ends_at) == (at(0), at(0, day=DAY + timedelta(days=1)))
    assert off.starts_at.tzinfo == UTC


@pytest.mark.parametrize("day", ["", "soon", "0001-01-01", "9999-12-31", "2026-02-30"])
def test_an_odd_day_is_as_none(world: World, hands: Client, day: str) -> None:
    page = hands.get(reverse("admin:bookings_timeoff_add"), {"day": day})
    assert page.status_code == 200
    form = page.context["adminform"].form
    assert form["first_day"].value() == local(NOW).date() + timedelta(days=1)


STAY_AWAY = reverse("admin:my_stay_away")


def test_i_cannot_come_today_is_one_press_that_alerts_at_once(
    world: World, hands: Client, smtp_server: MailServer
) -> None:
    over = booked(world, 10, "Ana Sample")
    coming = booked(world, 14, "Bo Sample", street="9 Other Road")
    tomorrow = booked(world, 11, "Cy Sample", day=DAY + timedelta(days=1))
    Message.objects.update(state=MessageState.SENT)
    assert STAY_AWAY in front(hands, 12)
    with time_machine.travel(at(12), tick=False):
        for _press in range(2):
            assert hands.post(STAY_AWAY)["Location"] == INDEX
        said = hands.get(INDEX).content.decode()
        delivery.send_due(clock=lambda: at(12))
    off = TimeOff.objects.get()
    assert (off.therapist, off.starts_at, off.ends_at) == (
        world.therapist,
        at(12),
        at(0, day=DAY + timedelta(days=1)),
    )
    assert "The desk has been told that 1 visit needs somebody else." in said
    assert STAY_AWAY not in said
    (mail,) = smtp_server.messages
    assert coming.reference in mail.text
    assert mail.recipients == ["hello@example.com"]
    assert [row.booking for row in stranded_by(now=at(12))] == [coming]
    assert {over.reference, tomorrow.reference}.isdisjoint(mail.text.split())


def test_who_has_no_visits_left_is_off_all_the_same(world: World, hands: Client) -> None:
    with time_machine.travel(at(18), tick=False):
        hands.post(STAY_AWAY)
        assert "No visits were booked." in hands.get(INDEX).content.decode()
    assert TimeOff.objects.count() == 1


@ONLY_POSTGRESQL
@pytest.mark.integrity
def test_a_lock_on_somebody_elses_visit_is_nothing_to_the_press(
    transactional_db: None, world: World, hands: Client
) -> None:
    coming = booked(world, 14, "Ana Sample")
    other = world.add_therapist()
    theirs = booked(world, 14, "Bo Sample", street="9 Other Road", preference=f"therapist:{other.slug}")
    Therapist.objects.filter(pk=other.pk).update(is_active=False)
    Message.objects.update(state=MessageState.SENT)

    with time_machine.travel(at(12), tick=False), held_elsewhere(Booking.objects.filter(pk=theirs.pk)):
        assert hands.post(STAY_AWAY)["Location"] == INDEX

    assert TimeOff.objects.count() == 1
    told = Message.objects.get(kind=MessageKind.STRANDED_ALERT)
    assert told.booking == coming


@ONLY_POSTGRESQL
@pytest.mark.integrity
def test_a_lock_on_an_own_visit_is_told_kindly(transactional_db: None, world: World, hands: Client) -> None:
    coming = booked(world, 14, "Ana Sample")
    with time_machine.travel(at(12), tick=False):
        with held_elsewhere(Booking.objects.filter(pk=coming.pk)):
            assert hands.post(STAY_AWAY)["Location"] == INDEX
        assert not TimeOff.objects.exists()
        assert "Please press once more." in hands.get(INDEX).content.decode()
        hands.post(STAY_AWAY)
    assert TimeOff.objects.count() == 1


def test_looking_at_the_address_takes_no_time_off(hands: Client) -> None:
    assert hands.get(STAY_AWAY)["Location"] == INDEX
    assert not TimeOff.objects.exists()
