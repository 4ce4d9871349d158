"""Late changes at the desk: the list, the front page, the booking's page, and the three answers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from bookings.domain import operations
from bookings.enums import BookingStatus, ChangeState, MessageKind
from bookings.models import Booking, ChangeRequest, ClinicianNote, HealthAccess, Message
from tests.factories import CLEAR_ANSWERS, NOW, World, at

from .conftest import DESK_RIGHTS, signed_in, staff_user
from .test_visit import said

LIST = reverse("admin:bookings_changerequest_changelist")
INDEX = reverse("admin:index")
RIGHTS = [*DESK_RIGHTS, "view_changerequest", "change_changerequest"]


@pytest.fixture
def desk(world: World) -> Client:
    return signed_in(staff_user("desk", *RIGHTS))


def asked(world: World, number: int = 0) -> ChangeRequest:
    """A late change of a visit a few hours from the desk's now."""
    booking = world.book(email=f"client{number}@example.com", phone=f"+1213555{1000 + number}")
    shift = timedelta(hours=number % 12 - 117)
    Booking.objects.filter(pk=booking.pk).update(
        status=BookingStatus.CONFIRMED,
        therapist=world.add_therapist(f"Sample Therapist {number + 10}"),
        **{
            name: getattr(booking, name) + shift
            for name in ("starts_at", "ends_at", "blocked_from", "blocked_until")
        },
    )
    booking.refresh_from_db()
    return ChangeRequest.objects.create(
        booking=booking,
        wanted_starts_at=at(16),
        fee_cents=7_000,
        asked_at=NOW - timedelta(minutes=number),
    )


def page(change: ChangeRequest) -> str:
    return reverse("admin:bookings_booking_change", args=[change.booking_id])


def answer(change: ChangeRequest, kind: str) -> str:
    return reverse("admin:bookings_changerequest_answer", args=[change.pk, kind])


def test_list_and_front_page_ask_as_many_queries_for_thirty_as_for_one(
    desk: Client, world: World, count_queries: Callable[..., Any]
) -> None:
    def counted(path: str) -> int:
        desk.get(path)
        with count_queries() as queries:
            assert desk.get(path).status_code == 200
        return len(queries)

    asked(world)
    few = counted(LIST), counted(INDEX)
    for number in range(1, 30):
        asked(world, number)
    assert counted(LIST) == few[0] <= 12
    assert counted(INDEX) <= few[1] <= 27


def test_a_late_change_is_on_the_front_page_and_on_the_bookings_own(desk: Client, world: World) -> None:
    change = asked(world)
    front = desk.get(INDEX).content.decode()
    assert "1 late move asked for" in front
    assert f"{page(change)}#late-change" in front
    assert "Move to Mon, Dec 7, 2026, 4:00 PM PST" in front
    shown = desk.get(page(change)).content.decode()
    for kind in ("accept", "accept-with-fee", "refuse"):
        assert answer(change, kind) in shown
    assert "$70" in shown
    own = desk.get(reverse("admin:bookings_changerequest_change", args=[change.pk]))
    assert own.status_code == 200
    html = own.content.decode()
    assert change.booking.reference in html
    for kind in ("accept", "accept-with-fee", "refuse"):
        assert answer(change, kind) in html


def test_the_page_of_a_change_has_nothing_to_save_and_an_answered_one_no_answers(
    desk: Client, world: World
) -> None:
    change = asked(world)
    address = reverse("admin:bookings_changerequest_change", args=[change.pk])
    assert "_save" not in desk.get(address).content.decode()
    assert desk.post(address, {}).status_code == 405
    looks_only = signed_in(staff_user("reader", "view_booking", "view_changerequest"))
    assert answer(change, "accept") not in looks_only.get(address).content.decode()
    desk.post(answer(change, "refuse"))
    assert answer(change, "accept") not in desk.get(address).content.decode()


def test_a_gift_of_the_whole_price_stays_one_without_the_evening_fee(desk: Client, world: World) -> None:
    change = asked(world)
    Booking.objects.filter(pk=change.booking_id).update(
        evening_cents=2_500, discount_cents=16_500, total_cents=0, starts_at=at(18, day=date(2026, 12, 2)),
        ends_at=at(19, day=date(2026, 12, 2)), blocked_until=at(19, 10, day=date(2026, 12, 2)),
    )  # fmt: skip
    response = desk.post(answer(change, "accept"), {"reason": ""}, follow=True)
    assert "moved" in " ".join(said(response))
    moved = Booking.objects.get(pk=change.booking_id)
    assert (moved.evening_cents, moved.discount_cents, moved.total_cents) == (0, 14_000, 0)


@pytest.mark.parametrize(
    ("kind", "hour", "state", "fee", "words"),
    [
        ("accept", 16, ChangeState.ACCEPTED, 0, "moved"),
        ("accept-with-fee", 16, ChangeState.ACCEPTED, 7_000, "moved"),
        ("refuse", 10, ChangeState.REFUSED, 0, "the move is refused"),
    ],
)
@pytest.mark.parametrize("way", ["page", "list"])
def test_each_answer_does_what_it_says(
    desk: Client, world: World, way: str, kind: str, hour: int, state: str, fee: int, words: str
) -> None:
    change = asked(world)
    before = change.booking.starts_at
    if way == "page":
        response = desk.post(answer(change, kind), {"reason": ""}, follow=True)
    else:
        action = {"accept": "accept_selected", "accept-with-fee": "accept_with_fee_selected"}
        data = {"action": action.get(kind, "refuse_selected"), "_selected_action": [change.pk]}
        response = desk.post(LIST, data, follow=True)
    assert words in " ".join(said(response))
    change.refresh_from_db()
    change.booking.refresh_from_db()
    start = at(hour) if hour == 16 else before
    assert (change.booking.starts_at, change.state, change.booking.late_fee_cents) == (start, state, fee)
    assert change.answered_by.get_username() == "desk"
    # Pressed twice: nothing more happens, and it says why.
    events = change.booking.events.count()
    again = desk.post(answer(change, kind), follow=True)
    assert "nothing was changed" in " ".join(said(again))
    assert change.booking.events.count() == events


def test_all_that_are_chosen_are_answered_or_the_rest_is_named(
    desk: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many the list shows on a page."""
    monkeypatch.setattr("bookings.admin.changes.ChangeRequestAdmin.list_per_page", 1)
    for number in range(3):
        asked(world, number)
    chosen = list(ChangeRequest.objects.values_list("pk", flat=True))
    data = {"action": "refuse_selected", "_selected_action": chosen[:1], "select_across": "1"}
    monkeypatch.setattr("bookings.admin.changes.MOST_AT_ONCE", 2)
    told = said(desk.post(LIST, data, follow=True))
    assert told[-1] == "Only the first 2 were answered. Please choose the rest once more."
    assert ChangeRequest.objects.filter(state=ChangeState.OPEN).count() == 1
    assert len(said(desk.post(f"{LIST}?state__exact=open", data, follow=True))) == 1
    assert not ChangeRequest.objects.filter(state=ChangeState.OPEN).exists()


def test_a_move_that_can_not_be_done_says_why(desk: Client, world: World) -> None:
    change = asked(world)
    ChangeRequest.objects.update(wanted_starts_at=at(3))
    response = desk.post(answer(change, "accept"), follow=True)
    assert "outside the therapist's hours" in " ".join(said(response))
    change.refresh_from_db()
    assert change.state == ChangeState.OPEN


def test_notice_was_the_clients_to_keep_and_is_staffs_to_waive(desk: Client, world: World) -> None:
    change = asked(world)
    soon = NOW + timedelta(hours=3)
    ChangeRequest.objects.update(wanted_starts_at=soon)
    desk.post(answer(change, "accept"))
    change.booking.refresh_from_db()
    assert change.booking.starts_at == soon


def test_a_visit_that_has_begun_is_not_moved(desk: Client, world: World) -> None:
    change = asked(world)
    Booking.objects.update(starts_at=NOW - timedelta(minutes=5), blocked_from=NOW - timedelta(minutes=15))
    response = desk.post(answer(change, "accept"), follow=True)
    assert "has begun" in " ".join(said(response))
    # What would be refused isn't offered.
    shown = desk.get(page(change)).content.decode()
    assert "The visit has begun, so it can’t be moved any more." in shown
    assert answer(change, "accept") not in shown
    assert answer(change, "refuse") in shown


def test_only_those_with_the_right_see_and_answer(world: World) -> None:
    change = asked(world)
    looks_only = signed_in(staff_user("reader", "view_booking", "view_changerequest"))
    assert looks_only.get(LIST).status_code == 200
    assert answer(change, "accept") not in looks_only.get(page(change)).content.decode()
    therapist = signed_in(staff_user("therapist", "view_booking"))
    assert therapist.get(LIST).status_code == 403
    assert "late move" not in therapist.get(INDEX).content.decode()
    for client in (looks_only, therapist, signed_in(staff_user("writer")), Client()):
        assert client.post(answer(change, "accept")).status_code in (302, 403)
        assert client.get(answer(change, "accept")).status_code in (302, 403)
    change.refresh_from_db()
    assert change.state == ChangeState.OPEN


@pytest.mark.parametrize("path", ["999999/answer/accept/", "1/answer/explode/", f"{'9' * 30}/answer/accept/"])
def test_answers_to_nothing_are_no_page(desk: Client, world: World, path: str) -> None:
    assert desk.post(f"{LIST}{path}").status_code == 404


def test_an_answer_is_a_press_and_its_reason_one_line(desk: Client, world: World) -> None:
    change = asked(world)
    assert desk.get(answer(change, "accept")).status_code == 405
    desk.post(answer(change, "refuse"), {"reason": "a\nb"})
    change.refresh_from_db()
    assert change.state == ChangeState.OPEN
    desk.post(answer(change, "refuse"), {"reason": "Ana called"})
    assert "Ana called" in desk.get(page(change)).content.decode()


# Health answers that got graver --------------------------------------------------------------------------------


def test_graver_answers_are_on_the_front_page_until_the_visit(desk: Client, world: World) -> None:
    booking = operations.confirm_booking(booking=world.book(), actor=None, now=NOW)
    assert "Health answers changed" not in desk.get(INDEX).content.decode()
    operations.recheck_screening(
        booking=booking, version_number=1, answers={**CLEAR_ANSWERS, "cancer": "yes"}, now=NOW
    )
    front = desk.get(INDEX).content.decode()
    assert "Health answers changed before the visit" in front
    assert booking.reference in front
    # Who is to be called is called from there.
    assert f'<a class="todo-call" href="tel:{booking.client.phone.as_e164}">' in front
    shown = desk.get(reverse("admin:bookings_booking_change", args=[booking.pk])).content.decode()
    assert "Answered again" in shown
    assert "Needs a look" in shown
    # Milder answers given later take nothing back: only people do.
    later = NOW + timedelta(minutes=1)
    operations.recheck_screening(booking=booking, version_number=1, answers=CLEAR_ANSWERS, now=later)
    assert booking.reference in desk.get(INDEX).content.decode()
    shown = desk.get(reverse("admin:bookings_booking_change", args=[booking.pk])).content.decode()
    assert "Needs a look: please call the client" in shown
    assert Message.objects.filter(kind=MessageKind.RECHECK_ALERT).count() == 1


def test_a_call_is_recorded_on_the_page_of_a_confirmed_visit_and_settles_it(
    desk: Client, world: World
) -> None:
    booking = operations.confirm_booking(booking=world.book(), actor=None, now=NOW)
    shown = reverse("admin:bookings_booking_change", args=[booking.pk])
    address = reverse("admin:bookings_booking_note", args=[booking.pk])
    assert "record the call" not in desk.get(shown).content.decode()
    answers = {**CLEAR_ANSWERS, "cancer": "yes"}
    first = operations.recheck_screening(booking=booking, version_number=1, answers=answers, now=NOW)
    page = desk.get(shown).content.decode()
    assert "Settle this: record the call" in page
    assert f'name="shown_recheck" value="{first.pk}"' in page

    # The client answers once more while the call is being written down: nothing typed is lost, nothing is settled.
    later = NOW + timedelta(minutes=1)
    answers = {**CLEAR_ANSWERS, "leg_or_clot": "yes"}
    second = operations.recheck_screening(booking=booking, version_number=1, answers=answers, now=later)
    refused = desk.post(address, {"note": "Called Ana: SAID-ON-THE-PHONE.", "shown_recheck": first.pk})
    assert refused.status_code == 409
    assert "answered the health questions again meanwhile" in refused.content.decode()
    assert "Called Ana: SAID-ON-THE-PHONE." in refused.content.decode()
    assert booking.reference in desk.get(INDEX).content.decode()

    # Later than the answers: a note speaks of what came before it.
    with time_machine.travel(NOW + timedelta(minutes=5), tick=False):
        done = desk.post(
            address, {"note": "Called Ana: SAID-ON-THE-PHONE.", "shown_recheck": second.pk}, follow=True
        )
    assert "settled" in done.content.decode()
    assert "Needs a look" not in done.content.decode()
    assert "SAID-ON-THE-PHONE" not in done.content.decode()
    assert "Health answers changed" not in desk.get(INDEX).content.decode()
    assert ClinicianNote.objects.get().note == "Called Ana: SAID-ON-THE-PHONE."


def test_answers_given_again_are_shown_with_the_first_and_the_look_is_written_down(
    desk: Client, world: World
) -> None:
    booking = operations.confirm_booking(booking=world.book(), actor=None, now=NOW)
    url = reverse("admin:bookings_booking_health", args=[booking.pk])
    assert "given again" not in desk.post(url, {"reason": "tomorrow's visit"}).content.decode()
    operations.recheck_screening(
        booking=booking, version_number=1, answers={**CLEAR_ANSWERS, "neck": "yes"}, now=NOW
    )
    shown = desk.post(url, {"reason": "tomorrow's visit"}).content.decode()
    assert "Answers given again before the visit" in shown
    assert "Notes for the therapist" in shown
    assert HealthAccess.objects.count() == 2
