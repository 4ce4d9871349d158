"""Addresses in emails lead where the site answers."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse

from bookings.notifications import addresses


def test_booklet_and_admin_addresses_are_those_of_the_site() -> None:
    site = settings.SITE_URL
    token = "t" * 43

    assert addresses.booklet_url(token) == site + reverse("bookings:booklet_fetch", args=[token])
    for model in ("booking", "contactmessage"):
        page = reverse(f"admin:bookings_{model}_change", args=[7])
        assert addresses.admin_url(model, 7) == site + page
