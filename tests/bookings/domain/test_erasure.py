"""Erasing a client: nothing that names them is left in any table, and the books add up as before."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import connection

from bookings import tasks
from bookings.courses.models import CoursePlan
from bookings.domain import area_requests, intake, links, message_copies, operations, outbox, sending, sign_in
from bookings.domain.clients import add_note, likely_twins, merge_clients, pair
from bookings.domain.erasure import erase_client, erase_long_gone
from bookings.domain.reports import load_report
from bookings.enums import BookingStatus, LinkPurpose, MessageState, PairingKind, StepKind
from bookings.exceptions import ClientGone, VisitsOpen
from bookings.models import (
    Booking,
    BookingDraft,
    BookingRules,
    Booklet,
    ChangeRequest,
    Client,
    ClinicianNote,
    DriveOverride,
    Erasure,
    LateFee,
    Link,
    Message,
    MessageSettings,
    NoteFile,
    OwnConsent,
    ScreeningRecheck,
    VisitStep,
)
from bookings.notifications import delivery
from bookings.program.assessments import write_assessment
from bookings.program.models import Exercise, ProgramTemplate, TemplateExercise
from bookings.program.operations import make_program, write_note
from bookings.referrals.models import ReferralOffice
from bookings.referrals.operations import refer
from bookings.reviews import operations as reviews
from bookings.reviews.models import Review
from massagerx.lib.encryption import EncryptedField
from tests.factories import DAY, NOW, World, at

pytestmark = pytest.mark.integrity

AFTER = NOW + timedelta(days=30)
PERSON: dict[str, Any] = {
    "name": "Quillname Canary",
    "email": "quillmail@example.com",
    "phone": "+12135550177",
    "street": "77 Quillstreet Road",
    "access": {"gate_code": "QUILLGATE"},
    "recipient_name": "Quillmother",
}
# In small letters. Of the second line, some was typed into other fields.
CANARIES = (
    "quillname", "quillmail@example.com", "5550177", "quillstreet", "quillgate", "quillmother",
    "quillnote", "quillreason", "quillquestion", "quillhealth",
)  # fmt: skip


@pytest.fixture(autouse=True)
def told_at_once(db: None) -> None:
    """What staff do is told as soon as it is done."""
    settings = MessageSettings.load()
    settings.second_thoughts_minutes = 0
    settings.save()


@pytest.fixture
def staff(db: None) -> User:
    return User.objects.create_user("owner", password="a-long-password", is_staff=True)


def texts() -> Iterator[tuple[str, str]]:
    """All that any table holds, as text in small letters: raw, and encrypted columns and sessions opened too."""
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {quote(table)}")
            for row in cursor.fetchall():
                for value in row:
                    text = (
                        bytes(value).decode("latin-1")
                        if isinstance(value, memoryview | bytes)
                        else str(value)
                    )
                    yield table, text.lower()
    # Historical models are among them.
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, EncryptedField):
                for opened in model._base_manager.values_list(field.name, flat=True):
                    yield f"{model._meta.label}.{field.name}", json.dumps(opened).lower()
    for message in Message.objects.all():
        yield "copies", json.dumps(message_copies.copy_of(message)).lower()
    for session in Session.objects.all():
        yield "sessions", json.dumps(session.get_decoded()).lower()


def found(words: tuple[str, ...] = CANARIES) -> dict[str, set[str]]:
    """Where each of the words stands."""
    places: dict[str, set[str]] = {}
    for place, text in texts():
        for word in words:
            if word in text:
                places.setdefault(word, set()).add(place)
    return places


def a_life(world: World, staff: User) -> Client:
    """Everything that the site may come to hold of somebody: three visits, of which one took place, one was canceled
    and one was booked under another email; and what they asked beside."""
    kept = world.book(**PERSON, starts_at=at(10))
    canceled = world.book(**PERSON, starts_at=at(16))
    other = world.book(**{**PERSON, "email": "quillwork@example.com"}, starts_at=at(13))
    merge_clients(keep=kept.client, other=other.client, actor=staff, now=NOW)
    client = kept.client
    operations.confirm_booking(booking=kept, actor=staff, now=NOW)
    VisitStep.objects.create(
        booking=kept, kind=StepKind.LATE, at=NOW, received_at=NOW, minutes=10, key=uuid.uuid4(), by=staff,
        expected_from=NOW, expected_until=NOW + timedelta(minutes=10),
    )  # fmt: skip
    operations.complete_booking(booking=kept, actor=staff, now=AFTER, reason="quillreason")
    operations.cancel_booking(booking=canceled, actor=staff, now=NOW, reason="quillreason")
    operations.decline_booking(booking=other, actor=staff, now=NOW)
    delivery.send_due(clock=lambda: NOW)
    intake.open_screening(booking=kept, user=staff, reason="quillreason", now=NOW)
    ClinicianNote.objects.create(booking=kept, note="quillhealth", recorded_at=NOW, recorded_by=staff)
    NoteFile.objects.create(booking=kept, kind="pdf", data="quillhealth", digest="0" * 64, handed_in_at=NOW)
    ScreeningRecheck.objects.create(
        booking=kept,
        version=world.screening,
        answers={"q": "quillhealth"},
        tier="clear",
        new_tier="clear",
        evaluated_at=NOW,
    )
    ChangeRequest.objects.create(booking=kept, wanted_starts_at=NOW, reason="quillreason", asked_at=NOW,
                                 state="refused")  # fmt: skip
    LateFee.objects.create(booking=kept, cents=6_000, reason="quillreason", named_at=NOW)
    DriveOverride.objects.create(to_booking=kept, minutes=30, reason="quillreason", by=staff, at=NOW)
    add_note(client=client, text="quillnote", actor=staff, now=NOW)
    OwnConsent.objects.create(client=client, name="Quillname", agreed_at=NOW, terms_version=world.agreed)
    pair(
        client=client,
        therapist=world.add_therapist("Sample Kept Apart"),
        kind=PairingKind.NEVER,
        reason="quillreason",
        actor=staff,
        now=NOW,
    )
    LogEntry.objects.log_actions(staff.pk, [client], CHANGE, change_message="quillreason", single_object=True)

    written = operations.send_contact(
        key=uuid.uuid4(), name=PERSON["name"], email=PERSON["email"], phone="", body="quillquestion", now=NOW
    )
    operations.answer_contact(message=written, text="quillnote", actor=staff, now=NOW)
    operations.send_contact(
        key=uuid.uuid4(),
        name="Quillname",
        email="else@example.com",
        phone="(213) 555-0177",
        body="-",
        now=NOW,
    )
    LogEntry.objects.log_actions(staff.pk, [written], CHANGE, change_message="-", single_object=True)
    Booklet.objects.create(file_name="booklet.pdf", content=b"%PDF-1.4", uploaded_at=NOW)
    operations.request_booklet(
        key=uuid.uuid4(), name=PERSON["name"], email="Quillmail@example.com", may_follow_up=True, now=NOW
    )
    area_requests.leave_area_request(
        name=PERSON["name"], email="", phone=PERSON["phone"], zip_code="90210", service=None,
        note="quillnote", now=NOW,
    )  # fmt: skip
    exercise = Exercise.objects.create(name="Bridge", steps="-", stop_when="-", approved_by="A.")
    template = ProgramTemplate.objects.create(name="For runners", sport="running")
    TemplateExercise.objects.create(template=template, exercise=exercise)
    program = make_program(
        booking=kept, template=template, chosen=[exercise.pk], started_on=NOW.date(), key=uuid.uuid4(),
        act=operations.StaffAct(NOW, staff),
    )  # fmt: skip
    write_note(program=program, text="quillnote", act=operations.StaffAct(NOW, staff))
    write_assessment(booking=kept, findings={"posture": "quillhealth"}, act=operations.StaffAct(NOW, staff))
    review = Review.objects.create(booking=kept, asked_at=NOW)
    reviews.write(
        review=review, stars=2, words="quillhealth", shown_as="Quillname", may_publish=True, now=NOW
    )
    reviews.publish(review=review, written_at=NOW, act=operations.Act(NOW, staff))
    reviews.answer(review=review, words="quillnote", act=operations.Act(NOW, staff))
    plan = CoursePlan.objects.create(name="Six weeks", number=1, option=world.option, approved_by="A.")
    refer(
        office=ReferralOffice.objects.create(name="Dr. Lee’s office"), key=uuid.uuid4(), plan=plan,
        name=PERSON["name"], email=PERSON["email"].lower(), phone=PERSON["phone"], now=NOW,
        health={"procedure": "quillhealth", "surgery": "2026-12-01", "cleared_from": "2026-12-05",
                "limits": "quillhealth", "entered_by": "Kim"},
    )  # fmt: skip
    sign_in.send_sign_in(email=PERSON["email"], now=NOW)
    sign_in.send_code(email=PERSON["email"], instead_of=None, now=NOW)
    unsent = intake.load_draft(None, now=NOW)
    typed = {"of": kept.reference, "page": "health", "typed": {"question": "quillhealth"}}
    intake.save_draft(unsent, typed, now=NOW)
    by_phone = {"phone": "213.555.0177", "email": "else@example.com", "street": PERSON["street"]}
    intake.save_draft(intake.load_draft(None, now=NOW), {"details_so_far": by_phone}, now=NOW)
    draft = intake.load_draft(None, now=NOW)
    intake.save_draft(draft, {"details": {"name": PERSON["name"], "email": PERSON["email"]}}, now=NOW)
    # A form about a visit that came too late: it names the visit alone.
    unsent = intake.load_draft(None, now=NOW)
    answers = {
        "of": kept.reference,
        "page": "health",
        "typed": {"q": "quillhealth", "gate_code": "quillgate"},
    }
    intake.save_draft(unsent, answers, now=NOW)
    browser = SessionStore()
    browser["unsent"] = str(unsent.key)
    browser["visits"] = {"email": PERSON["email"], "links": {}, "proved": {PERSON["email"]: 1}}
    browser["booking_draft"] = str(draft.key)
    browser["asked"] = {"phone": "(213) 555-0177"}
    browser["theme"] = "dark"
    browser.save()
    return client


def test_nothing_that_names_the_client_is_left_in_any_table(world: World, staff: User) -> None:
    bystander = world.book(
        name="Bo Stays",
        email="bo@example.com",
        phone="+12135550188",
        starts_at=at(10, day=DAY + timedelta(1)),
    )
    client = a_life(world, staff)
    before = found()
    assert set(before) == set(CANARIES)
    assert {"copies", "sessions", "django_admin_log", "bookings_booking", "bookings_link"} <= set().union(
        *before.values()
    )
    held: dict[str, Any] = {
        "first_day": DAY - timedelta(days=7),
        "last_day": DAY + timedelta(days=7),
        "now": AFTER,
    }
    report = load_report(**held)
    assert report.total.revenue_cents > 0
    assert report.total.drive_minutes > 0
    columns = [
        "pk", "status", "therapist", "service", "option", "area", "starts_at", "ends_at", "blocked_from",
        "blocked_until", "total_cents", "late_fee_cents", "client", "created_at", "reference",
    ]  # fmt: skip
    books = list(Booking.objects.order_by("pk").values_list(*columns))
    erasure = erase_client(client=client, actor=staff, now=AFTER)

    assert found() == {}
    assert set(found(("bo stays",))) == {"bo stays"}
    assert load_report(**held) == report
    assert list(Booking.objects.order_by("pk").values_list(*columns)) == books
    assert (erasure.client, erasure.by, erasure.at, erasure.visits) == (client, staff, AFTER, 3)
    client.refresh_from_db()
    assert (client.name, client.email, str(client.phone), client.erased_at) == (Client.ERASED, "", "", AFTER)
    assert Session.objects.get().get_decoded() == {"theme": "dark"}
    assert not BookingDraft.objects.exists()
    assert {message.state for message in Message.objects.exclude(booking=bystander)} <= {"sent", "dropped"}


def test_what_was_told_once_goes(world: World, staff: User) -> None:
    visit = world.book()
    Booking.objects.update(told_once={"heard_from": "friend"}, status="completed")
    erase_client(client=visit.client, actor=staff, now=AFTER)
    assert Booking.objects.filter(told_once__isnull=True).count() == 1


def test_open_visits_come_first(world: World, staff: User) -> None:
    visit = world.book(**PERSON)
    with pytest.raises(VisitsOpen):
        erase_client(client=visit.client, actor=staff, now=AFTER)
    assert set(found()) >= {"quillname", "quillgate", "quillstreet"}
    assert not Erasure.objects.exists()


def test_a_visit_booked_while_the_owner_looks_stops_it_under_the_lock(
    world: World, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bookings.domain import personal_data

    client = world.book(**PERSON).client
    # As the first look may find it, a moment before the press of another.
    monkeypatch.setattr(personal_data, "open_visits", lambda client: Booking.objects.none())
    with pytest.raises(VisitsOpen):
        erase_client(client=client, actor=staff, now=AFTER)
    assert "quillname" in found()


def test_an_erasure_that_fails_halfway_erases_nothing(
    world: World, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit = world.book(**PERSON)
    operations.decline_booking(booking=visit, actor=staff, now=NOW)

    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr(Erasure.objects, "create", fail)
    with pytest.raises(RuntimeError):
        erase_client(client=visit.client, actor=staff, now=AFTER)
    assert set(found()) >= {"quillname", "quillgate", "quillstreet", "quillmail@example.com"}


def test_an_erased_client_is_nobody_s_twin_and_books_as_somebody_new(world: World, staff: User) -> None:
    erased = []
    for number in range(2):
        visit = world.book(**PERSON, starts_at=at(10 + 3 * number))
        operations.decline_booking(booking=visit, actor=staff, now=NOW)
        erase_client(client=visit.client, actor=staff, now=NOW)
        erased.append(visit.client)
    with pytest.raises(ClientGone):
        erase_client(client=erased[0], actor=staff, now=NOW)
    with pytest.raises(ClientGone):
        merge_clients(keep=erased[0], other=erased[1], actor=staff, now=NOW)
    with pytest.raises(ClientGone):
        add_note(client=erased[0], text="quillnote", actor=staff, now=NOW)
    again = world.book(**PERSON, starts_at=at(16))
    assert again.client not in erased
    assert again.status == BookingStatus.REQUESTED
    assert not likely_twins(again.client).exists()


def test_a_delivery_under_way_keeps_no_copy_and_sends_nothing(world: World, staff: User) -> None:
    """The sender has looked at the visit, and hands the message over only after the erasure."""
    visit = world.book(**PERSON)
    operations.decline_booking(booking=visit, actor=staff, now=NOW)
    Message.objects.exclude(kind="declined").update(state=MessageState.SENT)
    (message,) = sending.claim_due(now=NOW)
    erase_client(client=visit.client, actor=staff, now=NOW)

    assert not sending.mark_handing_over(message, now=NOW, copy={"to": PERSON["email"]})
    assert not sending.mark_sent(message, now=NOW)
    row = Message.objects.get(pk=message.pk)
    assert (row.state, row.last_error, row.copy) == (MessageState.DROPPED, outbox.ERASED, None)
    # Another press on "send again", or a row that was made due by hand.
    Message.objects.filter(pk=row.pk).update(state=MessageState.DUE)
    delivery.send_due(clock=lambda: NOW)
    row.refresh_from_db()
    assert (row.state, row.last_error, row.copy) == (MessageState.DROPPED, outbox.ERASED, None)
    assert found() == {}


def test_a_message_that_had_been_handed_over_says_that_it_may_have_arrived(world: World, staff: User) -> None:
    visit = world.book(**PERSON)
    operations.decline_booking(booking=visit, actor=staff, now=NOW)
    (message, *_others) = sending.claim_due(now=NOW)
    assert sending.mark_handing_over(message, now=NOW, copy={"to": PERSON["email"]})
    erase_client(client=visit.client, actor=staff, now=NOW)
    row = Message.objects.get(pk=message.pk)
    assert (row.state, row.copy) == (MessageState.DROPPED, None)
    assert "perhaps sent" in row.last_error


def test_the_doors_of_a_day_stay_as_they_were(world: World, staff: User) -> None:
    """Two visits to one door, and one to another: between the first two lies no drive, also afterwards."""
    first = world.book(**PERSON, starts_at=at(10))
    second = world.book(**{**PERSON, "street": "77  Quillstreet Road,"}, starts_at=at(13))
    third = world.book(**{**PERSON, "street": "78 Quillstreet Road"}, starts_at=at(16))
    for visit in (first, second, third):
        operations.confirm_booking(booking=visit, actor=staff, now=NOW)
        operations.complete_booking(booking=visit, actor=staff, now=AFTER)
    erase_client(client=first.client, actor=staff, now=AFTER)
    doors = [
        Booking.objects.select_related("area").get(pk=row.pk).address_key for row in (first, second, third)
    ]
    assert doors[0] == doors[1] != doors[2]
    assert not Link.objects.exists()


def test_the_log_of_a_namesake_stays_and_that_of_a_deleted_row_goes(world: World, staff: User) -> None:
    visit = world.book(**PERSON)
    operations.decline_booking(booking=visit, actor=staff, now=NOW)
    namesake = world.book(
        name=PERSON["name"], email="other@example.com", phone="+12135550100", starts_at=at(16)
    )
    deleted = Client(pk=987_654, name=PERSON["name"])
    for client in (namesake.client, deleted):
        LogEntry.objects.log_actions(staff.pk, [client], CHANGE, change_message="Phone.", single_object=True)
    erase_client(client=visit.client, actor=staff, now=NOW)
    kept, gone = LogEntry.objects.order_by("pk")
    assert (kept.object_repr, kept.change_message) == (PERSON["name"], "Phone.")
    assert (gone.object_repr, gone.change_message) == ("Erased", "")


# Whose time is over --------------------------------------------------------------------------------------------------


def years_ago(years: int, *, world: World, status: str = BookingStatus.COMPLETED, **changes: Any) -> Client:
    """A client whose one visit was so many years, and an hour, ago."""
    booking = world.book(**changes)
    shift = NOW.replace(year=NOW.year - years) - timedelta(hours=1) - booking.ends_at
    times = ("starts_at", "ends_at", "blocked_from", "blocked_until")
    moved = {name: getattr(booking, name) + shift for name in times}
    Booking.objects.filter(pk=booking.pk).update(status=status, **moved)
    Client.objects.filter(pk=booking.client_id).update(created_at=moved["starts_at"])
    Link.objects.all().delete()
    return booking.client


def is_erased(client: Client) -> bool:
    return Client.objects.get(pk=client.pk).erased_at is not None


def test_who_has_not_come_for_the_owners_years_is_erased(world: World) -> None:
    gone = years_ago(7, world=world)
    came = years_ago(6, world=world, email="bo@example.com", phone="+12135550188")
    never = Client.objects.create(
        name="Cy Sample", email="cy@example.com", phone="+12135550189", created_at=NOW - timedelta(days=3000)
    )
    assert erase_long_gone(now=NOW) == 2
    assert [is_erased(client) for client in (gone, came, never)] == [True, False, True]
    assert Erasure.objects.get(client=gone).by is None
    assert Booking.objects.filter(client=gone).count() == 1
    BookingRules.objects.update(clients_kept_years=1)
    tasks.erase_long_gone_clients()
    assert is_erased(came)


@pytest.mark.parametrize("purpose", [LinkPurpose.REVIEW, LinkPurpose.PROGRAM])
def test_a_link_to_what_came_of_a_visit_keeps_nobody(world: World, purpose: LinkPurpose) -> None:
    client = years_ago(8, world=world)
    lasts = {"created_at": NOW - timedelta(days=400), "expires_at": NOW + timedelta(days=400)}
    links.new_link(purpose=purpose, booking=Booking.objects.get(), email=client.email, **lasts)
    assert erase_long_gone(now=NOW) == 1
    assert is_erased(client)


@pytest.mark.parametrize("status", [BookingStatus.REQUESTED, BookingStatus.CONFIRMED])
def test_who_has_a_visit_that_nobody_closed_waits(world: World, status: str) -> None:
    client = years_ago(8, world=world, status=status)
    assert erase_long_gone(now=NOW) == 0
    assert not is_erased(client)


def test_who_has_come_back_stays(world: World) -> None:
    back = years_ago(8, world=world)
    world.book(starts_at=at(14))
    assert erase_long_gone(now=NOW) == 0
    assert not is_erased(back)


def write(**told: str) -> None:
    sent = {"name": "Bo", "email": "", "phone": "", "body": "May I come again?"} | told
    operations.send_contact(key=uuid.uuid4(), now=NOW, **sent)


def begin_to_book(told: dict[str, str]) -> None:
    intake.save_draft(intake.load_draft(None, now=NOW), {"details_so_far": told}, now=NOW)


ASKED: dict[str, Callable[[World], Any]] = {
    "by email": lambda world: write(email="BO@example.com"),
    "by phone": lambda world: write(phone="(213) 555-0188"),
    "by phone, with another email": lambda world: write(phone="213.555.0188", email="new@example.com"),
    "for another place, by phone": lambda world: area_requests.leave_area_request(
        name="Bo", email="", phone="+12135550188", zip_code="90210", service=None, note="", now=NOW
    ),
    "for a visit, not sent yet, by email": lambda world: begin_to_book({"email": "bo@example.com"}),
    "for a visit, not sent yet, by phone": lambda world: begin_to_book({"phone": "213-555-0188"}),
    "for a visit, with another phone": lambda world: world.book(
        email="bo@example.com", phone="+12135550199", starts_at=at(14)
    ),
}


@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)
def test_who_has_just_asked_stays(world: World, ask: Callable[[World], Any]) -> None:
    """What they wrote would go with them, before anybody has answered. Whoever else is long gone needn't wait."""
    asked = years_ago(9, world=world, email="bo@example.com", phone="+12135550188")
    gone = years_ago(8, world=world)
    ask(world)
    assert erase_long_gone(now=NOW) == 1
    assert (is_erased(asked), is_erased(gone)) == (False, True)
