"""Messages from the site and requests for the booklet: a row and its email, or neither."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from bookings import tasks
from bookings.domain import links, operations, outbox
from bookings.domain.operations import enquiries
from bookings.enums import MessageKind
from bookings.exceptions import AlreadyAnswered, BookletMissing, SubmissionReused, TooManyMessages
from bookings.models import Booklet, BookletRequest, ContactMessage, Link, Message
from tests.factories import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.integrity]

DAY = timedelta(days=1)


def write(**changes: Any) -> ContactMessage:
    sent = {"key": uuid.uuid4(), "name": "Sample", "email": "a@example.com", "phone": "", "body": "Hello"}
    return operations.send_contact(**{**sent, "now": NOW, **changes})


def ask(**changes: Any) -> BookletRequest:
    sent = {"key": uuid.uuid4(), "name": "Sample", "email": "a@example.com", "may_follow_up": False}
    return operations.request_booklet(**{**sent, "now": NOW, **changes})


@pytest.fixture
def booklet(db: None) -> Booklet:
    booklet = Booklet(file_name="b.pdf", content=b"%PDF-1.4", uploaded_at=NOW)
    booklet.save()
    return booklet


@pytest.fixture
def staff(db: None) -> User:
    return User.objects.create_user("desk")


def kinds() -> list[str]:
    return list(Message.objects.order_by("pk").values_list("kind", flat=True))


def test_message_is_kept_encrypted_and_staff_are_told() -> None:
    message = write(body="My left arm is swollen")

    with connection.cursor() as cursor:
        cursor.execute("SELECT body FROM bookings_contactmessage")
        assert "swollen" not in cursor.fetchone()[0]
    assert ContactMessage.objects.get().body == "My left arm is swollen"
    alert = Message.objects.get()
    assert (alert.kind, alert.contact_message, alert.due_at) == (MessageKind.CONTACT_ALERT, message, NOW)


def test_same_press_is_one_message() -> None:
    key = uuid.uuid4()

    assert write(key=key) == write(key=key)
    assert kinds() == [MessageKind.CONTACT_ALERT]


@pytest.mark.parametrize("field", ["name", "email", "phone", "body"])
def test_same_key_with_other_words_is_refused(field: str) -> None:
    key = uuid.uuid4()
    write(key=key)

    with pytest.raises(SubmissionReused):
        write(key=key, **{field: "other"})
    assert ContactMessage.objects.count() == 1


@pytest.mark.parametrize("operation", [write, ask])
def test_nothing_is_kept_without_its_email(
    operation: Any, booklet: Booklet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(outbox, "write_message", fail)
    with pytest.raises(RuntimeError):
        operation()
    assert not ContactMessage.objects.exists()
    assert not BookletRequest.objects.exists()


def test_press_that_comes_between_look_and_write_is_the_same_one(monkeypatch: pytest.MonkeyPatch) -> None:
    key = uuid.uuid4()
    other: list[ContactMessage] = []
    real_filter = ContactMessage.objects.filter

    def late_filter(*args: Any, **kwargs: Any) -> Any:
        found = real_filter(*args, **kwargs)
        if "submission_key" in kwargs and not other:  # the other press commits just after this look
            other.append(
                ContactMessage.objects.create(
                    name="Sample", email="a@example.com", body="Hello", written_at=NOW, submission_key=key
                )
            )
            return ContactMessage.objects.none()
        return found

    monkeypatch.setattr(ContactMessage.objects, "filter", late_filter)
    assert write(key=key) == other[0]
    assert ContactMessage.objects.count() == 1


def test_one_address_can_write_only_so_often() -> None:
    for _ in range(enquiries.MESSAGES_PER_EMAIL):
        write()
    with pytest.raises(TooManyMessages):
        write()
    write(email="b@example.com")
    write(now=NOW + enquiries.MESSAGES_WITHIN)
    assert ContactMessage.objects.count() == enquiries.MESSAGES_PER_EMAIL + 2


def test_answer_and_its_email_are_written_together(staff: User) -> None:
    message = write()
    operations.answer_contact(message=message, text="Yes", actor=staff, now=NOW + DAY)

    kept = ContactMessage.objects.get()
    assert (kept.answer, kept.answered_at, kept.answered_by) == ("Yes", NOW + DAY, staff)
    assert kept.body == "Hello"
    assert kinds() == [MessageKind.CONTACT_ALERT, MessageKind.CONTACT_ANSWER]


def test_second_answer_is_refused(staff: User) -> None:
    message = write()
    operations.answer_contact(message=message, text="Yes", actor=staff, now=NOW)

    with pytest.raises(AlreadyAnswered):
        operations.answer_contact(message=message, text="No", actor=staff, now=NOW)
    with pytest.raises(AlreadyAnswered):
        operations.close_contact(message=message, actor=staff, now=NOW)
    assert ContactMessage.objects.get().answer == "Yes"
    assert len(kinds()) == 2


def test_closed_message_sends_nothing(staff: User) -> None:
    message = write()
    operations.close_contact(message=message, actor=staff, now=NOW)

    kept = ContactMessage.objects.get()
    assert (kept.answer, kept.answered_at) == (None, NOW)
    assert kinds() == [MessageKind.CONTACT_ALERT]


def test_booklet_request_and_its_email_are_written_together(booklet: Booklet) -> None:
    request = ask(may_follow_up=True)

    assert BookletRequest.objects.get().may_follow_up is True
    message = Message.objects.get()
    assert (message.kind, message.booklet_request) == (MessageKind.BOOKLET, request)


def test_booklet_request_is_one_press_and_not_another(booklet: Booklet) -> None:
    key = uuid.uuid4()

    assert ask(key=key) == ask(key=key)
    with pytest.raises(SubmissionReused):
        ask(key=key, may_follow_up=True)
    assert kinds() == [MessageKind.BOOKLET]


def test_without_a_booklet_nothing_is_promised() -> None:
    with pytest.raises(BookletMissing):
        ask()
    assert not BookletRequest.objects.exists()


def test_strangers_address_is_not_flooded_with_booklets(booklet: Booklet) -> None:
    for _ in range(enquiries.BOOKLETS_PER_EMAIL):
        ask()
    with pytest.raises(TooManyMessages):
        ask()
    ask(now=NOW + enquiries.BOOKLETS_WITHIN)
    assert len(kinds()) == enquiries.BOOKLETS_PER_EMAIL + 1


def test_what_is_old_goes_with_all_that_hangs_on_it(booklet: Booklet, settings: Any) -> None:
    write(now=NOW - timedelta(days=400))
    old = ask(now=NOW - timedelta(days=400))
    links.booklet_token(old, now=NOW)
    kept = write(now=NOW - timedelta(days=399)), ask(now=NOW - timedelta(days=399))
    # Also what no key opens any more.
    settings.HEALTH_KEYS = [Fernet.generate_key().decode()]

    assert operations.purge_enquiries(now=NOW) == 2
    assert ContactMessage.objects.only("pk").get() == kept[0]
    assert BookletRequest.objects.get() == kept[1]
    assert Message.objects.count() == 2
    assert not Link.objects.exists()


def test_senders_hear_of_each_row(
    booklet: Booklet, django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[int] = []
    monkeypatch.setattr(outbox, "_wake_worker", woken.extend)
    with django_capture_on_commit_callbacks(execute=True):
        write()
        ask()
    assert woken == list(Message.objects.order_by("pk").values_list("pk", flat=True))


def test_beat_lets_old_ones_go(settings: Any) -> None:
    write(now=timezone.now() - timedelta(days=401))
    names = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    tasks.purge_enquiries()

    assert not ContactMessage.objects.exists()
    assert tasks.purge_enquiries.name in names
