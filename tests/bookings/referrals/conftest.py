"""An office with a page of its own, at the hour at which the world of `tests.factories` stands."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from django.test import Client

from bookings.courses.models import CoursePlan
from bookings.referrals import operations
from bookings.referrals.models import Referral, ReferralOffice
from massagerx.lib.form_tokens import issue_form_token
from tests.bookings.courses.conftest import clock, desk, make_plan, owner
from tests.factories import NOW, World

__all__ = ["clock", "desk", "owner"]

HEALTH = {
    "procedure": "CANARY-PROCEDURE",
    "surgery": "2026-12-01",
    "cleared_from": "2026-12-05",
    "limits": "CANARY-LIMITS",
    "entered_by": "Kim Canary",
}


@pytest.fixture
def plan(world: World) -> CoursePlan:
    return make_plan(world)


def make_office(name: str = "Dr. Lee’s office", **values: Any) -> ReferralOffice:
    office = ReferralOffice.objects.create(name=name, **values)
    operations.make_address(office, now=NOW)
    return ReferralOffice.objects.select_related("link").get(pk=office.pk)


@pytest.fixture
def office(db: None) -> ReferralOffice:
    return make_office()


def page_of(office: ReferralOffice) -> str:
    return f"/refer/{operations.token_of(office)}/"


def entered(plan: CoursePlan, /, **changes: Any) -> dict[str, Any]:
    """What an office's form sends."""
    data = {
        **HEALTH,
        "name": "Ana O'Brien",
        "email": "Ana@example.com",
        "phone": "",
        "plan": plan.pk,
        "is_cleared": "on",
        "form_token": issue_form_token("refer", now=NOW),
        **changes,
    }
    return {name: value for name, value in data.items() if value is not None}


def make_referral(office: ReferralOffice, plan: CoursePlan, **values: Any) -> Referral:
    health = {**HEALTH, **values.pop("health", {})}
    fields = {"name": "Ana O'Brien", "email": "ana@example.com", "phone": "", **values}
    return operations.refer(office=office, plan=plan, key=uuid.uuid4(), health=health, now=NOW, **fields)


def link_of(referral: Referral) -> str:
    referral.refresh_from_db(fields=["link"])
    assert referral.link is not None
    return f"/referred/{operations.links.token_of(referral.link)}/"


def begin(browser: Client, referral: Referral, **more: Any) -> Any:
    return browser.post(link_of(referral), {"zip_code": "90026", **more})


def token_in(page: str) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', page)
    assert found
    return found[1]
