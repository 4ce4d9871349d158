"""Who is asked for a review, when, and how often: once, whatever they may say."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail

from bookings.courses.models import Course, CoursePlan
from bookings.domain import intake, links, listeners
from bookings.domain.clients import add_note, merge_clients, settle_complaint
from bookings.domain.operations import Act
from bookings.enums import MessageState
from bookings.models import (
    Booking,
    BookingRules,
    Client,
    ClientNote,
    HealthAccess,
    Link,
    Message,
    MessageSettings,
)
from bookings.notifications import delivery
from bookings.reviews import operations
from bookings.reviews.models import Review
from tests.factories import NOW, World
from tests.support.visits import make_business

from .conftest import DAYS, asked, page_of, took_place, written

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def staff(db: None) -> User:
    return User.objects.create_user("hands", is_staff=True)


def test_a_client_is_asked_once_so_many_days_after_the_visit() -> None:
    visit = took_place(DAYS)
    assert operations.ask(now=NOW - timedelta(seconds=1)) == 0
    assert operations.ask(now=NOW) == 1
    (message,) = Message.objects.filter(kind="review")
    assert message.link is not None
    assert (message.link.email, message.link.booking) == ("ana@client.example", visit)
    took_place(DAYS - 1)
    for later in range(1, 30):
        assert operations.ask(now=NOW + later * DAY) == 0
    assert Review.objects.count() == 1


def test_the_email_is_one_row_and_leads_to_the_page(client: Any) -> None:
    make_business()
    review = asked()
    delivery.send_due(clock=lambda: NOW)
    (sent,) = mail.outbox
    assert sent.subject == "How was your visit?"
    assert page_of(review) in sent.body
    assert "Good or bad" in sent.body
    assert client.get(page_of(review)).status_code == 200
    delivery.send_due(clock=lambda: NOW + DAY)
    assert len(mail.outbox) == 1


@pytest.mark.parametrize("status", ["confirmed", "canceled", "no_show", "declined", "expired", "requested"])
def test_only_of_a_visit_that_took_place(status: str) -> None:
    took_place(status=status)
    assert operations.ask(now=NOW) == 0


@pytest.mark.parametrize(
    "kept",
    [
        {"may_be_asked": False},
        {"email": ""},
        {"name": Client.ERASED, "email": "", "phone": "", "erased_at": NOW},
    ],
    ids=["never agreed", "no email", "erased"],
)
def test_never_who_did_not_agree_was_erased_or_has_no_email(kept: dict[str, Any]) -> None:
    took_place()
    took_place(email="bo@client.example")
    Client.objects.filter(email="ana@client.example").update(**kept)
    assert operations.ask(now=NOW) == 1
    assert Review.objects.get().booking.client.email == "bo@client.example"


def test_switched_off_at_night_and_long_after_nobody_is_asked() -> None:
    took_place()
    MessageSettings(review_days=0).save()
    assert operations.ask(now=NOW) == 0
    MessageSettings(review_days=DAYS).save()
    assert operations.ask(now=NOW + timedelta(hours=12)) == 0
    assert operations.ask(now=NOW + operations.AT_MOST_LATE) == 0
    assert operations.ask(now=NOW + operations.AT_MOST_LATE - timedelta(hours=1)) == 1


def test_an_open_complaint_comes_first(staff: User) -> None:
    visit = took_place()
    note = add_note(client=visit.client, text="Late.", actor=staff, now=NOW, is_complaint=True)
    assert operations.ask(now=NOW) == 0
    settle_complaint(note=note, actor=staff, now=NOW)
    review = asked(visit)
    # One that is opened before the email leaves stops it.
    add_note(client=visit.client, text="Cold hands.", actor=staff, now=NOW, is_complaint=True)
    make_business()
    delivery.send_due(clock=lambda: NOW)
    message = Message.objects.get(kind="review")
    assert (message.state, message.last_error) == (MessageState.DROPPED, "a complaint is open")
    assert mail.outbox == []
    assert operations.ask(now=NOW) == 0
    ClientNote.objects.all().only("pk").delete()
    assert review.link is not None
    assert operations.why_not_mailed(review.link, now=NOW) == ""
    # Nothing had left, so that nobody was asked.
    review = asked(visit, now=NOW + DAY)
    assert review.link is not None
    Client.objects.filter(pk=visit.client_id).update(may_be_asked=False)
    assert operations.why_not_mailed(review.link, now=NOW) == "the client doesn't want to be asked"


def test_a_course_is_asked_about_once_at_its_end() -> None:
    key = uuid.uuid4()
    took_place(DAYS + 2, together=key)
    last = took_place(-4, together=key, status="confirmed")
    assert operations.ask(now=NOW) == 0
    Booking.objects.filter(pk=last.pk).update(status="completed")
    assert operations.ask(now=last.ends_at + DAY) == 0
    assert operations.ask(now=last.ends_at + DAYS * DAY) == 1
    assert Review.objects.get().booking == last


def test_a_course_that_is_paused_is_not_at_its_end(world: World) -> None:
    plan = CoursePlan.objects.create(name="Six weeks", number=1, option=world.option)
    course = Course.objects.create(plan=plan, dates={}, booked_at=NOW, rest=[21, 28], paused_at=NOW)
    visit = took_place(together=course.key)
    assert operations.ask(now=NOW) == 0
    # What was left is given up.
    Course.objects.update(rest=[], paused_at=None)
    asked(visit)


def test_two_records_made_one_are_not_asked_again(staff: User) -> None:
    first, second = took_place(), took_place(email="bo@client.example")
    assert operations.ask(now=NOW) == 2
    Review.objects.filter(booking=second).only("pk").delete()
    merge_clients(keep=second.client, other=first.client, actor=staff, now=NOW)
    assert operations.ask(now=NOW) == 0


def test_another_mailbox_gets_another_link() -> None:
    review = written()
    before = page_of(review)
    client = review.booking.client
    Client.objects.filter(pk=client.pk).update(email="new@client.example")
    links.revoke_links_of_client(client, now=NOW)
    operations.follow_client(listeners.LinksRevoked(client=client.pk, at=NOW))
    assert page_of(review) != before
    (told,) = Message.objects.filter(kind="review", link__email="new@client.example")
    assert told.state == MessageState.DUE
    assert operations.review_of(before.split("/")[2], now=NOW) is None


@pytest.mark.parametrize("withdrawn", [False, True])
def test_another_mailbox_is_not_asked_a_second_time(withdrawn: bool) -> None:
    review = asked()
    Message.objects.update(state=MessageState.SENT)
    if withdrawn:
        operations.withdraw(review=written(review), now=NOW)
    client = review.booking.client
    Client.objects.filter(pk=client.pk).update(email="new@client.example")
    links.revoke_links_of_client(client, now=NOW)
    operations.follow_client(listeners.LinksRevoked(client=client.pk, at=NOW))
    assert Message.objects.filter(kind="review").count() == 1


@pytest.mark.parametrize("state", ["due", "failed"])
def test_an_email_that_has_not_left_goes_to_the_right_mailbox(state: str) -> None:
    client = asked().booking.client
    Message.objects.update(state=state)
    Client.objects.filter(pk=client.pk).update(email="new@client.example")
    links.revoke_links_of_client(client, now=NOW)
    operations.follow_client(listeners.LinksRevoked(client=client.pk, at=NOW))
    assert Message.objects.filter(kind="review", link__email="new@client.example").count() == 1


@pytest.mark.parametrize("state", ["due", "sent"])
def test_of_two_records_that_were_asked_the_one_is_not_asked_again(staff: User, state: str) -> None:
    first, second = took_place(), took_place(email="bo@client.example")
    assert operations.ask(now=NOW) == 2
    Message.objects.update(state=state)
    merge_clients(keep=second.client, other=first.client, actor=staff, now=NOW)
    assert Message.objects.filter(kind="review").count() == 2


def test_passes_do_not_ask_more_for_more_clients(count_queries: Any) -> None:
    # Those who were asked are left out by the one query.
    for number in range(6):
        took_place(email=f"c{number}@client.example")
    assert operations.ask(now=NOW) == 6
    with count_queries() as queries:
        assert operations.ask(now=NOW) == 0
    assert len(queries) == 3


@pytest.mark.parametrize(
    ("becomes", "left"), [("private", ""), ("declined", ""), ("waits", "My back."), ("shown", "My back.")]
)
def test_words_for_us_alone_go_also_when_the_health_answers_have_gone_before(becomes: str, left: str) -> None:
    BookingRules(health_kept_months=1).save()
    asked_for, later = asked(), NOW + 45 * DAY
    intake.purge_health_answers(now=later)
    # By the link, which opens as long as the review is kept.
    review = written(asked_for, now=later, words="My back.", may_publish=becomes != "private")
    act = Act(later, None)
    if becomes == "shown":
        operations.publish(review=review, written_at=later, act=act)
    elif becomes == "declined":
        operations.decline(review=review, written_at=later, reason="health", act=act)
    assert intake.purge_health_answers(now=later + DAY) == 0
    assert Review.objects.get().words == left


def test_reviews_end_after_their_time_and_with_health_go_the_words_that_are_not_public() -> None:
    review = written(may_publish=False, words="My surgery was fine.")
    operations.forget_purged(listeners.HealthPurged(bookings=[review.booking_id], at=NOW))
    review = Review.objects.get()
    assert (review.words, review.stars) == ("", 4)
    lasts = operations.REVIEWS_KEPT
    assert operations.purge(now=NOW + lasts - timedelta(seconds=1)) == 0
    assert operations.purge(now=NOW + lasts) == 1
    review = Review.objects.get()
    assert (review.state, review.stars, review.written_at) == ("asked", None, None)
    # That they were asked stays, so that nobody asks again.
    assert operations.ask(now=NOW + DAY) == 0
    assert not HealthAccess.objects.exists()
    assert Link.objects.get(purpose="review").expires_at == NOW + lasts
