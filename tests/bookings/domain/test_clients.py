"""One client out of two, and what is known of a client."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User

from bookings.domain import clients, links
from bookings.domain.clients import add_note, client_figures, likely_twins, merge_clients
from bookings.enums import EventKind, LinkPurpose
from bookings.exceptions import ClientGone, SameClient
from bookings.models import Booking, Client, ClientNote
from tests.factories import NOW, World, at

LATER = NOW + timedelta(days=1)


@pytest.fixture
def staff(db: None) -> User:
    return User.objects.create_user("desk", password="a-long-password", is_staff=True)


@pytest.fixture
def pair(world: World) -> tuple[Client, Client]:
    """A client with one visit, and their twin with two."""
    keep = world.book().client
    other = world.book(email="ana@work.example.com", starts_at=at(13)).client
    world.book(email="ana@work.example.com", starts_at=at(16))
    return keep, other


@pytest.mark.integrity
def test_merging_moves_visits_and_notes_and_removes_the_twin(
    pair: tuple[Client, Client], staff: User
) -> None:
    keep, other = pair
    note = add_note(client=other, text="Likes mornings.", actor=staff, now=NOW)
    visits = set(Booking.objects.values_list("pk", flat=True))

    assert merge_clients(keep=keep, other=other, actor=staff, now=LATER) == 2

    assert list(Client.objects.all()) == [keep]
    assert set(keep.bookings.values_list("pk", flat=True)) == visits
    keep.refresh_from_db()
    assert (keep.email, keep.phone.as_e164, keep.name) == ("ana@example.com", "+12135550123", "Ana O'Brien")
    written = {row.pk: row for row in keep.notes.all()}
    assert written.pop(note.pk).text == "Likes mornings."
    (about,) = written.values()
    assert "ana@work.example.com" in about.text
    assert about.by == staff


def test_each_moved_visit_says_so_in_its_history(pair: tuple[Client, Client], staff: User) -> None:
    keep, other = pair
    stayed = keep.bookings.get()
    moved = list(other.bookings.all())
    before = stayed.events.count()

    merge_clients(keep=keep, other=other, actor=staff, now=LATER)

    assert stayed.events.count() == before
    for booking in moved:
        event = booking.events.get(kind=EventKind.PERSON)
        assert (event.actor, event.at, event.from_status, event.to_status) == (
            staff,
            LATER,
            booking.status,
            booking.status,
        )
        assert "Ana O'Brien" in event.reason


@pytest.mark.parametrize(
    ("kept", "gone", "after"), [(True, False, True), (False, True, True), (False, False, False)]
)
def test_blocked_wins(pair: tuple[Client, Client], staff: User, kept: bool, gone: bool, after: bool) -> None:
    keep, other = pair
    Client.objects.filter(pk=keep.pk).update(is_blocked=kept)
    Client.objects.filter(pk=other.pk).update(is_blocked=gone, created_at=NOW - timedelta(days=900))
    merge_clients(keep=keep, other=other, actor=staff, now=LATER)
    keep.refresh_from_db()
    assert keep.is_blocked is after
    assert keep.created_at == NOW - timedelta(days=900)
    assert ("blocked" in keep.notes.get().text) is gone


def test_nobody_is_merged_with_themselves(pair: tuple[Client, Client], staff: User) -> None:
    with pytest.raises(SameClient):
        merge_clients(keep=pair[0], other=pair[0], actor=staff, now=LATER)
    assert Client.objects.count() == 2


@pytest.mark.integrity
@pytest.mark.parametrize(
    ("of_kept", "of_gone", "after"),
    [("preferred", "never", "never"), ("never", "preferred", "never"), ("never", "", "never"), ("", "never", "never"),
     ("preferred", "preferred", "preferred")],
)  # fmt: skip
def test_never_sent_to_one_of_the_two_is_never_sent_to_who_is_left(
    world: World, pair: tuple[Client, Client], staff: User, of_kept: str, of_gone: str, after: str
) -> None:
    for client, kind in zip(pair, (of_kept, of_gone), strict=True):
        if kind:
            clients.pair(client=client, therapist=world.therapist, kind=kind, reason="", actor=staff, now=NOW)
    merge_clients(keep=pair[0], other=pair[1], actor=staff, now=LATER)
    assert [row.kind for row in pair[0].pairings.all()] == [after]


def test_a_complaint_is_settled_once(world: World, staff: User) -> None:
    client = world.book().client
    note = add_note(client=client, text="Too cold.", actor=staff, now=NOW, is_complaint=True)
    plain = add_note(client=client, text="Mornings.", actor=staff, now=NOW)
    assert not clients.settle_complaint(note=plain, actor=staff, now=LATER)
    assert clients.settle_complaint(note=note, actor=staff, now=LATER)
    assert not clients.settle_complaint(note=note, actor=staff, now=LATER + timedelta(hours=1))
    note.refresh_from_db()
    assert (note.complaint, note.settled_at, note.settled_by) == ("settled", LATER, staff)


@pytest.mark.integrity
def test_second_merge_of_the_same_two_changes_nothing(pair: tuple[Client, Client], staff: User) -> None:
    keep, other = pair
    twin = Client.objects.get(pk=other.pk)
    merge_clients(keep=keep, other=other, actor=staff, now=LATER)
    with pytest.raises(ClientGone):
        merge_clients(keep=keep, other=twin, actor=staff, now=LATER)
    assert ClientNote.objects.count() == 1
    assert Booking.objects.filter(client=keep).count() == 3


@pytest.mark.integrity
def test_merge_that_fails_halfway_leaves_both(
    pair: tuple[Client, Client], staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep, other = pair

    def fail(self: Client, *args: object, **kwargs: object) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr(Client, "delete", fail)
    with pytest.raises(RuntimeError):
        merge_clients(keep=keep, other=other, actor=staff, now=LATER)
    assert other.bookings.count() == 2
    assert not ClientNote.objects.exists()


def test_booking_again_with_the_email_of_the_twin_makes_a_new_record(
    world: World, pair: tuple[Client, Client], staff: User
) -> None:
    keep, other = pair
    merge_clients(keep=keep, other=other, actor=staff, now=LATER)
    again = world.book(email="ana@work.example.com", starts_at=at(10, 0, at(10).date() + timedelta(days=1)))
    assert again.client_id not in (keep.pk, other.pk)


def test_figures_count_how_visits_ended(world: World) -> None:
    client = world.book().client
    for number, (status, fee) in enumerate(
        [("completed", 0), ("completed", 0), ("no_show", 0), ("canceled", 5_000), ("canceled", 0)]
    ):
        booking = world.book(starts_at=at(10, 0, at(10).date() + timedelta(days=number + 1)))
        Booking.objects.filter(pk=booking.pk).update(status=status, late_fee_cents=fee)
    figures = client_figures(client)
    assert (figures.visits, figures.completed, figures.no_shows, figures.late_cancels) == (6, 2, 1, 1)
    assert figures.revenue_cents == 2 * 14_000
    assert client_figures(Client.objects.create(name="N", email="n@example.com", phone="+12135550999",
                                                created_at=NOW)).revenue_cents == 0  # fmt: skip


def test_twins_share_email_phone_or_name(world: World, pair: tuple[Client, Client]) -> None:
    keep, other = pair
    world.book(
        name="Bo",
        email="bo@example.com",
        phone="+12135550777",
        starts_at=at(10, 0, at(10).date() + timedelta(days=2)),
    )
    assert list(likely_twins(keep)) == [other]


def test_notes_are_encrypted(world: World, staff: User) -> None:
    from django.db import connection

    note = add_note(client=world.book().client, text="CANARY-NOTE", actor=staff, now=NOW)
    with connection.cursor() as cursor:
        cursor.execute("SELECT text FROM bookings_clientnote WHERE id = %s", [note.pk])
        assert "CANARY" not in cursor.fetchone()[0]


def test_what_the_admin_wrote_down_of_the_twin_comes_along(pair: tuple[Client, Client], staff: User) -> None:
    keep, other = pair
    LogEntry.objects.log_actions(staff.pk, [other], CHANGE, change_message="Phone.", single_object=True)
    merge_clients(keep=keep, other=other, actor=staff, now=LATER)
    assert LogEntry.objects.get().object_id == str(keep.pk)


@pytest.mark.integrity
def test_links_sent_to_the_twin_s_mailbox_end_and_one_s_own_go_on(
    pair: tuple[Client, Client], staff: User
) -> None:
    keep, other = pair
    own = links.visit_token(keep.bookings.get(), now=NOW)
    foreign = [links.visit_token(visit, now=NOW) for visit in other.bookings.all()]

    merge_clients(keep=keep, other=other, actor=staff, now=LATER)

    found = [
        links.find_link(token, purpose=LinkPurpose.VISIT, now=LATER + timedelta(minutes=1))
        for token in (own, *foreign)
    ]
    assert [link is not None for link in found] == [True, False, False]
