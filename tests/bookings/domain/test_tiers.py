"""What answers to the health questions lead to, by the client's way and the desk's: all ways to say yes to twelve."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.contrib.auth.models import User
from django.db import transaction

from bookings.domain import intake, operations
from bookings.domain.operations import Sender
from bookings.domain.operations.verdict import _at_once
from bookings.enums import BookingStatus
from bookings.exceptions import ScreeningNotCleared, ScreeningStops
from bookings.models import Booking, BookingRules
from bookings.screening import Result, Tier
from tests.factories import CLEAR_ANSWERS, NOW, World, at

pytestmark = pytest.mark.django_db

# Spelled out, not read from the rules.
YES = {
    "urgent_signs": Tier.EMERGENCY,
    "leg_or_clot": Tier.STOP,
    "fever_or_infection": Tier.STOP,
    "heart_or_lungs": Tier.STOP,
    "kidneys_or_swelling": Tier.STOP,
    "cancer": Tier.CLEARANCE,
    "clot_heart_kidney_history": Tier.CLEARANCE,
    "open_wound": Tier.CLEARANCE,
    "blood_thinners": Tier.CAUTION,
    "neck": Tier.CAUTION,
    "belly": Tier.CAUTION,
    "everyday_conditions": Tier.CAUTION,
}
COMBINATIONS = list(itertools.product((False, True), repeat=len(YES)))


def said_yes(combination: tuple[bool, ...]) -> list[str]:
    return list(itertools.compress(YES, combination))


def answers(combination: tuple[bool, ...]) -> dict[str, str]:
    return {**CLEAR_ANSWERS, **dict.fromkeys(said_yes(combination), "yes")}


def worst(combination: tuple[bool, ...]) -> Tier:
    return max((YES[name] for name in said_yes(combination)), default=Tier.CLEAR)


#: The lightest and the gravest combination of each set of tiers.
EXAMPLES = sorted(
    {
        chosen
        for _tiers, group in itertools.groupby(
            sorted(COMBINATIONS, key=lambda one: sorted({YES[name] for name in said_yes(one)})),
            key=lambda one: {YES[name] for name in said_yes(one)},
        )
        for chosen in itertools.chain.from_iterable([(members[0], members[-1]) for members in [list(group)]])
    }
)


@pytest.fixture
def desk() -> User:
    return User.objects.create_user("desk", is_staff=True)


@pytest.fixture
def known(world: World) -> World:
    """Ana has been visited, and who is known is confirmed at once."""
    BookingRules.objects.update(confirm_known_clients=True)
    booking = world.book(starts_at=at(16))
    Booking.objects.filter(pk=booking.pk).update(status=BookingStatus.COMPLETED)
    return world


@contextmanager
def undone() -> Iterator[None]:
    """What is written inside is taken back."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def evaluated(world: World) -> Iterator[tuple[tuple[bool, ...], Result]]:
    current = intake.current_screening(now=NOW)
    for combination in COMBINATIONS:
        yield combination, current.evaluate(answers(combination), world.service.slug, NOW.date())


def test_every_combination_is_confirmed_at_once_for_whom_it_may_be(known: World, desk: User) -> None:
    """Who it is, the database says, whatever was answered: it is asked about each set of tiers."""
    rules = BookingRules.load()
    asked = 0
    for combination, result in evaluated(known):
        asked += 1
        assert result.tier is worst(combination), combination
        assert result.bookable is (result.tier <= Tier.CLEARANCE), combination
        for actor, mildest in ((None, Tier.CLEAR), (desk, Tier.CAUTION)):
            may_be = worst(combination) <= mildest
            at_once = _at_once(result, is_known=True, rules=rules, actor=actor, covered=False)
            assert at_once is may_be, (combination, actor)
            if combination in EXAMPLES:
                told = operations.would_confirm(
                    submission=known.submission(), result=result, rules=rules, actor=actor
                )
                assert told is may_be, (combination, actor)
    assert asked == 4096


@pytest.mark.parametrize("by_desk", [False, True])
def test_no_set_of_tiers_is_confirmed_without_what_it_needs(known: World, desk: User, by_desk: bool) -> None:
    actor = desk if by_desk else None
    seen = set()
    for combination in EXAMPLES:
        tier = worst(combination)
        seen.add(tier)
        submission = known.submission(answers=answers(combination))
        with undone():
            if tier >= Tier.STOP:
                with pytest.raises(ScreeningStops):
                    operations.request_booking(submission=submission, now=NOW, sender=Sender(actor=actor))
                continue
            booking = operations.request_booking(submission=submission, now=NOW, sender=Sender(actor=actor))
            at_once = tier is Tier.CLEAR or (by_desk and tier is Tier.CAUTION)
            assert booking.status == (BookingStatus.CONFIRMED if at_once else BookingStatus.REQUESTED)
            if at_once:
                continue
            if tier is Tier.CLEARANCE:
                with pytest.raises(ScreeningNotCleared):
                    operations.confirm_booking(booking=booking, actor=desk, now=NOW)
                booking.refresh_from_db()
                assert booking.status == BookingStatus.REQUESTED
                operations.record_clinician_note(
                    booking=booking, actor=desk, note="Massage is fine.", now=NOW
                )
            confirmed = operations.confirm_booking(booking=booking, actor=desk, now=NOW)
            assert confirmed.status == BookingStatus.CONFIRMED
    assert seen == set(Tier)
    assert len(EXAMPLES) >= 16
