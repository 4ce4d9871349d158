"""Clients in figures: who comes most, who stopped coming, how many come again; the page and the download."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from bookings.domain.client_figures import LAPSED_AFTER, SourceFigures, client_figures
from bookings.models import Booking, HeardFrom
from bookings.models import Client as OurClient
from tests.factories import NOW, World
from tests.support.visits import make_visit

from .conftest import DESK_RIGHTS, signed_in, staff_user
from .test_reports import table_of

PAGE = reverse("admin:bookings_booking_client_figures")
EXPORT = reverse("admin:bookings_booking_clients_csv")


def visit(name: str, days: float, *, cents: int = 18_500, status: str = "completed") -> Booking:
    """A visit of the client of that name, so many days from now."""
    return make_visit(
        starts_at=NOW + timedelta(days=days), email=f"{name.lower()}@example.com", contact_name=name,
        status=status, treatment_cents=cents, total_cents=cents, confirmed_at=NOW,
    )  # fmt: skip


@pytest.fixture
def reader(world: World) -> Client:
    return signed_in(staff_user("reader", "view_reports", "view_booking"))


def names(rows: list[Any]) -> list[str]:
    return [row.name for row in rows]


def test_best_lapsed_and_how_many_come_again(world: World) -> None:
    visit("Ana", -200, cents=30_000)
    visit("Ben", -120)
    visit("Ben", -100)
    visit("Cora", -10)
    visit("Cora", 5, status="confirmed")
    # Neither of these took place.
    visit("Dan", -9, status="canceled")
    visit("Eve", 3, status="confirmed")
    # One that nobody has closed yet did.
    visit("Fay", -2, status="confirmed")
    found = client_figures(now=NOW)
    assert (found.clients, found.again) == (4, 2)
    assert found.average_cents == (30_000 + 2 * 18_500 + 18_500 + 18_500) // 4
    assert names(found.best) == ["Ben", "Ana", "Cora", "Fay"]
    assert (found.best[0].visits, found.best[0].paid_cents) == (2, 37_000)
    assert names(found.lapsed) == ["Ben", "Ana"]
    # Half-open: on the day itself one has lapsed, a second before not.
    last = found.lapsed[0].last
    assert "Ben" in names(client_figures(now=last + LAPSED_AFTER).lapsed)
    assert "Ben" not in names(client_figures(now=last + LAPSED_AFTER - timedelta(seconds=1)).lapsed)


def test_where_clients_heard_of_us(world: World, reader: Client) -> None:
    friend = HeardFrom.objects.create(name="A friend", link_name="friend")
    flyer = HeardFrom.objects.create(name="Flyer", link_name="flyer-may")
    visit("Ana", -200, cents=30_000)
    visit("Ben", -120)
    visit("Ben", -100)
    visit("Cora", -10)
    visit("Cora", 5, status="confirmed")
    visit("Dan", -9, status="canceled")
    OurClient.objects.filter(name__in=["Ben", "Cora"]).update(heard_from=friend)
    OurClient.objects.filter(name="Dan").update(heard_from=flyer)
    found = client_figures(now=NOW).sources
    assert found == [SourceFigures("A friend", 2, 3, 55_500, 2), SourceFigures("", 1, 1, 30_000, 0)]
    assert "Not told" in reader.get(PAGE).content.decode()
    (head, *rows) = table_of(reader, EXPORT)
    assert head[-1] == "Heard of us"
    assert [row[-1] for row in rows] == ["A friend", "", "A friend"]


def test_two_people_side_by_side_are_one_visit_of_the_client(world: World, reader: Client) -> None:
    for _person in range(2):
        visit("Ana", -9)
    found = client_figures(now=NOW)
    assert (found.clients, found.again, found.average_cents) == (1, 0, 37_000)
    assert found.best[0].visits == 1
    (_head, ana) = table_of(reader, EXPORT)
    assert ana[3:5] == ["1", "370.00"]
    visit("Ana", 5, status="confirmed")
    assert client_figures(now=NOW).again == 1


def test_who_was_erased_is_in_no_list(world: World) -> None:
    visit("Ana", -200)
    OurClient.objects.update(erased_at=NOW, name=OurClient.ERASED, email="", phone="")
    found = client_figures(now=NOW)
    assert (found.clients, found.average_cents, found.best, found.lapsed) == (0, 0, [], [])


def test_the_page_and_the_file(world: World, reader: Client, count_queries: Callable[..., Any]) -> None:
    assert "Nobody has had a visit yet." in reader.get(PAGE).content.decode()
    visit("=Ana", -200)
    with count_queries() as few:
        page = reader.get(PAGE)
    assert "=Ana" in page.content.decode()
    for number in range(24):
        visit(f"C{number}", -number - 1)
    with count_queries() as many:
        page = reader.get(PAGE)
    assert len(few) == len(many)
    assert page.content.decode().count('<th scope="row">') == 22
    rows = table_of(reader, EXPORT)
    assert rows[0][:5] == ["Name", "Email", "Phone", "Visits", "Total"]
    assert len(rows) == 26
    (ana,) = [row for row in rows if "Ana" in row[0]]
    assert ana[0] == "'=Ana"
    assert (ana[3], ana[4], ana[7]) == ("1", "185.00", "")


@pytest.mark.parametrize("address", [PAGE, EXPORT])
def test_only_who_sees_reports_and_every_visit_may_look(world: World, address: str) -> None:
    for rights in (["view_reports"], [*DESK_RIGHTS]):
        assert signed_in(staff_user(f"u{len(rights)}", *rights)).get(address).status_code == 403
