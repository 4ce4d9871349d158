"""Delivery: what each way a conversation can end does to the row, and to the mailbox."""

from __future__ import annotations

import email
import email.policy
import logging
import threading
import uuid
from collections import Counter
from datetime import datetime, timedelta

import pytest
from django.db import connection

from bookings.domain import sending
from bookings.enums import BookingStatus, MessageKind, MessageState
from bookings.models import Message
from bookings.notifications import delivery
from bookings.notifications.verdicts import Outcome
from tests.support.smtp import MailServer
from tests.support.visits import CANARIES, NOW, STATUS_OF, make_business, make_message, make_visit

from .conftest import DROP, HANG

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _business(db: None) -> None:
    make_business()


def at(moment: datetime = NOW):
    return lambda: moment


def send(moment: datetime = NOW) -> dict[Outcome, int]:
    return delivery.send_due(clock=at(moment))


def headers_of(raw: bytes) -> email.message.EmailMessage:
    parsed = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(parsed, email.message.EmailMessage)
    return parsed


# What arrives -------------------------------------------------------------------------------------------------


def test_delivery_sends_a_whole_email(smtp_server: MailServer) -> None:
    message = make_message(MessageKind.CONFIRMED)

    assert send() == {Outcome.SENT: 1}

    [received] = smtp_server.messages
    assert received.recipients == ["ana@client.example"]
    assert received.subject == "Confirmed: Manual lymphatic drainage, Thu, Oct 15 at 2:30 PM PDT"
    assert received.message["Message-ID"] == f"<{message.message_uuid}@example.com>"
    assert received.message["Auto-Submitted"] == "auto-generated"
    assert received.message["Reply-To"] == "visits@business.example"
    assert "2:30 PM – 4:00 PM PDT" in received.text
    assert "October 15" in received.html
    assert "METHOD:REQUEST" in received.calendar
    types = [part.get_content_type() for part in received.message.walk()]
    assert types == [
        "multipart/mixed", "multipart/alternative", "text/plain",
        "multipart/related", "text/html", "image/png", "text/calendar", "text/calendar",
    ]  # fmt: skip
    calendar_parts = [part for part in received.message.walk() if part.get_content_type() == "text/calendar"]
    assert [part.get_param("method") for part in calendar_parts] == ["REQUEST", "REQUEST"]
    assert calendar_parts[1].get_filename() == "visit.ics"
    message.refresh_from_db()
    assert (message.state, message.sent_at, message.lease, message.attempts) == (
        MessageState.SENT,
        NOW,
        None,
        1,
    )


@pytest.mark.parametrize("kind", list(MessageKind))
def test_delivery_keeps_secrets_out_of_every_kind(smtp_server: MailServer, kind: MessageKind) -> None:
    make_message(kind)

    assert send() == {Outcome.SENT: 1}

    [received] = smtp_server.messages
    whole = received.raw.decode() + received.text + received.html + received.calendar
    assert [canary for canary in CANARIES if canary in whole] == []
    if kind is MessageKind.STAFF_ALERT:
        assert received.recipients == ["visits@business.example"]
        for private in ("Ana", "client.example", "Sample Street", "555-0199"):
            assert private not in whole


def test_delivery_uses_one_connection_for_a_sweep(scripted) -> None:
    server = scripted({})
    for _ in range(5):
        make_message()

    assert send() == {Outcome.SENT: 5}

    assert (server.conversations, len(server.bodies)) == (1, 5)


def test_delivery_opens_a_new_connection_when_the_server_ended_the_old_one(scripted) -> None:
    server = scripted({"NOOP": DROP}, {})
    make_message()
    make_message()

    assert send() == {Outcome.SENT: 2}

    assert (server.conversations, len(server.bodies)) == (2, 2)


# How a conversation can end ------------------------------------------------------------------------------------

ENDS = [
    ({"": "421 busy"}, MessageState.DUE, "SMTPConnectError 421"),
    ({"": "554 go away"}, MessageState.DUE, "SMTPConnectError 554"),
    ({"": DROP}, MessageState.DUE, "SMTPServerDisconnected"),
    ({"": HANG}, MessageState.DUE, "SMTPServerDisconnected"),
    ({"EHLO": DROP}, MessageState.DUE, "SMTPServerDisconnected"),
    ({"MAIL": "451 later"}, MessageState.DUE, "SMTPSenderRefused 451"),
    ({"MAIL": "552 too big"}, MessageState.FAILED, "SMTPSenderRefused 552"),
    ({"MAIL": "530 log in first"}, MessageState.DUE, "SMTPSenderRefused 530"),
    ({"RCPT": "450 greylisted"}, MessageState.DUE, "SMTPRecipientsRefused 450"),
    ({"RCPT": "550 ana@client.example unknown"}, MessageState.FAILED, "SMTPRecipientsRefused 550"),
    ({"RCPT": DROP}, MessageState.DUE, "SMTPServerDisconnected"),
    ({"DATA": "451 later"}, MessageState.DUE, "SMTPDataError 451"),
    ({"DATA": "554 no"}, MessageState.FAILED, "SMTPDataError 554"),
    ({"DATA": DROP}, MessageState.DUE, "SMTPServerDisconnected"),
    ({"DATA": HANG}, MessageState.DUE, "SMTPServerDisconnected"),
    # The server answers RSET with 250 after it refused the body: that 250 is no acceptance.
    ({".": "451 later"}, MessageState.DUE, "SMTPDataError 451"),
    ({".": "554 spam"}, MessageState.FAILED, "SMTPDataError 554"),
    ({".": DROP}, MessageState.UNKNOWN, "SMTPServerDisconnected"),
    ({".": HANG}, MessageState.UNKNOWN, "SMTPServerDisconnected"),
    ({"QUIT": DROP}, MessageState.SENT, ""),
    ({"QUIT": "500 what"}, MessageState.SENT, ""),
]


@pytest.mark.parametrize(("script", "state", "error"), ENDS, ids=[str(end[0]) for end in ENDS])
def test_delivery_judges_each_end(scripted, script: dict[str, str], state: str, error: str) -> None:
    scripted(script)
    message = make_message()

    send()

    message.refresh_from_db()
    assert (message.state, message.last_error) == (state, error)
    assert message.lease is None
    assert message.leased_until is None
    assert message.handed_over_at is None
    if state == MessageState.DUE:
        assert NOW + timedelta(seconds=15) <= message.due_at <= NOW + timedelta(seconds=90)


def test_delivery_waits_while_no_server_listens(settings, unused_tcp_port: int) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", unused_tcp_port
    for _ in range(10):
        make_message()

    counts = send()

    assert counts == {Outcome.SERVER_AWAY: delivery.AWAY_LIMIT}
    assert set(Message.objects.values_list("state", flat=True)) == {MessageState.DUE}
    assert Message.objects.filter(attempts=0).count() == 10 - delivery.AWAY_LIMIT


def test_delivery_leaves_within_minutes_of_the_servers_return(
    scripted, settings, unused_tcp_port: int
) -> None:
    server = scripted({})
    for _ in range(20):
        make_message()
    working, settings.EMAIL_PORT = settings.EMAIL_PORT, unused_tcp_port
    moment = NOW
    while moment < NOW + timedelta(minutes=30):  # the beat's sweeps, with the server away
        send(moment)
        moment += timedelta(seconds=30)
    assert len(server.bodies) == 0
    settings.EMAIL_PORT = working

    for _ in range(4):
        send(moment)
        moment += timedelta(seconds=30)

    assert len(server.bodies) == 20
    assert set(Message.objects.values_list("state", flat=True)) == {MessageState.SENT}


def test_delivery_gives_up_after_a_day(scripted) -> None:
    scripted({"RCPT": "450 later"})
    message = make_message()
    moment = NOW
    while Message.objects.filter(state=MessageState.DUE).exists():
        assert moment < NOW + timedelta(days=2)
        send(moment)
        moment += timedelta(minutes=10)

    message.refresh_from_db()
    assert message.state == MessageState.FAILED
    assert message.last_error == "given up: SMTPRecipientsRefused 450"
    assert moment >= NOW + timedelta(days=1)
    assert 12 <= message.attempts <= 30


def test_retry_delay_doubles_with_chance_and_has_an_end() -> None:
    for attempts, seconds in ((1, 30), (2, 60), (5, 480), (60, 7200)):
        delays = {delivery.retry_delay(attempts, away=False).total_seconds() for _ in range(50)}
        assert seconds * 0.5 <= min(delays) <= max(delays) <= seconds * 1.5
        assert len(delays) > 10
    assert delivery.retry_delay(60, away=True) <= timedelta(seconds=90)


# Nobody knows ---------------------------------------------------------------------------------------------------


def test_unknown_outcome_is_sent_once_more_with_the_same_id(scripted) -> None:
    server = scripted({".": DROP}, {})
    message = make_message()
    send()
    message.refresh_from_db()
    assert (message.state, message.uncertain_attempts) == (MessageState.UNKNOWN, 1)
    assert send(NOW + timedelta(seconds=30)) == {}  # not at once

    assert send(NOW + timedelta(minutes=3)) == {Outcome.SENT: 1}

    assert send(NOW + timedelta(days=3)) == {}
    first, second = (headers_of(body) for body in server.bodies)
    assert first["Message-ID"] == second["Message-ID"] == f"<{message.message_uuid}@example.com>"
    message.refresh_from_db()
    assert message.state == MessageState.SENT


def test_unknown_outcome_twice_is_left_to_staff(scripted) -> None:
    server = scripted({".": DROP})
    message = make_message()

    for hours in range(0, 72, 6):
        send(NOW + timedelta(hours=hours))

    message.refresh_from_db()
    assert (message.state, message.uncertain_attempts, len(server.bodies)) == (MessageState.UNKNOWN, 2, 2)


def test_unknown_outcome_keeps_its_second_chance_through_a_refusal(scripted) -> None:
    server = scripted({".": DROP}, {"RCPT": "450 later"}, {})
    message = make_message()

    for minutes in (0, 3, 6, 9):
        send(NOW + timedelta(minutes=minutes))

    message.refresh_from_db()
    assert (message.state, len(server.bodies)) == (MessageState.SENT, 2)


def test_sender_that_died_after_hand_over_counts_as_unknown(scripted) -> None:
    server = scripted({})
    message = make_message()
    [claimed] = sending.claim_due(now=NOW)
    assert sending.mark_handing_over(claimed, now=NOW)
    assert send(NOW + timedelta(seconds=59)) == {}  # still its own

    assert send(NOW + timedelta(seconds=61)) == {Outcome.SENT: 1}

    message.refresh_from_db()
    assert (message.state, message.uncertain_attempts, len(server.bodies)) == (MessageState.SENT, 1, 1)


def test_sender_that_died_after_hand_over_twice_is_not_repeated(scripted) -> None:
    server = scripted({})
    message = make_message()
    for moment in (NOW, NOW + timedelta(minutes=5)):
        [claimed] = sending.claim_due(now=moment)
        assert sending.mark_handing_over(claimed, now=moment)

    assert send(NOW + timedelta(minutes=10)) == {}

    message.refresh_from_db()
    assert (message.state, message.uncertain_attempts, server.bodies) == (MessageState.UNKNOWN, 2, [])


def test_sender_that_died_before_hand_over_is_replaced_without_doubt(scripted) -> None:
    server = scripted({})
    message = make_message()
    for minutes in range(0, 40, 2):  # many deaths in a row cost time, never the message
        assert len(sending.claim_due(now=NOW + timedelta(minutes=minutes))) == 1

    assert send(NOW + timedelta(hours=1)) == {Outcome.SENT: 1}

    message.refresh_from_db()
    assert (message.uncertain_attempts, len(server.bodies)) == (0, 1)


def test_sender_whose_lease_was_taken_does_not_hand_over(scripted) -> None:
    server = scripted({})
    message = make_message()
    [claimed] = sending.claim_due(now=NOW)
    other = uuid.uuid4()
    Message.objects.update(lease=other)

    assert delivery.deliver(claimed, clock=at()) is Outcome.LEASE_LOST

    message.refresh_from_db()
    assert (server.bodies, message.state, message.lease) == ([], MessageState.SENDING, other)


# One bad row, stale rows ------------------------------------------------------------------------------------------


@pytest.mark.integrity
def test_poison_rows_fail_alone(scripted, caplog: pytest.LogCaptureFixture) -> None:
    server = scripted({})
    poison = [
        make_message(kind="nonsense", booking=make_visit()),
        make_message(booking=make_visit(email="ana@client.example\nBcc: thief@evil.example")),
    ]
    for _ in range(3):
        make_message()

    counts = send()

    assert counts == {Outcome.FAILED: 2, Outcome.SENT: 3}
    assert len(server.bodies) == 3
    for message in poison:
        message.refresh_from_db()
        assert message.state == MessageState.FAILED
    assert {message.last_error for message in poison} == {
        "not written: KeyError", "not written: BadHeaderError",
    }  # fmt: skip


# An alarm about somebody at a door, and what a person said of all their visits, are true whatever becomes of the visit.
@pytest.mark.parametrize(
    "kind", sorted(STATUS_OF.keys() - {MessageKind.CHECK_IN_ALERT, MessageKind.CONSENT_BACK})
)
def test_message_is_dropped_when_the_booking_has_moved_on(scripted, kind: MessageKind) -> None:
    server = scripted({})
    message = make_message(kind)
    booking = message.booking
    assert booking is not None
    # Nobody opened: one kind alone speaks of it, and it doesn't speak of a visit that was declined.
    booking.status = BookingStatus.DECLINED if kind == MessageKind.NO_SHOW else BookingStatus.NO_SHOW
    booking.save()

    assert send() == {Outcome.DROPPED: 1}

    message.refresh_from_db()
    assert (message.state, server.bodies) == (MessageState.DROPPED, [])
    # What tells of several hangs on none of them alone.
    is_of_several = kind == MessageKind.TOGETHER
    why = "none of the visits is to come" if is_of_several else f"the booking is {booking.status} now"
    assert message.last_error == why


def test_received_is_dropped_and_confirmed_sent_once_staff_were_quicker(scripted) -> None:
    server = scripted({})
    received = make_message(MessageKind.RECEIVED)
    alert = make_message(MessageKind.STAFF_ALERT, booking=received.booking)
    booking = received.booking
    assert booking is not None
    booking.status, booking.revision, booking.confirmed_at = BookingStatus.CONFIRMED, 1, NOW
    booking.save()
    confirmed = make_message(MessageKind.CONFIRMED, booking=booking)

    assert send() == {Outcome.DROPPED: 2, Outcome.SENT: 1}

    for message, state in ((received, "dropped"), (alert, "dropped"), (confirmed, "sent")):
        message.refresh_from_db()
        assert message.state == state
    assert alert.last_error == "the booking is at revision 1 now"
    assert headers_of(server.bodies[0])["Subject"].startswith("Confirmed")


def test_staff_hear_of_a_visit_that_was_confirmed_at_once(smtp_server: MailServer) -> None:
    booking = make_visit(status=BookingStatus.CONFIRMED)
    make_message(MessageKind.STAFF_ALERT, booking=booking)

    assert send() == {Outcome.SENT: 1}

    assert smtp_server.messages[0].subject == f"New visit {booking.reference}: Thu, Oct 15, 2:30 PM PDT"
    assert "It needs no answer." in smtp_server.messages[0].text


def test_confirmation_is_dropped_once_the_visit_has_begun(scripted) -> None:
    server = scripted({})
    message = make_message(MessageKind.CONFIRMED)
    assert message.booking is not None

    assert send(message.booking.starts_at) == {Outcome.DROPPED: 1}

    assert server.bodies == []


# Hostile input, and what is kept -----------------------------------------------------------------------------------


def test_headers_cannot_be_injected(smtp_server: MailServer) -> None:
    attack = "Ana\r\nBcc: thief@evil.example\r\n\r\nBEGIN:VCALENDAR"
    booking = make_visit(
        status=BookingStatus.CONFIRMED,
        contact_name=attack,
        recipient_name=attack,
        street=attack,
        unit="4\r\nBcc: x@evil.example",
    )
    make_message(MessageKind.CONFIRMED, booking=booking)

    assert send() == {Outcome.SENT: 1}

    [received] = smtp_server.messages
    assert received.recipients == ["ana@client.example"]
    assert received.message["Bcc"] is None
    assert received.subject == "Confirmed: Manual lymphatic drainage, Thu, Oct 15 at 2:30 PM PDT"
    assert b"\nBcc:" not in received.raw
    assert received.calendar.splitlines().count("BEGIN:VCALENDAR") == 1


def test_errors_and_logs_name_nobody(scripted, caplog: pytest.LogCaptureFixture) -> None:
    scripted({"RCPT": "550 <ana@client.example> Ana Sample has no mailbox here"})
    make_message()

    with caplog.at_level(logging.DEBUG):
        send()

    assert Message.objects.get().last_error == "SMTPRecipientsRefused 550"
    told = "".join(str(record.__dict__) for record in caplog.records if record.name.startswith("massagerx"))
    assert "'outcome': 'failed'" in told
    for private in ("ana@", "Ana", "Sample Street", *CANARIES):
        assert private not in told


def test_sweep_asks_the_database_little(scripted, count_queries) -> None:
    scripted({})
    make_message()
    with count_queries() as one:
        send()
    for _ in range(30):
        make_message()
    with count_queries() as thirty:
        send()

    # The empty claim at the end is in both. What is read once for all may be in one of them only.
    per_message = (len(thirty) - len(one)) // 29
    assert per_message <= 16, per_message


# Many senders ---------------------------------------------------------------------------------------------------------


@pytest.mark.integrity
@pytest.mark.django_db(transaction=True)
def test_sweeps_at_once_send_nothing_twice(smtp_server: MailServer) -> None:
    make_business()
    kinds = [MessageKind.RECEIVED, MessageKind.STAFF_ALERT]
    for _ in range(15):
        booking = make_visit(status=STATUS_OF[MessageKind.RECEIVED])
        for kind in kinds:
            make_message(kind, booking=booking)
    start = threading.Barrier(4)
    counts: Counter[Outcome] = Counter()
    errors: list[BaseException] = []

    def sweep() -> None:
        try:
            start.wait()
            counts.update(send())
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=sweep) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert counts == {Outcome.SENT: 30}
    ids = Counter(received.message["Message-ID"] for received in smtp_server.messages)
    assert (len(ids), set(ids.values())) == (30, {1})
    assert set(Message.objects.values_list("state", "attempts")) == {(MessageState.SENT, 1)}
