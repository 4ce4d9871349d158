"""Terms and health questions: versions that stay as they were once somebody agreed to them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from bookings.models import ScreeningVersion, TermsVersion
from bookings.screening import sample_rules_data
from tests.factories import World

ADD = reverse("admin:bookings_screeningversion_add")
IN_FORCE = {"published_at_0": "2026-12-02", "published_at_1": "09:00"}


def test_new_policy_starts_as_a_copy_and_takes_the_next_number(owner: Client, world: World) -> None:
    address = reverse("admin:bookings_termsversion_add")
    assert "day&#x27;s notice" in owner.get(address).content.decode()

    response = owner.post(address, {**IN_FORCE, "cancellation": "Two days.", "consent": "I agree."})

    assert response.status_code == 302
    assert TermsVersion.objects.get(number=2).cancellation == "Two days."


def test_version_that_was_used_can_not_be_changed(owner: Client, world: World) -> None:
    terms = reverse("admin:bookings_termsversion_change", args=[world.agreed.pk])
    questions = reverse("admin:bookings_screeningversion_change", args=[world.screening.pk])
    changed = {**IN_FORCE, "cancellation": "Changed.", "consent": "Changed."}
    assert owner.post(terms, changed).status_code == 302

    world.book(terms_version=1)

    assert owner.post(terms, {**changed, "consent": "Again."}).status_code == 403
    assert owner.post(questions, {**IN_FORCE, "rules": "{}", "approved_by": "Me"}).status_code == 403
    assert owner.get(terms).status_code == owner.get(questions).status_code == 200
    assert TermsVersion.objects.get(number=1).consent == "Changed."
    assert "A few health questions" in owner.get(questions).content.decode()


def test_versions_are_not_deleted(owner: Client, world: World) -> None:
    for name, key in (("termsversion", world.agreed.pk), ("screeningversion", world.screening.pk)):
        assert (
            owner.post(reverse(f"admin:bookings_{name}_delete", args=[key]), {"post": "yes"}).status_code
            == 403
        )


def test_new_questions_are_kept_as_data(owner: Client, world: World) -> None:
    rules: Any = sample_rules_data()
    rules["title"]["en"] = "Before we come"

    response = owner.post(ADD, {**IN_FORCE, "approved_by": "Sample, CLT", "rules": json.dumps(rules)})

    assert response.status_code == 302
    version = ScreeningVersion.objects.get(number=2)
    assert version.rules["title"] == {"en": "Before we come"}
    assert version.approved_by == "Sample, CLT"


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ("", "required"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("1" * 5000, "not JSON"),
        ("{}", "questions"),
        ("null", "must be an object"),
        ('{"schema": NaN}', "schema"),
        ('{"schema": 1, "title": {"en": "\\u0000"}, "questions": []}', "can&#x27;t be shown"),
        ('{"schema": 1, "title": {"en": "\\ud800"}, "questions": []}', "can&#x27;t be shown"),
        ("{\x00}", "Null"),
    ],
)
def test_rules_that_can_not_be_used_are_told(rules: str, words: str, owner: Client, world: World) -> None:
    response = owner.post(ADD, {**IN_FORCE, "approved_by": "", "rules": rules})

    assert response.status_code == 200
    assert words in str(response.context["adminform"].form.errors)
    assert ScreeningVersion.objects.count() == 1


def test_every_fault_of_the_rules_is_listed(owner: Client, world: World) -> None:
    rules: Any = sample_rules_data()
    rules["questions"][0]["tiers"]["yes"] = "worse"
    rules["questions"][1]["tiers"]["unsure"] = "clear"

    response = owner.post(ADD, {**IN_FORCE, "approved_by": "", "rules": json.dumps(rules)})

    faults = str(response.context["adminform"].form.errors)
    assert "worse" in faults
    assert "never read as no" in faults
