"""`check --deploy` names each connection to another machine that anybody on the way could read."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.conf import settings

from massagerx.settings.base import database, redis_urls
from massagerx.site import checks


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Settings with everything on this machine."""
    here = SimpleNamespace(
        DATABASES={"default": database("postgres://a:b@127.0.0.1/massagerx")},
        CELERY_BROKER_URL=redis_urls("redis://localhost:6379")[0],
        SMTP_BACKEND=settings.SMTP_BACKEND,
        EMAIL_BACKEND=settings.SMTP_BACKEND,
        EMAIL_HOST="::1",
        EMAIL_USE_TLS=False,
        EMAIL_USE_SSL=False,
    )
    monkeypatch.setattr(checks, "settings", here)
    return here


def warned() -> list[str]:
    return [str(found.id) for found in checks.check_connections()]


def test_what_stays_on_the_machine_may_be_plain(site: SimpleNamespace) -> None:
    assert warned() == []
    for address in ("postgres:////run/postgresql/massagerx", "postgres:///massagerx?host=/run/postgresql"):
        site.DATABASES = {"default": database(address)}
        assert warned() == []
    site.CELERY_BROKER_URL, _cache = redis_urls("unix:///run/redis.sock")
    assert warned() == []


@pytest.mark.parametrize("query", ["", "?sslmode=prefer", "?sslmode=disable"])
def test_a_database_on_another_machine_is_encrypted(site: SimpleNamespace, query: str) -> None:
    site.DATABASES = {"default": database(f"postgres://a:b@db.internal/massagerx{query}")}
    assert warned() == ["massagerx.W001"]
    site.DATABASES = {"default": database("postgres://a:b@db.internal/massagerx?sslmode=verify-full")}
    assert warned() == []


def test_a_broker_a_mail_server_and_a_bucket_too(
    site: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.CELERY_BROKER_URL, _cache = redis_urls("redis://10.0.0.7:6379")
    site.EMAIL_HOST = "smtp.massage-rx.test"
    monkeypatch.setattr(checks, "default_storage", SimpleNamespace(endpoint_url="http://store.internal:9000"))
    site.SENTRY_DSN = "http://key@errors.massage-rx.test/7"
    assert warned() == ["massagerx.W002", "massagerx.W003", "massagerx.W004", "massagerx.W005"]
    site.SENTRY_DSN = "https://key@errors.massage-rx.test/7"
    site.CELERY_BROKER_URL, _cache = redis_urls("rediss://10.0.0.7:6379")
    site.EMAIL_USE_TLS = True
    monkeypatch.setattr(
        checks, "default_storage", SimpleNamespace(endpoint_url="https://store.internal:9000")
    )
    assert warned() == []


def test_a_providers_api_is_no_mail_server(site: SimpleNamespace) -> None:
    site.EMAIL_HOST = "smtp.massage-rx.test"
    site.EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
    assert warned() == []
