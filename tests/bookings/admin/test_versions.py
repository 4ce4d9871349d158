"""Terms and health questions: versions that stay as they were once somebody agreed to them."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bookings.models import ScreeningVersion, TermsVersion
from bookings.screening import sample_rules_data
from massagerx.lib.localtime import local
from tests.factories import World

ADD = reverse("admin:bookings_screeningversion_add")
TERMS = {
    "cancel_notice_hours": "24",
    "late_fee_percent": "50",
    "late_fee_base": "total",
    "wait_minutes": "1",
    "cancellation": "{notice} before, then {fee}. We wait {wait}.",
    "consent": "I agree.",
    "consent_for_other": "They agree.",
}
IN_FORCE = {"published_at_0": "2026-12-02", "published_at_1": "09:00"}


def test_new_policy_starts_as_a_copy_and_takes_the_next_number(owner: Client, world: World) -> None:
    address = reverse("admin:bookings_termsversion_add")
    assert "Free until {notice} before" in owner.get(address).content.decode()

    response = owner.post(address, {**IN_FORCE, **TERMS, "cancel_notice_hours": "48"})

    assert response.status_code == 302
    made = TermsVersion.objects.get(number=2)
    assert made.cancellation_words == "48 hours before, then 50% of the total. We wait 1 minute."


@pytest.mark.parametrize(
    ("cancellation", "words"),
    [
        ("{notice} and {fee}.", "does not say {wait}"),
        ("{notice}, {fee}, {wait}, {discount}.", "no figure called {discount}"),
        ("{notice} or 24 hours, {fee}, {wait}.", "instead of “24 hours”"),
        ("{notice}, {fee} or 50%, {wait}.", "instead of “50%”"),
        ("{notice}, {fee} (50 percent), {wait}.", "instead of “50 percent”"),
        ("{notice}, {fee}, {wait} (15 Minutes).", "instead of “15 Minutes”"),
        ("{" * 5000, "does not say {fee}"),
    ],
)
def test_text_and_figures_can_not_disagree(
    owner: Client, world: World, cancellation: str, words: str
) -> None:
    address = reverse("admin:bookings_termsversion_add")
    response = owner.post(address, {**IN_FORCE, **TERMS, "cancellation": cancellation})
    assert response.status_code == 200
    assert words in response.context["adminform"].form.errors["cancellation"][0]
    assert cancellation in response.context["adminform"].form["cancellation"].value()
    assert TermsVersion.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [("cancel_notice_hours", "0"), ("cancel_notice_hours", "337"), ("late_fee_percent", "101"),
     ("late_fee_percent", "-1"), ("wait_minutes", "0"), ("wait_minutes", "121"), ("late_fee_base", "drive")],
)  # fmt: skip
def test_figures_out_of_range_are_refused(owner: Client, world: World, field: str, value: str) -> None:
    address = reverse("admin:bookings_termsversion_add")
    response = owner.post(address, {**IN_FORCE, **TERMS, field: value})
    assert field in response.context["adminform"].form.errors
    assert TermsVersion.objects.count() == 1


def test_the_rules_page_has_none_of_these_figures(owner: Client, world: World) -> None:
    page = owner.get(reverse("admin:bookings_bookingrules_change", args=[world.rules.pk])).content.decode()
    for name in ("cancel_notice_hours", "late_fee_percent"):
        assert name not in page


def test_staff_see_by_which_terms_a_visit_was_booked(owner: Client, world: World) -> None:
    booking = world.book()
    world.agree_to(cancel_notice_hours=96)
    page = owner.get(reverse("admin:bookings_booking_change", args=[booking.pk])).content.decode()
    assert "Agreed to the terms v1: free until 24 hours before, then 50% of the price" in page
    rows = owner.get(reverse("admin:bookings_termsversion_changelist")).content.decode()
    assert "96 hours · 50% of the price" in rows


def test_version_can_be_changed_until_it_is_in_force(owner: Client, world: World) -> None:
    terms = reverse("admin:bookings_termsversion_change", args=[world.agreed.pk])
    questions = reverse("admin:bookings_screeningversion_change", args=[world.screening.pk])
    soon = timezone.now() + timedelta(hours=1)
    later = {"published_at_0": str(local(soon).date()), "published_at_1": f"{local(soon):%H:%M}"}
    TermsVersion.objects.update(published_at=soon)
    ScreeningVersion.objects.update(published_at=soon)
    changed = {**later, **TERMS, "consent": "Changed."}
    rules = {**later, "rules": json.dumps(sample_rules_data()), "approved_by": "Me"}
    assert owner.post(terms, changed).status_code == owner.post(questions, rules).status_code == 302

    TermsVersion.objects.update(published_at=timezone.now())
    ScreeningVersion.objects.update(published_at=timezone.now())

    assert owner.post(terms, {**changed, "consent": "Again."}).status_code == 403
    assert owner.post(questions, {**rules, "approved_by": "Nobody"}).status_code == 403
    assert owner.get(terms).status_code == owner.get(questions).status_code == 200
    assert TermsVersion.objects.get(number=1).consent == "Changed."
    assert ScreeningVersion.objects.get(number=1).approved_by == "Me"
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
