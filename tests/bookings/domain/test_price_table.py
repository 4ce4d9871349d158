"""A whole price table worked out by hand, in a world that also holds what must not count: a second service with an
add-on of its own, a cheaper length that is no longer offered, and a second zone.

60 minutes cost $120 a person, the neck $25 and warm towels $10 a person; travel is $20 nearby and $40 to the Valley,
an evening $25, each once for a visit.
"""

from __future__ import annotations

from datetime import time
from typing import Any

import pytest
import time_machine
from django.test import Client as Browser

from bookings.domain import pricing
from bookings.domain.visit_request import load_treatment
from bookings.exceptions import NoLongerOffered, PriceChanged
from bookings.models import Booking, BookingRules
from services.models import AddOn, Service, ServiceOption
from tests.factories import NOW, World, at

# People, add-ons, whether in the evening, and the total in dollars nearby and in the Valley.
TABLE = [
    (1, (), False, 140, 160),
    (1, (), True, 165, 185),
    (1, ("neck",), False, 165, 185),
    (1, ("neck",), True, 190, 210),
    (1, ("neck", "towels"), False, 175, 195),
    (1, ("neck", "towels"), True, 200, 220),
    (2, (), False, 260, 280),
    (2, (), True, 285, 305),
    (2, ("neck",), False, 310, 330),
    (2, ("neck",), True, 335, 355),
    (2, ("neck", "towels"), False, 330, 350),
    (2, ("neck", "towels"), True, 355, 375),
]


@pytest.fixture
def extras(world: World) -> dict[str, AddOn]:
    """The add-ons by name, after all that must not count was added."""
    towels = AddOn.objects.create(name="Warm towels", price_cents=1_000)
    towels.services.add(world.service)
    ServiceOption.objects.create(service=world.service, minutes=30, price_cents=1_000, is_active=False)
    other = Service.objects.create(
        category=world.service.category, name="Other", slug="other", summary="-", description="<p>-</p>"
    )
    ServiceOption.objects.create(service=other, minutes=60, price_cents=90_000)
    world.therapist.services.add(other)
    foreign = AddOn.objects.create(name="Only with the other", minutes=5, price_cents=700)
    foreign.services.add(other)
    return {"neck": world.add_on, "towels": towels, "foreign": foreign}


@pytest.mark.parametrize(("people", "names", "is_evening", "near", "far"), TABLE)
@pytest.mark.parametrize("is_far", [False, True], ids=["nearby", "valley"])
def test_each_combination_costs_what_was_worked_out(
    world: World,
    extras: dict[str, AddOn],
    people: int,
    names: tuple[str, ...],
    is_evening: bool,
    near: int,
    far: int,
    is_far: bool,
) -> None:
    chosen = tuple(extras[name].pk for name in names)
    area, dollars = (world.far_area, far) if is_far else (world.area, near)
    starts_at = at(17) if is_evening else at(13)
    treatment = load_treatment(
        service_slug=world.service.slug, option_id=world.option.pk, add_on_ids=chosen, people=people
    )

    quote = pricing.quote(treatment=treatment, area=area, rules=world.rules, starts_at=starts_at)

    assert quote.total_cents == dollars * 100
    wanted: dict[str, Any] = {
        "people": people,
        "add_on_ids": chosen,
        "zip_code": area.zip_code,
        "starts_at": starts_at,
    }
    # The therapist's day ends at seven; only what fits can be booked.
    if not (is_evening and (people == 2 or names or is_far)):
        booking = world.book(**wanted, total_cents=dollars * 100)
        assert (booking.total_cents, booking.people) == (dollars * 100, people)
        assert set(booking.add_ons.values_list("pk", flat=True)) == set(chosen)


@pytest.mark.parametrize("wrong_by", [-1, 1])
def test_a_cent_more_or_less_than_the_price_books_nothing(world: World, wrong_by: int) -> None:
    with pytest.raises(PriceChanged):
        world.book(total_cents=14_000 + wrong_by)
    assert not Booking.objects.exists()


@pytest.mark.parametrize(
    ("clock", "evening_cents"), [((16, 59), 0), ((17, 0), 2_500), ((17, 1), 2_500)], ids=str
)
def test_the_evening_begins_on_the_minute(world: World, clock: tuple[int, int], evening_cents: int) -> None:
    treatment = load_treatment(service_slug=world.service.slug, option_id=world.option.pk)
    quote = pricing.quote(treatment=treatment, area=world.area, rules=world.rules, starts_at=at(*clock))
    assert quote.evening_cents == evening_cents


def test_an_add_on_of_another_service_is_refused(world: World, extras: dict[str, AddOn]) -> None:
    with pytest.raises(NoLongerOffered, match="add-on"):
        load_treatment(
            service_slug=world.service.slug, option_id=world.option.pk, add_on_ids=[extras["foreign"].pk]
        )


def test_an_add_on_that_is_no_longer_offered_is_refused_and_named_nowhere(
    world: World, extras: dict[str, AddOn]
) -> None:
    AddOn.objects.filter(pk=extras["towels"].pk).update(is_active=False)
    with pytest.raises(NoLongerOffered, match="add-on"):
        load_treatment(
            service_slug=world.service.slug, option_id=world.option.pk, add_on_ids=[extras["towels"].pk]
        )
    with time_machine.travel(NOW, tick=False):
        for path in (world.service.get_absolute_url(), f"/book/?service={world.service.slug}"):
            html = Browser().get(path).content.decode()
            assert world.add_on.name in html, path
            assert "Warm towels" not in html, path


@pytest.mark.usefixtures("extras")
@pytest.mark.parametrize("path", ["/", "/services/", "/services/manual-lymphatic-drainage/", "/book/"])
def test_no_page_names_the_price_of_a_length_that_is_not_offered(world: World, path: str) -> None:
    """Ten dollars, thirty with the drive: of the length that is no longer offered."""
    with time_machine.travel(NOW, tick=False):
        html = Browser().get(path).content.decode()
    assert "$140" in html
    assert "$30" not in html
    assert "30 min" not in html


def test_the_evening_goes_on_past_midnight_to_its_end() -> None:
    rules = BookingRules()
    paying = [time(18), time(23, 59), time(0), time(4, 59)]
    free = [time(5), time(12), time(17, 59)]
    assert [rules.is_evening(wall) for wall in paying + free] == [True] * 4 + [False] * 3
