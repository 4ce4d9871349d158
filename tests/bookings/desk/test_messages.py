"""The list of messages, and sending one again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import reverse

from bookings.domain import links, message_copies, operations, outbox
from bookings.enums import LinkPurpose, MessageKind, MessageState
from bookings.models import Booking, Link, Message, MessageSettings
from bookings.notifications import delivery
from bookings.notifications.preview import show
from massagerx.lib.tokens import derive_code
from tests.factories import NOW, World
from tests.support.smtp import MailServer
from tests.support.visits import make_message

from .conftest import signed_in, staff_user
from .test_visit import make_many, said

LIST = reverse("admin:bookings_message_changelist")


def test_list_asks_as_many_queries_for_thirty_bookings_as_for_one(
    desk: Client, world: World, count_queries: Callable[..., Any]
) -> None:
    make_many(world, range(1))
    desk.get(LIST)
    with count_queries() as few:
        assert desk.get(LIST).status_code == 200
    make_many(world, range(1, 31))
    with count_queries() as many:
        assert desk.get(LIST).context["cl"].result_count >= 31

    assert len(many) == len(few) <= 10


def test_messages_are_read_only(owner: Client, world: World) -> None:
    world.book()
    message = Message.objects.first()
    assert message is not None
    page = reverse("admin:bookings_message_change", args=[message.pk])

    assert owner.get(page).status_code == 200
    assert owner.post(page, {"state": "sent"}).status_code == 405
    assert owner.get(reverse("admin:bookings_message_add")).status_code == 403
    assert owner.post(reverse("admin:bookings_message_delete", args=[message.pk])).status_code == 403


@pytest.mark.parametrize(
    ("state", "uncertain_attempts", "again"),
    [
        ("failed", 0, True), ("unknown", 2, True), ("unknown", 1, False), ("sent", 0, False), ("due", 0, False),
        ("sending", 0, False), ("dropped", 0, False),
    ],
)  # fmt: skip
def test_only_what_failed_is_sent_again(
    state: str, uncertain_attempts: int, again: bool, desk: Client, world: World
) -> None:
    world.book()
    message = Message.objects.first()
    assert message is not None
    before = message.message_uuid
    Message.objects.filter(pk=message.pk).update(
        state=state,
        uncertain_attempts=uncertain_attempts,
        attempts=9,
        due_at=NOW - timedelta(days=1),
        first_tried_at=NOW - timedelta(days=1),
    )

    sentences = said(desk.post(LIST, {"action": "send_again", "_selected_action": [message.pk]}, follow=True))

    message.refresh_from_db()
    assert any(("will be sent again" in sentence) == again for sentence in sentences)
    assert message.message_uuid == before
    if again:
        assert (message.state, message.due_at, message.attempts) == (MessageState.DUE, NOW, 0)
    else:
        assert (message.state, message.attempts) == (state, 9)


def test_sending_again_wakes_the_senders(
    world: World, django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.book()
    message = Message.objects.first()
    assert message is not None
    Message.objects.filter(pk=message.pk).update(state=MessageState.FAILED)
    woken: list[int] = []
    monkeypatch.setattr(outbox, "_wake_worker", woken.extend)

    with django_capture_on_commit_callbacks(execute=True):
        assert outbox.send_again(message=message, now=NOW)
        assert not outbox.send_again(message=message, now=NOW)

    assert woken == [message.pk]


# As it was sent, or would be ------------------------------------------------------------------------------------


def page_of(message: Message) -> str:
    return reverse("admin:bookings_message_change", args=[message.pk])


def html_of(message: Message) -> str:
    return reverse("admin:bookings_message_html", args=[message.pk])


def confirmed_message(world: World) -> Message:
    operations.confirm_booking(booking=world.book(), actor=None, now=NOW)
    return Message.objects.get(kind=MessageKind.CONFIRMED)


def test_preview_shows_what_would_be_sent_and_stores_nothing(desk: Client, world: World) -> None:
    message = confirmed_message(world)
    Link.objects.all().delete()

    page = desk.get(page_of(message))

    assert page.context["shown"].note == "As it would be sent now. Private links and codes are hidden."
    assert ("Subject", "Confirmed: Manual lymphatic drainage, Mon, Dec 7 at 10:00 AM PST") in page.context[
        "shown"
    ].headers
    assert "/visits/•••••••/" in page.context["shown"].text
    assert not Link.objects.exists()


def test_preview_shows_what_was_sent_after_the_visit_changed(
    desk: Client, world: World, smtp_server: MailServer
) -> None:
    message = confirmed_message(world)
    delivery.send_due(clock=lambda: NOW)
    token = links.visit_token(world_booking(), now=NOW)
    Booking.objects.update(street="99 Other Street")

    shown = desk.get(page_of(message)).context["shown"]

    assert shown.note == "As it was sent. Private links and codes are hidden."
    assert "12 Sample Street" in shown.text
    assert "99 Other Street" not in shown.text
    [received] = [mail for mail in smtp_server.messages if mail.subject.startswith("Confirmed")]
    assert token in received.text
    assert token not in shown.text + shown.html
    assert received.text.replace(token, "•••••••").split() == shown.text.split()


def world_booking() -> Booking:
    return Booking.objects.get()


def test_copy_is_encrypted_and_goes_after_ninety_days(world: World, smtp_server: MailServer) -> None:
    message = confirmed_message(world)
    delivery.send_due(clock=lambda: NOW)
    with connection.cursor() as cursor:
        cursor.execute("SELECT copy FROM bookings_message WHERE id = %s", [message.pk])
        stored = cursor.fetchone()[0]

    assert stored.startswith("gAAAAA")
    assert len(stored) < 20_000
    assert message_copies.purge_copies(now=NOW + timedelta(days=89)) == 0
    assert message_copies.purge_copies(now=NOW + timedelta(days=90)) >= 1
    message.refresh_from_db()
    assert message.copy is None
    assert show(message, now=NOW).note == "It was sent so long ago that its copy is not kept any more."


def test_html_is_locked_in(desk: Client, world: World) -> None:
    message = confirmed_message(world)

    answer = desk.get(html_of(message))

    rules = answer["Content-Security-Policy"]
    assert "default-src 'none'" in rules
    assert "sandbox allow-popups" in rules
    assert "script-src" not in rules
    assert "allow-scripts" not in rules
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    page_policy = desk.get(page_of(message))["Content-Security-Policy"]
    assert "frame-src 'self'" in page_policy
    assert "unsafe" not in page_policy
    assert desk.post(html_of(message)).status_code == 405


def test_message_that_can_not_be_written_says_so(desk: Client, world: World) -> None:
    message = confirmed_message(world)
    Message.objects.filter(pk=message.pk).update(kind="nonsense")

    assert desk.get(page_of(message)).context["shown"].note == "This message can't be written: KeyError"
    assert desk.get(html_of(message)).status_code == 404


@pytest.mark.parametrize("kind", [MessageKind.SIGN_IN, MessageKind.CODE])
def test_links_and_codes_are_never_shown(
    desk: Client, world: World, smtp_server: MailServer, kind: str
) -> None:
    purpose = LinkPurpose(kind)
    link = links.new_link(
        purpose=purpose, email="ana@example.com", created_at=NOW, expires_at=NOW + timedelta(minutes=20)
    )
    message = Message.objects.create(kind=kind, link=link, due_at=NOW, created_at=NOW)
    secret = links.token_of(link) if kind == MessageKind.SIGN_IN else derive_code("code", link.nonce)

    before = desk.get(page_of(message)).content.decode() + desk.get(html_of(message)).content.decode()
    delivery.send_due(clock=lambda: NOW)
    after = desk.get(page_of(message)).content.decode() + desk.get(html_of(message)).content.decode()

    assert secret in smtp_server.messages[0].text
    assert secret not in before + after
    assert "•••••••" in before
    assert "•••••••" in after


def test_preview_needs_the_right_to_see_messages(world: World) -> None:
    message = confirmed_message(world)
    stranger = signed_in(staff_user("writer", "view_service"))

    for place in (page_of(message), html_of(message)):
        assert stranger.get(place).status_code == 403
        assert Client().get(place).status_code == 302


def test_page_of_a_failed_message_offers_to_send_it_again(desk: Client, world: World) -> None:
    message = confirmed_message(world)
    assert b"Send again" not in desk.get(page_of(message)).content
    Message.objects.filter(pk=message.pk).update(state=MessageState.FAILED)

    assert b'value="send_again"' in desk.get(page_of(message)).content


def test_every_target_has_its_place_in_the_list(desk: Client, world: World) -> None:
    world.book()
    for kind in (
        MessageKind.CODE,
        MessageKind.BOOKLET,
        MessageKind.CONTACT_ANSWER,
        MessageKind.CONTACT_ALERT,
    ):
        make_message(kind)

    page = desk.get(LIST).content.decode()

    for words in ("private link", "ana@client.example", "booklet", "message from the site", "staff"):
        assert words in page


# The owner's settings ----------------------------------------------------------------------------------------------

SETTINGS = reverse("admin:bookings_messagesettings_add")
VALUES = {
    "reply_to": "answers@example.com", "signature": "Warmly,\nthe <b>team</b>", "first_reminder_hours": 72,
    "last_reminder_hours": 3, "recheck_hours": 24, "thanks_hours": 0, "second_thoughts_minutes": 2,
    "review_days": 0,
}  # fmt: skip


def test_settings_reach_the_next_message_and_those_that_wait(
    owner: Client, world: World, django_capture_on_commit_callbacks: Any
) -> None:
    message = confirmed_message(world)
    with django_capture_on_commit_callbacks(execute=True):
        assert owner.post(SETTINGS, VALUES).status_code == 302

    shown = show(message, now=NOW)
    assert ("Answers to", "answers@example.com") in shown.headers
    assert "Warmly,\nthe <b>team</b>" in shown.text
    assert "Warmly,<br>the &lt;b&gt;team&lt;/b&gt;" in shown.html
    first = Message.objects.get(kind=MessageKind.REMINDER_FIRST)
    assert first.due_at == world_booking().starts_at - timedelta(hours=72)
    assert not Message.objects.filter(kind=MessageKind.THANKS).exists()


def test_settings_refuse_a_first_reminder_after_the_last(owner: Client, world: World) -> None:
    page = owner.post(SETTINGS, {**VALUES, "first_reminder_hours": 3})

    assert "more hours before the visit than the last" in page.content.decode()
    assert not MessageSettings.objects.exists()


def test_settings_are_the_owners(desk: Client, world: World) -> None:
    assert desk.get(SETTINGS).status_code == 403


def test_what_will_not_be_sent_any_more_does_not_wait(world: World, owner: Client) -> None:
    booking = world.book()
    operations.confirm_booking(booking=booking, actor=User.objects.get(username="owner"), now=NOW)
    thanks = Message.objects.get(booking=booking, kind=MessageKind.THANKS)
    Message.objects.exclude(pk=thanks.pk).update(state=MessageState.SENT)
    pages = [
        reverse("admin:bookings_booking_change", args=[booking.pk]),
        reverse("admin:bookings_message_changelist"),
        reverse("admin:bookings_message_change", args=[thanks.pk]),
    ]
    for address in pages:
        assert "Will not be sent" not in owner.get(address).content.decode(), address
    operations.cancel_booking(booking=booking, actor=None, by_client=True, now=NOW)
    assert Message.objects.get(pk=thanks.pk).state == MessageState.DUE
    for address in pages:
        assert "Will not be sent" in owner.get(address).content.decode(), address
