"""The addresses that machines read."""

import re

import pytest
from django.test import Client

from services.models import Business

pytestmark = pytest.mark.django_db


def test_security_txt_names_a_contact_and_a_day_to_come(client: Client) -> None:
    Business.objects.create(phone="+12135550142", email="hello@example.com")
    text = client.get("/.well-known/security.txt").content.decode()
    assert "Contact: mailto:hello@example.com\n" in text
    assert re.search(r"^Expires: 20\d\d-\d\d-\d\dT00:00:00Z$", text, re.MULTILINE)


def test_robots_keep_out_of_private_places_and_find_the_sitemap(client: Client) -> None:
    text = client.get("/robots.txt").content.decode()
    for line in ("Disallow: /admin/", "Disallow: /book/", "Disallow: /visits/"):
        assert line in text
    assert re.search(r"^Sitemap: https?://\S+/sitemap.xml$", text, re.MULTILINE)


def test_guessing_passwords_is_slowed_down_by_address(client: Client, settings, redis_url: str) -> None:
    settings.RATELIMIT_ENABLE = True
    guess = {"username": "owner", "password": "wrong"}
    statuses = [client.post("/admin/login/", guess).status_code for _ in range(12)]
    assert statuses == [200] * 10 + [429] * 2
    other = Client(REMOTE_ADDR="203.0.113.9")
    assert other.post("/admin/login/", guess).status_code == 200
