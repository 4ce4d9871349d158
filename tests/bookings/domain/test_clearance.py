"""What a clinician's note clears: its visit, a course, or a service for a person until a day; and what ends that."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from bookings.domain import intake, operations
from bookings.domain.export import all_about, as_data
from bookings.domain.operations import Sender
from bookings.enums import BookingStatus, EventKind, NoteScope, Tier
from bookings.exceptions import ChangedMeanwhile, ScreeningNotCleared
from bookings.models import Booking, ClinicianNote, ScreeningRecord
from bookings.models.intake import needs_note
from tests.factories import CLEAR_ANSWERS, DAY, NOW, World, at

pytestmark = pytest.mark.integrity

PREGNANT = {**CLEAR_ANSWERS, "pregnancy": "yes", "pregnancy_signs": "no"}
UNTIL = DAY + timedelta(days=10)


@pytest.fixture
def staff(db: None) -> User:
    return User.objects.create_user("desk", is_staff=True)


def note(booking: Booking, staff: User, scope: NoteScope = NoteScope.SERVICE, **more: Any) -> ClinicianNote:
    until = UNTIL if scope == NoteScope.SERVICE else None
    return operations.record_clinician_note(
        booking=booking, actor=staff, note="Fine.", scope=scope, until=until, **{"now": NOW, **more}
    )


def by_desk(world: World, staff: User, **changes: Any) -> Booking:
    submission = world.submission(**{"answers": PREGNANT, **changes})
    return operations.request_booking(
        submission=submission, now=NOW + timedelta(hours=1), sender=Sender(actor=staff)
    )


def graver(world: World) -> dict[str, str]:
    """Answers that ask for a note for another reason than the first."""
    for question in world.screening.rules["questions"]:
        answers = {**PREGNANT, question["id"]: "unsure"}
        submission = world.submission(answers=answers)
        result = tier_of(world, submission.answers)
        if question["id"] not in ("pregnancy", "pregnancy_signs", "adult") and result == Tier.CLEARANCE:
            return answers
    raise AssertionError("no other question asks for a note")


def tier_of(world: World, answers: dict[str, str]) -> Tier:
    current = intake.current_screening(now=NOW)
    return intake.tier_of(current.evaluate(answers, world.service.slug, NOW.date()))


def test_clinicians_note_opens_the_way_to_confirm(world: World, staff: User) -> None:
    booking = world.book(answers={})
    with pytest.raises(ScreeningNotCleared):
        operations.confirm_booking(booking=booking, actor=staff, now=NOW)
    operations.record_clinician_note(booking=booking, actor=staff, note="Dr. Sample, by phone", now=NOW)
    assert operations.confirm_booking(booking=booking, actor=staff, now=NOW).status == BookingStatus.CONFIRMED
    assert ClinicianNote.objects.get().note == "Dr. Sample, by phone"


def test_a_note_for_one_visit_clears_no_other(world: World, staff: User) -> None:
    first, second = world.book(answers=PREGNANT), world.book(answers=PREGNANT, starts_at=at(14))
    note(first, staff, NoteScope.VISIT)
    assert not operations.needs_clinician_note(first)
    assert operations.needs_clinician_note(second)


def test_a_new_visit_inside_the_clearance_asks_for_no_note(world: World, staff: User) -> None:
    note(world.book(answers=PREGNANT), staff)
    asked = world.book(answers=PREGNANT, starts_at=at(14), now=NOW + timedelta(hours=1))
    assert asked.status == BookingStatus.REQUESTED
    assert asked.screening.is_covered
    assert not operations.needs_clinician_note(asked)
    operations.confirm_booking(booking=asked, actor=staff, now=NOW + timedelta(hours=2))


def test_the_desk_books_inside_the_clearance_at_once(world: World, staff: User) -> None:
    note(world.book(answers=PREGNANT), staff)
    assert by_desk(world, staff, starts_at=at(14)).status == BookingStatus.CONFIRMED


@pytest.mark.parametrize(
    ("changes", "covered"),
    [
        ({}, True),
        ({"starts_at": at(14, day=UNTIL)}, True),
        ({"starts_at": at(14, day=UNTIL + timedelta(days=1))}, False),
        ({"recipient_name": "Maria O'Brien"}, False),
        ({"name": "ana o'BRIEN"}, True),
        ({"name": "Sam Sample"}, False),
        ({"email": "bo@example.com"}, False),
        ({"phone": "+12135550177"}, False),
    ],
)
def test_what_a_clearance_until_a_day_covers(
    world: World, staff: User, changes: dict[str, Any], covered: bool
) -> None:
    note(world.book(answers=PREGNANT), staff)
    asked = by_desk(world, staff, **{"starts_at": at(14), **changes})
    assert operations.needs_clinician_note(asked) is not covered
    assert (asked.status == BookingStatus.CONFIRMED) is covered


def test_another_service_is_not_covered(world: World, staff: User) -> None:
    first = world.book(answers=PREGNANT)
    other = world.service
    note(first, staff)
    asked = by_desk(world, staff, starts_at=at(14))
    other.pk, other.slug, other.name = None, "another", "Another"
    other.save()
    Booking.objects.filter(pk=asked.pk).update(service=other)
    assert operations.needs_clinician_note(asked)


def test_graver_answers_of_a_new_visit_ask_again_and_end_the_clearance(world: World, staff: User) -> None:
    note(world.book(answers=PREGNANT), staff)
    later = NOW + timedelta(hours=1)
    before = by_desk(world, staff, starts_at=at(12))
    asked = by_desk(world, staff, starts_at=at(14), answers=graver(world))
    assert asked.status == BookingStatus.REQUESTED
    assert operations.needs_clinician_note(asked)
    with pytest.raises(ScreeningNotCleared):
        operations.confirm_booking(booking=asked, actor=staff, now=later)
    # Of all that it covered, also with the answers that it had spoken of.
    assert operations.needs_clinician_note(before)
    assert by_desk(world, staff, starts_at=at(16)).status == BookingStatus.REQUESTED


def test_graver_answers_given_again_end_it_and_a_new_note_stands(world: World, staff: User) -> None:
    first = world.book(answers=PREGNANT)
    note(first, staff)
    second = by_desk(world, staff, starts_at=at(14))
    recheck = operations.recheck_screening(
        booking=second, version_number=1, answers=graver(world), now=NOW + timedelta(hours=2)
    )
    assert operations.needs_clinician_note(first)
    assert operations.needs_clinician_note(second)
    assert [len(intake.notes_about(booking)) for booking in (first, second)] == [1, 0]
    note(second, staff, now=NOW + timedelta(hours=3), shown_recheck=recheck.pk)
    assert not operations.needs_clinician_note(first)
    assert not operations.needs_clinician_note(second)


def test_a_note_speaks_of_no_answers_that_its_writer_was_not_shown(world: World, staff: User) -> None:
    first = world.book(answers=PREGNANT)
    second = world.book(answers=PREGNANT, starts_at=at(14))
    operations.recheck_screening(booking=second, version_number=1, answers=graver(world), now=NOW)
    with pytest.raises(ChangedMeanwhile):
        note(first, staff)
    note(first, staff, NoteScope.VISIT)


@pytest.mark.parametrize("says_more", [False, True])
def test_a_note_for_a_service_covers_first_answers_of_before_unless_they_say_more(
    world: World, staff: User, says_more: bool
) -> None:
    first = world.book(answers=PREGNANT)
    second = world.book(answers=graver(world) if says_more else PREGNANT, starts_at=at(14))
    mild = world.book(starts_at=at(16))
    note(first, staff)
    assert operations.needs_clinician_note(second) is says_more
    assert len(intake.notes_about(second)) == (0 if says_more else 1)
    assert not operations.any_needs_clinician_note([first, mild])
    # What says more asks for a note of its own, which clears all of it.
    if says_more:
        note(second, staff, now=NOW + timedelta(hours=1))
        assert not operations.needs_clinician_note(second)


def test_what_an_ended_note_covered_is_looked_at_anew_by_the_next(world: World, staff: User) -> None:
    note(world.book(answers=PREGNANT), staff)
    covered = by_desk(world, staff, starts_at=at(12))
    other = {name: answer for name, answer in graver(world).items() if name != "pregnancy_signs"}
    asked = by_desk(world, staff, starts_at=at(14), answers={**other, "pregnancy": "no"})
    assert operations.needs_clinician_note(covered)
    note(asked, staff, now=NOW + timedelta(hours=2))
    # It speaks of no pregnancy.
    assert operations.needs_clinician_note(covered)


def test_answers_that_can_not_be_read_any_more_are_not_covered(
    world: World, staff: User, settings: Any
) -> None:
    first, second = world.book(answers=PREGNANT), world.book(answers=PREGNANT, starts_at=at(14))
    settings.HEALTH_KEYS = [Fernet.generate_key().decode()]
    note(first, staff)
    assert operations.needs_clinician_note(second)


def test_a_note_for_a_course_clears_all_of_it_and_nothing_else(world: World, staff: User) -> None:
    visits = [world.book(answers=PREGNANT, starts_at=at(hour)) for hour in (10, 12, 14)]
    alone = world.book(answers=PREGNANT, starts_at=at(16))
    key = uuid.uuid4()
    Booking.objects.filter(pk__in=[visit.pk for visit in visits]).update(together=key)
    confirmed = operations.confirm_together(together=key, actor=staff, now=NOW, note="Fine.")
    assert len(confirmed) == 3
    assert [row.scope for row in ClinicianNote.objects.all()] == [NoteScope.COURSE]
    assert operations.needs_clinician_note(alone)


def test_a_course_note_does_not_settle_graver_answers_unseen(world: World, staff: User) -> None:
    visits = [world.book(answers=PREGNANT, starts_at=at(hour)) for hour in (10, 12)]
    key = uuid.uuid4()
    Booking.objects.filter(pk__in=[visit.pk for visit in visits]).update(together=key)
    operations.recheck_screening(booking=visits[1], version_number=1, answers=graver(world), now=NOW)
    with pytest.raises(ChangedMeanwhile):
        operations.confirm_together(together=key, actor=staff, now=NOW, note="Fine.")
    assert not ClinicianNote.objects.exists()


def test_without_any_answers_a_note_is_asked_for(world: World, staff: User) -> None:
    booking = world.book()
    assert not operations.needs_clinician_note(booking)
    ScreeningRecord.objects.filter(booking=booking).only("pk").delete()
    assert operations.needs_clinician_note(booking)


def test_one_question_is_asked_of_the_database_for_one_and_for_many(
    world: World, staff: User, count_queries: Any
) -> None:
    visits = [world.book(answers=PREGNANT, starts_at=at(hour)) for hour in (10, 12, 14)]
    with count_queries() as asked:
        assert operations.any_needs_clinician_note(visits)
    assert len(asked) == 1
    assert Booking.objects.filter(needs_note()).count() == 3


def test_the_scope_is_in_the_history_and_in_a_clients_data(world: World, staff: User) -> None:
    booking = world.book(answers=PREGNANT)
    note(booking, staff)
    assert booking.events.filter(kind=EventKind.CLEARED).count() == 1
    told = as_data(all_about(booking.client))["clinicians"][0]
    assert told["scope"] == "service"
    assert date.fromisoformat(told["covers_until"][:10]) == UNTIL + timedelta(days=1)


def test_a_note_for_a_service_needs_a_day(world: World, staff: User) -> None:
    booking = world.book(answers=PREGNANT)
    with pytest.raises(IntegrityError), transaction.atomic():
        operations.record_clinician_note(
            booking=booking, actor=staff, note="Fine.", now=NOW, scope=NoteScope.SERVICE
        )
