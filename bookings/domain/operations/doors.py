"""What holds at an address, whoever is visited there: kept by the address, and told on each visit to come there."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import CharField, Q

from bookings.enums import OCCUPYING
from bookings.exceptions import ChangedMeanwhile
from bookings.models import AddressRule, Booking, BookingQuerySet, Client
from bookings.models.booking import make_address_key
from massagerx.lib.compiled_query import CompiledQuery
from massagerx.lib.locks import lock_names

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
    return f"address:{address_key}"


def rules_at(address_keys: Collection[str]) -> dict[str, str]:
    """The rules of those of these addresses that have one; one query."""
    return dict(_RULES.rows(keys=sorted(set(address_keys))))


def lock_rule_at(address_key: str) -> str:
    """The rule of an address, blank without one, that stays so until the transaction ends."""
    lock_names(lock_name(address_key))
    return rules_at([address_key]).get(address_key, "")


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
        if rule:
            AddressRule.objects.update_or_create(
                address_key=key, defaults={"rule": rule, "at": now, "by": actor}
            )
        else:
            AddressRule.objects.filter(address_key=key).delete()
        there = Q(status__in=OCCUPYING) | Q(pk=booking.pk) | ~Q(address_rule="")
        # As it is typed, too: one that is corrected to another address meanwhile keeps that one's rule.
        written = {
            (street, unit)
            for street, unit, zip_code in _addresses(Booking.objects.filter(there, area=booking.area_id))
            if make_address_key(street, unit, zip_code) == key
        }
        return sum(
            Booking.objects.filter(there, area=booking.area_id, street=street, unit=unit)
            .order_by()
            .update(address_rule=rule)
            for street, unit in written
        )


def forget_address_rules(*, erased: Client | None = None) -> None:
    """Deletes the rules of addresses at which nobody's visit is any more but that of clients who were erased, or of one
    who is being."""
    keys = set(AddressRule.objects.order_by().values_list("address_key", flat=True))
    if not keys:
        return
    # A key's last word is the ZIP code.
    there = Booking.objects.filter(
        area__zip_code__in={key.split()[-1] for key in keys}, client__erased_at=None
    )
    keys -= {make_address_key(*address) for address in _addresses(there.exclude(client=erased))}
    AddressRule.objects.filter(address_key__in=keys).delete()


def _addresses(rows: BookingQuerySet) -> Iterator[tuple[str, str, str]]:
    """Street, unit and ZIP code of these visits, each once."""
    yield from rows.order_by().values_list("street", "unit", "area__zip_code").distinct()
