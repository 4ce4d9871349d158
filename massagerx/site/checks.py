"""What `check --deploy` knows of this site beyond Django's own: what would go over a network for anybody to read."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.files.storage import default_storage

# Of libpq's modes, those that never fall back to plain text.
_ENCRYPTED = ("require", "verify-ca", "verify-full")


def check_connections(*, app_configs: Any = None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Warns of each connection to another machine that isn't encrypted."""
    return [
        checks.Warning(
            f"{what} is on another machine, and is spoken to without encryption.",
            hint=hint,
            id=f"massagerx.W00{number}",
        )
        for number, what, hint in _plain()
    ]


def _plain() -> Iterator[tuple[int, str, str]]:
    database = settings.DATABASES["default"]
    options = database.get("OPTIONS", {})
    host = options.get("host") or database.get("HOST", "")
    if options.get("sslmode") not in _ENCRYPTED and not _is_here(host):
        yield 1, "PostgreSQL", "Add ?sslmode=verify-full to DATABASE_URL."
    redis = urlsplit(settings.CELERY_BROKER_URL)
    if redis.scheme == "redis" and not _is_here(redis.hostname or ""):
        yield 2, "Redis", "Write REDIS_URL with rediss://."
    is_secure = settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL
    if (
        settings.EMAIL_BACKEND == settings.SMTP_BACKEND
        and not is_secure
        and not _is_here(settings.EMAIL_HOST)
    ):
        yield 3, "The mail server", "Set EMAIL_USE_TLS=true, or EMAIL_USE_SSL=true for port 465."
    bucket = urlsplit(getattr(default_storage, "endpoint_url", None) or "")
    if bucket.scheme == "http" and not _is_here(bucket.hostname or ""):
        yield 4, "The bucket of pictures", "Write MEDIA_BUCKET with https://."
    reports = urlsplit(getattr(settings, "SENTRY_DSN", ""))
    if reports.scheme == "http" and not _is_here(reports.hostname or ""):
        yield 5, "The service that errors are sent to", "Write SENTRY_DSN with https://."


def _is_here(host: str) -> bool:
    """Whether it is this machine: a socket, or a loopback address."""
    if host in ("", "localhost") or host.startswith("/"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
