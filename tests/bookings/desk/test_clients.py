"""A client's page: visits, notes, and merging two records."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.urls import reverse

from bookings.models import Booking, ClientNote, NoteTemplate
from bookings.models import Client as Person
from tests.factories import DAY, World, at

from .conftest import signed_in, staff_user
from .test_visit import make_many

RIGHTS = (
    "view_booking", "change_booking", "view_client", "change_client", "view_clientnote", "add_clientnote",
)  # fmt: skip


def page(person: Person) -> str:
    return reverse("admin:bookings_client_change", args=[person.pk])


def note(person: Person) -> str:
    return reverse("admin:bookings_client_note", args=[person.pk])


def merge(person: Person) -> str:
    return reverse("admin:bookings_client_merge", args=[person.pk])


@pytest.fixture
def person(world: World) -> Person:
    return world.book(starts_at=at(16)).client


@pytest.fixture
def twin(world: World, person: Person) -> Person:
    return world.book(email="ana@work.example.com", starts_at=at(13)).client


@pytest.fixture
def front(world: World) -> Client:
    return signed_in(staff_user("front", *RIGHTS))


def text(client: Client, address: str, status: int = 200) -> str:
    response = client.get(address)
    assert response.status_code == status
    return response.content.decode()


def test_page_lists_visits_newest_first_with_links(world: World, person: Person, front: Client) -> None:
    later = world.book(starts_at=at(10, 0, at(10).date() + timedelta(days=1)))
    shown = text(front, page(person))
    first = person.bookings.exclude(pk=later.pk).get()
    assert shown.index(later.reference) < shown.index(first.reference)
    assert reverse("admin:bookings_booking_change", args=[later.pk]) in shown


def test_visits_and_notes_are_for_those_who_may_see_them(world: World, person: Person, front: Client) -> None:
    front.post(note(person), {"text": "CANARY-NOTE"})
    assert "CANARY-NOTE" in text(front, page(person))
    narrow = signed_in(staff_user("narrow", "view_client"))
    shown = text(narrow, page(person))
    assert "CANARY-NOTE" not in shown
    assert person.bookings.get().reference not in shown
    assert note(person) not in shown
    assert merge(person) not in shown


@pytest.mark.parametrize("missing", RIGHTS)
def test_each_address_needs_its_rights(world: World, person: Person, twin: Person, missing: str) -> None:
    client = signed_in(staff_user("some", *(set(RIGHTS) - {missing})))
    may_note = missing != "add_clientnote"
    assert client.post(note(person), {"text": "x"}).status_code == (302 if may_note else 403)
    assert ClientNote.objects.exists() is may_note
    may_merge = missing not in ("change_client", "change_booking")
    assert client.get(merge(person)).status_code == (200 if may_merge else 403)
    assert client.post(merge(person), {"other": twin.pk}).status_code == (302 if may_merge else 403)
    assert Person.objects.filter(pk=twin.pk).exists() is not may_merge


def test_visitors_and_writers_see_nothing(world: World, person: Person, twin: Person) -> None:
    writer = signed_in(staff_user("writer"))
    for address in (page(person), note(person), merge(person)):
        assert Client().get(address).status_code == 302
        assert writer.get(address).status_code == 403
        assert writer.post(address, {"text": "x", "other": twin.pk}).status_code == 403
    assert Person.objects.count() == 2


def test_empty_note_is_explained_and_nothing_is_written(person: Person, front: Client) -> None:
    response = front.post(note(person), {"text": "  "})
    assert response.status_code == 422
    assert "Write the note first." in response.content.decode()
    response = front.post(note(person), {"text": "x" * 2001})
    assert response.status_code == 422
    assert "x" * 2001 in response.content.decode()
    assert not ClientNote.objects.exists()


def test_a_template_is_put_behind_what_is_typed_and_nothing_is_saved(
    person: Person, front: Client, owner: Client
) -> None:
    assert "Put in:" not in text(front, page(person))
    listed = reverse("admin:bookings_notetemplate_changelist")
    assert "Prepared for you: Likes and dislikes" in text(owner, listed)
    owner.post(reverse("admin:bookings_notetemplate_prepared"))
    likes, complaint = (NoteTemplate.objects.get(name=name) for name in ("Likes and dislikes", "Complaint"))
    clinician = NoteTemplate.objects.filter(kind="clinician").earliest("pk")
    shown = text(front, page(person))
    assert shown.index("Likes and dislikes</button>") < shown.index("Complaint</button>")
    assert clinician.name not in shown
    sent: dict[str, Any] = {"text": "Typed before.  ", "reader": "both"}
    answer = front.post(note(person), {**sent, "template": likes.pk})
    assert answer.status_code == 200
    form = answer.context["form"]
    assert form["text"].value() == f"Typed before.\n{likes.text}"
    assert (form["reader"].value(), form["is_complaint"].value()) == ("both", None)
    assert "errorlist" not in answer.content.decode()
    form = front.post(note(person), {"text": "", "template": complaint.pk}).context["form"]
    assert (form["text"].value(), form["is_complaint"].value()) == (complaint.text, True)
    for gone in ("", "x", "\x00", "9" * 30, "999999", clinician.pk):
        answer = front.post(note(person), {**sent, "template": gone})
        assert (answer.status_code, answer.context["form"]["text"].value()) == (200, sent["text"])
    assert not ClientNote.objects.exists()


def test_the_owner_names_a_template_once(owner: Client, world: World) -> None:
    add = reverse("admin:bookings_notetemplate_add")
    sent = {"kind": "client", "name": "A call", "text": "Who called:", "position": "1"}
    assert owner.post(add, sent).status_code == 302
    assert "There is a template of that name already." in owner.post(add, sent).content.decode()
    assert owner.post(add, {**sent, "kind": "complaint"}).status_code == 302


def test_note_that_no_key_opens_costs_a_line(person: Person, front: Client) -> None:
    front.post(note(person), {"text": "Lost words"})
    front.post(note(person), {"text": "Kept words"})
    lost = ClientNote.objects.order_by("pk").first()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE bookings_clientnote SET text = 'gAAAAAnothing' WHERE id = %s", [lost.pk])
    shown = text(front, page(person))
    assert "Kept words" in shown
    assert "HEALTH_KEYS" in shown


def test_merging_is_asked_before_it_is_done(person: Person, twin: Person, front: Client) -> None:
    assert twin.email in text(front, page(person))
    assert twin.email in text(front, merge(person))
    assert twin.email in text(front, f"{merge(person)}?q=work.example")
    assert twin.email not in text(front, f"{merge(person)}?q=nobody")
    shown = text(front, f"{merge(person)}?other={twin.pk}")
    assert "Stays:" in shown
    assert shown.index(person.email) < shown.index(twin.email)
    assert Person.objects.count() == 2

    response = front.post(merge(person), {"other": twin.pk}, follow=True)
    assert [str(message) for message in response.context["messages"]] == [
        "One record now; 1 visit came over from Ana O'Brien."
    ]
    assert list(Person.objects.all()) == [person]
    assert person.bookings.count() == 2


@pytest.mark.parametrize("other", ["", "x", "9" * 30, "-1", "²", "self"])
def test_merging_with_nobody_or_oneself_is_refused(
    person: Person, twin: Person, front: Client, other: str
) -> None:
    value = str(person.pk) if other == "self" else other
    response = front.post(merge(person), {"other": value})
    assert response.status_code == 422
    assert front.get(merge(person), {"other": value}).status_code == 200
    assert Person.objects.count() == 2


@pytest.mark.parametrize("value", ["2", "x", "-1", "9" * 30])
def test_any_page_of_visits_is_shown(person: Person, front: Client, value: str) -> None:
    assert front.get(page(person), {"visits": value}).status_code == 200


def test_page_costs_the_same_however_many_visits(
    world: World, person: Person, front: Client, count_queries: Callable[..., Any]
) -> None:
    front.post(note(person), {"text": "One"})
    front.get(page(person))
    with count_queries() as few:
        front.get(page(person))
    make_many(world, range(20))
    Booking.objects.update(client=person)
    for number in range(10):
        front.post(note(person), {"text": f"Note {number}"})
    front.get(page(person))
    with count_queries() as many:
        front.get(page(person))
    assert person.bookings.count() == 21
    assert len(many) == len(few) <= 15


def test_the_email_and_phone_of_another_are_refused_kindly(
    person: Person, twin: Person, front: Client
) -> None:
    data = {"name": "Ana", "email": "ANA@work.example.com", "phone": str(twin.phone)}
    refused = front.post(page(person), data)
    assert refused.status_code == 422
    shown = refused.content.decode()
    assert "Merge the two records instead" in shown
    assert "ANA@work.example.com" in shown
    person.refresh_from_db()
    assert person.email == "ana@example.com"


@pytest.mark.parametrize("send", ["get", "post"])
@pytest.mark.parametrize("key", ["9" * 19, "9" * 30, "9" * 5000, "%C2%B2"])
def test_a_key_that_no_client_can_have_is_as_one_that_nobody_has(owner: Client, key: str, send: str) -> None:
    response = getattr(owner, send)(f"/admin/bookings/client/{key}/change/")
    assert (response.status_code, response.headers.get("Location")) == (302, "/admin/bookings/client/")


def test_only_who_is_blocked_is_marked_in_the_list(person: Person, twin: Person, owner: Client) -> None:
    listing = reverse("admin:bookings_client_changelist")
    assert "icon-no" not in text(owner, listing)
    assert "mark--bad" not in text(owner, listing)
    Person.objects.filter(pk=twin.pk).update(is_blocked=True)
    assert text(owner, listing).count("mark--bad") == 1


def test_a_correction_is_saved_logged_and_nothing_typed_is_lost(person: Person, owner: Client) -> None:
    data = {
        "name": "Ana Maria O'Brien",
        "email": "ana@example.com",
        "phone": "(213) 555-0123",
        "is_blocked": "on",
    }
    refused = owner.post(page(person), {**data, "phone": "12"})
    assert refused.status_code == 422
    assert "Ana Maria O&#x27;Brien" in refused.content.decode()
    # Above the form the client is as they are.
    assert refused.context["client"].name == "Ana O'Brien"
    saved = owner.post(page(person), data)
    assert (saved.status_code, saved["Location"]) == (302, page(person))
    person.refresh_from_db()
    assert (person.name, person.is_blocked) == ("Ana Maria O'Brien", True)
    history = text(owner, reverse("admin:bookings_client_history", args=[person.pk]))
    assert "Changed Name and Blocked." in history


# Notes for whom they concern, and who is sent -----------------------------------------------------------------------


def test_a_note_is_for_the_desk_unless_it_says_otherwise(person: Person, front: Client) -> None:
    front.post(note(person), {"text": "For us"})
    front.post(note(person), {"text": "For them", "reader": "therapists", "is_complaint": "on"})
    assert list(person.notes.values_list("reader", "complaint").order_by("pk")) == [
        ("desk", ""), ("therapists", "open"),
    ]  # fmt: skip
    assert front.post(note(person), {"text": "x", "reader": "everybody"}).status_code == 422


def test_a_note_is_seen_on_find_and_on_the_visit(person: Person, front: Client) -> None:
    front.post(note(person), {"text": "CANARY-NOTE", "is_complaint": "on"})
    found = text(front, f"{reverse('admin:bookings_booking_book')}?q=ana")
    visit = text(front, reverse("admin:bookings_booking_change", args=[person.bookings.get().pk]))
    board = text(front, f"{reverse('admin:bookings_booking_day')}?day={DAY}")
    for page_ in (found, visit):
        assert "CANARY-NOTE" in page_
        assert "Complaint, open" in page_
    assert "A note" in board
    assert "CANARY-NOTE" not in board


def test_a_therapist_reads_what_is_for_therapists(world: World, person: Person, front: Client) -> None:
    user = staff_user("hands", "view_own_visits", "view_clientnote")
    world.therapist.user = user
    world.therapist.save()
    hands = signed_in(user)
    front.post(note(person), {"text": "CANARY-DESK"})
    front.post(note(person), {"text": "CANARY-HANDS", "reader": "therapists"})
    front.post(note(person), {"text": "CANARY-BOTH", "reader": "both"})
    visit = text(hands, reverse("admin:bookings_booking_change", args=[person.bookings.get().pk]))
    with time_machine.travel(at(15), tick=False):
        day = text(hands, reverse("admin:index"))
    for page_ in (visit, day):
        assert "CANARY-HANDS" in page_
        assert "CANARY-BOTH" in page_
        assert "CANARY-DESK" not in page_


def test_a_therapist_finds_no_client_by_a_complaint_that_is_for_the_desk(
    world: World, person: Person, front: Client
) -> None:
    front.post(note(person), {"text": "About them", "reader": "desk", "is_complaint": "on"})
    user = staff_user("hands", "view_own_visits", "view_client", "view_clientnote")
    world.therapist.user = user
    world.therapist.save()
    found = f"{reverse('admin:bookings_client_changelist')}?complaint=open"
    assert list(front.get(found).context["cl"].queryset) == [person]
    assert not list(signed_in(user).get(found).context["cl"].queryset)


def test_a_complaint_is_settled_by_a_press(person: Person, front: Client) -> None:
    front.post(note(person), {"text": "Too cold", "is_complaint": "on"})
    row = person.notes.get()
    settle = reverse("admin:bookings_client_settle_note", args=[person.pk, row.pk])
    assert settle in text(front, page(person))
    assert "The complaint is settled." in front.post(settle, follow=True).content.decode()
    assert "Somebody else has settled it already." in front.post(settle, follow=True).content.decode()
    shown = text(front, page(person))
    assert "Complaint, settled" in shown
    assert settle not in shown
    elsewhere = reverse("admin:bookings_client_settle_note", args=[person.pk, row.pk + 1])
    assert front.post(elsewhere).status_code == 404


def test_never_send_is_written_down_and_taken_back(world: World, person: Person) -> None:
    rights = ("view_pairing", "add_pairing", "delete_pairing")
    front = signed_in(staff_user("front", *RIGHTS, *rights))
    pair = reverse("admin:bookings_client_pair", args=[person.pk])
    sent = {"therapist": world.therapist.pk, "kind": "never", "reason": "They fell out."}
    said = front.post(pair, sent, follow=True).content.decode()
    assert "Never send: Sample Therapist One" in said
    assert "1 visit to come needs somebody else now." in said
    assert "They fell out." in said
    visit = text(front, reverse("admin:bookings_booking_change", args=[person.bookings.get().pk]))
    assert "Never send: Sample Therapist One" in visit
    assert "this therapist is never sent to this client" in visit
    assert "Never send" in text(front, f"{reverse('admin:bookings_booking_book')}?q=ana")
    back = reverse("admin:bookings_client_unpair", args=[person.pk, person.pairings.get().pk])
    assert "It no longer holds." in front.post(back, follow=True).content.decode()
    assert "Somebody else has taken it back." in front.post(back, follow=True).content.decode()
    assert not person.pairings.exists()


def test_a_word_about_nobody_is_explained_and_nothing_typed_is_lost(person: Person) -> None:
    front = signed_in(staff_user("front", *RIGHTS, "view_pairing", "add_pairing"))
    pair = reverse("admin:bookings_client_pair", args=[person.pk])
    response = front.post(pair, {"therapist": "", "kind": "never", "reason": "TYPED"})
    assert response.status_code == 422
    assert "TYPED" in response.content.decode()
    assert not person.pairings.exists()


def test_a_long_email_in_the_list_breaks_before_its_domain(desk: Client, world: World) -> None:
    world.book(email="maria.fernanda@surgery.example.com")
    listed = desk.get(reverse("admin:bookings_client_changelist")).content.decode()
    assert "maria.fernanda<wbr>@surgery.example.com" in listed
