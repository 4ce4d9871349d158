"""`kill -9` of the watch, or of the sender, with an alert about a door in its hands: none is lost, none comes twice."""

from __future__ import annotations

import os
import signal
from collections import Counter
from datetime import datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from bookings.domain import check_ins, outbox, sending
from bookings.enums import MessageKind, MessageState
from bookings.models import Booking, Message
from bookings.notifications import delivery
from tests.factories import World, at, make_world
from tests.support.smtp import MailServer

from .test_check_ins import MINUTE, OVERDUE, hands, people, row, visit, watch_until

__all__ = ["hands", "people", "visit"]
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a second process"),
]
ALARM = OVERDUE + 5 * MINUTE


@pytest.fixture
def world(transactional_db: None) -> World:
    return make_world()


def look_and_send(moment: datetime) -> None:
    check_ins.watch(now=moment)
    delivery.send_due(clock=lambda: moment)


@pytest.mark.parametrize(
    ("step", "takes"),
    [
        # The alert is written, and not committed; committed, and nobody woken; claimed; taken by the mail server.
        ("write_to", 0),
        ("claim_due", 0),
        ("mark_handing_over", 0),
        ("mark_sent", 1),
    ],
)
def test_each_alert_arrives_once_whoever_was_killed_with_it(
    visit: Booking, people: list[User], smtp_server: MailServer, step: str, takes: int
) -> None:
    watch_until(ALARM - MINUTE / 2)
    Message.objects.update(state=MessageState.SENT)

    child = os.fork()
    if child == 0:
        _die_at(step, ALARM)
    _pid, status = os.waitpid(child, 0)

    assert os.WIFSIGNALED(status)
    assert os.WTERMSIG(status) == signal.SIGKILL
    assert len(smtp_server.messages) == takes
    # The next watch and sweep are seconds away.
    for seconds in range(20, 271, 30):
        look_and_send(ALARM + MINUTE * seconds / 60)
    assert row(visit).turns == 1
    assert Message.objects.get(kind=MessageKind.CHECK_IN_ALERT).state == MessageState.SENT
    # What the server may have taken comes again under its own Message-ID, so that a mailbox shows it once.
    assert set(_arrived(smtp_server)) == {"zoe@example.com"}
    assert len({letter.message["Message-ID"] for letter in smtp_server.messages}) == 1
    assert len(smtp_server.messages) == takes + 1
    # And the turns go on as ever.
    look_and_send(ALARM + 6 * MINUTE)
    assert _arrived(smtp_server)["al@example.com"] == 1


def _arrived(server: MailServer) -> Counter[str]:
    return Counter(address for letter in server.messages for address in letter.recipients)


def _die_at(step: str, moment: datetime) -> None:
    """In a process of its own: ends without a word once the step was taken, of the last before it is written."""
    module = outbox if step == "write_to" else sending
    done = getattr(module, step)

    def last(*args: Any, **kwargs: Any) -> None:
        if step != "mark_sent":
            done(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)

    try:
        # The parent's connection is left alone, neither used nor closed: a new one is opened.
        parents = connection.connection
        connection.connection = None
        setattr(module, step, last)
        look_and_send(moment)
        del parents
    finally:
        os._exit(1)


assert at(11, 20) == ALARM
