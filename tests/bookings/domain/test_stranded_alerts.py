"""The desk hears in time of visits that can't be kept, once for each cause, and their clients aren't reminded."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connections

from bookings.domain import operations, stranding
from bookings.domain.operations import Act, NewTime
from bookings.enums import MessageKind, MessageState
from bookings.models import Booking, Message, StrandedNotice, Therapist, TimeOff
from bookings.notifications import delivery
from bookings.notifications.verdicts import Outcome
from tests.factories import DAY, NOW, World, at
from tests.support.smtp import MailServer

pytestmark = [pytest.mark.django_db, pytest.mark.integrity]

# Sunday, 8:00: the visit on Monday at 10 is 26 hours ahead.
SUNDAY = at(8, day=DAY - timedelta(days=1))


def confirmed(world: World) -> Booking:
    booking = operations.confirm_booking(booking=world.book(), actor=None, now=NOW)
    Message.objects.filter(due_at__lte=NOW).update(state=MessageState.SENT)
    return booking


def go_away(world: World) -> TimeOff:
    return TimeOff.objects.create(therapist=world.therapist, starts_at=at(8), ends_at=at(20))


def alerts() -> list[str]:
    return list(
        Message.objects.filter(kind=MessageKind.STRANDED_ALERT).order_by("pk").values_list("state", flat=True)
    )


def send(moment: datetime) -> dict[Outcome, int]:
    return delivery.send_due(clock=lambda: moment)


def test_the_desk_hears_within_two_days_and_once(world: World, smtp_server: MailServer) -> None:
    booking = confirmed(world)
    go_away(world)
    assert stranding.tell_desk(now=booking.starts_at - timedelta(hours=48, seconds=1)) == 0
    two_days_before = booking.starts_at - timedelta(hours=48)
    assert stranding.tell_desk(now=two_days_before) == 1
    assert stranding.tell_desk(now=two_days_before + timedelta(hours=1)) == 0

    Message.objects.exclude(kind=MessageKind.STRANDED_ALERT).update(state=MessageState.SENT)
    assert send(two_days_before) == {Outcome.SENT: 1}
    (mail,) = smtp_server.messages
    assert mail.recipients == ["hello@example.com"]
    text = mail.text
    assert booking.reference in text
    assert "the therapist has time off" in text
    assert "Ana" not in text


def test_a_visit_that_can_be_kept_is_told_to_nobody(world: World) -> None:
    confirmed(world)
    assert stranding.tell_desk(now=SUNDAY) == 0
    assert alerts() == []


def test_what_another_process_tells_during_the_look_is_not_solved(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    confirmed(world)
    look = stranding.stranded_by

    def slow_look(**asked: Any) -> list[stranding.Stranded]:
        found = look(**asked)
        go_away(world)
        assert stranding.tell_of(look(**asked), now=SUNDAY) == 1
        return found

    monkeypatch.setattr(stranding, "stranded_by", slow_look)
    assert stranding.tell_desk(now=SUNDAY) == 0
    assert StrandedNotice.objects.count() == 1


def test_another_cause_is_told_again_and_so_is_one_that_comes_back(world: World) -> None:
    confirmed(world)
    off = go_away(world)
    assert stranding.tell_desk(now=SUNDAY) == 1
    Message.objects.filter(kind=MessageKind.STRANDED_ALERT).update(state=MessageState.SENT)
    off.delete()
    assert stranding.tell_desk(now=SUNDAY) == 0
    assert not StrandedNotice.objects.exists()
    go_away(world)
    assert stranding.tell_desk(now=SUNDAY) == 1
    Therapist.objects.update(is_active=False)
    assert stranding.tell_desk(now=SUNDAY) == 1
    assert stranding.tell_desk(now=SUNDAY) == 0
    # It is one row, due once more: what it says is looked up when it leaves.
    assert alerts() == [MessageState.DUE]


def test_an_alert_is_dropped_when_the_visit_can_be_kept_again(world: World, smtp_server: MailServer) -> None:
    booking = confirmed(world)
    off = go_away(world)
    stranding.tell_desk(now=SUNDAY)
    off.delete()
    Message.objects.exclude(kind=MessageKind.STRANDED_ALERT).update(state=MessageState.SENT)
    assert send(SUNDAY) == {Outcome.DROPPED: 1}
    go_away(world)
    stranding.tell_desk(now=SUNDAY)
    operations.move_booking(booking=booking, to=NewTime(at(10, day=DAY + timedelta(days=1))), act=Act(SUNDAY))
    Message.objects.exclude(kind=MessageKind.STRANDED_ALERT).update(state=MessageState.SENT)
    assert send(SUNDAY) in ({Outcome.DROPPED: 1}, {})
    assert smtp_server.messages == []
    stranding.tell_desk(now=SUNDAY)
    assert not StrandedNotice.objects.exists()


def test_two_workers_at_once_write_one_alert(world: World, transactional_db: None) -> None:
    confirmed(world)
    go_away(world)
    together = threading.Barrier(2)
    written: list[int] = []

    def work() -> None:
        try:
            together.wait(timeout=60)
            written.append(stranding.tell_desk(now=SUNDAY))
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=60)
    assert sorted(written) == [0, 1]
    assert alerts() == [MessageState.DUE]


@pytest.mark.parametrize("kind", [MessageKind.REMINDER_FIRST, MessageKind.RECHECK, MessageKind.REMINDER_LAST])
def test_what_says_that_we_come_waits_until_somebody_can(
    kind: MessageKind, world: World, smtp_server: MailServer
) -> None:
    booking = confirmed(world)
    off = go_away(world)
    Message.objects.exclude(kind=kind).update(state=MessageState.SENT)
    row = Message.objects.get(kind=kind, booking=booking)
    later = row.due_at + timedelta(minutes=6)
    assert send(row.due_at) == {Outcome.NOT_YET: 1}
    assert send(row.due_at) == {}
    assert send(later) == {Outcome.NOT_YET: 1}
    row.refresh_from_db()
    assert (row.state, row.attempts, smtp_server.messages) == (MessageState.DUE, 0, [])
    off.delete()
    assert send(later + timedelta(minutes=6)) == {Outcome.SENT: 1}
    assert [mail.recipients for mail in smtp_server.messages] == [["ana@example.com"]]


def test_who_was_visited_is_thanked_whatever_came_after(world: World, smtp_server: MailServer) -> None:
    booking = confirmed(world)
    go_away(world)
    Message.objects.exclude(kind=MessageKind.THANKS).update(state=MessageState.SENT)
    assert send(booking.ends_at + timedelta(hours=20)) == {Outcome.SENT: 1}
