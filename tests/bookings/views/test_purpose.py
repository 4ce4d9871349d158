"""What a visit is for: asked in the service's words, read before the door, and kept like a health answer."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import QuerySet

from bookings.domain import export, intake
from bookings.enums import LookedAt
from bookings.models import Booking, Client, HealthAccess, VisitPurpose
from services.models import Service
from tests.bookings.admin.conftest import signed_in, staff_user
from tests.bookings.desk.test_visit import page
from tests.bookings.views.flow import Flow
from tests.bookings.views.test_you_page import leads_to, text
from tests.factories import World

pytestmark = pytest.mark.django_db

PURPOSE = "CANARY-PURPOSE: the left knee,\nnot the belly"


@pytest.fixture
def booking(flow: Flow) -> Booking:
    flow.until("details")
    assert leads_to(flow.details(purpose=PURPOSE)) == "/book/review/"
    assert "CANARY-PURPOSE: the left knee, not the belly" in text(flow.client.get("/book/review/"))
    assert leads_to(flow.review()) == "/book/done/"
    return Booking.objects.get()


def test_it_is_asked_in_the_words_of_the_service(flow: Flow, world: World) -> None:
    flow.until("details")
    assert "What is this visit for?" in text(flow.client.get("/book/details/"))
    Service.objects.filter(pk=world.service.pk).update(
        purpose_question="What would you like to change?", purpose_hint="Your sport, your goal."
    )
    asked = text(flow.client.get("/book/details/"))
    assert "What would you like to change?" in asked
    assert "Your sport, your goal." in asked
    refused = flow.details(purpose="x" * 601)
    assert refused.status_code == 422
    assert "Please use 600 characters at most." in text(refused)


def test_nobody_has_to_say_it(flow: Flow) -> None:
    flow.until("review")
    assert leads_to(flow.review()) == "/book/done/"
    assert not VisitPurpose.objects.exists()


def test_it_is_stored_encrypted_and_in_no_message(booking: Booking) -> None:
    assert booking.purpose.text == PURPOSE
    with connection.cursor() as cursor:
        cursor.execute("SELECT text FROM bookings_visitpurpose")
        assert "CANARY" not in str(cursor.fetchone()[0])


@pytest.fixture
def reader() -> User:
    return staff_user("reader", "view_booking", "view_visitpurpose")


def test_who_may_reads_it_and_is_written_down_once(booking: Booking, reader: User) -> None:
    for _ in range(2):
        assert "CANARY-PURPOSE" in text(signed_in(reader).get(page(booking)))
    look = HealthAccess.objects.get()
    assert (look.user, look.what, look.reason) == (reader, LookedAt.PURPOSE, "")
    # A reason that somebody typed in the same words is a look at something else.
    words = str(LookedAt.PURPOSE.label)
    later = look.at + timedelta(hours=12)
    HealthAccess.objects.create(booking=booking, user=reader, at=later, reason=words)
    intake.open_purpose(booking=booking, user=reader, now=later)
    assert HealthAccess.objects.filter(what=LookedAt.PURPOSE).count() == 2


def test_the_log_says_what_was_read_in_words_of_the_page(booking: Booking, reader: User) -> None:
    HealthAccess.objects.create(booking=booking, user=reader, at=booking.created_at, what=LookedAt.PURPOSE)
    assert "What the visit is for" in text(signed_in(reader).get(page(booking)))
    (look,) = export.as_data(export.all_about(booking.client))["health_access_log"]
    assert (look["what"], look["reason"]) == ("purpose", "")


def test_one_that_is_purged_while_it_is_read(
    booking: Booking, reader: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def purged(looks: QuerySet) -> bool:
        found = exists(looks)
        VisitPurpose.objects.all().delete()
        return found

    exists = QuerySet.exists
    monkeypatch.setattr(QuerySet, "exists", purged)
    assert intake.open_purpose(booking=booking, user=reader, now=booking.starts_at) == PURPOSE


def test_who_may_not_neither_reads_it_nor_is_told_of_it(booking: Booking) -> None:
    read = text(signed_in(staff_user("guide", "view_booking")).get(page(booking)))
    assert "CANARY" not in read
    assert "What it is for" not in read
    assert not HealthAccess.objects.exists()


def test_lost_key_costs_a_line_and_not_the_page(booking: Booking, reader: User) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE bookings_visitpurpose SET text = 'not a token'")
    assert "can't be opened with the keys" in text(signed_in(reader).get(page(booking)))


def test_it_is_in_the_export_and_goes_with_the_health_answers(booking: Booking) -> None:
    client = Client.objects.get()
    (visit,) = export.as_data(export.all_about(client))["visits"]
    assert visit["purpose"] == PURPOSE
    assert intake.purge_health_answers(now=booking.ends_at + timedelta(days=365 * 4)) == 1
    assert not VisitPurpose.objects.exists()
