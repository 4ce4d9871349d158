"""What holds at an address, whoever is visited there: kept by the address, and told on each visit to come there."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import CharField, Q

from bookings.enums import OCCUPYING, DoorRule
from bookings.exceptions import ChangedMeanwhile, DoorUntold
from bookings.models import AddressRule, Booking, BookingQuerySet, Client
from bookings.models.booking import make_address_key, make_rule_key
from bookings.retention import DOOR_RULES_KEPT
from massagerx.lib.compiled_query import CompiledQuery
from massagerx.lib.locks import lock_names

from .act import Act
from .transaction import translated_errors

_RULES = CompiledQuery(
    lambda parameter: (
        AddressRule.objects.filter(address_key__in=parameter("keys", CharField()))
        .order_by()
        .values_list("address_key", "rule")
    )
)


def lock_name(address_key: str) -> str:
    """What is locked by whoever sets the rule of an address or writes a visit there, so that neither misses the
    other."""
    return f"address:{make_rule_key(address_key)}"


def rules_at(address_keys: Collection[str]) -> dict[str, str]:
    """The rules of those of these addresses that have one, however they are spelled; one query."""
    keys = {address_key: make_rule_key(address_key) for address_key in address_keys}
    rules = dict(_RULES.rows(keys=sorted(set(keys.values()))))
    return {address_key: rules[key] for address_key, key in keys.items() if key in rules}


def lock_rule_at(address_key: str) -> str:
    """The rule of an address, blank without one, that stays so until the transaction ends."""
    lock_names(lock_name(address_key))
    return rules_at([address_key]).get(address_key, "")


def is_told(rule: str, said: str) -> bool:
    """Whether no more holds than staff say (`Act.door`) that whoever comes knows."""
    known = said if said in DoorRule.values else ""
    return DoorRule.stricter(known, rule) == known


def require_told(booking: Booking, act: Act) -> None:
    """Raises `DoorUntold` where more holds at the visit's door than staff say that whoever comes knows."""
    if not is_told(booking.door_rule, act.door):
        raise DoorUntold


def set_address_rule(*, booking: Booking, rule: str, actor: User, now: datetime) -> int:
    """Writes down what holds at a visit's address, or with a blank `rule` that nothing does; returns how many visits
    say so. Raises `ChangedMeanwhile` when the visit is elsewhere by now, or its client erased, and `SlotTaken` when
    others hold the rows for too long."""
    key = booking.address_key
    with translated_errors(), transaction.atomic():
        lock_names(lock_name(key))
        rows = Booking.objects.select_for_update(no_key=True, of=("self",)).select_related("area")
        if rows.get(pk=booking.pk).address_key != key:
            raise ChangedMeanwhile
        return write_address_rule(address_key=key, rule=rule, actor=actor, now=now, also=booking.pk)


def write_address_rule(
    *, address_key: str, rule: str, actor: User, now: datetime, also: int | None = None
) -> int:
    """The same for an address at which nobody needs to be visited yet. Of visits that take no time `also` the one of
    that key says so."""
    key = make_rule_key(address_key)
    with translated_errors(), transaction.atomic():
        lock_names(lock_name(address_key))
        if rule:
            AddressRule.objects.update_or_create(
                address_key=key, defaults={"rule": rule, "at": now, "by": actor}
            )
        else:
            AddressRule.objects.filter(address_key=key).delete()
        there = Booking.objects.filter(
            Q(status__in=OCCUPYING) | Q(pk=also) | ~Q(address_rule=""), area__zip_code=_zip_of(key)
        )
        # As it is typed, too: one that is corrected to another address meanwhile keeps that one's rule.
        written = {
            (street, unit)
            for street, unit, zip_code in _addresses(there)
            if make_rule_key(make_address_key(street, unit, zip_code)) == key
        }
        return sum(
            there.filter(street=street, unit=unit).order_by().update(address_rule=rule)
            for street, unit in written
        )


def put_rule_back(address_key: str, rule: str, *, written_at: datetime, act: Act) -> None:
    """Has an address the `rule` again that it had before an act wrote another one down, unless somebody has written one
    down since. To be called under its lock."""
    row = AddressRule.objects.filter(address_key=make_rule_key(address_key), at=written_at)
    if act.actor is not None and row.exists():
        write_address_rule(address_key=address_key, rule=rule, actor=act.actor, now=act.at)


def forget_address_rules(*, now: datetime, erased: Client | None = None) -> None:
    """Deletes the rules of addresses at which nobody's visit is any more but that of clients who were erased: of the
    one who is being `erased` at once, of others once they were written down longer ago than `DOOR_RULES_KEPT`."""
    if erased is not None:
        rules = AddressRule.objects.filter(address_key__in=_keys(Booking.objects.filter(client=erased)))
    else:
        rules = AddressRule.objects.filter(at__lte=now - DOOR_RULES_KEPT)
    keys = set(rules.order_by().values_list("address_key", flat=True))
    if not keys:
        return
    there = Booking.objects.filter(area__zip_code__in=set(map(_zip_of, keys)), client__erased_at=None)
    keys -= _keys(there.exclude(client=erased))
    AddressRule.objects.filter(address_key__in=keys).delete()


def _zip_of(address_key: str) -> str:
    """A key's last word is the ZIP code."""
    return address_key.split()[-1]


def _keys(rows: BookingQuerySet) -> set[str]:
    """Of the rules that hold where these visits are."""
    return {make_rule_key(make_address_key(*address)) for address in _addresses(rows)}


def _addresses(rows: BookingQuerySet) -> Iterator[tuple[str, str, str]]:
    """Street, unit and ZIP code of these visits, each once."""
    yield from rows.order_by().values_list("street", "unit", "area__zip_code").distinct()
