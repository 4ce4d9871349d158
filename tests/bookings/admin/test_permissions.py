"""Who may do what: every address of the admin that is ours, for each kind of visitor."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from bookings.enums import MessageState
from bookings.models import Booking, HealthAccess, Message
from tests.factories import CLEAR_ANSWERS, World

from .conftest import DESK_RIGHTS, signed_in, staff_user

STATUS_ACTIONS = ("confirm", "decline", "complete", "no-show", "cancel")
POSTS = [*STATUS_ACTIONS, "health", "note"]
# What each address asks for; a member of staff with all rights but one of them is refused.
NEEDED = {
    **{action: {"change_booking"} for action in STATUS_ACTIONS},
    "health": {"view_screeningrecord"},
    "note": {"change_booking", "add_cliniciannote"},
}


@pytest.fixture
def booking(world: World) -> Booking:
    return world.book(answers={**CLEAR_ANSWERS, "pregnancy": "yes"})


@pytest.mark.parametrize(
    "aim", ["//evil.example", "https://evil.example/admin/", "/\\evil.example", "javascript:1"]
)
def test_login_never_leads_away_and_ends_at_the_desk(client: Client, db: None, aim: str) -> None:
    User.objects.create_user("desk", password="a-long-pass-word", is_staff=True)
    data = {"username": "desk", "password": "a-long-pass-word", "next": aim}
    response = client.post(reverse("admin:login"), data)
    assert response.status_code == 302
    assert response["Location"] == "/admin/"


def address(booking: Booking, name: str) -> str:
    if name in STATUS_ACTIONS:
        return reverse("admin:bookings_booking_do", args=[booking.pk, name])
    return reverse(f"admin:bookings_booking_{name}", args=[booking.pk])


def untouched(booking: Booking) -> bool:
    booking.refresh_from_db()
    return (
        booking.status == "requested"
        and not HealthAccess.objects.exists()
        and not booking.clinician_notes.exists()
        and booking.events.count() == 1
    )


def post(client: Client, booking: Booking, name: str) -> int:
    return client.post(address(booking, name), {"reason": "Why", "note": "Fine"}).status_code


@pytest.mark.parametrize("name", POSTS)
def test_visitors_and_clients_are_sent_to_log_in(name: str, booking: Booking) -> None:
    visitor = Client()
    member = signed_in(User.objects.create_user("member", password="a-long-password"))

    for client in (visitor, member):
        response = client.post(address(booking, name), {"reason": "Why", "note": "Fine"})
        assert response.status_code == 302
        assert reverse("admin:login") in response["Location"]
    assert untouched(booking)


@pytest.mark.parametrize("name", POSTS)
def test_staff_without_rights_are_refused(name: str, booking: Booking) -> None:
    assert post(signed_in(staff_user("writer")), booking, name) == 403
    assert untouched(booking)


@pytest.mark.parametrize(
    ("name", "right"), [(name, right) for name in POSTS for right in sorted(NEEDED[name])]
)
def test_staff_who_lack_one_right_are_refused(name: str, right: str, booking: Booking) -> None:
    client = signed_in(staff_user("desk", *(set(DESK_RIGHTS) - {right})))

    assert post(client, booking, name) == 403
    assert untouched(booking)


@pytest.mark.parametrize("name", POSTS)
def test_staff_with_the_rights_may(name: str, booking: Booking) -> None:
    client = signed_in(staff_user("desk", *DESK_RIGHTS))

    assert post(client, booking, name) in (200, 302)


def test_viewer_reads_and_has_no_buttons(booking: Booking) -> None:
    viewer = signed_in(staff_user("viewer", "view_booking"))
    page = viewer.get(reverse("admin:bookings_booking_change", args=[booking.pk]))
    text = page.content.decode()

    assert page.status_code == 200
    for name in POSTS:
        assert address(booking, name) not in text
    listing = viewer.get(reverse("admin:bookings_booking_changelist"))
    assert "confirm_selected" not in listing.content.decode()
    viewer.post(
        reverse("admin:bookings_booking_changelist"),
        {"action": "cancel_selected", "_selected_action": [booking.pk]},
    )
    assert untouched(booking)


@pytest.mark.parametrize(
    "model",
    [
        "booking", "client", "message", "therapist", "zone", "servicearea", "closure", "bookingrules",
        "termsversion", "screeningversion", "driveoverride",
    ],
)  # fmt: skip
def test_staff_without_rights_see_no_list(model: str, booking: Booking) -> None:
    assert (
        signed_in(staff_user("writer")).get(reverse(f"admin:bookings_{model}_changelist")).status_code == 403
    )


def test_messages_are_sent_again_only_by_those_who_may(booking: Booking) -> None:
    message = Message.objects.filter(booking=booking).first()
    assert message is not None
    Message.objects.filter(pk=message.pk).update(state=MessageState.FAILED)
    listing = reverse("admin:bookings_message_changelist")
    again = {"action": "send_again", "_selected_action": [message.pk]}

    signed_in(staff_user("viewer", "view_message")).post(listing, again)
    message.refresh_from_db()
    assert message.state == MessageState.FAILED

    signed_in(staff_user("desk", "view_message", "change_message")).post(listing, again)
    message.refresh_from_db()
    assert message.state == MessageState.DUE
