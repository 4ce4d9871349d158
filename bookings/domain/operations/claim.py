"""The one door to the calendar: every write of a time goes through a claim.

A claim refuses what no rule of any year reaches, opens the transaction, locks the therapists who may be chosen, once
and in one order for everybody, and asks the engine under the lock. What is written inside of it is written with the
time, or not at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.db.models import Q

from bookings.domain import scheduling
from bookings.domain.pairings import NOTHING_KNOWN, Contact, Pairings, read_pairings
from bookings.domain.scheduling import Slot
from bookings.domain.visit_request import VisitRequest
from bookings.exceptions import NoLongerOffered, SlotNotOffered, SlotTaken
from bookings.models import Booking, BookingRules, Therapist
from bookings.models.people import TherapistQuerySet
from massagerx.lib.localtime import local

from .transaction import lock_preferred, lock_therapists, translated_errors

# Reasons that other visits of that day can cause: the time was free when it was shown.
GONE = frozenset({"taken", "drive", "daily_limit", "break"})


class Wish(NamedTuple):
    """A start (an aware instant) for what is asked for."""

    visit_request: VisitRequest
    starts_at: datetime


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
    with translated_errors(), transaction.atomic():
        chosen: list[tuple[VisitRequest, Slot]] = []
        locked = _lock(wishes, now)
        for wish, therapists in zip(_as_paired(wishes), locked, strict=True):
            slot = _choose(wish, therapists, rules, now, beside=chosen)
            chosen.append((wish.visit_request, slot))
        yield tuple(slot for _visit_request, slot in chosen)


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
    with translated_errors(), transaction.atomic():
        visit = _lock_standing(booking, candidates)
        therapists = lock_therapists(candidates, treatment=visit_request.treatment, now=now)
        yield Standing(visit, therapists, rules, now)


@contextmanager
def claim_in_place(booking: Booking, *, rules: BookingRules, now: datetime) -> Iterator[Standing]:
    """Takes a visit's own start for it again: to confirm it, or at another door. Raises `SlotTaken`."""
    with translated_errors(), transaction.atomic():
        yield Standing(_lock_standing(booking, set()), (), rules, now)


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
    today = local(now).date()
    candidates = [
        {row.pk for row in visit_request.therapists or visit_request.read(today).therapists}
        for visit_request, _starts_at in wishes
    ]
    list(_to_lock().filter(pk__in=set().union(*candidates)))
    locked = [
        lock_therapists(keys, treatment=wish.visit_request.treatment, now=now)
        for keys, wish in zip(candidates, wishes, strict=True)
    ]
    if not all(locked):
        raise NoLongerOffered("therapist")
    return locked


def _lock_standing(booking: Booking, candidates: set[int]) -> Booking:
    """Locks the visit's therapist and those who may take it over, in one order, then the visit; the visit as it is."""
    of_visit = Booking.objects.filter(pk=booking.pk).order_by().values("therapist")
    locked = {row.pk for row in _to_lock().filter(Q(pk__in=candidates) | Q(pk__in=of_visit))}
    fresh = (
        Booking.objects.select_for_update(no_key=True, of=("self",))
        .select_related("therapist__home_zip", "area__zone", "service", "option", "client", "terms_version")
        .get(pk=booking.pk)
    )
    if fresh.therapist_id not in locked:
        raise SlotTaken  # moved to another therapist at this very moment
    return fresh


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
