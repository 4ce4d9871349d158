"""The admin's front page: who waits, what is in trouble, what the owner still has to do."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from datetime import time, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.contrib.admin import site
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from blog.models import FaqEntry, Page, Post
from bookings.courses.models import CoursePlan
from bookings.domain import operations
from bookings.domain.operations import Act, NewTime
from bookings.enums import MessageState
from bookings.models import (
    Booking,
    Booklet,
    ClientNote,
    Message,
    TermsVersion,
    Therapist,
    TimeOff,
    WorkingHours,
)
from massagerx.lib.error_kinds import ErrorKindHandler
from services.models import Business, Service
from services.sample_left import sample_left
from tests.factories import CLEAR_ANSWERS, DAY, NOW, World, at, make_roles

from .conftest import DESK_RIGHTS, signed_in, staff_user
from .test_visit import make_many

INDEX = reverse("admin:index")


def shown(client: Client) -> str:
    response = client.get(INDEX)
    assert response.status_code == 200
    return response.content.decode()


def test_request_is_on_the_front_page_with_what_staff_need(desk: Client, world: World) -> None:
    booking = world.book(now=NOW - timedelta(hours=3), answers={**CLEAR_ANSWERS, "pregnancy": "unsure"})

    text = shown(desk)

    for words in (
        "1 request waiting", booking.reference, "Ana O&#x27;Brien", "Manual lymphatic drainage",
        "Mon, Dec 7, 2026, 10:00 AM PST", "Eastside · 90026", "Sample Therapist One", "Needs a look", "2 days 21 h",
        reverse("admin:bookings_booking_change", args=[booking.pk]),
    ):  # fmt: skip
        assert words in text, words


def test_what_broke_is_told_to_the_owner_alone(
    desk: Client, owner: Client, world: World, tmp_path: Path, settings: Any
) -> None:
    settings.VAR_DIR = tmp_path
    assert "Something went wrong" not in shown(owner)
    record = logging.LogRecord("massagerx.test", logging.ERROR, "", 0, "a <b> could not be read", (), None)
    record.created = (NOW - timedelta(minutes=5)).timestamp()
    ErrorKindHandler().handle(record)
    text = shown(owner)
    assert "Something went wrong on the site." in text
    assert "Last: Wed, Dec 2, 2026, 11:55 AM PST" in text
    assert "1 × massagerx.test: a &lt;b&gt; could not be read" in text
    assert "Something went wrong" not in shown(desk)


def test_oldest_request_comes_first_and_answered_ones_are_gone(desk: Client, world: World) -> None:
    newer = world.book(starts_at=at(10), now=NOW - timedelta(minutes=5))
    older = world.book(starts_at=at(13), now=NOW - timedelta(hours=2))
    answered = world.book(starts_at=at(16))
    desk.post(reverse("admin:bookings_booking_do", args=[answered.pk, "confirm"]))

    text = shown(desk)

    assert text.index(older.reference) < text.index(newer.reference)
    assert "2 requests waiting" in text
    assert reverse("admin:bookings_booking_change", args=[answered.pk]) not in text


def test_who_was_promised_an_answer_soonest_comes_first(
    desk: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bookings.desk.waiting.MOST_ROWS", 1)
    patient = world.book(now=NOW - timedelta(hours=3), answers={**CLEAR_ANSWERS, "pregnancy": "unsure"})
    urgent = world.book(starts_at=at(14), now=NOW - timedelta(hours=2))
    assert urgent.answer_by is not None
    assert patient.answer_by is not None
    assert urgent.answer_by < patient.answer_by
    (row,) = desk.get(INDEX).context["desk"]["requests"]
    assert (row["reference"], row["due"]) == (urgent.reference, urgent.answer_by)


def test_nobody_waiting_is_said(desk: Client) -> None:
    assert "Nobody is waiting" in shown(desk)


def test_a_day_without_visits_names_the_next_that_has_some(desk: Client, world: World) -> None:
    assert "Next:" not in shown(desk)
    world.book()
    world.book(starts_at=at(15), email="bo@example.com", phone="+12135550124")
    text = shown(desk)
    assert "Next: 2 visits on Monday, December 7, 2026, the first at 10:00 AM." in " ".join(text.split())
    assert f"{reverse('admin:bookings_booking_day')}?day=2026-12-07" in text


def test_owner_finds_every_list_under_what_it_is_for(owner: Client) -> None:
    response = owner.get(INDEX)
    sections = {section["slug"]: section["models"] for section in response.context["available_apps"]}
    assert list(sections) == ["day", "people", "messages", "catalogue", "places", "writing", "settings"]
    found = [model["model"] for models in sections.values() for model in models]
    assert sorted(map(str, found)) == sorted(map(str, site._registry))
    rules = {model["name"] for model in sections["settings"]}
    assert {"Booking rules", "Closed days", "Terms", "Business"} <= rules
    text = response.content.decode()
    for model in (model for models in sections.values() for model in models):
        assert f'href="{model["admin_url"]}"' in text


def test_the_page_one_is_on_is_marked(desk: Client) -> None:
    assert f'<a href="{INDEX}" aria-current="page">Desk</a>' in shown(desk)
    assert shown(desk).count('aria-current="page"') == 1


def test_messages_in_trouble_are_named(desk: Client, world: World) -> None:
    booking = world.book()
    message = Message.objects.filter(booking=booking).first()
    assert message is not None
    others = Message.objects.exclude(pk=message.pk)

    assert "in trouble" not in shown(desk)
    message.state, message.last_error = MessageState.FAILED, "SMTPSenderRefused 550"
    message.save()
    assert "1 message in trouble" in shown(desk)
    assert "SMTPSenderRefused 550" in shown(desk)

    others.update(state=MessageState.DUE, due_at=NOW - timedelta(minutes=11))
    assert f"{1 + others.count()} messages in trouble" in shown(desk)


def test_sample_data_and_unapproved_questions_are_said_until_mended(owner: Client, world: World) -> None:
    Business.objects.update(is_sample=True)
    text = shown(owner)
    assert "Sample data is still in place" in text
    assert "not approved yet" in text

    Business.objects.update(is_sample=False)
    world.screening.approved_by = "Sample Therapist, CLT"
    world.screening.save()
    text = shown(owner)
    assert "Sample data" not in text
    assert "not approved yet" not in text


def test_each_piece_of_sample_data_is_a_link_until_none_is_left(owner: Client) -> None:
    call_command("load_sample_data")
    Business.objects.update(is_sample=True)
    links = dict(re.findall(r'<li><a href="([^"]+)">([^<]+)</a></li>', sample_part(shown(owner))))
    therapist = Therapist.objects.get(slug="sample-therapist-two")
    assert links[reverse("admin:bookings_therapist_change", args=[therapist.pk])] == (
        "the therapist “Sample Therapist Two”"
    )
    assert len(links) == len(sample_left()) > 20
    for address in links:
        assert owner.get(address, follow=True).status_code == 200, address

    for model in (Service, Post, Page, FaqEntry, TermsVersion):
        for row in model.objects.order_by("pk"):
            row.save()
    Therapist.objects.exclude(pk=therapist.pk).update(is_active=False)
    Booklet.objects.update(is_sample=False)
    CoursePlan.objects.update(is_offered=False)
    part = sample_part(shown(owner))
    assert "1 thing to open" in part
    Therapist.objects.update(is_active=False)
    page = shown(owner)
    assert "to open, make yours" not in page
    assert "Sample data is still in place" in page
    assert f'href="{reverse("admin:opening")}"' in page


def sample_part(page: str) -> str:
    found = re.search(r'<details class="set-up-left">.*?</details>', page, re.S)
    assert found
    return found[0]


def test_front_desk_is_not_told_of_sample_data(desk: Client) -> None:
    Business.objects.update_or_create(pk=1, defaults={"is_sample": True})
    assert "Sample data" not in shown(desk)


def test_missing_questions_are_said(owner: Client, world: World) -> None:
    world.screening.delete()

    assert "Go through the health questions, and put them in force." in shown(owner)


def test_what_only_the_owner_can_mend_is_not_said_to_the_desk(desk: Client, world: World) -> None:
    Business.objects.update(is_sample=True)
    text = shown(desk)
    assert "Sample data" not in text
    assert "not approved yet" not in text


def test_staff_without_rights_see_no_bookings(world: World) -> None:
    booking = world.book()
    text = shown(signed_in(staff_user("writer")))

    assert booking.reference not in text
    assert "requests waiting" not in text


@pytest.mark.parametrize(("minutes", "warned"), [(9, False), (11, True)])
def test_messages_that_do_not_leave_are_said_here_and_to_the_watch(
    world: World, owner: Client, minutes: int, warned: bool
) -> None:
    world.book()
    Message.objects.update(due_at=NOW - timedelta(minutes=minutes))

    assert ("Messages are not leaving." in shown(owner)) == warned
    assert ("has waited for 11 min" in shown(owner)) == warned
    assert Client().get("/status").json()["messages"] == ("late" if warned else "ok")


def test_a_complaint_stands_on_the_list_until_it_is_settled(world: World) -> None:
    desk = signed_in(staff_user("front", *DESK_RIGHTS, "view_clientnote", "add_clientnote"))
    booking = world.book()
    operations.confirm_booking(booking=booking, actor=None, now=NOW)
    who = booking.client
    for is_complaint in ("", "on"):
        desk.post(
            reverse("admin:bookings_client_note", args=[who.pk]),
            {"text": "CANARY cold hands", "reader": "desk", "is_complaint": is_complaint},
        )
    (row,) = (row for row in desk.get(INDEX).context["todo"] if row["kind"] == "complaint")
    assert (row["who"], row["phone"]) == (who.name, who.phone)
    text = shown(desk)
    assert "Complaint that nobody has settled" in text
    every = f"{reverse('admin:bookings_client_changelist')}?complaint=open"
    assert f'<a href="{every}">1 complaint to settle</a>' in text
    assert list(desk.get(every).context["cl"].queryset) == [who]
    assert "CANARY" not in text
    address = reverse("admin:bookings_client_change", args=[who.pk])
    assert f'href="{address}#client-notes"' in text
    assert 'id="client-notes"' in desk.get(address).content.decode()
    reader = signed_in(staff_user("reader", "view_booking", "change_booking"))
    assert "Complaint" not in shown(reader)
    note = ClientNote.objects.exclude(complaint="").get()
    desk.post(reverse("admin:bookings_client_settle_note", args=[who.pk, note.pk]))
    assert "Complaint" not in shown(desk)
    assert "Nothing fits." in desk.get(every).content.decode()


def test_the_rescue_of_a_day_takes_the_hours_of_the_time_off(
    desk: Client, world: World, count_queries: Callable[..., Any]
) -> None:
    """Not the whole day: whoever is out in the morning keeps the visits of the afternoon."""
    for hour, who in ((10, "ana"), (15, "bo")):
        visit = world.book(starts_at=at(hour), email=f"{who}@example.com", phone=f"+121355501{hour}")
        operations.confirm_booking(booking=visit, actor=None, now=NOW)
    TimeOff.objects.create(therapist=world.therapist, starts_at=at(9), ends_at=at(12))
    (row,) = desk.get(INDEX).context["desk"]["stranded"]
    assert row["rescue"].endswith(
        f"?therapist={world.therapist.pk}&day={DAY}&from_time=09%3A00&until_time=12%3A00"
    )
    rows = desk.get(row["rescue"]).context["rows"]
    assert [row["booking"].starts_at for row in rows] == [at(10)]
    with count_queries() as few:
        shown(desk)
    TimeOff.objects.create(therapist=world.therapist, starts_at=at(14), ends_at=at(17))
    with count_queries() as many:
        shown(desk)
    assert len(many) == len(few)


def test_front_page_asks_as_many_queries_for_thirty_as_for_one(
    desk: Client, world: World, count_queries: Callable[..., Any]
) -> None:
    make_many(world, range(1))
    shown(desk)
    with count_queries() as few:
        shown(desk)
    make_many(world, range(1, 31))
    with count_queries() as many:
        text = shown(desk)

    assert "31 requests waiting" in text
    assert Booking.objects.count() == 31
    # One of them asks whether somebody at a door needs help.
    assert len(many) == len(few) <= 26


def test_a_request_is_confirmed_from_the_front_page_with_the_phone_beside_it(
    desk: Client, world: World
) -> None:
    booking = world.book()
    graver = world.book(starts_at=at(14), answers={**CLEAR_ANSWERS, "pregnancy": "unsure"})
    confirm = reverse("admin:bookings_booking_do", args=[booking.pk, "confirm"])

    text = shown(desk)

    assert 'href="tel:+12135550123"' in text
    assert confirm in text
    # One that needs a clinician's note is confirmed on its own page only.
    assert reverse("admin:bookings_booking_do", args=[graver.pk, "confirm"]) not in text
    assert desk.post(confirm, {"desk": "1"})["Location"] == INDEX
    booking.refresh_from_db()
    assert booking.status == "confirmed"
    # What can't be done is told on the visit's page, where the rest of it stands.
    assert desk.post(confirm, {"desk": "1"})["Location"].endswith(f"/{booking.pk}/change/")
    reader = signed_in(staff_user("reader", "view_booking"))
    world.book(starts_at=at(16))
    assert "/do/confirm/" not in shown(reader)


def test_who_writes_is_not_greeted_as_the_desk(world: World) -> None:
    make_roles()
    writer = User.objects.create_user("writer", password="a-long-password", is_staff=True)
    writer.groups.add(Group.objects.get(name="Writer"))
    assert "<h1>Your writing</h1>" in shown(signed_in(writer))
    world.therapist.user = User.objects.create_user("hands", password="a-long-password", is_staff=True)
    world.therapist.user.groups.add(Group.objects.get(name="Therapist"))
    world.therapist.save()
    assert "Today at the desk" in shown(signed_in(staff_user("reader", "view_booking")))
    assert 'class="my-tabs"' in shown(signed_in(world.therapist.user))


def test_next_is_a_visit_that_is_still_to_be_made(desk: Client, world: World) -> None:
    first = world.book()
    second = world.book(starts_at=at(14), email="bo@example.com", phone="+12135550124")
    for booking in (first, second):
        desk.post(reverse("admin:bookings_booking_do", args=[booking.pk, "confirm"]))
    with time_machine.travel(at(10, 30), tick=False):
        assert next_of(desk) == first
        # Said to be over before its end.
        desk.post(reverse("admin:bookings_booking_do", args=[first.pk, "complete"]))
        assert next_of(desk) == second


def next_of(client: Client) -> Booking | None:
    (row,) = client.get(INDEX).context["desk"]["lanes"]
    found: Booking | None = row["next"]
    return found


def test_who_has_left_is_not_among_those_who_work_today(desk: Client, world: World) -> None:
    gone = world.add_therapist()
    with time_machine.travel(at(8), tick=False):
        assert gone.name in shown(desk)
        Therapist.objects.filter(pk=gone.pk).update(is_active=False)
        assert gone.name not in shown(desk)


def test_what_waits_is_one_list_by_what_is_due_first(desk: Client, world: World) -> None:
    world.book(starts_at=at(10), now=NOW - timedelta(minutes=5))
    older = world.book(starts_at=at(13), now=NOW - timedelta(hours=2))
    rows = desk.get(INDEX).context["todo"]
    assert next(row["reference"] for row in rows if row["kind"] == "request") == older.reference
    assert rows == sorted(rows, key=lambda row: row["due"])


def test_late_fees_come_after_all_who_wait_however_old_they_are(desk: Client, world: World) -> None:
    missed = operations.confirm_booking(booking=world.book(starts_at=at(10)), actor=None, now=NOW)
    operations.mark_no_show(booking=missed, actor=None, now=at(12))
    later = DAY + timedelta(days=3)
    request = world.book(
        starts_at=at(10, day=later), now=at(15), email="bo@example.com", phone="+12135550124"
    )
    # The fee has been due since yesterday.
    with time_machine.travel(at(11) + timedelta(days=2), tick=False):
        rows = desk.get(INDEX).context["todo"]
    (waits,) = [row for row in rows if row["kind"] == "request"]
    assert (waits["reference"], rows[-1]["kind"], rows[-1]["reference"]) == (
        request.reference, "fee", missed.reference,
    )  # fmt: skip
    assert waits["due"] > rows[-1]["due"]


def test_visits_that_cannot_be_kept_stand_on_top_until_they_are_solved(desk: Client, world: World) -> None:
    world.book(starts_at=at(10))
    away = world.book(starts_at=at(16), email="bo@example.com", phone="+12135550124")
    assert "can’t be kept" not in shown(desk)
    off = TimeOff.objects.create(therapist=world.therapist, starts_at=at(15), ends_at=at(19))

    (row,) = desk.get(INDEX).context["desk"]["stranded"]
    assert (row["reference"], row["why"]) == (away.reference, "the therapist has time off")
    text = shown(desk)
    assert text.index("Visits that can’t be kept") < text.index("To do")
    assert "(213) 555-0124" in text

    board = desk.get(reverse("admin:bookings_booking_day"), {"day": "2026-12-07"}).content.decode()
    assert board.count("Can’t be kept: the therapist has time off") == 1
    page = desk.get(reverse("admin:bookings_booking_change", args=[away.pk])).content.decode()
    assert "This visit can’t be kept:</strong> the therapist has time off." in page

    off.delete()
    WorkingHours.objects.filter(weekday=0).update(ends_at=time(17))
    (row,) = desk.get(INDEX).context["desk"]["stranded"]
    assert row["why"] == "it is outside the therapist’s hours".replace("’", "'")
    operations.move_booking(booking=away, to=NewTime(at(14)), act=Act(NOW))
    assert desk.get(INDEX).context["desk"]["stranded"] == []


def test_the_list_of_visits_that_cannot_be_kept_says_how_many_there_are(
    desk: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bookings.desk.waiting.MOST_ROWS", 1)
    world.book(starts_at=at(10))
    world.book(starts_at=at(16), email="bo@example.com", phone="+12135550124")
    Therapist.objects.update(is_active=False)
    found = desk.get(INDEX).context["desk"]
    assert (found["stranded_count"], len(found["stranded"])) == (2, 1)
    assert "Only the next one is shown." in shown(desk)


def test_the_next_two_hours_say_who_leaves_begins_and_is_free(desk: Client, world: World) -> None:
    world.book()
    with time_machine.travel(at(9), tick=False):
        soon = desk.get(INDEX).context["desk"]["soon"]
    assert [row["kind"] for row in soon if row["kind"] != "free"] == ["leave", "start"]
    assert [row["instant"] for row in soon] == sorted(row["instant"] for row in soon)
    with time_machine.travel(at(10, 30), tick=False):
        assert {row["kind"] for row in desk.get(INDEX).context["desk"]["soon"]} <= {"free"}
