"""Not alone, or two people only: seen wherever somebody takes a visit over, and never confirmed by the site alone."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db import connections, transaction
from django.test import Client
from django.urls import reverse

from bookings.admin import safety
from bookings.domain import intake, operations
from bookings.domain.clients import merge_clients
from bookings.domain.erasure import erase_client, erase_long_gone
from bookings.domain.export import all_about
from bookings.domain.visit_request import ANYONE, load_treatment
from bookings.enums import BookingStatus, DoorRule
from bookings.exceptions import ChangedMeanwhile, DoorUntold, SlotTaken
from bookings.models import AddressRule, Booking, BookingRules, SecondThought
from bookings.models import Client as Person
from bookings.retention import DOOR_RULES_KEPT
from tests.bookings.views.visits.browsers import signed_in
from tests.factories import CLEAR_ANSWERS, DAY, NOW, World, at
from tests.support.held_rows import ONLY_POSTGRESQL

from .test_correcting import shown, typed
from .test_my_day import booked, front, hands, user

__all__ = ["hands", "user"]
pytestmark = pytest.mark.django_db
WORDS = "At the door: Two people only"


@pytest.mark.parametrize("of_address", [False, True])
def test_it_is_seen_before_a_visit_is_taken_over(
    world: World, hands: Client, owner: Client, of_address: bool
) -> None:
    booking = booked(world, 10, "Ana Sample")
    world.book(starts_at=at(14), name="Ana Sample", email="ana@example.com", phone="+12135550010")
    pages = {
        "visit": reverse("admin:bookings_booking_change", args=[booking.pk]),
        "move": reverse("admin:bookings_booking_move", args=[booking.pk]),
        "board": f"{reverse('admin:bookings_booking_day')}?day={DAY}",
        "rescue": f"{reverse('admin:bookings_booking_rescue')}?therapist={world.therapist.pk}&day={DAY}",
        "find": f"{reverse('admin:bookings_booking_book')}?q=Ana",
        "client": reverse("admin:bookings_client_change", args=[booking.client_id]),
        "request": reverse("admin:index"),
    }

    def seen(client: Client, address: str) -> bool:
        with time_machine.travel(at(8), tick=False):
            return WORDS in " ".join(client.get(address).content.decode().split())

    assert not any(seen(owner, address) for address in pages.values())
    if of_address:
        # A client has no door of their own: their page speaks of the person.
        pages.pop("client")
        sent = {"rule": DoorRule.TWO_PEOPLE}
        said = owner.post(reverse("admin:bookings_booking_door", args=[booking.pk]), sent, follow=True)
        assert "on 2 visits at this address" in said.content.decode()
    else:
        Person.objects.update(door_rule=DoorRule.TWO_PEOPLE)
    assert [name for name, address in pages.items() if not seen(owner, address)] == []
    assert seen(hands, pages["visit"])
    phone = " ".join(front(hands, 8).split())
    # On the card of the next visit, and on both in the course of the day.
    assert phone.count(WORDS) == 3


@pytest.mark.parametrize("rule", ["", *DoorRule.values])
@pytest.mark.parametrize("changes", [{}, {"phone": "+12135550188"}, {"email": "new@example.com"}])
def test_a_request_of_theirs_waits_for_staff(world: World, rule: str, changes: dict[str, Any]) -> None:
    """Whoever has the email or the phone counts as the client."""
    Booking.objects.filter(pk=world.book().pk).update(status=BookingStatus.COMPLETED)
    twin = world.book(starts_at=at(12), **changes)
    Booking.objects.filter(pk=twin.pk).update(status=BookingStatus.COMPLETED)
    Person.objects.filter(email="ana@example.com", phone="+12135550123").update(door_rule=rule)
    submission = world.submission(starts_at=at(15), **changes)
    result = intake.current_screening(now=NOW).evaluate(CLEAR_ANSWERS, world.service.slug, NOW.date())
    sure = operations.would_confirm(
        submission=submission, result=result, rules=BookingRules.load(), actor=None
    )
    booking = operations.request_booking(submission=submission, now=NOW)
    assert booking.status == (BookingStatus.REQUESTED if rule else BookingStatus.CONFIRMED)
    assert sure is not bool(rule)


def test_the_stricter_of_two_stays_when_they_are_merged(world: World) -> None:
    kept = world.book().client
    gone = world.book(starts_at=at(14), email="bo@example.com").client
    Person.objects.filter(pk=kept.pk).update(door_rule=DoorRule.NOT_ALONE)
    Person.objects.filter(pk=gone.pk).update(door_rule=DoorRule.TWO_PEOPLE)
    actor = User.objects.create_user("staff", is_staff=True)
    merge_clients(keep=kept, other=gone, actor=actor, now=NOW)
    assert Person.objects.get(pk=kept.pk).door_rule == DoorRule.TWO_PEOPLE


def test_the_desk_sets_it_on_the_clients_page(world: World, owner: Client) -> None:
    client = world.book().client
    address = reverse("admin:bookings_client_change", args=[client.pk])
    sent = {"name": client.name, "email": client.email, "phone": str(client.phone), "door_rule": "not_alone"}
    assert owner.post(address, sent).status_code == 302
    client.refresh_from_db()
    assert client.door_rule == DoorRule.NOT_ALONE
    assert owner.post(address, {**sent, "door_rule": "armed"}).status_code == 422


# Who takes a visit over ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", ["", DoorRule.TWO_PEOPLE])
def test_a_move_to_somebody_else_asks_whether_they_know(world: World, owner: Client, rule: str) -> None:
    booking, second = booked(world, 10, "Ana Sample"), world.add_therapist()
    Person.objects.update(door_rule=rule)
    address = reverse("admin:bookings_booking_move", args=[booking.pk])
    asked = {"day": str(DAY), "start": "12:00", "therapist": f"therapist:{world.therapist.slug}"}
    words = "knows what holds at the door: Two people only"

    def shown(asked: dict[str, str]) -> str:
        with time_machine.travel(at(8), tick=False):
            return " ".join(owner.get(address, asked).content.decode().split())

    # By whom it is anyway, nobody takes it over.
    assert words not in shown(asked)
    asked["therapist"] = f"therapist:{second.slug}"
    assert (words in shown(asked)) is bool(rule)
    for knows in [DoorRule.NOT_ALONE.value, rule] if rule else [""]:
        with time_machine.travel(at(8), tick=False):
            owner.post(address, {**asked, "total_cents": booking.total_cents, "door": knows})
        booking.refresh_from_db()
        assert (booking.therapist == second) is (knows == rule)


def test_a_rescue_asks_whether_whoever_comes_knows(world: World, owner: Client) -> None:
    """Reading the emails first needs no word."""
    booking, second = booked(world, 10, "Ana Sample"), world.add_therapist()
    free = booked(world, 14, "Bo Sample")
    set_rule(booking)
    Booking.objects.filter(pk=free.pk).update(address_rule="")
    address = f"{reverse('admin:bookings_booking_rescue')}?therapist={world.therapist.pk}&day={DAY}"
    with time_machine.travel(at(8), tick=False):
        rows = owner.get(address).context["rows"]
        sent = {"visit": [row["booking"].pk for row in rows]}
        sent |= {f"way-{row['booking'].pk}": row["ways"][0][0] for row in rows}
        read = owner.post(address, {**sent, "read": "1"}).content.decode()
        assert "nothing was moved" not in read
        assert read.count("rescue-draft") == 2
        said = owner.post(address, sent, follow=True).content.decode()
    assert f"{booking.reference}: please say that whoever comes knows" in said
    assert [Booking.objects.get(pk=row.pk).therapist for row in (booking, free)] == [world.therapist, second]
    with time_machine.travel(at(8), tick=False):
        owner.post(address, {**sent, f"door-{booking.pk}": DoorRule.TWO_PEOPLE}, follow=True)
    assert Booking.objects.get(pk=booking.pk).therapist == second


@pytest.mark.parametrize("rule", ["", DoorRule.TWO_PEOPLE])
def test_confirming_asks_whether_whoever_comes_knows(world: World, owner: Client, rule: str) -> None:
    """On the visit's page; the front page leads there, and where many are confirmed these are left out and named."""
    booking, other = world.book(), world.book(starts_at=at(14), email="bo@example.com", street="9 Other Road")
    set_rule(booking, rule)
    words = "Whoever comes knows what holds at the door: Two people only"
    page = reverse("admin:bookings_booking_change", args=[booking.pk])
    press = reverse("admin:bookings_booking_do", args=[booking.pk, "confirm"])
    with time_machine.travel(NOW, tick=False):
        assert (words in owner.get(page).content.decode()) is bool(rule)
        assert (press in owner.get(reverse("admin:index")).content.decode()) is not bool(rule)
        many = {"action": "confirm_selected", "_selected_action": [booking.pk, other.pk]}
        said = owner.post(reverse("admin:bookings_booking_changelist"), many, follow=True).content.decode()
    refused = f"{booking.reference}: please say that whoever comes knows what holds at the door"
    assert (refused in said) is bool(rule)
    assert status_of(other) == BookingStatus.CONFIRMED
    assert status_of(booking) == (BookingStatus.REQUESTED if rule else BookingStatus.CONFIRMED)
    if rule:
        for knows in ("armed", DoorRule.NOT_ALONE, rule):
            assert status_of(booking) == BookingStatus.REQUESTED
            with time_machine.travel(NOW, tick=False):
                owner.post(press, {"door": knows})
        assert status_of(booking) == BookingStatus.CONFIRMED


def test_two_side_by_side_are_confirmed_by_one_word_of_the_stricter(world: World, owner: Client) -> None:
    world.add_therapist()
    press = uuid.uuid4()
    first, second = world.book(), world.book(email="bo@example.com", phone="+12135550188")
    Booking.objects.filter(pk__in=[first.pk, second.pk]).update(together=press)
    Person.objects.filter(pk=first.client_id).update(door_rule=DoorRule.NOT_ALONE)
    Person.objects.filter(pk=second.client_id).update(door_rule=DoorRule.TWO_PEOPLE)
    with time_machine.travel(NOW, tick=False):
        page = owner.get(reverse("admin:bookings_booking_change", args=[first.pk])).content.decode()
        assert "Whoever comes knows what holds at the door: Two people only" in page
        for knows in (DoorRule.NOT_ALONE, DoorRule.TWO_PEOPLE):
            assert {status_of(first), status_of(second)} == {BookingStatus.REQUESTED}
            owner.post(reverse("admin:bookings_booking_do", args=[first.pk, "confirm"]), {"door": knows})
    assert {status_of(first), status_of(second)} == {BookingStatus.CONFIRMED}


@pytest.mark.parametrize("in_bulk", [False, True])
def test_accepting_a_late_move_asks_whether_whoever_comes_knows(
    world: World, owner: Client, in_bulk: bool
) -> None:
    visit, second = booked(world, 10, "Ana Sample"), world.add_therapist()
    set_rule(visit)
    now = visit.starts_at - timedelta(hours=20)
    change = operations.ask_move(
        booking=visit,
        to=operations.NewTime(at(12), f"therapist:{second.slug}"),
        shown=operations.Shown(visit.revision, operations.late_fee(visit, now=now)),
        now=now,
    )
    words = "Whoever comes knows what holds at the door: Two people only"
    with time_machine.travel(now, tick=False):
        for page in (
            reverse("admin:bookings_booking_change", args=[visit.pk]),
            reverse("admin:bookings_changerequest_change", args=[change.pk]),
        ):
            # With the fee and without.
            assert owner.get(page).content.decode().count(words) == 2
        answer = reverse("admin:bookings_changerequest_answer", args=[change.pk, "accept"])
        if in_bulk:
            many = {"action": "accept_selected", "_selected_action": [change.pk]}
            said = owner.post(reverse("admin:bookings_changerequest_changelist"), many, follow=True)
        else:
            said = owner.post(answer, follow=True)
        assert f"{visit.reference}: please say that whoever comes knows" in said.content.decode()
        assert Booking.objects.get(pk=visit.pk).therapist == world.therapist
        owner.post(answer, {"door": DoorRule.TWO_PEOPLE})
    assert Booking.objects.get(pk=visit.pk).therapist == second


@pytest.mark.parametrize("rule", ["", DoorRule.TWO_PEOPLE])
def test_a_client_moves_no_such_visit_to_somebody_who_was_not_told(world: World, rule: str) -> None:
    """The times of whoever comes are offered, and others are by phone."""
    visit, second = booked(world, 10, "Ana Sample"), world.add_therapist()
    set_rule(visit, rule)
    page, client = reverse("visits:move", args=[visit.reference]), signed_in()
    sent = {
        "starts_at": f"{at(14).isoformat()} {second.slug}",
        "who": f"therapist:{second.slug}",
        "revision": visit.revision,
        "total_cents": visit.total_cents,
        "fee_cents": "",
    }
    with time_machine.travel(NOW, tick=False):
        assert (second.name in client.get(page).content.decode()) is not bool(rule)
        client.post(page, sent)
        found = Booking.objects.get(pk=visit.pk)
        assert found.therapist == (world.therapist if rule else second)
        if rule:
            # The same by whoever builds another page.
            with pytest.raises(DoorUntold):
                operations.move_by_client(
                    booking=visit,
                    to=operations.NewTime(at(14), ANYONE, therapist=second.slug),
                    shown=operations.Shown(visit.revision),
                    now=NOW,
                )
            own = {"starts_at": f"{at(14).isoformat()} {world.therapist.slug}", "who": ANYONE}
            client.post(page, sent | own)
            assert Booking.objects.get(pk=visit.pk).starts_at == at(14)


# An address ----------------------------------------------------------------------------------------------------------


def set_rule(booking: Booking, rule: str = DoorRule.TWO_PEOPLE) -> int:
    actor, _made = User.objects.get_or_create(username="desk", is_staff=True)
    return operations.set_address_rule(booking=booking, rule=rule, actor=actor, now=NOW)


def status_of(booking: Booking) -> str:
    return Booking.objects.get(pk=booking.pk).status


def rule_of(booking: Booking) -> str:
    return Booking.objects.get(pk=booking.pk).door_rule


@pytest.mark.parametrize("street", ["12 Sample Street", "12 sample street.", "14 Sample Street"])
def test_a_request_for_such_an_address_waits_for_staff(world: World, street: str) -> None:
    """Whoever asks, and however it is typed."""
    elsewhere: dict[str, Any] = {"email": "bo@example.com", "phone": "+12135550188"}
    Booking.objects.filter(pk=world.book(**elsewhere, street=street).pk).update(
        status=BookingStatus.COMPLETED
    )
    set_rule(world.book(starts_at=at(12)))
    submission = world.submission(starts_at=at(15), street=street, **elsewhere)
    result = intake.current_screening(now=NOW).evaluate(CLEAR_ANSWERS, world.service.slug, NOW.date())
    sure = operations.would_confirm(
        submission=submission, result=result, rules=BookingRules.load(), actor=None
    )
    booking = operations.request_booking(submission=submission, now=NOW)
    holds = not street.startswith("14")
    assert booking.status == (BookingStatus.REQUESTED if holds else BookingStatus.CONFIRMED)
    assert sure is not holds
    assert booking.door_rule == (DoorRule.TWO_PEOPLE if holds else "")


def test_visits_booked_together_wait_where_one_of_them_is_at_such_an_address(world: World) -> None:
    Booking.objects.filter(pk=world.book().pk).update(status=BookingStatus.COMPLETED)
    other = world.book(starts_at=at(12), email="bo@example.com", phone="+12135550188", street="9 Other Road")
    set_rule(other)
    submissions = [
        world.submission(starts_at=at(14)),
        world.submission(starts_at=at(16), street="9 Other Road"),
    ]
    first = submissions[0]
    looked_up = operations.LookedUp(
        rules=BookingRules.load(),
        treatment=load_treatment(
            service_slug=first.service_slug, option_id=first.option_id, add_on_ids=(), people=1
        ),
        area=world.area,
        agreed=world.agreed,
        screening=intake.current_screening(now=NOW),
    )
    bookings = operations.request_together(
        submissions=submissions,
        together=uuid.uuid4(),
        looked_up=looked_up,
        sender=operations.Sender(),
        now=NOW,
    )
    assert [booking.status for booking in bookings] == [BookingStatus.REQUESTED] * 2
    assert [booking.door_rule for booking in bookings] == ["", DoorRule.TWO_PEOPLE]


def test_the_stricter_of_client_and_address_holds(world: World) -> None:
    booking = world.book()
    set_rule(booking, DoorRule.NOT_ALONE)
    assert rule_of(booking) == DoorRule.NOT_ALONE
    Person.objects.update(door_rule=DoorRule.TWO_PEOPLE)
    assert rule_of(booking) == DoorRule.TWO_PEOPLE


def test_it_goes_where_the_address_goes(world: World) -> None:
    """Corrected to another address, a visit has that one's rule; undone, its own again, as it is by then; taken back,
    none says so any more, whatever has become of it."""
    booking = booked(world, 10, "Ana Sample")
    there = booked(world, 14, "Bo Sample", street="9 Other Road")
    over = booked(world, 16, "Cy Sample")
    Booking.objects.filter(pk=over.pk).update(status=BookingStatus.CANCELED)
    assert set_rule(there) == 1
    actor = User.objects.get(username="desk")
    act = operations.Act(NOW, actor, door=DoorRule.TWO_PEOPLE)
    told = {"street": "9 Other Road", "unit": "", "zip_code": world.area.zip_code, "access_type": "ground"}
    address = operations.VisitAddress.told(told, ())
    correction = operations.Correction(address=address)
    operations.correct_visit(booking=booking, correction=correction, act=act)
    assert rule_of(booking) == DoorRule.TWO_PEOPLE
    # Where it was before somebody writes down a rule meanwhile.
    set_rule(over, DoorRule.NOT_ALONE)
    assert [rule_of(row) for row in (booking, there, over)] == ["two_people", "two_people", "not_alone"]
    operations.undo(press=act.press, actor=actor, now=NOW)
    assert rule_of(booking) == DoorRule.NOT_ALONE
    assert set_rule(booking, "") == 2
    assert [rule_of(row) for row in (booking, there, over)] == ["", "two_people", ""]
    assert AddressRule.objects.count() == 1


@pytest.mark.parametrize(
    ("street", "ruled", "is_refused"),
    [
        ("9 Other Road", "9 Other Road", True),
        ("12 Sample Str", "12 Sample Street", True),
        ("12 sample street.", "12 Sample Street", False),
        ("9 Other Road", "7 Third Road", False),
    ],
)
def test_a_client_corrects_no_such_address_alone(
    world: World, street: str, ruled: str, is_refused: bool
) -> None:
    """Neither to it, as if nobody had to look, nor away from it, by one letter."""
    visit = booked(world, 10, "Ana Sample")
    set_rule(visit if ruled == visit.street else booked(world, 14, "Bo Sample", street=ruled))
    page = reverse("visits:address", args=[visit.reference])
    sent = {"street": street, "unit": "", "zip_code": world.area.zip_code, "access_type": "ground"}
    client = signed_in()
    with time_machine.travel(NOW, tick=False):
        said = client.post(page, sent | {"total_cents": visit.total_cents})
    assert ("Please call us" in " ".join(said.content.decode().split())) is is_refused
    assert said.status_code == (422 if is_refused else 302)
    found = Booking.objects.get(pk=visit.pk)
    assert (found.street, found.address_rule) == (visit.street if is_refused else street, rule_of(visit))
    assert bool(found.address_rule) is (ruled == "12 Sample Street")


@pytest.mark.parametrize(
    ("here", "there", "said", "becomes"),
    [
        # What held goes along, or stays behind: staff say which.
        ("two_people", "", {"along": "yes"}, "two_people"),
        ("two_people", "", {"along": "no"}, ""),
        ("two_people", "not_alone", {"along": "yes"}, "two_people"),
        ("two_people", "", {"along": "perhaps"}, None),
        # What holds there, whoever comes has to know.
        ("", "two_people", {"door": "two_people"}, "two_people"),
        ("", "two_people", {"door": "not_alone"}, None),
        ("not_alone", "two_people", {}, None),
        ("two_people", "two_people", {}, "two_people"),
    ],
)
def test_staff_are_asked_what_a_corrected_address_changes_at_the_door(
    world: World, desk: Client, here: str, there: str, said: dict[str, str], becomes: str | None
) -> None:
    visit, other = booked(world, 10, "Ana Sample"), booked(world, 14, "Bo Sample", street="9 Other Road")
    set_rule(visit, here)
    set_rule(other, there)
    address = reverse("admin:bookings_booking_correct", args=[visit.pk])
    with time_machine.travel(NOW, tick=False):
        sent = typed(Booking.objects.get(pk=visit.pk), world, street="9 Other Road")
        looked = desk.post(address, sent)
        asked = {name for name in ("along", "door") if f'name="{name}"' in looked.content.decode()}
        assert asked == ({"along"} if here > there else {"door"} if there > here else set())
        desk.post(address, {**sent, **shown(looked), **said})
    found = Booking.objects.get(pk=visit.pk)
    assert (found.street, found.address_rule) == (
        ("9 Other Road", becomes) if becomes is not None else ("12 Sample Street", here)
    )
    # Whoever is visited there as well.
    assert rule_of(other) == (becomes if becomes is not None else there)


@pytest.mark.parametrize(("there", "later"), [("", ""), ("not_alone", ""), ("", "not_alone")])
def test_what_went_along_goes_back_with_its_visit(world: World, there: str, later: str) -> None:
    """Whoever is visited at the address that was wrong has what held before, or what was written down since."""
    visit, other = booked(world, 10, "Ana Sample"), booked(world, 14, "Bo Sample", street="9 Other Road")
    set_rule(visit)
    set_rule(other, there)
    actor = User.objects.get(username="desk")
    told = {"street": "9 Other Road", "unit": "", "zip_code": world.area.zip_code, "access_type": "ground"}
    address = operations.VisitAddress.told(told, ())
    act = operations.Act(NOW + timedelta(minutes=1), actor)
    correction = operations.Correction(address=address, takes_rule_along=True)
    operations.correct_visit(booking=visit, correction=correction, act=act)
    assert [rule_of(row) for row in (visit, other)] == ["two_people"] * 2
    now = NOW + timedelta(minutes=2)
    if later:
        operations.set_address_rule(booking=other, rule=later, actor=actor, now=now)
    operations.undo(press=act.press, actor=actor, now=now)
    assert [rule_of(row) for row in (visit, other)] == ["two_people", later or there]
    assert AddressRule.objects.count() == (2 if later or there else 1)


@pytest.mark.parametrize("is_request", [False, True])
def test_a_visit_that_comes_back_has_what_was_written_down_meanwhile(world: World, is_request: bool) -> None:
    there = booked(world, 10, "Ana Sample")
    visit = world.book(starts_at=at(14)) if is_request else booked(world, 14, "Bo Sample")
    actor = User.objects.create_user("staff", is_staff=True)
    end = operations.decline_booking if is_request else operations.cancel_booking
    end(booking=visit, actor=actor, now=NOW)
    set_rule(there)
    assert rule_of(visit) == ""
    press = SecondThought.objects.get(event__booking=visit).press
    operations.undo(press=press, actor=actor, now=NOW)
    assert rule_of(visit) == DoorRule.TWO_PEOPLE


@pytest.mark.parametrize("is_shared", [False, True])
def test_it_is_forgotten_with_the_last_client_there(world: World, is_shared: bool) -> None:
    booking = world.book()
    set_rule(booking)
    Booking.objects.filter(pk=booking.pk).update(status=BookingStatus.COMPLETED)
    if is_shared:
        world.book(starts_at=at(14), email="bo@example.com", phone="+12135550188", street="12 SAMPLE street")
    actor = User.objects.get(username="desk")
    operations.write_address_rule(
        address_key="1 elsewhere way 90026", rule=DoorRule.NOT_ALONE, actor=actor, now=NOW
    )
    told = {line.key: line.value for line in all_about(booking.client)[1].records[0]}
    assert told["address_rule"] == DoorRule.TWO_PEOPLE
    erase_client(client=booking.client, actor=actor, now=NOW)
    assert rule_of(booking) == ""
    # The one of an address that has nothing to do with them stays.
    keys = set(AddressRule.objects.values_list("address_key", flat=True))
    assert keys == {"1 elsewhere way 90026", *(["12 sample st 90026"] if is_shared else [])}


def test_it_is_forgotten_where_nobody_is_visited_any_more(world: World) -> None:
    """A visit that was corrected leaves a rule at the address of before, where nobody could take it back."""
    visit, other = booked(world, 10, "Ana Sample"), booked(world, 14, "Bo Sample", street="9 Other Road")
    set_rule(visit)
    set_rule(other)
    told = {"street": "7 Third Road", "unit": "", "zip_code": world.area.zip_code, "access_type": "ground"}
    correction = operations.Correction(address=operations.VisitAddress.told(told, ()))
    actor = User.objects.get(username="desk")
    operations.correct_visit(booking=visit, correction=correction, act=operations.Act(NOW, actor))
    assert AddressRule.objects.count() == 2
    # From a page that shows it where it was.
    with pytest.raises(ChangedMeanwhile):
        set_rule(visit)
    # As one that was written down before anybody came, it stays for its time, and is in the list.
    for later, left in ((DOOR_RULES_KEPT - timedelta(seconds=1), 2), (DOOR_RULES_KEPT, 1)):
        assert erase_long_gone(now=NOW + later) == 0
        assert AddressRule.objects.count() == left
    assert AddressRule.objects.get().address_key == "9 other rd 90026"


def test_nobody_sets_a_rule_for_who_is_erased_or_one_that_there_is_not(world: World, owner: Client) -> None:
    booking = world.book()
    address = reverse("admin:bookings_booking_door", args=[booking.pk])
    said = owner.post(address, {"rule": "armed"}, follow=True)
    assert "armed is not one of the available choices" in said.content.decode()
    Booking.objects.filter(pk=booking.pk).update(status=BookingStatus.COMPLETED)
    actor = User.objects.create_user("staff", is_staff=True)
    erase_client(client=booking.client, actor=actor, now=NOW)
    assert owner.post(address, {"rule": "two_people"}).status_code == 403
    assert not AddressRule.objects.exists()


# The list of addresses ---------------------------------------------------------------------------------------------

LIST, ADD = (reverse(f"admin:bookings_addressrule_{page}") for page in ("changelist", "add"))


def test_a_rule_is_there_before_anybody_was_booked_there(world: World, owner: Client) -> None:
    typed_here = {"street": "9 Other Road", "unit": "B", "zip_code": "90026-1234", "rule": "two_people"}
    assert owner.post(ADD, typed_here).status_code == 302
    visit = world.book(street="9 OTHER Road,", unit="b")
    assert rule_of(visit) == DoorRule.TWO_PEOPLE
    listed = owner.get(f"{LIST}?q=other").content.decode()
    assert "9 other rd b 90026" in listed
    for refused, words in (
        (typed_here, "Something holds there already: Two people only"),
        ({**typed_here, "street": " "}, "This field is required"),
        ({**typed_here, "zip_code": "9002"}, "A ZIP code has five digits"),
        ({**typed_here, "street": "8 Other Road", "rule": "armed"}, "Select a valid choice"),
    ):
        answer = owner.post(ADD, refused)
        assert (answer.status_code, words in answer.content.decode()) == (200, True)
    assert AddressRule.objects.count() == 1


def test_a_rule_holds_however_the_address_is_spelled(world: World, owner: Client) -> None:
    typed_here = {"street": "12 North First Street", "unit": "Apt 5B", "zip_code": "90026"}
    assert owner.post(ADD, typed_here | {"rule": "two_people"}).status_code == 302
    spelled = [
        ("12 N. 1st St #5B", ""),
        ("12 north first street", "Unit 5 b"),
        ("12 N First St.", "Suite No. 5B"),
    ]
    elsewhere = [("12 N 1st St", "5C"), ("12 S 1st St", "5B"), ("12 N 1st Ave", "5B")]
    for street, unit in spelled + elsewhere:
        found = operations.door_rule_of(world.submission(street=street, unit=unit))
        assert bool(found) is ((street, unit) in spelled)
    visit = world.book(street="12 N. 1st St #5B")
    assert rule_of(visit) == DoorRule.TWO_PEOPLE
    again = owner.post(ADD, {"street": "12 N 1st St", "unit": "5B", "zip_code": "90026", "rule": "not_alone"})
    assert "Something holds there already" in again.content.decode()
    assert set_rule(visit, "") == 1
    assert not AddressRule.objects.exists()


def test_it_is_changed_and_taken_back_in_the_list(world: World, owner: Client) -> None:
    visit = world.book()
    set_rule(visit)
    page = reverse("admin:bookings_addressrule_change", args=[AddressRule.objects.get().pk])
    assert "12 sample st 90026" in owner.get(page).content.decode()
    for rule in (DoorRule.NOT_ALONE, ""):
        assert owner.post(page, {"rule": rule}, follow=True).status_code == 200
        assert rule_of(visit) == rule
    assert not AddressRule.objects.exists()


def test_who_looks_at_the_list_is_written_down_once_a_day(owner: Client) -> None:
    for _look in range(2):
        owner.get(LIST)
    assert LogEntry.objects.filter(user__username="owner", change_message="Looked at the list").count() == 1


def test_a_press_that_others_hold_up_keeps_what_was_typed(
    world: World, owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def held(**_named: Any) -> int:
        raise SlotTaken

    monkeypatch.setattr(safety, "write_address_rule", held)
    answer = owner.post(
        ADD, {"street": "9 Other Road", "unit": "", "zip_code": "90026", "rule": "two_people"}
    )
    text = answer.content.decode()
    assert (answer.status_code, "9 Other Road" in text, "Please press once more" in text) == (200, True, True)


@ONLY_POSTGRESQL
@pytest.mark.django_db(transaction=True)
def test_a_visit_that_is_booked_meanwhile_has_it_too(world: World) -> None:
    """A press that has read *no rule here*, and is not committed yet, is waited for."""
    first, came = world.book(), []
    setter = threading.Thread(target=lambda: came.append(in_thread(set_rule, first)))
    with transaction.atomic():
        second = world.book(starts_at=at(14))
        setter.start()
        setter.join(timeout=1)
        assert came == []
    setter.join(timeout=120)
    assert came == [2]
    assert rule_of(second) == DoorRule.TWO_PEOPLE


def in_thread(call: Callable[[Booking], int], booking: Booking) -> int:
    try:
        return call(booking)
    finally:
        connections.close_all()
