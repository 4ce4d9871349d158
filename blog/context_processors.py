"""The notice of the day in every template."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from .models import Notice


def notice(request: HttpRequest) -> dict[str, Any]:
    """`site_notice`: the notice to show now, or nothing; looked up once a response, and only when a template asks."""
    return {"site_notice": SimpleLazyObject(lambda: Notice.objects.current(timezone.now()).first())}
