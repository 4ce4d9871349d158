"""Times kept for visitors who are still typing."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from django.db import IntegrityError, transaction

from bookings import exceptions
from bookings.domain import intake, operations, scheduling
from bookings.domain.operations import Sender
from bookings.domain.visit_request import VisitRequest, load_treatment, load_visit_request
from bookings.models import Booking, BookingDraft, Hold
from tests.bookings.domain.test_races import at_once
from tests.factories import DAY, NOW, World, at, make_world

pytestmark = [pytest.mark.django_db, pytest.mark.integrity]


def draft() -> BookingDraft:
    return BookingDraft.objects.create(answers={}, updated_at=NOW)


def visit_request(world: World) -> VisitRequest:
    treatment = load_treatment(service_slug=world.service.slug, option_id=world.option.pk)
    return load_visit_request(treatment=treatment, area=world.area, preference="any", today=NOW.date())


def hold(world: World, of: BookingDraft, *, hour: int = 10, source: str = "a", now=NOW) -> Hold | None:
    return operations.hold_time(
        draft=of,
        visit_request=visit_request(world),
        starts_at=at(hour),
        rules=world.rules,
        source=source,
        now=now,
    )


def test_held_time_is_taken_for_others_and_free_for_its_holder(world: World) -> None:
    mine = draft()
    hold(world, mine)
    with pytest.raises(exceptions.SlotTaken):
        world.book()
    with pytest.raises(exceptions.SlotTaken):
        hold(world, draft(), source="b")
    booking = operations.request_booking(
        submission=world.submission(), now=NOW, sender=Sender(draft=mine.key)
    )
    assert booking.starts_at == at(10)
    assert not Hold.objects.exists()


def test_held_time_is_free_again_after_ten_minutes(world: World) -> None:
    hold(world, draft())
    almost = NOW + timedelta(minutes=9, seconds=59)
    with pytest.raises(exceptions.SlotTaken):
        world.book(now=almost)
    assert world.book(now=NOW + timedelta(minutes=10))


def test_choosing_another_time_lets_the_first_go(world: World) -> None:
    mine = draft()
    hold(world, mine, hour=10)
    hold(world, mine, hour=14)
    assert Hold.objects.get().starts_at == at(14)
    assert world.book().starts_at == at(10)


def test_refused_time_keeps_the_one_held_before(world: World) -> None:
    world.book(starts_at=at(14))
    mine = draft()
    hold(world, mine, hour=10)
    with pytest.raises(exceptions.SlotTaken):
        hold(world, mine, hour=14)
    assert Hold.objects.get().starts_at == at(10)


def test_who_types_on_keeps_the_time_for_forty_minutes_at_most(world: World) -> None:
    hold(world, draft())
    ends = []
    for minute in (1, 2, 9, 18, 27, 35, 39, 40):
        operations.extend_hold(Hold.objects.get(), now=NOW + timedelta(minutes=minute))
        ends.append((Hold.objects.get().expires_at - NOW) // timedelta(minutes=1))
    assert ends == [10, 12, 19, 28, 37, 40, 40, 40]
    assert not operations.can_be_longer(Hold.objects.get())


def test_database_keeps_no_time_longer_than_forty_minutes(world: World) -> None:
    """The bound holds whatever writes: the end of a hold is bound to the instant of its choice."""
    held = hold(world, draft())
    assert held is not None
    same = Hold.objects.filter(pk=held.pk)
    same.update(expires_at=NOW + timedelta(minutes=40))
    with pytest.raises(IntegrityError, match="hold_not_for_ever"), transaction.atomic():
        same.update(expires_at=NOW + timedelta(minutes=40, microseconds=1))


def test_time_chosen_again_was_chosen_when_it_was_chosen(world: World) -> None:
    """Pressing the same start again and again keeps it no longer than typing on; another start is another choice."""
    mine = draft()
    for minute in (0, 9, 18, 27, 36):
        hold(world, mine, now=NOW + timedelta(minutes=minute))
    assert Hold.objects.get().expires_at == NOW + timedelta(minutes=40)
    later = NOW + timedelta(minutes=37)
    hold(world, mine, hour=14, now=later)
    assert Hold.objects.get().expires_at == later + timedelta(minutes=10)


def test_end_of_a_time_that_another_tab_has_replaced_stays(world: World) -> None:
    mine = draft()
    first = hold(world, mine)
    assert first is not None
    later = NOW + timedelta(minutes=5)
    hold(world, mine, hour=14, now=later)
    operations.extend_hold(first, now=later + timedelta(minutes=4))
    assert Hold.objects.get().expires_at == later + timedelta(minutes=10)


def test_time_that_is_over_is_not_kept_on(world: World) -> None:
    held = hold(world, draft())
    assert held is not None
    operations.extend_hold(held, now=NOW + timedelta(minutes=10))
    assert Hold.objects.get().expires_at == NOW + timedelta(minutes=10)


def test_one_source_holds_three_times_and_the_next_is_not_kept(world: World) -> None:
    for number in range(4):
        world.add_therapist(f"Sample Therapist {number}")
    held = [hold(world, draft()) for _ in range(5)]
    assert [one is not None for one in held] == [True, True, True, False, False]
    assert hold(world, draft(), source="b") is not None
    later = NOW + timedelta(minutes=11)
    assert hold(world, draft(), now=later) is not None


def test_database_refuses_a_fourth_hold_of_one_source(world: World) -> None:
    """The cap holds without the count in `hold_time`: the places of a source are numbered and unique."""
    held = hold(world, draft())
    assert held is not None
    other = draft()
    for place in (held.place, 3):
        with pytest.raises(IntegrityError), transaction.atomic():
            Hold.objects.filter(pk=held.pk).update(place=3) if place == 3 else Hold.objects.create(
                draft=other,
                therapist=held.therapist,
                area=held.area,
                starts_at=at(14),
                ends_at=at(15),
                blocked_from=at(14),
                blocked_until=at(15),
                expires_at=held.expires_at,
                held_since=held.held_since,
                source=held.source,
                place=place,
            )


def several(world: World, of: BookingDraft, *hours: int, source: str = "a", now=NOW) -> list[Hold]:
    wishes = [operations.Wish(visit_request(world), at(hour)) for hour in hours]
    return operations.hold_times(draft=of, wishes=wishes, rules=world.rules, source=source, now=now)


def test_all_times_of_a_course_are_held_or_none(world: World) -> None:
    world.book(starts_at=at(14))
    mine = draft()
    hold(world, mine, hour=10)
    with pytest.raises(exceptions.SlotTaken):
        several(world, mine, 11, 14)
    assert Hold.objects.get().starts_at == at(10)
    held = several(world, mine, 10, 17)
    assert [(one.number, one.starts_at, one.place) for one in held] == [(1, at(10), 0), (2, at(17), 0)]
    with pytest.raises(exceptions.SlotTaken):
        hold(world, draft(), hour=17, source="b")


def test_course_is_typed_on_as_one(world: World) -> None:
    mine = draft()
    hold(world, mine, hour=10)
    first = several(world, mine, 10, 14, now=NOW + timedelta(minutes=5))[0]
    # The start that was chosen before was chosen when it was chosen.
    assert {one.held_since for one in Hold.objects.order_by("pk")} == {NOW}
    operations.extend_hold(first, now=NOW + timedelta(minutes=12))
    assert {one.expires_at for one in Hold.objects.order_by("pk")} == {NOW + timedelta(minutes=22)}
    assert operations.release_expired_holds(now=NOW + timedelta(minutes=22)) == 2


def test_source_holds_one_course_and_two_visits(world: World) -> None:
    for number in range(6):
        world.add_therapist(f"Sample Therapist {number}")
    assert len(several(world, draft(), 10, 14)) == 2
    assert several(world, draft(), 10, 14) == []
    assert [hold(world, draft()) is not None for _ in range(3)] == [True, True, False]
    assert len(several(world, draft(), 10, 14, source="b")) == 2


def test_database_refuses_a_second_course_of_one_source(world: World) -> None:
    world.add_therapist()
    several(world, draft(), 10, 14)
    held = hold(world, draft())
    assert held is not None
    for number in (0, 2):
        with pytest.raises(IntegrityError), transaction.atomic():
            Hold.objects.filter(pk=held.pk).update(number=number)


def test_sweep_deletes_what_expired_and_a_purged_draft_takes_its_hold_along(world: World) -> None:
    world.add_therapist()
    hold(world, draft())
    assert operations.release_expired_holds(now=NOW + timedelta(minutes=9)) == 0
    assert operations.release_expired_holds(now=NOW + timedelta(minutes=10)) == 1
    hold(world, draft())
    intake.purge_drafts(now=NOW + timedelta(days=2))
    assert not Hold.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_one_time_held_by_many_at_once_is_held_once(transactional_db: None) -> None:
    world = make_world()
    drafts = [draft() for _ in range(8)]
    results = at_once([partial(hold, world, one, source=str(one.key)) for one in drafts])
    assert results == {"done": 1, "SlotTaken": 7}
    assert Hold.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_holding_and_booking_at_once_never_both_get_the_time(transactional_db: None) -> None:
    world = make_world()
    one = draft()
    results = at_once([lambda: hold(world, one), lambda: world.book()])
    assert results["done"] == 1
    assert Hold.objects.count() + Booking.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_holding_again_and_discarding_at_once_never_wait_for_each_other(transactional_db: None) -> None:
    """Two tabs of one visitor: both lock the draft before its held time."""
    world = make_world()
    for mine in [draft() for _ in range(5)]:
        hold(world, mine)
        results = at_once([partial(hold, world, mine), partial(intake.discard_draft, mine)])
        assert results["done"] == 2
        assert not Hold.objects.exists()


def test_only_its_held_times_point_at_a_draft() -> None:
    """What is deleted with one is written down by hand, in `intake.discard_draft`."""
    pointing = {relation.related_model for relation in BookingDraft._meta.related_objects}
    assert pointing == {Hold}


def test_draft_that_has_gone_meanwhile_holds_nothing(world: World) -> None:
    mine = draft()
    intake.discard_draft(mine)
    assert hold(world, mine) is None
    assert not Hold.objects.exists()


def test_a_time_offered_at_its_very_start_can_be_held_and_booked(world: World) -> None:
    """The last instant at which a time is offered is its start less the notice, and that may be none."""
    world.rules.minimum_notice_minutes = 0
    world.rules.save()
    now = at(10)
    offer = scheduling.find_times_between(
        visit_request=visit_request(world), first_day=DAY, last_day=DAY, rules=world.rules, now=now
    )
    assert offer.by_day[DAY][0].starts_at == now
    mine = draft()
    assert hold(world, mine, now=now)
    assert operations.request_booking(submission=world.submission(), now=now, sender=Sender(draft=mine.key))
    with pytest.raises(exceptions.SlotNotOffered):
        hold(world, draft(), hour=14, now=at(14) + timedelta(seconds=1))
