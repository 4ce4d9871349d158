"""Absolute public addresses."""

from django.conf import settings


def absolute_url(path: str) -> str:
    """The public address of a path of this site (`/services/`), from SITE_URL and not from the request's Host."""
    return f"{settings.SITE_URL}{path}"


def absolute_media(address: str) -> str:
    """The public address of a stored file; one that is kept on another host has its own already."""
    return absolute_url(address) if address.startswith("/") else address
