"""The one door to the calendar: every write of a time goes through a claim.

A claim refuses what no rule of any year reaches, opens the transaction, locks the therapists who may be chosen, once
and in one order for everybody, and asks the engine under the lock. What is written inside of it is written with the
time, or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.db.models import Q

from bookings.domain import scheduling
from bookings.domain.pairings import NOTHING_KNOWN, Contact, Pairings, read_pairings
from bookings.domain.scheduling import Rescue, Slot, Way
from bookings.domain.visit_request import VisitRequest
from bookings.exceptions import NoLongerOffered, SlotNotOffered, SlotTaken
from bookings.models import Booking, BookingQuerySet, BookingRules, Therapist
from bookings.models.people import TherapistQuerySet
from massagerx.lib import reference_data
from massagerx.lib.localtime import local

from .transaction import lock_preferred, lock_therapists, translated_errors

# Reasons that other visits of that day can cause: the time was free when it was shown.
GONE = frozenset({"taken", "drive", "daily_limit", "break"})


class Wish(NamedTuple):
    """A start (an aware instant) for what is asked for."""

    visit_request: VisitRequest
    starts_at: datetime


@contextmanager
def _transaction() -> Iterator[None]:
    """A transaction whose refusals are told in our words, and in which what the owner set up is read once."""
    with translated_errors(), transaction.atomic(), reference_data.read_under_locks():
        yield


@contextmanager
def claim(
    visit_request: VisitRequest, starts_at: datetime, *, rules: BookingRules, now: datetime
) -> Iterator[Slot]:
    """Takes a start for who has no visit yet: the slot, which nobody else can take until the block ends.

    Raises `SlotTaken`, `SlotNotOffered` or `NoLongerOffered("therapist")`. With `rules.for_staff()` neither notice nor
    horizon nor the grid of starts is asked.
    """
    with claim_all([Wish(visit_request, starts_at)], rules=rules, now=now) as (slot,):
        yield slot


@contextmanager
def claim_all(wishes: Sequence[Wish], *, rules: BookingRules, now: datetime) -> Iterator[tuple[Slot, ...]]:
    """The same for several starts in one transaction, all or none; each counts the ones before it as taken."""
    for wish in wishes:
        scheduling.day_asked_for(wish.starts_at, rules=rules, now=now)
    with _transaction():
        locked = _lock(wishes, now)
        yield _choose_all(_as_paired(wishes), locked, rules, now)


@dataclass(frozen=True, slots=True)
class Standing:
    """A visit that stands, locked and as it is now, with the therapists who may take it over."""

    visit: Booking
    therapists: Sequence[Therapist]
    rules: BookingRules
    now: datetime

    def slot(self, visit_request: VisitRequest, starts_at: datetime) -> Slot:
        """The slot that the visit moves to, from where it is now. Raises `SlotTaken` or `SlotNotOffered`."""
        visit = self.visit
        here = replace(
            visit_request, area=visit.area, access_type=visit.access_type, address_key=visit.address_key
        )
        return self.slot_at(replace(here, excluding_booking=visit), starts_at)

    def slot_at(self, visit_request: VisitRequest, starts_at: datetime) -> Slot:
        """The same at the door, and of the length, that `visit_request` has."""
        known = visit_request.of_client(Contact.of(self.visit.client.email, self.visit.client.phone))
        return _choose(Wish(known, starts_at), self.therapists, self.rules, self.now)

    def slot_in_place(self, visit_request: VisitRequest | None = None) -> Slot:
        """Its own start and therapist, as it stands or at the door of `visit_request`. Raises `SlotNotOffered`."""
        if visit_request is not None:
            visit_request = visit_request.of_client(
                Contact.of(self.visit.client.email, self.visit.client.phone)
            )
        return scheduling.slot_in_place(
            self.visit, rules=self.rules, now=self.now, visit_request=visit_request
        )


@contextmanager
def claim_move(
    booking: Booking, visit_request: VisitRequest, starts_at: datetime, *, rules: BookingRules, now: datetime
) -> Iterator[Standing]:
    """Takes a start for a visit that stands, and locks it: what may still be done with it is looked at before its slot
    is asked for. Raises as `claim`."""
    scheduling.day_asked_for(starts_at, rules=rules, now=now)
    candidates = {therapist.pk for therapist in visit_request.therapists}
    with _transaction():
        visit = _lock_standing(booking, candidates)
        therapists = lock_therapists(candidates, treatment=visit_request.treatment, now=now)
        yield Standing(visit, therapists, rules, now)


@dataclass(frozen=True, slots=True)
class StandingTogether:
    """Visits that stand and move together, locked and as they are now, in the order of their wishes."""

    visits: Sequence[Booking]
    wishes: Sequence[Wish]
    therapists: Sequence[Sequence[Therapist]]
    rules: BookingRules
    now: datetime

    def slots(self) -> tuple[Slot, ...]:
        """The slot of each, all of them having left where they were. Raises `SlotTaken` or `SlotNotOffered`."""
        return _choose_all(self.wishes, self.therapists, self.rules, self.now)


@contextmanager
def claim_moves(
    visits: Sequence[Booking], wishes: Sequence[Wish], *, rules: BookingRules, now: datetime
) -> Iterator[StandingTogether]:
    """`claim_move` for several visits in one transaction, all or none: a wish for each, and the times of all of them
    count as free."""
    for wish in wishes:
        scheduling.day_asked_for(wish.starts_at, rules=rules, now=now)
    keys = [visit.pk for visit in visits]
    with _transaction():
        therapists, locked = _lock_several(wishes, now, of_visits=keys)
        fresh = {visit.pk: visit for visit in _to_move().filter(pk__in=keys).order_by("pk")}
        if any(visit.therapist_id not in locked for visit in fresh.values()):
            raise SlotTaken  # moved to another therapist at this very moment
        yield StandingTogether([fresh[key] for key in keys], _as_paired(wishes), therapists, rules, now)


@contextmanager
def claim_in_place(booking: Booking, *, rules: BookingRules, now: datetime) -> Iterator[Standing]:
    """Takes a visit's own start for it again: to confirm it, or at another door. Raises `SlotTaken`."""
    with _transaction():
        yield Standing(_lock_standing(booking, set()), (), rules, now)


@contextmanager
def claim_ways(
    plan: Callable[[], Sequence[Rescue]],
) -> Iterator[tuple[list[Rescue], list[tuple[Rescue, Way]]]]:
    """Takes the other times that a plan has for visits whose own can't be kept: the plan, and of it what nobody else
    can take until the block ends. Those who would come are known once it is made, so under their locks `plan` is asked
    once more; who comes to it then without a lock is left out. Raises `SlotTaken`."""
    found = list(plan())
    wanted = {way.therapist.pk for _row, way in _elsewhere(found)}
    if not wanted:
        yield found, []
        return
    with _transaction():
        list(_to_lock().filter(pk__in=wanted))
        found = list(plan())
        yield found, [(row, way) for row, way in _elsewhere(found) if way.therapist.pk in wanted]


def _elsewhere(plan: Sequence[Rescue]) -> list[tuple[Rescue, Way]]:
    """What a plan takes that is not the visit's own time."""
    return [(row, row.chosen) for row in plan if row.chosen is not None and not row.keeps_time]


def _choose_all(
    wishes: Sequence[Wish], therapists: Sequence[Sequence[Therapist]], rules: BookingRules, now: datetime
) -> tuple[Slot, ...]:
    """The slot of each wish, of the therapists who may be chosen for it, beside those of the ones before."""
    chosen: list[tuple[VisitRequest, Slot]] = []
    for wish, candidates in zip(wishes, therapists, strict=True):
        slot = _choose(wish, candidates, rules, now, beside=chosen)
        chosen.append((wish.visit_request, slot))
    return tuple(slot for _visit_request, slot in chosen)


def _choose(
    wish: Wish,
    therapists: Sequence[Therapist],
    rules: BookingRules,
    now: datetime,
    beside: Sequence[tuple[VisitRequest, Slot]] = (),
) -> Slot:
    """The engine asked under the lock. What was free when it was shown has been taken since."""
    try:
        return scheduling.choose_slot(
            visit_request=wish.visit_request,
            therapists=therapists,
            starts_at=wish.starts_at,
            rules=rules,
            now=now,
            beside=beside,
        )
    except SlotNotOffered as refusal:
        if refusal.reason in GONE:
            raise SlotTaken(refusal.reason) from refusal
        raise


def _lock(wishes: Sequence[Wish], now: datetime) -> list[list[Therapist]]:
    """Those who may be chosen for each wish, locked: for one by whom it asks for, in one statement; for several first
    all of them in one order."""
    if len(wishes) == 1:
        visit_request = wishes[0].visit_request
        return [
            lock_preferred(
                visit_request.preference,
                treatment=visit_request.treatment,
                now=now,
                therapist=visit_request.therapist,
            )
        ]
    return _lock_several(wishes, now)[0]


def _lock_several(
    wishes: Sequence[Wish], now: datetime, of_visits: Sequence[int] = ()
) -> tuple[list[list[Therapist]], set[int]]:
    """Those who may be chosen for each wish, and the keys of all who are locked, those of visits that stand among
    them."""
    today = local(now).date()
    candidates = [
        {row.pk for row in visit_request.therapists or visit_request.read(today).therapists}
        for visit_request, _starts_at in wishes
    ]
    standing = Booking.objects.filter(pk__in=of_visits).order_by().values("therapist")
    rows = _to_lock().filter(Q(pk__in=set().union(*candidates)) | Q(pk__in=standing))
    keys = {row.pk for row in rows}
    locked = [
        lock_therapists(those, treatment=wish.visit_request.treatment, now=now)
        for those, wish in zip(candidates, wishes, strict=True)
    ]
    if not all(locked):
        raise NoLongerOffered("therapist")
    return locked, keys


def _lock_standing(booking: Booking, candidates: set[int]) -> Booking:
    """Locks the visit's therapist and those who may take it over, in one order, then the visit; the visit as it is."""
    of_visit = Booking.objects.filter(pk=booking.pk).order_by().values("therapist")
    locked = {row.pk for row in _to_lock().filter(Q(pk__in=candidates) | Q(pk__in=of_visit))}
    fresh = _to_move().get(pk=booking.pk)
    if fresh.therapist_id not in locked:
        raise SlotTaken  # moved to another therapist at this very moment
    return fresh


def _to_move() -> BookingQuerySet:
    return Booking.objects.select_for_update(no_key=True, of=("self",)).select_related(
        "therapist__home_zip", "area__zone", "service", "option", "client", "terms_version"
    )


def _as_paired(wishes: Sequence[Wish]) -> list[Wish]:
    """The same, with what holds between their clients and therapists under the lock; one query, or none where nobody
    knows who asks."""
    contacts = {contact for wish in wishes if (contact := wish.visit_request.contact) is not None}
    known = read_pairings(contacts) if contacts else {}

    def pairings(contact: Contact | None) -> Pairings:
        return known.get(contact, NOTHING_KNOWN) if contact is not None else NOTHING_KNOWN

    return [
        Wish(replace(visit_request, pairings=pairings(visit_request.contact)), starts_at)
        for visit_request, starts_at in wishes
    ]


def _to_lock() -> TherapistQuerySet:
    return Therapist.objects.select_for_update(no_key=True).order_by("pk")
