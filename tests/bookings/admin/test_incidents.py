"""The log of violence at work: written once, without a client's name, kept for five years, downloaded."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from bookings.domain import incidents
from bookings.domain.incidents import names_in
from bookings.models import Client as Person
from bookings.models import Incident
from bookings.retention import INCIDENTS_KEPT
from tests.factories import NOW, World

pytestmark = pytest.mark.django_db
ADD, LIST = reverse("admin:bookings_incident_add"), reverse("admin:bookings_incident_changelist")


def sent(**changes: Any) -> dict[str, Any]:
    return {
        "happened_at_0": "2026-12-01", "happened_at_1": "14:30", "place": "home", "kind": "2", "act": "threat",
        "circumstance": "alone", "description": "The client shouted and raised a chair.",
        "consequences": "Nobody was hurt. The police were called.", "steps": "Two of us go there from now on.",
        "job_title": "Front desk", **changes,
    }  # fmt: skip


def test_it_is_written_once_and_says_by_whom(owner: Client) -> None:
    assert owner.post(ADD, sent()).status_code == 302
    incident = Incident.objects.get()
    assert (incident.recorded_by.username, incident.recorded_at) == ("owner", NOW)
    address = reverse("admin:bookings_incident_change", args=[incident.pk])
    page = owner.get(address).content.decode()
    assert "The client shouted and raised a chair." in page
    assert "names_nobody" not in page
    assert owner.post(address, sent(description="Nothing.")).status_code == 403
    assert owner.post(reverse("admin:bookings_incident_delete", args=[incident.pk])).status_code == 403


@pytest.mark.parametrize("field", ["description", "consequences", "steps"])
def test_a_clients_name_is_warned_of_and_nothing_typed_is_lost(
    world: World, owner: Client, field: str
) -> None:
    world.book(name="Ana O'Brien", recipient_name="Lu Sample")
    for name in ("ana o'brien", "Lu Sample"):
        refused = owner.post(ADD, sent(**{field: f"Then {name}. came back"})).content.decode()
        assert "A client’s name stands here:" in refused
        assert "Nobody was hurt." in refused or field == "consequences"
    assert not Incident.objects.exists()
    assert owner.post(ADD, sent(**{field: "Then Ana came back, and O'Brien too"})).status_code == 302
    assert owner.post(ADD, sent(**{field: "Then Lu Sample came", "names_nobody": "on"})).status_code == 302
    assert Incident.objects.count() == 2


def test_looking_for_names_asks_two_questions_whatever_is_typed(
    world: World, django_assert_num_queries: Any
) -> None:
    Person.objects.create(
        name="Maria de la Cruz", email="m@example.com", phone="+12135550199", created_at=NOW
    )
    with django_assert_num_queries(2):
        assert names_in("word " * 800 + "Maria de la Cruz") == ["maria de la cruz"]
    assert names_in("") == []


@pytest.mark.parametrize(
    "changes",
    [
        {"happened_at_0": "2026-12-24"},
        {"place": "moon"},
        {"description": ""},
        {"steps": "x" * 2001},
        {"kind": "9"},
    ],
)
def test_what_cant_be_is_refused(owner: Client, changes: dict[str, str]) -> None:
    assert owner.post(ADD, sent(**changes)).status_code == 200
    assert not Incident.objects.exists()


def test_a_date_of_long_ago_is_asked_about(owner: Client) -> None:
    asked = owner.post(ADD, sent(happened_at_0="2016-12-01")).content.decode()
    assert "This is more than a year ago." in asked
    assert "Nobody was hurt." in asked
    assert not Incident.objects.exists()
    assert owner.post(ADD, sent(happened_at_0="2016-12-01", was_long_ago="on")).status_code == 302
    # Within a year nobody is asked.
    assert owner.post(ADD, sent(happened_at_0="2025-12-03")).status_code == 302
    assert Incident.objects.count() == 2


def test_it_is_downloaded_with_no_formula_in_it(owner: Client) -> None:
    owner.post(ADD, sent(description="=HYPERLINK(1)"))
    key = Incident.objects.get().pk
    answer: Any = owner.post(LIST, {"action": "as_csv", "_selected_action": [key]})
    assert answer["Content-Type"].startswith("text/csv")
    text = b"".join(answer.streaming_content).decode()
    assert "Type 2: by a client or somebody with them" in text
    assert ",=HYPERLINK" not in text
    assert "owner" in text


@pytest.mark.parametrize("happened_at", [NOW, NOW - 2 * INCIDENTS_KEPT])
def test_it_goes_five_years_after_it_was_written_down(owner: Client, happened_at: datetime) -> None:
    user = User.objects.get(username="owner")
    Incident.objects.create(
        happened_at=happened_at, place="home", kind="2", act="threat", circumstance="alone", description="-",
        consequences="-", steps="-", job_title="-", recorded_by=user, recorded_at=NOW,
    )  # fmt: skip
    assert incidents.purge(now=NOW + INCIDENTS_KEPT) == 0
    assert incidents.purge(now=NOW + INCIDENTS_KEPT + timedelta(seconds=1)) == 1
