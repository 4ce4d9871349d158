"""The business's facts in every template."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from .models import Business


def business(request: HttpRequest) -> dict[str, Any]:
    """`business`: looked up once a response, and only when a template asks for it."""
    return {"business": SimpleLazyObject(Business.load)}
