"""The business's facts in every template."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from .models import Business

_last_known: Business | None = None


def business(request: HttpRequest) -> dict[str, Any]:
    """`business`: looked up once a response, and only when a template asks for it."""
    return {"business": SimpleLazyObject(_load)}


def last_known_business() -> Business | None:
    """The business as a page of this process last showed it, for when the database can't be asked; None before."""
    return _last_known


def _load() -> Business:
    global _last_known
    _last_known = Business.load()
    return _last_known
