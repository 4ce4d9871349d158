"""Whatever the domain refuses has words, for clients and for staff."""

from __future__ import annotations

import inspect
from datetime import UTC, datetime
from typing import Any

import pytest

from bookings import exceptions, refusals
from bookings.availability import RefusalReason
from bookings.enums import BookingStatus

GENERIC = {str(refusals._OTHERWISE), str(refusals._NOT_ALLOWED)}
#: Refusals that a page answers by showing something else than a sentence, or that concern no visit.
WITHOUT_WORDS = {
    exceptions.BookingError,
    exceptions.ScreeningStops,
    exceptions.TooManyRequests,
    exceptions.TooManyUnproved,
    exceptions.AlreadyAnswered,
    exceptions.BookletMissing,
    exceptions.ChangeWaiting,
    exceptions.SameClient,
    exceptions.ClientGone,
    exceptions.VisitsOpen,
}
ARGUMENTS: dict[type[Exception], tuple[Any, ...]] = {
    exceptions.SlotNotOffered: ("drive",),
    exceptions.NoLongerOffered: ("therapist",),
    exceptions.PriceChanged: (100, 200),
    exceptions.InvalidTransition: (BookingStatus.CANCELED, BookingStatus.CONFIRMED),
    exceptions.LateChange: (7_000,),
    exceptions.ChangeAnswered: ("accepted",),
    exceptions.FeeDecided: ("waived",),
    exceptions.ScreeningNotCleared: ("MX-ABC234",),
    exceptions.OutsideArea: ("89501",),
    exceptions.StillWaiting: (datetime(2026, 11, 30, 18, 25, tzinfo=UTC),),
}
ALL = [
    kind
    for _name, kind in inspect.getmembers(exceptions, inspect.isclass)
    if issubclass(kind, exceptions.BookingError)
]


@pytest.mark.parametrize("kind", sorted(set(ALL) - WITHOUT_WORDS, key=str))
def test_every_refusal_has_words_of_its_own(kind: type[exceptions.BookingError]) -> None:
    error = kind(*ARGUMENTS.get(kind, ()))
    words = {refusals.refusal_words(error), refusals.explain(error)}
    assert words - GENERIC
    assert all(words)


@pytest.mark.parametrize("reason", sorted(RefusalReason))
def test_every_reason_of_the_engine_has_words(reason: str) -> None:
    assert refusals.stranding_words(reason) != reason
    assert refusals.refusal_words(exceptions.SlotNotOffered(reason))
    for words in (refusals.day_words, refusals.span_words):
        assert words(reason, asked_for=False)
        assert words(reason, asked_for=True)


@pytest.mark.parametrize("reason", ["time_off", "certificate", "reach", "unknown_place", "outside_hours"])
def test_of_a_therapist_who_was_asked_for_nothing_is_told(reason: str) -> None:
    for words in (refusals.day_words, refusals.span_words):
        assert words(reason, asked_for=True) == words("off_grid", asked_for=True)
        assert words(reason, asked_for=False) != words("off_grid", asked_for=False)


def test_staff_read_which_rule_it_was_and_clients_what_to_do() -> None:
    lapsed = exceptions.SlotNotOffered("certificate")
    assert "no certificate for that day" in refusals.explain(lapsed)
    assert refusals.refusal_words(lapsed) == "We can't come at that time. Please choose one of these."
    assert "just gone" in refusals.refusal_words(exceptions.SlotTaken("drive"))
