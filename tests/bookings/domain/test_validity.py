"""What holds on the day of the visit, not on the day on which somebody asks: at every door to the calendar."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from bookings.domain import intake, operations, pricing, scheduling
from bookings.domain.alternatives import find_alternatives
from bookings.domain.operations import Act, Correction, NewTime, Sender, VisitAddress
from bookings.domain.stranding import stranded_by
from bookings.domain.visit_request import VisitRequest, load_treatment, load_visit_request
from bookings.exceptions import BookingError, SlotNotOffered
from bookings.models import Booking, BookingDraft, Closure, Hold, Therapist, WorkingHours
from tests.factories import DAY, NOW, World, at

pytestmark = [pytest.mark.django_db, pytest.mark.integrity]

BEFORE = DAY - timedelta(days=1)
AFTER = DAY + timedelta(days=1)


def visit_request(world: World) -> VisitRequest:
    treatment = load_treatment(service_slug=world.service.slug, option_id=world.option.pk)
    return load_visit_request(treatment=treatment, area=world.area, preference="any", today=NOW.date())


def offers(world: World) -> bool:
    found = scheduling.find_times_between(
        visit_request=visit_request(world), first_day=DAY, last_day=DAY, rules=world.rules, now=NOW
    )
    return bool(found.by_day)


def holds(world: World) -> Hold | None:
    draft = BookingDraft.objects.create(answers={}, updated_at=NOW)
    return operations.hold_time(
        draft=draft,
        visit_request=visit_request(world),
        starts_at=at(10),
        rules=world.rules,
        source="a",
        now=NOW,
    )


def ends(last: date | None) -> None:
    Therapist.objects.update(certificate_expires_on=last)


Promise = Callable[[World, Booking], Any]
#: Each way to promise the time of a visit, with the visit that it is about, on `DAY` at 10 or moved to it.
DOORS: dict[str, Promise] = {
    "hold": lambda world, _visit: holds(world),
    "press": lambda world, _visit: world.book(starts_at=at(15), email="b@example.com", phone="+12135550111"),
    "press at the desk": lambda world, _visit: operations.request_booking(
        submission=world.submission(starts_at=at(15)),
        now=NOW,
        sender=Sender(actor=User.objects.create(username="desk")),
    ),
    "confirm": lambda world, visit: operations.confirm_booking(booking=visit, actor=None, now=NOW),
    "move": lambda world, visit: operations.move_booking(
        booking=visit, to=NewTime(at(15)), act=Act(NOW, by_client=True)
    ),
    "move by staff": lambda world, visit: operations.move_booking(
        booking=visit, to=NewTime(at(15)), act=Act(NOW)
    ),
    "another way to the door": lambda world, visit: operations.correct_visit(
        booking=visit,
        correction=Correction(
            address=VisitAddress(
                street=visit.street, unit="", zip_code="90026", access_type="stairs", access={}
            )
        ),
        act=Act(NOW),
    ),
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("last", [None, AFTER, DAY, BEFORE])
def test_a_certificate_has_to_hold_on_the_day_of_the_visit(
    world: World, door: str, last: date | None
) -> None:
    visit = world.book(starts_at=at(12))
    ends(last)
    visit.refresh_from_db()
    before = Booking.objects.order_by("pk").values()
    shown = list(before)

    if last is None or last >= DAY:
        assert DOORS[door](world, visit)
        return
    with pytest.raises(SlotNotOffered) as refused:
        DOORS[door](world, visit)
    assert refused.value.reason == "certificate"
    assert list(before.all()) == shown
    assert not Hold.objects.exists()


@pytest.mark.parametrize(("last", "offered"), [(AFTER, True), (DAY, True), (BEFORE, False)])
def test_times_are_offered_up_to_the_last_day_of_the_certificate(
    world: World, last: date, offered: bool
) -> None:
    ends(last)
    assert offers(world) is offered
    found = find_alternatives(
        visit_request=visit_request(world), first_day=AFTER, last_day=AFTER, rules=world.rules, now=NOW
    )
    assert all(day <= last for day, _starts in found.nearest)
    if last < AFTER:
        assert found.reason == "certificate"


def test_anyone_is_whoever_may_come_on_that_day(world: World) -> None:
    ends(BEFORE)
    other = world.add_therapist(certificate_expires_on=DAY)
    assert world.book().therapist == other
    with pytest.raises(SlotNotOffered):
        world.book(starts_at=at(10, day=AFTER), email="b@example.com", phone="+12135550111")


@pytest.mark.parametrize(("last", "stranded"), [(DAY, False), (BEFORE, True)])
def test_a_visit_later_than_the_certificate_is_stranded(world: World, last: date, stranded: bool) -> None:
    visit = world.book()
    ends(last)
    found = [(row.booking, row.reason) for row in stranded_by(therapist_ids=None, now=NOW)]
    assert found == ([(visit, "certificate")] if stranded else [])


@pytest.mark.parametrize("change", ["inactive", "qualification", "certificate"])
def test_a_request_is_not_confirmed_for_who_stands_back(world: World, change: str) -> None:
    visit = world.book()
    if change == "inactive":
        Therapist.objects.update(is_active=False)
    elif change == "qualification":
        world.therapist.services.clear()
    else:
        Therapist.objects.update(certificate_number="")
    with pytest.raises(SlotNotOffered) as refused:
        operations.confirm_booking(booking=Booking.objects.get(pk=visit.pk), actor=None, now=NOW)
    assert refused.value.reason == change


@pytest.mark.parametrize(
    "rule",
    [
        lambda: WorkingHours.objects.update(valid_until=BEFORE),
        lambda: WorkingHours.objects.update(valid_from=AFTER),
        lambda: Closure.objects.create(date=DAY, name="Closed"),
    ],
    ids=["hours until the day before", "hours from the day after", "closed on the day"],
)
@pytest.mark.parametrize("door", DOORS)
def test_hours_and_closures_are_those_of_the_day_of_the_visit(
    world: World, door: str, rule: Callable[[], object]
) -> None:
    visit = world.book(starts_at=at(12))
    rule()
    assert not offers(world)
    with pytest.raises(BookingError):
        DOORS[door](world, visit)


@pytest.mark.parametrize("rule", [{"valid_until": DAY}, {"valid_from": DAY}, {}])
@pytest.mark.parametrize("door", DOORS)
def test_first_and_last_day_of_hours_still_count(world: World, door: str, rule: dict[str, date]) -> None:
    visit = world.book(starts_at=at(12))
    WorkingHours.objects.update(**rule)
    Closure.objects.bulk_create([Closure(date=BEFORE, name="Closed"), Closure(date=AFTER, name="Closed")])
    assert offers(world)
    assert DOORS[door](world, visit)


@pytest.mark.parametrize(
    ("clock", "fee"),
    [((16, 59), 0), ((17, 0), 2_500), ((23, 30), 2_500), ((0, 0), 2_500), ((4, 59), 2_500), ((5, 0), 0)],
)
def test_the_evening_goes_on_past_midnight(world: World, clock: tuple[int, int], fee: int) -> None:
    treatment = load_treatment(service_slug=world.service.slug, option_id=world.option.pk)
    quote = pricing.quote(treatment=treatment, area=world.area, rules=world.rules, starts_at=at(*clock))
    assert quote.evening_cents == fee


@pytest.mark.parametrize(
    ("starts", "ends_at", "evenings"),
    [(time(18), time(0), {18, 23}), (time(18), time(22), {18}), (time(0), time(6), {0, 3})],
)
def test_the_owner_says_when_the_evening_ends(
    world: World, starts: time, ends_at: time, evenings: set[int]
) -> None:
    world.rules.evening_starts_at, world.rules.evening_ends_at = starts, ends_at
    assert {hour for hour in (0, 3, 6, 12, 18, 23) if pricing.is_evening(at(hour), world.rules)} == evenings


def test_a_draft_of_yesterday_holds_no_time_of_a_lapsed_therapist(world: World) -> None:
    """What was looked up while the certificate held is asked again under the lock."""
    chosen = visit_request(world)
    draft = intake.load_draft(None, now=NOW)
    intake.save_draft(draft, {}, now=NOW)
    ends(BEFORE)
    with pytest.raises(SlotNotOffered):
        operations.hold_time(
            draft=draft, visit_request=chosen, starts_at=at(10), rules=world.rules, source="a", now=NOW
        )


def test_the_last_day_of_a_certificate_counts_and_the_next_does_not(world: World) -> None:
    Therapist.objects.update(certificate_expires_on=DAY)
    assert list(Therapist.objects.bookable(DAY)) == [world.therapist]
    assert not Therapist.objects.bookable(DAY + timedelta(days=1)).exists()
