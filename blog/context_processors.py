"""The notice of the day in every template."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from .models import Announcement


def announcement(request: HttpRequest) -> dict[str, Any]:
    """`site_announcement`: the notice to show now, or nothing; looked up once a response, and only when a template asks."""
    return {
        "site_announcement": SimpleLazyObject(lambda: Announcement.objects.current(timezone.now()).first())
    }
