"""What every answer carries so that a browser protects its reader."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.factories import make_world

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/", 200),
        ("/book/when/", 302),
        ("/visits/", 200),
        ("/contact/", 200),
        ("/nowhere/", 404),
        ("/robots.txt", 200),
        ("/admin/login/", 200),
        ("/healthz", 200),
    ],
)
def test_each_page_has_the_headers_that_protect_it(client: Client, address: str, status: int) -> None:
    make_world()
    response = client.get(address)
    assert response.status_code == status
    policy = {
        name: values
        for name, *values in (part.split() for part in response["Content-Security-Policy"].split(";"))
    }
    assert policy["default-src"] == ["'none'"]
    assert "object-src" not in policy
    assert policy["frame-ancestors"] == policy["base-uri"] == ["'none'"]
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] in ("strict-origin-when-cross-origin", "same-origin", "no-referrer")
    assert "charset" in response["Content-Type"] or response["Content-Type"] == "application/json"
    assert "Access-Control-Allow-Origin" not in response
