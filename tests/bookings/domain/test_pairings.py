"""Who is never sent to a client: refused at every way to a visit, without a word why; and who is sent first."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from bookings import refusals
from bookings.domain import operations, scheduling
from bookings.domain.clients import pair
from bookings.domain.operations import Act, Correction, NewTime, Wish, claim_all
from bookings.domain.pairings import Contact, read_pairings
from bookings.domain.stranding import stranded_by, why_not_kept
from bookings.domain.visit_request import VisitRequest, load_treatment, load_visit_request
from bookings.enums import BookingStatus, PairingKind
from bookings.exceptions import SlotNotOffered
from bookings.models import Booking, BookingDraft, BookingRules, Pairing, Therapist
from tests.factories import DAY, NOW, World, at

pytestmark = [pytest.mark.django_db, pytest.mark.integrity]
WEEK = timedelta(days=7)


@pytest.fixture
def staff(db: None) -> User:
    return User.objects.create_user("desk", is_staff=True)


@pytest.fixture
def other(world: World) -> Therapist:
    return world.add_therapist()


@pytest.fixture
def visit(world: World) -> Booking:
    """A request with the world's therapist, by who is to be kept from them."""
    return world.book(preference=f"therapist:{world.therapist.slug}")


def apart(visit: Booking, staff: User, kind: str = PairingKind.NEVER, therapist: Any = None) -> Pairing:
    return pair(
        client=visit.client,
        therapist=therapist or visit.therapist,
        kind=kind,
        reason="CANARY-WHY",
        actor=staff,
        now=NOW,
    )


def asked(world: World, visit: Booking, preference: str = "any") -> VisitRequest:
    treatment = load_treatment(service_slug=world.service.slug, option_id=world.option.pk)
    found = load_visit_request(treatment=treatment, area=world.area, preference=preference, today=NOW.date())
    return found.of_client(Contact.of(visit.client.email, visit.client.phone))


def who_comes(world: World, visit_request: VisitRequest) -> set[int]:
    """All who come at any time of the week after the visit."""
    offer = scheduling.find_times_between(
        visit_request=visit_request, first_day=DAY + WEEK, last_day=DAY + 2 * WEEK, rules=world.rules, now=NOW
    )
    return {start.therapist_id for starts in offer.by_day.values() for start in starts}


def test_offers_leave_out_who_is_never_sent(
    world: World, visit: Booking, other: Therapist, staff: User
) -> None:
    assert world.therapist.pk in who_comes(world, asked(world, visit))
    apart(visit, staff)
    assert who_comes(world, asked(world, visit)) == {other.pk}
    assert not who_comes(world, asked(world, visit, f"therapist:{world.therapist.slug}"))


def test_a_new_press_gets_somebody_else(world: World, visit: Booking, other: Therapist, staff: User) -> None:
    apart(visit, staff)
    assert world.book(starts_at=at(10, day=DAY + WEEK)).therapist == other
    with pytest.raises(SlotNotOffered) as refused:
        world.book(starts_at=at(14), preference=f"therapist:{world.therapist.slug}")
    assert refused.value.reason == "never_sent"
    assert Booking.objects.count() == 2


@pytest.mark.parametrize(
    ("email", "phone", "is_kept"),
    [
        ("ANA@example.com", "+12135550123", True),
        ("other@example.com", "(213) 555-0123", True),
        ("ana@example.com", "+12135550999", True),
        ("other@example.com", "+12135550999", False),
        ("", "", False),
        ("", "+12135550123", True),
        ("no mailbox", "five", False),
    ],
)
def test_another_email_or_phone_alone_makes_no_other_client(
    visit: Booking, staff: User, email: str, phone: str, is_kept: bool
) -> None:
    apart(visit, staff)
    contact = Contact.of(email, phone)
    found = read_pairings([contact]) if contact else {}
    assert bool(found) is is_kept


def test_several_visits_of_one_press_are_kept_from_them_too(
    world: World, visit: Booking, other: Therapist, staff: User
) -> None:
    apart(visit, staff)
    wishes = [Wish(asked(world, visit), at(hour, day=DAY + WEEK)) for hour in (10, 14)]
    with claim_all(wishes, rules=world.rules, now=NOW) as slots:
        assert {slot.therapist_id for slot in slots} == {other.pk}


def test_a_claim_reads_the_word_under_its_lock(
    world: World, visit: Booking, other: Therapist, staff: User
) -> None:
    """What was shown before it was written down doesn't count."""
    before = asked(world, visit)
    apart(visit, staff)
    with operations.claim(before, at(10, day=DAY + WEEK), rules=world.rules, now=NOW) as slot:
        assert slot.therapist_id == other.pk


def test_a_hold_is_not_kept_with_them(world: World, visit: Booking, staff: User) -> None:
    apart(visit, staff)
    draft = BookingDraft.objects.create(answers={}, updated_at=NOW)
    with pytest.raises(SlotNotOffered):
        operations.hold_time(
            draft=draft,
            visit_request=asked(world, visit),
            starts_at=at(14),
            rules=world.rules,
            source="x",
            now=NOW,
        )


def test_a_request_is_not_confirmed_with_them(visit: Booking, staff: User) -> None:
    apart(visit, staff)
    with pytest.raises(SlotNotOffered) as refused:
        operations.confirm_booking(booking=visit, actor=staff, now=NOW)
    assert refused.value.reason == "never_sent"
    visit.refresh_from_db()
    assert visit.status == BookingStatus.REQUESTED


@pytest.mark.parametrize("by_client", [False, True])
def test_a_visit_is_not_moved_to_them(
    world: World, visit: Booking, other: Therapist, staff: User, by_client: bool
) -> None:
    apart(visit, staff, therapist=other)
    with pytest.raises(SlotNotOffered):
        operations.move_booking(
            booking=visit,
            to=NewTime(at(14), preference=f"therapist:{other.slug}"),
            act=Act(NOW, by_client=by_client),
        )
    apart(visit, staff)
    with pytest.raises(SlotNotOffered):
        operations.move_booking(booking=visit, to=NewTime(at(14), preference="any"), act=Act(NOW))
    visit.refresh_from_db()
    assert visit.starts_at == at(10)


def test_an_address_is_not_corrected_for_a_visit_with_them(world: World, visit: Booking, staff: User) -> None:
    apart(visit, staff)
    address = operations.VisitAddress(
        street="9 Other Road", unit="", zip_code=world.area.zip_code, access_type="ground", access={}
    )
    with pytest.raises(SlotNotOffered):
        operations.correct_visit(booking=visit, correction=Correction(address=address), act=Act(NOW, staff))


def test_a_visit_that_stands_is_on_the_list_of_those_that_can_t_be_kept(
    world: World, visit: Booking, staff: User
) -> None:
    somebody = world.book(starts_at=at(14), email="bo@example.com", phone="+12135550144")
    assert stranded_by(now=NOW) == []
    apart(visit, staff)
    assert [(row.booking, row.reason) for row in stranded_by(now=NOW)] == [(visit, "never_sent")]
    assert why_not_kept(somebody, now=NOW) == ""
    Pairing.objects.all().delete()
    assert stranded_by(now=NOW) == []


def rescued(world: World, out: Therapist) -> scheduling.Rescue:
    visits = Booking.objects.filter(therapist=out).select_related(
        "client", "service", "option", "area__zone", "therapist"
    )
    span = at(0), at(0, day=DAY + timedelta(days=1))
    (row,) = scheduling.plan_rescue(bookings=list(visits), span=span, rules=BookingRules.load(), now=NOW)
    return row


def test_a_rescue_sends_nobody_whom_one_may_not(world: World, visit: Booking, staff: User) -> None:
    near, far = world.add_therapist("Sample Near"), world.add_therapist("Sample Far", home_zip=world.far_area)
    plan = rescued(world, world.therapist)
    assert plan.chosen is not None
    assert plan.chosen.therapist == near
    apart(visit, staff, therapist=near)
    plan = rescued(world, world.therapist)
    assert plan.chosen is not None
    assert plan.chosen.therapist == far
    assert (near, "never_sent") in plan.refused
    assert all(way.therapist != near for way in plan.others)


def test_whoever_is_sent_first_comes_before_who_would_otherwise(
    world: World, visit: Booking, staff: User
) -> None:
    first, second = world.add_therapist("Sample First"), world.add_therapist("Sample Second")
    plan = rescued(world, world.therapist)
    assert plan.chosen is not None
    assert plan.chosen.therapist == first
    apart(visit, staff, PairingKind.PREFERRED, second)
    plan = rescued(world, world.therapist)
    assert plan.chosen is not None
    assert plan.chosen.therapist == second
    assert who_comes(world, asked(world, visit)) == {second.pk}
    noon = at(12, day=DAY + WEEK)
    with operations.claim(asked(world, visit), noon, rules=world.rules, now=NOW) as slot:
        assert slot.therapist_id == second.pk
    with operations.claim(asked(world, visit).of_client(None), noon, rules=world.rules, now=NOW) as slot:
        assert slot.therapist_id == world.therapist.pk


def test_a_client_is_never_told_why() -> None:
    told = [
        refusals.refusal_words(SlotNotOffered("never_sent")),
        refusals.day_words("never_sent", asked_for=True),
        refusals.day_words("never_sent", asked_for=False),
        refusals.span_words("never_sent", asked_for=True),
    ]
    # Word for word what a time is answered with that nobody has a reason for.
    assert told == [
        refusals.refusal_words(SlotNotOffered("off_grid")),
        refusals.day_words("off_grid", asked_for=True),
        refusals.day_words("off_grid", asked_for=False),
        refusals.span_words("off_grid", asked_for=True),
    ]


def test_the_newest_word_holds_and_why_is_encrypted(visit: Booking, staff: User) -> None:
    apart(visit, staff)
    row = apart(visit, staff, PairingKind.PREFERRED)
    assert Pairing.objects.get() == row
    with connection.cursor() as cursor:
        cursor.execute("SELECT reason FROM bookings_pairing")
        assert "CANARY" not in str(cursor.fetchone()[0])
