"""The list of messages, and sending one again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from bookings.domain import outbox
from bookings.enums import MessageState
from bookings.models import Message
from tests.factories import NOW, World

from .test_bookings import make_many, said

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
    assert owner.post(page, {"state": "sent"}).status_code == 403
    assert owner.get(reverse("admin:bookings_message_add")).status_code == 403
    assert owner.post(reverse("admin:bookings_message_delete", args=[message.pk])).status_code == 403


@pytest.mark.parametrize(
    ("state", "doubts", "again"),
    [
        ("failed", 0, True), ("unknown", 2, True), ("unknown", 1, False), ("sent", 0, False), ("due", 0, False),
        ("sending", 0, False), ("dropped", 0, False),
    ],
)  # fmt: skip
def test_only_what_failed_is_sent_again(
    state: str, doubts: int, again: bool, desk: Client, world: World
) -> None:
    world.book()
    message = Message.objects.first()
    assert message is not None
    before = message.message_uuid
    Message.objects.filter(pk=message.pk).update(
        state=state, doubts=doubts, attempts=9, due_at=NOW - timedelta(days=1), first_tried_at=NOW - timedelta(days=1)
    )  # fmt: skip

    sentences = said(desk.post(LIST, {"action": "send_again", "_selected_action": [message.pk]}, follow=True))

    message.refresh_from_db()
    assert any(("will be sent again" in sentence) == again for sentence in sentences)
    assert message.message_uuid == before
    if again:
        assert (message.state, message.due_at, message.attempts) == (MessageState.DUE, NOW, 0)
    else:
        assert (message.state, message.attempts) == (state, 9)


def test_sending_again_nudges_the_senders(
    world: World, django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.book()
    message = Message.objects.first()
    assert message is not None
    Message.objects.filter(pk=message.pk).update(state=MessageState.FAILED)
    nudged: list[int] = []
    monkeypatch.setattr(outbox, "_nudge", nudged.extend)

    with django_capture_on_commit_callbacks(execute=True):
        assert outbox.send_again(message=message, now=NOW)
        assert not outbox.send_again(message=message, now=NOW)

    assert nudged == [message.pk]
