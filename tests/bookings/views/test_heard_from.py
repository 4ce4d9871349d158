"""What a client is asked once when they book: where they heard of us, and whether they may be asked for a review."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client as Browser

from bookings.domain import operations
from bookings.domain.clients import merge_clients
from bookings.domain.privacy import purge_access_notes
from bookings.enums import BookingStatus
from bookings.models import Booking, Client, HeardFrom, MessageSettings
from bookings.referrals.operations import _came_by_office
from bookings.retention import WAY_IN_KEPT
from tests.bookings.views.flow import Flow
from tests.bookings.views.test_you_page import draft, text
from tests.bookings.views.visits.browsers import signed_in
from tests.factories import NOW, World, at

pytestmark = pytest.mark.django_db
QUESTION = "How did you hear of us?"


@pytest.fixture
def friend(world: World) -> HeardFrom:
    return HeardFrom.objects.create(name="A friend", link_name="friend")


def you(flow: Flow) -> str:
    return text(flow.client.get("/book/details/"))


def test_without_choices_and_without_reviews_nothing_is_asked(flow: Flow) -> None:
    flow.until("details")
    page = you(flow)
    assert QUESTION not in page
    assert "ask for a review" not in page
    assert flow.details(heard_from="friend", may_be_asked="on").status_code == 302
    assert "heard_from" not in draft()["details"]


def test_the_first_answer_is_kept_with_the_client(flow: Flow, friend: HeardFrom) -> None:
    MessageSettings(review_days=3).save()
    flow.until("details")
    page = you(flow)
    assert QUESTION in page
    assert "you may email me once and ask for a review" in page
    assert "Choose one of these" in text(flow.details(heard_from="nobody"))
    assert flow.details(heard_from="friend", may_be_asked="on").status_code == 302
    assert "A friend</option>" in flow.client.get("/book/details/").content.decode()
    assert flow.review().status_code == 302
    client = Client.objects.get()
    assert (client.heard_from, client.may_be_asked) == (friend, True)


def test_it_can_be_left_blank(flow: Flow, friend: HeardFrom) -> None:
    MessageSettings(review_days=3).save()
    flow.until("details")
    flow.details(heard_from="")
    assert flow.review().status_code == 302
    client = Client.objects.get()
    assert (client.heard_from, client.may_be_asked) == (None, False)


def test_who_comes_by_a_link_of_the_owner_s_finds_it_chosen(flow: Flow, friend: HeardFrom) -> None:
    flyer = HeardFrom.objects.create(name="Flyer in May", link_name="flyer-may", is_offered=False)
    page = flow.client.get("/book/?from=flyer-may").content.decode()
    assert "from=flyer-may" in page
    # Nothing is kept before a step is sent.
    assert "sessionid" not in flow.client.cookies
    page = flow.client.get(f"/book/?service={flow.world.service.slug}&from=flyer-may").content.decode()
    assert '<input type="hidden" name="from" value="flyer-may">' in page
    flow.what(**{"from": "flyer-may"})
    flow.where()
    flow.when()
    flow.health()
    html = flow.client.get("/book/details/").content.decode()
    assert '<option value="flyer-may" selected>' in html
    flow.details(heard_from="flyer-may")
    flow.review()
    assert Client.objects.get().heard_from == flyer


@pytest.mark.parametrize("typed", ["unknown", "x" * 300, "<script>", "utm_source=a", "flyer may"])
def test_any_other_name_in_a_link_is_kept_nowhere(flow: Flow, friend: HeardFrom, typed: str) -> None:
    page = flow.client.get("/book/", {"service": flow.world.service.slug, "from": typed})
    assert page.status_code == 200
    assert 'name="from"' not in page.content.decode()
    flow.what(**{"from": typed})
    assert "came_from" not in draft()


def test_a_choice_that_is_put_away_is_asked_no_more(flow: Flow, friend: HeardFrom) -> None:
    flow.until("details")
    assert QUESTION in you(flow)
    HeardFrom.objects.update(is_offered=False)
    assert QUESTION not in you(flow)


def test_it_is_never_asked_twice(world: World, friend: HeardFrom) -> None:
    booking = world.book(heard_from="friend", may_be_asked=True)
    operations.confirm_booking(booking=booking, actor=None, now=NOW)
    MessageSettings(review_days=3).save()
    flow = Flow(signed_in(), world)
    for step in ("what", "where"):
        getattr(flow, step)()
    flow.when(starts_at=at(14).isoformat())
    flow.health()
    page = you(flow)
    assert QUESTION not in page
    assert "ask for a review" not in page


def test_the_answer_that_came_first_stands_and_strangers_answer_for_nobody(world: World) -> None:
    friend, other = (
        HeardFrom.objects.create(name=name, link_name=name.lower()) for name in ("Friend", "Other")
    )
    # Whoever knows an email and a phone may type them: with a name and a door that we don't know, an answer counts only
    # with the mailbox proved.
    first = world.book()
    Booking.objects.filter(pk=first.pk).update(status=BookingStatus.COMPLETED)
    stranger: dict[str, Any] = {"name": "Bo Stranger", "street": "99 Other Street"}
    world.book(starts_at=at(14), heard_from="other", may_be_asked=True, **stranger)
    client = Client.objects.get()
    assert (client.heard_from, client.may_be_asked) == (None, False)
    sender = operations.Sender(actor=User.objects.create_user("desk"))
    for day, source in ((8, "friend"), (9, "other")):
        sent = world.submission(starts_at=at(10, day=date(2026, 12, day)), heard_from=source)
        operations.request_booking(submission=sent, now=NOW, sender=sender)
    assert Client.objects.get().heard_from == friend
    assert other.clients.count() == 0


@pytest.mark.parametrize("status", [BookingStatus.CONFIRMED, BookingStatus.COMPLETED])
def test_who_comes_back_without_a_link_is_asked_and_heard(
    world: World, friend: HeardFrom, status: BookingStatus
) -> None:
    first = world.book()
    Booking.objects.filter(pk=first.pk).update(status=status)
    world.book(starts_at=at(14), heard_from="friend", may_be_asked=True)
    client = Client.objects.get()
    assert (client.heard_from, client.may_be_asked) == (friend, True)


def test_who_moved_or_has_another_name_is_heard_once_the_email_is_pressed(
    world: World, friend: HeardFrom
) -> None:
    first = world.book()
    Booking.objects.filter(pk=first.pk).update(status=BookingStatus.COMPLETED)
    told: dict[str, Any] = {"name": "Ana Newname", "street": "99 Other Street", "may_be_asked": True}
    visit = world.book(starts_at=at(14), heard_from="friend", **told)
    assert visit.told_once == {"heard_from": "friend", "may_be_asked": True}
    operations.prove_mailbox(booking=first, now=NOW)
    assert not Client.objects.get().may_be_asked
    assert operations.prove_mailbox(booking=visit, now=NOW) is False
    client = Client.objects.get()
    assert (client.heard_from, client.may_be_asked) == (friend, True)
    visit.refresh_from_db()
    assert visit.told_once is None
    # The first answer stands, and a choice that is gone by then is none.
    HeardFrom.objects.create(name="Other", link_name="other")
    again = world.book(starts_at=at(17), heard_from="other", total_cents=16_500, **told)
    operations.prove_mailbox(booking=again, now=NOW)
    client.refresh_from_db()
    assert client.heard_from == friend


def test_what_nobody_proved_goes_with_how_to_get_in(world: World, friend: HeardFrom) -> None:
    first = world.book()
    Booking.objects.filter(pk=first.pk).update(status=BookingStatus.COMPLETED)
    world.book(starts_at=at(14), heard_from="friend", name="Bo Stranger", street="99 Other Street")
    purge_access_notes(now=at(12) + WAY_IN_KEPT)
    assert Booking.objects.exclude(told_once__isnull=True).count() == 1
    purge_access_notes(now=at(18) + WAY_IN_KEPT)
    assert not Booking.objects.exclude(told_once__isnull=True).exists()


def test_who_comes_by_a_surgeon_s_office_is_counted_by_itself(world: World) -> None:
    client = world.book().client
    _came_by_office(client)
    _came_by_office(client)
    office = HeardFrom.objects.get()
    client.refresh_from_db()
    assert (office.link_name, office.is_offered, client.heard_from) == ("office", False, office)
    # The owner may have such a choice already.
    HeardFrom.objects.update(link_name="surgeon")
    Client.objects.update(heard_from=None)
    _came_by_office(client)
    assert HeardFrom.objects.count() == 1


def test_of_two_records_the_older_answer_stays(world: World, friend: HeardFrom) -> None:
    first = world.book(heard_from="friend").client
    second = world.book(email="bo@example.com", starts_at=at(14)).client
    merge_clients(keep=second, other=first, actor=User.objects.create_user("desk"), now=NOW)
    assert Client.objects.get().heard_from == friend


def test_the_owner_edits_the_choices(world: World, friend: HeardFrom) -> None:
    User.objects.create_superuser("owner")
    owner = Browser()
    owner.force_login(User.objects.get(username="owner"))
    page: Any = owner.get("/admin/bookings/heardfrom/")
    assert "/book/?from=friend" in page.content.decode()
    sent = {"name": "Radio", "link_name": "radio", "is_offered": "on", "position": "1"}
    assert owner.post("/admin/bookings/heardfrom/add/", sent).status_code == 302
    again = owner.post("/admin/bookings/heardfrom/add/", sent)
    assert "already exists" in again.content.decode()


def test_the_choices_begin_with_prepared_ones(world: World) -> None:
    User.objects.create_superuser("owner")
    owner = Browser()
    owner.force_login(User.objects.get(username="owner"))
    assert "Prepared for you: A friend or family" in text(owner.get("/admin/bookings/heardfrom/"))
    for _press in range(2):
        assert owner.post("/admin/bookings/heardfrom/prepared/").status_code == 302
    assert "Prepared for you" not in text(owner.get("/admin/bookings/heardfrom/"))
    assert [row.link_name for row in HeardFrom.objects.offered()] == [
        "friend", "doctor", "search", "map", "social", "flyer", "past",
    ]  # fmt: skip
