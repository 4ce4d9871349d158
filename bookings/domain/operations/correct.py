"""A visit that stands is put right at its own time: where it is, how one gets in, for whom, how long, what it costs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction
from django.db.models import Q

from bookings.domain import intake, links, pricing
from bookings.domain.visit_request import Treatment, load_area
from bookings.enums import DoorRule, EventKind
from bookings.exceptions import (
    AddressByPhone,
    ChangedMeanwhile,
    DiscountTooHigh,
    HealthAnswered,
    PhoneTaken,
    PriceChanged,
)
from bookings.models import AccessNotes, Booking, BookingRules, Client, DriveOverride, ServiceArea
from bookings.models.booking import make_address_key
from massagerx.lib.encryption import UnreadableValue
from massagerx.lib.text import plain_name

from .act import Act, columns_of, keep
from .claim import claim_in_place
from .doors import lock_rule_at, require_told, write_address_rule
from .move import at_door, quote_as_agreed, require_movable, tell_change, treatment_of
from .transaction import block_of, lock_therapists_of, record, translated_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitAddress:
    """Where a visit is, and how one gets in. `access` has the keys of `AccessNotes.notes`; None: as they are."""

    street: str
    unit: str
    zip_code: str
    access_type: str
    access: Mapping[str, str] | None

    @classmethod
    def told(cls, told: Mapping[str, Any], access: Iterable[str]) -> VisitAddress:
        """As a form has it; with what is told in the fields of `access`, or as it is where there are none."""
        door = {name: told[name] for name in ("street", "unit", "zip_code", "access_type")}
        names = tuple(access)
        return cls(**door, access={name: told[name] for name in names if told[name]} if names else None)

    @property
    def address_key(self) -> str:
        return make_address_key(self.street, self.unit, self.zip_code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """How a visit is to be. None: as it is. `treatment` is of the same service; a discount needs no other price; the
    `phone` (E.164) is its client's, for all their visits, and `recipient_phone` the one that is called at the door.
    `total_cents` is the total that was shown, None when nobody was shown one. `takes_rule_along`: what holds at the
    address that is left holds at the new one too, where it is stricter."""

    address: VisitAddress
    treatment: Treatment | None = None
    recipient_name: str | None = None
    recipient_phone: str | None = None
    recipient_language: str | None = None
    payer_name: str | None = None
    discount_cents: int | None = None
    phone: str | None = None
    total_cents: int | None = None
    takes_rule_along: bool = False


def correct_visit(
    *,
    booking: Booking,
    correction: Correction,
    act: Act,
    tells: bool | None = None,
    check: Callable[[Booking], None] | None = None,
) -> Booking:
    """Makes the visit as the correction has it, all or nothing. The start stays, if the therapist can still keep it:
    with other minutes for stairs or the treatment, and other drives.

    The client is told if it `tells` and there is something to tell: another door, length, people, add-ons or price;
    None: if the address changed. What is booked otherwise costs what it costs today; what stays costs what was agreed.
    `check` looks at the visit under the lock, and refuses by raising.

    Where something holds at the address that is left or come to, the client changes neither alone; and where more
    holds than before, staff say that whoever comes knows.

    Raises `InvalidTransition`, `AddressByPhone`, `OutsideArea`, `SlotNotOffered` with the reason, `SlotTaken`,
    `DoorUntold`, `DiscountTooHigh`, `PriceChanged`, `PhoneTaken`, `ChangedMeanwhile` of the phone, or `HealthAnswered`
    where it would be for others than those of whom health answers or a note speak; nothing has changed then.
    """
    rules = BookingRules.load()
    address = correction.address
    with claim_in_place(booking, rules=rules, now=act.at) as standing:
        fresh = standing.visit
        require_movable(fresh, act.at)
        if check is not None:
            check(fresh)
        # Where it stands it may stay, also when no new visits are taken there.
        area = fresh.area if address.zip_code == fresh.area.zip_code else load_area(address.zip_code)
        before, was, beside = block_of(fresh), columns_of(fresh), _beside(fresh, act)
        was_elsewhere = fresh.address_key != address.address_key
        door = _lock_rule(fresh, address, act) if was_elsewhere else fresh.address_rule
        treatment = _other_treatment(correction, fresh)
        if _is_for_others(fresh, correction) and intake.has_health(fresh):
            raise HealthAnswered
        quote = _quote(fresh, correction, treatment, area, rules)
        if correction.total_cents not in (None, quote.total_cents):
            raise PriceChanged(correction.total_cents, quote.total_cents)
        is_other = was_elsewhere or treatment is not None or fresh.access_type != address.access_type
        if is_other:
            wanted = at_door(fresh, area, address.address_key, address.access_type)
            if treatment is not None:
                wanted = replace(wanted, treatment=treatment, excluding_booking=None)
            slot = standing.slot_in_place(wanted)
            fresh.blocked_from, fresh.blocked_until = slot.blocked_from, slot.blocked_until
            fresh.ends_at = slot.ends_at
        is_other |= (quote.total_cents, quote.discount_cents) != (fresh.total_cents, fresh.discount_cents)
        beside |= _follow_phone(fresh.client, correction.phone)
        if correction.recipient_name not in (None, fresh.recipient_name):
            links.revoke_consent_links(Booking.objects.filter(pk=fresh.pk), now=act.at)
        _write(fresh, correction, treatment, area, quote)
        drives = DriveOverride.objects.filter(Q(from_booking=fresh) | Q(to_booking=fresh))
        if was_elsewhere:
            beside["drives"] = [columns_of(drive) for drive in drives.order_by("pk")]
            drives.delete()
            beside |= _follow_rules(fresh, correction, door, act)
        tells = was_elsewhere if tells is None else tells and is_other
        if tells:
            fresh.revision += 1
        fresh.save()
        kind = EventKind.EDITED if was_elsewhere or act.actor is None else EventKind.CORRECTED
        event = record(fresh, kind, fresh.status, act, before=before)
        if tells:
            leaves_at = act.tells_at(fresh.starts_at)
            keep(event, was, act, leaves_at, **beside)
            tell_change(fresh, act, leaves_at, was, **beside)
    return fresh


def _follow_phone(client: Client, phone: str | None) -> dict[str, Any]:
    """Writes another phone of the client, if one is given; returns what undoing it puts back."""
    before = str(client.phone)
    if phone in (None, before):
        return {}
    write_phone(client, str(phone), instead_of=before)
    return {"phone": [before, str(phone)]}


def _lock_rule(booking: Booking, address: VisitAddress, act: Act) -> str:
    """What holds at an address that a visit comes to, kept as it is until the transaction ends. Raises
    `AddressByPhone` for a client where something holds there or at the address that is left."""
    door = lock_rule_at(address.address_key)
    if act.actor is None and (door or booking.address_rule):
        raise AddressByPhone
    return door


def _follow_rules(booking: Booking, correction: Correction, door: str, act: Act) -> dict[str, Any]:
    """Puts what holds at the address that is come to on the visit, or takes along what held at the one that is left;
    returns what undoing it puts back. Raises `DoorUntold` where more holds than before and staff don't say that
    whoever comes knows."""
    before, left, booking.address_rule = booking.door_rule, booking.address_rule, door
    if act.actor is None:
        return {}
    if DoorRule.stricter(before, booking.door_rule) != before:
        require_told(booking, act)
    if not correction.takes_rule_along or DoorRule.stricter(door, left) == door:
        return {}
    write_address_rule(address_key=correction.address.address_key, rule=left, actor=act.actor, now=act.at)
    booking.address_rule = left
    return {"rule": door}


def correct_together(*, visits: Sequence[Booking], correction: Correction, act: Act) -> list[Booking]:
    """Makes all of these visits as the correction has them, or none; its `total_cents` is of all of them. Raises as
    `correct_visit`."""
    each = replace(correction, total_cents=None)
    with translated_errors(), transaction.atomic():
        lock_therapists_of(visits)
        corrected = [correct_visit(booking=visit, correction=each, act=act) for visit in visits]
        total_cents = sum(visit.total_cents for visit in corrected)
        if correction.total_cents not in (None, total_cents):
            raise PriceChanged(correction.total_cents, total_cents)
    return corrected


def _other_treatment(correction: Correction, booking: Booking) -> Treatment | None:
    """What it is to be, where that is another length, number of people or choice of add-ons than is booked."""
    wanted = correction.treatment
    if wanted is None:
        return None
    booked = treatment_of(booking)
    add_ons = [{add_on.pk for add_on in treatment.add_ons} for treatment in (wanted, booked)]
    is_same = (wanted.option.pk, wanted.people) == (booked.option.pk, booked.people) and add_ons[
        0
    ] == add_ons[1]
    return None if is_same else wanted


def _is_for_others(booking: Booking, correction: Correction) -> bool:
    people = correction.treatment.people if correction.treatment is not None else booking.people
    name = correction.recipient_name if correction.recipient_name is not None else booking.recipient_name
    return people != booking.people or plain_name(name) != plain_name(booking.recipient_name)


def _quote(
    booking: Booking,
    correction: Correction,
    treatment: Treatment | None,
    area: ServiceArea,
    rules: BookingRules,
) -> pricing.Quote:
    """What was agreed, with travel to the area; what is booked otherwise at today's prices. Raises
    `DiscountTooHigh`."""
    travel_cents = area.zone.travel_fee_cents if area.pk != booking.area_id else booking.travel_cents
    quote = quote_as_agreed(booking, booking.starts_at, rules, travel_cents=travel_cents)
    if treatment is not None:
        today = pricing.quote(treatment=treatment, area=area, rules=rules)
        quote = replace(quote, treatment_cents=today.treatment_cents, add_ons_cents=today.add_ons_cents)
    if correction.discount_cents is None:
        return quote.discounted(booking.discount_cents)
    if correction.discount_cents > quote.full_cents:
        raise DiscountTooHigh
    return replace(quote, discount_cents=correction.discount_cents)


def _beside(booking: Booking, act: Act) -> dict[str, Any]:
    """What lies beside the visit's row and is put back when staff undo: add-ons, and the way in where it can be
    opened."""
    if act.actor is None:
        return {}
    beside: dict[str, Any] = {"add_ons": [add_on.pk for add_on in booking.add_ons.all()]}
    try:
        found = AccessNotes.objects.filter(booking=booking).first()
    except UnreadableValue:
        return beside
    return {**beside, "access": found.notes if found is not None else {}}


def _write(
    booking: Booking,
    correction: Correction,
    treatment: Treatment | None,
    area: ServiceArea,
    quote: pricing.Quote,
) -> None:
    address = correction.address
    booking.street, booking.unit, booking.access_type = address.street, address.unit, address.access_type
    booking.area, booking.city = area, area.city
    booking.treatment_cents, booking.add_ons_cents = quote.treatment_cents, quote.add_ons_cents
    booking.travel_cents, booking.evening_cents = quote.travel_cents, quote.evening_cents
    booking.discount_cents, booking.total_cents = quote.discount_cents, quote.total_cents
    if treatment is not None:
        booking.option, booking.people = treatment.option, treatment.people
        booking.add_ons.set(treatment.add_ons)
    for name in ("recipient_name", "recipient_phone", "recipient_language", "payer_name"):
        told = getattr(correction, name)
        if told is not None:
            setattr(booking, name, told)
    if address.access is not None:
        write_access(booking, dict(address.access))


def write_phone(client: Client, phone: str, *, instead_of: str) -> None:
    """Raises `PhoneTaken`, and `ChangedMeanwhile` where the client's is another than `instead_of` by now: who corrects
    another visit of theirs need not wait. Whoever merges or erases the client waits for the therapist, whom the caller
    has locked."""
    if Client.objects.present().filter(email=client.email, phone=phone).exclude(pk=client.pk).exists():
        raise PhoneTaken
    if not Client.objects.filter(pk=client.pk, phone=instead_of).update(phone=phone):
        raise ChangedMeanwhile
    client.phone = phone


def write_access(booking: Booking, notes: dict[str, str]) -> None:
    """Written without a look at the old notes: those may be under a key that is lost."""
    if not AccessNotes.objects.filter(booking=booking).update(notes=notes):
        AccessNotes.objects.create(booking=booking, notes=notes)
