"""While the database can't be asked, every page says so kindly. tests/faults/test_database_away.py stops a real one."""

from __future__ import annotations

from typing import Any, NoReturn

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.test import Client

from services import context_processors
from services.models import Business

#: Public addresses that ask the database, by the ways in.
READ = [
    "/",
    "/services/",
    "/services/any/",
    "/therapists/",
    "/faq/",
    "/about/",
    "/blog/",
    "/book/",
    "/sitemap.xml",
]


@pytest.fixture(params=[OperationalError, InterfaceError])
def client_without_database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Client:
    """A visitor known by a cookie, while every question to the database fails."""

    def away(*args: Any, **kwargs: Any) -> NoReturn:
        raise request.param("the database is away: CANARY")

    monkeypatch.setattr(connection, "cursor", away)
    monkeypatch.setattr(connection, "chunked_cursor", away)
    monkeypatch.setattr(connection, "ensure_connection", away)
    client = Client(raise_request_exception=False)
    client.cookies["sessionid"] = "a" * 32
    return client


@pytest.mark.parametrize("path", [*READ, "/book/when/", "/book/review/", "/admin/", "/admin/login/"])
def test_page_that_needs_the_database_is_a_kind_503(client_without_database: Client, path: str) -> None:
    response = client_without_database.get(path)
    page = response.content.decode()
    assert (response.status_code, response.headers["Retry-After"]) == (503, "30")
    assert response.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert "reach our calendar right now" in page
    assert "CANARY" not in page


@pytest.mark.parametrize("path", ["/book/", "/book/where/", "/book/when/", "/book/details/", "/book/review/"])
def test_form_sent_meanwhile_is_a_kind_503_that_promises_nothing(
    client_without_database: Client, path: str
) -> None:
    response = client_without_database.post(
        path, {"service": "any", "starts_at": "2026-12-07T18:00:00+00:00"}
    )
    assert response.status_code == 503
    assert "send it once more" in response.content.decode()
    assert "Thank you" not in response.content.decode()


def test_addresses_for_machines_tell_the_two_apart(client_without_database: Client, redis_url: str) -> None:
    assert client_without_database.get("/healthz").json() == {"status": "ok"}
    for path in ("/readyz", "/status"):
        response = client_without_database.get(path)
        assert (response.status_code, response.json()["database"]) == (503, "down")
    assert response.json()["broker"] == "ok"


def test_phone_number_is_the_one_that_a_page_showed_last(
    client_without_database: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(context_processors, "_last_known", None)
    assert "If you have our phone number" in client_without_database.get("/").content.decode()
    monkeypatch.setattr(context_processors, "_last_known", Business(phone="+12135550142"))
    page = client_without_database.get("/").content.decode()
    assert 'href="tel:+1-213-555-0142"' in page
    assert "(213) 555-0142" in page


@pytest.mark.django_db
def test_a_page_shown_is_where_the_phone_number_comes_from(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(context_processors, "_last_known", None)
    Business.objects.create(phone="+12135550142", email="hello@example.com")
    client.get("/services/")
    known = context_processors.last_known_business()
    assert known is not None
    assert known.phone.as_e164 == "+12135550142"
