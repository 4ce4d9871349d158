"""Prices of visits, in integer cents; the total holds every mandatory fee (California SB 478)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from bookings.models import BookingRules, ServiceArea
from massagerx.lib.localtime import local

from .visit_request import Treatment


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The parts of a price, in cents."""

    treatment_cents: int
    add_ons_cents: int
    travel_cents: int
    evening_cents: int = 0
    discount_cents: int = 0

    @property
    def full_cents(self) -> int:
        """The sum of all parts, in cents."""
        return self.treatment_cents + self.add_ons_cents + self.travel_cents + self.evening_cents

    @property
    def total_cents(self) -> int:
        """The sum of all parts without the discount, in cents."""
        return self.full_cents - self.discount_cents

    def twice(self) -> Quote:
        """Of two visits of this price."""
        return Quote(
            treatment_cents=2 * self.treatment_cents,
            add_ons_cents=2 * self.add_ons_cents,
            travel_cents=2 * self.travel_cents,
            evening_cents=2 * self.evening_cents,
            discount_cents=2 * self.discount_cents,
        )

    def discounted(self, discount_cents: int) -> Quote:
        """The same with what was once taken off, and never more than there is to pay."""
        return replace(self, discount_cents=min(discount_cents, self.full_cents))


def is_evening(starts_at: datetime, rules: BookingRules) -> bool:
    """Whether a visit that starts at this instant pays the evening fee: by local wall time."""
    return rules.is_evening(local(starts_at).time())


def quote(
    *, treatment: Treatment, area: ServiceArea, rules: BookingRules, starts_at: datetime | None = None
) -> Quote:
    """The price of a treatment at a place; with the evening fee once the start is known and late enough."""
    return Quote(
        treatment_cents=treatment.people * treatment.option.price_cents,
        add_ons_cents=treatment.people * sum(add_on.price_cents for add_on in treatment.add_ons),
        travel_cents=area.zone.travel_fee_cents,
        evening_cents=(
            rules.evening_fee_cents if starts_at is not None and is_evening(starts_at, rules) else 0
        ),
    )
