"""The foot of every page: the site's words, or the owner's."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from services.models import Business
from tests.factories import make_world
from tests.support.visits import make_business

pytestmark = pytest.mark.django_db
PAGE = reverse("admin:services_business_change", args=[1])


@pytest.fixture
def owner() -> Client:
    make_world()
    make_business()
    Business.objects.update(is_sample=True)
    client = Client()
    client.force_login(User.objects.create_superuser("owner", "owner@example.com", "a-long-password"))
    return client


def sent(owner: Client, **changes: str) -> dict[str, Any]:
    form = owner.get(PAGE).context["adminform"].form
    data = {name: form[name].value() for name in form.fields}
    return {name: value for name, value in data.items() if value not in (None, False)} | changes


def headings() -> list[str]:
    page = Client().get("/").content.decode()
    return re.findall(r"<h2.*?>(.*?)</h2>", page[page.index('<footer class="site-footer"') :])


def test_words_and_headings_are_the_owners_and_blank_ones_the_sites(owner: Client) -> None:
    assert headings() == ["Visits", "Good to know", "The small print"]
    typed = {
        "footer_headings": "Come in\r\n\r\nRead <b>\r\nRules",
        "footer_words": "License 7.\r\nSince 2019 & on.",
    }
    assert owner.post(PAGE, sent(owner, **typed)).status_code == 302
    assert headings() == ["Come in", "Read &lt;b&gt;", "Rules"]
    page = Client().get("/").content.decode()
    assert "License 7.<br>Since 2019 &amp; on.</p>" in page
    assert "In an emergency, call 911." in page
    assert "License 7." in Client().get("/book/").content.decode()
    assert owner.post(PAGE, sent(owner, footer_headings="", footer_words="")).status_code == 302
    assert headings() == ["Visits", "Good to know", "The small print"]


@pytest.mark.parametrize("typed", ["One", "One\nTwo", "One\nTwo\nThree\nFour", "x" * 121])
def test_another_number_of_headings_is_refused_and_stays_in_the_form(owner: Client, typed: str) -> None:
    response = owner.post(PAGE, sent(owner, footer_headings=typed, tagline="Kept."))
    form = response.context["adminform"].form
    assert response.status_code == 200
    assert "footer_headings" in form.errors
    assert (form["footer_headings"].value(), form["tagline"].value()) == (typed, "Kept.")
    assert Business.load().footer_headings == ""


def test_earlier_words_come_back_and_the_phone_stays(owner: Client) -> None:
    owner.post(PAGE, sent(owner, tagline="Before.", phone="(213) 617-0188"))
    owner.post(PAGE, sent(owner, tagline="After.", phone="(213) 617-0189"))
    versions = owner.get(reverse("admin:services_business_versions", args=[1])).content.decode()
    keys = re.findall(r'href="[^"]+/versions/(\d+)/"', versions)
    assert owner.post(reverse("admin:services_business_version", args=[1, int(keys[1])])).status_code == 302
    business = Business.load()
    assert (business.tagline, business.phone.as_e164) == ("Before.", "+12136170189")
