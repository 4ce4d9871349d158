"""The terms where people read them before they book: on the page of policies, on the way in, on the last page."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from blog.models import Page
from bookings.models import TermsVersion
from services.models import Service
from tests.factories import World

pytestmark = pytest.mark.django_db
WORDS = "Free until 24 hours before, then 50% of the price of the session"


def test_the_terms_are_public_with_the_figures_in_them(world: World) -> None:
    page = Client().get("/policies/").content.decode()
    assert WORDS in page
    assert "Your therapist waits 15 minutes." in page
    assert "Terms v1, in force since November 2, 2026." in page
    assert "{" not in page.split('id="terms"')[1].split("</section>")[0]
    world.agree_to(cancel_notice_hours=1, late_fee_percent=0, wait_minutes=1)
    page = Client().get("/policies/").content.decode()
    assert "Free until 1 hour before, then no fee. Your therapist waits 1 minute." in page
    assert WORDS not in page


def test_a_version_that_is_not_in_force_yet_is_not_shown(world: World) -> None:
    world.agree_to(cancel_notice_hours=96)
    TermsVersion.objects.filter(number=2).update(published_at="2099-01-01T00:00Z")
    assert WORDS in Client().get("/policies/").content.decode()


def test_no_terms_and_no_words_of_the_owner_are_said_to_be_still_written(world: World) -> None:
    TermsVersion.objects.all().delete()
    assert "We are still writing this page" in Client().get("/policies/").content.decode()
    assert "Terms" not in Client().get(reverse("bookings:start")).content.decode()


def test_only_the_policies_page_carries_the_terms(world: World) -> None:
    Page.objects.create(slug="about", title="About us", body="<p>We come to you.</p>")
    assert 'id="terms"' not in Client().get("/about/").content.decode()


def test_the_terms_are_linked_from_the_first_step_and_the_services_page(world: World) -> None:
    service = Service.objects.get()
    for address in (f"/book/?service={service.slug}", service.get_absolute_url()):
        page = Client().get(address).content.decode()
        assert "/policies/#terms" in page
        assert "for free until 24 hours before" in page
