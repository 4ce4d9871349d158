"""The command that does the sweep's work when Celery and Redis are dead."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from bookings.enums import MessageKind, MessageState
from bookings.models import Message
from massagerx.celery import app
from tests.support.smtp import MailServer
from tests.support.visits import make_business, make_message, make_visit

pytestmark = pytest.mark.django_db


def run() -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    call_command("send_due_messages", stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def due(count: int) -> None:
    make_business()
    now = timezone.now()
    for _ in range(count):
        booking = make_visit(starts_at=now + timedelta(days=2))
        make_message(MessageKind.RECEIVED, booking=booking, due_at=now, created_at=now)


def test_command_sends_what_is_due_without_a_broker(
    smtp_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.conf, "broker_url", "redis+socket:///nowhere/at/all.sock")
    due(3)

    assert run() == ("Messages: 3 sent.\n", "")

    assert len(smtp_server.messages) == 3
    assert run() == ("Nothing was due.\n", "")


def test_command_says_when_the_mail_server_is_away(smtp_server: MailServer) -> None:
    smtp_server.stop()
    due(2)

    out, err = run()

    assert out == "Messages: 2 server away.\n"
    assert "did not answer" in err
    assert set(Message.objects.values_list("state", flat=True)) == {MessageState.DUE}
