"""Another time, or another way to the door, for a visit that stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q

from bookings.domain import links, outbox, pricing, reminders, scheduling
from bookings.domain.scheduling import Slot
from bookings.domain.visit_request import Treatment, VisitRequest, load_area, load_visit_request
from bookings.enums import BookingStatus, ChangeKind, EventKind, MessageKind
from bookings.exceptions import InvalidTransition, PriceChanged, SlotNotOffered, SlotTaken
from bookings.models import AccessNotes, Booking, BookingRules, DriveOverride, ServiceArea, Therapist
from bookings.models.booking import make_address_key
from massagerx.lib.localtime import local

from .transaction import GONE, lock_therapists, record, settle_change, translated_errors

MOVABLE = frozenset({BookingStatus.REQUESTED, BookingStatus.CONFIRMED})


def treatment_of(booking: Booking) -> Treatment:
    """What was booked, also when it is no longer offered to others."""
    return Treatment(
        service=booking.service,
        option=booking.option,
        add_ons=tuple(booking.add_ons.all()),
        people=booking.people,
    )


def visit_request_of(booking: Booking, *, now: datetime, preference: str | None = None) -> VisitRequest:
    """The visit's session at its place, with those who may do it: whom the client asked for, unless `preference`
    says another. Raises `NoLongerOffered("therapist")` when nobody does any more."""
    return load_visit_request(
        treatment=treatment_of(booking),
        area=booking.area,
        preference=booking.preference if preference is None else preference,
        today=local(now).date(),
    )


def quote_for_move(*, booking: Booking, starts_at: datetime, rules: BookingRules) -> pricing.Quote:
    """The price at another start. What was agreed for session, add-ons and travel stands; the evening fee follows
    the start."""
    return _quote(booking, starts_at, rules, travel_cents=booking.travel_cents)


def slot_for_move(
    *,
    booking: Booking,
    visit_request: VisitRequest,
    starts_at: datetime,
    rules: BookingRules,
    now: datetime,
    therapists: Iterable[Therapist] | None = None,
    for_staff: bool = False,
) -> Slot:
    """The slot that the visit would move to, its own time counting as free: of those who may do it, or only of
    `therapists`. Raises `SlotNotOffered`."""
    return scheduling.choose_slot(
        treatment=visit_request.treatment,
        area=booking.area,
        therapists=visit_request.therapists if therapists is None else therapists,
        starts_at=starts_at,
        rules=rules,
        now=now,
        address_key=booking.address_key,
        access_type=booking.access_type,
        excluding_booking=booking,
        for_staff=for_staff,
    )


def move_booking(
    *,
    booking: Booking,
    starts_at: datetime,
    now: datetime,
    actor: User | None = None,
    by_client: bool = False,
    preference: str | None = None,
    total_cents: int | None = None,
    reason: str = "",
    for_staff: bool = False,
    check: Callable[[Booking], None] | None = None,
    late_fee_cents: int = 0,
) -> Booking:
    """Moves a visit to another start, and if need be to another therapist; tells the client, and gives the old time
    free, in one transaction. Links in earlier emails stop working.

    `for_staff`: notice, horizon and the grid of starts are theirs to judge; hours, drives and other visits are not.
    `check` looks at the visit under the lock, and refuses by raising. `late_fee_cents` is added to its late fee.

    `total_cents` is the total that was shown with the new start; None when nobody was shown one. Raises
    `InvalidTransition` for a visit that has ended or begun, `SlotTaken`, `SlotNotOffered`, `NoLongerOffered`, or
    `PriceChanged`; nothing has changed then.
    """
    rules = BookingRules.load()
    scheduling.require_on_calendar(starts_at=starts_at, now=now)
    if not for_staff:
        scheduling.require_within_reach_of_now(starts_at=starts_at, rules=rules, now=now)
    visit_request = visit_request_of(booking, now=now, preference=preference)
    with translated_errors(), transaction.atomic():
        locked, fresh = _lock(booking, visit_request, now=now)
        require_movable(fresh, now)
        if check is not None:
            check(fresh)
        quote = quote_for_move(booking=fresh, starts_at=starts_at, rules=rules)
        if total_cents is not None and quote.total_cents != total_cents:
            raise PriceChanged(total_cents, quote.total_cents)
        try:
            slot = slot_for_move(
                booking=fresh,
                visit_request=visit_request,
                therapists=locked,
                starts_at=starts_at,
                rules=rules,
                now=now,
                for_staff=for_staff,
            )
        except SlotNotOffered as refusal:
            if refusal.reason in GONE:
                raise SlotTaken from refusal
            raise
        before, therapist_before = fresh.starts_at, fresh.therapist_id
        fresh.therapist_id = slot.therapist_id
        fresh.starts_at, fresh.ends_at = slot.starts_at, slot.ends_at
        fresh.blocked_from, fresh.blocked_until = slot.blocked_from, slot.blocked_until
        fresh.evening_cents, fresh.total_cents = quote.evening_cents, quote.total_cents
        fresh.late_fee_cents += late_fee_cents
        fresh.revision += 1
        fresh.save(
            update_fields=[
                "therapist",
                "starts_at",
                "ends_at",
                "blocked_from",
                "blocked_until",
                "evening_cents",
                "total_cents",
                "late_fee_cents",
                "revision",
            ]
        )
        settle_change(fresh, ChangeKind.MOVE, now=now, actor=actor)
        # A corrected drive spoke of the visits before and after; these are others now.
        DriveOverride.objects.filter(Q(from_booking=fresh) | Q(to_booking=fresh)).delete()
        links.revoke_visit_links(fresh, now=now)
        record(
            fresh,
            EventKind.MOVED,
            fresh.status,
            now=now,
            actor=actor,
            by_client=by_client,
            reason=reason,
            moved_from=before,
            moved_from_therapist=therapist_before,
        )
        _tell(fresh, by_client=by_client, now=now)
    return fresh


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitAddress:
    """Where a visit is, and how one gets in. `access` has the keys of `AccessNotes.notes`."""

    street: str
    unit: str
    zip_code: str
    access_type: str
    access: Mapping[str, str]


def correct_address(
    *,
    booking: Booking,
    address: VisitAddress,
    now: datetime,
    actor: User | None = None,
    by_client: bool = False,
    total_cents: int | None = None,
) -> Booking:
    """Corrects address and access notes. The start stays, if the therapist can still keep it from there: with other
    minutes for stairs, and other drives.

    The client is told again only when the address changed. `total_cents` is the total that was shown, travel to the
    new address included. Raises `InvalidTransition`, `OutsideArea`, `SlotNotOffered` with the reason, `SlotTaken`, or
    `PriceChanged`; nothing has changed then.
    """
    rules = BookingRules.load()
    area = load_area(address.zip_code)
    with translated_errors(), transaction.atomic():
        _locked, fresh = _lock(booking, None, now=now)
        require_movable(fresh, now)
        was_elsewhere = fresh.address_key != make_address_key(address.street, address.unit, address.zip_code)
        travel_cents = area.zone.travel_fee_cents if area.pk != fresh.area_id else fresh.travel_cents
        quote = _quote(fresh, fresh.starts_at, rules, travel_cents=travel_cents)
        if total_cents is not None and quote.total_cents != total_cents:
            raise PriceChanged(total_cents, quote.total_cents)
        if was_elsewhere or fresh.access_type != address.access_type:
            slot = scheduling.slot_at_address(
                booking=fresh,
                area=area,
                address_key=make_address_key(address.street, address.unit, address.zip_code),
                access_type=address.access_type,
                rules=rules,
                now=now,
            )
            fresh.blocked_from, fresh.blocked_until = slot.blocked_from, slot.blocked_until
        _set_address(fresh, address, area, quote)
        if was_elsewhere:
            DriveOverride.objects.filter(Q(from_booking=fresh) | Q(to_booking=fresh)).delete()
            fresh.revision += 1
        fresh.save()
        # Written without a look at the old notes: those may be under a key that is lost.
        if not AccessNotes.objects.filter(booking=fresh).update(notes=dict(address.access)):
            AccessNotes.objects.create(booking=fresh, notes=dict(address.access))
        record(fresh, EventKind.EDITED, fresh.status, now=now, actor=actor, by_client=by_client)
        if was_elsewhere:
            _tell(fresh, by_client=by_client, now=now)
    return fresh


def _tell(booking: Booking, *, by_client: bool, now: datetime) -> None:
    """What the new revision is told by: at once, and in the days before and after the visit."""
    kinds = [MessageKind.MOVED, *([MessageKind.STAFF_ALERT] if by_client else [])]
    outbox.write_messages(booking=booking, kinds=kinds, now=now)
    reminders.write_reminders(booking=booking, now=now)


def _set_address(booking: Booking, address: VisitAddress, area: ServiceArea, quote: pricing.Quote) -> None:
    booking.street, booking.unit, booking.access_type = address.street, address.unit, address.access_type
    booking.area, booking.city = area, area.city
    booking.travel_cents, booking.evening_cents = quote.travel_cents, quote.evening_cents
    booking.total_cents = quote.total_cents


def _quote(booking: Booking, starts_at: datetime, rules: BookingRules, *, travel_cents: int) -> pricing.Quote:
    evening = booking.evening_cents
    if pricing.is_evening(starts_at, rules) != pricing.is_evening(booking.starts_at, rules):
        evening = rules.evening_fee_cents if pricing.is_evening(starts_at, rules) else 0
    return pricing.Quote(
        treatment_cents=booking.treatment_cents,
        add_ons_cents=booking.add_ons_cents,
        travel_cents=travel_cents,
        evening_cents=evening,
    )


def _lock(
    booking: Booking, visit_request: VisitRequest | None, *, now: datetime
) -> tuple[list[Therapist], Booking]:
    """Locks all therapists who may be chosen and the one who has the visit, in one order, then the visit. Returns
    those who may be chosen."""
    candidates = (
        {therapist.pk for therapist in visit_request.therapists} if visit_request is not None else set()
    )
    keys = candidates | {booking.therapist_id}
    list(Therapist.objects.select_for_update(no_key=True).filter(pk__in=keys).order_by("pk"))
    fresh = (
        Booking.objects.select_for_update(no_key=True, of=("self",))
        .select_related("therapist__home_zip", "area__zone", "service", "option", "client")
        .get(pk=booking.pk)
    )
    if fresh.therapist_id not in keys:
        raise SlotTaken  # moved to another therapist at this very moment
    if visit_request is None:
        return [], fresh
    return lock_therapists(candidates, treatment=visit_request.treatment, now=now), fresh


def require_movable(booking: Booking, now: datetime) -> None:
    """Raises `InvalidTransition` for a visit that has ended or begun."""
    if booking.status not in MOVABLE or booking.starts_at <= now:
        raise InvalidTransition(booking.status, EventKind.MOVED)
