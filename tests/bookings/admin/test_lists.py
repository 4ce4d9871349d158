"""Lists cost as many queries for thirty rows as for one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags

from blog.models import FaqEntry
from bookings.drives.models import DriveCorrection
from bookings.enums import MessageKind
from bookings.models import AreaRequest, Closure, Message, ScreeningVersion, ServiceArea, TermsVersion, Zone
from bookings.models import Client as Person
from massagerx.lib.admin import BoundedPaginator, FoundPaginator
from tests.factories import DAY, NOW, World


def person(world: World, number: int) -> None:
    Person.objects.create(
        name=f"P{number}", email=f"p{number}@example.com", phone=f"+1213555{number:04}", created_at=NOW
    )


def drive(world: World, number: int) -> None:
    zone = Zone.objects.create(name=f"From {number}")
    DriveCorrection.objects.create(
        origin=zone, destination=world.zone, starts_at=time(9), ends_at=time(12), minutes=20
    )


MAKERS: dict[str, Callable[[World, int], object]] = {
    "client": person,
    "therapist": lambda world, number: world.add_therapist(name=f"Sample {number}"),
    "zone": lambda world, number: Zone.objects.create(name=f"Z{number}"),
    "servicearea": lambda world, number: ServiceArea.objects.create(
        zip_code=f"{70000 + number}", city="Far", zone=world.zone, latitude=34.0, longitude=-118.0
    ),
    "drivecorrection": drive,
    "arearequest": lambda world, number: AreaRequest.objects.create(
        name="Ana",
        email=f"{number}@example.com",
        zip_code="92101",
        service=world.service,
        agreed_at=NOW,
        created_at=NOW,
    ),
    "closure": lambda world, number: Closure.objects.create(date=DAY + timedelta(days=number), name="Rain"),
    "termsversion": lambda world, number: TermsVersion.objects.create(
        number=10 + number, cancellation="-", consent="-", published_at=NOW
    ),
    "screeningversion": lambda world, number: ScreeningVersion.objects.create(
        number=10 + number, rules={}, published_at=NOW
    ),
}


@pytest.mark.parametrize("model", MAKERS)
def test_queries_do_not_grow_with_rows(
    model: str, owner: Client, world: World, count_queries: Callable[..., Any]
) -> None:
    address = reverse(f"admin:{'drives' if model == 'drivecorrection' else 'bookings'}_{model}_changelist")
    MAKERS[model](world, 0)
    owner.get(address)
    with count_queries() as few:
        assert owner.get(address).status_code == 200
    for number in range(1, 31):
        MAKERS[model](world, number)
    with count_queries() as many:
        assert owner.get(address).context["cl"].result_count >= 31

    assert len(many) == len(few) <= 12


def test_each_cell_of_a_list_says_its_heading_once(owner: Client, world: World) -> None:
    """A phone shows rows as cards without the headings; what is typed in there needs a name anyway."""
    therapists = owner.get(reverse("admin:bookings_therapist_changelist")).content.decode()
    assert '<td data-label="Home base ZIP code" class="field-home_zip' in therapists
    assert '<td data-label="" ' not in therapists
    assert 'aria-label="Select' in therapists

    FaqEntry.objects.create(question="How <long>?", answer="<p>An hour.</p>", position=1)
    questions = owner.get(reverse("admin:blog_faqentry_changelist")).content.decode()
    assert '<input aria-label="Position" type="number" name="form-0-position"' in questions
    assert '<input aria-label="Shown" type="checkbox" name="form-0-is_active"' in questions


@pytest.mark.parametrize(
    ("asked", "words"), [("", "Nothing here yet."), ("?client__id__exact=0&p=1", "Nothing fits.")]
)
def test_an_empty_list_says_whether_it_was_narrowed(
    owner: Client, world: World, asked: str, words: str
) -> None:
    """Also by what is no filter of the list, as the visits of one client."""
    assert words in owner.get(f"{reverse('admin:bookings_booking_changelist')}{asked}").content.decode()


def test_a_long_list_counts_no_further_than_people_turn_pages(
    owner: Client, world: World, monkeypatch: pytest.MonkeyPatch, count_queries: Callable[[], Any]
) -> None:
    monkeypatch.setattr(BoundedPaginator, "most", 4)
    monkeypatch.setattr(FoundPaginator, "most", 3)
    monkeypatch.setattr("bookings.admin.clients.ClientAdmin.list_per_page", 2)
    address = reverse("admin:bookings_client_changelist")

    def shown(**query: str) -> str:
        return " ".join(strip_tags(owner.get(address, query).content.decode()).split())

    for number in range(4):
        person(world, number)
    assert "4 in all" in shown()
    assert "More than 4" not in shown()
    assert "More than 3 results" in shown(q="example.com")

    person(world, 4)
    with count_queries() as queries:
        assert "More than 4 in all" in shown()
    (counting,) = (one["sql"] for one in queries if "COUNT(*) FROM (" in one["sql"])
    assert "LIMIT 5" in counting
    assert owner.get(address, {"p": "2"}).status_code == 200
    assert owner.get(address, {"p": "3"}).status_code == 302  # there is no such page


def test_of_a_list_not_counted_to_its_end_nobody_chooses_all(
    owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The press would name fewer than the action takes."""
    monkeypatch.setattr("bookings.admin.outbox.MessageAdmin.list_per_page", 1)
    for _number in range(3):
        Message.objects.create(kind=MessageKind.CONFIRMED, due_at=NOW, created_at=NOW)
    address = reverse("admin:bookings_message_changelist")
    assert "Select all 3 " in owner.get(address).content.decode()
    monkeypatch.setattr(BoundedPaginator, "most", 2)
    page = owner.get(address).content.decode()
    assert "Select all 2 " not in page
    assert "0 of 1 selected" in page


def test_all_of_such_a_list_is_refused_to_a_form_that_asks_for_it(
    owner: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BoundedPaginator, "most", 2)
    for number in range(3):
        MAKERS["arearequest"](world, number)
    address = reverse("admin:bookings_arearequest_changelist")
    one = str(AreaRequest.objects.latest("pk").pk)
    press = {"action": "mark_answered", "_selected_action": [one]}
    answer = owner.post(address, {**press, "select_across": "1"}, follow=True)
    assert "More than 2 are on this list" in answer.content.decode()
    assert not AreaRequest.objects.filter(is_answered=True).exists()
    # What the page offers is done: the chosen ones, and all of a list that is counted.
    owner.post(address, {**press, "select_across": "0"})
    assert AreaRequest.objects.filter(is_answered=True).count() == 1
    owner.post(f"{address}?is_answered__exact=0", {**press, "select_across": "1"})
    assert not AreaRequest.objects.filter(is_answered=False).exists()
